package engine

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

//go:embed caffe.tsv
var caffeTable string

var caffeNet = sync.OnceValue(func() *protobuf.Type { return protobuf.ParseSchema(caffeTable).Type("NetParameter") })

// Caffe is a trained Caffe network.
var Caffe = format.Format{
	ID:         "caffe",
	Title:      "Caffe model",
	Spec:       "https://github.com/BVLC/caffe/blob/master/src/caffe/proto/caffe.proto",
	Extensions: []string{".caffemodel"},
	Rules:      []string{ruleLibrary, ruleCode, ruleHidden, ruleWrite, gapLimit, gapMalformed, gapUnsupported, gapTwice, gapSize},
	Match: func(in *format.Input) format.Confidence {
		if head := in.Head(); len(head) > 2 && strings.HasSuffix(strings.ToLower(in.Name), ".caffemodel") && (head[0] == 1<<3|2 || head[0] == 2<<3|2) {
			return format.Strong
		}
		return format.No
	},
	Read: func(in *format.Input) format.Result {
		t := &proto{judge: newJudge(in, "caffe", "Caffe")}
		layer := ""
		t.reader = func(m *protobuf.Message) bool {
			switch m.Type.Name {
			case "LayerParameter", "V1LayerParameter":
				t.caffeLayer(m, &layer)
			case "BlobProto":
				t.caffeBlob(m, layer)
			default:
				return false
			}
			return true
		}
		return t.run(caffeNet())
	},
}

func (t *proto) caffeLayer(m *protobuf.Message, layer *string) {
	t.each(m, func() bool {
		switch {
		case m.Decl.Name == "name":
			*layer = rule.Clip(m.Text())
		case m.Decl.Name == "type" && m.Decl.Kind == protobuf.Text:
			t.operator(m.Text(), t.in.Location(m.Data, m.Length))
		case m.Decl.Name == "python_param":
			t.operator("Python", t.in.Location(m.Offset, 0))
		}
		return false
	})
}

// caffeBlob reads weights; the oldest form has four dimensions of its own.
func (t *proto) caffeBlob(m *protobuf.Message, layer string) {
	var dims, old []int64
	stored, dtype := int64(0), "F32"
	t.each(m, func() bool {
		var sub protobuf.Message
		switch m.Decl.Name {
		case "num", "channels", "height", "width":
			old = append(old, int64(m.Value))
		case "data", "double_data":
			n, _ := m.Count(m.Decl.Wire())
			if stored += n; m.Decl.Name == "double_data" {
				dtype = "F64"
			}
			t.payload(m, dtype)
			return true
		case "diff", "double_diff":
			t.payload(m, "")
			return true
		case "shape":
			if dims = []int64{}; m.Enter(&sub) {
				t.each(&sub, func() bool {
					for d := range sub.Numbers(protobuf.Varint) {
						if len(dims) < maxRank {
							dims = append(dims, int64(d))
						}
					}
					return true
				})
			}
			return true
		}
		return false
	})
	if dims == nil {
		dims = old
	}
	if n, ok := count(dims, 1); !ok || n != stored && stored > 0 {
		t.unread(gapSize, m.Start, 0, "The shape of the weights of "+quote(layer)+" does not fit their number.")
		return
	}
	t.tensor(layer, dtype, dims)
}

// CaffeText is the description of a Caffe network.
var CaffeText = format.Format{
	ID:         "caffe-text",
	Title:      "Caffe network (text)",
	Spec:       "https://github.com/BVLC/caffe/blob/master/src/caffe/proto/caffe.proto",
	Extensions: []string{".prototxt"},
	Textual:    true,
	Rules:      []string{ruleLibrary, ruleCode, ruleHidden, ruleWrite, gapLimit, gapMalformed},
	Match: func(in *format.Input) format.Confidence {
		if strings.HasSuffix(strings.ToLower(in.Name), ".prototxt") && len(in.Head()) > 0 && !binaryData(in.Head()) {
			return format.Strong
		}
		return format.No
	},
	Read: readCaffeText,
}

// maxNetText is the longest description that is read, bytes.
const maxNetText = bounded.MaxBlock

func readCaffeText(in *format.Input) format.Result {
	x := &netText{judge: newJudge(in, "caffe", "Caffe"), line: 1}
	p, err := in.R.Bytes(0, min(in.R.Size(), maxNetText))
	if err != nil {
		return x.done()
	}
	x.p = p
	x.run()
	if rest := in.R.Size() - int64(len(p)); rest > 0 {
		_ = in.R.Budget().Reach("block", maxNetText)
	}
	if x.what != "" {
		x.gap(gapMalformed, int64(x.at), in.R.Size()-int64(x.at), "The network cannot be read any further: "+x.what+".")
	}
	x.span(format.Span{Length: int64(x.at)})
	return x.done()
}

// netText reads protocol buffers in their text form, as far as it takes to know
// which value stands under which name.
type netText struct {
	*judge
	p     []byte
	at    int
	line  int
	names []string // of the messages that are open
	what  string   // why no more can be read
}

func (x *netText) run() {
	name := ""
	for x.what == "" {
		start := x.at
		word, kind := x.token()
		switch {
		case kind == 0:
			if len(x.names) > 0 && x.what == "" {
				x.what = "a message is not closed"
			}
			return
		case kind == 'w' && name == "" && x.follows():
			name = word
		case kind == 'w' || kind == 's':
			x.value(name, word, start)
			if kind == 'w' || !x.string() {
				name = ""
			}
		case kind == '{' || kind == '<':
			if len(x.names) == bounded.MaxRecursion {
				x.what = "it is nested too deep"
				return
			}
			if x.names = append(x.names, name); name == "python_param" {
				x.operator("Python", x.in.Line(int64(start), x.line))
			}
			name = ""
		case kind == '}' || kind == '>':
			if len(x.names) == 0 {
				x.what = "a message is closed that is not open"
				return
			}
			x.names = x.names[:len(x.names)-1]
		}
	}
}

// follows reports whether a name stands before its value or its message.
func (x *netText) follows() bool {
	for _, b := range x.p[x.at:] {
		if b > ' ' {
			return b == ':' || b == '{' || b == '<' || b == '['
		}
	}
	return false
}

// string reports whether another string follows: both are one value.
func (x *netText) string() bool {
	for _, b := range x.p[x.at:] {
		if b > ' ' {
			return b == '"' || b == '\''
		}
	}
	return false
}

func (x *netText) value(name, value string, off int) {
	at := x.in.Line(int64(off), x.line)
	if n := len(x.names); name == "type" && n > 0 && (x.names[n-1] == "layer" || x.names[n-1] == "layers") {
		if value != "" && strings.ToUpper(value) == value && x.names[n-1] == "layers" {
			if value == "PYTHON" || value == "HDF5_OUTPUT" {
				x.operator(map[string]string{"PYTHON": "Python", "HDF5_OUTPUT": "HDF5Output"}[value], at)
			}
			return // an enumeration of the first version, which nobody can add to
		}
		x.operator(value, at)
		return
	}
	x.text([]byte(value), name, at, nil)
}

// token reads the next word ('w'), string ('s') or sign; 0 at the end.
func (x *netText) token() (word string, kind byte) {
	for x.at < len(x.p) {
		b := x.p[x.at]
		switch {
		case b == '\n':
			x.line++
			x.at++
		case b <= ' ' || b == ',' || b == ';' || b == ':' || b == '[' || b == ']':
			x.at++
		case b == '#':
			for x.at < len(x.p) && x.p[x.at] != '\n' {
				x.at++
			}
		case b == '"' || b == '\'':
			return x.quoted(b), 's'
		case b == '{' || b == '}' || b == '<' || b == '>':
			x.at++
			return "", b
		default:
			start := x.at
			for x.at < len(x.p) && (wordByte(x.p[x.at]) || x.p[x.at] == '.' || x.p[x.at] == '-' || x.p[x.at] == '+' || x.p[x.at] == '/') {
				x.at++
			}
			if x.at == start {
				x.what = "a sign has no meaning"
				return "", 0
			}
			return string(x.p[start:x.at]), 'w'
		}
	}
	return "", 0
}

// quoted reads a string. Escapes keep their backslash, except for what hides a
// quote.
func (x *netText) quoted(quote byte) string {
	start := x.at + 1
	for i := start; i < len(x.p); i++ {
		switch x.p[i] {
		case '\\':
			i++
		case quote:
			x.at = i + 1
			return string(x.p[start:i])
		case '\n':
			x.what = "a string is not closed"
			return ""
		}
	}
	x.what = "a string is not closed"
	return ""
}
