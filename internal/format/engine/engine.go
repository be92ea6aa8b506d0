// Package engine reads what other runtimes than the great ones load: the graphs of
// NCNN, MNN, PaddlePaddle, MXNet and Caffe by their structure, and recognises
// programs compiled for one device (TensorRT, RKNN, Hailo, Qualcomm, CNTK), which
// nobody can judge.
//
// Specification: the sources of each runtime, named at each format; the schemas
// paddle.tsv, caffe.tsv and mnn.txt lie beside this file as data.
//
// Threat: a graph names operators; those that the runtime does not have are code
// that somebody's library brings along, and a few that it has run Python, read and
// write files, or reach other machines. Variables become names of files. Streams
// of tensors have room behind their end. A compiled program is native code.
//
// Not covered: what the weights make of ordinary input; whether operators get
// arguments that suit them; the weights of NCNN, whose layout only its layers know
// (a gap); all that is compiled (a gap).
package engine

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/encoded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/rules"
)

const (
	ruleLibrary = "SP-ENGINE-001" // an operator that somebody's library brings along
	ruleCode    = "SP-ENGINE-002" // an operator that runs code by its name
	ruleReach   = "SP-ENGINE-003" // an operator that reads files or reaches machines
	ruleOutside = "SP-ENGINE-004" // a path out of the model's folder
	ruleHidden  = "SP-ENGINE-005" // a pickle in a text
	ruleWrite   = "SP-ENGINE-006" // an operator that writes files

	gapLimit       = "SP-COV-003"
	gapMalformed   = "SP-COV-004"
	gapAbsent      = "SP-COV-009"
	gapUnsupported = "SP-COV-012"
	gapTwice       = "SP-COV-014"
	gapSize        = "SP-COV-016"

	mostListed     = 200 // names in one fact
	shortestHidden = 16  // bytes: below it no text holds a payload
	shortestOpaque = 32  // bytes that are worth a look
	maxRank        = 64
)

// judge collects what one input gives.
type judge struct {
	in        *format.Input
	runtime   string // as the list of operators spells it
	title     string // for people
	res       format.Result
	gaps      int
	handed    int
	tensors   int
	seen      map[string]bool
	operators []string
	custom    []string
	inventory format.Inventory
}

func newJudge(in *format.Input, runtime, title string) *judge {
	return &judge{in: in, runtime: runtime, title: title, seen: map[string]bool{}}
}

func (j *judge) raise(id string, at finding.Location, symbol, message string) {
	if len(j.res.Findings) <= bounded.MaxFindings {
		j.res.Findings = append(j.res.Findings, rule.Finding(id, at, symbol, message))
	}
}

func (j *judge) span(s format.Span) {
	if s.Length > 0 {
		j.res.Spans = append(j.res.Spans, s)
	}
}

func (j *judge) gap(id string, off, length int64, reason string) {
	if j.gaps++; j.gaps > bounded.MaxGapsPerFile {
		_ = j.in.R.Budget().Reach("gaps-per-file", bounded.MaxGapsPerFile)
		return
	}
	j.res.Spans = append(j.res.Spans, format.Span{Offset: off, Length: length, Kind: format.Unread, Rule: id, Reason: reason})
}

// hand gives bytes that belong to a span already to the engine.
func (j *judge) hand(name string, r *bounded.Reader, off int64, as string) {
	if j.handed++; j.handed > bounded.MaxGapsPerFile {
		_ = j.in.R.Budget().Reach("gaps-per-file", bounded.MaxGapsPerFile)
		return
	}
	j.res.Children = append(j.res.Children, format.Child{Name: name, R: r, Offset: off, As: as})
}

// tensor notes one for the bill of materials. It returns false beyond the limit.
func (j *judge) tensor(name, dtype string, dims []int64) bool {
	if j.tensors++; j.tensors > bounded.MaxTensorNames {
		_ = j.in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
		return false
	}
	j.inventory.Add(name, dtype, dims)
	return true
}

// operator judges one by its name, once.
func (j *judge) operator(name string, at finding.Location) {
	if j.seen[name] || len(j.seen) > bounded.MaxFindings {
		return
	}
	j.seen[name] = true
	j.operators = append(j.operators, rule.Clip(name))
	effect, known := rules.Row(rules.RuntimeOperators, j.runtime, name)
	if effect == "inert" {
		return
	}
	j.custom = append(j.custom, rule.Clip(name))
	what := "The model uses the operator " + quote(name) + ", which "
	switch effect {
	case "python":
		j.raise(ruleCode, at, name, what+"calls Python code by its name.")
	case "address":
		j.raise(ruleCode, at, name, what+"calls code at an address that stands in the file.")
	case "read":
		j.raise(ruleReach, at, name, what+"reads files that the model names.")
	case "network":
		j.raise(ruleReach, at, name, what+"talks to other machines or processes.")
	case "write":
		j.raise(ruleWrite, at, name, what+"writes files that the model names.")
	case "engine":
		j.gap(gapUnsupported, at.Offset, 0, what+"runs a program compiled for one device: ask for its provenance, or for the model without it.")
	default:
		if known {
			j.raise(ruleLibrary, at, name, what+"is native or Python code that the application brings along.")
			return
		}
		j.raise(ruleLibrary, at, name, what+j.title+" does not have: the model runs only with somebody's library.")
	}
}

// path judges a name that a loader uses as one of a file below the model's folder.
func (j *judge) path(name, what string, at finding.Location) {
	if how := leads(name); how != "" {
		j.raise(ruleOutside, at, name, "The path "+quote(name)+", "+what+", "+how+".")
	}
}

// text judges any string: it is UTF-8, or it is handed on; and it is no pickle in
// disguise.
func (j *judge) text(p []byte, what string, at finding.Location, whole *bounded.Reader) {
	if len(p) < shortestHidden {
		return
	}
	if !utf8.Valid(p) || bytes.IndexByte(p, 0) >= 0 {
		if len(p) >= shortestOpaque && whole != nil {
			j.hand(what, whole, at.Offset, "")
		}
		return
	}
	if data, how := encoded.Pickle(p); data != nil {
		j.raise(ruleHidden, at, what, "The value of "+quote(what)+" is a pickle ("+how+").")
		j.hand(what, bounded.NewBytes(bytes.Clone(data), j.in.R.Budget()), at.Offset, "pickle")
	}
}

// done adds the facts.
func (j *judge) done() format.Result {
	j.res.Facts = append(j.res.Facts, format.List(format.FactOperators, j.operators, mostListed)...)
	j.res.Facts = append(j.res.Facts, format.List(format.FactCustomOps, j.custom, mostListed)...)
	j.res.Facts = append(j.res.Facts, j.inventory.Facts()...)
	return j.res
}

func quote(s string) string { return `"` + rule.Clip(s) + `"` }

// leads says how a path leaves its folder; empty when it stays.
func leads(name string) string {
	switch {
	case strings.ContainsRune(name, 0):
		return "has a NUL in it"
	case name != "" && (name[0] == '/' || name[0] == '\\' || name[0] == '~'):
		return "is absolute"
	case len(name) > 2 && name[1] == ':' && (name[2] == '/' || name[2] == '\\'):
		return "names a drive"
	case strings.Contains(name, "://"):
		return "is a URL"
	}
	for _, p := range [...]string{name, strings.ReplaceAll(name, `\`, "/")} {
		depth := 0
		for part := range strings.SplitSeq(p, "/") {
			switch part {
			case "", ".":
			case "..":
				if depth--; depth < 0 {
					return "leads out of its folder"
				}
			default:
				depth++
			}
		}
	}
	return ""
}

// count multiplies a shape with the bytes of an element. ok is false when that
// overflows or a dimension is open.
func count(dims []int64, width int64) (n int64, ok bool) {
	n = width
	for _, d := range dims {
		if d < 0 || d > 0 && n > 1<<56/d {
			return 0, false
		}
		n *= d
	}
	return n, true
}

// stride is how many bytes one step along the first dimension takes.
func stride(dims []int64, width int64) int64 {
	if len(dims) < 2 {
		return 0
	}
	n, _ := count(dims[1:], width)
	return n
}
