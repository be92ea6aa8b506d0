package pickle

import (
	"fmt"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
	decode "github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

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
	case s.cut > 0:
		res.Spans = append(res.Spans, format.Span{Offset: last.End, Length: size - last.End, Kind: format.Unread,
			Rule: gapLimit, Reason: fmt.Sprintf("The file holds more than %d pickle streams.", s.cut)})
	case last.Err != nil:
		res.Spans = append(res.Spans, format.Span{Offset: last.End, Length: size - last.End, Kind: format.Unread,
			Rule: gapMalformed, Reason: brokenReason(last)})
	case s.lineEnd(last.End):
		structure(res, last.End, size)
	}
	res.Facts = append(res.Facts, protocolFact(s.traces))
}

// lineEnd reports that nothing but the end of a line follows: editors put one
// behind pickles of protocol 0, and no loader reads it.
func (s *streams) lineEnd(at int64) bool {
	p, err := s.in.R.Bytes(at, min(s.in.R.Size()-at, 3))
	return err == nil && (string(p) == "\n" || string(p) == "\r\n")
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
