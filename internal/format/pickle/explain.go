package pickle

import (
	"cmp"
	"fmt"
	"slices"

	decode "github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Bounds of one account. Steps that carry a severity are counted apart from
// harmless ones, so that no flood of these hides them.
const (
	maxSteps   = 2_000 // harmless steps, and as many others
	maxTensors = 2_000 // tensors listed
	maxClasses = 200   // classes listed
	maxNodes   = 8_000 // nodes of the graph
	maxEdges   = 8_000
)

// place is a stream inside of a string.
type place struct {
	name   string
	offset int64
}

// remember keeps where streams inside of strings are, for an account.
func (s *streams) remember(children []format.Child) {
	for _, c := range children {
		s.inside = append(s.inside, place{c.Name, c.Offset})
	}
}

// Explain tells in order what loading the input would do, one account for each
// stream; none for what is no pickle. Repetitions are folded into the first of
// their kind. Input.Told must have been set before Read.
func Explain(in *format.Input, tell func(format.Account)) {
	s := collect(in)
	if s == nil {
		return
	}
	j := &judge{in: in, raised: map[string]bool{}}
	for _, told := range s.titled() {
		t := &teller{j: j, s: s, t: told.trace, title: told.title}
		if a := t.account(told.other); !told.other || len(a.Steps) > 0 {
			tell(a)
		}
	}
}

// titled is a stream with what it is to the input.
type titled struct {
	trace *decode.Trace
	title string
	other bool // only what a loader does that reads the stream in another way
}

func (s *streams) titled() (out []titled) {
	for i, t := range s.traces {
		title := ""
		if len(s.traces) > 1 {
			title = fmt.Sprintf("stream %d of %d", i+1, len(s.traces))
		}
		out = append(out, titled{trace: t, title: title})
	}
	for _, t := range s.inner {
		out = append(out, titled{trace: t, title: "array of objects"})
	}
	for _, t := range s.other {
		out = append(out, titled{trace: t, title: "as a loader reads it that does not know joblib's arrays", other: true})
	}
	return out
}

// teller writes the account of one stream.
type teller struct {
	j     *judge
	s     *streams
	t     *decode.Trace
	title string
	acts  []act
	names map[int64]string // variables, by where the call stands whose result they hold
	out   format.Account
}

// act is one step before it has words.
type act struct {
	kind     string
	offset   int64
	index    int // in the list of the trace that the kind stands for
	count    int
	severity finding.Severity
	rule     string
	message  string
	text     string // when it has words already
	node     int
}

func (t *teller) account(other bool) format.Account {
	t.out = format.Account{Location: t.j.in.Location(0, 0), Title: t.title, Offset: t.t.Start}
	before := len(t.j.res.Findings)
	if other {
		t.j.otherReading(t.t)
		if len(t.j.res.Findings) == before {
			return t.out
		}
	} else {
		t.j.trace(t.t)
	}
	t.collect()
	t.blame(t.j.res.Findings[before:])
	slices.SortStableFunc(t.acts, func(a, b act) int { return cmp.Compare(a.offset, b.offset) })
	t.bound()
	t.nameResults()
	t.builds()
	t.graph()
	for i := range t.acts {
		t.step(&t.acts[i])
	}
	return t.out
}

// collect lists what the stream does, in any order.
func (t *teller) collect() {
	for i := range t.t.Imports {
		a := act{kind: format.StepImport, offset: t.t.Imports[i].Offset, index: i, count: 1}
		a.severity, a.rule = t.ofImport(i)
		t.acts = append(t.acts, a)
	}
	for i := range t.t.Calls {
		c := &t.t.Calls[i]
		a := act{kind: format.StepCall, offset: c.Offset, index: i, count: c.Count}
		if c.Callee.Kind == decode.Imported && c.Callee.Import >= 0 {
			a.severity, a.rule = t.ofImport(c.Callee.Import)
		}
		t.acts = append(t.acts, a)
	}
	for i := range t.t.Writes {
		w := &t.t.Writes[i]
		a := act{kind: format.StepWrite, offset: w.Offset, index: i, count: w.Count}
		if w.Target.Kind == decode.Imported {
			a.severity, a.rule = ruleSeverity(rulePatch), rulePatch
		}
		t.acts = append(t.acts, a)
	}
	for i, p := range t.t.Persistent {
		t.acts = append(t.acts, act{kind: format.StepExternal, offset: p.Offset, index: i, count: p.Count})
	}
	for _, e := range t.t.Extensions {
		t.acts = append(t.acts, act{kind: format.StepExternal, offset: e.Offset, index: -1, count: 1,
			severity: ruleSeverity(ruleExtension), rule: ruleExtension, text: fmt.Sprintf("copyreg._inverted_registry[%d]", e.Code)})
	}
	t.collectRest()
}

func (t *teller) collectRest() {
	if a := t.t.Account; a != nil {
		for i := range a.Built {
			t.acts = append(t.acts, act{kind: format.StepBuild, offset: a.Built[i].Offset, index: i, count: 1})
		}
	}
	for i, n := range t.s.inside {
		if n.offset >= t.t.Start && n.offset < t.t.End {
			t.acts = append(t.acts, act{kind: format.StepStream, offset: n.offset, index: i, count: 1, text: n.name + " is a stream of its own, see there"})
		}
	}
	for _, d := range t.t.Desyncs {
		if refused(d.Kind) {
			t.acts = append(t.acts, act{kind: format.StepRemark, offset: d.Offset, count: 1, severity: finding.Medium, rule: gapMalformed,
				text: "loaders refuse the stream here: " + d.Kind})
		}
	}
	if e := t.t.Err; e != nil {
		t.acts = append(t.acts, act{kind: format.StepBreak, offset: e.Offset, count: 1, severity: finding.Medium, rule: gapMalformed, text: brokenReason(t.t)})
	}
	if t.t.Stopped {
		t.acts = append(t.acts, act{kind: format.StepReturn, offset: t.t.End - 1, count: 1})
	}
}

func (t *teller) ofImport(i int) (finding.Severity, string) {
	if n := &t.t.Imports[i]; n.Computed || n.Unknown {
		return ruleSeverity(ruleComputed), ruleComputed
	}
	if id := t.j.classes[i].rule; id != "" {
		return ruleSeverity(id), id
	}
	return finding.Info, ""
}

func ruleSeverity(id string) finding.Severity {
	r, ok := rule.Lookup(id)
	if !ok {
		return finding.Critical
	}
	return r.Severity
}

// blame hands the judge's findings to the steps that they are about. One that
// belongs to none becomes a remark: the account never says less than a scan.
func (t *teller) blame(found []finding.Finding) {
	at := map[int64][]int{}
	for i := range t.acts {
		at[t.acts[i].offset] = append(at[t.acts[i].offset], i)
	}
	for _, f := range found {
		best := -1
		for _, i := range at[f.Location.Offset] {
			if k := t.acts[i].kind; k != format.StepBuild && (best < 0 || t.acts[i].rule == f.Rule) {
				best = i
			}
		}
		if best < 0 {
			t.acts = append(t.acts, act{kind: format.StepRemark, offset: f.Location.Offset, count: 1, severity: f.Severity, rule: f.Rule, text: f.Message})
			continue
		}
		if a := &t.acts[best]; a.message == "" || f.Severity > a.severity {
			a.message = f.Message
			if f.Severity >= a.severity {
				a.severity, a.rule = f.Severity, f.Rule
			}
		}
	}
}

// bound drops what an account has no room for: harmless steps beyond the first,
// and of the others the least severe.
func (t *teller) bound() {
	var bySeverity [finding.Critical + 1]int
	for i := range t.acts {
		bySeverity[t.acts[i].severity]++
	}
	var room [finding.Critical + 1]int
	left := maxSteps
	for sev := finding.Critical; sev >= finding.Medium; sev-- {
		room[sev] = min(left, bySeverity[sev])
		left -= room[sev]
	}
	quiet, tensors, dropped := maxSteps, maxTensors, 0
	t.acts = slices.DeleteFunc(t.acts, func(a act) bool {
		slot := &quiet
		switch {
		case a.severity >= finding.Medium:
			slot = &room[a.severity]
		case a.kind == format.StepReturn:
			return false
		case a.kind == format.StepBuild:
			slot = &tensors
		}
		*slot--
		if *slot >= 0 {
			return false
		}
		if a.kind != format.StepBuild {
			dropped++
		}
		return true
	})
	t.cut("explain-steps", maxSteps, int64(dropped))
	if a := t.t.Account; a != nil {
		t.cut("explain-tensors", maxTensors, max(0, a.Count-maxTensors))
	}
}

func (t *teller) cut(limit string, most, left int64) {
	if left > 0 {
		t.out.Cuts = append(t.out.Cuts, format.Cut{Limit: limit, Most: most, Left: left})
	}
}

// nameResults gives a variable to every call whose result is used again.
func (t *teller) nameResults() {
	used := map[int64]bool{}
	t.eachValue(func(v *decode.Value) {
		if v.Kind == decode.Object || v.Kind == decode.Computed {
			used[v.Offset] = true
		}
	})
	t.names = map[int64]string{}
	for i := range t.acts {
		a := &t.acts[i]
		if _, named := t.names[a.offset]; a.kind == format.StepCall && used[a.offset] && !named {
			t.names[a.offset] = fmt.Sprintf("v%d", len(t.names)+1)
		}
	}
}

// eachValue calls do for every value that a kept step shows, callees and targets
// too.
func (t *teller) eachValue(do func(*decode.Value)) {
	for i := range t.acts {
		switch a := &t.acts[i]; a.kind {
		case format.StepCall:
			c := &t.t.Calls[a.index]
			walk(&c.Callee, do)
			for k := range c.Args {
				walk(&c.Args[k], do)
			}
			for k := range c.Keywords {
				walk(&c.Keywords[k].Value, do)
			}
		case format.StepWrite:
			w := &t.t.Writes[a.index]
			walk(&w.Target, do)
			for k := range w.Keys {
				walk(&w.Keys[k].Value, do)
			}
		case format.StepReturn:
			if t.t.Account != nil {
				walk(&t.t.Account.Result, do)
			}
		}
	}
}

// walk visits a value and what it holds; values are two levels deep at most.
func walk(v *decode.Value, do func(*decode.Value)) {
	do(v)
	for i := range v.Items {
		walk(&v.Items[i], do)
	}
}

// step puts an act into words.
func (t *teller) step(a *act) {
	s := format.Step{Offset: a.offset, Kind: a.kind, Text: clipText(t.words(a)), Severity: a.severity, Rule: a.rule, Message: a.message, Node: a.node}
	if a.count > 1 {
		s.Count = a.count
	}
	t.out.Steps = append(t.out.Steps, s)
}
