// Package sstable reads sorted tables of keys and values, as LevelDB writes them
// and TensorFlow keeps its checkpoints in: blocks of entries, an index of the
// blocks, a footer.
//
// Specification: https://github.com/google/leveldb/blob/main/doc/table_format.md;
// tensorflow/core/lib/io/table.cc. Blocks are stored as they are or with snappy,
// each with a type and a masked CRC-32C behind it.
//
// Threat: handles that point anywhere, blocks that overlap, keys longer than what
// they share, compressed blocks that grow without end, checksums that lie.
// Everything is checked against the block or the file before it is used.
//
// Not covered: filters and other meta blocks (their bytes are named, not read);
// what keys and values mean.
package sstable

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/sallyport/sallyport/internal/bounded"
)

const (
	magic       = 0xdb4775248b80fb57
	footerSize  = 48
	trailerSize = 5 // type and checksum behind a block
	maskDelta   = 0xa282ead8
)

// ErrChecksum says that a block is not the one that was written. What it holds
// can be read all the same, and loaders that do not check read it.
var ErrChecksum = errors.New("the checksum of a block is wrong")

// SyntaxError says where a table stops being one.
type SyntaxError struct {
	Offset int64 // in the view
	What   string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.What, e.Offset) }

// Handle is where a block lies, without its trailer, in bytes of the view.
type Handle struct{ Offset, Size int64 }

// End is the first byte behind the trailer.
func (h Handle) End() int64 { return h.Offset + h.Size + trailerSize }

// Table is a table whose footer was read.
type Table struct {
	Index, Meta Handle
	r           *bounded.Reader
}

// Is reports whether a view ends like a table.
func Is(r *bounded.Reader) bool {
	var p [8]byte
	if r.Size() < footerSize {
		return false
	}
	n, _ := r.ReadAt(p[:], r.Size()-8)
	return n == 8 && binary.LittleEndian.Uint64(p[:]) == magic
}

// Open reads the footer.
func Open(r *bounded.Reader) (*Table, error) {
	at := r.Size() - footerSize
	if !Is(r) {
		return nil, &SyntaxError{max(at, 0), "the footer is missing"}
	}
	p, err := r.Bytes(at, footerSize)
	if err != nil {
		return nil, err
	}
	t := &Table{r: r}
	var ok, too bool
	t.Meta, p, ok = handle(p)
	t.Index, _, too = handle(p)
	if !ok || !too || !t.holds(t.Meta) || !t.holds(t.Index) {
		return nil, &SyntaxError{at, "the footer points outside of the file"}
	}
	return t, nil
}

// FooterOffset is where the footer begins.
func (t *Table) FooterOffset() int64 { return t.r.Size() - footerSize }

func (t *Table) holds(h Handle) bool {
	limit := t.FooterOffset()
	return h.Offset >= 0 && h.Size >= 0 && h.Offset <= limit && h.Size <= limit-h.Offset-trailerSize
}

// handle decodes two numbers.
func handle(p []byte) (h Handle, rest []byte, ok bool) {
	off, n := binary.Uvarint(p)
	if n <= 0 || off > 1<<62 {
		return h, nil, false
	}
	size, m := binary.Uvarint(p[n:])
	if m <= 0 || size > 1<<62 {
		return h, nil, false
	}
	return Handle{int64(off), int64(size)}, p[n+m:], true
}

var castagnoli = sync.OnceValue(func() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) })

// Block returns the entries of a block, unpacked. They are valid as long as the
// table is. A wrong checksum comes with the block.
func (t *Table) Block(h Handle) (*Block, error) {
	if !t.holds(h) {
		return nil, &SyntaxError{min(max(h.Offset, 0), t.r.Size()), "a block lies outside of the file"}
	}
	p, err := t.r.Bytes(h.Offset, h.Size+trailerSize)
	if err != nil {
		return nil, err
	}
	sum := crc32.Checksum(p[:h.Size+1], castagnoli())
	sum = (sum>>15 | sum<<17) + maskDelta
	b := &Block{at: h.Offset, data: p[:h.Size], plain: true}
	switch kind := p[h.Size]; kind {
	case 0:
	case 1:
		b.plain = false
		if b.data, err = unsnap(b.data, t.r.Budget()); errors.Is(err, errSnappy) {
			err = &SyntaxError{h.Offset, err.Error()}
		}
	default:
		err = &SyntaxError{h.Offset + h.Size, fmt.Sprintf("a block has the unknown type %d", kind)}
	}
	if err == nil {
		err = b.restarts()
	}
	if err == nil && sum != binary.LittleEndian.Uint32(p[h.Size+1:]) {
		return b, ErrChecksum
	}
	return b, err
}

// Blocks returns the handles of the data blocks, in the order of their keys. The
// error is about the index; the handles before it are returned.
func (t *Table) Blocks() (handles []Handle, err error) {
	b, err := t.Block(t.Index)
	if err != nil && !errors.Is(err, ErrChecksum) {
		return nil, err
	}
	for b.Next() {
		if err := t.r.Budget().Items(1); err != nil {
			return handles, err
		}
		h, _, ok := handle(b.Value)
		if !ok || !t.holds(h) {
			return handles, &SyntaxError{b.Offset, "the index points outside of the file"}
		}
		handles = append(handles, h)
	}
	if b.Err() != nil {
		return handles, b.Err()
	}
	return handles, err
}
