package msgpack

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/encoded"
	"github.com/sallyport/sallyport/internal/decode/magic"
	"github.com/sallyport/sallyport/internal/decode/msgpack"
	"github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Extension types of Flax.
const (
	extArray   = 1
	extComplex = 2
	extScalar  = 3
	extTime    = -1
)

// chunkedKey marks a map that stands for one array too large for an extension.
const chunkedKey = "__msgpack_chunked_array__"

// chunked is what such a map says.
type chunked struct {
	is, hasShape    bool
	shape, elements int64
	dims            []int64
	dtype           string
}

// numpy is a map of msgpack-numpy, which stands for one array.
type numpy struct {
	is         bool
	kind, desc string
	shape      int64
	dims       []int64
	data       msgpack.Token
	hasData    bool
}

func (r *reader) ext(t *msgpack.Token) {
	switch t.Code {
	case extTime:
	case extArray, extScalar:
		r.array(t)
	case extComplex:
		if !isPair(r.in, t) {
			r.unknown(t, "The complex number "+strconv.Quote(rule.Clip(r.path()))+" is not two numbers.")
		}
	default:
		r.unknown(t, fmt.Sprintf("The value %q has the extension type %d: what it becomes is up to the program that loads it.", rule.Clip(r.path()), t.Code))
	}
}

// unknown reports an extension and hands its content on.
func (r *reader) unknown(t *msgpack.Token, message string) {
	r.raise(ruleExt, t, r.path(), message)
	r.child(t, "")
}

// array is (shape, name of the type, bytes), packed by itself.
func (r *reader) array(t *msgpack.Token) {
	a, ok := parseArray(r.in, t)
	if !ok {
		r.unknown(t, "The array "+strconv.Quote(rule.Clip(r.path()))+" is not a shape, a type and bytes.")
		return
	}
	path := r.path()
	if isObject(a.dtype) {
		r.raise(ruleObjects, t, path, fmt.Sprintf("The array %q holds Python objects, which are pickles.", rule.Clip(path)))
		r.child(t, "")
		return
	}
	name, size := dtypeOf(a.dtype)
	if size == 0 {
		r.gap(t.Start, 0, "SP-COV-012", "An array has the unknown type "+strconv.Quote(rule.Clip(a.dtype))+".")
		r.child(&a.data, "")
		return
	}
	if a.elements < 0 || a.elements > (1<<62)/size || a.elements*size != a.data.Length {
		r.raise(ruleSize, t, path, fmt.Sprintf("The array %q has %d bytes, which is not what its shape and type ask for.", rule.Clip(path), a.data.Length))
		r.gap(a.data.Offset, a.data.Length, "SP-COV-016", "Shape and type of an array do not fit its bytes.")
		r.take(a.data.Offset, a.data.Length, format.Unread)
		return
	}
	row := int64(0)
	if len(a.dims) > 1 && a.dims[0] > 0 {
		row = a.data.Length / a.dims[0]
	}
	r.payload(&a.data, name, row)
	r.list(path, name, a.dims)
	if f := r.top(); f != nil {
		f.arrays += a.elements
		f.dtype = name
	}
}

// payload explains the bytes of an array; zero-length ones have none.
func (r *reader) payload(t *msgpack.Token, dtype string, row int64) {
	if t.Length > 0 {
		r.taken = append(r.taken, format.Span{Offset: t.Offset, Length: t.Length, Kind: format.Payload, Type: dtype, Row: row})
	}
}

func (r *reader) take(off, length int64, kind format.SpanKind) {
	r.taken = append(r.taken, format.Span{Offset: off, Length: length, Kind: kind})
}

// list adds to the inventory, except the pieces of a chunked array.
func (r *reader) list(path, dtype string, dims []int64) {
	if r.tensors++; r.tensors > bounded.MaxTensorNames {
		r.full = r.in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
		return
	}
	if n := len(r.frames); n > 1 && r.frames[n-2].chunked.is && r.frames[n-2].key == "chunks" {
		return
	}
	r.inventory.Add(path, dtype, dims)
}

// settleChunked compares the pieces with the whole.
func (r *reader) settleChunked(c *chunked, path string) {
	if c.hasShape && c.shape == c.elements {
		r.list(path, c.dtype, c.dims)
		return
	}
	at := msgpack.Token{}
	r.raise(ruleSize, &at, path, fmt.Sprintf("The array %q is kept in pieces that do not add up to its shape.", rule.Clip(path)))
}

// settleNumpy judges an array of msgpack-numpy when all of it is known.
func (r *reader) settleNumpy(n *numpy, path string) {
	if !n.hasData {
		return
	}
	if n.kind == "O" || isObject(n.desc) {
		r.raise(ruleObjects, &n.data, path, fmt.Sprintf("The array %q holds Python objects: msgpack-numpy unpickles it when the file is loaded.", rule.Clip(path)))
		r.child(&n.data, "pickle")
		return
	}
	name, size := descrOf(n.desc)
	if size == 0 || n.shape < 0 || n.shape > (1<<62)/max(size, 1) || n.shape*size != n.data.Length {
		r.child(&n.data, "")
		return
	}
	r.payload(&n.data, name, 0)
	r.list(path, name, n.dims)
}

// str looks for something hidden, and takes the words of msgpack-numpy.
func (r *reader) str(t *msgpack.Token) {
	if f := r.top(); f != nil && f.isMap {
		switch f.key {
		case "type":
			f.numpy.desc = clip(t.Text)
		case "kind":
			f.numpy.kind = clip(t.Text)
		}
	}
	if t.Length < shortest {
		return
	}
	if data, how := encoded.Pickle(t.Text); how != "" {
		r.hidden(t, data, "a pickle ("+how+")", "pickle")
		return
	}
	if t.Length > int64(len(t.Text)) && encoded.MayBegin(t.Text) {
		_ = r.in.R.Budget().Reach("string-kept", bounded.MaxStringKept)
	}
	if h, ok := magic.Find(t.Text); ok && h.Program {
		r.hidden(t, h.Data, h.What+" ("+h.How+")", "")
	}
}

// shortest is the shortest value that is worth a look, in bytes.
const shortest = 16

func (r *reader) hidden(t *msgpack.Token, data []byte, what, as string) {
	if t.Length > int64(len(t.Text)) {
		_ = r.in.R.Budget().Reach("string-kept", bounded.MaxStringKept) // only its beginning is known
	}
	r.raise(ruleHidden, t, r.path(), fmt.Sprintf("The value of %q holds %s.", rule.Clip(r.path()), what))
	if r.room() {
		r.res.Children = append(r.res.Children, format.Child{Name: r.path(), Offset: t.Offset, As: as,
			R: bounded.NewBytes(append([]byte{}, data...), r.in.R.Budget())})
	}
}

// binary is a stream of its own, unless it is short or the data of an array that
// the map around it describes.
func (r *reader) binary(t *msgpack.Token) {
	f := r.top()
	if f != nil && f.isMap && f.key == "data" && f.numpy.is {
		f.numpy.data, f.numpy.hasData = *t, true
		return
	}
	if t.Length < shortest {
		if f != nil && f.isMap && (f.key == "type" || f.key == "kind") {
			p, _ := r.in.R.Bytes(t.Offset, t.Length)
			if f.key == "type" {
				f.numpy.desc = string(p)
			} else {
				f.numpy.kind = string(p)
			}
		}
		return
	}
	if r.isPickle(t) {
		r.raise(ruleHidden, t, r.path(), fmt.Sprintf("The value of %q is a pickle.", rule.Clip(r.path())))
		r.child(t, "pickle")
		return
	}
	r.child(t, "")
}

// isPickle reports a stream that begins like a pickle and ends like one.
func (r *reader) isPickle(t *msgpack.Token) bool {
	view, err := r.in.R.Section(t.Offset, t.Length)
	if err != nil {
		return false
	}
	head, err := view.Bytes(0, min(t.Length, 64<<10))
	if err != nil {
		return false
	}
	if head[0] != 0x80 || head[1] > 5 {
		_, how := encoded.Pickle(head)
		return how != "" && t.Length == int64(len(head))
	}
	trace := pickle.Run(view, 0, pickle.Options{})
	return trace.Stopped && (len(trace.Imports) > 0 || trace.End == t.Length)
}

// child hands bytes of the input on.
func (r *reader) child(t *msgpack.Token, as string) {
	if t.Length == 0 {
		return
	}
	r.take(t.Offset, t.Length, format.Unread)
	view, err := r.in.R.Section(t.Offset, t.Length)
	if err != nil || !r.room() {
		return // the bytes stay unexplained
	}
	r.res.Children = append(r.res.Children, format.Child{Name: r.path(), R: view, Offset: t.Offset, Length: t.Length, As: as})
}

func (r *reader) room() bool {
	if len(r.res.Children) < maxChildren {
		return true
	}
	r.full = r.in.R.Budget().Reach("archive-entries", maxChildren)
	return false
}

// packed is an array of Flax.
type packed struct {
	dims     []int64
	elements int64 // -1: the product overflows
	dtype    string
	data     msgpack.Token // placed in the input
}

// maxDims is more dimensions than any library has.
const maxDims = 64

// parseArray reads the content of an extension to its end.
func parseArray(in *format.Input, t *msgpack.Token) (a packed, ok bool) {
	view, err := in.R.Section(t.Offset, t.Length)
	if err != nil {
		return a, false
	}
	d := msgpack.New(view)
	defer d.Close()
	if !next(d, msgpack.Array, 3) {
		return a, false
	}
	shape, err := d.Next()
	if err != nil || shape.Kind != msgpack.Array || shape.Count > maxDims {
		return a, false
	}
	a.elements = 1
	for range shape.Count {
		n, err := d.Next()
		if err != nil || n.Kind != msgpack.Int || n.Int < 0 {
			return a, false
		}
		a.dims = append(a.dims, n.Int)
		if n.Int > 0 && a.elements > (1<<62)/n.Int {
			a.elements = -1
		} else if a.elements >= 0 {
			a.elements *= n.Int
		}
	}
	name, err := d.Next()
	if err != nil || name.Kind != msgpack.String && name.Kind != msgpack.Binary || name.Length > 200 {
		return a, false
	}
	p, _ := view.Bytes(name.Offset, name.Length)
	a.dtype = string(p)
	data, err := d.Next()
	if err != nil || data.Kind != msgpack.Binary && data.Kind != msgpack.String {
		return a, false
	}
	a.data = *data
	a.data.Start, a.data.Offset, a.data.Text = t.Start, data.Offset+t.Offset, nil
	_, err = d.Next()
	return a, err == io.EOF && d.Offset() == t.Length
}

func next(d *msgpack.Decoder, kind msgpack.Kind, count int64) bool {
	t, err := d.Next()
	return err == nil && t.Kind == kind && t.Count == count
}

// isPair reports two numbers and nothing else.
func isPair(in *format.Input, t *msgpack.Token) bool {
	view, err := in.R.Section(t.Offset, t.Length)
	if err != nil {
		return false
	}
	d := msgpack.New(view)
	defer d.Close()
	if !next(d, msgpack.Array, 2) {
		return false
	}
	for range 2 {
		if n, err := d.Next(); err != nil || n.Kind != msgpack.Float && n.Kind != msgpack.Int {
			return false
		}
	}
	return d.Offset() == t.Length
}

func isObject(dtype string) bool {
	return dtype == "object" || strings.TrimLeft(dtype, "|<>=") == "O"
}
