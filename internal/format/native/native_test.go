package native

import (
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

func TestSamples(t *testing.T) { formattest.Samples(t, Format) }

func TestHeadersThatOnlyLookLikeCode(t *testing.T) {
	pad := string(make([]byte, 200))
	cases := map[string]string{
		"mz-in-weights":         "MZ\x90\x00" + pad,
		"mz-offset-outside":     "MZ" + pad[:58] + "\xff\xff\xff\xff" + pad,
		"elf-word-only":         "\x7fELF",
		"elf-impossible-class":  "\x7fELF\x09\x01\x01" + pad,
		"macho-impossible-type": "\xcf\xfa\xed\xfe" + pad,
		"cafebabe-zero":         "\xca\xfe\xba\xbe" + pad,
		"text-with-return":      "ab\r\n" + pad,
		"table-with-short-line": "no\r\n1234ccccc 5678 9012 3456\r\n",
		"empty":                 "",
	}
	for name, text := range cases {
		if got := match(formattest.Input("model.bin", []byte(text), true)); got != format.No {
			t.Errorf("%s: matches %v", name, got)
		}
	}
}
