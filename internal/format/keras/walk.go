package keras

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/encoded"
	"github.com/sallyport/sallyport/internal/decode/json"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// walker looks at every object of a configuration, wherever it stands.
type walker struct {
	in      *format.Input
	res     format.Result
	open    []object // by depth
	raised  map[string]bool
	classes []string
	layers  int
	facts   map[string]string
	top     bool // the outermost object named a class
}

// object is what one JSON object says. Keys come in any order, so it is judged
// when it is complete.
type object struct {
	line       int
	class      text
	module     text
	registered text
	spec       text            // spec_name of a TypeSpec
	inner      text            // "config" when that is a string
	config     map[string]text // strings of the object "config" that matter
	strings    map[string]text // strings of this object that matter when it is a "config"
	isLayer    bool            // stands in a list of layers
}

// text is a string of the file, or its absence.
type text struct {
	s   string
	set bool // the key is there and holds a string
	cut bool // only its beginning is known
	at  json.Value
}

// kept are the keys of a "config" whose strings matter.
func kept(key string) bool {
	switch key {
	case "code", "value", "function", "function_type", "module", "filepath", "vocabulary", "name", "node_def", "fn", "fn_name", "cls",
		"symbol", "method_name", "output_shape", "output_shape_type", "output_shape_module", "mask", "mask_type", "mask_module", "attr_name", "cls_symbol":
		return true
	}
	return false
}

func newWalker(in *format.Input) *walker {
	return &walker{in: in, raised: map[string]bool{}, facts: map[string]string{}}
}

// Begin implements json.Visitor.
func (w *walker) Begin(p *json.Parser, isObject bool) {
	w.open = append(w.open[:p.Depth()], object{line: p.Line()})
	if d := p.Depth(); isObject && d >= 2 && p.Key(d-1) == nil && string(p.Key(d-2)) == "layers" {
		w.open[d].isLayer = true
	}
}

// End implements json.Visitor.
func (w *walker) End(p *json.Parser) {
	d := p.Depth()
	o := &w.open[d]
	if d > 0 && string(p.Key(d-1)) == "config" {
		w.open[d-1].config = o.strings
	}
	if o.class.set {
		w.note(o, d)
		w.judge(o)
	}
}

// Value implements json.Visitor.
func (w *walker) Value(p *json.Parser, v *json.Value) {
	d := p.Depth()
	if d == 0 {
		return
	}
	key := string(p.Key(d - 1))
	if v.Kind == json.False && (key == "safe_mode" || key == "safe_load") {
		w.raise(ruleUnsafe, key, p.Line(), "The configuration sets \""+key+"\" to false, which turns the protection of the loader off.")
	}
	if v.Kind != json.String {
		return
	}
	w.stringValue(p, v, d, key)
}

func (w *walker) stringValue(p *json.Parser, v *json.Value, d int, key string) {
	o := &w.open[d-1]
	if strings.Contains(key, "unsafe_deserialization") || containsUnsafe(v.Bytes) {
		w.raise(ruleUnsafe, "enable_unsafe_deserialization", p.Line(),
			"The configuration names enable_unsafe_deserialization, which turns the protection of the loader off.")
	}
	w.hidden(p, v)
	switch key {
	case "class_name":
		o.class = take(v)
	case "module":
		o.module = take(v)
	case "registered_name":
		o.registered = take(v)
	case "spec_name":
		o.spec = take(v)
	case "config":
		o.inner = take(v)
	case "keras_version", "backend":
		w.facts["keras."+strings.TrimPrefix(key, "keras_")] = rule.Clip(string(v.Bytes))
	}
	if string(p.Key(0)) == "weight_map" && d >= 2 && outside(string(v.Bytes[:min(len(v.Bytes), bounded.MaxPathBytes)])) != "" {
		w.raise(ruleTraversal, string(v.Bytes), p.Line(), "The list of weight files names \""+rule.Clip(string(v.Bytes))+"\", which can lead out of the folder.")
	}
	w.keep(p, v, d, key)
}

func containsUnsafe(p []byte) bool {
	return bytes.Contains(p, []byte("enable_unsafe_deserialization"))
}

func take(v *json.Value) text { return text{s: string(v.Bytes), set: true, cut: v.Cut, at: *v} }

// keep notes a string that matters to the object around this one. Old files give
// a function as a list: code, defaults, closure.
func (w *walker) keep(p *json.Parser, v *json.Value, d int, key string) {
	o := &w.open[d-1]
	if p.Key(d-1) == nil { // in a list
		if d < 2 || p.Index(d-1) != 0 || p.Key(d-2) == nil {
			return
		}
		if key = string(p.Key(d - 2)); key != "function" && key != "output_shape" && key != "mask" && key != "vocabulary" {
			return
		}
		if key == "vocabulary" {
			return // words
		}
		o, key = &w.open[d-2], key+"[]"
	} else if !kept(key) {
		return
	}
	if o.strings == nil {
		o.strings = map[string]text{}
	}
	o.strings[key] = take(v)
}

// note keeps what the configuration says of the model.
func (w *walker) note(o *object, depth int) {
	if o.isLayer {
		w.layers++
	}
	if len(w.classes) < bounded.MaxFindings && !strings.HasPrefix(o.class.s, "__") && o.class.s != "function" {
		if i, ok := slices.BinarySearch(w.classes, o.class.s); !ok {
			w.classes = slices.Insert(w.classes, i, o.class.s)
		}
	}
	if depth == 0 || depth == 1 && !w.top || depth == 2 && !w.top {
		w.top = depth == 0
		w.facts[format.FactArchitecture] = rule.Clip(o.class.s)
		if name := o.config["name"]; name.set {
			w.facts[format.FactModelName] = rule.Clip(name.s)
		}
	}
}

// hidden hands on a pickle that stands in a string. In a file of JSON the reader
// of JSON does it.
func (w *walker) hidden(p *json.Parser, v *json.Value) {
	if len(v.Bytes) < 16 || strings.HasSuffix(strings.ToLower(w.in.Name), ".json") {
		return
	}
	data, how := encoded.Pickle(v.Bytes)
	if v.Cut && encoded.MayBegin(v.Bytes) {
		_ = w.in.R.Budget().Reach("string-kept", bounded.MaxStringKept)
	}
	if data == nil || len(w.res.Children) >= 100 {
		return
	}
	where := p.Path()
	w.raise("SP-JSON-001", where, p.Line(), "The value of \""+rule.Clip(where)+"\" is a pickle written as text ("+how+").")
	w.child(where, data, v.Offset, "pickle")
}

func (w *walker) child(name string, data []byte, at int64, as string) {
	if len(w.res.Children) < 100 {
		w.res.Children = append(w.res.Children, format.Child{Name: rule.Clip(name), Offset: at, As: as,
			R: bounded.NewBytes(slices.Clone(data), w.in.R.Budget())})
	}
}

// raise adds a finding, once per rule and symbol.
func (w *walker) raise(id, symbol string, line int, message string) {
	symbol = rule.Clip(symbol)
	key := id + "\x00" + symbol
	if w.raised[key] || len(w.raised) > bounded.MaxFindings {
		return
	}
	w.raised[key] = true
	w.res.Findings = append(w.res.Findings, rule.Finding(id, w.in.Line(0, line), symbol, message))
}

// finish writes the facts.
func (w *walker) finish() {
	if w.layers > 0 {
		w.facts["keras.layers"] = strconv.Itoa(w.layers)
	}
	w.res.Facts = append(w.res.Facts, sortedFacts(w.facts)...)
	w.res.Facts = append(w.res.Facts, format.List("keras.classes", w.classes, 100)...)
}

// versions reads metadata.json.
func versions(r *bounded.Reader) []finding.Fact {
	v := &versionFacts{}
	_, _ = json.Parse(r, v) // what is wrong with it tells the JSON format
	return v.facts
}
