package differential

import (
	"fmt"
	"strconv"
	"strings"

	decode "github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/format/pickle"
	"github.com/sallyport/sallyport/internal/formattest"
	"github.com/sallyport/sallyport/rules"
)

const (
	maxStreams = 4 // as in readers.py
	extension  = "extension registry"
	// longestName is how much of a name we keep, in bytes.
	longestName = 1024
)

// outcome is what comes of one stream. problem begins with its kind and a colon;
// excused says that the readings differ and that we say so ourselves.
type outcome struct {
	problem string
	excused bool
}

// compare holds our reading of a stream against what Python's readers did.
func compare(data []byte, theirs []event, inMemory bool) outcome {
	traces := follow(data, inMemory)
	res := pickle.Format.Read(formattest.Input("model.pkl", data, inMemory))
	suspect := suspicious(res, int64(len(data)))
	for _, e := range theirs {
		if e.kind == 'I' && !suspect && unlisted(e) {
			return outcome{problem: fmt.Sprintf("clean: %v, and the file passes", e)}
		}
	}
	for _, e := range theirs {
		switch {
		case seen(traces, e):
		case !torn(traces):
			return outcome{problem: fmt.Sprintf("missed %c: %v", e.kind, e)}
		case !suspect:
			return outcome{problem: fmt.Sprintf("excused %c: %v, which we miss, and the file passes", e.kind, e)}
		default:
			return outcome{excused: true}
		}
	}
	return outcome{}
}

// follow reads stacked streams as the child does.
func follow(data []byte, inMemory bool) []*decode.Trace {
	r := formattest.Input("model.pkl", data, inMemory).R
	var traces []*decode.Trace
	for off := int64(0); len(traces) < maxStreams; {
		t := decode.Run(r, off, decode.Options{})
		traces = append(traces, t)
		if !t.Stopped || t.End >= r.Size() {
			break
		}
		off = t.End
	}
	return traces
}

// suspicious reports whether the file is flagged or incomplete. A file that the
// format passes on is neither: another format may find it clean.
func suspicious(res format.Result, size int64) bool {
	for _, f := range res.Findings {
		if f.Severity >= finding.High {
			return true
		}
	}
	for _, s := range res.Spans {
		if s.Kind == format.Unread {
			return true
		}
	}
	return len(res.Spans) > 0 && formattest.Uncovered(res, size) > 0
}

// unlisted reports whether an import is on no list of inert names. Names of
// Python 2 are judged by their new spelling, elsewhere.
func unlisted(e event) bool {
	switch e.module {
	case "__builtin__", "copy_reg", "exceptions", "itertools", "urllib", "commands", extension:
		return false
	}
	return rules.LookupGlobal(e.module, e.name).Tier == 0
}

// torn reports whether our own reading says that readers see different bytes.
func torn(traces []*decode.Trace) bool {
	for _, t := range traces {
		for _, d := range t.Desyncs {
			switch d.Kind {
			case decode.FrameLong, decode.FrameNested, decode.FrameCrossed, decode.FrameLeft:
				return true
			}
		}
	}
	return false
}

// seen reports whether one of our traces holds the event.
func seen(traces []*decode.Trace, e event) bool {
	for _, t := range traces {
		if holds(t, e) {
			return true
		}
	}
	return false
}

func holds(t *decode.Trace, e event) bool {
	if e.module == extension || e.module == "" && e.kind != 'I' && e.kind != 'M' {
		return holdsNameless(t, e)
	}
	switch e.kind {
	case 'I', 'M':
		for _, i := range t.Imports {
			if e.kind == 'I' && same(i.Module, e.module) && same(i.Name, e.name) || e.kind == 'M' && same(i.RealModule, e.module) && same(i.RealName, e.name) {
				return true
			}
		}
	case 'C', 'X':
		want := map[byte]decode.Kind{'C': decode.Imported, 'X': decode.Object}[e.kind]
		for _, c := range t.Calls {
			if c.Callee.Kind == want && named(t, c.Callee.Import, e) {
				return true
			}
		}
	case 'W':
		for _, w := range t.Writes {
			if named(t, w.Target.Import, e) {
				return true
			}
		}
	}
	return false
}

// holdsNameless is for what we know without a name: objects of the extension
// registry and of persistent ids, and results of results.
func holdsNameless(t *decode.Trace, e event) bool {
	switch e.kind {
	case 'I':
		for _, x := range t.Extensions {
			if strconv.FormatInt(x.Code, 10) == e.name {
				return true
			}
		}
		return false
	case 'W':
		return len(t.Writes) > 0
	}
	return len(t.Calls) > 0
}

func named(t *decode.Trace, i int, e event) bool {
	return i >= 0 && same(t.Imports[i].Module, e.module) && same(t.Imports[i].Name, e.name)
}

// same compares our spelling with theirs. We keep the bytes of 8-bit strings;
// a loader may decode them as Latin-1.
func same(ours, theirs string) bool {
	if ours == theirs || len(theirs) > longestName && (ours == "?" || strings.HasPrefix(theirs, ours)) {
		return true
	}
	var b strings.Builder
	for i := range len(ours) {
		b.WriteRune(rune(ours[i]))
	}
	return b.String() == theirs
}

// reading describes our traces of the lines.
func reading(lines []string) string {
	data, err := build(lines)
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, t := range follow(data, true) {
		fmt.Fprintf(&b, "  [%d-%d] stopped %v %+v\n  imports %+v\n  calls %+v\n  writes %+v\n  desyncs %+v\n", t.Start, t.End, t.Stopped, t.Err, t.Imports, t.Calls, t.Writes, t.Desyncs)
	}
	res := pickle.Format.Read(formattest.Input("model.pkl", data, true))
	fmt.Fprintf(&b, "  findings %+v\n  spans %+v\n", res.Findings, res.Spans)
	return b.String()
}
