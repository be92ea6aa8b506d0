package text

import (
	"testing"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

func TestSamples(t *testing.T) { formattest.Samples(t, Format) }

func TestWhoReadsIt(t *testing.T) {
	cases := map[string]bool{
		"README": true, "readme.txt": true, "LICENSE": true, "guide.rst": true,
		"vocab.txt": false, "merges.txt": false, "README_vocab.txt": false, "tokens.csv": false,
	}
	for name, want := range cases {
		if forPeople(name) != want {
			t.Errorf("forPeople(%q) = %v", name, !want)
		}
	}
}

func TestTextAboveTheLimitIsAGap(t *testing.T) {
	in := formattest.Input("big.txt", nil, true)
	in.R = bounded.NewReader(nil, bounded.MaxTextBytes+1, in.R.Budget())
	res := read(in)
	if len(res.Spans) != 1 || res.Spans[0].Kind != format.Unread || len(in.R.Budget().Reached()) != 1 {
		t.Fatalf("got %+v, limits %v", res, in.R.Budget().Reached())
	}
}
