package template

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/sallyport/sallyport/internal/detect"
)

func FuzzJudge(f *testing.F) {
	files, _ := filepath.Glob("testdata/real/*.jinja")
	more, _ := filepath.Glob("../../../rules/SP-TPL-*/*/*.jinja")
	for _, name := range append(files, more...) {
		p, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		a, b := Detector.Judge(&detect.Text{Content: p}), Detector.Judge(&detect.Text{Content: p})
		if !reflect.DeepEqual(a, b) {
			t.Error("the same text is judged in two ways")
		}
	})
}
