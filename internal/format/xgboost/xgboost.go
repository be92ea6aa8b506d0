// Package xgboost reads the models of XGBoost: JSON, UBJSON and the binary format
// of versions before 2.
//
// Specification: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html
// and the schema in XGBoost's doc/model.schema; the binary format from
// src/learner.cc, src/gbm/gbtree_model.h and include/xgboost/tree_model.h (1.7).
//
// Threat: trees are arrays of indexes that prediction follows without a check. A
// child, feature or category outside of its list is a read of foreign memory; a
// node that leads back to itself never ends. Attributes, names and keys that
// XGBoost does not know are room for whatever a hook beside the model starts.
//
// Not covered: what the numbers predict; configurations of training, beyond a
// look at their texts.
package xgboost

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/json"
	"github.com/sallyport/sallyport/internal/decode/ubjson"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	ruleIndex   = "SP-XGB-001" // an index leaves its list
	ruleLengths = "SP-XGB-002" // lists that go together differ in length
	ruleCycle   = "SP-XGB-003" // the nodes are no tree
	ruleHidden  = "SP-XGB-004" // a program or pickle in a text
	ruleUnknown = "SP-XGB-005" // a key that XGBoost does not read
)

const spec = "https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html"

var findings = []string{ruleIndex, ruleLengths, ruleCycle, ruleHidden, ruleUnknown}

// JSON is the model as text. A file named .json is read as JSON too.
var JSON = format.Format{
	ID:      "xgboost-json",
	Title:   "XGBoost model (JSON)",
	Spec:    spec,
	Textual: true,
	Rules:   append([]string{"SP-COV-003", "SP-COV-004", "SP-COV-014"}, findings...),
	Match:   matchJSON,
	Read:    readJSON,
}

// UBJSON is the model in binary, which XGBoost writes unless told otherwise.
var UBJSON = format.Format{
	ID:         "xgboost-ubj",
	Title:      "XGBoost model (UBJSON)",
	Spec:       spec,
	Extensions: []string{".ubj"},
	Rules:      append([]string{"SP-COV-003", "SP-COV-004", "SP-COV-014"}, findings...),
	Match:      matchUBJSON,
	Read:       readUBJSON,
}

// searched is how far the word that marks a model may stand from the beginning:
// lists of features come before it.
const searched = 1 << 20

func matchJSON(in *format.Input) format.Confidence {
	head := bytes.TrimLeft(bytes.TrimPrefix(in.Head(), []byte("\ufeff")), " \t\r\n")
	if len(head) == 0 || head[0] != '{' {
		return format.No
	}
	if !marked(head) {
		p, err := in.R.Bytes(0, min(in.R.Size(), searched))
		if err != nil || !marked(p) {
			return format.No
		}
	}
	return format.Strong
}

func marked(p []byte) bool {
	return bytes.Contains(p, []byte(`"learner"`)) && (bytes.Contains(p, []byte(`"gradient_booster"`)) ||
		bytes.Contains(p, []byte(`"feature_names"`)) || bytes.Contains(p, []byte(`"attributes"`)) ||
		bytes.Contains(p, []byte(`"learner_model_param"`)))
}

// matchUBJSON goes by the first key, and by the name for objects that begin with
// another one.
func matchUBJSON(in *format.Input) format.Confidence {
	head := in.Head()
	if len(head) < 4 || head[0] != '{' {
		return format.No
	}
	for _, key := range []string{"learner", "Config", "Model", "version"} {
		if bytes.HasPrefix(head, []byte("{L\x00\x00\x00\x00\x00\x00\x00"+string(rune(len(key)))+key)) {
			return format.Strong
		}
	}
	if strings.HasSuffix(strings.ToLower(in.Name), ".ubj") {
		return format.Strong
	}
	return format.No
}

func readJSON(in *format.Input) format.Result {
	w := newWalker(in)
	_, err := json.Parse(in.R, jsonVisitor{w})
	w.finish()
	size := in.R.Size()
	switch {
	case err == nil:
		w.res.Spans = []format.Span{{Length: size, Kind: format.Structure}}
	case strings.HasSuffix(strings.ToLower(in.Name), ".json"):
		// It is read as JSON as well, and tells there what is wrong with it.
	default:
		w.unread(0, size, err)
	}
	return w.res
}

func readUBJSON(in *format.Input) format.Result {
	w := newWalker(in)
	end, err := ubjson.Parse(in.R, ubjVisitor{w})
	w.finish()
	if end > 0 {
		w.res.Spans = append(w.res.Spans, format.Span{Length: end, Kind: format.Structure})
	}
	if err != nil {
		w.unread(end, in.R.Size()-end, err)
	}
	return w.res
}

// unread says why the rest was not read.
func (w *walker) unread(off, length int64, err error) {
	s := format.Span{Offset: off, Length: length, Kind: format.Unread, Rule: "SP-COV-004", Reason: fmt.Sprintf("The model is not valid: %s.", err)}
	var twiceText *json.DuplicateError
	var twice *ubjson.DuplicateError
	var limit *bounded.LimitError
	switch {
	case errors.As(err, &twiceText), errors.As(err, &twice):
		s.Rule, s.Reason = "SP-COV-014", fmt.Sprintf("Readers disagree on which value counts: %s.", rule.Clip(err.Error()))
	case errors.As(err, &limit):
		s.Rule, s.Reason = "SP-COV-003", fmt.Sprintf("The model was not read to its end: %s.", err)
	}
	w.res.Spans = append(w.res.Spans, s)
}

// jsonVisitor and ubjVisitor show the two notations to one walker.
type jsonVisitor struct{ w *walker }

func (j jsonVisitor) Begin(p *json.Parser, object bool) { j.w.begin(p, object, p.Offset()) }
func (j jsonVisitor) End(p *json.Parser)                { j.w.end(p) }

func (j jsonVisitor) Value(p *json.Parser, v *json.Value) {
	s := scalar{off: v.Offset, length: v.Length, cut: v.Cut}
	switch v.Kind {
	case json.String:
		s.text = v.Bytes
	case json.Number:
		s.number, s.integer = integer(v.Bytes)
		s.numeric = true
	case json.True, json.False:
		s.numeric = true
	}
	j.w.value(p, &s)
}

type ubjVisitor struct{ w *walker }

func (u ubjVisitor) Begin(p *ubjson.Parser, object bool) { u.w.begin(p, object, p.Offset()) }
func (u ubjVisitor) End(p *ubjson.Parser)                { u.w.end(p) }

func (u ubjVisitor) Value(p *ubjson.Parser, v *ubjson.Value) {
	s := scalar{off: v.Offset, length: v.Length, cut: v.Cut, number: v.Number, integer: v.Kind == ubjson.Int}
	switch v.Kind {
	case ubjson.String, ubjson.Text:
		s.text = v.Bytes
	case ubjson.Null:
	default:
		s.numeric = true
	}
	u.w.value(p, &s)
}

func (u ubjVisitor) Block(_ *ubjson.Parser, integers bool, off, count, size int64) bool {
	return u.w.block(integers, off, count, size)
}

// integer reads a decimal number; XGBoost writes some whole numbers as floats.
func integer(p []byte) (n int64, ok bool) {
	neg := len(p) > 0 && p[0] == '-'
	digits := p
	if neg {
		digits = p[1:]
	}
	if len(digits) == 0 || len(digits) > 18 {
		return 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if neg {
		n = -n
	}
	return n, true
}
