package json

import (
	"path"
	"strings"

	decode "github.com/sallyport/sallyport/internal/decode/json"
)

// builtinHandlers are TorchServe's own; they are no code of the archive.
var builtinHandlers = []string{"image_classifier", "image_segmenter", "object_detector", "text_classifier", "base_handler"}

// manifest reports whether this is the manifest of a TorchServe archive
// (https://github.com/pytorch/serve/blob/master/model-archiver/README.md), packed
// or not.
func (c *collector) manifest() bool {
	full := c.in.Path
	if k := len(c.in.Inside); k > 0 {
		full = c.in.Inside[k-1]
	}
	full = strings.ToLower(strings.ReplaceAll(full, `\`, "/"))
	return path.Base(full) == "manifest.json" && path.Base(path.Dir(full)) == "mar-inf"
}

// serve judges what a model server does with the archive: import its handler,
// install its requirements.
func (c *collector) serve(p *decode.Parser, v *decode.Value, name string) {
	if p.Depth() != 2 || string(p.Key(0)) != "model" {
		return
	}
	switch key := string(p.Key(1)); key {
	case "handler", "modelFile":
		file, _, _ := strings.Cut(name, ":")
		for _, own := range builtinHandlers {
			if file == own && key == "handler" {
				return
			}
		}
		c.raise(p, v, "SP-SERVE-001", name, "TorchServe imports "+quote(name)+" from this archive as soon as the model is registered.")
	case "requirementsFile":
		c.raise(p, v, "SP-SERVE-002", name, "TorchServe can install the packages in "+quote(name)+" of this archive, and installing runs their code.")
	}
}
