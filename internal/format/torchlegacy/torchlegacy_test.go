package torchlegacy

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
	"github.com/sallyport/sallyport/internal/sample"
)

func TestSamples(t *testing.T) { formattest.Containers(t, Format) }

func assemble(t testing.TB, text string) []byte {
	t.Helper()
	p, err := sample.Pickle(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const (
	magicASM    = "PROTO 2\nLONG1 6cfc9c46f9206aa85019\nSTOP\n"
	protocolASM = "PROTO 2\nBININT2 1001\nSTOP\n"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		name, asm string
		want      format.Confidence
	}{
		{"magic", magicASM, format.Strong},
		{"magic-as-text", "LONG 119547037146038801333356L\nSTOP", format.Strong},
		{"magic-in-a-frame", "PROTO 4\nFRAME 13\nLONG1 6cfc9c46f9206aa85019\nSTOP", format.Strong},
		{"computed-magic", "PROTO 2\nGLOBAL builtins int\nBINUNICODE \"1\"\nTUPLE1\nREDUCE\nSTOP\n" + protocolASM, format.Strong},
		{"computed-magic-and-text-protocol", "PROTO 2\nNONE\nSTOP\nINT 1001\nSTOP", format.Strong},
		{"another-number", "PROTO 2\nLONG1 6cfc9c46f9206aa85018\nSTOP\n" + protocolASM, format.No},
		{"number-elsewhere", "PROTO 2\nNONE\nSTOP\nPROTO 2\nNONE\nPOP\nBININT2 1001\nSTOP", format.No},
		{"plain-pickle", "PROTO 2\nEMPTY_DICT\nSTOP", format.No},
		{"negative", "PROTO 2\nLONG1 6cfc9c46f9206aa850e9\nSTOP", format.No},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Format.Match(formattest.Input("m.pt", assemble(t, c.asm), false)); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// TestStreamOfAnotherContainerIsLeftAlone keeps data.pkl of a zip checkpoint
// with the reader that the container chose.
func TestStreamOfAnotherContainerIsLeftAlone(t *testing.T) {
	in := formattest.Input("data.pkl", assemble(t, magicASM), false)
	in.Parsed = struct{}{}
	if got := Format.Match(in); got != format.No {
		t.Errorf("got %v", got)
	}
}

// TestEveryStreamReachesThePickleJudge puts a call into each of the streams.
func TestEveryStreamReachesThePickleJudge(t *testing.T) {
	streams := []string{magicASM, protocolASM, "PROTO 2\nEMPTY_DICT\nSTOP\n", "PROTO 2\nEMPTY_DICT\nSTOP\n", "PROTO 2\nEMPTY_LIST\nSTOP\n"}
	for i := 1; i < len(streams); i++ {
		t.Run(streamNames[i], func(t *testing.T) {
			all := slices.Clone(streams)
			all[i] = "PROTO 2\nGLOBAL os system\nBINUNICODE \"echo\"\nTUPLE1\nREDUCE\nSTOP\n"
			res := Format.Read(formattest.Input("m.pt", assemble(t, strings.Join(all, "")), false))
			k := slices.IndexFunc(res.Children, func(c format.Child) bool { return c.Name == streamNames[i] })
			if k < 0 {
				t.Fatal("no child")
			}
			p, err := res.Children[k].R.Bytes(0, res.Children[k].R.Size())
			if err != nil || !strings.Contains(string(p), "cos\nsystem\n") || res.Children[k].As != "pickle" {
				t.Errorf("%q, %v", p, err)
			}
		})
	}
}

func TestKeyLists(t *testing.T) {
	for _, c := range []struct {
		name, asm string
		want      []string
		ok        bool
	}{
		{"empty", "PROTO 2\nEMPTY_LIST\nBINPUT 0\nSTOP", nil, true},
		{"one", "PROTO 2\nEMPTY_LIST\nBINPUT 0\nBINUNICODE \"1\"\nBINPUT 1\nAPPEND\nSTOP", []string{"1"}, true},
		{"batches", "PROTO 2\nEMPTY_LIST\nMARK\nBINUNICODE \"1\"\nBINUNICODE \"2\"\nAPPENDS\nMARK\nBINUNICODE \"3\"\nAPPENDS\nSTOP", []string{"1", "2", "3"}, true},
		{"protocol-0", "MARK\nLIST\nPUT 0\nUNICODE 1\nPUT 1\nAPPEND\nSTOP", []string{"1"}, true},
		{"protocol-0-of-python-2", "MARK\nLIST\nPUT 0\nSTRING '1'\nPUT 1\nAPPEND\nSTOP", []string{"1"}, true},
		{"protocol-4", "PROTO 4\nFRAME 9\nEMPTY_LIST\nMEMOIZE\nSHORT_BINUNICODE \"17\"\nMEMOIZE\nAPPEND\nSTOP", []string{"17"}, true},
		{"top-is-no-list", "PROTO 2\nEMPTY_LIST\nBINUNICODE \"1\"\nSTOP", nil, false},
		{"dict", "PROTO 2\nEMPTY_DICT\nSTOP", nil, false},
		{"number", "PROTO 2\nEMPTY_LIST\nBININT1 1\nAPPEND\nSTOP", nil, false},
		{"two-lists", "PROTO 2\nEMPTY_LIST\nEMPTY_LIST\nSTOP", nil, false},
		{"open-mark", "PROTO 2\nEMPTY_LIST\nMARK\nSTOP", nil, false},
		{"mark-in-mark", "PROTO 2\nEMPTY_LIST\nMARK\nMARK\nAPPENDS\nSTOP", nil, false},
		{"escape", "MARK\nLIST\nUNICODE \\u0031\nAPPEND\nSTOP", nil, false},
		{"no-stop", "PROTO 2\nEMPTY_LIST", nil, false},
		{"something-behind", "PROTO 2\nEMPTY_LIST\nSTOP\nSTOP", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := assemble(t, c.asm)
			got, ok := keys(bounded.NewBytes(p, bounded.NewBudget(context.Background(), int64(len(p)))))
			if ok != c.ok || ok && !cmp.Equal(got, c.want) {
				t.Errorf("got %q, %v", got, ok)
			}
		})
	}
}
