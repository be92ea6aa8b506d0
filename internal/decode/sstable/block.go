package sstable

import (
	"encoding/binary"
	"errors"

	"github.com/sallyport/sallyport/internal/bounded"
)

// Block is the entries of one block. Key, Value and Offset are about the present
// one and change with Next; Value stays valid.
type Block struct {
	Key    []byte
	Value  []byte
	Offset int64 // of the entry in the view; of the block when it is compressed
	InFile int64 // of the value in the view, -1 when the block is compressed

	at    int64
	plain bool
	data  []byte
	end   int // of the entries
	next  int
	err   error
}

// restarts finds the end of the entries: behind them stand the places where keys
// share nothing, and how many of them there are.
func (b *Block) restarts() error {
	if len(b.data) < 4 {
		return &SyntaxError{b.at, "a block is too short"}
	}
	n := uint64(binary.LittleEndian.Uint32(b.data[len(b.data)-4:]))
	if n > uint64(len(b.data)-4)/4 {
		return &SyntaxError{b.at, "a block has more restarts than bytes"}
	}
	b.end = len(b.data) - 4 - int(n)*4
	return nil
}

// Err says why Next ended early.
func (b *Block) Err() error { return b.err }

// Next moves to the next entry and reports whether there is one.
func (b *Block) Next() bool {
	if b.err != nil || b.next >= b.end {
		return false
	}
	p := b.data[b.next:b.end]
	var v [3]uint64 // shared, not shared, length of the value
	used := 0
	for i := range v {
		n := 0
		if v[i], n = binary.Uvarint(p[used:]); n <= 0 || v[i] > uint64(len(b.data)) {
			return b.fail("an entry has an impossible length")
		}
		used += n
	}
	rest := uint64(len(p) - used)
	if v[0] > uint64(len(b.Key)) || v[1] > rest || v[2] > rest-v[1] || v[0]+v[1] > bounded.MaxStringKept {
		return b.fail("an entry is longer than its block")
	}
	b.Key = append(b.Key[:v[0]], p[used:used+int(v[1])]...)
	used += int(v[1])
	b.Value = p[used : used+int(v[2])]
	b.Offset, b.InFile = b.at, -1
	if b.plain {
		b.Offset = b.at + int64(b.next)
		b.InFile = b.Offset + int64(used)
	}
	b.next += used + int(v[2])
	return true
}

func (b *Block) fail(what string) bool {
	off := b.at
	if b.plain {
		off += int64(b.next)
	}
	b.err = &SyntaxError{off, what}
	return false
}

var errSnappy = errors.New("a compressed block is corrupt")

// unsnap decodes a block of snappy
// (https://github.com/google/snappy/blob/main/format_description.txt).
func unsnap(p []byte, budget *bounded.Budget) ([]byte, error) {
	size, n := binary.Uvarint(p)
	if n <= 0 || size > uint64(len(p))*maxGrowth {
		return nil, errSnappy
	}
	if size > bounded.MaxBlock {
		return nil, budget.Reach("block", bounded.MaxBlock)
	}
	if err := budget.Hidden(int64(size), 0); err != nil {
		return nil, err
	}
	out := make([]byte, 0, size)
	for p = p[n:]; len(p) > 0; {
		length, distance, used := element(p)
		switch {
		case used == 0 || length > int(size)-len(out):
			return nil, errSnappy
		case distance < 0: // literal
			if length > len(p)-used {
				return nil, errSnappy
			}
			out = append(out, p[used:used+length]...)
			used += length
		case distance == 0 || distance > len(out):
			return nil, errSnappy
		default:
			for ; length > 0; length-- { // may overlap what it writes
				out = append(out, out[len(out)-distance])
			}
		}
		p = p[used:]
	}
	if len(out) != int(size) {
		return nil, errSnappy
	}
	return out, nil
}

// maxGrowth is how many bytes one byte of snappy can stand for: a copy of three
// bytes makes 64.
const maxGrowth = 64

// element decodes a tag: a literal (distance -1) or a copy. used is 0 when it is cut off.
func element(p []byte) (length, distance, used int) {
	tag := int(p[0])
	switch tag & 3 {
	case 0:
		length = tag>>2 + 1
		extra := tag>>2 - 59
		if extra <= 0 {
			return length, -1, 1
		}
		if len(p) < 1+extra {
			return 0, 0, 0
		}
		length = 1
		for i := range extra {
			length += int(p[1+i]) << (8 * i)
		}
		return length, -1, 1 + extra
	case 1:
		if len(p) < 2 {
			return 0, 0, 0
		}
		return tag>>2&7 + 4, tag>>5<<8 | int(p[1]), 2
	case 2:
		if len(p) < 3 {
			return 0, 0, 0
		}
		return tag>>2 + 1, int(p[1]) | int(p[2])<<8, 3
	}
	if len(p) < 5 {
		return 0, 0, 0
	}
	return tag>>2 + 1, int(binary.LittleEndian.Uint32(p[1:])), 5
}
