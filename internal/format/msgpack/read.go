package msgpack

import (
	"cmp"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/msgpack"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// frame is an open map or array.
type frame struct {
	isMap   bool
	key     string // of the current pair, clipped
	index   int64  // of the current item
	seen    map[uint64]bool
	arrays  int64 // elements of the arrays in it
	product int64 // product of the whole numbers in it
	dims    []int64
	dtype   string // of the arrays in it
	chunked chunked
	numpy   numpy
}

// reader works on one input.
type reader struct {
	in        *format.Input
	res       format.Result
	taken     []format.Span // what is not structure, in the order it was found
	frames    []frame
	inventory format.Inventory
	tensors   int
	keys      int   // in all open maps
	cut       bool  // the input ends in the middle: sums are not complete
	full      error // the limit that was reached while something was kept
}

// maxChildren is how many binary values are handed on.
const maxChildren = 10_000

func read(in *format.Input) format.Result {
	r := &reader{in: in}
	d := msgpack.New(in.R)
	defer d.Close()
	err := r.walk(d)
	r.cut = err != nil
	r.closeTo(0)
	r.tile(d.Offset(), err)
	r.res.Facts = append(r.res.Facts, r.inventory.Facts()...)
	return r.res
}

func (r *reader) walk(d *msgpack.Decoder) error {
	for {
		t, err := d.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		r.closeTo(t.Depth)
		if t.Key {
			if err := r.key(t); err != nil {
				return err
			}
			continue
		}
		if n := len(r.frames); n > 0 && !r.frames[n-1].isMap {
			r.frames[n-1].index++
		}
		if r.value(t); r.full != nil {
			return r.full
		}
	}
}

// key takes the name of a pair and looks whether it stood there before.
func (r *reader) key(t *msgpack.Token) error {
	f := &r.frames[len(r.frames)-1]
	h := uint64(14695981039346656037) ^ uint64(t.Kind)
	add := func(p []byte) {
		for _, b := range p {
			h = (h ^ uint64(b)) * 1099511628211
		}
	}
	switch t.Kind {
	case msgpack.String:
		f.key = clip(t.Text)
		add(t.Text)
	case msgpack.Binary: // keys of msgpack-numpy
		p, err := r.in.R.Bytes(t.Offset, min(t.Length, bounded.MaxStringKept))
		if err != nil {
			return err
		}
		f.key = clip(p)
		add(p)
	case msgpack.Int, msgpack.Bool:
		f.key = strconv.FormatInt(t.Int, 10)
		add([]byte(f.key))
	default:
		f.key = "?"
		r.gap(t.Start, 0, "SP-COV-012", "A map has a key that is neither a text nor a whole number.")
		if t.Kind == msgpack.Map || t.Kind == msgpack.Array {
			r.open(t)
		}
		return nil
	}
	if t.Length > bounded.MaxStringKept {
		return r.in.R.Budget().Reach("string-kept", bounded.MaxStringKept)
	}
	if r.keys++; r.keys > bounded.MaxTensorNames {
		return r.in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
	}
	if f.seen[h] {
		r.gap(t.Start, 0, "SP-COV-014", "The key "+strconv.Quote(r.path())+" appears twice, and readers disagree on which one counts.")
	}
	if f.seen == nil {
		f.seen = map[uint64]bool{}
	}
	f.seen[h] = true
	f.chunked.is = f.chunked.is || f.key == chunkedKey
	return nil
}

func (r *reader) value(t *msgpack.Token) {
	switch t.Kind {
	case msgpack.Map, msgpack.Array:
		r.open(t)
	case msgpack.Int:
		r.whole(t.Int)
	case msgpack.String:
		r.str(t)
	case msgpack.Binary:
		r.binary(t)
	case msgpack.Ext:
		r.ext(t)
	case msgpack.Bool:
		if f := r.top(); f != nil && f.key == "nd" && t.Int == 1 {
			f.numpy.is = true
		}
	}
}

func (r *reader) open(t *msgpack.Token) {
	r.frames = append(r.frames, frame{isMap: t.Kind == msgpack.Map, product: 1})
}

// top is the innermost open map or array, or nil.
func (r *reader) top() *frame {
	if len(r.frames) == 0 {
		return nil
	}
	return &r.frames[len(r.frames)-1]
}

// whole multiplies whole numbers: they may be a shape.
func (r *reader) whole(n int64) {
	f := r.top()
	if f == nil {
		return
	}
	if len(f.dims) < maxDims {
		f.dims = append(f.dims, n)
	}
	if n < 0 || n > 0 && f.product > (1<<62)/n {
		f.product = -1
	} else if f.product >= 0 {
		f.product *= n
	}
}

// closeTo ends the frames that are deeper.
func (r *reader) closeTo(depth int) {
	for len(r.frames) > depth {
		f := r.frames[len(r.frames)-1]
		path := ""
		if f.numpy.is || f.chunked.is {
			r.frames = r.frames[:len(r.frames)-1]
			path = r.path()
			r.frames = append(r.frames, f)
		}
		r.frames = r.frames[:len(r.frames)-1]
		r.keys -= len(f.seen)
		if f.numpy.is {
			r.settleNumpy(&f.numpy, path)
		}
		if f.chunked.is && !r.cut {
			r.settleChunked(&f.chunked, path)
		}
		if up := r.top(); up != nil {
			up.adopt(&f)
		}
	}
}

// adopt takes over from a map or array that has ended what the one around it
// needs to know.
func (f *frame) adopt(inner *frame) {
	switch f.key {
	case "shape":
		f.chunked.shape, f.chunked.hasShape, f.chunked.dims = inner.product, true, inner.dims
		f.numpy.shape, f.numpy.dims = inner.product, inner.dims
	case "chunks":
		f.chunked.elements, f.chunked.dtype = inner.arrays, inner.dtype
	}
}

// path is the place of the current value: "params/dense/kernel".
func (r *reader) path() string {
	var b strings.Builder
	for i := range r.frames {
		if b.Len() > 1000 {
			return b.String() + "…"
		}
		if i > 0 {
			b.WriteByte('/')
		}
		if f := &r.frames[i]; f.isMap {
			b.WriteString(f.key)
		} else {
			b.WriteString(strconv.FormatInt(f.index-1, 10))
		}
	}
	return b.String()
}

// tile explains the bytes: structure wherever nothing else was found.
func (r *reader) tile(end int64, err error) {
	slices.SortStableFunc(r.taken, func(x, y format.Span) int { return cmp.Compare(x.Offset, y.Offset) })
	pos := int64(0)
	for _, s := range r.taken {
		if s.Offset > pos {
			r.res.Spans = append(r.res.Spans, format.Span{Offset: pos, Length: s.Offset - pos, Kind: format.Structure})
		}
		if s.Kind == format.Payload {
			r.res.Spans = append(r.res.Spans, s)
		}
		pos = max(pos, s.Offset+s.Length)
	}
	if end > pos {
		r.res.Spans = append(r.res.Spans, format.Span{Offset: pos, Length: end - pos, Kind: format.Structure})
	}
	if err == nil {
		return
	}
	end = max(end, pos)
	id, reason := "SP-COV-004", "It is not valid MessagePack: "+err.Error()+"."
	var limit *bounded.LimitError
	if errors.As(err, &limit) {
		id, reason = "SP-COV-003", "It was not read to its end: "+err.Error()+"."
	}
	r.res.Spans = append(r.res.Spans, format.Span{Offset: end, Length: r.in.R.Size() - end, Kind: format.Unread, Rule: id, Reason: reason})
}

func (r *reader) gap(off, length int64, id, reason string) {
	if len(r.res.Spans) < bounded.MaxFindings {
		r.res.Spans = append(r.res.Spans, format.Span{Offset: off, Length: length, Kind: format.Unread, Rule: id, Reason: reason})
	}
}

func (r *reader) raise(id string, t *msgpack.Token, symbol, message string) {
	if len(r.res.Findings) <= bounded.MaxFindings {
		r.res.Findings = append(r.res.Findings, rule.Finding(id, r.in.Location(t.Start, t.Offset+t.Length-t.Start), symbol, message))
	}
}

// clip keeps a short copy of a key.
func clip(p []byte) string { return string(p[:min(len(p), 200)]) }
