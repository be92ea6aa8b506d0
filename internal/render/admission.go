package render

import (
	"io"
	"time"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
)

// Admission is the answer of gate 1: its decision and what it stored.
type Admission struct {
	Decision   *evidence.Decision `json:"decision"`
	Source     string             `json:"source"`
	Verdict    finding.Verdict    `json:"verdict"`
	Files      int                `json:"files"`
	Size       int64              `json:"size"`                 // bytes of all files
	Reused     bool               `json:"reused"`               // the content was inside already: same manifest, new statements
	Written    []Written          `json:"written"`              // in the order in which it was written
	Quarantine string             `json:"quarantine,omitempty"` // where refused bytes are held; empty when nothing is
}

// Written is one thing that gate 1 stored.
type Written struct {
	What   string `json:"what"`   // "model", "model signature", "scan statement", "bill of materials"
	Digest string `json:"digest"` // of its manifest
}

// AdmissionText writes the answer of gate 1 for a person.
func AdmissionText(w io.Writer, a *Admission, opt Options) error {
	p := newPrinter(w, opt)
	p.decision(a.Decision)
	p.facts([][2]string{{"source", Escape(a.Source)}, {"content", a.content()}})
	if len(a.Written) > 0 {
		p.heading("Written")
		for _, x := range a.Written {
			p.para(2, 4, Escape(x.Digest), label{pad(Escape(x.What), 31), ""})
		}
	}
	if a.Reused {
		p.para(2, 4, "The same content was inside already: its manifest was kept and new statements were attached.")
	}
	if a.Quarantine != "" {
		p.heading("Held back")
		p.para(2, 4, Escape(a.Quarantine))
		p.para(2, 4, "See what and why: sallyport quarantine list")
	}
	return p.done()
}

// AdmissionJSON writes the answer of gate 1 for programs.
func AdmissionJSON(w io.Writer, a *Admission) error {
	c := *a
	c.Decision = withReasons(a.Decision)
	if c.Written == nil {
		c.Written = []Written{}
	}
	return writeJSON(w, &c)
}

// AdmissionMarkdown writes the answer of gate 1 for a step summary.
func AdmissionMarkdown(w io.Writer, a *Admission) error {
	p := &page{}
	p.decision(a.Decision)
	p.writef("- Source: %s\n- Content: %s\n", mdCode(a.Source), a.content())
	if len(a.Written) > 0 {
		p.table("Written", "What", "Digest")
		for _, x := range a.Written {
			p.row(mdText(x.What), mdCode(x.Digest))
		}
	}
	if a.Reused {
		p.writef("\nThe same content was inside already: its manifest was kept and new statements were attached.\n")
	}
	if a.Quarantine != "" {
		p.writef("\nHeld back in quarantine: %s\n", mdCode(a.Quarantine))
	}
	return p.writeTo(w)
}

func (a *Admission) content() string {
	return count(a.Files, "file") + ", " + size(a.Size) + ", " + Escape(string(a.Verdict))
}

// stamp is a time in UTC; empty for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// pad fills up to the column; two spaces at least separate it from what follows.
func pad(s string, columns int) string {
	for s += "  "; textWidth(s) < columns; {
		s += " "
	}
	return s
}
