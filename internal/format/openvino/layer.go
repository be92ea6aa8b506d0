package openvino

import (
	"math/bits"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/xml"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/rules"
)

// layer is one that is open.
type layer struct {
	kind, version, name string
	off                 int64
	line                int

	data               bool // its attributes were there
	offset, size       string
	elementType, shape string
}

// push begins a layer.
func (t *reader) push(p *xml.Parser, e *xml.Element) {
	t.layers++
	l := &layer{kind: e.Get("type"), version: e.Get("version"), name: rule.Clip(e.Get("name")), off: e.Offset, line: p.Line()}
	t.open = append(t.open, l)
	if len(t.ids) == 0 || t.layers > bounded.MaxTensorNames {
		return
	}
	id, ids := rule.Clip(e.Get("id")), t.ids[len(t.ids)-1]
	if ids[id] {
		t.gap(gapTwice, e.Offset, 0, "Two layers have the number "+quote(id)+": which one is meant depends on the reader.")
	}
	ids[id] = true
}

// take notes the attributes of a layer. The first ones count, as for the loader.
func (l *layer) take(e *xml.Element) {
	if !l.data {
		l.data = true
		l.offset, l.size, l.elementType, l.shape = e.Get("offset"), e.Get("size"), e.Get("element_type"), e.Get("shape")
	}
}

// judge looks at a layer when all of it has been read.
func (t *reader) judge(l *layer) {
	kind := strings.ToLower(l.kind)
	key := [2]string{kind, l.version}
	if !t.judged[key] && len(t.judged) <= bounded.MaxFindings {
		t.judged[key] = true
		t.types = append(t.types, rule.Clip(l.kind))
		t.source(l, kind)
	}
	if kind == "const" || kind == "constant" {
		t.constant(l)
	}
}

// source says who brings the code of a layer along.
func (t *reader) source(l *layer, kind string) {
	_, builtin := rules.Row(rules.RuntimeOperators, "openvino", kind)
	if builtin && standard(l.version) {
		return
	}
	t.custom = append(t.custom, rule.Clip(l.kind))
	at := t.in.Line(l.off, l.line)
	if _, known := rules.Row(rules.RuntimeOperators, "openvino-extension", kind); known && l.version == "extension" {
		t.res.Findings = append(t.res.Findings, rule.Finding(ruleKnown, at, l.kind, "The layer "+quote(l.name)+" ("+rule.Clip(l.kind)+") needs the library openvino_tokenizers."))
		return
	}
	t.res.Findings = append(t.res.Findings, rule.Finding(ruleLayer, at, l.kind, "The layer "+quote(l.name)+" is of the type "+quote(l.kind)+" of "+quote(l.version)+
		", which OpenVINO does not have: the model runs only with somebody's library loaded into it."))
}

// standard reports a set of layers that OpenVINO brings along.
func standard(version string) bool {
	number, ok := strings.CutPrefix(version, "opset")
	_, err := strconv.ParseUint(number, 10, 16)
	return ok && err == nil || version == "type_relaxed_opset" || version == "experimental"
}

// element is a type of elements: its name as safetensors spells it, its bits, and
// how many bytes are written at least.
type element struct {
	name  string
	width int64
	unit  int64
}

func elementOf(name string) (element, bool) {
	switch name = strings.ToLower(name); name {
	case "boolean", "bool":
		return element{"BOOL", 8, 1}, true
	case "nf4", "f4e2m1":
		return element{"F4", 4, 1}, true
	case "f8e4m3":
		return element{"F8_E4M3", 8, 1}, true
	case "f8e5m2":
		return element{"F8_E5M2", 8, 1}, true
	case "f8e8m0":
		return element{"F8_E8M0", 8, 1}, true
	case "u3", "u6":
		return element{strings.ToUpper(name), int64(name[1] - '0'), 3}, true
	case "f16", "f32", "f64", "bf16", "i4", "i8", "i16", "i32", "i64", "u1", "u2", "u4", "u8", "u16", "u32", "u64":
		width, _ := strconv.ParseInt(strings.TrimLeft(name, "bfiu"), 10, 64)
		return element{strings.ToUpper(name), width, 1}, true
	case "string":
		return element{"STRING", 0, 1}, true
	}
	return element{}, false
}

// fits reports whether n elements take size bytes. One byte is written for none.
func (e element) fits(n, size int64) bool {
	switch bits := n * e.width; {
	case e.width == 0:
		return true
	case n == 0:
		return size <= 1
	default:
		return (bits+8*e.unit-1)/(8*e.unit)*e.unit == size
	}
}

// constant judges where the data of a constant lies.
func (t *reader) constant(l *layer) {
	dims, ok := shape(l.shape)
	e, known := elementOf(l.elementType)
	offset, okOffset := decimal(l.offset)
	size, okSize := decimal(l.size)
	n, fits := count(dims)
	switch {
	case !l.data || !okOffset || !okSize || !ok:
		t.gap(gapMalformed, l.off, 0, "The constant "+quote(l.name)+" does not say where its data lies.")
		return
	case !known:
		t.gap(gapUnsupported, l.off, 0, "The constant "+quote(l.name)+" has the unknown element type "+quote(l.elementType)+".")
	case !fits:
		t.res.Findings = append(t.res.Findings, rule.Finding(ruleOverflow, t.in.Line(l.off, l.line), l.name, "The shape of the constant "+quote(l.name)+" overflows 64 bits."))
	case !e.fits(n, size):
		t.gap(gapSize, l.off, 0, "The shape of the constant "+quote(l.name)+" does not fit the size of its data.")
	}
	if t.tensors++; t.tensors > bounded.MaxTensorNames {
		_ = t.in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
		return
	}
	t.inventory.Add(l.name, e.name, dims)
	t.claim(l, e, dims, offset, size)
}

// claim hands a claim to the engine. A network inside of another file has no
// files beside it that could be asked for.
func (t *reader) claim(l *layer, e element, dims []int64, offset, size int64) {
	stem := t.in.Path
	if i := strings.LastIndexByte(stem, '.'); i > strings.LastIndexByte(stem, '/') {
		stem = stem[:i]
	}
	if len(t.in.Inside) > 0 {
		if !t.stored {
			t.stored = true
			t.gap(gapAbsent, l.off, 0, "It keeps its constants in a file beside it, and lies inside of another file itself.")
		}
		return
	}
	c := format.Claim{Path: stem + ".bin", Offset: offset, Length: size, Name: l.name, At: t.in.Line(l.off, l.line), Type: e.name}
	if n, ok := count(dims[min(1, len(dims)):]); ok && len(dims) > 1 && n < 1<<40 {
		c.Row = (n*e.width + 7) / 8
	}
	t.res.Claims = append(t.res.Claims, c)
}

const maxRank = 64

// shape reads "4, 3, 3, 3"; an empty one is a scalar.
func shape(s string) (dims []int64, ok bool) {
	if strings.TrimSpace(s) == "" {
		return nil, true
	}
	for part := range strings.SplitSeq(s, ",") {
		d, ok := decimal(strings.TrimSpace(part))
		if !ok || len(dims) == maxRank {
			return nil, false
		}
		dims = append(dims, d)
	}
	return dims, true
}

// decimal reads digits only: loaders disagree on everything else.
func decimal(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	v, err := strconv.ParseInt(s, 10, 64)
	return v, err == nil
}

// count multiplies a shape. ok is false when that, or its bits, overflow.
func count(dims []int64) (n int64, ok bool) {
	n = 1
	for _, d := range dims {
		hi, lo := bits.Mul64(uint64(n), uint64(d))
		if hi != 0 || lo > 1<<56 {
			return 0, false
		}
		n = int64(lo)
	}
	return n, true
}
