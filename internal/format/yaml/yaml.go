// Package yaml reads files that their name calls YAML: it checks that they are,
// and reports tags by which a loader would run code.
//
// Threat: PyYAML's unsafe loaders (CVE-2020-14343 and its kin), HyperPyYAML and
// similar loaders that import what a tag names; duplicate keys; alias bombs;
// pickles hidden in values.
// Some keys are orders to the program that reads them: _target_ of Hydra, which
// NeMo obeys with the configuration inside of a model, and the flavors of MLflow's
// MLmodel. They are judged by what would be imported and opened.
//
// Not covered: index addresses of conda, entry points of an MLproject, keys of
// programs that are not named here.
package yaml

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/encoded"
	"github.com/sallyport/sallyport/internal/decode/plain"
	decode "github.com/sallyport/sallyport/internal/decode/yaml"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Format is YAML by name. YAML has no signature: nearly every text is some.
var Format = format.Format{
	ID:         "yaml",
	Title:      "YAML",
	Spec:       "https://yaml.org/spec/1.2.2/",
	Extensions: []string{".yaml", ".yml"},
	Textual:    true,
	Rules: []string{"SP-YAML-001", "SP-YAML-002", "SP-YAML-003", "SP-JSON-001", "SP-REPO-004",
		"SP-MLFLOW-001", "SP-MLFLOW-002", "SP-MLFLOW-003", "SP-MLFLOW-004"},
	Match: match,
	Read:  read,
}

func match(in *format.Input) format.Confidence {
	name := strings.ToLower(in.Name)
	ext := path.Ext(name)
	named := ext == ".yaml" || ext == ".yml" || name == "mlmodel" || name == "mlproject" || ext == ".dvc"
	if named && plain.Likely(in.Head()) {
		return format.Weak
	}
	return format.No
}

func read(in *format.Input) format.Result {
	var res format.Result
	text, err := plain.ReadAll(in.R, decode.MaxBytes, "yaml-bytes")
	var stream *decode.Stream
	if err == nil {
		stream, err = decode.Parse(text, in.R.Budget())
		judge(in, text, stream, &res)
		settle(in, text, stream, &res)
	}
	if err == nil {
		res.Spans = []format.Span{{Length: in.R.Size(), Kind: format.TextSpan}}
		return res
	}
	res.Spans = []format.Span{unread(in.R.Size(), err)}
	var syntax *decode.SyntaxError
	if errors.As(err, &syntax) {
		suspect(in, text, &res)
	}
	return res
}

// unread is the whole file: a loader may understand it in another way.
func unread(size int64, err error) format.Span {
	s := format.Span{Length: size, Kind: format.Unread, Rule: "SP-COV-004", Reason: fmt.Sprintf("It is not valid YAML: %s.", rule.Clip(err.Error()))}
	var duplicate *decode.DuplicateError
	var limit *bounded.LimitError
	switch {
	case errors.As(err, &duplicate):
		s.Rule = "SP-COV-014"
		s.Reason = fmt.Sprintf("The key %q appears twice (line %d), and readers disagree on which one counts.", rule.Clip(duplicate.Path), duplicate.Line)
	case errors.As(err, &limit):
		s.Rule, s.Reason = "SP-COV-003", fmt.Sprintf("The YAML could not be read to its end: %s.", err)
	}
	return s
}

func judge(in *format.Input, text []byte, stream *decode.Stream, res *format.Result) {
	seen := map[string]bool{}
	for _, tag := range stream.Tags {
		id, message := "", ""
		switch {
		case tag.Python():
			id, message = "SP-YAML-001", "Reading this file with an unsafe YAML loader runs what the tag "+quote(tag.Name)+" names."
		case callsCode(tag.Name):
			id, message = "SP-YAML-002", "The tag "+quote(tag.Name)+" makes a loader import and call what it names."
		}
		if id != "" && !seen[tag.Name] && len(seen) <= bounded.MaxFindings {
			seen[tag.Name] = true
			res.Findings = append(res.Findings, rule.Finding(id, in.Line(lineStart(text, tag.Line), tag.Line), tag.Name, message))
		}
	}
	for _, s := range stream.Long {
		data, how := encoded.Pickle([]byte(s.Value))
		if data == nil {
			continue
		}
		if len(res.Children) == maxChildren {
			_ = in.R.Budget().Reach("hidden-pickles", maxChildren)
			break
		}
		at := lineStart(text, s.Line)
		res.Findings = append(res.Findings, rule.Finding("SP-JSON-001", in.Line(at, s.Line), s.Path,
			"The value of "+quote(s.Path)+" is a pickle written as text ("+how+")."))
		res.Children = append(res.Children, format.Child{Name: s.Path, Offset: at, As: "pickle", R: bounded.NewBytes(data, in.R.Budget())})
	}
}

// maxChildren is how many hidden pickles of one file are handed on.
const maxChildren = 100

// suspect looks for Python tags in a text that is not YAML to us: another reader
// may get further than ours.
func suspect(in *format.Input, text []byte, res *format.Result) {
	for _, sign := range []string{"!!python/object", "!!python/name", "!!python/module", "tag:yaml.org,2002:python/"} {
		i := bytes.Index(text, []byte(sign))
		if i < 0 || len(res.Findings) > 0 {
			continue
		}
		at := in.Line(int64(i), 1+bytes.Count(text[:i], []byte{'\n'}))
		res.Findings = append(res.Findings, rule.Finding("SP-YAML-001", at, sign,
			"This file is not quite YAML and holds the tag "+quote(sign)+", by which an unsafe loader runs code."))
	}
}

// callsCode reports a tag of a loader that builds or calls what the tag names,
// outside of what is known to build layers and seed generators only.
func callsCode(tag string) bool {
	for _, scheme := range []string{"!new:", "!name:", "!module:"} {
		if name, ok := strings.CutPrefix(tag, scheme); ok {
			return !hasPrefix(name, "speechbrain.", "torch.nn.", "torch.optim.", "torch.utils.data.", "torchaudio.")
		}
	}
	if name, ok := strings.CutPrefix(tag, "!apply:"); ok {
		switch name {
		case "torch.manual_seed", "random.seed", "numpy.random.seed", "speechbrain.utils.seed_everything":
			return false
		}
		return true
	}
	class, own := strings.CutPrefix(tag, "!!")
	return own && strings.Contains(class, ".") && !strings.HasPrefix(class, "python/") || hasPrefix(tag, "!ruby/", "!!ruby/", "!php/")
}

func hasPrefix(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// lineStart is the offset of a line, counted from 1.
func lineStart(text []byte, line int) int64 {
	at := 0
	for ; line > 1; line-- {
		i := bytes.IndexByte(text[at:], '\n')
		if i < 0 {
			break
		}
		at += i + 1
	}
	return int64(at)
}

func quote(s string) string { return "\"" + rule.Clip(s) + "\"" }
