package keras

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/json"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const configID = "keras-config"

// Config is the JSON that a model is built of, wherever it stands.
var Config = format.Format{
	ID:      configID,
	Title:   "Keras configuration",
	Spec:    "https://keras.io/api/models/model_saving_apis/serialization_utils/",
	Textual: true,
	Rules: []string{ruleLambda, ruleNamed, ruleGadget, ruleUnknown, ruleFunction, ruleTorch, ruleOutside, ruleSavedModel,
		ruleVocabulary, ruleTraversal, ruleUnsafe, ruleCustom, ruleTwice, "SP-JSON-001"},
	Match: matchConfig,
	Read:  readConfig,
}

// matchConfig is strong on JSON that names a class of Keras at its beginning, and
// on the configuration beside weights of Keras. It never stands alone: JSON is
// read as JSON too.
func matchConfig(in *format.Input) format.Confidence {
	head := bytes.TrimLeft(bytes.TrimPrefix(in.Head(), []byte("\ufeff")), " \t\r\n")
	if len(head) == 0 || head[0] != '{' && head[0] != '[' {
		return format.No
	}
	name := strings.ToLower(in.Name)
	if strings.HasSuffix(name, shardsEnding) {
		return format.Strong
	}
	if mem := in.R.Memory(); mem != nil {
		head = mem
	}
	folder := path.Dir(in.Path)
	switch {
	case bytes.Contains(head, []byte(`"modelTopology"`)): // of TensorFlow.js
		return format.No
	case bytes.Contains(head, []byte(`class_name"`)) && bytes.Contains(head, []byte(`"config"`)):
		return format.Strong
	case name == config && len(in.Inside) == 0 && (in.Repo.Has(path.Join(folder, "model.weights.h5")) || in.Repo.Has(path.Join(folder, metadata))):
		return format.Strong
	}
	return format.No
}

func readConfig(in *format.Input) format.Result {
	w := newWalker(in)
	_, err := json.Parse(in.R, w)
	w.finish()
	w.explain(err)
	return w.res
}

// explain says how far the text was read. A file that goes by the name of JSON is
// read as such as well, and tells there what is wrong with it.
func (w *walker) explain(err error) {
	var twice *json.DuplicateError
	if errors.As(err, &twice) {
		w.raise(ruleTwice, twice.Path, twice.Line, fmt.Sprintf(
			"The key \"%s\" appears twice, and readers disagree on which one counts.", rule.Clip(twice.Path)))
	}
	size := w.in.R.Size()
	switch {
	case err == nil:
		w.res.Spans = append(w.res.Spans, format.Span{Length: size, Kind: format.Structure})
	case strings.HasSuffix(strings.ToLower(w.in.Name), ".json"):
	default:
		w.res.Spans = append(w.res.Spans, unread(size, err))
	}
}

func unread(size int64, err error) format.Span {
	s := format.Span{Length: size, Kind: format.Unread, Rule: "SP-COV-004", Reason: fmt.Sprintf("It is not valid JSON: %s.", err)}
	var twice *json.DuplicateError
	var limit *bounded.LimitError
	switch {
	case errors.As(err, &twice):
		s.Rule, s.Reason = "SP-COV-014", "A key appears twice, and behind it nothing was read."
	case errors.As(err, &limit):
		s.Rule, s.Reason = "SP-COV-003", fmt.Sprintf("The JSON could not be read to its end: %s.", err)
	}
	return s
}
