package keras

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strconv"
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
	folder := path.Dir(in.Path)
	switch s := search(in); {
	case s.tfjs:
		return format.No
	case s.class && s.config || s.escaped:
		return format.Strong
	case name == config && len(in.Inside) == 0 && (in.Repo.Has(path.Join(folder, "model.weights.h5")) || in.Repo.Has(path.Join(folder, metadata))):
		return format.Strong
	}
	return format.No
}

// signs are the words by which a configuration is recognised, wherever they stand
// in a text: it may be padded, and its keys written with escapes.
type signs struct{ class, config, escaped, tfjs bool }

func search(in *format.Input) (s signs) {
	if mem := in.R.Memory(); mem != nil {
		s.look(mem)
		return s
	}
	s.look(in.Head())
	if bytes.IndexByte(in.Head(), 0) >= 0 {
		return s // no JSON
	}
	const overlap = 16
	block := make([]byte, 64<<10)
	for off := int64(0); off < in.R.Size(); off += int64(len(block) - overlap) {
		n := min(int64(len(block)), in.R.Size()-off)
		if got, _ := in.R.ReadAt(block[:n], off); int64(got) < n {
			return s // its reader tells
		}
		s.look(block[:n])
	}
	return s
}

func (s *signs) look(p []byte) {
	s.tfjs = s.tfjs || bytes.Contains(p, []byte(`"modelTopology"`)) // of TensorFlow.js
	s.class = s.class || bytes.Contains(p, []byte(`class_name"`))
	s.config = s.config || bytes.Contains(p, []byte(`"config"`))
	for !s.escaped {
		i := bytes.Index(p, []byte(`\u00`))
		if i < 0 || len(p)-i < 6 {
			return
		}
		s.escaped = letter(p[i+4], p[i+5])
		p = p[i+4:]
	}
}

// letter reports two digits of an escape that stand for a letter or an underscore,
// which nobody needs to escape.
func letter(high, low byte) bool {
	c, err := strconv.ParseUint(string([]byte{high, low}), 16, 8)
	return err == nil && (c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z')
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
