package safetensors

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

func TestIndex(t *testing.T) {
	const a, b = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
	here := []string{"m/" + a, "m/" + b}
	for _, c := range []struct {
		name, file, text string
		repo             []string
		want             string
	}{
		{"complete", "model.safetensors.index.json", `{"metadata":{"total_size":8},"weight_map":{"x":"` + a + `","y":"` + b + `","z":"` + b + `"}}`, here, ""},
		{"missing", "model.safetensors.index.json", `{"weight_map":{"x":"` + a + `","y":"` + b + `"}}`, here[:1], "SP-COV-009"},
		{"extra", "model.safetensors.index.json", `{"weight_map":{"x":"` + a + `"}}`, here, "SP-ST-009"},
		{"up", "model.safetensors.index.json", `{"weight_map":{"x":"../../etc/x.safetensors"}}`, nil, "SP-ST-008"},
		{"hidden-up", "model.safetensors.index.json", `{"weight_map":{"x":"a/../../x.safetensors"}}`, nil, "SP-ST-008"},
		{"escaped-up", "model.safetensors.index.json", `{"weight_map":{"x":"\u002e./x.safetensors"}}`, nil, "SP-ST-008"},
		{"absolute", "model.safetensors.index.json", `{"weight_map":{"x":"/x.safetensors"}}`, nil, "SP-ST-008"},
		{"windows", "model.safetensors.index.json", `{"weight_map":{"x":"C:x.safetensors"}}`, nil, "SP-ST-008"},
		{"backslash", "model.safetensors.index.json", `{"weight_map":{"x":"..\\x.safetensors"}}`, nil, "SP-ST-008"},
		{"pickle", "model.safetensors.index.json", `{"weight_map":{"x":"model.bin"}}`, []string{"m/model.bin"}, "SP-ST-010"},
		{"pickle-index", "pytorch_model.bin.index.json", `{"weight_map":{"x":"model.bin"}}`, []string{"m/model.bin"}, ""},
		{"subfolder", "model.safetensors.index.json", `{"weight_map":{"x":"parts/a.safetensors"}}`, []string{"m/parts/a.safetensors"}, ""},
		{"other-index", "faiss.index.json", `{"rows": {"a": "../b"}}`, nil, ""},
		{"broken", "model.safetensors.index.json", `{"weight_map":{"x":"/x.safetensors"`, nil, "SP-ST-008"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := formattest.Input("m/"+c.file, []byte(c.text), false, c.repo...)
			if Index.Match(in) != format.Strong {
				t.Fatal("no match")
			}
			var got []string
			res := readIndex(in)
			for _, f := range res.Findings {
				got = append(got, f.Rule)
			}
			for _, s := range res.Spans {
				got = append(got, s.Rule)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %v %+v", got, res)
			}
		})
	}
}

func FuzzIndex(f *testing.F) {
	f.Add("model.safetensors.index.json", []byte(`{"weight_map":{"x":"model-00001-of-00002.safetensors"}}`))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		formattest.Invariants(t, []format.Format{Index}, name, data)
	})
}
