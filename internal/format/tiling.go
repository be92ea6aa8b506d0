package format

// Tiling collects the spans of an input that is read front to back and is
// structure wherever nothing else is said. The zero value begins at byte 0.
type Tiling struct {
	spans []Span
	at    int64
}

// Put says what a range is that is not structure; what lies between it and the
// range before is structure. Ranges come in ascending order. What a range shares
// with an earlier one stays with the earlier one, except that Unread is always
// kept whole: it says more about bytes, not something else.
func (t *Tiling) Put(s Span) {
	end := s.Offset + s.Length
	if s.Kind == Unread {
		t.fill(s.Offset)
		t.spans = append(t.spans, s)
		t.at = max(t.at, end)
		return
	}
	t.fill(s.Offset)
	if s.Offset = max(s.Offset, t.at); end > s.Offset {
		s.Length = end - s.Offset
		t.spans = append(t.spans, s)
		t.at = end
	}
}

// fill makes structure of what lies before off.
func (t *Tiling) fill(off int64) {
	if off > t.at {
		t.spans = append(t.spans, Span{Offset: t.at, Length: off - t.at, Kind: Structure})
		t.at = off
	}
}

// Spans ends the tiling: everything up to end that was not put is structure.
func (t *Tiling) Spans(end int64) []Span {
	t.fill(end)
	return t.spans
}
