// Package all is the explicit list of formats, in the order in which they are
// tried. Adding a format is its folder and one line here.
package all

import (
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/format/catboost"
	"github.com/sallyport/sallyport/internal/format/classic"
	"github.com/sallyport/sallyport/internal/format/code"
	"github.com/sallyport/sallyport/internal/format/columnar"
	"github.com/sallyport/sallyport/internal/format/compressed"
	"github.com/sallyport/sallyport/internal/format/coreml"
	"github.com/sallyport/sallyport/internal/format/engine"
	"github.com/sallyport/sallyport/internal/format/executorch"
	"github.com/sallyport/sallyport/internal/format/ggml"
	"github.com/sallyport/sallyport/internal/format/gguf"
	"github.com/sallyport/sallyport/internal/format/hdf5"
	"github.com/sallyport/sallyport/internal/format/image"
	"github.com/sallyport/sallyport/internal/format/json"
	"github.com/sallyport/sallyport/internal/format/keras"
	"github.com/sallyport/sallyport/internal/format/lightgbm"
	"github.com/sallyport/sallyport/internal/format/llamafile"
	"github.com/sallyport/sallyport/internal/format/markdown"
	"github.com/sallyport/sallyport/internal/format/media"
	"github.com/sallyport/sallyport/internal/format/msgpack"
	"github.com/sallyport/sallyport/internal/format/native"
	"github.com/sallyport/sallyport/internal/format/numpy"
	"github.com/sallyport/sallyport/internal/format/office"
	"github.com/sallyport/sallyport/internal/format/onnx"
	"github.com/sallyport/sallyport/internal/format/openvino"
	"github.com/sallyport/sallyport/internal/format/orbax"
	"github.com/sallyport/sallyport/internal/format/ort"
	"github.com/sallyport/sallyport/internal/format/pdf"
	"github.com/sallyport/sallyport/internal/format/pickle"
	"github.com/sallyport/sallyport/internal/format/pmml"
	"github.com/sallyport/sallyport/internal/format/pointer"
	"github.com/sallyport/sallyport/internal/format/rdata"
	"github.com/sallyport/sallyport/internal/format/safetensors"
	"github.com/sallyport/sallyport/internal/format/savedmodel"
	"github.com/sallyport/sallyport/internal/format/sentencepiece"
	"github.com/sallyport/sallyport/internal/format/sevenzip"
	"github.com/sallyport/sallyport/internal/format/skops"
	"github.com/sallyport/sallyport/internal/format/tar"
	"github.com/sallyport/sallyport/internal/format/text"
	"github.com/sallyport/sallyport/internal/format/tfcheckpoint"
	"github.com/sallyport/sallyport/internal/format/tflite"
	"github.com/sallyport/sallyport/internal/format/torch"
	"github.com/sallyport/sallyport/internal/format/torchlegacy"
	"github.com/sallyport/sallyport/internal/format/unsupported"
	"github.com/sallyport/sallyport/internal/format/xgboost"
	"github.com/sallyport/sallyport/internal/format/yaml"
	"github.com/sallyport/sallyport/internal/format/zip"
)

// Formats returns the list. The caller must not change it.
func Formats() []format.Format { return list() }

// list is built on first use, not at start-up. Signatures come first; among the
// weak ones the order decides, plain text is the last resort.
func list() []format.Format {
	return []format.Format{
		pointer.Format, unsupported.Format, native.Format, image.Format, image.SVG, media.Format, media.Font, pdf.Format,
		columnar.Parquet, columnar.Arrow, columnar.Avro, columnar.Records,
		torch.Format, torch.Series, skops.Format, office.Format, keras.Format, zip.Format, safetensors.Format, onnx.Format, onnx.Text, safetensors.Index, gguf.Format, ggml.Format, llamafile.Program, llamafile.Format, orbax.Format, orbax.Zarr, hdf5.Format, numpy.Format, torchlegacy.Format,
		savedmodel.Format, savedmodel.MetaGraph, savedmodel.GraphDef, savedmodel.Function, savedmodel.Text, savedmodel.Message, tfcheckpoint.Format, tfcheckpoint.State,
		tflite.Format, executorch.Format, ort.Format, coreml.Format, coreml.Weights, coreml.Package, coreml.Compiled, openvino.Format,
		engine.Paddle, engine.PaddleParams, engine.PaddleJSON, engine.MNN, engine.MXNetParams, engine.MXNet, engine.NCNN, engine.NCNNBinary, engine.NCNNWeights, engine.Caffe, engine.CaffeText, engine.Compiled,
		xgboost.UBJSON, xgboost.Binary, xgboost.JSON, lightgbm.Format, catboost.Format, catboost.JSON, pmml.Format, rdata.Format, sentencepiece.Format,
		classic.Torch7, classic.CNTK, classic.FastText, classic.SpaCy, classic.POJO, classic.MOJO, classic.Word2Vec,
		tar.Torch, tar.Format, sevenzip.Format, compressed.Format,
		pickle.Format, msgpack.Format, keras.TFJS, keras.Metadata, keras.Config, json.Format, yaml.Module, yaml.Format, markdown.Format, code.Format, text.Format,
	}
}
