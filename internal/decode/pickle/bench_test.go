package pickle

import (
	"bytes"
	"context"
	"testing"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/sample"
)

// benchStream is n entries of a list, each the way a writer spells a small
// dictionary: the plain part of any pickle.
func benchStream(b *testing.B, n int) []byte {
	head, err := sample.Pickle("PROTO 4\nEMPTY_LIST\nMEMOIZE\nMARK\n")
	if err != nil {
		b.Fatal(err)
	}
	item, err := sample.Pickle("EMPTY_DICT\nMEMOIZE\nMARK\nSHORT_BINUNICODE name\nMEMOIZE\nBININT1 1\nBINGET 1\nBINFLOAT 1.5\nSHORT_BINUNICODE other_key\nMEMOIZE\nBININT2 700\nBININT1 3\nTUPLE2\nMEMOIZE\nSETITEMS\n")
	if err != nil {
		b.Fatal(err)
	}
	return append(append(head, bytes.Repeat(item, n)...), 'e', '.')
}

func BenchmarkPlainStream(b *testing.B) {
	data := benchStream(b, 20_000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		r := bounded.NewReader(bytes.NewReader(data), int64(len(data)), bounded.NewBudget(context.Background(), int64(len(data))))
		if t := Run(r, 0, Options{}); !t.Stopped {
			b.Fatal(t.Err)
		}
	}
}
