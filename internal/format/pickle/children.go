package pickle

import (
	"bufio"
	"fmt"
	"io"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
	decode "github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/rules"
)

// maxChildren is how many byte strings of one file are looked at as streams.
const maxChildren = 1_000

// children offers byte strings that look like a stream, and those that are
// handed to a function which loads them, whatever they look like.
func (s *streams) children(res *format.Result, t *decode.Trace) {
	for _, b := range t.Blobs {
		if b.Looks != "" {
			s.nested(res, b)
		}
	}
	for _, c := range t.Calls {
		if !reenters(t, c) {
			continue
		}
		for _, a := range c.Args {
			switch {
			case a.Kind != decode.Bytes || a.Length == 0:
			case a.Encoded:
				s.encodedChild(res, a)
			default:
				s.child(res, a.Offset, a.Length)
			}
		}
	}
}

func reenters(t *decode.Trace, c decode.Call) bool {
	i := c.Callee.Import
	if i < 0 || c.Callee.Kind != decode.Imported {
		return false
	}
	g := rules.LookupGlobal(t.Imports[i].RealModule, t.Imports[i].RealName)
	return g.Effect == "pickle-reentry" || g.Condition == "nested-stream"
}

// encodedChild offers bytes that the stream spells as text.
func (s *streams) encodedChild(res *format.Result, v decode.Value) {
	text, err := s.in.R.Section(v.Offset, v.Length)
	if err != nil || s.full(res, v.Offset) {
		return
	}
	open := func() (io.Reader, error) {
		return &latin1{text: bufio.NewReader(io.NewSectionReader(text, 0, v.Length))}, nil
	}
	r, err := s.in.R.Budget().NewStream(-1, open)
	if err != nil {
		res.Spans = append(res.Spans, format.Span{Offset: v.Offset, Kind: format.Unread, Rule: gapMalformed,
			Reason: fmt.Sprintf("The text at byte %d that stands for bytes cannot be decoded.", v.Offset)})
		return
	}
	res.Children = append(res.Children, format.Child{Name: childName(v.Offset), R: r, Offset: v.Offset})
}

// latin1 turns text into the bytes of its code points.
type latin1 struct{ text *bufio.Reader }

// Read implements io.Reader.
func (l *latin1) Read(p []byte) (int, error) {
	for i := range p {
		r, _, err := l.text.ReadRune()
		if err != nil {
			return i, err
		}
		if r > 0xff {
			return i, bounded.ErrCorrupt
		}
		p[i] = byte(r)
	}
	return len(p), nil
}

func childName(off int64) string { return fmt.Sprintf("bytes@%d", off) }

// full reports whether a child at off is there already or no more are taken.
func (s *streams) full(res *format.Result, off int64) bool {
	if len(res.Children) >= maxChildren {
		_ = s.in.R.Budget().Reach("pickle-list", maxChildren)
		return true
	}
	return slices.ContainsFunc(res.Children, func(c format.Child) bool { return c.Offset == off })
}

func (s *streams) child(res *format.Result, off, length int64) {
	if s.full(res, off) {
		return
	}
	sub, err := s.in.R.Section(off, length)
	if err != nil {
		return
	}
	res.Children = append(res.Children, format.Child{Name: childName(off), R: sub, Offset: off})
}
