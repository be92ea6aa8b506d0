package registry

import (
	"errors"
	"testing"
)

// What CheckForm lets pass, every client writes out as it was scanned.
func TestCheckForm(t *testing.T) {
	tests := []struct {
		name   string
		change func(m *Manifest)
		ok     bool
	}{
		{"as_built", func(*Manifest) {}, true},
		{"archive", func(m *Manifest) { m.Layers[0].MediaType = "application/vnd.cncf.model.weight.v1.tar" }, false},
		{"image_layer", func(m *Manifest) { m.Layers[0].MediaType = "application/vnd.oci.image.layer.v1.tar+gzip" }, false},
		{"unpack", func(m *Manifest) { m.Layers[0].Annotations["io.deis.oras.content.unpack"] = "true" }, false},
		{"other_config", func(m *Manifest) { m.Config.MediaType = "application/vnd.oci.image.config.v1+json" }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := &Manifest{Config: Descriptor{MediaType: TypeModelConfig}, Layers: []Descriptor{
				{MediaType: TypeWeight, Annotations: map[string]string{AnnotationPath: "a", AnnotationTitle: "a"}}, {MediaType: TypeDoc}, {MediaType: TypeCode}, {MediaType: TypeWeightConfig}}}
			tt.change(m)
			if err := CheckForm(m); (err == nil) != tt.ok || err != nil && !errors.Is(err, ErrCorrupt) {
				t.Error(err)
			}
		})
	}
}
