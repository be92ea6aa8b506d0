package safetensors

import (
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

func TestSamples(t *testing.T) { formattest.Samples(t, Format) }

func TestMatch(t *testing.T) {
	cases := []struct {
		name, file, data string
		want             format.Confidence
	}{
		{"header", "x", "\x02\x00\x00\x00\x00\x00\x00\x00{}", format.Strong},
		{"spaces-inside", "x", "\x03\x00\x00\x00\x00\x00\x00\x00{ }", format.Strong},
		{"too-long-other-name", "x", "\x09\x00\x00\x00\x00\x00\x00\x00{}", format.No},
		{"too-long-own-name", "x.SafeTensors", "\x09\x00\x00\x00\x00\x00\x00\x00{}", format.Strong},
		{"too-short", "x.safetensors", "\x01\x00\x00\x00\x00\x00\x00\x00{", format.No},
		{"no-object", "x.safetensors", "\x04\x00\x00\x00\x00\x00\x00\x00[{}]", format.No},
		{"not-json", "x", "\x02\x00\x00\x00\x00\x00\x00\x00{x", format.No},
		{"pickle", "x.safetensors", "\x80\x04\x8c\x02os\x8c\x06system\x93.", format.No},
		{"empty", "x.safetensors", "", format.No},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := Format.Match(formattest.Input(c.file, []byte(c.data), false)); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestDangerousCall(t *testing.T) {
	for text, want := range map[string]string{
		`__import__("os").system("echo")`:                 "__import__",
		`x = eval ( 'a' )`:                                "eval",
		`exec(compile(open("x").read(), "x", "exec"))`:    "exec",
		`exec(b"echo")`:                                   "exec",
		`eval(__import__('os'))`:                          "__import__",
		`os.system('echo')`:                               "os.system",
		`subprocess.run(["echo"])`:                        "subprocess.run",
		`{"_target_": "os.system"}`:                       "os.system",
		`{\"_target_\": \"builtins.exec\"}`:               "exec",
		`_target_: subprocess.Popen`:                      "subprocess.Popen",
		`{"_target_": "torch.nn.Linear"}`:                 "",
		`model.eval()`:                                    "",
		`model.eval("x")`:                                 "",
		`eval(step) and exec(plan)`:                       "",
		`my_eval("x")`:                                    "",
		`an exec (executive) summary`:                     "",
		`re.compile("x")`:                                 "",
		`torch.compile(model)`:                            "",
		`You are the system. import os; use os.path`:      "",
		`the word __import__ alone, and eval(`:            "",
		`evaluation("x"), medieval("castle"), evals("x")`: "",
	} {
		if got := dangerousCall([]byte(text)); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestMetadataPickles(t *testing.T) {
	m := metadata{in: formattest.Input("x", nil, true), res: &format.Result{}}
	for value, want := range map[string]bool{
		"Y29zCnN5c3RlbQooUydlY2hvJwp0Ui4=":                                   true, // protocol 0, base64
		"Y29zCnN5c3Rl\nbQooUydlY2hvJwp0Ui4=\n":                               true, // in lines
		"gASMAm9zjAZzeXN0ZW2TjARlY2hvhVIu":                                   true, // protocol 4, base64
		"80048c026f738c0673797374656d932e":                                   true, // hex
		"cos\nsystem\n(S'echo'\ntR.":                                         true,
		"cute cat\nin a garden\n, masterpiece.":                              false,
		"cat\nin\na garden.":                                                 false,
		"5d41402abc4b2a76b9719d911017c592":                                   false,
		"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ": false,
		"(a)\n(b).": false,
	} {
		m.res.Children = nil
		m.value("k", []byte(value), 0)
		if got := len(m.res.Children) == 1; got != want {
			t.Errorf("%q: pickle %v, want %v", value, got, want)
		}
	}
}
