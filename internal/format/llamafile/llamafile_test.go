package llamafile

import (
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
	"github.com/sallyport/sallyport/internal/sample"
)

func TestSamples(t *testing.T) { formattest.Samples(t, Program, Format) }

func build(t *testing.T, spec string) *format.Input {
	t.Helper()
	_, data, err := sample.Build("x.zipspec", []byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	return formattest.Input("x.llamafile", data, false)
}

const program = "prefix \"MZqFpD='\\n\"\nprefix fill 100 0x61\n"

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		name, spec string
		want       format.Confidence
	}{
		{"model", program + "entry m.gguf stored \"GGUF\"\nend offset=0\n", format.Strong},
		{"elf", "prefix \"\\x7fELF\\x02\\x01\\x01\"\nprefix fill 100 0\nentry m.GGUF stored \"GGUF\"\nend\n", format.Strong},
		{"no-model", program + "entry readme.txt stored \"x\"\nend\n", format.No},
		{"no-program", "entry m.gguf stored \"GGUF\"\nend\n", format.No},
		{"no-archive", program, format.No},
	} {
		t.Run(c.name, func(t *testing.T) {
			if a, b := Format.Match(build(t, c.spec)), Program.Match(build(t, c.spec)); a != c.want || b != c.want {
				t.Errorf("got %v and %v", a, b)
			}
		})
	}
}

// The archive is read like any other, except that bytes lie before it.
func TestMembers(t *testing.T) {
	in := build(t, program+"entry m.gguf stored \"GGUF\"\nentry .args stored \"-m m.gguf\"\nend\n")
	res := read(in)
	if len(res.Children) != 2 || len(res.Findings) != 0 || formattest.Uncovered(res, in.R.Size()) == 0 {
		t.Errorf("%+v", res)
	}
	p := readProgram(in)
	if len(p.Spans) != 1 || p.Spans[0].Length != formattest.Uncovered(res, in.R.Size()) {
		t.Errorf("%+v", p)
	}
	in = build(t, program+"entry m.gguf stored \"GGUF\"\nentry m.gguf stored \"GGUX\"\nend\n")
	if res := read(in); len(res.Findings) == 0 {
		t.Error("two members of one name are no finding")
	}
}
