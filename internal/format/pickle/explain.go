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

// maxSteps is how many steps of one kind an account lists.
const maxSteps = 200

// Explain tells in order what loading the input would do. Repetitions are
// folded into the first of their kind. It returns nil for what is no pickle.
func Explain(in *format.Input) []format.Step {
	s := collect(in)
	if s == nil {
		return nil
	}
	var steps []format.Step
	j := &judge{in: in, raised: map[string]bool{}}
	for i, t := range s.traces {
		if i == maxSteps {
			steps = append(steps, format.Step{Offset: t.Start, Text: fmt.Sprintf("%d more streams", len(s.traces)-i)})
			break
		}
		if s.count > 1 {
			steps = append(steps, format.Step{Offset: t.Start, Text: fmt.Sprintf("stream %d, protocol %d", i+1, t.Protocol)})
		}
		j.open(t)
		steps = append(steps, j.steps()...)
	}
	return steps
}

// steps is the account of one stream.
func (j *judge) steps() []format.Step {
	t := j.t
	var out []format.Step
	add := func(off int64, severity finding.Severity, count int, text string) {
		if count > 1 {
			text += fmt.Sprintf(" (%d times)", count)
		}
		out = append(out, format.Step{Offset: off, Text: text, Severity: severity})
	}
	for i := range t.Imports {
		add(t.Imports[i].Offset, j.severity(i), 1, "import "+show(j.classes[i].symbol))
	}
	for i := range t.Calls {
		c := &t.Calls[i]
		severity := ruleSeverity(ruleDispatch)
		if c.Callee.Kind == decode.Imported && c.Callee.Import >= 0 {
			severity = j.severity(c.Callee.Import)
		}
		add(c.Offset, severity, c.Count, "call "+j.callText(c))
	}
	for i := range t.Writes {
		w := &t.Writes[i]
		severity := finding.Info
		if w.Target.Kind == decode.Imported {
			severity = ruleSeverity(rulePatch)
		}
		add(w.Offset, severity, w.Count, j.writeText(w))
	}
	for i, p := range t.Persistent {
		if i < maxSteps {
			add(p.Offset, ruleSeverity(rulePersistent), p.Count, "persistent id "+j.valueText(p.Value))
		}
	}
	for _, e := range t.Extensions {
		add(e.Offset, ruleSeverity(ruleExtension), 1, fmt.Sprintf("extension %d of the registry", e.Code))
	}
	for i, s := range t.Storages {
		if i == maxSteps {
			add(s.Offset, finding.Info, 1, fmt.Sprintf("%d more tensor storages", len(t.Storages)-i))
			break
		}
		add(s.Offset, finding.Info, 1, storageText(s))
	}
	for _, a := range t.Arrays[:min(len(t.Arrays), maxSteps)] {
		add(a.Offset, finding.Info, 1, fmt.Sprintf("array of %d bytes", a.Length))
	}
	slices.SortStableFunc(out, func(a, b format.Step) int { return cmp.Compare(a.Offset, b.Offset) })
	if t.Err != nil {
		add(t.Err.Offset, finding.Medium, 1, "the stream breaks here: "+t.Err.Kind)
	}
	return out
}

func (j *judge) severity(i int) finding.Severity {
	c := &j.classes[i]
	if n := &j.t.Imports[i]; n.Computed || n.Unknown {
		return ruleSeverity(ruleComputed)
	}
	if c.rule == "" {
		return finding.Info
	}
	return ruleSeverity(c.rule)
}

func ruleSeverity(id string) finding.Severity {
	r, ok := rule.Lookup(id)
	if !ok {
		return finding.Critical
	}
	return r.Severity
}

func (j *judge) writeText(w *decode.Write) string {
	target := j.valueText(w.Target)
	switch w.Op {
	case 'b':
		text := "set the state of " + target
		for _, e := range w.Keys {
			text += fmt.Sprintf(", %s = %s", show(e.Key), j.valueText(e.Value))
		}
		return text
	case 's', 'u':
		return "set items of " + target
	}
	return "add to " + target
}

func storageText(s decode.Storage) string {
	return fmt.Sprintf("tensor storage %s: %d of %s.%s on %s", quote(s.Key, true), s.Numel, s.Module, s.Type, show(s.Location))
}
