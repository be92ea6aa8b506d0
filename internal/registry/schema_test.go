package registry

import (
	"bytes"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The configuration is judged by the schema of the specification.
func TestConfigFitsSchema(t *testing.T) {
	text, err := os.ReadFile("testdata/model-spec-v0.0.7-config-schema.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	// It says draft-04 and uses $id and $defs, which are of draft 2020-12.
	document.(map[string]any)["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("config.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("config.json")
	if err != nil {
		t.Fatal(err)
	}
	bare := sampleModel()
	bare.Facts = Facts{}
	for name, m := range map[string]Model{"facts": sampleModel(), "bare": bare} {
		a, err := BuildModel(m)
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.Blobs[0].Data))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := schema.Validate(map[string]any{"descriptor": map[string]any{"nmae": "x"}, "config": map[string]any{}, "modelfs": map[string]any{}}); err == nil {
		t.Error("the schema accepts anything")
	}
}
