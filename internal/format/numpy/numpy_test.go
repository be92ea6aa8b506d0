package numpy

import (
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

func TestSamples(t *testing.T) { formattest.Containers(t, Format) }

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		name, head string
		want       format.Confidence
	}{
		{"magic", "\x93NUMPY\x01\x00", format.Strong},
		{"pickle-under-this-name", "\x80\x04]\x94.", format.No},
		{"short", "\x93NUMP", format.No},
		{"behind-junk", " \x93NUMPY\x01\x00", format.No},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Format.Match(formattest.Input("a.npy", []byte(c.head), true)); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
