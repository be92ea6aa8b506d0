package template

import (
	"strings"
	"unicode"
)

// branch is one arm of a condition.
type branch struct {
	tag     string // "if" and its kind, or another block
	trigger string // the words of the user on which it depends; "" without
	at      int
	said    strings.Builder // what it prints, in constants
}

// block keeps track of the conditions around the current place.
func (j *judgement) block(tag token, es []*node) {
	switch tag.text {
	case "if":
		if j.tooDeep = j.tooDeep || len(j.open) == maxOpen; j.tooDeep {
			return
		}
		j.open = append(j.open, newBranch(tag, es))
	case "elif", "else":
		if k := len(j.open) - 1; k >= 0 {
			j.settle(j.open[k])
			j.open[k] = newBranch(tag, es)
		}
	case "endif":
		if k := len(j.open) - 1; k >= 0 {
			j.settle(j.open[k])
			j.open = j.open[:k]
		}
	}
}

func newBranch(tag token, es []*node) *branch {
	b := &branch{tag: tag.text, at: tag.at}
	if tag.text != "else" && len(es) > 0 {
		b.trigger = trigger(es[0])
	}
	return b
}

const (
	maxOpen = 100  // conditions in conditions: as many levels as Python has
	maxSaid = 4096 // bytes of what one branch prints
)

// says adds printed text to every branch around it.
func (j *judgement) says(text string) {
	for _, b := range j.open {
		if left := maxSaid - b.said.Len(); b.trigger != "" && left > 0 {
			b.said.WriteString(text[:min(len(text), left)])
		}
	}
}

// settle reports a branch that depends on words of the user and prints sentences
// of its own. Markers of a format are no words: brackets, bars and tags are in
// them.
func (j *judgement) settle(b *branch) {
	if b.trigger == "" || wordsIn(b.said.String()) < 4 {
		return
	}
	j.raise(ruleTrigger, b.at, b.trigger, "When a message contains "+quote(b.trigger)+", the template adds "+quote(strings.Join(strings.Fields(b.said.String()), " "))+" to what the model reads.")
}

// trigger finds a comparison of the content of a message with ordinary words.
func trigger(n *node) string {
	if n == nil {
		return ""
	}
	switch {
	case n.kind == kindBinary && (n.text == "in" || n.text == "=="):
		if s, ok := fold(n.kids[0]); ok && ordinary(s) && content(n.kids[1]) {
			return s
		}
		if s, ok := fold(n.kids[1]); ok && n.text == "==" && ordinary(s) && content(n.kids[0]) {
			return s
		}
	case n.kind == kindCall && n.kids[0].kind == kindAttr && len(n.kids) > 1:
		switch n.kids[0].text {
		case "startswith", "endswith", "find", "count", "index":
			if s, ok := fold(n.kids[1]); ok && ordinary(s) && content(n.kids[0].kids[0]) {
				return s
			}
		}
	}
	for _, k := range n.kids {
		if s := trigger(k); s != "" {
			return s
		}
	}
	return ""
}

// content reports an expression that leads to what somebody wrote.
func content(n *node) bool {
	if n == nil {
		return false
	}
	name := ""
	switch n.kind {
	case kindName, kindAttr:
		name = n.text
	case kindItem:
		name, _ = fold(n.kids[1])
	}
	switch name {
	case "content", "text", "query", "prompt", "question", "user_message", "user_input", "last_message", "input":
		return true
	}
	for _, k := range n.kids {
		if content(k) {
			return true
		}
	}
	return false
}

// ordinary reports words of a language: letters and spaces, three letters at least.
func ordinary(s string) bool {
	letters := 0
	for _, r := range s {
		switch {
		case unicode.IsLetter(r):
			letters++
		case r != ' ' && r != '\'' && r != '-' && r != ',' && r != '.' && r != '?' && r != '!' && !unicode.IsDigit(r):
			return false
		}
	}
	return letters >= 3
}

// wordsIn counts words of letters in printed text.
func wordsIn(s string) int {
	n := 0
	for w := range strings.FieldsSeq(s) {
		if ordinary(w) {
			n++
		}
	}
	return n
}
