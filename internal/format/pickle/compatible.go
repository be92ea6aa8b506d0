package pickle

import (
	"fmt"
	"slices"
	"strings"

	decode "github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

// factCompatible says whether torch.load(weights_only=True) of PyTorch 2.15 takes
// the pickle of a checkpoint, and why not. It tells who can load the file, and
// nothing about safety: the restricted reader has had holes of its own.
const factCompatible = "torch.weights_only.compatible"

// compatible is the fact for the object of a PyTorch checkpoint; nothing for
// other pickles, which have no storages, and for programs of TorchScript.
func compatible(in *format.Input, t *decode.Trace) []finding.Fact {
	if in.Parsed == nil || t.Script || t.Numbered || in.Name != "data.pkl" && in.Name != "object" && !strings.HasSuffix(in.Name, "/data.pkl") {
		return nil
	}
	value := "true"
	if why := refusal(t); why != "" {
		value = "false: " + why
	}
	return []finding.Fact{{Key: factCompatible, Value: value}}
}

// refusal is the first reason for which the restricted reader gives up.
func refusal(t *decode.Trace) string {
	type reason struct {
		at  int64
		why string
	}
	var all []reason
	note := func(at int64, why string) { all = append(all, reason{at, why}) }
	if !t.Stopped {
		note(t.End, "the stream has no end")
	}
	names := map[int]bool{}
	for i := range t.Imports {
		n := &t.Imports[i]
		if names[i] = unrestricted(n.RealModule, n.RealName); !names[i] || n.Op != 'c' {
			note(n.Offset, "imports "+show(n.RealModule+"."+n.RealName))
		}
	}
	for i := range t.Calls {
		if c := &t.Calls[i]; c.Callee.Kind != decode.Imported || c.Callee.Import < 0 {
			note(c.Offset, "calls what another call returned")
		}
	}
	for i := range t.Writes {
		if w := &t.Writes[i]; !takesWrite(t, w) {
			note(w.Offset, "changes an object in a way that is not allowed")
		}
	}
	for i := range t.Persistent {
		if t.Persistent[i].Value.Kind != decode.Number {
			note(t.Persistent[i].Offset, "refers to something that is no storage")
		}
	}
	if f := t.Foreign; f.Op != 0 {
		note(f.Offset, fmt.Sprintf("instruction 0x%02x at byte %d", byte(f.Op), f.Offset))
	}
	if len(all) == 0 {
		return ""
	}
	return slices.MinFunc(all, func(a, b reason) int { return int(a.at - b.at) }).why
}

// takesWrite reports whether the restricted reader executes a write: attributes of
// the classes that it knows, items of its mappings.
func takesWrite(t *decode.Trace, w *decode.Write) bool {
	if w.Target.Kind != decode.Object || w.Target.Import < 0 {
		return false
	}
	n := &t.Imports[w.Target.Import]
	counted := n.RealModule == "collections" && (n.RealName == "OrderedDict" || n.RealName == "Counter")
	switch w.Op {
	case 's', 'u':
		return counted
	case 'b':
		return counted || n.RealModule == "torch.nn.parameter"
	}
	return false
}

// unrestricted is the list of names in torch/_weights_only_unpickler.py.
func unrestricted(module, name string) bool {
	switch module {
	case "collections":
		return name == "OrderedDict" || name == "Counter"
	case "torch.nn.parameter":
		return name == "Parameter"
	case "torch.serialization":
		return name == "_get_layout"
	case "torch._tensor":
		return name == "_rebuild_from_type_v2"
	case "_codecs":
		return name == "encode"
	case "builtins":
		return name == "bytearray" || name == "set" || name == "complex"
	case "torch.storage":
		return name == "TypedStorage" || name == "UntypedStorage"
	case "torch._utils":
		return among(rebuilders, name)
	case "torch.sparse", "torch.cuda.sparse":
		kind, ok := strings.CutSuffix(name, "Tensor")
		return ok && kind != "Bool" && among(tensorKinds, kind)
	case "torch.cuda", "torch":
		if kind, ok := strings.CutSuffix(name, "Tensor"); ok && (kind != "" || module == "torch") {
			return kind == "" || among(tensorKinds, kind)
		}
		if kind, ok := strings.CutSuffix(name, "Storage"); ok {
			return among(tensorKinds, kind) || among("ComplexDouble ComplexFloat", kind) || module == "torch" && among("QInt32 QInt8 QUInt2x4 QUInt4x2 QUInt8", kind)
		}
		return module == "torch" && among(constants, name)
	}
	return false
}

const (
	tensorKinds = "BFloat16 Bool Byte Char Double Float Half Int Long Short"
	rebuilders  = "_rebuild_device_tensor_from_cpu_tensor _rebuild_device_tensor_from_numpy _rebuild_meta_tensor_no_storage _rebuild_parameter " +
		"_rebuild_parameter_with_state _rebuild_qtensor _rebuild_sparse_tensor _rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_wrapper_subclass"
	constants = "Size device bcomplex32 bfloat16 bits16 bits1x8 bits2x4 bits4x2 bits8 bool complex128 complex32 complex64 float16 float32 float4_e2m1fn_x2 float64 " +
		"float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu int1 int16 int2 int3 int32 int4 int5 int6 int64 int7 int8 " +
		"uint1 uint16 uint2 uint3 uint32 uint4 uint5 uint6 uint64 uint7 uint8 per_channel_affine per_channel_affine_float_qparams per_channel_symmetric " +
		"per_tensor_affine per_tensor_symmetric qint32 qint8 quint2x4 quint4x2 quint8"
)

// among reports whether word is one of the words of a list.
func among(list, word string) bool {
	return word != "" && strings.Contains(" "+list+" ", " "+word+" ")
}
