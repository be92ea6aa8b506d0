package pointer

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

func TestSamples(t *testing.T) { formattest.Samples(t, Format) }

func TestLooksLikeAPointerAndIsNone(t *testing.T) {
	const head = "version https://git-lfs.github.com/spec/v1\n"
	cases := map[string]string{
		"text-about-it": "see " + head,
		"no-oid":        head + "size 3\n",
		"no-size":       head + "oid sha256:00\n",
		"oid-not-hex":   head + "oid sha256:zz\nsize 3\n",
		"too-long":      head + "oid sha256:00\nsize 3\n" + strings.Repeat("x\n", 600),
		"annex-text":    "/annex/objects/a\nmore",
		"empty":         "",
	}
	for name, text := range cases {
		in := formattest.Input("model.bin", []byte(text), true)
		if got := match(in); got != format.No {
			t.Errorf("%s: matches %v", name, got)
		}
	}
}
