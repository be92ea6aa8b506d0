package engine

import (
	"bytes"
	_ "embed"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/json"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/rules"
)

//go:embed paddle.tsv
var paddleTable string

var paddleSchema = sync.OnceValue(func() *protobuf.Schema { return protobuf.ParseSchema(paddleTable) })

// Paddle is the program of PaddlePaddle up to version 2 (.pdmodel, __model__).
var Paddle = format.Format{
	ID:         "paddle",
	Title:      "PaddlePaddle program",
	Spec:       "https://github.com/PaddlePaddle/Paddle/blob/develop/paddle/fluid/framework/framework.proto",
	Extensions: []string{".pdmodel"},
	Rules: []string{ruleLibrary, ruleCode, ruleReach, ruleOutside, ruleHidden, ruleWrite,
		gapLimit, gapMalformed, gapUnsupported, gapTwice},
	Match: matchPaddle,
	Read:  readPaddle,
}

// firstBlock is how the first block begins: number 0, parent -1.
const firstBlock = "\x08\x00\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"

func matchPaddle(in *format.Input) format.Confidence {
	head := in.Head()
	if len(head) < 2 || head[0] != 1<<3|2 {
		return format.No
	}
	name := strings.ToLower(in.Name)
	if i := bytes.Index(head[:min(len(head), 32)], []byte(firstBlock)); i > 1 && i < 12 ||
		strings.HasSuffix(name, ".pdmodel") || name == "__model__" {
		return format.Strong
	}
	return format.No
}

func readPaddle(in *format.Input) format.Result {
	t := &proto{judge: newJudge(in, "paddle", "PaddlePaddle")}
	t.reader = func(m *protobuf.Message) bool {
		switch m.Type.Name {
		case "OpDesc":
			t.paddleOperator(m)
		case "VarDesc":
			t.paddleVariable(m)
		default:
			return false
		}
		return true
	}
	return t.run(paddleSchema().Type("ProgramDesc"))
}

func (t *proto) paddleOperator(m *protobuf.Message) {
	t.each(m, func() bool {
		if m.Decl.Name == "type" {
			t.operator(m.Text(), t.in.Location(m.Data, m.Length))
		}
		return false
	})
}

// paddleVariable reads a variable. What is kept becomes a file of its name when
// the model is loaded from a folder.
func (t *proto) paddleVariable(m *protobuf.Message) {
	name, keep := "", false
	var dtype uint64
	var dims []int64
	off := m.Start
	t.each(m, func() bool {
		var sub protobuf.Message
		switch m.Decl.Name {
		case "name":
			name, off = m.Text(), m.Data
			return false
		case "persistable":
			keep = m.Value != 0
		case "type":
			if m.Enter(&sub) {
				t.paddleType(&sub, &dtype, &dims)
			}
			return true
		}
		return false
	})
	if !keep {
		return
	}
	t.path(name, "from which a variable is read", t.in.Location(off, 0))
	if e, ok := paddleElement(dtype); ok && dims != nil {
		t.tensor(rule.Clip(name), e.name, dims)
	}
}

// paddleType finds the tensor in a type.
func (t *proto) paddleType(m *protobuf.Message, dtype *uint64, dims *[]int64) {
	t.each(m, func() bool {
		var sub protobuf.Message
		if m.Decl.Kind != protobuf.Nested || !m.Enter(&sub) {
			return false
		}
		if sub.Type.Name == "VarType.DenseTensorDesc" {
			t.paddleType(&sub, dtype, dims)
			return true
		}
		t.each(&sub, func() bool {
			switch sub.Decl.Name {
			case "data_type":
				*dtype = sub.Value
			case "dims":
				for d := range sub.Numbers(protobuf.Varint) {
					if len(*dims) < maxRank {
						*dims = append(*dims, int64(d))
					}
				}
				return true
			}
			return false
		})
		return true
	})
}

// element is a type of elements: its name as safetensors spells it, its bytes.
type element struct {
	name  string
	width int64
}

func paddleElement(number uint64) (element, bool) {
	switch number {
	case 0:
		return element{"BOOL", 1}, true
	case 1:
		return element{"I16", 2}, true
	case 2:
		return element{"I32", 4}, true
	case 3:
		return element{"I64", 8}, true
	case 4:
		return element{"F16", 2}, true
	case 5:
		return element{"F32", 4}, true
	case 6:
		return element{"F64", 8}, true
	case 20:
		return element{"U8", 1}, true
	case 21:
		return element{"I8", 1}, true
	case 22:
		return element{"BF16", 2}, true
	case 23:
		return element{"C64", 8}, true
	case 24:
		return element{"C128", 16}, true
	case 32:
		return element{"F8_E4M3", 1}, true
	case 33:
		return element{"F8_E5M2", 1}, true
	}
	return element{}, false
}

// PaddleJSON is the program of PaddlePaddle from version 3 on. The JSON reader
// explains its bytes; this one looks at the operators.
var PaddleJSON = format.Format{
	ID:      "paddle-json",
	Title:   "PaddlePaddle program (JSON)",
	Spec:    "https://github.com/PaddlePaddle/Paddle/tree/develop/paddle/fluid/pir/serialize_deserialize",
	Textual: true,
	Rules:   []string{ruleLibrary, ruleCode, ruleReach, ruleHidden, ruleWrite, gapUnsupported},
	Match: func(in *format.Input) format.Confidence {
		head := in.Head()
		if head = bytes.TrimLeft(head, "\ufeff \t\r\n"); bytes.HasPrefix(head, []byte("{")) && bytes.Contains(head, []byte(`"base_code"`)) && bytes.Contains(head, []byte(`"pir"`)) {
			return format.Strong
		}
		return format.No
	},
	Read: func(in *format.Input) format.Result {
		x := &pir{newJudge(in, "paddle", "PaddlePaddle")}
		_, _ = json.Parse(in.R, x) // faults are the JSON reader's to tell
		return x.done()
	},
}

// pir visits such a program. An operator is "1.matmul": a dialect by its number.
type pir struct{ *judge }

// Begin implements json.Visitor.
func (x *pir) Begin(*json.Parser, bool) {}

// End implements json.Visitor.
func (x *pir) End(*json.Parser) {}

// Value implements json.Visitor.
func (x *pir) Value(p *json.Parser, v *json.Value) {
	if v.Kind != json.String {
		return
	}
	at := x.in.Location(v.Offset, v.Length)
	at.Line = p.Line()
	if d := p.Depth(); d > 2 && string(p.Key(d-1)) == "#" && string(p.Key(d-3)) == "ops" {
		x.operation(string(v.Bytes[:min(len(v.Bytes), bounded.MaxPathBytes)]), func(name string) { x.operator(name, at) })
		return
	}
	x.text(v.Bytes, "an attribute", at, nil)
}

// operation tells the name of an operator without its dialect. Those of the IR
// itself ("p" and dialect 0) and of control flow (2) compute nothing.
func (x *pir) operation(name string, judge func(string)) {
	dialect, op, ok := strings.Cut(name, ".")
	switch {
	case !ok && dialect == "p", dialect == "0", dialect == "2":
		return
	case dialect != "1":
		judge(name)
		return
	}
	// An operator in place has an underscore behind its name.
	if _, ok := rules.Row(rules.RuntimeOperators, "paddle", op); !ok {
		if base, ok := strings.CutSuffix(op, "_"); ok {
			op = base
		}
	}
	judge(op)
}
