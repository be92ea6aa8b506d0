package torch

import (
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	ruleModules   = "SP-TORCH-007"
	externModules = "/.data/extern_modules"
)

// packed judges an archive of torch.package: pickles anywhere, whose storages lie
// in .data, and the modules that they import.
func (t *reader) packed(root string) {
	modules, first := 0, ""
	for i := range t.a.Entries {
		e := &t.a.Entries[i]
		if e.Dir() || t.records[i].done {
			continue
		}
		switch {
		case strings.HasSuffix(e.Name, ".py"):
			if modules++; modules == 1 {
				first = e.Name
			}
		case strings.HasSuffix(e.Name, ".pkl"):
			if trace, ok := t.run(i, false); ok {
				for k := range trace.Storages {
					s := trace.Storages[k]
					s.Key += ".storage"
					t.declare(root+"/.data", &s, false)
				}
			}
		}
	}
	if modules > 0 {
		t.res.Findings = append(t.res.Findings, rule.Finding(ruleModules, t.in.Location(0, 0), rule.Clip(first), fmt.Sprintf(
			"The archive brings %d Python modules, %q the first of them; loading an object from it imports them.", modules, rule.Clip(first))))
	}
}

// run hands a pickle on and returns what it does. script says that the archive
// holds a TorchScript program, whose classes the pickle may name.
func (t *reader) run(i int, script bool) (*pickle.Trace, bool) {
	e := &t.a.Entries[i]
	r, ok := t.a.Member(i, false)
	t.records[i].done = true
	if !ok {
		return nil, false
	}
	trace := pickle.Run(r, 0, pickle.Options{})
	trace.Script = script
	t.res.Children = append(t.res.Children, format.Child{Name: e.Name, R: r, Offset: e.Offset, Length: e.Claim(), As: "pickle", Parsed: trace})
	t.customClasses(e.Name, trace)
	return trace, true
}

// customClasses reports classes that a library has to register with torch.
func (t *reader) customClasses(member string, trace *pickle.Trace) {
	if !trace.Script {
		return
	}
	for k := range trace.Imports {
		n := &trace.Imports[k]
		name := n.Module + "." + n.Name
		space, custom := customClass(name)
		if !custom {
			continue
		}
		if _, listed := effectOf("torch.classes", space); !listed {
			t.raiseInside(ruleForeign, member, finding.Location{Offset: n.Offset}, name, fmt.Sprintf(
				"Loading the program makes an object of the custom class %s, which is not part of PyTorch.", rule.Clip(name)))
		}
	}
}

// raiseInside adds a finding at a place inside of a member.
func (t *reader) raiseInside(id, member string, at finding.Location, symbol, message string) {
	where := t.in.Location(at.Offset, 0)
	where.Line = at.Line
	where.Inside = append(where.Inside[:len(where.Inside):len(where.Inside)], rule.Clip(member))
	t.res.Findings = append(t.res.Findings, rule.Finding(id, where, rule.Clip(symbol), message))
}
