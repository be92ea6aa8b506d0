package gguf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/sallyport/sallyport/internal/bounded"
)

// parser reads the numbers of a file in its byte order.
type parser struct {
	c       *bounded.Cursor
	budget  *bounded.Budget
	big     bool
	version uint32
	least   uint64 // strings of arrays shorter than this are passed over
}

// beyondError is a count or length that leads outside of the file.
type beyondError struct {
	off  int64
	what string
	n    uint64
}

func (e *beyondError) Error() string {
	return fmt.Sprintf("%s is %d, more than the file has", e.what, e.n)
}

// malformedError is a structure that breaks off.
type malformedError struct{ what string }

func (e *malformedError) Error() string { return e.what }

func (p *parser) u16() (uint16, error) {
	b, err := p.c.Next(2)
	if err != nil {
		return 0, p.ended(err)
	}
	if p.big {
		return binary.BigEndian.Uint16(b), nil
	}
	return binary.LittleEndian.Uint16(b), nil
}

func (p *parser) u32() (uint32, error) {
	b, err := p.c.Next(4)
	if err != nil {
		return 0, p.ended(err)
	}
	if p.big {
		return binary.BigEndian.Uint32(b), nil
	}
	return binary.LittleEndian.Uint32(b), nil
}

func (p *parser) u64() (uint64, error) {
	b, err := p.c.Next(8)
	if err != nil {
		return 0, p.ended(err)
	}
	if p.big {
		return binary.BigEndian.Uint64(b), nil
	}
	return binary.LittleEndian.Uint64(b), nil
}

// size is a count or length: four bytes in version 1, eight since.
func (p *parser) size() (uint64, error) {
	if p.version == 1 {
		n, err := p.u32()
		return uint64(n), err
	}
	return p.u64()
}

// sizeBytes is how many bytes a size takes.
func (p *parser) sizeBytes() int64 {
	if p.version == 1 {
		return 4
	}
	return 8
}

// count reads how many things of at least each bytes follow.
func (p *parser) count(what string, each int64) (int64, error) {
	off := p.c.Offset()
	n, err := p.size()
	if err != nil {
		return 0, err
	}
	if n > uint64(p.c.Remaining()/each) {
		return 0, &beyondError{off, what, n}
	}
	return int64(n), nil
}

// text reads a string of at most bounded.MaxStringKept bytes, a copy.
func (p *parser) text(what string) (s string, at int64, err error) {
	n, err := p.count("the length of "+what, 1)
	if err != nil {
		return "", 0, err
	}
	if n > bounded.MaxStringKept {
		return "", 0, p.budget.Reach("string-kept", bounded.MaxStringKept)
	}
	at = p.c.Offset()
	b, err := p.c.Next(n)
	return string(b), at, err
}

// ended names the end of the file where a number was expected.
func (p *parser) ended(err error) error {
	if errors.Is(err, bounded.ErrTruncated) || errors.Is(err, io.EOF) {
		return &malformedError{"it ends in the middle"}
	}
	return err
}
