package hdf5

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/hdf5"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// reader collects what one file holds.
type reader struct {
	in       *format.Input
	res      format.Result
	raised   map[string]bool
	tensors  format.Inventory
	counted  int
	declared int64             // bytes of all datasets
	bytes    []byteData        // datasets of bytes and strings, to be looked at
	taken    map[int64]bool    // values that were handed on already, by offset
	facts    map[string]string // what attributes of the root say
	kinds    [3]int            // objects by kind
}

// byteData is a dataset whose elements are bytes.
type byteData struct {
	path string
	data *hdf5.Data
}

// maxLooks is how many children are handed on, and how many strings of one
// attribute are looked at.
const maxLooks = 1000

func read(in *format.Input) format.Result {
	r := &reader{in: in, raised: map[string]bool{}, taken: map[int64]bool{}, facts: map[string]string{}}
	f := hdf5.Read(in.R, r)
	r.heaps(f)
	r.elements(f)
	r.cover(f)
	r.total(f)
	r.state(f)
	return r.res
}

// Object implements hdf5.Visitor.
func (r *reader) Object(o *hdf5.Object) {
	r.kinds[o.Kind]++
	d := o.Data
	if d == nil || d.Type == nil {
		return
	}
	r.sources(o)
	r.shape(o)
	r.filters(o)
	if name := tensorType(d.Type); name != "" && !d.Null {
		if r.counted++; r.counted <= bounded.MaxTensorNames {
			r.tensors.Add(strings.TrimPrefix(o.Path, "/"), name, d.Dims)
		} else {
			_ = r.in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
		}
	}
	if ofBytes(d.Type) && d.Stored > 0 {
		if len(r.bytes) < bounded.MaxTensorNames {
			r.bytes = append(r.bytes, byteData{o.Path, d})
		}
	}
}

// tensorType is the type of a dataset of numbers, or "".
func tensorType(t *hdf5.Datatype) string {
	if name := t.Plain(); name != "" {
		return name
	}
	switch t.Class {
	case hdf5.Integer, hdf5.Float, hdf5.Enum, hdf5.Complex:
		return t.Name()
	}
	return ""
}

// ofBytes reports a type whose elements, one behind the other, are bytes.
func ofBytes(t *hdf5.Datatype) bool {
	switch t.Class {
	case hdf5.Integer:
		return t.Size == 1
	case hdf5.String, hdf5.Opaque:
		return true
	}
	return false
}

// Link implements hdf5.Visitor.
func (r *reader) Link(l *hdf5.Link) {
	switch l.Kind {
	case hdf5.ExternalLink:
		r.elsewhere(l.File, "The link \""+rule.Clip(l.Path)+"\"", l.Offset)
	case hdf5.UserDefined:
		r.raise(ruleUserLink, l.Path, l.Offset, "The link \""+rule.Clip(l.Path)+"\" is of the user-defined type "+strconv.Itoa(l.Type)+
			": whoever follows it runs code that is registered for that type.")
	}
}

// Attribute implements hdf5.Visitor.
func (r *reader) Attribute(o *hdf5.Object, a *hdf5.Attribute) {
	where := a.Name
	if o.Path != "/" {
		where = o.Path + "@" + a.Name
	}
	texts, places := a.Texts(maxLooks)
	for i, text := range texts {
		r.taken[places[i].Offset] = true
		if o.Path == "/" && len(texts) == 1 {
			r.note(a.Name, text)
		}
		r.text(where, text, places[i], isConfig(a.Name))
	}
	if len(texts) == 0 && a.Type.Class != hdf5.Sequence && ofBytes(a.Type) {
		r.value(where, a.Data, hdf5.Range{Offset: a.Offset, Length: int64(len(a.Data))})
	}
}

// isConfig reports the attributes in which Keras keeps what it builds a model of.
func isConfig(name string) bool { return name == "model_config" || name == "training_config" }

// note keeps what the root says of the model.
func (r *reader) note(name string, text []byte) {
	switch name {
	case "keras_version":
		r.facts["keras.version"] = rule.Clip(string(text))
	case "backend":
		r.facts["keras.backend"] = rule.Clip(string(text))
	case "PYTABLES_FORMAT_VERSION":
		r.facts["pytables.version"] = rule.Clip(string(text))
	}
}

// raise adds a finding, once per rule and symbol.
func (r *reader) raise(id, symbol string, at int64, message string) {
	key := id + "\x00" + symbol
	if r.raised[key] || len(r.raised) > bounded.MaxFindings {
		return
	}
	r.raised[key] = true
	at = min(max(at, 0), r.in.R.Size())
	r.res.Findings = append(r.res.Findings, rule.Finding(id, r.in.Location(at, 0), symbol, message))
}

// state writes the facts.
func (r *reader) state(f *hdf5.File) {
	fact := func(key, value string) { r.res.Facts = append(r.res.Facts, finding.Fact{Key: key, Value: value}) }
	fact("hdf5.superblock", strconv.Itoa(f.Version))
	fact("hdf5.groups", strconv.Itoa(r.kinds[hdf5.Group]))
	fact("hdf5.datasets", strconv.Itoa(r.kinds[hdf5.Dataset]))
	keys := make([]string, 0, len(r.facts))
	for k := range r.facts {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		fact(k, r.facts[k])
	}
	r.res.Facts = append(r.res.Facts, r.tensors.Facts()...)
}
