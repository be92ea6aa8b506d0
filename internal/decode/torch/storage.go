// Package torch knows the storage classes of PyTorch: how wide their elements
// are. Every container of a torch pickle needs it to tell tensor data from
// bytes that hide behind it.
//
// Specification: torch/storage.py, _dtype_to_storage_type_map.
//
// Threat: a wrong width would call bytes tensor data that are not. A class that
// is not in the table has no width.
//
// Not covered: what the tensors mean.
package torch

import "math"

// StorageBytes is the size in bytes of numel elements of a storage class given
// by its module and name, and the dtype of its elements. It fails for classes
// that torch does not have and numbers that cannot be.
func StorageBytes(module, class string, numel int64) (size int64, dtype string, ok bool) {
	if module != "torch" && module != "torch.storage" && module != "torch.cuda" {
		return 0, "", false
	}
	width, dtype := Element(class)
	if width == 0 || numel < 0 || numel > math.MaxInt64/width {
		return 0, "", false
	}
	return numel * width, dtype, true
}

// Element is the width in bytes of one element of a storage class, 0
// when torch has no such class. Types without a class of their own, such as
// float8, are saved as UntypedStorage, which counts bytes.
func Element(class string) (width int64, dtype string) {
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
