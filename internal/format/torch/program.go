package torch

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/decode/json"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	ruleExpression = "SP-TORCH-008"
	// Where an exported program keeps things (torch/csrc/export/pt2_archive_constants.h).
	formatRecord = "/archive_format"
	modelFolder  = "/models/"
	dataFolder   = "/data/"
	configEnding = "_config.json"
)

// exported judges the archive of an exported program (.pt2): its graphs, and the
// records of weights that its configuration declares.
func (t *reader) exported(root string) {
	for i := range t.a.Entries {
		e := &t.a.Entries[i]
		path, ok := strings.CutPrefix(e.Name, root)
		if !ok || e.Dir() || !strings.HasSuffix(path, ".json") {
			continue
		}
		switch {
		case strings.HasPrefix(path, modelFolder):
			t.visit(i, &graph{t: t, name: e.Name, raised: map[string]bool{}})
		case strings.HasPrefix(path, dataFolder) && strings.HasSuffix(path, configEnding):
			t.visit(i, &payloads{t: t, folder: e.Name[:strings.LastIndexByte(e.Name, '/')]})
		}
	}
}

// visit parses a JSON member; what is wrong with it tells the JSON format, which
// gets the member as well.
func (t *reader) visit(i int, v json.Visitor) {
	if r, ok := t.a.Member(i, false); ok {
		_, _ = json.Parse(r, v)
	}
}

// graph looks at what a serialized graph names: operators, which loading resolves
// with getattr, and expressions, which loading evaluates.
type graph struct {
	t      *reader
	name   string
	raised map[string]bool
}

// Begin implements json.Visitor.
func (g *graph) Begin(*json.Parser, bool) {}

// End implements json.Visitor.
func (g *graph) End(*json.Parser) {}

// Value implements json.Visitor.
func (g *graph) Value(p *json.Parser, v *json.Value) {
	if v.Kind != json.String || p.Depth() == 0 {
		return
	}
	text := string(v.Bytes)
	switch string(p.Key(p.Depth() - 1)) {
	case "target":
		g.target(text, v.Offset)
	case "expr_str":
		if v.Cut || !expression(text) {
			g.raise(ruleExpression, text, v.Offset, fmt.Sprintf("Loading this program evaluates the expression %s.", strconv.Quote(rule.Clip(text))))
		}
	}
}

// target judges the function that a node calls.
func (g *graph) target(text string, off int64) {
	parts := strings.Split(text, ".")
	switch {
	case strings.HasPrefix(text, "torch.ops.") && len(parts) >= 4 && len(parts) <= 5 && !strings.Contains(text, "__"):
		effect, listed := effectOf(parts[2], parts[3])
		symbol := parts[2] + "::" + parts[3]
		switch {
		case !listed && parts[2] != "higher_order":
			g.raise(ruleForeign, symbol, off, fmt.Sprintf("The program calls the operator %s, which is not part of PyTorch.", rule.Clip(symbol)))
		case effects[effect] != "":
			g.raise(ruleOperator, symbol, off, fmt.Sprintf("The program calls the operator %s, which %s.", rule.Clip(symbol), effects[effect]))
		}
	case strings.HasPrefix(text, "torch.ops.higher_order.") && len(parts) == 4:
	case len(parts) == 2 && parts[0] == "torch" && strings.HasPrefix(parts[1], "sym_"):
	case len(parts) == 2 && (parts[0] == "_operator" || parts[0] == "math") && identifier(parts[1]) && plainOperator(parts[1]):
	default:
		g.raise(ruleForeign, text, off, fmt.Sprintf("The program calls %s, which is no operator of PyTorch.", rule.Clip(text)))
	}
}

// plainOperator leaves out the functions of module operator that reach into objects.
func plainOperator(name string) bool {
	switch name {
	case "attrgetter", "itemgetter", "methodcaller", "call", "setitem", "delitem":
		return false
	}
	return !strings.HasPrefix(name, "__")
}

func identifier(s string) bool {
	for i := range len(s) {
		if !letter(s[i]) && (i == 0 || !digit(s[i])) {
			return false
		}
	}
	return s != ""
}

// raise adds a finding inside of the member, once per symbol.
func (g *graph) raise(id, symbol string, off int64, message string) {
	if g.raised[id+symbol] || len(g.raised) > maxNoted {
		return
	}
	g.raised[id+symbol] = true
	g.t.raiseInside(id, g.name, finding.Location{Offset: off}, symbol, message)
}

// maxNoted is how many different things one member is reported for.
const maxNoted = 1000

// expression accepts arithmetic on symbols as sympy prints it: numbers, names,
// calls of classes, keywords, and names in quotes. Everything else that
// sympy.sympify takes ends in Python's eval.
func expression(text string) bool {
	l := lexer{src: text, line: 1}
	var last token
	for {
		t := l.next()
		switch {
		case t.kind == endToken:
			return l.depth == 0
		case t.kind == badToken, t.kind == commentToken, t.kind == signToken && (t.text == "." || t.text == "@" || t.text == "{" || t.text == "["):
			return false
		case t.kind == stringToken && !identifier(t.text), t.kind == nameToken && strings.Contains(t.text, "__"), t.kind == numberToken && !plainNumber(t.text):
			return false
		case t.kind == signToken && t.text == "(" && !opens(last):
			return false
		}
		last = t
	}
}

// opens reports whether a bracket behind the token groups, or calls a class. Names
// in lower case are functions, some of which start programs (sympy.preview).
func opens(last token) bool {
	switch last.kind {
	case endToken:
		return true
	case signToken:
		return last.text != ")"
	case nameToken:
		return last.text[0] >= 'A' && last.text[0] <= 'Z'
	}
	return false
}

// payloads notes how large the records are that a configuration of weights
// declares as raw data. Pickled ones stay members like any other.
type payloads struct {
	t      *reader
	folder string

	path    string
	pickled bool
	dtype   int64
	offset  int64
	sizes   []int64
	strides []int64
}

// Begin implements json.Visitor.
func (c *payloads) Begin(p *json.Parser, _ bool) {
	if p.Depth() == entryDepth {
		*c = payloads{t: c.t, folder: c.folder, pickled: true}
	}
}

// entryDepth is where one tensor of a configuration is an object: {"config": {NAME: {...}}}.
const entryDepth = 2

// End implements json.Visitor.
func (c *payloads) End(p *json.Parser) {
	if p.Depth() == entryDepth && string(p.Key(0)) == "config" && !c.pickled && c.path != "" {
		c.declare()
	}
}

// Value implements json.Visitor.
func (c *payloads) Value(p *json.Parser, v *json.Value) {
	field, meta := string(p.Key(entryDepth)), string(p.Key(entryDepth+1))
	number := func() int64 {
		n, err := strconv.ParseInt(string(v.Bytes), 10, 64)
		if err != nil || v.Kind != json.Number || n < 0 {
			return -1
		}
		return n
	}
	switch {
	case field == "path_name" && v.Kind == json.String && p.Depth() == entryDepth+1:
		c.path = string(v.Bytes)
	case field == "use_pickle" && p.Depth() == entryDepth+1:
		c.pickled = v.Kind != json.False
	case field != "tensor_meta":
	case meta == "dtype":
		c.dtype = number()
	case meta == "storage_offset" && string(p.Key(entryDepth+2)) == "as_int":
		c.offset = number()
	case meta == "sizes":
		c.sizes = append(c.sizes, number())
	case meta == "strides":
		c.strides = append(c.strides, number())
	}
}

// declare notes the size that one tensor needs. Several tensors may share a
// record: the largest need counts.
func (c *payloads) declare() {
	size, ok := c.extent()
	if !ok || strings.Contains(c.path, "/") {
		return
	}
	c.t.name = append(append(append(c.t.name[:0], c.folder...), '/'), c.path...)
	for i := c.t.a.Find(c.t.name); i >= 0; i = c.t.a.Next(i) {
		r := &c.t.records[i]
		r.declared, r.loose, r.size = true, true, max(r.size, size)
	}
}

// extent is how many bytes of its storage the tensor reaches.
func (c *payloads) extent() (int64, bool) {
	width, dtype := scalar(c.dtype)
	if width == 0 || c.offset < 0 || len(c.sizes) != len(c.strides) {
		return 0, false
	}
	last := c.offset
	for i, n := range c.sizes {
		if n == 0 {
			return 0, true
		}
		if n < 0 || c.strides[i] < 0 || c.strides[i] > 0 && n-1 > (math.MaxInt64/16-last)/c.strides[i] {
			return 0, false
		}
		last += (n - 1) * c.strides[i]
	}
	c.t.dtypes[dtype] = true
	return (last + 1) * width, last < math.MaxInt64/16
}

// scalar is the width in bytes of a ScalarType of torch/_export/serde/schema.py.
func scalar(number int64) (width int64, dtype string) {
	switch number {
	case 1:
		return 1, "uint8"
	case 2:
		return 1, "int8"
	case 3:
		return 2, "int16"
	case 4:
		return 4, "int32"
	case 5:
		return 8, "int64"
	case 6:
		return 2, "float16"
	case 7:
		return 4, "float32"
	case 8:
		return 8, "float64"
	case 9:
		return 4, "complex32"
	case 10:
		return 8, "complex64"
	case 11:
		return 16, "complex128"
	case 12:
		return 1, "bool"
	case 13:
		return 2, "bfloat16"
	case 28:
		return 2, "uint16"
	case 29:
		return 1, "float8_e4m3fn"
	case 30:
		return 1, "float8_e5m2"
	case 31:
		return 1, "float8_e4m3fnuz"
	case 32:
		return 1, "float8_e5m2fnuz"
	case 33:
		return 1, "float8_e8m0fnu"
	case 34:
		return 4, "uint32"
	case 35:
		return 8, "uint64"
	}
	return 0, ""
}
