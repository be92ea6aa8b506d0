// Package all is the explicit list of formats, in the order in which they are
// tried. Adding a format is its folder and one line here.
package all

import (
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/format/code"
	"github.com/sallyport/sallyport/internal/format/compressed"
	"github.com/sallyport/sallyport/internal/format/executorch"
	"github.com/sallyport/sallyport/internal/format/ggml"
	"github.com/sallyport/sallyport/internal/format/gguf"
	"github.com/sallyport/sallyport/internal/format/hdf5"
	"github.com/sallyport/sallyport/internal/format/image"
	"github.com/sallyport/sallyport/internal/format/json"
	"github.com/sallyport/sallyport/internal/format/keras"
	"github.com/sallyport/sallyport/internal/format/llamafile"
	"github.com/sallyport/sallyport/internal/format/markdown"
	"github.com/sallyport/sallyport/internal/format/msgpack"
	"github.com/sallyport/sallyport/internal/format/native"
	"github.com/sallyport/sallyport/internal/format/numpy"
	"github.com/sallyport/sallyport/internal/format/onnx"
	"github.com/sallyport/sallyport/internal/format/orbax"
	"github.com/sallyport/sallyport/internal/format/ort"
	"github.com/sallyport/sallyport/internal/format/pickle"
	"github.com/sallyport/sallyport/internal/format/pointer"
	"github.com/sallyport/sallyport/internal/format/safetensors"
	"github.com/sallyport/sallyport/internal/format/sevenzip"
	"github.com/sallyport/sallyport/internal/format/skops"
	"github.com/sallyport/sallyport/internal/format/tar"
	"github.com/sallyport/sallyport/internal/format/text"
	"github.com/sallyport/sallyport/internal/format/tflite"
	"github.com/sallyport/sallyport/internal/format/torch"
	"github.com/sallyport/sallyport/internal/format/torchlegacy"
	"github.com/sallyport/sallyport/internal/format/unsupported"
	"github.com/sallyport/sallyport/internal/format/yaml"
	"github.com/sallyport/sallyport/internal/format/zip"
)

// Formats returns the list. The caller must not change it.
func Formats() []format.Format { return list() }

// list is built on first use, not at start-up. Signatures come first; among the
// weak ones the order decides, plain text is the last resort.
func list() []format.Format {
	return []format.Format{
		pointer.Format, unsupported.Format, native.Format, image.Format, image.SVG,
		torch.Format, skops.Format, keras.Format, zip.Format, safetensors.Format, onnx.Format, onnx.Text, safetensors.Index, gguf.Format, ggml.Format, llamafile.Program, llamafile.Format, orbax.Format, orbax.Zarr, hdf5.Format, numpy.Format, torchlegacy.Format,
		tflite.Format, executorch.Format, ort.Format,
		tar.Torch, tar.Format, sevenzip.Format, compressed.Format,
		pickle.Format, msgpack.Format, keras.TFJS, keras.Metadata, keras.Config, json.Format, yaml.Format, markdown.Format, code.Format, text.Format,
	}
}
