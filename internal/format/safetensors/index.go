package safetensors

import (
	"bytes"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/json"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Index is the index of a model in several files: it says which file has which
// tensor. It has one form for every kind of weights. The JSON reader explains its
// bytes; this one looks at the files it names.
var Index = format.Format{
	ID:      "weight-index",
	Title:   "Index of a model in several files",
	Spec:    "https://huggingface.co/docs/transformers/big_models",
	Textual: true,
	Rules:   []string{"SP-ST-008", "SP-ST-009", "SP-ST-010", "SP-COV-009"},
	Match:   matchIndex,
	Read:    readIndex,
}

func matchIndex(in *format.Input) format.Confidence {
	if strings.HasSuffix(strings.ToLower(in.Name), ".index.json") && bytes.HasPrefix(bytes.TrimLeft(in.Head(), "\ufeff \t\r\n"), []byte("{")) {
		return format.Strong
	}
	return format.No
}

// index collects the files of a weight map.
type index struct {
	shards map[string]mention
	order  []string
	total  string
	over   bool
}

// mention is where a file is named first, and for which tensor.
type mention struct {
	off, length int64
	line        int
	tensor      string
}

// maxShards is how many files one index may name.
const maxShards = 10_000

// Begin implements json.Visitor.
func (x *index) Begin(*json.Parser, bool) {}

// End implements json.Visitor.
func (x *index) End(*json.Parser) {}

// Value implements json.Visitor.
func (x *index) Value(p *json.Parser, v *json.Value) {
	if p.Depth() != 2 {
		return
	}
	switch string(p.Key(0)) {
	case "metadata":
		if string(p.Key(1)) == "total_size" && v.Kind == json.Number {
			x.total = string(v.Bytes)
		}
	case "weight_map":
		if _, seen := x.shards[string(v.Bytes)]; seen || v.Kind != json.String {
			return
		}
		if len(x.order) == maxShards {
			x.over = true
			return
		}
		name := string(v.Bytes[:min(len(v.Bytes), bounded.MaxPathBytes)])
		x.shards[name] = mention{v.Offset, v.Length, p.Line(), string(p.Key(1))}
		x.order = append(x.order, name)
	}
}

func readIndex(in *format.Input) format.Result {
	var res format.Result
	x := &index{shards: map[string]mention{}}
	_, err := json.Parse(in.R, x) // faults are the JSON reader's to tell
	if x.over {
		_ = in.R.Budget().Reach("archive-entries", maxShards)
	}
	for _, name := range x.order {
		x.shard(in, name, &res)
	}
	if len(x.order) > 0 && err == nil {
		x.extra(in, &res)
		res.Facts = append(res.Facts, finding.Fact{Key: "index.files", Value: strconv.Itoa(len(x.order))})
		if x.total != "" {
			res.Facts = append(res.Facts, finding.Fact{Key: "index.total_size", Value: rule.Clip(x.total)})
		}
	}
	return res
}

// shard judges one file that the index names.
func (x *index) shard(in *format.Input, name string, res *format.Result) {
	s := x.shards[name]
	at := in.Location(s.off, s.length)
	at.Line = s.line
	raise := func(id, text string) {
		res.Findings = append(res.Findings, rule.Finding(id, at, name, fmt.Sprintf("The index says that the tensor %q is in %q, which %s.", rule.Clip(s.tensor), rule.Clip(name), text)))
	}
	clean := path.Clean(strings.ReplaceAll(name, `\`, "/"))
	switch {
	case outside(name, clean):
		raise("SP-ST-008", "leads out of the model's folder")
		return
	case strings.HasSuffix(strings.ToLower(in.Name), ending+".index.json") && !claims(name):
		raise("SP-ST-010", "is no safetensors file, so that a loader reads it in another way")
	}
	if len(in.Inside) == 0 && !in.Repo.Has(path.Join(path.Dir(in.Path), clean)) && len(res.Spans) < bounded.MaxGapsPerFile {
		res.Spans = append(res.Spans, format.Span{Offset: s.off, Length: s.length, Kind: format.Unread, Rule: "SP-COV-009",
			Reason: fmt.Sprintf("The index names the file %q, which is not here.", rule.Clip(name))})
	}
}

// outside reports a path that any system could take for one outside of the folder.
func outside(name, clean string) bool {
	return clean == ".." || strings.HasPrefix(clean, "../") || strings.HasPrefix(clean, "/") || name == "" || clean == "." ||
		strings.HasPrefix(clean, "~") || strings.ContainsAny(name, ":\x00") || strings.Contains(name, `\`)
}

// extra looks for files that are numbered like those of the index and that it
// does not name.
func (x *index) extra(in *format.Input, res *format.Result) {
	if len(in.Inside) > 0 {
		return
	}
	stem, count, ext, ok := numbered(x.order[0])
	if !ok || count > maxShards {
		return
	}
	var more []string
	for i := 1; i <= count; i++ {
		name := fmt.Sprintf("%s-%05d-of-%05d%s", stem, i, count, ext)
		if _, listed := x.shards[name]; !listed && in.Repo.Has(path.Join(path.Dir(in.Path), name)) {
			more = append(more, name)
		}
	}
	if len(more) > 0 {
		res.Findings = append(res.Findings, rule.Finding("SP-ST-009", in.Location(0, 0), more[0],
			fmt.Sprintf("%d files are numbered as parts of this model, and the index names no tensor in them; the first is %q.", len(more), rule.Clip(more[0]))))
	}
}

// numbered takes NAME-00001-of-00003.EXT apart.
func numbered(name string) (stem string, count int, ext string, ok bool) {
	i := strings.LastIndex(name, "-of-")
	if i < 6 || len(name) < i+9 || name[i-6] != '-' {
		return "", 0, "", false
	}
	n, err := strconv.ParseUint(name[i+4:i+9], 10, 31)
	_, perr := strconv.ParseUint(name[i-5:i], 10, 31)
	return name[:i-6], int(n), name[i+9:], err == nil && perr == nil
}
