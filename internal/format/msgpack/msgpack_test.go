package msgpack

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
		{"named", "flax_model.msgpack", "\x91\x01", format.Weak},
		{"other-name", "weights.bin", "\x81\xa6params\x80", format.Weak},
		{"wide-map", "weights.bin", "\xde\x00\x10\xa1a", format.Weak},
		{"long-key", "weights.bin", "\x81\xd9\x03abc\x01", format.Weak},
		{"list-without-name", "x", "\x91\x01", format.No},
		{"pickle", "x.pkl", "\x80\x04\x95", format.No},
		{"safetensors", "x.safetensors", "\x81\x00\x00\x00\x00\x00\x00\x00{", format.No},
		{"text", "x.msgpack", "{\"a\": 1}", format.No},
		{"empty", "x.msgpack", "", format.No},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := Format.Match(formattest.Input(c.file, []byte(c.data), false)); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestTypes(t *testing.T) {
	for name, want := range map[string]int64{"float32": 4, "bfloat16": 2, "int4": 1, "str128": 16, "datetime64[ns]": 8, "object": 0, "str": 0, "str7": 0, "float": 0} {
		if _, got := dtypeOf(name); got != want {
			t.Errorf("%s: %d", name, got)
		}
	}
	for name, want := range map[string]int64{"<f4": 4, "|b1": 1, ">i8": 8, "|O": 0, "<U4": 0, "f": 0, "<f99": 0} {
		if _, got := descrOf(name); got != want {
			t.Errorf("%s: %d", name, got)
		}
	}
}
