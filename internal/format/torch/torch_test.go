package torch

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
	"github.com/sallyport/sallyport/internal/sample"
)

func TestSamples(t *testing.T) { formattest.Containers(t, Format) }

func build(t testing.TB, spec string) []byte {
	t.Helper()
	_, data, err := sample.Build("x.zipspec", []byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestMembersReachTheEngine hides a stream in many places of a checkpoint: the
// engine must get its bytes as a child each time.
func TestMembersReachTheEngine(t *testing.T) {
	const hidden = "GLOBAL os system"
	const payload, ok = "stored @asm\nGLOBAL os system\nSTOP\n@end\n", "entry m/data.pkl stored @asm\nPROTO 4\nEMPTY_DICT\nSTOP\n@end\nentry m/version stored \"3\\n\"\n"
	cases := []struct{ name, spec, member string }{
		{"main-pickle", "entry m/data.pkl " + payload, "m/data.pkl"},
		{"main-pickle-deflated", "entry m/data.pkl deflate" + strings.TrimPrefix(payload, "stored"), "m/data.pkl"},
		{"text-name", ok + "entry m/x.txt " + payload, "m/x.txt"},
		{"other-root", ok + "entry n/data.pkl " + payload, "n/data.pkl"},
		{"undeclared-record", ok + "entry m/data/0 " + payload, "m/data/0"},
		{"forged-version", "entry m/version " + payload + strings.Replace(ok, "m/version", "m/other", 1), "m/version"},
		{"forged-byteorder", ok + "entry m/byteorder " + payload, "m/byteorder"},
		{"unlisted", ok + strings.Replace("entry m/x "+payload, "@asm", "@asm unlisted", 1), "m/x"},
		{"comment", ok + "end comment=\"cos\\nsystem\\n.\"", "archive comment"},
		{"folder-with-content", ok + "entry m/folder/ " + payload, "m/folder/"},
		{"wrong-crc", strings.Replace("entry m/data.pkl "+payload, "@asm", "@asm crc=0", 1), "m/data.pkl"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in := formattest.Input("m.pt", build(t, c.spec), false)
			if Format.Match(in) != format.Strong {
				t.Fatal("no match")
			}
			res := Format.Read(in)
			if n := formattest.Uncovered(res, in.R.Size()); n > 0 {
				t.Errorf("%d bytes uncovered", n)
			}
			for _, ch := range res.Children {
				p, err := io.ReadAll(io.NewSectionReader(ch.R, 0, ch.R.Size()))
				if err != nil {
					t.Fatal(err)
				}
				if ch.Name == c.member && bytes.Contains(p, []byte("cos\nsystem\n")) {
					return
				}
			}
			t.Errorf("no child %q holds %q", c.member, hidden)
		})
	}
}

func TestMatch(t *testing.T) {
	cases := []struct {
		name, spec string
		want       format.Confidence
	}{
		{"plain", "entry m/data.pkl stored \"x\"", format.Strong},
		{"case", "entry m/Data.PKL stored \"x\"", format.Strong},
		{"not-at-first-root", "entry x/y stored \"x\"\nentry m/data.pkl stored \"x\"\nentry m/version stored \"3\"", format.Strong},
		{"no-root", "entry data.pkl stored \"x\"\nentry version stored \"3\"", format.No},
		{"other-zip", "entry config.json stored \"{}\"", format.No},
		{"pickle-in-folder", "entry x/y stored \"x\"\nentry m/data.pkl stored \"x\"", format.No},
		{"empty", "", format.No},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := Format.Match(formattest.Input("m.pt", build(t, c.spec), true)); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// manyTensors is a checkpoint of n small tensors, laid out as torch does.
func manyTensors(tb testing.TB, n int) []byte {
	var spec, records strings.Builder
	spec.WriteString("entry archive/data.pkl stored @asm descriptor\nPROTO 2\nEMPTY_DICT\nMARK\n")
	for i := range n {
		fmt.Fprintf(&spec, "BINUNICODE \"block.%d\"\nMARK\nBINUNICODE \"storage\"\nGLOBAL torch FloatStorage\nBINUNICODE \"%d\"\nBINUNICODE \"cpu\"\nBININT 64\nTUPLE\nBINPERSID\n", i, i)
		fmt.Fprintf(&records, "entry archive/data/%d stored fill 256 A descriptor extra=464204005a5a5a5a\n", i)
	}
	return build(tb, spec.String()+"SETITEMS\nSTOP\n@end\n"+records.String()+"entry archive/version stored \"3\\n\"\n")
}

func TestManyTensorsAreExplained(t *testing.T) {
	in := formattest.Input("m.pt", manyTensors(t, 2000), false)
	if Format.Match(in) != format.Strong {
		t.Fatal("no match")
	}
	res := Format.Read(in)
	if n := formattest.Uncovered(res, in.R.Size()); n != 0 || len(res.Findings) > 0 || len(res.Children) != 1 {
		t.Errorf("%d bytes uncovered, %d children, %v", n, len(res.Children), res.Findings)
	}
	i := slices.IndexFunc(res.Spans, func(s format.Span) bool { return s.Kind == format.Unread })
	if i >= 0 {
		t.Errorf("unread: %+v", res.Spans[i])
	}
}

func BenchmarkManyTensors20000(b *testing.B) {
	data := manyTensors(b, 20000)
	b.ReportAllocs()
	for b.Loop() {
		in := formattest.Input("m.pt", data, false)
		if Format.Match(in) != format.Strong || len(Format.Read(in).Findings) > 0 {
			b.Fatal("unexpected result")
		}
	}
}
