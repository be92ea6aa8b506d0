// Package lightgbm reads the text models of LightGBM.
//
// Specification: GBDT::SaveModelToString and Tree::ToString of LightGBM
// (https://github.com/microsoft/LightGBM, versions v2 to v4 of the format).
//
// Threat: trees are lists of indexes that prediction follows without a check, and
// the header says at which byte each tree begins. An index or size that is wrong
// is a read of foreign memory; a node that leads back to itself never ends. Names,
// parameters and lines that LightGBM skips are room for whatever a hook beside the
// model starts.
//
// Not covered: what the numbers predict.
package lightgbm

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/encoded"
	"github.com/sallyport/sallyport/internal/decode/json"
	"github.com/sallyport/sallyport/internal/decode/magic"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	ruleIndex   = "SP-LGB-001" // an index leaves its list
	ruleLengths = "SP-LGB-002" // lists or sizes that go together differ
	ruleCycle   = "SP-LGB-003" // the nodes are no tree
	ruleHidden  = "SP-LGB-004" // a program or pickle in a text
	ruleUnknown = "SP-LGB-005" // a line that LightGBM skips
)

// Format is the text model.
var Format = format.Format{
	ID:      "lightgbm",
	Title:   "LightGBM model",
	Spec:    "https://lightgbm.readthedocs.io/",
	Textual: true,
	Rules:   []string{ruleIndex, ruleLengths, ruleCycle, ruleHidden, ruleUnknown, "SP-COV-003", "SP-COV-004", "SP-COV-014"},
	Match:   match,
	Read:    read,
}

// match goes by the first line and a key of the header.
func match(in *format.Input) format.Confidence {
	first, rest, ok := bytes.Cut(in.Head(), []byte("\n"))
	if !ok || string(bytes.TrimSpace(first)) != "tree" {
		return format.No
	}
	for _, key := range []string{"version=v", "num_class=", "max_feature_idx=", "num_tree_per_iteration="} {
		if bytes.HasPrefix(rest, []byte(key)) || bytes.Contains(rest, []byte("\n"+key)) {
			return format.Strong
		}
	}
	return format.Weak
}

// reader goes through the lines of one model.
type reader struct {
	in     *format.Input
	res    format.Result
	c      *bounded.Cursor
	at     int64 // of the present line
	line   int   // from 1
	raised map[string]int
	hidden int

	head header
	tree tree
}

func read(in *format.Input) format.Result {
	r := &reader{in: in, c: in.R.NewCursor(0), raised: map[string]int{}}
	defer r.c.Close()
	r.head.features = -1
	err := r.lines()
	if err == nil {
		r.finish()
		r.res.Spans = append(r.res.Spans, format.Span{Length: in.R.Size(), Kind: format.Structure})
	} else {
		r.stopped(err)
	}
	r.state()
	return r.res
}

func (r *reader) stopped(err error) {
	r.res.Spans = append(r.res.Spans, format.Span{Length: r.at, Kind: format.Structure})
	s := format.Span{Offset: r.at, Length: r.in.R.Size() - r.at, Kind: format.Unread, Rule: "SP-COV-004", Reason: fmt.Sprintf("From line %d on it is no LightGBM model: %s.", r.line, err)}
	var limit *bounded.LimitError
	var twice *json.DuplicateError
	switch {
	case errors.As(err, &limit):
		s.Rule, s.Reason = "SP-COV-003", fmt.Sprintf("The model was not read to its end: %s.", err)
	case errors.As(err, &twice):
		s.Rule = "SP-COV-014"
	}
	r.res.Spans = append(r.res.Spans, s)
}

// next reads a line without its end. ok is false behind the last one.
func (r *reader) next() (line []byte, ok bool, err error) {
	r.at = r.c.Offset()
	if r.c.Remaining() == 0 {
		return nil, false, nil
	}
	r.line++
	if err := r.in.R.Budget().Items(1); err != nil {
		return nil, false, err
	}
	line, err = r.c.Line(bounded.MaxBlock)
	if errors.Is(err, bounded.ErrTruncated) {
		line, err = r.c.Next(r.c.Remaining())
	}
	if err != nil {
		return nil, false, err
	}
	if !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0 {
		return nil, false, errNoText
	}
	return bytes.TrimSuffix(line, []byte("\r")), true, nil
}

var (
	errNoText = errors.New("the line is no text")
	errNoTree = errors.New("the list of trees does not end")
)

// part is where in the model a line stands.
type part int

const (
	partHeader part = iota
	partTree
	partEnd // behind the trees
	partImportances
	partParameters
)

func (r *reader) lines() error {
	p := partHeader
	for {
		line, ok, err := r.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if p, err = r.step(p, line); err != nil {
			return err
		}
	}
	if p == partHeader || p == partTree {
		return errNoTree
	}
	return nil
}

// step takes one line and says where the next one stands.
func (r *reader) step(p part, line []byte) (part, error) {
	key, value, pair := bytes.Cut(line, []byte("="))
	switch {
	case len(bytes.TrimSpace(line)) == 0:
		if p == partImportances {
			p = partEnd
		}
	case p <= partTree && pair && string(key) == "Tree":
		r.endTree()
		if len(r.head.starts) == bounded.MaxTensorNames {
			return p, r.in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
		}
		r.startTree(value)
		return partTree, nil
	case p <= partTree && string(line) == "end of trees":
		r.endTree()
		r.head.end = r.at
		return partEnd, nil
	case p == partHeader && r.line == 1:
	case p == partHeader:
		r.header(string(key), value, pair)
	case p == partTree:
		if !r.tree.line(r, string(key), value, pair) {
			r.unknown(line)
		}
	default:
		return r.behind(p, line, pair)
	}
	return p, nil
}

// behind takes the lines that follow the trees.
func (r *reader) behind(p part, line []byte, pair bool) (part, error) {
	categories, isCategories := bytes.CutPrefix(line, []byte("pandas_categorical:"))
	switch {
	case string(line) == "feature_importances:" || string(line) == "feature importances:":
		return partImportances, nil
	case string(line) == "parameters:":
		return partParameters, nil
	case string(line) == "end of parameters":
		return partEnd, nil
	case p == partImportances && pair, p == partParameters && line[0] == '[' && line[len(line)-1] == ']':
		r.look(line)
	case isCategories:
		return partEnd, r.categories(categories)
	default:
		r.unknown(line)
	}
	return p, nil
}

// categories reads the JSON in which pandas' categories are kept.
func (r *reader) categories(p []byte) error {
	text := bytes.Clone(bytes.TrimSpace(p))
	_, err := json.Parse(bounded.NewBytes(text, r.in.R.Budget()), texts{r})
	return err
}

// texts looks at the strings of the JSON.
type texts struct{ r *reader }

func (texts) Begin(*json.Parser, bool) {}
func (texts) End(*json.Parser)         {}

func (t texts) Value(_ *json.Parser, v *json.Value) {
	if v.Kind == json.String {
		t.r.look(v.Bytes)
	}
}

const (
	perRule   = 20  // how often one rule is raised for one file
	maxHidden = 100 // streams found in texts and handed on
)

func (r *reader) raise(id, symbol, message string) {
	if r.raised[id]++; r.raised[id] <= perRule {
		r.res.Findings = append(r.res.Findings, rule.Finding(id, r.in.Line(r.at, r.line), symbol, message))
	}
}

// unknown reports a line that LightGBM skips.
func (r *reader) unknown(line []byte) {
	r.look(line)
	r.raise(ruleUnknown, string(line[:min(len(line), 40)]), fmt.Sprintf("LightGBM does not read line %d: %q.", r.line, rule.Clip(string(line[:min(len(line), 80)]))))
}

// look searches a line, and what stands behind its first mark, for a pickle or a
// program.
func (r *reader) look(line []byte) {
	if len(line) < 16 {
		return
	}
	line = line[:min(len(line), bounded.MaxStringKept)]
	if r.found(line) {
		return
	}
	if i := bytes.IndexAny(line, "=:"); i >= 0 {
		value := bytes.TrimSpace(line[i+1:])
		if line[0] == '[' {
			value = bytes.TrimSuffix(value, []byte("]"))
		}
		if len(value) >= 16 {
			r.found(value)
		}
	}
}

func (r *reader) found(p []byte) bool {
	data, how := encoded.Pickle(p)
	what := "a pickle"
	if data == nil {
		h, ok := magic.Find(p)
		if !ok {
			return false
		}
		data, how, what = h.Data, h.How, h.What
	}
	r.raise(ruleHidden, what, fmt.Sprintf("Line %d holds %s (%s).", r.line, what, how))
	if r.hidden++; r.hidden > maxHidden {
		_ = r.in.R.Budget().Reach("string-kept", bounded.MaxStringKept)
		return true
	}
	r.res.Children = append(r.res.Children, format.Child{Name: fmt.Sprintf("line %d", r.line), Offset: r.at, R: bounded.NewBytes(bytes.Clone(data), r.in.R.Budget())})
	return true
}

func (r *reader) fact(key, value string) {
	if value != "" {
		r.res.Facts = append(r.res.Facts, finding.Fact{Key: key, Value: rule.Clip(value)})
	}
}
