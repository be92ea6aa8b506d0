package skops

import (
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
	"github.com/sallyport/sallyport/internal/sample"
)

func TestSamples(t *testing.T) { formattest.Containers(t, Format) }

func TestMatch(t *testing.T) {
	const plain, disguised = `entry schema.json stored "{\"__loader__\": \"DictNode\"}"`, `entry schema.json stored "{\"\\u005f_loader__\": \"DictNode\"}"`
	for _, c := range []struct {
		name, file, spec string
		want             format.Confidence
	}{
		{"by-content", "model.bin", plain, format.Strong},
		{"disguised-key", "model.bin", disguised, format.Strong},
		{"deep-inside", "model.bin", `entry schema.json stored "{\"a\": [{\"__loader__\": 1}]}"`, format.Strong},
		{"by-name", "model.skops", `entry schema.json stored "[]"`, format.Strong},
		{"other-case", "model.SKOPS", `entry Schema.json stored "[]"`, format.Strong},
		{"another-schema", "data.zip", `entry schema.json stored "{\"type\": \"object\"}"`, format.No},
		{"in-a-folder", "data.zip", `entry x/schema.json stored "{\"__loader__\": 1}"`, format.No},
		{"no-schema", "model.skops", `entry a.txt stored "a"`, format.No},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, data, err := sample.Build("x.zipspec", []byte(c.spec))
			if err != nil {
				t.Fatal(err)
			}
			if got := Format.Match(formattest.Input(c.file, data, false)); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// TestModuleOfTheRepository has a class that a file beside the model brings.
func TestModuleOfTheRepository(t *testing.T) {
	_, data, err := sample.Build("x.zipspec", []byte(`entry schema.json stored "{\"__class__\": \"Net\", \"__module__\": \"net\", \"__loader__\": \"ObjectNode\"}"`))
	if err != nil {
		t.Fatal(err)
	}
	res := Format.Read(formattest.Input("m.skops", data, true, "net.py"))
	if len(res.Findings) != 1 || res.Findings[0].Rule != ruleUnknown {
		t.Errorf("%+v", res.Findings)
	}
}
