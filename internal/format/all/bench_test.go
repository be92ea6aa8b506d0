package all

import (
	"testing"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/format"
)

// BenchmarkMatch asks every format about one small pickle: what each file of a
// tree costs before anything is read.
func BenchmarkMatch(b *testing.B) {
	data := []byte("\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00]\x94(K\x01K\x02K\x03e.")
	formats := Formats()
	for i := range formats {
		b.Run(formats[i].ID, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				in := &format.Input{Name: "m.pkl", Path: "m.pkl", R: bounded.NewBytes(data, bounded.NewBudget(b.Context(), int64(len(data))))}
				formats[i].Match(in)
			}
		})
	}
}
