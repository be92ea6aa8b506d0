// Package ggml knows how the tensor types of ggml are stored: blocks of so many
// elements in so many bytes. GGUF and the formats before it share them.
//
// Specification: https://github.com/ggml-org/ggml (ggml.h, enum ggml_type; the
// block structures of ggml-common.h). The numbers are data:
// rules/lists/ggml_types.tsv.
//
// Threat: a type that nobody knows, shapes whose product overflows, rows that do
// not fill whole blocks; loaders divided by zero and wrote out of bounds on them.
// Not covered: what the values of a block mean.
package ggml

import (
	"errors"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/rules"
)

// Type is a tensor type. Block is its elements, Bytes their size; both are
// positive.
type Type struct {
	Name         string
	Block, Bytes int64
}

// Reasons why a shape has no size.
var (
	ErrOverflow = errors.New("the product of the shape overflows")
	ErrBlock    = errors.New("a row does not fill whole blocks")
)

// Lookup finds a type by its number.
func Lookup(id uint32) (Type, bool) {
	all := types()
	if id >= uint32(len(all)) || all[id].Bytes == 0 {
		return Type{}, false
	}
	return all[id], true
}

var types = sync.OnceValue(func() []Type {
	var all []Type
	for line := range strings.Lines(rules.GGMLTypes) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		id, err := strconv.Atoi(f[0])
		if err != nil || len(f) != 4 {
			continue // the header line
		}
		for len(all) <= id {
			all = append(all, Type{})
		}
		block, _ := strconv.ParseInt(f[2], 10, 64)
		size, _ := strconv.ParseInt(f[3], 10, 64)
		all[id] = Type{f[1], block, size}
	}
	return all
})

// Size multiplies a shape, checking every step. dims begins with the length of a
// row, which must fill whole blocks.
func (t Type) Size(dims []uint64) (elements, bytes int64, err error) {
	n := uint64(1)
	for _, d := range dims {
		hi, lo := bits.Mul64(n, d)
		if hi != 0 || lo > math.MaxInt64 {
			return 0, 0, ErrOverflow
		}
		n = lo
	}
	row := uint64(1)
	if len(dims) > 0 {
		row = dims[0]
	}
	if row%uint64(t.Block) != 0 {
		return int64(n), 0, ErrBlock
	}
	hi, lo := bits.Mul64(n/uint64(t.Block), uint64(t.Bytes))
	if hi != 0 || lo > math.MaxInt64 {
		return int64(n), 0, ErrOverflow
	}
	return int64(n), int64(lo), nil
}
