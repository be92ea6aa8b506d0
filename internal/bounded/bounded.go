// Package bounded reads untrusted bytes.
//
// Threat: a length, count or offset that lies; a small file that unpacks into
// a huge one; nesting without end; a file that shrinks while it is read. The
// answer is always the same: every number from the file is checked against what
// remains before it is used, every view shares one Budget through all nesting,
// and a limit reached is an error with a name (LimitError) that the Budget
// remembers, so that no reader can forget to report it.
//
// Not covered: what the bytes mean; confinement of the process (package confine).
package bounded

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// ErrTruncated says that the structure asks for bytes beyond the end of its view.
var ErrTruncated = errors.New("truncated")

// LimitError says which limit of the table was reached.
type LimitError struct {
	Name string
	Max  int64
}

func (e *LimitError) Error() string { return fmt.Sprintf("limit %q reached (%d)", e.Name, e.Max) }

// Budget is what one file may cost, with everything nested in it. It belongs to
// one goroutine. It counts work, never seconds, so that results repeat.
type Budget struct {
	// Deep asks readers for more than the structure: the engine looks into the
	// payload they declare, so they say of each tensor what its values are.
	Deep bool

	ctx      context.Context
	expanded int64 // decoded bytes that do not lie in the file itself
	maxBytes int64
	again    int64 // bytes decoded a second time
	items    int64
	reached  []*LimitError
	ioErr    error
}

// NewBudget is the budget of a file of the given size in bytes.
func NewBudget(ctx context.Context, size int64) *Budget {
	return &Budget{ctx: ctx, maxBytes: ExpansionFloor + MaxExpansionRatio*size}
}

// Reach records that a limit was reached and returns it as an error. Each name
// is remembered once.
func (b *Budget) Reach(name string, limit int64) error {
	for _, e := range b.reached {
		if e.Name == name {
			return e
		}
	}
	e := &LimitError{Name: name, Max: limit}
	b.reached = append(b.reached, e)
	return e
}

// Reached lists the limits that were reached, in order.
func (b *Budget) Reached() []*LimitError { return b.reached }

// IOErr is the first failure to read that was not the file's own fault: a disk
// error, a cancelled context, a file cut short under our hands.
func (b *Budget) IOErr() error { return b.ioErr }

// Trial runs a look at bytes that may be anything, under a budget of its own: the
// limits that noise runs into are forgotten, the work it made counts here.
func (b *Budget) Trial(look func(*Budget)) error {
	t := &Budget{ctx: b.ctx, maxBytes: ExpansionFloor}
	look(t)
	return b.Items(1 + t.items)
}

// Items charges n opcodes, entries or tokens.
func (b *Budget) Items(n int64) error {
	if b.items += n; b.items > MaxItems {
		return b.Reach("items", MaxItems)
	}
	return nil
}

func (b *Budget) expand(n int64) error {
	if b.expanded += n; n > 0 && b.expanded > b.maxBytes {
		return b.Reach("expansion-ratio", MaxExpansionRatio)
	}
	return nil
}

// Hidden charges bytes that one decoder hands to another and no view shows:
// those decoded for the first time, and those decoded again.
func (b *Budget) Hidden(fresh, again int64) error {
	if err := b.expand(fresh); err != nil {
		return err
	}
	return b.repeat(again)
}

func (b *Budget) repeat(n int64) error {
	if b.again += n; b.again > MaxNestedWork {
		return b.Reach("nested-work", MaxNestedWork)
	}
	return nil
}

func (b *Budget) fail(err error) error {
	if b.ioErr == nil {
		b.ioErr = err
	}
	return err
}

// Reader is a view of untrusted bytes: a whole file, a range of one, or a
// decoded member. All offsets are relative to the view.
type Reader struct {
	src    io.ReaderAt
	mem    []byte // the whole view when it lies in memory, else nil
	base   int64
	size   int64
	budget *Budget
}

// NewReader views the first size bytes of src under the budget.
func NewReader(src io.ReaderAt, size int64, b *Budget) *Reader {
	return &Reader{src: src, size: size, budget: b}
}

// NewBytes views bytes that are already in memory. They must not change.
func NewBytes(p []byte, b *Budget) *Reader {
	if p == nil {
		p = []byte{}
	}
	return &Reader{mem: p, size: int64(len(p)), budget: b}
}

// Size is the length of the view in bytes.
func (r *Reader) Size() int64 { return r.size }

// Budget is the budget that all views of the same file share.
func (r *Reader) Budget() *Budget { return r.budget }

// Memory is the whole view when it lies in memory, else nil. Read-only.
func (r *Reader) Memory() []byte { return r.mem }

// ReadAt implements io.ReaderAt over the view: it never reads outside, and a
// read that ends at the view's end is short with io.EOF.
func (r *Reader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off > r.size {
		return 0, ErrTruncated
	}
	short := false
	if rest := r.size - off; int64(len(p)) > rest {
		p, short = p[:rest], true
	}
	if r.mem != nil {
		copy(p, r.mem[off:])
	} else if err := r.fill(p, off); err != nil {
		return 0, err
	}
	if short {
		return len(p), io.EOF
	}
	return len(p), nil
}

func (r *Reader) fill(p []byte, off int64) error {
	if len(p) == 0 {
		return nil
	}
	if err := r.budget.ctx.Err(); err != nil {
		return r.budget.fail(err)
	}
	n, err := r.src.ReadAt(p, r.base+off)
	if n == len(p) {
		return nil
	}
	var limit *LimitError
	switch {
	case errors.As(err, &limit):
		return err
	case errors.Is(err, ErrCorrupt):
		return err
	case r.Decoded() && errors.Is(err, io.EOF):
		return fmt.Errorf("%w: shorter than declared", ErrCorrupt)
	case err == nil || errors.Is(err, io.EOF):
		err = fmt.Errorf("file ended %d bytes early: %w", len(p)-n, io.ErrUnexpectedEOF)
	}
	return r.budget.fail(err)
}

// Decoded reports whether the bytes are made by decoding others, so that going
// far back is dear.
func (r *Reader) Decoded() bool { _, ok := r.src.(*stream); return ok }

// Bytes returns a copy of n bytes at off (an alias when the view lies in
// memory: treat it as read-only). It refuses a range outside the view with
// ErrTruncated and one above MaxBlock with the limit "block", before allocating.
func (r *Reader) Bytes(off, n int64) ([]byte, error) {
	if off < 0 || n < 0 || off > r.size || n > r.size-off {
		return nil, ErrTruncated
	}
	if r.mem != nil {
		return r.mem[off : off+n : off+n], nil
	}
	if n > MaxBlock {
		return nil, r.budget.Reach("block", MaxBlock)
	}
	p := make([]byte, n)
	if err := r.fill(p, off); err != nil {
		return nil, err
	}
	return p, nil
}

// Section is the view of n bytes at off.
func (r *Reader) Section(off, n int64) (*Reader, error) {
	if off < 0 || n < 0 || off > r.size || n > r.size-off {
		return nil, ErrTruncated
	}
	if r.mem != nil {
		return &Reader{mem: r.mem[off : off+n : off+n], size: n, budget: r.budget}, nil
	}
	return &Reader{src: r.src, base: r.base + off, size: n, budget: r.budget}, nil
}
