// Package template judges Jinja templates, such as the chat templates that come
// with a tokenizer or inside of a GGUF file. It parses them; it renders nothing.
//
// Specification: https://jinja.palletsprojects.com/en/stable/templates/ with the
// tags that transformers adds ({% generation %}, {% break %}, {% continue %}).
//
// Threat: a template walks from any value to the internals of Python and from
// there to a function that runs programs (CVE-2024-34359); loaders with a sandbox
// refuse that, others do not. A template sees every message of every user: one
// that adds instructions when certain words occur is a backdoor that no weight
// shows.
//
// Not covered: what a template means to the model; names that are put together
// from values that only rendering knows.
package template

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/detect"
	"github.com/sallyport/sallyport/internal/rule"
)

// Detector is the one for Jinja.
var Detector = detect.Detector{
	ID:        "template",
	Title:     "Jinja template",
	Languages: []string{"jinja"},
	Rules:     []string{ruleInternals, ruleOther, ruleTrigger, ruleInvisible, ruleEncoded, ruleEndless, ruleComputed},
	Judge:     judge,
}

const (
	ruleInternals = "SP-TPL-001"
	ruleOther     = "SP-TPL-002"
	ruleTrigger   = "SP-TPL-003"
	ruleInvisible = "SP-TPL-004"
	ruleEncoded   = "SP-TPL-005"
	ruleEndless   = "SP-TPL-006"
	ruleComputed  = "SP-TPL-007"
)

// maxBytes is the longest template that is parsed; real ones have some kilobytes.
const maxBytes = 256 << 10

func judge(t *detect.Text) detect.Result {
	j := &judgement{text: t, raised: map[string]bool{}, count: map[string]int{}}
	switch {
	case len(t.Content) > maxBytes:
		return detect.Result{Gap: "It is longer than a template can be."}
	case !utf8.Valid(t.Content):
		return detect.Result{Gap: "It is not valid UTF-8."}
	}
	j.invisible()
	j.made = follow(string(t.Content))
	err := parse(string(t.Content), j)
	if j.tooDeep {
		j.res.Gap = "Its conditions are nested deeper than Python can compile."
	}
	var syntax *syntaxError
	if errors.As(err, &syntax) {
		j.res.Gap = fmt.Sprintf("It is no valid Jinja template (line %d): %s.", line(string(t.Content), syntax.at), rule.Clip(syntax.what))
	}
	return j.res
}

// line counts from 1.
func line(s string, off int) int {
	n := 1
	for i := 0; i < off && i < len(s); i++ {
		if s[i] == '\n' {
			n++
		}
	}
	return n
}
