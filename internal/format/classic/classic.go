// Package classic reads older and smaller model formats: Torch7, fastText,
// word2vec, the configuration of spaCy pipelines; and recognises those of CNTK and
// H2O, which it does not read to their end.
//
// Specification: https://github.com/torch/torch7/blob/master/doc/serialization.md,
// https://github.com/facebookresearch/fastText (src/fasttext.cc and the classes it
// saves), https://spacy.io/usage/saving-loading,
// https://docs.h2o.ai/h2o/latest-stable/h2o-docs/mojo-quickstart.html.
//
// Threat: Torch7 saves functions as Lua byte code; CNTK and spaCy load code that
// the model names; a POJO of H2O is a program. Tables with sizes of their own lead
// out of the file.
//
// Not covered: the contents of CNTK models and of H2O's trees (a gap); whether a
// package that a pipeline names is what it says.
package classic

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	ruleFunction = "SP-CLASSIC-001" // Torch7 holds a function
	ruleUserCode = "SP-CLASSIC-002" // CNTK names code
	ruleRegistry = "SP-CLASSIC-003" // spaCy names code
	ruleProgram  = "SP-CLASSIC-004" // the model is a program
	ruleOutside  = "SP-CLASSIC-005" // a table leads out of the file
)

// perRule is how often one rule is raised for one file.
const perRule = 20

// stopped is the gap for what is behind the place where reading ended.
func stopped(in *format.Input, at int64, err error) format.Span {
	s := format.Span{Offset: at, Length: in.R.Size() - at, Kind: format.Unread, Rule: "SP-COV-004", Reason: fmt.Sprintf("The file is not valid: %s.", err)}
	var limit *bounded.LimitError
	var unknown *unknownError
	switch {
	case errors.As(err, &limit):
		s.Rule, s.Reason = "SP-COV-003", fmt.Sprintf("The file was not read to its end: %s.", err)
	case errors.As(err, &unknown):
		s.Rule, s.Reason = "SP-COV-012", unknown.what
	case errors.Is(err, bounded.ErrTruncated), errors.Is(err, io.EOF):
		s.Reason = "The file is not valid: it ends inside of a value, or declares more than it holds."
	}
	return s
}

// unknownError is something that this reader does not know.
type unknownError struct{ what string }

func (e *unknownError) Error() string { return e.what }

// CNTK is recognised and searched for the names under which it keeps user
// functions.
var CNTK = format.Format{
	ID:         "cntk",
	Title:      "CNTK model",
	Spec:       "https://learn.microsoft.com/en-us/cognitive-toolkit/",
	Extensions: []string{".dnn", ".cntk"},
	Rules:      []string{ruleUserCode, "SP-COV-012"},
	Match:      matchCNTK,
	Read:       readCNTK,
}

// matchCNTK knows the mark of version 1, in letters of two bytes, and the names
// that stand at the beginning of version 2, a protobuf message.
func matchCNTK(in *format.Input) format.Confidence {
	head := in.Head()
	switch {
	case bytes.HasPrefix(head, []byte("B\x00C\x00N\x00\x00\x00")),
		len(head) > 2 && head[0] == 0x08 && (bytes.Contains(head, []byte("CompositeFunction")) || bytes.Contains(head, []byte("primitive_functions")) ||
			bytes.Contains(head, []byte("PrimitiveFunction")) || bytes.Contains(head, []byte("UserFunction"))):
		return format.Strong
	}
	return format.No
}

func readCNTK(in *format.Input) (res format.Result) {
	for _, name := range []string{"deserialize_method", "UserFunction", "nativeUserFunction"} {
		at := find(in.R, []byte(name))
		if at < 0 {
			continue
		}
		res.Findings = append(res.Findings, rule.Finding(ruleUserCode, in.Location(at, int64(len(name))), name,
			"The model names a user function: a Python class or native library that CNTK loads and runs."))
		break
	}
	res.Spans = append(res.Spans, format.Span{Length: 8, Kind: format.Structure}, format.Span{Length: in.R.Size(), Kind: format.Unread, Rule: "SP-COV-012",
		Reason: "It is a CNTK model, which is recognised and not read. CNTK is no longer maintained: convert the model to ONNX on a disposable machine."})
	return res
}

// find is the offset of a mark in the whole input, or -1.
func find(r *bounded.Reader, mark []byte) int64 {
	c := r.NewCursor(0)
	defer c.Close()
	for c.Remaining() >= int64(len(mark)) {
		p, err := c.Peek(min(c.Remaining(), 32<<10))
		if err != nil || r.Budget().Items(1) != nil {
			return -1
		}
		if i := bytes.Index(p, mark); i >= 0 {
			return c.Offset() + int64(i)
		}
		if int64(len(p)) == c.Remaining() {
			return -1
		}
		c.Advance(len(p) - len(mark) + 1)
	}
	return -1
}

// POJO is a model of H2O written out as Java source.
var POJO = format.Format{
	ID:      "h2o-pojo",
	Title:   "H2O POJO",
	Spec:    "https://docs.h2o.ai/h2o/latest-stable/h2o-docs/pojo-quickstart.html",
	Textual: true,
	Rules:   []string{ruleProgram},
	Match: func(in *format.Input) format.Confidence {
		if head := in.Head(); bytes.Contains(head, []byte("hex.genmodel")) && (bytes.Contains(head, []byte("import ")) || bytes.Contains(head, []byte(" class "))) {
			return format.Strong
		}
		return format.No
	},
	Read: func(in *format.Input) format.Result {
		return format.Result{Findings: []finding.Finding{rule.Finding(ruleProgram, in.Location(0, 0), "java", "The model is Java source: using it means compiling it and running it.")},
			Texts: []format.Text{{Language: "java", Length: in.R.Size()}}}
	},
}

// MOJO is the trees of an H2O model, members of a zip archive.
var MOJO = format.Format{
	ID:    "h2o-mojo",
	Title: "H2O MOJO tree",
	Spec:  "https://docs.h2o.ai/h2o/latest-stable/h2o-docs/mojo-quickstart.html",
	Rules: []string{"SP-COV-012"},
	Match: func(in *format.Input) format.Confidence {
		if n := len(in.Inside); n > 0 && strings.HasPrefix(in.Inside[n-1], "trees/t") && strings.HasSuffix(in.Name, ".bin") {
			return format.Strong
		}
		return format.No
	},
	Read: func(in *format.Input) format.Result {
		return format.Result{Spans: []format.Span{{Length: in.R.Size(), Kind: format.Unread, Rule: "SP-COV-012",
			Reason: "It is a tree of an H2O MOJO, which is recognised and not read. MOJOs hold no code: load it with a current version of H2O on a machine without secrets."}}}
	},
}
