package pickle

import (
	"errors"
	"slices"
	"sync"

	"github.com/sallyport/sallyport/internal/bounded"
)

// machine is the state of one run. Machines are reused: a small pickle
// allocates little beyond its trace.
type machine struct {
	c    *bounded.Cursor
	r    *bounded.Reader
	w    []byte // window of the cursor
	p    int    // next byte in w
	base int64  // offset of w[0] in the reader

	stack []val
	marks []int32
	memo  memo
	tuple slab
	frame int64 // where the current frame ends; 0 outside of one
	proto int
	at    int64 // offset of the current opcode
	ops   int64 // opcodes executed

	t      *Trace
	opt    Options
	names  []name
	folded []string
	states map[int64]*state // what is known of dicts and objects, by where they were made
	calls  map[string]int   // fingerprint → index in t.Calls
	writes map[string]int   // fingerprint → index in t.Writes
	key    []byte           // fingerprint being made
	texts  map[int64]string // operands that were used before, by offset
	dtypes map[int64]dtype  // numpy dtypes by where they were made
	ranges map[int64]int64  // bytes that the items of long ranges take, by where they were made
	seen   map[string]int   // index of names, once there are many
	kept   int              // entries in states
	stores storages
	rooms  rooms

	tensors [recentTensors]madeTensor
	made    int // entries of tensors ever
	layout  [8]madeTensor
	layouts int // entries of layout
	err     *Problem
	acc     *account // nil unless asked for
}

var machines = sync.Pool{New: func() any { return new(machine) }}

// Largest lists of one trace; what comes after sets Trace.Overflow and reaches
// the limit "pickle-list".
const (
	maxNames   = 20_000
	maxRecords = 20_000 // calls, and writes
	maxBlobs   = 60_000
	maxKept    = 1 << 16 // entries of states
	maxOdd     = 1_000   // desyncs, extensions, persistent ids
)

// Options say how to follow a stream.
type Options struct {
	Inline  bool // arrays written by joblib follow the BUILD of their wrapper
	Account bool // fill Trace.Account
	// Tentative keeps limits that are reached in Trace.Limits and not in the budget,
	// for bytes that may well be no pickle.
	Tentative bool
}

// Run follows one stream that starts at off, until STOP or until it breaks. It
// never fails: what went wrong is in the trace.
func Run(r *bounded.Reader, off int64, opt Options) *Trace {
	x := Runner{R: r}
	defer x.Close()
	return x.Run(off, opt)
}

// Runner follows streams of one view one after the other. Where one begins at
// the end of the one before, it goes on in the bytes that are read already.
type Runner struct {
	R *bounded.Reader
	c *bounded.Cursor
}

// Run is like the function Run.
func (x *Runner) Run(off int64, opt Options) *Trace {
	if x.c == nil || x.c.Offset() != off {
		x.Close()
		x.c = x.R.NewCursor(off)
	}
	m := machines.Get().(*machine)
	m.start(x.R, x.c, off, opt)
	m.loop()
	m.c.Advance(m.p)
	t := m.finish()
	machines.Put(m)
	return t
}

// Close gives the buffer back. A Runner can go on afterwards.
func (x *Runner) Close() {
	if x.c != nil {
		x.c.Close()
		x.c = nil
	}
}

func (m *machine) start(r *bounded.Reader, c *bounded.Cursor, off int64, opt Options) {
	m.r, m.opt, m.c = r, opt, c
	m.w, m.p, m.base = nil, 0, m.c.Offset()
	m.t = &Trace{Start: off, End: off, Inline: opt.Inline, Calls: m.rooms.calls, Writes: m.rooms.writes}
	m.made, m.layouts = 0, 0
	clear(m.tensors[:])
	if m.acc = nil; opt.Account {
		m.acc = newAccount()
	}
	m.frame, m.proto, m.at, m.ops, m.err, m.kept = 0, 0, off, 0, nil, 0
}

// finish hands out the trace and leaves the machine ready for the next run.
func (m *machine) finish() *Trace {
	t := m.t
	t.End, t.Err, t.Ops = m.pos(), m.err, m.ops
	if t.Err != nil && t.End < t.Err.Offset {
		t.End = t.Err.Offset
	}
	if len(m.names) > 0 {
		t.Imports = make([]Import, 0, len(m.names))
	}
	for i := range m.names {
		m.names[i].flush(t)
	}
	if m.acc != nil {
		m.acc.flush(m)
		m.acc = nil
	}
	t.Calls, m.rooms.calls = handOver(t.Calls)
	t.Writes, m.rooms.writes = handOver(t.Writes)
	m.stack, m.marks = shrink(m.stack), shrink(m.marks)
	m.tuple.items, m.tuple.base = shrink(m.tuple.items), 0
	m.memo.reset()
	clear(m.names)
	m.names = m.names[:0]
	m.folded, m.stores = nil, storages{}
	m.states, m.calls, m.writes = emptied(m.states), emptied(m.calls), emptied(m.writes)
	m.texts, m.dtypes, m.seen = emptied(m.texts), emptied(m.dtypes), emptied(m.seen)
	m.ranges = nil
	m.c, m.r, m.w, m.t = nil, nil, nil, nil
	return t
}

// rooms are where lists of the next trace grow.
type rooms struct {
	calls  []Call
	writes []Write
}

// handOver copies a short list for a trace, so that the room it grew in can be used
// again. A long one is the trace's own.
func handOver[T any](list []T) (own, room []T) {
	switch {
	case len(list) == 0:
		return nil, list
	case len(list) > 64:
		return list, nil
	}
	own = slices.Clone(list)
	clear(list)
	return own, list[:0]
}

// shrink keeps a slice for reuse unless it has grown large.
func shrink[T any](s []T) []T {
	if cap(s) > slabMax {
		return nil
	}
	return s[:0]
}

func emptied[K comparable, V any](m map[K]V) map[K]V {
	if len(m) > 256 {
		return nil
	}
	clear(m)
	return m
}

func (m *machine) pos() int64 { return m.base + int64(m.p) }

// fill makes n bytes available at p if the stream has them. It reports false at
// the end of the stream, with fewer bytes, or when reading failed (m.err).
func (m *machine) fill(n int) bool {
	m.c.Advance(m.p)
	m.p, m.w = 0, m.w[:0]
	m.base = m.c.Offset()
	have := min(int64(n), m.c.Remaining())
	if have > 0 {
		if _, err := m.c.Peek(have); err != nil {
			m.failed(err)
			return false
		}
		m.w, _ = m.c.Window()
	}
	return int64(n) <= have
}

func (m *machine) failed(err error) {
	kind := ReadFailed
	var limit *bounded.LimitError
	if errors.As(err, &limit) {
		kind = LimitHit
	}
	m.broken(kind, err.Error())
}

// need makes n bytes available or ends the run as truncated. It is small enough
// to be inlined; so are has and byte.
func (m *machine) need(n int) bool { return len(m.w)-m.p >= n || m.fetch(n) }

func (m *machine) fetch(n int) bool {
	if m.fill(n) {
		return true
	}
	m.truncated()
	return false
}

// byte reads one byte.
func (m *machine) byte() (byte, bool) {
	if m.p < len(m.w) || m.fetch(1) {
		m.p++
		return m.w[m.p-1], true
	}
	return 0, false
}

func (m *machine) truncated() { m.broken(Truncated, "") }

// broken ends the run at the current opcode; the first reason counts.
func (m *machine) broken(kind, detail string) {
	if m.err == nil {
		m.err = &Problem{Kind: kind, Offset: m.at, Detail: detail}
	}
}

// skip moves over n bytes of content, without reading those beyond the window.
func (m *machine) skip(n uint64) bool {
	if n <= uint64(len(m.w)-m.p) {
		m.p += int(n)
		return true
	}
	m.c.Advance(m.p)
	m.p, m.w = 0, m.w[:0]
	m.base = m.c.Offset()
	if n > uint64(m.c.Remaining()) {
		m.truncated()
		return false
	}
	if err := m.c.Skip(int64(n)); err != nil {
		m.failed(err)
		return false
	}
	m.base = m.c.Offset()
	return true
}

func (m *machine) desync(kind string) {
	if len(m.t.Desyncs) < maxOdd {
		m.t.Desyncs = append(m.t.Desyncs, Desync{Kind: kind, Offset: m.at})
	}
}

// overflow notes that a list was cut; the budget remembers it as a limit.
func (m *machine) overflow(list string) {
	m.t.Overflow = list
	_ = m.reach("pickle-list", maxRecords)
}

// reach records a limit.
func (m *machine) reach(name string, limit int64) error {
	if !m.opt.Tentative {
		return m.r.Budget().Reach(name, limit)
	}
	e := &bounded.LimitError{Name: name, Max: limit}
	if !slices.ContainsFunc(m.t.Limits, func(l *bounded.LimitError) bool { return l.Name == name }) {
		m.t.Limits = append(m.t.Limits, e)
	}
	return e
}

func (m *machine) fence() int {
	if n := len(m.marks); n > 0 {
		return int(m.marks[n-1])
	}
	return 0
}

func (m *machine) push(v val) { m.stack = append(m.stack, v) }

// has ends the run when fewer than n values lie above the last mark.
func (m *machine) has(n int) bool { return len(m.stack)-m.fence() >= n || m.underflow() }

func (m *machine) underflow() bool {
	m.broken(Underflow, "")
	return false
}

func (m *machine) pop() val {
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return v
}

func (m *machine) top() *val { return &m.stack[len(m.stack)-1] }

// toMark pops the values above the last mark, and the mark. The slice is valid
// until the next push.
func (m *machine) toMark() ([]val, bool) {
	n := len(m.marks)
	if n == 0 {
		m.broken(NoMark, "")
		return nil, false
	}
	start := int(m.marks[n-1])
	m.marks = m.marks[:n-1]
	items := m.stack[start:]
	m.stack = m.stack[:start]
	return items, true
}
