package pickle

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
	decode "github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/rules"
)

const (
	resyncWindow = 1 << 20 // bytes searched for a stream behind junk
	resyncTries  = 64      // streams tried there
	maxStreams   = 1 << 20 // stacked streams of one file
)

// streams are the streams found in one input, in order of their offsets.
type streams struct {
	in     *format.Input
	traces []*decode.Trace
	inner  []*decode.Trace // streams inside of joblib's arrays of objects
	other  []*decode.Trace // what a loader that does not know joblib's arrays reads
	cut    bool            // more streams than maxStreams
}

// collect finds the streams of the input. It returns nil when the input is not
// a pickle.
func collect(in *format.Input) *streams {
	s := &streams{in: in}
	first, ok := in.Parsed.(*decode.Trace)
	if !ok {
		first = decode.Run(in.R, 0, decode.Options{Inline: true})
	}
	strong := in.Parsed != nil || decode.HasMagic(in.Head())
	switch {
	case strong || convincing(in, first):
		s.add(first)
	case !hinted(in) || !s.resync(0):
		return nil
	}
	s.rest()
	return s
}

// convincing decides whether a stream without magic is a pickle. Prose, word
// lists and source code begin with opcodes too, so a name that a loader could
// import, and something done with it, is asked for.
func convincing(in *format.Input, t *decode.Trace) bool {
	if t.Ops < 2 {
		return false
	}
	if t.Stopped && hinted(in) {
		return true
	}
	if t.Stopped && len(t.Imports) > 0 && wholly(in, t) && plausibleNames(t) {
		return true
	}
	return acts(t)
}

// wholly reports whether nothing but white space follows the stream.
func wholly(in *format.Input, t *decode.Trace) bool {
	rest := in.R.Size() - t.End
	if rest > 64 {
		return false
	}
	p, err := in.R.Bytes(t.End, rest)
	return err == nil && len(bytes.TrimSpace(p)) == 0
}

// acts reports whether the stream does something with a plausible name: a call
// that prose cannot spell, or any use of a name that the lists know.
func acts(t *decode.Trace) bool {
	used := make([]bool, len(t.Imports))
	for _, c := range t.Calls {
		i := c.Callee.Import
		if i < 0 {
			continue
		}
		used[i] = true
		if plausible(t.Imports[i]) && c.Op != 'i' { // "(in\nthe\n" is an INST
			return true
		}
	}
	for _, w := range t.Writes {
		if i := w.Target.Import; i >= 0 {
			used[i] = true
		}
	}
	for i, n := range t.Imports {
		g := rules.LookupGlobal(n.RealModule, n.RealName)
		if used[i] && (g.Tier != 0 || g.Effect != "") || g.Effect != "" && !g.Wildcard {
			return true
		}
	}
	return false
}

func plausibleNames(t *decode.Trace) bool {
	return !slices.ContainsFunc(t.Imports, func(i decode.Import) bool { return !plausible(i) })
}

func plausible(i decode.Import) bool { return dottedIdentifier(i.Module) && dottedIdentifier(i.Name) }

// dottedIdentifier accepts what an import can be spelled with.
func dottedIdentifier(s string) bool {
	start := true
	for _, r := range s {
		switch {
		case r == '.':
			if start {
				return false
			}
			start = true
			continue
		case r == '_', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r > 0x7f, r >= '0' && r <= '9' && !start:
		default:
			return false
		}
		start = false
	}
	return !start
}

func (s *streams) add(t *decode.Trace) {
	s.traces = append(s.traces, t)
	if len(t.Arrays) == 0 {
		return
	}
	s.other = append(s.other, decode.Run(s.in.R, t.Start, decode.Options{}))
	for _, a := range t.Arrays {
		if a.Object {
			s.inner = append(s.inner, decode.Run(s.in.R, a.Offset, decode.Options{Inline: true}))
		}
	}
}

func (s *streams) last() *decode.Trace { return s.traces[len(s.traces)-1] }

// rest follows the streams behind the first: loaders call load again and again,
// and some skip what lies between.
func (s *streams) rest() {
	for s.last().End < s.in.R.Size() && s.last().End > s.last().Start {
		if len(s.traces) == maxStreams {
			s.cut = true
			return
		}
		if !s.last().Stopped || !s.next(s.last().End) {
			if !s.resync(s.last().End) {
				return
			}
		}
	}
}

// next takes the stream that starts right at off.
func (s *streams) next(off int64) bool {
	var head [3]byte
	n, _ := s.in.R.ReadAt(head[:], off)
	if n == 0 || !decode.IsOpcode(head[0]) {
		return false
	}
	t := decode.Run(s.in.R, off, decode.Options{Inline: true})
	magic := decode.HasMagic(head[:n])
	if t.Stopped && (magic || t.End == s.in.R.Size() && t.Ops > 1) || acts(t) || magic && len(t.Imports) > 0 {
		s.add(t)
		return true
	}
	return false
}

// resync searches a window behind off for the beginning of another stream that
// imports something; what lies before it stays unexplained.
func (s *streams) resync(off int64) bool {
	window, err := s.in.R.Bytes(off, min(resyncWindow, s.in.R.Size()-off))
	if err != nil {
		return false
	}
	tries := 0
	for i := 0; i < len(window) && tries < resyncTries; i++ {
		j := bytes.IndexByte(window[i:], 0x80)
		if j < 0 {
			return false
		}
		i += j
		if !decode.HasMagic(window[i:]) {
			continue
		}
		tries++
		t := decode.Run(s.in.R, off+int64(i), decode.Options{Inline: true})
		if len(t.Imports) > 0 && (t.Stopped || acts(t)) {
			s.add(t)
			return true
		}
	}
	return false
}

// cover explains the bytes: structure, large payloads, what could not be read,
// and byte strings that are streams of their own.
func (s *streams) cover(res *format.Result) {
	for _, t := range s.traces {
		s.spans(res, t)
		s.children(res, t)
	}
	last := s.last()
	size := s.in.R.Size()
	switch {
	case s.cut:
		res.Spans = append(res.Spans, format.Span{Offset: last.End, Length: size - last.End, Kind: format.Unread,
			Rule: gapLimit, Reason: fmt.Sprintf("The file holds more than %d pickle streams.", maxStreams)})
	case last.Err != nil:
		res.Spans = append(res.Spans, format.Span{Offset: last.End, Length: size - last.End, Kind: format.Unread,
			Rule: gapMalformed, Reason: brokenReason(last)})
	}
	res.Facts = append(res.Facts, protocolFact(s.traces))
}

// spans lists structure and payload of one stream, in order and merged with
// what came before.
func (s *streams) spans(res *format.Result, t *decode.Trace) {
	pos := t.Start
	for _, p := range payloads(t) {
		if p.Offset < pos || p.Offset+p.Length > t.End {
			continue
		}
		structure(res, pos, p.Offset)
		res.Spans = append(res.Spans, format.Span{Offset: p.Offset, Length: p.Length, Kind: format.Payload})
		pos = p.Offset + p.Length
	}
	structure(res, pos, t.End)
	if t.Err != nil && t != s.last() {
		res.Spans = append(res.Spans, format.Span{Offset: t.End, Length: 0, Kind: format.Unread, Rule: gapMalformed, Reason: brokenReason(t)})
	}
	for _, d := range t.Desyncs {
		if refused(d.Kind) {
			res.Spans = append(res.Spans, format.Span{Offset: d.Offset, Length: 0, Kind: format.Unread, Rule: gapMalformed,
				Reason: fmt.Sprintf("Loaders refuse the stream at byte %d (%s).", d.Offset, d.Kind)})
			break
		}
	}
}

func structure(res *format.Result, from, to int64) {
	if to <= from {
		return
	}
	if n := len(res.Spans); n > 0 {
		if last := &res.Spans[n-1]; last.Kind == format.Structure && last.Offset+last.Length == from {
			last.Length += to - from
			return
		}
	}
	res.Spans = append(res.Spans, format.Span{Offset: from, Length: to - from, Kind: format.Structure})
}

// payloads are the large byte strings and raw arrays of a stream, by offset.
func payloads(t *decode.Trace) []decode.Blob {
	var out []decode.Blob
	for _, b := range t.Blobs {
		if b.Length >= bounded.MaxStringKept {
			out = append(out, b)
		}
	}
	for _, a := range t.Arrays {
		if !a.Object && a.Length > 0 {
			out = append(out, decode.Blob{Offset: a.Offset, Length: a.Length})
		}
	}
	if len(t.Arrays) > 0 {
		slices.SortFunc(out, func(a, b decode.Blob) int { return int(a.Offset - b.Offset) })
	}
	return out
}

func brokenReason(t *decode.Trace) string {
	what := map[string]string{
		decode.Truncated:  "it ends in the middle of an instruction",
		decode.BadOpcode:  "a byte that is no pickle instruction",
		decode.Underflow:  "an instruction takes more values than there are",
		decode.NoMark:     "an instruction needs a mark that is not there",
		decode.NoMemo:     "an instruction asks for a value that was never stored",
		decode.BadNumber:  "a number or length that cannot be read",
		decode.LimitHit:   "a limit was reached",
		decode.ReadFailed: "the bytes could not be read",
	}[t.Err.Kind]
	reason := fmt.Sprintf("The pickle stream breaks at byte %d: %s.", t.Err.Offset, what)
	if len(t.Imports) > 0 {
		reason += " What it imports before that runs all the same."
	}
	return reason
}

func protocolFact(traces []*decode.Trace) finding.Fact {
	highest := 0
	for _, t := range traces {
		highest = max(highest, t.Protocol)
	}
	return finding.Fact{Key: "pickle.protocol", Value: fmt.Sprint(highest)}
}

// maxChildren is how many byte strings of one file are looked at as streams.
const maxChildren = 1_000

// children offers byte strings that look like a stream, and those that are
// handed to a function which loads them, whatever they look like.
func (s *streams) children(res *format.Result, t *decode.Trace) {
	for _, b := range t.Blobs {
		if b.Looks != "" && !(b.Looks == "pickle" && !s.loads(b)) {
			s.child(res, b.Offset, b.Length)
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

// loads reports whether a byte string that begins like a pickle is one.
func (s *streams) loads(b decode.Blob) bool {
	sub, err := s.in.R.Section(b.Offset, b.Length)
	if err != nil {
		return false
	}
	t := decode.Run(sub, 0, decode.Options{Inline: true})
	return t.Stopped || len(t.Imports) > 0
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
