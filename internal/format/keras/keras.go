// Package keras reads models of Keras: .keras archives, the JSON configurations
// that models are built of (also those inside of HDF5 files and SavedModels), and
// model.json of TensorFlow.js.
//
// Specification: keras/src/saving of Keras 3.15, tf_keras 2.19 and older, and
// what they accept; TensorFlow.js 4.22.
//
// Threat: a configuration names classes and functions that the loader imports and
// calls. Older versions took any module (CVE-2025-1550), many functions of Keras
// itself fetch or write files (CVE-2025-8747, CVE-2025-9906), Lambda layers carry
// bytecode (CVE-2024-3660, in HDF5 whatever safe_mode says: CVE-2025-9905), some
// layers unpickle (CVE-2025-49655) or read any path (CVE-2025-12058,
// CVE-2026-1462). The judge is an allow list of names of real Keras versions;
// all objects are judged wherever they stand.
//
// Not covered: what custom classes do that the file only names; whether weights
// and layers fit together.
package keras

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/decode/json"
	"github.com/sallyport/sallyport/internal/decode/zip"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Format is the .keras archive.
var Format = format.Format{
	ID:         "keras",
	Title:      "Keras model",
	Spec:       "https://keras.io/api/models/model_saving_apis/model_saving_and_loading/",
	Extensions: []string{extension},
	Refines:    "zip",
	Rules:      append(zip.FindingRules(), ruleExtra, "SP-COV-003", "SP-COV-004", "SP-COV-010", "SP-COV-012", "SP-COV-016"),
	Match:      match,
	Read:       read,
}

// The rules of this package; see rules/<ID>/rule.yaml.
const (
	ruleLambda     = "SP-KERAS-001"
	ruleNamed      = "SP-KERAS-002"
	ruleGadget     = "SP-KERAS-003"
	ruleUnknown    = "SP-KERAS-004"
	ruleFunction   = "SP-KERAS-005"
	ruleTorch      = "SP-KERAS-006"
	ruleOutside    = "SP-KERAS-007"
	ruleSavedModel = "SP-KERAS-008"
	ruleVocabulary = "SP-KERAS-009"
	ruleTraversal  = "SP-KERAS-010"
	ruleUnsafe     = "SP-KERAS-011"
	ruleCustom     = "SP-KERAS-012"
	ruleTwice      = "SP-KERAS-013"
	ruleExtra      = "SP-KERAS-014"
)

const (
	extension = ".keras"
	config    = "config.json"
	metadata  = "metadata.json"
)

// match asks for a zip with a configuration, by name or beside what Keras writes.
func match(in *format.Input) format.Confidence {
	if !zip.Match(in.R, in.Head()) {
		return format.No
	}
	a := archive(in)
	if a.Find([]byte(config)) < 0 {
		return format.No
	}
	if strings.HasSuffix(strings.ToLower(in.Name), extension) {
		return format.Strong
	}
	for _, name := range []string{metadata, "model.weights.h5", "model.weights.npz", "model.weights.json"} {
		if a.Find([]byte(name)) >= 0 {
			return format.Strong
		}
	}
	return format.No
}

func archive(in *format.Input) *zip.Archive {
	return format.Memo(in, "decode/zip", func() *zip.Archive { return zip.Read(in.R) })
}

func read(in *format.Input) format.Result {
	a := archive(in)
	var res format.Result
	weights := 0
	for i := range a.Entries {
		e := &a.Entries[i]
		if e.Dir() {
			continue
		}
		r, ok := a.Member(i, false)
		if !ok {
			continue
		}
		child := format.Child{Name: e.Name, R: r, Offset: e.Offset, Length: e.Claim()}
		switch kind(e.Name) {
		case memberConfig, memberShards:
			child.As = configID
		case memberMetadata:
			res.Facts = append(res.Facts, versions(r)...)
		case memberWeights:
			weights++
		case memberExtra:
			if len(res.Findings) < 100 {
				res.Findings = append(res.Findings, rule.Finding(ruleExtra, in.Location(e.Offset, e.Length), e.Name,
					"The archive holds \""+rule.Clip(e.Name)+"\", which Keras neither writes nor reads."))
			}
		}
		res.Children = append(res.Children, child)
	}
	container(in, a, &res)
	res.Facts = append(res.Facts, finding.Fact{Key: "keras.weights", Value: strconv.Itoa(weights)})
	return res
}

// container adds what concerns the archive itself.
func container(in *format.Input, a *zip.Archive, res *format.Result) {
	for _, c := range a.Comments {
		if r, err := in.R.Section(c.Offset, c.Length); err == nil {
			res.Children = append(res.Children, format.Child{Name: "archive comment", R: r, Offset: c.Offset, Length: c.Length})
		}
	}
	for _, s := range a.Structure {
		res.Spans = append(res.Spans, format.Span{Offset: s.Offset, Length: s.Length, Kind: format.Structure})
	}
	for _, u := range a.Unread {
		res.Spans = append(res.Spans, format.Span{Offset: u.Offset, Length: u.Length, Kind: format.Unread, Rule: u.Rule, Reason: u.Reason})
	}
	res.Findings = append(res.Findings, a.Findings(in.Location)...)
}

type member int

const (
	memberExtra member = iota
	memberConfig
	memberShards
	memberMetadata
	memberWeights
	memberAsset
)

// kind says what Keras does with a member of that name. Names are compared
// without regard to case, because some file systems do.
func kind(name string) member {
	name = strings.ToLower(name)
	switch {
	case name == config:
		return memberConfig
	case name == metadata:
		return memberMetadata
	case strings.HasPrefix(name, "assets/"):
		return memberAsset
	case strings.Contains(name, "/"):
		return memberExtra
	case strings.HasSuffix(name, shardsEnding):
		return memberShards
	case strings.HasSuffix(name, ".weights.h5"), strings.HasSuffix(name, ".weights.npz"):
		return memberWeights
	}
	return memberExtra
}

const shardsEnding = ".weights.json"

// versions are the facts of metadata.json.
type versionFacts struct{ facts []finding.Fact }

// Begin implements json.Visitor.
func (v *versionFacts) Begin(*json.Parser, bool) {}

// End implements json.Visitor.
func (v *versionFacts) End(*json.Parser) {}

// Value implements json.Visitor.
func (v *versionFacts) Value(p *json.Parser, x *json.Value) {
	if p.Depth() != 1 || x.Kind != json.String || len(v.facts) > 2 {
		return
	}
	switch string(p.Key(0)) {
	case "keras_version":
		v.facts = append(v.facts, finding.Fact{Key: "keras.version", Value: rule.Clip(string(x.Bytes))})
	case "date_saved":
		v.facts = append(v.facts, finding.Fact{Key: "keras.saved", Value: rule.Clip(string(x.Bytes))})
	}
}

// outside says why a path can lead out of the folder of the model, or is "".
func outside(p string) string {
	switch {
	case strings.Contains(p, "://"):
		return "an address in a network"
	case strings.HasPrefix(p, "~"), strings.Contains(p, "$"):
		return "a path that whoever opens it completes"
	case artifact.CheckPath(strings.TrimSuffix(strings.TrimPrefix(p, "./"), "/")) != nil:
		return "a path that can lead anywhere on the machine"
	}
	return ""
}

func sortedFacts(m map[string]string) []finding.Fact {
	var out []finding.Fact
	for k, v := range m {
		out = append(out, finding.Fact{Key: k, Value: v})
	}
	slices.SortFunc(out, func(a, b finding.Fact) int { return strings.Compare(a.Key, b.Key) })
	return out
}
