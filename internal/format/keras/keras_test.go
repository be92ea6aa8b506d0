package keras

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

func TestSamples(t *testing.T) { formattest.Containers(t, Format, TFJS, Metadata, Config) }

// A text that is too long to be in memory is searched to its end.
func TestPaddedConfigurationIsFound(t *testing.T) {
	for name, text := range map[string]string{
		"plain":   `"class_name": "Dense", "config": {}}`,
		"escaped": `"class\u005fname": "Dense", "conf\u0069g": {}}`,
		"neither": `"class": "Dense", "text": "caf\u00e9"}`,
	} {
		for pad := 65_480; pad < 65_540; pad++ { // also across the border of a block
			p := []byte(`{"a": "` + strings.Repeat("x", pad) + `", ` + text)
			r := bounded.NewReader(bytes.NewReader(p), int64(len(p)), bounded.NewBudget(t.Context(), int64(len(p))))
			got := Config.Match(&format.Input{Name: "model.json", Path: "model.json", R: r})
			if want := name != "neither"; (got == format.Strong) != want {
				t.Fatalf("%s, padded by %d: %v", name, pad, got)
			}
		}
	}
}
