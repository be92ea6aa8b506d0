package unsupported

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/rules"
)

func input(name string, data []byte) *format.Input {
	return &format.Input{Name: name, R: bounded.NewBytes(data, bounded.NewBudget(context.Background(), int64(len(data))))}
}

func TestTestdata(t *testing.T) {
	for kind, want := range map[string]format.Confidence{"clean": format.No, "bad": format.Strong, "broken": format.Strong} {
		files, _ := filepath.Glob(filepath.Join("testdata", kind, "*"))
		if len(files) == 0 {
			t.Errorf("no %s sample", kind)
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if got := Format.Match(input(filepath.Base(f), data)); got != want {
				t.Errorf("%s: match %v, want %v", f, got, want)
			}
		}
	}
}

func TestEveryListedEndingIsKnown(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(rules.UnreadFormats, "\n"), "\n")[1:]
	if !slices.IsSorted(lines) {
		t.Error("the list is not sorted")
	}
	for _, line := range lines {
		ending, want, _ := strings.Cut(line, "\t")
		if got := title("model" + strings.ToUpper(ending)); got != want {
			t.Errorf("%s: %q, want %q", ending, got, want)
		}
		spans := Format.Read(input("m"+ending, nil)).Spans
		if len(spans) != 1 || spans[0].Kind != format.Unread || !strings.Contains(spans[0].Reason, want) {
			t.Errorf("%s: spans %+v", ending, spans)
		}
	}
}

func TestOtherNames(t *testing.T) {
	for _, name := range []string{"", "onnx", "a.txt", ".", "a.", "x.safetensors", "title", "a.ending", "a.pb\tx"} {
		if got := title(name); got != "" {
			t.Errorf("%q is taken for %s", name, got)
		}
	}
}
