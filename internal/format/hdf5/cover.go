package hdf5

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/hdf5"
	"github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/format"
)

// cover turns the ranges of the file into spans. Space that the library gave up
// is normal in HDF5 and keeps what stood there before: it counts as structure
// when it lies inside of the file proper and was searched for streams.
func (r *reader) cover(f *hdf5.File) {
	put := func(kind format.SpanKind, at hdf5.Range, typ string) {
		r.res.Spans = append(r.res.Spans, format.Span{Offset: at.Offset, Length: at.Length, Kind: kind, Type: typ})
	}
	for _, s := range f.Structure {
		put(format.Structure, s, "")
	}
	for _, p := range f.Payload {
		put(format.Payload, p.Range, p.Type)
	}
	for _, h := range f.Heaps {
		put(format.Payload, h, "")
	}
	for _, u := range f.Unread {
		r.res.Spans = append(r.res.Spans, format.Span{Offset: u.Offset, Length: u.Length, Kind: format.Unread, Rule: u.Rule, Reason: u.Reason})
	}
	s := search{r: r, left: bounded.MaxFreeSpace}
	for _, g := range f.Gaps {
		r.gap(f, &s, g, put)
	}
	for _, g := range f.Free {
		s.look(g, "unused space")
	}
}

// gap explains a range that no structure claims.
func (r *reader) gap(f *hdf5.File, s *search, g hdf5.Range, put func(format.SpanKind, hdf5.Range, string)) {
	switch {
	case g.End() <= f.Start:
		r.userBlock(s, g, put)
	case g.Offset < f.End() && g.End() > f.End(): // the end of the file proper lies in it
		r.gap(f, s, hdf5.Range{Offset: g.Offset, Length: f.End() - g.Offset}, put)
	case g.Offset >= f.End():
		// What is appended to the file belongs to somebody else.
	case s.zero(g), f.Complete && s.look(g, "unused space"):
		put(format.Structure, g, "")
	}
}

// userBlock explains what stands before the superblock: nothing, the mark of
// MATLAB, or a stream of somebody else.
func (r *reader) userBlock(s *search, g hdf5.Range, put func(format.SpanKind, hdf5.Range, string)) {
	if g.Offset == 0 && g.Length == 512 {
		p, err := r.in.R.Bytes(0, 512)
		if err == nil && bytes.HasPrefix(p, []byte("MATLAB 7.3 MAT-file")) && printable(p[:124]) && len(bytes.Trim(p[128:], "\x00")) == 0 {
			put(format.Structure, g, "")
			return
		}
	}
	if s.zero(g) {
		put(format.Structure, g, "")
		return
	}
	if sub, err := r.in.R.Section(g.Offset, g.Length); err == nil {
		r.res.Children = append(r.res.Children, format.Child{Name: "user block", R: sub, Offset: g.Offset, Length: g.Length})
	}
}

func printable(p []byte) bool {
	for _, b := range bytes.TrimRight(p, "\x00") {
		if b < 0x20 || b >= 0x7f {
			return false
		}
	}
	return true
}

// search looks for streams in unused space, up to a number of bytes in all.
type search struct {
	r      *reader
	left   int64
	tries  int
	walked int64
}

const searchBlock = 64 << 10

// zero reports whether a range holds nothing but zeros.
func (s *search) zero(g hdf5.Range) bool {
	for at := g.Offset; at < g.End(); at += searchBlock {
		p, ok := s.read(at, min(searchBlock, g.End()-at))
		if !ok || len(bytes.Trim(p, "\x00")) != 0 {
			return false
		}
	}
	return true
}

func (s *search) read(at, n int64) ([]byte, bool) {
	if s.left -= n; s.left < 0 {
		_ = s.r.in.R.Budget().Reach("free-space", bounded.MaxFreeSpace)
		return nil, false
	}
	p, err := s.r.in.R.Bytes(at, n)
	return p, err == nil
}

// look searches a range for streams and hands on those that it finds. It reports
// whether the range was searched to its end.
func (s *search) look(g hdf5.Range, where string) bool {
	skip := int64(0)
	for at := g.Offset; at < g.End(); at += searchBlock {
		// Blocks overlap, so that the beginning of a stream is seen whole.
		p, ok := s.read(at, min(searchBlock+64, g.End()-at))
		if !ok {
			return false
		}
		for i := 0; i < min(len(p), searchBlock); i++ {
			if here := at + int64(i); here < skip || !opens[p[i]] || len(p)-i < 4 {
				continue
			} else if n := s.stream(p[i:], hdf5.Range{Offset: here, Length: g.End() - here}, i == 0 || p[i-1] == 0); n > 0 {
				s.r.section(where, hdf5.Range{Offset: here, Length: n})
				skip = here + n
			}
		}
	}
	return true
}

// opens marks the first bytes of what is looked for.
var opens = [256]bool{0x80: true, 'P': true, 0x1f: true, 0x7f: true, 'M': true, 0x93: true, 0xfd: true, 'B': true, 'c': true, '(': true, '7': true, ']': true, '}': true}

// stream returns how long the stream is that begins at a place, or 0. Pickles of
// the first protocols have no mark: only what follows zeros, as a value that was
// put there does, is tried.
func (s *search) stream(p []byte, rest hdf5.Range, fresh bool) int64 {
	switch p[0] {
	case 0x80:
		if pickle.HasMagic(p) && p[1] >= 2 && p[1] <= 5 {
			return s.pickle(p, rest)
		}
		return 0
	case 'c', '(', ']', '}':
		if fresh {
			return s.pickle(p, rest)
		}
		return 0
	case '7':
		if len(p) >= 8 && string(p[:6]) == "7z\xbc\xaf\x27\x1c" {
			return rest.Length
		}
		return 0
	}
	if len(p) < 16 {
		return 0
	}
	switch kind := pickle.Sniff(p); kind {
	case "", "zlib", "pickle":
	case "pe":
		if len(p) >= 64 {
			at := int64(binary.LittleEndian.Uint32(p[0x3c:]))
			if sign, err := s.r.in.R.Bytes(rest.Offset+at, 4); err == nil && at+4 <= rest.Length && string(sign) == "PE\x00\x00" {
				return rest.Length
			}
		}
	default:
		return rest.Length
	}
	return 0
}

// What trying places of one file as the beginning of a pickle may cost. Whoever
// fills the space with beginnings makes it space that was not searched.
const (
	maxTries  = 1 << 16
	maxWalked = 8 << 20 // bytes of instructions
	firstLook = 4 << 10 // bytes given to a try that finds nothing before
)

// pickle follows a stream that may be one: it counts when it imports something by
// a proper name, or is of a newer protocol and comes to its end.
func (s *search) pickle(p []byte, rest hdf5.Range) int64 {
	if s.tries++; s.tries > maxTries || s.walked > maxWalked {
		s.left = 0
		return 0
	}
	n, cut := s.follow(p[:min(int64(len(p)), rest.Length, firstLook)])
	if cut && rest.Length > firstLook {
		if long, err := s.r.in.R.Bytes(rest.Offset, min(rest.Length, bounded.MaxStringKept)); err == nil {
			n, _ = s.follow(long)
		}
	}
	return n
}

func (s *search) follow(p []byte) (n int64, cut bool) {
	err := s.r.in.R.Budget().Trial(func(b *bounded.Budget) {
		t := pickle.Run(bounded.NewBytes(p, b), 0, pickle.Options{})
		s.walked += t.End
		cut = t.Err != nil && t.Err.Kind == pickle.Truncated
		proper := slices.ContainsFunc(t.Imports, func(i pickle.Import) bool { return isName(i.Module) && isName(i.Name) })
		if proper && (t.Stopped || len(t.Calls) > 0) || t.Stopped && t.Protocol >= 2 && t.Ops > 3 {
			n = t.End
		}
	})
	if err != nil {
		return 0, false
	}
	return n, cut
}

// isName reports a dotted name of Python.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= 0x80; !letter && (i == 0 || c != '.' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != "" && s != "_"
}
