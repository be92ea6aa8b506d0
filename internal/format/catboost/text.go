package catboost

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/json"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

// JSON is the model as text. It is read as JSON too.
var JSON = format.Format{
	ID:      "catboost-json",
	Title:   "CatBoost model (JSON)",
	Spec:    "https://catboost.ai/docs/en/concepts/python-reference_catboost_save_model",
	Textual: true,
	Rules:   []string{ruleIndex, ruleLengths, ruleHidden, "SP-COV-003", "SP-COV-004", "SP-COV-014"},
	Match:   matchJSON,
	Read:    readJSON,
}

// searched is how far the words that mark a model may stand from the beginning.
const searched = 1 << 20

func matchJSON(in *format.Input) format.Confidence {
	head := bytes.TrimLeft(bytes.TrimPrefix(in.Head(), []byte("\ufeff")), " \t\r\n")
	if len(head) == 0 || head[0] != '{' {
		return format.No
	}
	p, err := in.R.Bytes(0, min(in.R.Size(), searched))
	if err != nil || !bytes.Contains(p, []byte(`"features_info"`)) {
		return format.No
	}
	if bytes.Contains(p, []byte(`"oblivious_trees"`)) || bytes.Contains(p, []byte(`"float_features"`)) || bytes.Contains(p, []byte(`"trees"`)) {
		return format.Strong
	}
	return format.No
}

// walker follows one model.
type walker struct {
	*reader
	floats, categories, texts  int64 // features
	borders                    int64
	trees                      int64
	splits, leaves, weights    int64 // of the present tree
	widest                     [2]int64
	widestAt                   [2]int64
	borderAt, border, treeFrom int64
}

func readJSON(in *format.Input) format.Result {
	w := &walker{reader: newReader(in)}
	w.widest, w.border = [2]int64{-1, -1}, -1
	_, err := json.Parse(in.R, w)
	if err == nil {
		w.finish()
		w.span(0, in.R.Size(), format.Structure)
	} else if !strings.HasSuffix(strings.ToLower(in.Name), ".json") { // else it tells as JSON
		w.unread(err)
	}
	w.res.Facts = append(w.res.Facts, finding.Fact{Key: "catboost.trees", Value: strconv.FormatInt(w.trees, 10)},
		finding.Fact{Key: "catboost.features", Value: strconv.FormatInt(w.floats+w.categories+w.texts, 10)})
	return w.res
}

func (w *walker) unread(err error) {
	id, reason := "SP-COV-004", fmt.Sprintf("The model is not valid JSON: %s.", err)
	var twice *json.DuplicateError
	var limit *bounded.LimitError
	switch {
	case errors.As(err, &twice):
		id = "SP-COV-014"
	case errors.As(err, &limit):
		id, reason = "SP-COV-003", fmt.Sprintf("The model was not read to its end: %s.", err)
	}
	w.gap(0, w.in.R.Size(), id, reason)
}

// Begin implements json.Visitor.
func (w *walker) Begin(p *json.Parser, object bool) {
	d := p.Depth()
	if !object || d < 2 || p.Key(d-1) != nil {
		return
	}
	switch string(p.Key(d - 2)) {
	case "oblivious_trees":
		w.trees++
		w.splits, w.leaves, w.weights, w.treeFrom = 0, 0, 0, p.Offset()
	case "trees":
		w.trees++
	case "splits":
		w.splits++
	case "float_features":
		w.floats++
	case "categorical_features":
		w.categories++
	case "text_features", "embedding_features":
		w.texts++
	}
}

// End implements json.Visitor.
func (w *walker) End(p *json.Parser) {
	if d := p.Depth(); d != 2 || p.Key(1) != nil || string(p.Key(0)) != "oblivious_trees" {
		return
	}
	n := int64(1) << min(w.splits, maxDepth+1)
	if w.splits > maxDepth || w.leaves == 0 || w.leaves%n != 0 {
		w.raise(ruleLengths, w.treeFrom, "leaf_values", fmt.Sprintf("Tree %d has %d splits and %d values in its leaves.", w.trees-1, w.splits, w.leaves))
	} else if w.weights != 0 && w.weights != n {
		w.raise(ruleLengths, w.treeFrom, "leaf_weights", fmt.Sprintf("Tree %d has %d leaves and %d weights.", w.trees-1, n, w.weights))
	}
}

// Value implements json.Visitor.
func (w *walker) Value(p *json.Parser, v *json.Value) {
	if v.Kind == json.String {
		w.look(v.Offset, p.Path(), v.Bytes, v.Cut)
		return
	}
	d := p.Depth()
	if d < 2 || v.Kind != json.Number {
		return
	}
	key := p.Key(d - 1)
	if key == nil {
		switch string(p.Key(d - 2)) {
		case "leaf_values":
			w.leaves++
		case "leaf_weights":
			w.weights++
		case "borders":
			w.borders++
		case "values":
			w.borders++
		}
		return
	}
	switch string(key) {
	case "float_feature_index":
		w.index(0, p, v)
	case "cat_feature_index":
		w.index(1, p, v)
	case "split_index":
		if n := number(v.Bytes); n > w.border || n < 0 {
			w.border, w.borderAt = n, v.Offset
			if n < 0 {
				w.raise(ruleIndex, v.Offset, "split_index", "A split has a negative number.")
			}
		}
	}
}

func (w *walker) index(kind int, p *json.Parser, v *json.Value) {
	if string(p.Key(0)) == "ctr_data" {
		return
	}
	n := number(v.Bytes)
	if n < 0 {
		w.raise(ruleIndex, v.Offset, p.Path(), "A split asks for a feature with a negative number.")
	}
	if n > w.widest[kind] {
		w.widest[kind], w.widestAt[kind] = n, v.Offset
	}
}

// number reads an index; what is none is one that no list has.
func number(p []byte) int64 {
	if n, err := strconv.ParseInt(string(p), 10, 64); err == nil {
		return n
	}
	return 1<<62 - 1
}

// finish compares the highest indexes with what there is.
func (w *walker) finish() {
	for kind, n := range []int64{w.floats, w.categories} {
		if w.widest[kind] >= n {
			w.raise(ruleIndex, w.widestAt[kind], "feature_index", fmt.Sprintf("A split asks for feature %d of %d.", w.widest[kind], n))
		}
	}
	if w.border >= w.borders && w.borders > 0 {
		w.raise(ruleIndex, w.borderAt, "split_index", fmt.Sprintf("A split is number %d of %d.", w.border, w.borders))
	}
}
