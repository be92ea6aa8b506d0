package torch

import (
	"math"
	"strings"

	"github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/format"
)

// storageBytes is the size in bytes of a storage and the dtype of its elements.
// It fails for types that torch does not have and numbers that cannot be.
func storageBytes(s *pickle.Storage) (size int64, dtype string, ok bool) {
	if s.Module != "torch" && s.Module != "torch.storage" && s.Module != "torch.cuda" {
		return 0, "", false
	}
	width, dtype := element(s.Type)
	if width == 0 || s.Numel < 0 || s.Numel > math.MaxInt64/width {
		return 0, "", false
	}
	return s.Numel * width, dtype, true
}

// element is the width in bytes of one element of a storage class (torch/storage.py
// _dtype_to_storage_type_map). Types without a class of their own, such as
// float8, are saved as UntypedStorage, which counts bytes.
func element(class string) (width int64, dtype string) {
	switch class {
	case "DoubleStorage":
		return 8, "float64"
	case "FloatStorage":
		return 4, "float32"
	case "HalfStorage":
		return 2, "float16"
	case "BFloat16Storage":
		return 2, "bfloat16"
	case "LongStorage":
		return 8, "int64"
	case "IntStorage":
		return 4, "int32"
	case "ShortStorage":
		return 2, "int16"
	case "CharStorage":
		return 1, "int8"
	case "ByteStorage":
		return 1, "uint8"
	case "BoolStorage":
		return 1, "bool"
	case "ComplexFloatStorage":
		return 8, "complex64"
	case "ComplexDoubleStorage":
		return 16, "complex128"
	case "QUInt8Storage":
		return 1, "quint8"
	case "QInt8Storage":
		return 1, "qint8"
	case "QInt32Storage":
		return 4, "qint32"
	case "QUInt4x2Storage":
		return 1, "quint4x2"
	case "QUInt2x4Storage":
		return 1, "quint2x4"
	case "UntypedStorage":
		return 1, "untyped"
	}
	return 0, ""
}

// longestRecord is the longest small record that torch writes, in bytes.
const longestRecord = 64

// small explains the records that hold one known value.
func (t *reader) small(root string) {
	for _, s := range smallRecords {
		t.name = append(append(t.name[:0], root...), s.name...)
		for i := t.a.Find(t.name); i >= 0; i = t.a.Next(i) {
			e := &t.a.Entries[i]
			if e.Offset < 0 || e.Method != 0 || e.Length > longestRecord || e.Length != e.Size || e.Shared || t.records[i].done {
				continue
			}
			if p, err := t.in.R.Bytes(e.Offset, e.Length); err == nil && s.valid(p) {
				t.records[i].done = true
				t.span(e, format.Span{Kind: format.Structure})
			}
		}
	}
}

var smallRecords = [...]struct {
	name  string
	valid func([]byte) bool
}{
	{"/version", number},
	{"/.format_version", number},
	{"/.storage_alignment", number},
	{"/.data/serialization_id", number},
	{"/.data/version", number},
	{"/byteorder", func(p []byte) bool { return string(p) == "little" || string(p) == "big" }},
}

// number accepts decimal digits and at most one newline behind them.
func number(p []byte) bool {
	digits := strings.TrimSuffix(string(p), "\n")
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return digits != ""
}
