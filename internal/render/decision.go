package render

import (
	"io"

	"github.com/sallyport/sallyport/internal/evidence"
)

// DecisionSchema identifies version and kind of the JSON form of a decision.
const DecisionSchema = "https://github.com/sallyport/sallyport/schema/decision/v0.1"

// Decision writes the answer of a gate for a person, with every reason.
func Decision(w io.Writer, d *evidence.Decision, opt Options) error {
	p := newPrinter(w, opt)
	p.decision(d)
	return p.done()
}

// DecisionJSON writes the decision as docs/schema/decision.schema.json describes
// it. With ev it carries the whole input of the decision as well.
func DecisionJSON(w io.Writer, d *evidence.Decision, ev *evidence.Evidence) error {
	return writeJSON(w, decisionDocument{DecisionSchema, withReasons(d), ev})
}

type decisionDocument struct {
	Schema string `json:"schema"`
	*evidence.Decision
	Evidence *evidence.Evidence `json:"evidence,omitempty"`
}

// Evidence writes everything that the gate knew, as JSON.
func Evidence(w io.Writer, ev *evidence.Evidence) error { return writeJSON(w, ev) }

// DecisionMarkdown writes the decision for a step summary.
func DecisionMarkdown(w io.Writer, d *evidence.Decision) error {
	p := &page{}
	p.decision(d)
	return p.writeTo(w)
}

// withReasons makes a missing list an empty one.
func withReasons(d *evidence.Decision) *evidence.Decision {
	if d == nil || d.Reasons != nil {
		return d
	}
	c := *d
	c.Reasons = []evidence.Reason{}
	return &c
}

func decisionWord(d *evidence.Decision) string {
	if d.Allow {
		return "ALLOWED"
	}
	return "DENIED"
}

// name is the reference as people know it: "team/model:1.0-scanned".
func name(r evidence.Reference) string {
	s := Escape(r.Repository)
	if r.Tag != "" {
		s += ":" + Escape(r.Tag)
	}
	if r.Repository == "" {
		s = Escape(r.Registry)
	}
	return s
}

// denials counts the reasons that decide.
func denials(reasons []evidence.Reason) int {
	n := 0
	for _, r := range reasons {
		if r.Deny {
			n++
		}
	}
	return n
}

func headline(d *evidence.Decision) string {
	if d.Allow {
		return "Every requirement of the policy for " + Escape(d.Environment) + " is met."
	}
	switch n := denials(d.Reasons); n {
	case 0:
		return "The gate denied and named no reason."
	case 1:
		return "One requirement of the policy for " + Escape(d.Environment) + " is not met."
	default:
		return grouped(int64(n)) + " requirements of the policy for " + Escape(d.Environment) + " are not met."
	}
}

func (p *printer) decision(d *evidence.Decision) {
	colour := boldRed
	if d.Allow {
		colour = "1;32"
	}
	p.para(0, 8, name(d.Reference)+" in "+Escape(d.Environment), label{decisionWord(d) + "  ", colour})
	p.para(2, 2, headline(d))
	if len(d.Reasons) > 0 {
		p.blank()
	}
	p.reasons(d.Reasons)
	p.blank()
	p.facts([][2]string{
		{"registry", Escape(d.Reference.Registry)},
		{"digest", Escape(d.Reference.Digest)},
		{"policy", Escape(d.PolicyDigest)},
		{"decided", stamp(d.DecidedOn)},
	})
}

// reasons lists denials first, then what explains.
func (p *printer) reasons(reasons []evidence.Reason) {
	for _, deny := range []bool{true, false} {
		for _, r := range reasons {
			if r.Deny != deny {
				continue
			}
			word, colour := "note", dim
			if deny {
				word, colour = "DENY", boldRed
			}
			p.para(2, 8, Escape(r.Text)+" ("+Escape(r.Clause)+")", label{word + "  ", colour})
			if r.Hint != "" {
				p.para(8, 14, Escape(r.Hint), label{"hint: ", bold})
			}
		}
	}
}

// facts lists names and values; empty values are left out.
func (p *printer) facts(facts [][2]string) {
	for _, f := range facts {
		if f[1] != "" {
			p.para(2, 13, f[1], label{(f[0] + "           ")[:11], dim})
		}
	}
}

func (p *page) decision(d *evidence.Decision) {
	sign := "⛔"
	if d.Allow {
		sign = "✅"
	}
	p.writef("## %s %s: %s in %s\n\n%s\n", sign, decisionWord(d), mdCode(name(d.Reference)), mdText(d.Environment), mdText(headline(d)))
	if len(d.Reasons) > 0 {
		p.table("Reasons", "", "Clause", "Reason", "What to do")
	}
	for _, deny := range []bool{true, false} {
		for _, r := range d.Reasons {
			if r.Deny != deny {
				continue
			}
			word := "note"
			if deny {
				word = "**deny**"
			}
			p.row(word, mdCode(r.Clause), mdText(r.Text), mdText(r.Hint))
		}
	}
	p.writef("\n")
	for _, f := range [][2]string{{"Registry", d.Reference.Registry}, {"Digest", d.Reference.Digest}, {"Policy", d.PolicyDigest}} {
		if f[1] != "" {
			p.writef("- %s: %s\n", f[0], mdCode(f[1]))
		}
	}
	if t := stamp(d.DecidedOn); t != "" {
		p.writef("- Decided: %s\n", t)
	}
}
