// Package rules embeds the lists that go with the rule catalogue. The catalogue
// itself lies beside it, one folder per rule, and is compiled into package rule.
package rules

import _ "embed"

// SafeGlobals names what a pickle may import: module, name, tier (A inert data,
// B class of a known library, C conditional on arguments), id of the condition,
// user and source, as tab-separated text with one header line, sorted bytewise by
// module and name. gen_lists.py adds to it; LookupGlobal reads it.
//
//go:embed lists/safe_globals.tsv
var SafeGlobals string

// Gadgets names what a pickle must never import: module, name ("*" for all),
// effect, sources and check, as tab-separated text with one header line, sorted
// in the same way.
//
//go:embed lists/gadgets.tsv
var Gadgets string

// UnreadFormats names the endings of model formats that this version does not
// read: ending, title, as tab-separated text with one header line.
//
//go:embed lists/unread_formats.tsv
var UnreadFormats string

// UnreadMagics says by which bytes archives and disk images are known that this
// version does not open: offset, the bytes in hexadecimal (".." is any), title, as
// tab-separated text with one header line, sorted by the first two fields.
//
//go:embed lists/unread_magics.tsv
var UnreadMagics string

// TorchOperators says what operators of PyTorch do that a TorchScript or exported
// program can call: namespace, name ("*" for all others), effect ("inert" for
// computing on tensors), as tab-separated text with one header line, sorted
// bytewise by namespace and name. The namespace "torch.classes" holds namespaces
// of custom classes.
//
//go:embed lists/torch_operators.tsv
var TorchOperators string

// SkopsLoaders says which classes a loader of a skops file can stand with: loader,
// module ("*" for any that SafeGlobals has), classes with spaces between them ("*"
// for any), as tab-separated text with one header line, sorted bytewise by loader
// and module. Loaders that call what the file names are left out.
//
//go:embed lists/skops_loaders.tsv
var SkopsLoaders string

// GGUFKeys says which type and range the values of known GGUF keys have: the part
// of the key before its first dot ("*" for the name of any architecture), the rest
// ("#" for a number), types with commas between them ("[string]" is an array),
// least and greatest value or nothing, as tab-separated text with one header line,
// sorted bytewise by the first two fields.
//
//go:embed lists/gguf_keys.tsv
var GGUFKeys string

// GGMLTypes says how tensors of ggml are stored: number of the type, name, elements
// of a block, bytes of a block, as tab-separated text with one header line.
//
//go:embed lists/ggml_types.tsv
var GGMLTypes string

// OnnxDomains names the domains of ONNX operators that somebody known brings
// along: domain, library ("" for the runtime itself), as tab-separated text with
// one header line, sorted bytewise.
//
//go:embed lists/onnx_domains.tsv
var OnnxDomains string

// OnnxOperators says what operators of ONNX graphs do: domain, name ("*" for all
// others), effect ("inert" for computing on tensors; "python" calls Python code by
// name, "dispatch" calls an operator of another library by name, "engine" runs a
// program compiled for one device, "network" and "file" reach out), as
// tab-separated text with one header line, sorted bytewise by domain and name.
// gen_onnx.py writes it.
//
//go:embed lists/onnx_operators.tsv
var OnnxOperators string

// TFLiteOperators says what operators do that a TensorFlow Lite model can name
// besides the builtin ones: kind, name, effect, who brings them along, as
// tab-separated text with one header line, sorted bytewise by kind and name. Kind
// "custom" holds custom operators with what their options are ("flexbuffer",
// "raw", or a "program" for an accelerator), kind "flex" TensorFlow's own with what
// they reach ("inert", "print", "file", "file-read", "file-write", "python",
// "network", "process").
//
//go:embed lists/tflite_operators.tsv
var TFLiteOperators string

// ZarrCodecs says what the codecs do that turn the chunks of a Zarr array into
// values: version of the format, name, effect ("inert", or "exec" for unpickling),
// as tab-separated text with one header line, sorted bytewise by version and name.
//
//go:embed lists/zarr_codecs.tsv
var ZarrCodecs string

// KerasClasses says what a configuration of Keras may name: module ("*" for a
// class of any module of Keras), name, kind, as tab-separated text with one header
// line, sorted bytewise by module and name. gen_keras.py writes it and says what
// the kinds mean.
//
//go:embed lists/keras_classes.tsv
var KerasClasses string

// ExecuTorchNames names what runtimes of ExecuTorch bring along: kind ("backend"
// or a "namespace" of operators), name, effect, whose it is, as tab-separated text
// with one header line, sorted bytewise by kind and name.
//
//go:embed lists/executorch_names.tsv
var ExecuTorchNames string

// RuntimeOperators says what operators of graph runtimes do: runtime ("coreml",
// "openvino", "ncnn", "paddle", "mxnet", "caffe", and "openvino-extension" and
// "tensorrt" for what known libraries add), name, effect ("inert" for
// computing on tensors; other words are explained in gen_runtimes.py), as
// tab-separated text with one header line, sorted bytewise by runtime and name.
// gen_runtimes.py writes it.
//
//go:embed lists/runtime_operators.tsv
var RuntimeOperators string

// TFOperators says what the operators of TensorFlow do: name, effect, detail, as
// tab-separated text with one header line, sorted bytewise by name. "inert"
// computes. "file" reads or writes a file that its input names, "write" writes,
// "read" reads data from files; "asset0" and "asset1" read the file that this input
// names, which may be an asset of the model; "save" and "restore" are what the
// saver of a model uses; "python", "network" and "native" call Python, reach other
// machines, run other programs; "module" and "graph" hold compiled code or a graph
// as data. A detail limits "write", "read" and "network": the effect is there when
// the attribute of that name is filled, or the input of that number is not the
// empty string. "library" operators come with the library that the detail names.
// gen_tf.py writes it.
//
//go:embed lists/tf_ops.tsv
var TFOperators string

// RFunctions says what functions of R do that a function kept in a file can call:
// package ("*" for those that are always there), name, effect, as tab-separated
// text with one header line, sorted bytewise by package and name. gen_r.py writes
// it and says what the effects mean.
//
//go:embed lists/r_functions.tsv
var RFunctions string
