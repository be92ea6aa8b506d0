package ggml

import (
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

func TestSamples(t *testing.T) { formattest.Samples(t, Format) }

func TestMatch(t *testing.T) {
	cases := []struct {
		name, data string
		want       format.Confidence
	}{
		{"ggjt", "tjgg\x03\x00\x00\x00\x00\x7d\x00\x00", format.Strong},
		{"ggml", "lmgg\x00\x7d\x00\x00\x00\x10\x00\x00", format.Strong},
		{"session", "nsgg\x01\x00\x00\x00\x00\x00\x00\x00", format.Strong},
		{"text", "lmgg is a word", format.No},
		{"short", "lmgg\x00", format.No},
		{"gguf", "GGUF\x03\x00\x00\x00\x00\x00\x00\x00", format.No},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := Format.Match(formattest.Input("x.bin", []byte(c.data), false)); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
