package unsupported

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/format"
)

func FuzzName(f *testing.F) {
	for _, s := range []string{"model.onnx", "a.b", "\n.pb\t", ".gguf\tx", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := title(name)
		if strings.ContainsAny(got, "\n\t") {
			t.Errorf("title %q", got)
		}
		if (got != "") != (Format.Match(input(name, nil)) == format.Strong) {
			t.Error("Match and the list disagree")
		}
	})
}
