package tar

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/decode/torch"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

// Torch is the tar checkpoint that PyTorch wrote before 0.1.10 and still loads.
var Torch = format.Format{
	ID:         "torch-tar",
	Title:      "PyTorch checkpoint (tar)",
	Spec:       "https://docs.pytorch.org/docs/stable/notes/serialization.html",
	Extensions: []string{".pt", ".pth"},
	Refines:    "tar",
	Rules:      raised,
	Match:      matchTorch,
	Read:       readTorch,
}

// Members of a checkpoint.
const (
	memberInfo     = "sys_info"
	memberPickle   = "pickle"
	memberStorages = "storages"
	memberTensors  = "tensors"
)

func matchTorch(in *format.Input) format.Confidence {
	if match(in) == format.No {
		return format.No
	}
	names := parsed(in).names
	for _, need := range [...]string{memberPickle, memberStorages, memberTensors} {
		if _, ok := names[need]; !ok {
			return format.No
		}
	}
	return format.Strong
}

// checkpoint is one being read.
type checkpoint struct {
	in       *format.Input
	res      format.Result
	storages int
	bytes    int64
}

func readTorch(in *format.Input) format.Result {
	a := parsed(in)
	c := &checkpoint{in: in, res: format.Result{Findings: a.findings, Spans: append([]format.Span(nil), a.spans...)}}
	for i := range a.members {
		m := &a.members[i]
		switch {
		case m.stored == 0:
		case m.name == memberPickle:
			c.object(m)
		case m.name == memberInfo:
			c.pickle(m.name, m.data, m.stored)
		case m.name == memberStorages:
			c.row(m, (*checkpoint).storage)
		case m.name == memberTensors:
			c.row(m, (*checkpoint).tensor)
		default:
			a.hand(in, m, &c.res)
		}
	}
	c.res.Facts = []finding.Fact{a.count(), {Key: "format.pickle", Value: "true"},
		{Key: "torch.storages", Value: strconv.Itoa(c.storages)}, {Key: "torch.bytes", Value: strconv.FormatInt(c.bytes, 10)}}
	return c.res
}

// pickle hands a whole range on as pickle.
func (c *checkpoint) pickle(name string, off, length int64) {
	if r, err := c.in.R.Section(off, length); err == nil {
		c.res.Children = append(c.res.Children, format.Child{Name: name, R: r, Offset: off, Length: length, As: "pickle"})
	}
}

// object hands on the pickle of the checkpoint itself. Its persistent ids are the
// numbers of tensors in the member beside it.
func (c *checkpoint) object(m *member) {
	r, err := c.in.R.Section(m.data, m.stored)
	if err != nil {
		return
	}
	t := pickle.Run(r, 0, pickle.Options{Inline: true})
	t.Numbered = true
	c.res.Children = append(c.res.Children, format.Child{Name: m.name, R: r, Offset: m.data, Length: m.stored, As: "pickle", Parsed: t})
}

// row walks a member that holds pickles with raw data between them. behind
// takes the raw data behind one: it returns its length, and false at the end.
func (c *checkpoint) row(m *member, behind func(c *checkpoint, t *pickle.Trace, off, rest int64) (int64, bool)) {
	pos, end := m.data, m.data+m.stored
	for n := 0; pos < end; n++ {
		r, err := c.in.R.Section(pos, end-pos)
		if err != nil || c.in.R.Budget().Items(1) != nil {
			return
		}
		t := pickle.Run(r, 0, pickle.Options{})
		if !t.Stopped {
			c.pickle(fmt.Sprintf("%s[%d]", m.name, n), pos, end-pos) // its own reader says what is wrong
			return
		}
		c.pickle(fmt.Sprintf("%s[%d]", m.name, n), pos, t.End)
		pos += t.End
		if n == 0 {
			continue // how many follow
		}
		raw, more := behind(c, t, pos, end-pos)
		pos += raw
		if !more {
			return // what is left stays unexplained
		}
	}
}

// storage explains the data of a storage: its number of elements and they
// themselves. A pickle that names no class is the list of views, the last one.
func (c *checkpoint) storage(t *pickle.Trace, off, rest int64) (int64, bool) {
	if len(t.Imports) != 1 || len(t.Calls) > 0 || rest < 8 {
		return 0, false
	}
	p, err := c.in.R.Bytes(off, 8)
	if err != nil {
		return 0, false
	}
	size, _, ok := torch.StorageBytes(t.Imports[0].Module, t.Imports[0].Name, int64(binary.LittleEndian.Uint64(p)))
	if !ok || size > rest-8 {
		reason := "A storage declares more data than the checkpoint has."
		c.res.Spans = append(c.res.Spans, format.Span{Offset: off, Kind: format.Unread, Rule: gapSizes, Reason: reason})
		return 0, false
	}
	c.storages++
	c.bytes += size
	c.res.Spans = append(c.res.Spans, format.Span{Offset: off, Length: 8, Kind: format.Structure})
	if size > 0 {
		c.res.Spans = append(c.res.Spans, format.Span{Offset: off + 8, Length: size, Kind: format.Payload})
	}
	return 8 + size, true
}

// tensor explains what follows the pickle of a tensor: the number of dimensions,
// sizes, strides and the offset in its storage.
func (c *checkpoint) tensor(_ *pickle.Trace, off, rest int64) (int64, bool) {
	if rest < 16 {
		return 0, false
	}
	p, err := c.in.R.Bytes(off, 8)
	if err != nil {
		return 0, false
	}
	n := 16 + 16*int64(binary.LittleEndian.Uint32(p))
	if n > rest || n > bounded.MaxStringKept || binary.LittleEndian.Uint32(p[4:]) != 0 {
		return 0, false
	}
	c.res.Spans = append(c.res.Spans, format.Span{Offset: off, Length: n, Kind: format.Structure})
	return n, true
}
