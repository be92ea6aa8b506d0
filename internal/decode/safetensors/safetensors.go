// Package safetensors reads the header of a safetensors file: eight bytes of
// length, a JSON object that names tensors, then their bytes.
//
// Specification: https://github.com/huggingface/safetensors (format section and
// safetensors/src/tensor.rs, 0.7), which refuses holes, overlaps and trailing
// bytes. This reader reports them and reads on.
//
// Threat: a header that names a tensor twice, ranges that overlap or leave the
// file, products that overflow, a header as large as memory. The JSON is read
// as a stream; per tensor a few numbers are kept and never its name.
//
// Not covered: tensor bytes; what the metadata means (format/safetensors).
package safetensors

import (
	"cmp"
	"errors"
	"math/bits"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
)

// lengthSize is the size of the header's length in bytes.
const lengthSize = 8

// Tensor is one entry of the header. Begin and End are offsets in the file.
type Tensor struct {
	Begin, End int64
	Elements   int64
	Row        int64 // bytes of one step along the first dimension, 0 for a vector
	Type       Type
	Bad        bool // its range does not hold what it declares

	nameAt  int64 // where its name is written, in the file
	nameLen int32
	hash    uint64
}

// Kind says what is wrong.
type Kind int

// Kinds of Problem.
const (
	Malformed    Kind = iota // the JSON breaks off; nothing behind it was read
	Limit                    // a limit was reached; nothing behind it was read
	HeaderLength             // the header is declared longer than the file
	Duplicate                // a key stands twice
	Overlap                  // two tensors share bytes
	Outside                  // a range beyond the data, or backwards
	ShapeSize                // shape and type do not give the length
	Overflow                 // the product of the shape does not fit
	UnknownType              // a type that the format does not have
	UnknownField             // a field of a tensor that the format does not have
	NotText                  // a metadata value that is not a string
)

// Problem is one thing wrong. Name is the tensor or key, Offset in the file.
type Problem struct {
	Kind           Kind
	Name           string
	Offset, Length int64
	Detail         string
}

// File is what the header says.
type File struct {
	HeaderLength int64    // as declared
	Data         int64    // offset of the first tensor byte
	Tensors      []Tensor // by offset
	Problems     []Problem
	Complete     bool // the header was read to its end

	r    *bounded.Reader
	each func(name []byte, t *Tensor, shape []uint64)
}

// Read parses the header. metadata is called for every value of __metadata__,
// with the offset of its text in the file; the value is valid during the call.
func Read(r *bounded.Reader, metadata func(key string, value []byte, off int64)) *File {
	return ReadEach(r, metadata, nil)
}

// ReadEach is Read that tells each as well of every tensor, in the order of the
// header, with its name (escapes resolved) and shape, which are kept nowhere
// else and valid during the call.
func ReadEach(r *bounded.Reader, metadata func(key string, value []byte, off int64), each func(name []byte, t *Tensor, shape []uint64)) *File {
	f := &File{r: r, each: each}
	c := r.NewCursor(0)
	n, err := c.Uint64()
	c.Close()
	switch {
	case err != nil || n > uint64(r.Size()-lengthSize):
		f.HeaderLength = int64(n & (1<<63 - 1))
		f.problem(HeaderLength, "", 0, min(lengthSize, r.Size()), "")
		return f
	case n > bounded.MaxTensorHeader:
		f.problem(Limit, "", 0, r.Size(), r.Budget().Reach("tensor-header", bounded.MaxTensorHeader).Error())
		return f
	}
	f.HeaderLength, f.Data = int64(n), lengthSize+int64(n)
	f.parse(metadata)
	slices.SortFunc(f.Tensors, func(x, y Tensor) int { return cmp.Or(cmp.Compare(x.Begin, y.Begin), cmp.Compare(x.End, y.End)) })
	f.duplicates()
	f.overlaps()
	return f
}

func (f *File) parse(metadata func(key string, value []byte, off int64)) {
	s := &scanner{f: f, metadata: metadata}
	view, err := f.r.Section(0, f.Data)
	if err == nil {
		s.c = view.NewCursor(lengthSize)
		defer s.c.Close()
		err = s.header()
	}
	var limit *bounded.LimitError
	switch {
	case err == nil:
		f.Complete = true
	case errors.As(err, &limit):
		f.problem(Limit, "", s.c.Offset(), f.Data-s.c.Offset(), err.Error())
	default:
		f.problem(Malformed, "", s.c.Offset(), f.Data-s.c.Offset(), err.Error())
	}
}

func (f *File) problem(k Kind, name string, off, n int64, detail string) {
	if len(f.Problems) <= bounded.MaxFindings {
		f.Problems = append(f.Problems, Problem{k, name, off, n, detail})
	}
}

// Name is the name of a tensor as it is written in the header, escapes not
// resolved, cut at 64 KiB.
func (f *File) Name(t *Tensor) string {
	p, err := f.r.Bytes(t.nameAt, int64(min(t.nameLen, bounded.MaxStringKept)))
	if err != nil {
		return ""
	}
	return string(p)
}

// place checks a tensor's range and size. begin and end count from the data.
func (f *File) place(t *Tensor, name []byte, shape []uint64, begin, end uint64) {
	room := uint64(f.r.Size() - f.Data)
	t.Begin, t.End = f.Data+int64(min(begin, room)), f.Data+int64(min(end, room))
	if begin > end || end > room {
		t.Bad, t.End = true, max(t.Begin, t.End)
		f.problem(Outside, string(name), t.nameAt, int64(t.nameLen), "")
	}
	elements, size, ok := t.Type.size(shape)
	switch {
	case !ok:
		t.Bad = true
		f.problem(Overflow, string(name), t.nameAt, int64(t.nameLen), "")
	case t.Type == Unknown:
		t.Bad = true
	case end >= begin && size != end-begin:
		t.Bad = true
		f.problem(ShapeSize, string(name), t.nameAt, int64(t.nameLen), "")
	}
	t.Elements = int64(elements)
	if len(shape) > 1 && shape[0] > 0 {
		t.Row = (t.End - t.Begin) / int64(shape[0])
	}
	if f.each != nil {
		f.each(name, t, shape)
	}
}

// size multiplies the shape, checking every step, and returns elements and
// bytes. It fails when a number exceeds 63 bits, or bits do not fill bytes.
func (t Type) size(shape []uint64) (elements, size uint64, ok bool) {
	elements = 1
	for _, d := range shape {
		hi, lo := bits.Mul64(elements, d)
		if hi != 0 || lo > 1<<63-1 {
			return 0, 0, false
		}
		elements = lo
	}
	hi, lo := bits.Mul64(elements, uint64(t.Bits()))
	if hi != 0 || lo > 1<<63-1 {
		return 0, 0, false
	}
	if lo%8 != 0 {
		return elements, 1<<64 - 1, true // fits no range: a mismatch
	}
	return elements, lo / 8, true
}

// duplicates finds tensors of one name by 64-bit hashes: a false hit needs a
// file that was made for it.
func (f *File) duplicates() {
	type seen struct {
		hash uint64
		at   int32
	}
	all := make([]seen, len(f.Tensors))
	for i := range f.Tensors {
		all[i] = seen{f.Tensors[i].hash, int32(i)}
	}
	slices.SortFunc(all, func(x, y seen) int {
		return cmp.Or(cmp.Compare(x.hash, y.hash), cmp.Compare(f.Tensors[x.at].nameAt, f.Tensors[y.at].nameAt))
	})
	for i := 1; i < len(all); i++ {
		if all[i].hash == all[i-1].hash {
			t := &f.Tensors[all[i].at]
			f.problem(Duplicate, f.Name(t), t.nameAt, int64(t.nameLen), "")
		}
	}
}

func (f *File) overlaps() {
	end := f.Data
	for i := range f.Tensors {
		t := &f.Tensors[i]
		if t.Begin < end && t.End > t.Begin {
			f.problem(Overlap, f.Name(t), t.Begin, min(end, t.End)-t.Begin, "")
		}
		end = max(end, t.End)
	}
}
