package msgpack

import (
	"strconv"
	"strings"
)

// dtypes are the names that NumPy and ml_dtypes have for element types, with the
// safetensors name and the bytes of one element in memory. Types of fewer than
// eight bits take a byte there.
var dtypes = [...]struct {
	name, short string
	size        int64
}{
	{"bool", "BOOL", 1}, {"int8", "I8", 1}, {"uint8", "U8", 1}, {"int16", "I16", 2}, {"uint16", "U16", 2}, {"int32", "I32", 4}, {"uint32", "U32", 4},
	{"int64", "I64", 8}, {"uint64", "U64", 8}, {"float16", "F16", 2}, {"bfloat16", "BF16", 2}, {"float32", "F32", 4}, {"float64", "F64", 8},
	{"complex64", "C64", 8}, {"complex128", "C128", 16}, {"float128", "F128", 16}, {"complex256", "C256", 32},
	{"float8_e4m3", "F8_E4M3", 1}, {"float8_e4m3fn", "F8_E4M3", 1}, {"float8_e5m2", "F8_E5M2", 1}, {"float8_e4m3fnuz", "F8_E4M3FNUZ", 1},
	{"float8_e5m2fnuz", "F8_E5M2FNUZ", 1}, {"float8_e4m3b11fnuz", "F8_E4M3B11FNUZ", 1}, {"float8_e3m4", "F8_E3M4", 1}, {"float8_e8m0fnu", "F8_E8M0", 1},
	{"float4_e2m1fn", "F4", 1}, {"float6_e2m3fn", "F6_E2M3", 1}, {"float6_e3m2fn", "F6_E3M2", 1},
	{"int1", "I1", 1}, {"uint1", "U1", 1}, {"int2", "I2", 1}, {"uint2", "U2", 1}, {"int4", "I4", 1}, {"uint4", "U4", 1},
}

// dtypeOf finds a type by name; its size is 0 when nobody knows it.
func dtypeOf(name string) (short string, size int64) {
	for i := range dtypes {
		if dtypes[i].name == name {
			return dtypes[i].short, dtypes[i].size
		}
	}
	if strings.HasPrefix(name, "datetime64") || strings.HasPrefix(name, "timedelta64") {
		return strings.ToUpper(name), 8
	}
	for _, kind := range [...]string{"str", "bytes", "void"} { // their names end in bits
		if bits, ok := strings.CutPrefix(name, kind); ok {
			n, err := strconv.ParseUint(bits, 10, 31)
			if err == nil && n > 0 && n%8 == 0 {
				return strings.ToUpper(kind), int64(n / 8)
			}
		}
	}
	return "", 0
}

// descrOf reads the short form of a type: "<f4".
func descrOf(s string) (short string, size int64) {
	s = strings.TrimLeft(s, "|<>=")
	if len(s) < 2 || strings.IndexByte("biufc", s[0]) < 0 {
		return "", 0
	}
	n, err := strconv.ParseUint(s[1:], 10, 8)
	if err != nil || n == 0 || n > 32 {
		return "", 0
	}
	names := map[byte]string{'b': "BOOL", 'i': "I", 'u': "U", 'f': "F", 'c': "C"}
	if s[0] == 'b' {
		return names['b'], int64(n)
	}
	return names[s[0]] + strconv.FormatUint(8*n, 10), int64(n)
}
