package scan

import (
	"fmt"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	deepBlock = 1 << 20  // bytes searched at a time
	deepView  = 64 << 10 // bytes that a signature may look at
	deepHits  = 16       // things listed for one input; the rest is counted
)

// deep looks into the payload that the readings declare: for programs, pickles
// and archives at any offset, and at the values of tensors. Tensor data is not
// run by itself, so what lies in it is worth a look and no more.
func (x *examiner) deep(in *format.Input, won []reading) {
	var s *search
	for _, r := range won {
		for _, run := range payloadRuns(r.result.Spans) {
			if s == nil {
				s = newSearch(x.formats)
			}
			if !s.run(in, run) {
				x.notSearched(in, run)
			}
		}
		x.values(in, r.result.Spans)
	}
	if s == nil {
		return
	}
	for _, h := range s.hits {
		x.out.findings = append(x.out.findings, rule.Finding("SP-DEEP-001", in.Location(h.off, 0), h.what,
			fmt.Sprintf("Inside of tensor or media data, at byte %d, lies %s.", h.off, h.what)))
	}
	if s.more > 0 {
		x.out.findings = append(x.out.findings, rule.Finding("SP-DEEP-001", in.Location(0, 0), "more",
			fmt.Sprintf("Its tensor or media data holds %d more such things than are listed.", s.more)))
	}
}

// payloadRuns joins payload that touches: what hides there need not respect the
// borders of tensors. The spans are in the order of the file for all readers
// that have large payload; where they are not, runs are shorter.
func payloadRuns(spans []format.Span) []interval {
	var out []interval
	for _, s := range spans {
		if s.Kind != format.Payload || s.Length <= 0 {
			continue
		}
		if k := len(out); k > 0 && out[k-1].end == s.Offset {
			out[k-1].end += s.Length
			continue
		}
		out = append(out, interval{off: s.Offset, end: s.Offset + s.Length})
	}
	return out
}

// search finds the signatures of all formats in one pass.
type search struct {
	first, second [256]bool // bytes that some magic begins with
	by            map[[2]byte][]format.Signature
	block         []byte
	hits          []hit
	more          int
	tired         bool // the budget is used up, and the gap for it noted
}

type hit struct {
	off  int64
	what string
}

func newSearch(formats []format.Format) *search {
	s := &search{by: map[[2]byte][]format.Signature{}, block: make([]byte, deepBlock+deepView)}
	for i := range formats {
		for _, sig := range formats[i].Signatures {
			key := [2]byte{sig.Magic[0], sig.Magic[1]}
			s.first[key[0]], s.second[key[1]] = true, true
			s.by[key] = append(s.by[key], sig)
		}
	}
	return s
}

// notSearched is payload that could not be read to its end. Most causes are told
// by the budget as well; a decoded stream that breaks off is told here alone.
func (x *examiner) notSearched(in *format.Input, iv interval) {
	x.gap(rule.Gap("SP-COV-004", in.Location(iv.off, iv.end-iv.off), "This payload could not be read to its end, so it was not searched to its end."))
}

// run searches one range, a block at a time; blocks overlap by what a signature
// may look at. It reports whether the range could be read.
func (s *search) run(in *format.Input, iv interval) bool {
	for off := iv.off; off < iv.end; off += deepBlock {
		n := min(iv.end-off, int64(len(s.block)))
		p := s.block[:n]
		if mem := in.R.Memory(); mem != nil {
			p = mem[off : off+n]
		} else if got, _ := in.R.ReadAt(p, off); int64(got) < n {
			return false
		}
		s.look(in, p, min(deepBlock, len(p)), off)
	}
	return true
}

// look tries every position of p before end; base is the offset of p.
func (s *search) look(in *format.Input, p []byte, end int, base int64) {
	for i := 0; i < end && i+1 < len(p); i++ {
		if !s.first[p[i]] || !s.second[p[i+1]] {
			continue
		}
		for _, sig := range s.by[[2]byte{p[i], p[i+1]}] {
			if what := s.try(in, sig, p[i:min(len(p), i+deepView)]); what != "" {
				s.note(base+int64(i), what)
				break
			}
		}
	}
}

func (s *search) try(in *format.Input, sig format.Signature, p []byte) (what string) {
	if s.tired || len(p) < len(sig.Magic) || string(p[:len(sig.Magic)]) != sig.Magic {
		return ""
	}
	defer func() {
		if recover() != nil {
			what = "something that a reader failed on"
		}
	}()
	err := in.R.Budget().Trial(func(b *bounded.Budget) {
		what = sig.Is(&format.Input{Path: in.Path, Inside: in.Inside, R: bounded.NewBytes(p, b), Repo: in.Repo, Names: in.Names})
	})
	s.tired = s.tired || err != nil
	return what
}

func (s *search) note(off int64, what string) {
	if len(s.hits) == deepHits {
		s.more++
		return
	}
	s.hits = append(s.hits, hit{off, what})
}
