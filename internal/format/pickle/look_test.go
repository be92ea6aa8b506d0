package pickle

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/formattest"
)

// lookAlikes begin with opcodes and are no pickles.
var lookAlikes = []struct{ name, file, text string }{
	{"prose", "README.md", "Once upon a time\nthere was a model.\n"},
	{"prose-in-parentheses", "notes.txt", "(in the\nbeginning)\nthere was nothing.\n"},
	{"prose-that-is-an-import", "story.txt", "cat\ndog\nmouse.\n"},
	{"prose-that-stops", "story.txt", "cat\ndog\n. And more.\n"},
	{"vocabulary", "vocab.txt", "[PAD]\n[UNK]\na\nb\nc\nd\n"},
	{"vocabulary-of-letters", "vocab.txt", "c\na\nt\nR\n.\n(\n)\n"},
	{"vocabulary-from-c", "vocab.txt", "cat\ncategory\n.\ndog\n"},
	{"vocabulary-from-paren", "vocab.txt", "(\n)\n.\n,\nthe\n"},
	{"vocabulary-with-call", "vocab.txt", "(in\nthe\n.\nof\nand\n"},
	{"merges", "merges.txt", "#version: 0.2\ni n\nt h\n"},
	{"merges-bare", "merges.txt", "i n\nt h\na n\n"},
	{"csv", "data.csv", "color,size\nred,1\nblue,2\n"},
	{"csv-of-numbers", "data.csv", "1,2,3\n4,5,6\n"},
	{"number", "version", "3\n"},
	{"two-digits", "data", "0.5\n"},
	{"python", "model.py", "import os\n\nclass Model:\n    pass\n"},
	{"python-class", "model.py", "class Model:\n    pass\n"},
	{"python-from-paren", "model.py", "(lambda: 0)()\n"},
	{"javascript", "x.js", "const a = 1\nlet b = 2\n"},
	{"json-close", "x.json", "}\n"},
	{"json-list", "x.json", "]\n"},
	{"yes", "answer", "Nothing.\n"},
	{"licence", "LICENSE", "Permission is hereby granted.\n"},
	{"persistent-looking", "PKG", "Package\n.\n"},
	{"latin", "text", "Lorem ipsum\ndolor\n"},
	{"integers", "ids.txt", "I1\nI2\nI3\n"},
	{"dotted", "x.txt", "configuration.module\nname\nthing\n"},
	{"onnx-like", "x.onnx", "\x08\x07\x12\x07pytorch"},
	{"high-bytes", "x.bin", "\x80\xff\x00\x01\x02"},
	{"image", "x.gif", "GIF89a\x01\x00\x01\x00"},
	{"gguf", "x.gguf", "GGUF\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"},
	{"pascal", "x.p", "program Hello;\nbegin\nend.\n"},
	{"empty-pt", "x.pt", "\n"},
	{"long-line", "x.txt", "V" + strings.Repeat("x", 300_000)},
}

func TestLookAlikes(t *testing.T) {
	for _, c := range lookAlikes {
		t.Run(c.name, func(t *testing.T) {
			if got := verdict(t, c.file, []byte(c.text)); got != "no pickle" {
				t.Errorf("%q is taken for a pickle: %s", c.text[:min(len(c.text), 40)], got)
			}
		})
	}
}

// disguises are protocol 0 and 1 pickles under names and between bytes that say
// nothing of it.
var disguises = []struct{ name, file, code, want string }{
	{"gadget-in-text", "x.txt", "GLOBAL os system; MARK; STRING 'echo'; TUPLE; REDUCE; STOP", "001"},
	{"gadget-then-prose", "x.txt", "GLOBAL os system; MARK; STRING 'echo'; TUPLE; REDUCE; STOP; fill 40 z", "001 uncovered"},
	{"gadget-then-break", "vocab.txt", "GLOBAL os system; MARK; STRING 'echo'; TUPLE; REDUCE; fill 40 z", "SP-COV-004 001 uncovered"},
	{"gadget-imported-only", "x.txt", "GLOBAL antigravity x; fill 40 z", "no pickle"},
	{"exact-gadget-imported-only", "x.txt", "GLOBAL os system; fill 40 z", "SP-COV-004 001 uncovered"},
	{"unknown-call-then-break", "x.txt", "GLOBAL acme run; EMPTY_TUPLE; REDUCE; fill 9 z", "SP-COV-004 002 uncovered"},
	{"whole-file-import", "x.txt", "GLOBAL acme.models Model; STOP", "002"},
	{"whole-file-import-newline", "x.txt", "GLOBAL acme.models Model; STOP; hex 0a", "002"},
	{"whole-file-import-newlines", "x.txt", "GLOBAL acme.models Model; STOP; hex 0a0a", "002 uncovered"},
	{"behind-gif", "x.gif", "hex 47 49 46 38 00 00 00 00 00; GLOBAL os system; MARK; STRING 'echo'; TUPLE; REDUCE; STOP", "001"},
	{"behind-gguf", "x.gguf", "hex 47 47 55 46 00 00 00 00 00; GLOBAL os system; MARK; STRING 'echo'; TUPLE; REDUCE; STOP", "001"},
	{"inst-in-text", "x.txt", "MARK; STRING 'echo'; INST os system; STOP", "001"},
	{"build-on-import", "x.txt", "GLOBAL collections OrderedDict; EMPTY_DICT; BUILD; STOP", "008"},
	{"proto-0-data-by-name", "x.pkl", "MARK; LIST; PUT 0; INT 1; APPEND; STOP", ""},
	{"proto-0-data-by-no-name", "x", "MARK; LIST; PUT 0; INT 1; APPEND; STOP", "no pickle"},
}

func TestDisguises(t *testing.T) {
	for _, c := range disguises {
		t.Run(c.name, func(t *testing.T) {
			if got := verdict(t, c.file, assemble(t, c.code)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestProseReachesNoLimit: a line of a licence may be an instruction with a huge
// index. It counts when the text is a pickle, or calls what it may have stored.
func TestProseReachesNoLimit(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       int
	}{
		{"prose", "Np99999999999\nThis is no pickle, but a licence.\n", 0},
		{"calls-what-is-lost", strings.Repeat("Np88888888888\n0", 1) + "and more", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := formattest.Input("notes.txt", []byte(c.text), true)
			Format.Read(in)
			if got := len(in.R.Budget().Reached()); got != c.want {
				t.Errorf("%d limits reached, want %d", got, c.want)
			}
		})
	}
}
