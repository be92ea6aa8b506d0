package pickle

import (
	"bytes"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	decode "github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/rules"
)

const (
	resyncWindow = 1 << 20 // bytes searched for a stream behind junk
	resyncTries  = 64      // streams tried there
	maxStreams   = 1 << 20 // stacked streams of one file
	maxTraces    = 1 << 14 // those among them that do more than hold plain data
)

// streams are the streams found in one input, in order of their offsets.
type streams struct {
	in     *format.Input
	run    decode.Runner
	traces []*decode.Trace // plain ones that follow each other are one
	count  int             // streams, each of them
	inner  []*decode.Trace // streams inside of joblib's arrays of objects
	other  []*decode.Trace // what a loader that does not know joblib's arrays reads
	cut    int             // how many streams are too many; 0 when all were read
	tries  int             // strings that were decoded for a look
	told   map[string]bool // compiled code that was reported
	how    decode.Options
	inside []place // streams inside of strings, when an account is asked for
}

// collect finds the streams of the input. It returns nil when the input is not
// a pickle.
func collect(in *format.Input) *streams {
	if in.Told {
		return format.Memo(in, "pickle.streams", func() *streams { return newStreams(in) })
	}
	return newStreams(in)
}

func newStreams(in *format.Input) *streams {
	s := &streams{in: in, run: decode.Runner{R: in.R}, how: decode.Options{Inline: true, Tentative: true, Account: in.Told}}
	defer s.run.Close()
	first, ok := in.Parsed.(*decode.Trace)
	switch {
	case ok && in.Told: // the container did not ask for an account
		script, numbered := first.Script, first.Numbered
		first = s.run.Run(0, decode.Options{Inline: first.Inline, Account: true})
		first.Script, first.Numbered = script, numbered
	case ok:
		own := *first // the container keeps its own
		first = &own
	default:
		first = s.run.Run(0, s.how)
	}
	strong := in.Parsed != nil || decode.HasMagic(in.Head())
	switch {
	case strong || convincing(in, first) || s.leads(first):
		s.add(first)
	case !hinted(in) || !s.resync(0):
		if first.Lost && len(first.Calls) > 0 {
			s.commit(first) // what it calls may be what is lost
		}
		return nil
	}
	s.rest()
	return s
}

// convincing decides whether a stream without magic is a pickle. Prose, word
// lists and source code begin with opcodes too, so a name that a loader could
// import, and something done with it, is asked for.
//
// A first instruction that asks for a persistent id which is not ASCII ends every
// loader at once; each zip begins with such a one ("P", then binary).
func convincing(in *format.Input, t *decode.Trace) bool {
	if len(t.Desyncs) > 0 && t.Desyncs[0].Kind == decode.BadPersistent && t.Desyncs[0].Offset == t.Start {
		return false
	}
	if (len(t.Imports) > 0 || torn(t)) && named(in) {
		return true
	}
	if t.Ops < 2 {
		return false
	}
	if t.Stopped && hinted(in) {
		return true
	}
	return telling(in, t)
}

// telling reports a stream that no text is by chance, whatever the file's name.
func telling(in *format.Input, t *decode.Trace) bool {
	if t.Stopped && len(t.Imports) > 0 && wholly(in, t) && plausibleNames(t) {
		return true
	}
	return acts(t) || importsShipped(in, t)
}

// importsShipped reports whether the stream imports a module that lies in the
// repository: whoever wrote that module wrote the stream for it.
func importsShipped(in *format.Input, t *decode.Trace) bool {
	return in.Repo != nil && slices.ContainsFunc(t.Imports, func(i decode.Import) bool {
		if !plausible(i) {
			return false
		}
		_, ok := in.Repo.Module(i.RealModule)
		return ok
	})
}

// torn reports whether loaders see other bytes than this reading does, so that
// it says nothing of what they import.
func torn(t *decode.Trace) bool {
	return slices.ContainsFunc(t.Desyncs, func(d decode.Desync) bool {
		return d.Kind == decode.FrameCrossed || d.Kind == decode.FrameNested || d.Kind == decode.FrameLong || d.Kind == decode.FrameLeft
	})
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
		dotted := strings.Contains(t.Imports[i].Module, ".")
		if plausible(t.Imports[i]) && (c.Op != 'i' || dotted) { // "(in\nthe\n" is an INST
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

// commit counts the limits that were reached while it was not known whether the
// bytes are a pickle.
func (s *streams) commit(t *decode.Trace) {
	for _, l := range t.Limits {
		_ = s.in.R.Budget().Reach(l.Name, l.Max)
	}
}

func (s *streams) add(t *decode.Trace) {
	s.commit(t)
	s.count++
	if len(s.traces) > 0 && s.merge(t) {
		return
	}
	s.traces = append(s.traces, t)
	if len(t.Arrays) == 0 {
		return
	}
	s.other = append(s.other, decode.Run(s.in.R, t.Start, decode.Options{}))
	for _, a := range t.Arrays {
		if a.Object {
			inner := decode.Run(s.in.R, a.Offset, s.how)
			s.commit(inner)
			s.inner = append(s.inner, inner)
		}
	}
}

// merge takes a stream of plain data together with one right before it: there
// may be a million of them.
func (s *streams) merge(t *decode.Trace) bool {
	last := s.last()
	if last.End != t.Start || !plain(last) || !plain(t) {
		return false
	}
	last.End, last.Protocol, last.Ops = t.End, max(last.Protocol, t.Protocol), last.Ops+t.Ops
	return true
}

// plain reports whether a stream ends well and has nothing in it to judge.
func plain(t *decode.Trace) bool {
	return t.Stopped && len(t.Imports)+len(t.Calls)+len(t.Writes)+len(t.Persistent)+len(t.Extensions)+len(t.Desyncs)+len(t.Blobs)+len(t.Arrays) == 0
}

func (s *streams) last() *decode.Trace { return s.traces[len(s.traces)-1] }

// rest follows the streams behind the first: loaders call load again and again,
// and some skip what lies between.
func (s *streams) rest() {
	for s.last().End < s.in.R.Size() && s.last().End > s.last().Start {
		if s.count == maxStreams || len(s.traces) == maxTraces {
			s.cut = s.count
			return
		}
		if !s.last().Stopped || !s.next(s.last().End) {
			if !s.resync(s.last().End) && !s.lost(s.last()) {
				return
			}
		}
	}
}

// next takes the stream that starts right at off, or a few that say nothing by
// themselves and the one that they lead to.
func (s *streams) next(off int64) bool {
	chain := s.chain(off, func(t *decode.Trace, magic bool) bool {
		return t.Stopped && (magic || t.End == s.in.R.Size() && t.Ops > 1) || acts(t) || magic && len(t.Imports) > 0
	})
	for _, t := range chain {
		s.add(t)
	}
	return chain != nil
}

// leads reports whether a harmless first stream without magic is followed by one
// that is a pickle for certain: a loader that loads again gets there.
func (s *streams) leads(first *decode.Trace) bool {
	return first.Stopped && s.chain(first.End, func(t *decode.Trace, _ bool) bool { return telling(s.in, t) }) != nil
}

// maxChain is how many streams that say nothing may stand before one that does.
const maxChain = 64

// chain follows streams that end well until one satisfies; nil when none does.
func (s *streams) chain(off int64, satisfies func(t *decode.Trace, magic bool) bool) (chain []*decode.Trace) {
	for range maxChain {
		var head [3]byte
		n, _ := s.in.R.ReadAt(head[:], off)
		if n == 0 || !decode.IsOpcode(head[0]) {
			return nil
		}
		t := s.run.Run(off, s.how)
		chain = append(chain, t)
		if satisfies(t, decode.HasMagic(head[:n])) {
			return chain
		}
		if !t.Stopped {
			return nil
		}
		off = t.End
	}
	return nil
}

// lostWindow is how far behind an array of unknown size calls are searched, in bytes.
const lostWindow = 4 << 10

// lost looks behind an array whose size the stream does not say, where no
// stream begins: the instructions go on somewhere, and a call of a known gadget
// there is worth telling.
func (s *streams) lost(t *decode.Trace) bool {
	if t.Err == nil || t.Err.Detail != decode.UnknownArray {
		return false
	}
	end := min(t.End+lostWindow, s.in.R.Size())
	view, err := s.in.R.Section(0, end)
	if err != nil {
		return false
	}
	for off := t.End; off < end; off++ {
		if rest := decode.Run(view, off, s.how); callsGadget(rest) {
			s.add(rest)
			return true
		}
	}
	return false
}

func callsGadget(t *decode.Trace) bool {
	return slices.ContainsFunc(t.Calls, func(c decode.Call) bool {
		i := c.Callee.Import
		return i >= 0 && c.Callee.Kind == decode.Imported && rules.LookupGlobal(t.Imports[i].RealModule, t.Imports[i].RealName).Effect != ""
	})
}

// resync searches a window behind off for the beginning of another stream that
// imports something; what lies before it stays unexplained. It reads in pieces
// that grow, so that a file full of gaps is not read again and again.
func (s *streams) resync(off int64) bool {
	end := min(off+resyncWindow, s.in.R.Size())
	tries := 0
	for size := int64(4 << 10); off < end; size = min(4*size, bounded.MaxBlock) {
		piece, err := s.in.R.Bytes(off, min(size, end-off))
		if err != nil {
			return false
		}
		for i := 0; i < len(piece); i++ {
			j := bytes.IndexByte(piece[i:], 0x80)
			if j < 0 {
				break
			}
			i += j
			if !s.begins(off + int64(i)) {
				continue
			}
			if tries++; tries > resyncTries {
				return false
			}
			if s.found(off + int64(i)) {
				return true
			}
		}
		off += int64(len(piece))
	}
	return false
}

// begins reports whether the magic of a stream stands at off.
func (s *streams) begins(off int64) bool {
	var head [3]byte
	n, _ := s.in.R.ReadAt(head[:], off)
	return decode.HasMagic(head[:n])
}

func (s *streams) found(off int64) bool {
	t := s.run.Run(off, s.how)
	if len(t.Imports) == 0 || !t.Stopped && !acts(t) {
		return false
	}
	s.add(t)
	return true
}
