package savedmodel

import (
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/rules"
)

// effect is what running an operator does.
type effect byte

const (
	inert effect = iota
	unknownOp
	libraryOp
	fileOp
	writeOp
	readOp
	assetOp // reads the file that input node.op.input names
	saveOp
	restoreOp
	pythonOp
	networkOp
	nativeOp
	moduleOp
	graphOp
)

var effects = map[string]effect{"inert": inert, "library": libraryOp, "file": fileOp, "write": writeOp, "read": readOp, "asset0": assetOp,
	"asset1": assetOp, "save": saveOp, "restore": restoreOp, "python": pythonOp, "network": networkOp, "native": nativeOp,
	"module": moduleOp, "graph": graphOp}

// operator is one that the file uses, and where first.
type operator struct {
	name   string
	id     value
	effect effect
	attr   string // the effect is there when this attribute is filled
	input  int    // the input that names the file
	gated  bool   // the effect is there when this input is not the empty string
	detail string // library
	own    bool   // the file has a function of this name
	kind   kind   // what it means for the search for triggers
}

// operators are all that the file uses, in the order of first use.
type operators struct {
	list []*operator
	by   map[string]*operator
}

const maxOperators = 10_000 // different ones; TensorFlow has 2,000

// use notes a use. It returns nil when the file uses too many different ones.
func (o *operators) use(t *reader, name string) *operator {
	op := o.by[name]
	if op == nil {
		if len(o.list) == maxOperators {
			_ = t.in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
			return nil
		}
		op = lookUp(name)
		if o.by == nil {
			o.by = map[string]*operator{}
		}
		o.by[name] = op
		o.list = append(o.list, op)
	}
	return op
}

func lookUp(name string) *operator {
	op := &operator{name: name, id: nameOf(name), effect: unknownOp, kind: kinds()[name]}
	word, detail, ok := row(rules.TFOperators, name)
	if !ok {
		return op
	}
	op.effect = effects[word]
	switch {
	case word == "asset1":
		op.input = 1
	case op.effect == libraryOp:
		op.detail = detail
	case len(detail) == 1 && detail[0] >= '0' && detail[0] <= '9':
		op.input, op.gated = int(detail[0]-'0'), true
	default:
		op.attr = detail
	}
	return op
}

// row finds the line of a name in a table that is sorted by it, below a header.
func row(table, name string) (word, detail string, ok bool) {
	lo, hi := strings.IndexByte(table, '\n')+1, len(table) // at line starts
	for lo < hi {
		start := lo + strings.LastIndexByte(table[lo:(lo+hi)/2], '\n') + 1
		line, _, _ := strings.Cut(table[start:hi], "\n")
		key, rest, _ := strings.Cut(line, "\t")
		switch strings.Compare(name, key) {
		case 0:
			word, detail, _ = strings.Cut(rest, "\t")
			return word, detail, true
		case -1:
			hi = start
		default:
			lo = start + len(line) + 1
		}
	}
	return "", "", false
}

// placeAttr reports an attribute that can make an operator reach something.
func placeAttr(key string) bool {
	switch key {
	case "output_stream", "descriptor_source", "vocab_file", "debug_urls", "file_pattern", "filename", "memory_region_name", "output_file_path", "log_dir_path":
		return true
	}
	return false
}

// effectOf is what this node does, with its attributes. Effects that hang on the
// value of an input are settled when all nodes are known.
func (t *reader) effectOf(n *node, attrs *nodeAttrs) effect {
	if n.op == nil {
		return unknownOp
	}
	for i := range attrs.places {
		if n.path == nil {
			n.path = &attrs.places[i].text
		}
	}
	e := n.op.effect
	if e == moduleOp && attrs.callback {
		return pythonOp
	}
	if n.op.attr == "" || e == inert || e == libraryOp {
		return e
	}
	for i := range attrs.places {
		p := &attrs.places[i]
		if p.key != n.op.attr {
			continue
		}
		switch {
		case p.key == "output_stream" && !strings.HasPrefix(p.text, "file://"),
			p.key == "descriptor_source" && (p.text == "local://" || strings.HasPrefix(p.text, "bytes://")):
			return inert
		}
		n.path = &p.text
		return e
	}
	return inert
}

// names are those of all operators, and of those that TensorFlow does not have.
// Functions of the file are none.
func (o *operators) names() (all, custom []string) {
	for _, op := range o.list {
		if op.own {
			continue
		}
		if all = append(all, op.name); op.effect == unknownOp || op.effect == libraryOp {
			custom = append(custom, op.name)
		}
	}
	return all, custom
}
