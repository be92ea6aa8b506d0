package pickle

import (
	"os"
	"testing"

	"github.com/sallyport/sallyport/internal/formattest"
)

func BenchmarkSmallPickle(b *testing.B) {
	for _, name := range []string{"stdlib-namespace_p4", "sklearn-linear_p0", "sklearn-pipeline_p0"} {
		data, err := os.ReadFile("testdata/producers/" + name + ".pkl")
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				in := formattest.Input("model.pkl", data, true)
				Format.Match(in)
				Format.Read(in)
			}
		})
	}
}
