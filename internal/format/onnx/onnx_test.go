package onnx

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
	"github.com/sallyport/sallyport/internal/sample"
	"github.com/sallyport/sallyport/rules"
)

func TestSamples(t *testing.T) { formattest.Containers(t, Format, Text) }

func TestMatch(t *testing.T) {
	const tiny = "8: \"\"\n1: 8\n7 { 1 { 4: \"Relu\" } }"
	for _, c := range []struct {
		name, file, text string
		want             format.Confidence
	}{
		{"model", "x.onnx", "1: 8\n7 {}", format.Strong},
		{"any_name", "weights.bin", "1: 8\n7 {}", format.Strong},
		{"any_order", "weights.bin", "7 {}\n1: 8", format.Strong},
		{"functions_only", "x", "1: 8\n25 {}", format.Strong},
		{"no_version_own_name", "x.ONNX", "7 {}", format.Strong},
		{"no_version_other_name", "x.bin", "7 {}", format.No},
		{"no_graph", "x.bin", "1: 8\n2: \"x\"", format.No},
		{"unknown_field_own_name", "x.onnx", "50: 1\n1: 8\n7 {}", format.Strong},
		{"unknown_field_other_name", "x.bin", "50: 1\n1: 8\n7 {}", format.No},
		{"cut_short_own_name", "x.onnx", "1: 8\n7 len=+5 {}", format.Strong},
		{"cut_short_other_name", "x.bin", "1: 8\n7 len=+5 {}", format.No},
		{"trailing_bytes_other_name", "x.bin", "1: 8\n7 {}\nraw h\"ff\"", format.No},
		{"saved_model", "saved_model.pb", "1: 1\n2 { 7 { 1: 1 } }", format.No},
		{"one_byte", "x.onnx", "raw h\"08\"", format.No},
		{"pickle", "x.onnx", "raw h\"80048c026f738c0673797374656d932e\"", format.No},
		{"odd_types", "x.bin", tiny, format.Strong},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, inMemory := range []bool{true, false} {
				if got := Format.Match(formattest.Input(c.file, build(t, c.text), inMemory)); got != c.want {
					t.Errorf("got %v", got)
				}
			}
		})
	}
}

func TestTextForms(t *testing.T) {
	for _, c := range []struct {
		name, file, text string
		want             format.Confidence
	}{
		{"own_syntax", "m.txt", "<\n  ir_version: 8,\n  opset_import: [\"\" : 20]\n>\nagraph (float[N] x) => (float[N] y) {}", format.Strong},
		{"protobuf_text", "m.pbtxt", "ir_version: 8\ngraph {\n}", format.Strong},
		{"json", "m.json", "{\n  \"irVersion\": \"8\",\n  \"graph\": {}\n}", format.Strong},
		{"by_name", "m.OnnxTxt", "anything", format.Strong},
		{"other_json", "m.json", "{\"graph\": {}, \"version\": 1}", format.No},
		{"other_text", "m.txt", "ir_version is a field of the graph", format.No},
		{"html", "m.txt", "<html>graph</html>", format.No},
		{"empty", "m.txt", "", format.No},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Text.Match(formattest.Input(c.file, []byte(c.text), true)); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func build(t *testing.T, text string) []byte {
	t.Helper()
	_, data, err := sample.Build("x.pbtext", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPathsThatClimb(t *testing.T) {
	for location, want := range map[string]bool{
		"w.bin": false, "./w.bin": false, "a/../w.bin": false, "a/./b//w.bin": false, "..w.bin": false, "...": false, "a/..": false,
		"..": true, "../w.bin": true, "a/../../w.bin": true, "./..": true, `..\w.bin`: true, `a\..\..\w.bin`: true, `a/..\../w.bin`: true,
	} {
		if got := climbs(location); got != want {
			t.Errorf("%s: climbs %v", location, got)
		}
	}
}

func TestPythonCalls(t *testing.T) {
	for text, want := range map[string]string{
		`__import__("os").system("echo")`: "__import__", `eval ( 'a' )`: "eval", `exec(b"echo")`: "exec",
		`exec(compile(open("x").read(), "x", "exec"))`: "exec", `os.system('echo')`: "os.system",
		`model.eval()`: "", `model.eval("x")`: "", `my_eval("x")`: "", `eval(step) and exec(plan)`: "",
		`re.compile("x")`: "", `the word __import__ alone, and eval(`: "", "": "", "{0: 'eval'}": "",
	} {
		if got := pythonCall(text); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestCycles(t *testing.T) {
	for _, c := range []struct {
		name  string
		calls [][]int
		want  []int
	}{
		{"none", [][]int{{1, 2}, {2}, {}}, nil},
		{"itself", [][]int{{0}, {0}}, []int{0}},
		{"two", [][]int{{1}, {2}, {1}, {}}, []int{1, 2}},
		{"caller_and_callee_stay_out", [][]int{{1}, {1, 2}, {}}, []int{1}},
		{"empty", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := inCycles(c.calls); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestClaims(t *testing.T) {
	entry := func(key, value string) string { return "  13 { 1: \"" + key + "\"; 2: \"" + value + "\" }\n" }
	for _, c := range []struct {
		name, tensor string
		want         []format.Claim
	}{
		{"all", entry("location", "./d/w.bin") + entry("offset", "4096") + entry("length", "24"), []format.Claim{{Path: "m/d/w.bin", Offset: 4096, Length: 24}}},
		{"size_of_the_shape", entry("location", "w"), []format.Claim{{Path: "m/w", Length: 24}}},
		{"climbs", entry("location", "../w"), nil},
		{"hexadecimal", entry("location", "w") + entry("offset", "0x10"), nil},
		{"too_many_digits", entry("location", "w") + entry("offset", "99999999999999999999"), nil},
		{"sign", entry("location", "w") + entry("length", "+24"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := build(t, "1: 8\n7 {\n 5 {\n  1: [2 3]\n  2: 1\n  8: \"w\"\n"+c.tensor+"  14: 1\n }\n}")
			in := formattest.Input("m/model.onnx", data, true)
			got := Format.Read(in).Claims
			for i := range got {
				if got[i].Type != "F32" || got[i].Row != 12 || got[i].Name != "w" {
					t.Errorf("%+v", got[i])
				}
				got[i] = format.Claim{Path: got[i].Path, Offset: got[i].Offset, Length: got[i].Length}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			in.Inside = []string{"model.onnx"}
			if claims := Format.Read(in).Claims; claims != nil {
				t.Errorf("a model inside of a file claims %+v", claims)
			}
		})
	}
}

// TestEveryByte cuts and changes a real model at every byte: what is cut has a gap,
// and what is changed is read the same way twice, inside of the file.
func TestEveryByte(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join("testdata", "clean", "perceptron.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	cut := 0
	for n := 2; n < len(whole); n++ {
		got := formattest.Describe([]format.Format{Format}, formattest.Input("m.onnx", whole[:n], true))
		if !strings.Contains(got, "gap ") {
			cut++
		}
	}
	if cut > 20 { // it may be cut between two fields of the outermost message
		t.Errorf("%d of %d prefixes have no gap", cut, len(whole))
	}
	for i := range whole {
		changed := bytes.Clone(whole)
		changed[i] ^= 0x81
		formattest.Invariants(t, []format.Format{Format}, "m.onnx", changed)
	}
}

// TestLargeHostileModels builds what grows badly in careless readers.
func TestLargeHostileModels(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"functions", "1: 8\n7 {}\nrepeat 5000 {\n 25 { 1: \"F\"; 7 { 4: \"F\"; 7: \"o\" }; 10: \"o\" }\n}", "finding SP-ONNX-010"},
		{"tensors", "1: 8\n7 {\nrepeat 20000 {\n 5 { 1: [1]; 2: 1; 8: \"w\"; 9: h\"00000000\" }\n}\n}", `fact tensor.count="20000"`},
		{"nodes", "1: 8\n7 {\nrepeat 20000 {\n 1 { 1: \"x\"; 2: \"x\"; 4: \"Relu\" }\n}\n}", "finding SP-ONNX-010"},
		{"gaps", "1: 8\n7 {\nrepeat 20000 {\n 99: 1\n}\n}", "limit gaps-per-file"},
		{"depth", "1: 8\n7 {\n13 {\n2 {\n" + strings.Repeat("4 {\n1 {\n", 80) + strings.Repeat("}\n}\n", 80) + "}\n}\n}", "limit recursion"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := formattest.Describe([]format.Format{Format}, formattest.Input("m.onnx", build(t, c.text), false)); !strings.Contains(got, c.want) {
				t.Errorf("no %q in:\n%.2000s", c.want, got)
			}
		})
	}
}

func TestListsAreSortedAndComplete(t *testing.T) {
	known := map[string]bool{effectInert: true, effectPython: true, effectDispatch: true, effectEngine: true, effectNetwork: true, effectFile: true}
	lines := strings.Split(strings.TrimSuffix(rules.OnnxOperators, "\n"), "\n")[1:]
	for i, line := range lines {
		f := strings.Split(line, "\t")
		if len(f) != 3 || !known[f[2]] || !strings.Contains(rules.OnnxDomains, "\n"+f[0]+"\t") {
			t.Errorf("line %q", line)
		}
		if i > 0 && lines[i-1] >= line {
			t.Errorf("%q stands behind %q", line, lines[i-1])
		}
		if got, _ := rules.Row(rules.OnnxOperators, f[0], f[1]); got != f[2] {
			t.Errorf("%s %s: %q", f[0], f[1], got)
		}
	}
	for name := range kinds() {
		if _, ok := rules.Row(rules.OnnxOperators, "ai.onnx", name); !ok {
			t.Errorf("the standard has no operator %q", name)
		}
	}
	if library("ai.onnx.contrib") == "" || library("ai.onnx") != "" || library("my.own") != "" || library("ai") != "" {
		t.Error("libraries of domains")
	}
}
