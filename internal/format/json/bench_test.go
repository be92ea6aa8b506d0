package json

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/formattest"
)

// BenchmarkTokenizer reads what a tokenizer of 100,000 words looks like.
func BenchmarkTokenizer(b *testing.B) {
	var s strings.Builder
	s.WriteString("{\n  \"model\": {\n    \"vocab\": {\n")
	for i := range 100_000 {
		fmt.Fprintf(&s, "      \"Ġtoken%d\": %d,\n", i, i)
	}
	s.WriteString("      \"end\": 0\n    },\n    \"merges\": [\n")
	for i := range 100_000 {
		fmt.Fprintf(&s, "      \"Ġtoken%d internationalization\",\n", i)
	}
	s.WriteString("      \"a b\"\n    ]\n  }\n}\n")
	data := []byte(s.String())
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		in := formattest.Input("tokenizer.json", data, true)
		if res := read(in); len(res.Children) > 0 || formattest.Uncovered(res, int64(len(data))) > 0 {
			b.Fatal("not clean")
		}
	}
}
