package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/rules"
)

type nameFile struct {
	Module  string `yaml:"module"`
	Name    string `yaml:"name"`
	Tier    string `yaml:"tier"`
	Reason  string `yaml:"reason"`
	Expires string `yaml:"expires"`
}

const (
	maxNames  = 1000 // additions of one policy
	maxReason = 300  // bytes
)

// NamesAt sorts the additions into those that count and those that are over.
func (p *Policy) NamesAt(now time.Time) (inForce, expired []finding.Name) {
	for _, n := range p.Names {
		if n.Expired(now) {
			expired = append(expired, n)
		} else {
			inForce = append(inForce, n)
		}
	}
	return inForce, expired
}

// additions checks the section names.
func (r *reader) additions(p *Policy, list []nameFile) {
	if len(list) > maxNames {
		r.problem([]string{"names"}, "\"names\" has %d entries, the most is %d; a list of this size is no exception any more.", len(list), maxNames)
		return
	}
	seen := map[[2]string]bool{}
	for i := range list {
		f := &list[i]
		at := []string{"names", strconv.Itoa(i)}
		if key := [2]string{f.Module, f.Name}; seen[key] {
			r.problem(at, "%q of %q is listed twice.", f.Name, f.Module)
		} else {
			seen[key] = true
		}
		r.addition(at, f)
		p.Names = append(p.Names, finding.Name{Module: f.Module, Name: f.Name, Tier: f.Tier, Reason: strings.TrimSpace(f.Reason), Expires: f.Expires})
	}
	finding.SortNames(p.Names)
}

func (r *reader) addition(at []string, f *nameFile) {
	field := func(key string) []string { return append(slices.Clone(at), key) }
	switch {
	case !pythonName(f.Module):
		r.problem(field("module"), "\"module\" is %q; write the dotted name of one module, as the finding shows it. Patterns are not possible.", f.Module)
	case !pythonName(f.Name):
		r.problem(field("name"), "\"name\" is %q; write one name of the module, as the finding shows it. Patterns are not possible.", f.Name)
	default:
		r.mayBeAdded(at, f)
	}
	if f.Tier != "A" && f.Tier != "B" {
		r.problem(field("tier"), "\"tier\" is %q; write B for a class that is made empty and filled, or A for a value or function that may also be called.", f.Tier)
	}
	switch reason := strings.TrimSpace(f.Reason); {
	case reason == "":
		r.problem(field("reason"), "The addition %s.%s has no reason; say who looked at it and why it is inert.", f.Module, f.Name)
	case len(reason) > maxReason || strings.ContainsAny(reason, "\r\n"):
		r.problem(field("reason"), "The reason for %s.%s is longer than one line of %d bytes.", f.Module, f.Name, maxReason)
	}
	if _, err := time.Parse(time.DateOnly, f.Expires); err != nil {
		r.problem(field("expires"), "\"expires\" is %q; write the last day on which %s.%s counts, like 2027-01-31.", f.Expires, f.Module, f.Name)
	}
}

// mayBeAdded refuses names that no reason makes inert.
func (r *reader) mayBeAdded(at []string, f *nameFile) {
	top, _, _ := strings.Cut(f.Module, ".")
	if top == "__main__" {
		r.problem(at, "\"__main__\" is whatever program loads the file, so nobody can say what %q is there; save the class from a module of its own.", f.Name)
		return
	}
	if rules.LookupGlobal(f.Module, f.Name).Tier == 'C' {
		r.problem(at, "%s.%s is on the list already, under a condition on how it is used; an addition cannot widen that.", f.Module, f.Name)
		return
	}
	if effect := rules.Effect(f.Module, f.Name); effect != "" {
		r.problem(at, "%s.%s is known to be abused (%s) and cannot be added: a file that names it would stay dangerous. Ask for the model without it, best as safetensors.", f.Module, f.Name, effect)
		return
	}
}

// pythonName accepts dotted identifiers without special names.
func pythonName(s string) bool {
	if s == "" || len(s) > 200 {
		return false
	}
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || part[0] >= '0' && part[0] <= '9' || strings.HasPrefix(part, "__") && part != "__main__" {
			return false
		}
		for _, c := range []byte(part) {
			if c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
				return false
			}
		}
	}
	return true
}

// names denies for each addition that a scan relied on and this policy does not
// have in force.
func (d *decider) names(r *reading) {
	for i := range r.Names {
		n := &r.Names[i]
		if i == listed {
			r.against.deny(clauseScanNames, "The statement lists all of them.", "The scan relied on %d more.", len(r.Names)-listed)
			return
		}
		if why := d.policy.lacks(n, d.now); why != "" {
			r.against.deny(clauseScanNames, "Admit the model under the policy of this gate, or add the name to \"names\" in the policy file, with a reason and a last day.",
				"The scan let files import %q (tier %s, until %s: %s), which %s.", clip(n.Module+"."+n.Name), clip(n.Tier), clip(n.Expires), clip(n.Reason), why)
		}
	}
}

// lacks says why an addition does not count under this policy; empty when it does.
func (p *Policy) lacks(n *finding.Name, now time.Time) string {
	for i := range p.Names {
		own := &p.Names[i]
		if own.Module != n.Module || own.Name != n.Name {
			continue
		}
		switch {
		case own.Expired(now):
			return "this policy allowed until " + own.Expires
		case own.Tier != n.Tier && own.Tier != "A":
			return "this policy allows in tier " + own.Tier + " only"
		}
		return ""
	}
	return "this policy does not allow"
}

// reliesOn tells gate 1 which additions the report rests on, and denies those
// that the policy does not have.
func (in *intake) reliesOn(now time.Time) {
	for i := range in.report.Names {
		n := &in.report.Names[i]
		if why := in.policy.lacks(n, now); why != "" {
			in.deny(clauseIntakeNames, "Scan again under this policy.", "The scan let files import %q, which %s.", clip(n.Module+"."+n.Name), why)
		} else if i < listed {
			in.note(clauseIntakeNames, "The policy let files import %q (tier %s, until %s): %s", clip(n.Module+"."+n.Name), n.Tier, n.Expires, period(n.Reason))
		}
	}
}

func (p *Policy) explainNames() (out []string) {
	for _, n := range p.Names {
		use := "be made empty and filled"
		if n.Tier == "A" {
			use = "be used and called"
		}
		out = append(out, fmt.Sprintf("Files may import %s.%s, which may %s (tier %s), until %s: %s", n.Module, n.Name, use, n.Tier, n.Expires, period(n.Reason)))
	}
	if len(out) > 0 {
		out = append(out, "Scans that relied on other additions than these deny.")
	} else {
		out = append(out, "Scans that relied on additions to the list of inert names deny; this policy makes none.")
	}
	return out
}
