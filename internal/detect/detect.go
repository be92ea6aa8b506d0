// Package detect is the contract of a text detector: what judges a piece of
// source code, a template or prose that a format found in a file. It holds no
// detector; each lives in a folder of its own below and is listed in detect/all.
//
// A detector reads text and reports. It opens no file, runs and renders nothing,
// and says so when it did not understand what it was given.
package detect

import "github.com/sallyport/sallyport/internal/finding"

// Detector judges texts of some languages.
type Detector struct {
	ID        string
	Title     string
	Languages []string // as formats name them: "jinja"
	Rules     []string // every rule id that Judge can raise
	Judge     func(*Text) Result
}

// Text is one piece of text. Content is decoded: escapes of the file around it
// are undone.
type Text struct {
	Content []byte
	At      finding.Location // of the text as it stands in the file
	Name    string           // key or cell it came from; may be empty
}

// Result is what judging yields. Gap is one sentence on why the text, or a part
// of it, was not understood; empty when all of it was.
type Result struct {
	Findings []finding.Finding
	Gap      string
}

// Place is the location of an offset in the content: exact when the file holds
// the content as it is, else the whole text.
func (t *Text) Place(off int) finding.Location {
	at := t.At
	if at.Length == int64(len(t.Content)) {
		at.Offset, at.Length = at.Offset+int64(off), 0
	}
	return at
}
