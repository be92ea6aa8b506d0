package safetensors

// Type is an element type.
type Type uint8

// Unknown is a type that the format does not have.
const Unknown Type = 0

// types lists names and widths in bits (safetensors/src/tensor.rs, enum Dtype).
var types = [...]struct {
	name string
	bits uint8
}{
	{"unknown", 8}, {"BOOL", 8}, {"U8", 8}, {"I8", 8}, {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8},
	{"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"F4", 4}, {"F6_E2M3", 6}, {"F6_E3M2", 6},
	{"I16", 16}, {"U16", 16}, {"F16", 16}, {"BF16", 16}, {"I32", 32}, {"U32", 32}, {"F32", 32},
	{"C64", 64}, {"F64", 64}, {"I64", 64}, {"U64", 64},
}

// String is the name in the header.
func (t Type) String() string { return types[t].name }

// Bits is the width of one element.
func (t Type) Bits() int { return int(types[t].bits) }

func typeOf(name []byte) Type {
	for i := range types {
		if i > 0 && types[i].name == string(name) {
			return Type(i)
		}
	}
	return Unknown
}
