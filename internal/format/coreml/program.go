package coreml

import (
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// element is a type of elements in a program.
type element struct {
	name  string // as safetensors spells it
	width int64  // bits
}

func elementOf(number uint64) element {
	switch number {
	case 1:
		return element{"BOOL", 8}
	case 2:
		return element{"STRING", 0}
	case 10:
		return element{"F16", 16}
	case 11:
		return element{"F32", 32}
	case 12:
		return element{"F64", 64}
	case 13:
		return element{"BF16", 16}
	case 40:
		return element{"F8_E4M3", 8}
	case 41:
		return element{"F8_E5M2", 8}
	}
	widths := map[uint64]int64{21: 8, 22: 16, 23: 32, 24: 64, 25: 4, 31: 8, 32: 16, 33: 32, 34: 64, 35: 4, 36: 2, 37: 1, 38: 6, 39: 3}
	switch w := widths[number]; {
	case w == 0:
		return element{}
	case number < 30:
		return element{"I" + itoa(w), w}
	default:
		return element{"U" + itoa(w), w}
	}
}

// operation reads one operator of a program, with the blocks inside of it.
func (t *reader) operation(m *protobuf.Message) {
	kind, name, class := "", "", ""
	off := m.Start
	outer := t.pending
	t.pending = &[]constant{}
	defer func() { t.pending = outer }()
	t.each(m, func() bool {
		var sub protobuf.Message
		switch m.Decl.Name {
		case "type":
			kind, off = m.Text(), m.Data
			return false
		case "inputs":
			if m.Enter(&sub) {
				t.input(&sub)
			}
		case "outputs":
			if m.Enter(&sub) {
				name = t.output(&sub, name)
			}
		case "attributes":
			if m.Enter(&sub) {
				if s := t.attribute(&sub, name); s != "" {
					class = s
				}
			}
		default:
			return false
		}
		return true
	})
	for i := range *t.pending {
		c := &(*t.pending)[i]
		c.name = name + "." + c.name
		t.settle(c)
	}
	t.judge(kind, class, off)
}

// input reads an input of an operator. Constants among them wait for the name of
// the operator, which stands behind.
func (t *reader) input(m *protobuf.Message) {
	outer := t.key
	defer func() { t.key = outer }()
	t.each(m, func() bool {
		if m.Decl.Name == "key" {
			t.key = rule.Clip(m.Text())
		}
		return false
	})
}

// maxPending is how many constants among the inputs of one operator wait.
const maxPending = 1000

// judge looks at each operator once, and at each custom layer.
func (t *reader) judge(kind, class string, off int64) {
	effect, known := row(kind)
	if effect == "custom" {
		t.needs("operator", class, off)
	}
	if t.judged[kind] || len(t.judged) > bounded.MaxFindings {
		return
	}
	t.judged[kind] = true
	t.layers = append(t.layers, rule.Clip(kind))
	if !known {
		t.custom = append(t.custom, rule.Clip(kind))
		t.raise(ruleOperator, off, kind, "The program calls the operator "+quote(kind)+", which Core ML does not have: its code must come from somewhere else.")
	}
}

// output reads what an operator yields, and returns the name of the first.
func (t *reader) output(m *protobuf.Message, name string) string {
	first := name
	t.each(m, func() bool {
		if m.Decl.Name == "name" && first == "" {
			first = rule.Clip(m.Text())
		}
		return false
	})
	return first
}

// attribute reads a constant of an operator. It returns the name of the class
// that computes a custom layer.
func (t *reader) attribute(m *protobuf.Message, name string) (class string) {
	key := ""
	t.each(m, func() bool {
		var sub protobuf.Message
		switch m.Decl.Name {
		case "key":
			key = rule.Clip(m.Text())
			return false
		case "value":
			if key != "val" {
				name += "." + key
			}
			if m.Enter(&sub) {
				s := t.value(&sub, name)
				if key == "class_name" {
					class = s
				}
			}
		}
		return true
	})
	return class
}

// constant is a value in a program.
type constant struct {
	name    string
	off     int64
	element element
	number  uint64 // of the element type
	dims    []int64
	tensor  bool // it is one, of a shape that is known
	open    bool

	text     string // the first string in it
	count    int64  // elements that stand in the program; of bytes, their number
	bytes    bool
	inside   bool
	blob     bool
	file     string
	position uint64
}

// value reads a constant, and returns the first string in it.
func (t *reader) value(m *protobuf.Message, name string) string {
	c := constant{name: name, off: m.Start}
	t.each(m, func() bool {
		var sub protobuf.Message
		switch m.Decl.Name {
		case "type":
			if m.Enter(&sub) {
				t.valueType(&sub, &c)
			}
		case "immediateValue":
			if m.Enter(&sub) {
				t.immediate(&sub, &c)
			}
		case "blobFileValue":
			c.blob = true
			if m.Enter(&sub) {
				t.blob(&sub, &c)
			}
		default:
			return false
		}
		return true
	})
	if name == "" && t.pending != nil && len(*t.pending) < maxPending {
		c.name = t.key
		*t.pending = append(*t.pending, c)
		return c.text
	}
	t.settle(&c)
	return c.text
}

// settle judges a constant when its name is known.
func (t *reader) settle(c *constant) {
	switch {
	case c.blob:
		t.elsewhere(c)
	case c.inside && c.tensor && !c.open:
		t.check(c)
	}
}

// valueType reads the type of a constant, when that is a tensor.
func (t *reader) valueType(m *protobuf.Message, c *constant) {
	t.each(m, func() bool {
		var sub protobuf.Message
		if m.Decl.Name != "tensorType" || !m.Enter(&sub) {
			return false
		}
		c.tensor = true
		t.each(&sub, func() bool {
			switch sub.Decl.Name {
			case "dataType":
				c.number, c.element = sub.Value, elementOf(sub.Value)
			case "dimensions":
				var dim protobuf.Message
				if sub.Enter(&dim) {
					t.dimension(&dim, c)
				}
				return true
			}
			return false
		})
		return true
	})
}

func (t *reader) dimension(m *protobuf.Message, c *constant) {
	t.each(m, func() bool {
		var sub protobuf.Message
		if !m.Enter(&sub) {
			return false
		}
		if c.open = c.open || m.Decl.Name != "constant" || len(c.dims) == maxRank; c.open {
			t.each(&sub, nil)
			return true
		}
		n := int64(0)
		t.each(&sub, func() bool {
			n = int64(sub.Value)
			return false
		})
		c.dims = append(c.dims, n)
		return true
	})
}

// immediate reads a constant that stands in the program.
func (t *reader) immediate(m *protobuf.Message, c *constant) {
	t.each(m, func() bool {
		var sub protobuf.Message
		if m.Decl.Name != "tensor" || !m.Enter(&sub) {
			return false
		}
		c.inside = true
		t.each(&sub, func() bool { // the numbers, by their type
			var list protobuf.Message
			if sub.Enter(&list) {
				t.numbers(&list, c)
			}
			return true
		})
		return true
	})
}

func (t *reader) numbers(m *protobuf.Message, c *constant) {
	t.each(m, func() bool {
		switch m.Decl.Kind {
		case protobuf.Text:
			if c.count++; c.count == 1 {
				c.text = m.Text()
			}
			return false
		case protobuf.Blob:
			c.bytes = true
			c.count += t.payload(m, c.element.name, c.dims, c.element.width)
			return true
		}
		n, ok := m.Count(m.Decl.Wire())
		if !ok {
			t.gap(gapMalformed, m.Offset, m.Behind()-m.Offset, "The last number of a constant is cut off.")
		}
		c.count += n
		if m.Decl.Kind != protobuf.Int {
			t.payload(m, c.element.name, c.dims, c.element.width)
		}
		return true
	})
}

func (t *reader) blob(m *protobuf.Message, c *constant) {
	t.each(m, func() bool {
		switch m.Decl.Name {
		case "fileName":
			c.file = m.Text()
		case "offset":
			c.position = m.Value
		}
		return false
	})
}

// check compares what a constant declares with what stands in the program.
func (t *reader) check(c *constant) {
	n, ok := count(c.dims)
	if c.bytes && ok {
		ok = n <= 1<<56
		n = (n*c.element.width + 7) / 8
	}
	switch {
	case c.element.name == "":
		t.gap(gapUnsupported, c.off, 0, "A constant has the unknown element type "+itoa(int64(c.number))+".")
	case !ok || n != c.count:
		t.gap(gapSize, c.off, 0, "The shape of the constant "+quote(c.name)+" does not fit its data.")
	case len(c.dims) > 0 && c.element.width > 0:
		t.tensor(c.name, c.element.name, c.dims)
	}
}

const (
	blobHeader = 64 // bytes in front of the data of each entry of a file of weights
	modelPath  = "@model_path/"
)

// elsewhere judges a constant that lies in a file of weights. Such a file
// explains itself: the claim says that the constant is really there.
func (t *reader) elsewhere(c *constant) {
	file := strings.TrimPrefix(c.file, modelPath)
	if what := leads(file); what != "" || file == "" {
		if file == "" {
			what = "is empty"
		}
		t.raise(ruleOutside, c.off, c.file, "The path "+quote(c.file)+", from which the weights "+quote(c.name)+" are read, "+what+".")
		return
	}
	n, ok := count(c.dims)
	if !ok || c.open || !c.tensor || c.element.width == 0 || n > 1<<56 || c.position > 1<<62 {
		t.gap(gapSize, c.off, 0, "The constant "+quote(c.name)+" cannot lie in another file: its size is not known.")
		return
	}
	t.tensor(c.name, c.element.name, c.dims)
	if len(t.in.Inside) > 0 || t.tensors > bounded.MaxTensorNames {
		return
	}
	t.res.Claims = append(t.res.Claims, format.Claim{
		Path: path.Join(path.Dir(t.in.Path), file), Offset: int64(c.position), Length: blobHeader + (n*c.element.width+7)/8,
		Name: c.name, At: t.in.Location(c.off, 0),
	})
}
