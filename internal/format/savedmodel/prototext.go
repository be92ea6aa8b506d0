package savedmodel

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"math"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
)

// The text form of a message is written as the same message in bytes, with the
// schema as dictionary, and read like any other. Places in the bytes are kept
// with the places in the text that they come from.

//go:embed enums.tsv
var enumTable string

// fieldNumbers is the schema by names: message, tab, field.
var fieldNumbers = sync.OnceValue(func() map[string]int32 {
	m := map[string]int32{}
	_, rest, _ := strings.Cut(schemaTable, "\n")
	for line := range strings.Lines(rest) {
		f := strings.SplitN(line, "\t", 4)
		n, _ := strconv.Atoi(f[1])
		m[f[0]+"\t"+f[2]] = int32(n)
	}
	return m
})

var errText = errors.New("it is no text form of a graph")

// lengthSize is how many bytes a length takes that is not known beforehand.
const lengthSize = 5

// translator writes the bytes of a text.
type translator struct {
	src    []byte
	pos    int
	out    []byte
	marks  []mark // in the order of both
	budget *bounded.Budget
	depth  int
}

type mark struct{ out, src int }

// translate returns the bytes of a message in text form, as far as it can be
// read. It stops at t.pos when err is not nil.
func (t *translator) translate(kind string) error { return t.message(typeNamed(kind), 0) }

// place is where in the text a byte of the message comes from.
func (t *translator) place(off int64) int64 {
	i := sort.Search(len(t.marks), func(i int) bool { return int64(t.marks[i].out) > off })
	if i == 0 {
		return 0
	}
	return int64(t.marks[i-1].src)
}

// space skips blanks and comments, and with them separators of fields.
func (t *translator) space(separators string) {
	for t.pos < len(t.src) {
		switch c := t.src[t.pos]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f' || strings.IndexByte(separators, c) >= 0:
			t.pos++
		case c == '#':
			for t.pos < len(t.src) && t.src[t.pos] != '\n' {
				t.pos++
			}
		default:
			return
		}
	}
}

func (t *translator) peek() byte {
	if t.pos < len(t.src) {
		return t.src[t.pos]
	}
	return 0
}

// word reads a name or a number.
func (t *translator) word() string {
	start := t.pos
	for t.pos < len(t.src) {
		c := t.src[t.pos]
		if c != '_' && c != '.' && c != '-' && c != '+' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			break
		}
		t.pos++
	}
	return string(t.src[start:t.pos])
}

// message writes fields up to the closing character, or to the end.
func (t *translator) message(x *protobuf.Type, closing byte) error {
	for {
		t.space(",;")
		if t.pos == len(t.src) {
			if closing != 0 {
				return errText
			}
			return nil
		}
		if closing != 0 && t.src[t.pos] == closing {
			t.pos++
			return nil
		}
		if err := t.budget.Items(1); err != nil {
			return err
		}
		t.marks = append(t.marks, mark{len(t.out), t.pos})
		if t.src[t.pos] == '[' {
			if err := t.anyValue(x); err != nil {
				return err
			}
			continue
		}
		start := t.pos
		number, ok := fieldNumbers()[x.Name+"\t"+t.word()]
		if !ok {
			t.pos = start
			return errText
		}
		if err := t.field(x, x.Field(number)); err != nil {
			return err
		}
	}
}

// field writes the value, or the values, of one field.
func (t *translator) field(x *protobuf.Type, d *protobuf.Decl) error {
	t.space("")
	colon := t.peek() == ':'
	if colon {
		t.pos++
		t.space("")
	} else if d.Kind != protobuf.Nested {
		return errText
	}
	if t.peek() != '[' {
		return t.value(x, d)
	}
	t.pos++
	for {
		t.space(",")
		if t.peek() == ']' {
			t.pos++
			return nil
		}
		if err := t.budget.Items(1); err != nil {
			return err
		}
		if err := t.value(x, d); err != nil {
			return err
		}
	}
}

func (t *translator) tag(d *protobuf.Decl) {
	t.out = binary.AppendUvarint(t.out, uint64(d.Number)<<3|uint64(d.Wire()))
}

func (t *translator) value(x *protobuf.Type, d *protobuf.Decl) error {
	switch d.Kind {
	case protobuf.Nested:
		before := len(t.out)
		t.tag(d)
		after := len(t.out)
		err := t.nested(d.Message)
		if len(t.out) == after { // not even a length
			t.out = t.out[:before]
		}
		return err
	case protobuf.Text, protobuf.Blob:
		t.tag(d)
		return t.sized(t.quoted)
	}
	start := t.pos
	w := t.word()
	switch d.Kind {
	case protobuf.Word32, protobuf.Word64:
		f, err := strconv.ParseFloat(w, 64)
		if err != nil {
			f, err = strconv.ParseFloat(strings.TrimSuffix(w, "f"), 64)
		}
		if err == nil || errors.Is(err, strconv.ErrRange) {
			t.tag(d)
			t.float(d, f)
			return nil
		}
	default:
		if v, ok := integer(x, d, w); ok {
			t.tag(d)
			t.out = binary.AppendUvarint(t.out, v)
			return nil
		}
	}
	t.pos = start
	return errText
}

func (t *translator) float(d *protobuf.Decl, f float64) {
	if d.Kind == protobuf.Word32 {
		t.out = binary.LittleEndian.AppendUint32(t.out, math.Float32bits(float32(f)))
		return
	}
	t.out = binary.LittleEndian.AppendUint64(t.out, math.Float64bits(f))
}

// integer reads a number, a truth, or the name of a number.
func integer(x *protobuf.Type, d *protobuf.Decl, w string) (uint64, bool) {
	if w == "" {
		return 0, false
	}
	if v, err := strconv.ParseInt(w, 0, 64); err == nil {
		return uint64(v), true
	}
	if v, err := strconv.ParseUint(w, 0, 64); err == nil {
		return v, true
	}
	key := "\n" + x.Name + "\t" + d.Name + "\t" + w + "\t"
	if i := strings.Index(enumTable, key); i >= 0 {
		number, _, _ := strings.Cut(enumTable[i+len(key):], "\n")
		v, err := strconv.ParseInt(number, 10, 64)
		return uint64(v), err == nil
	}
	switch w {
	case "true", "True", "t":
		return 1, true
	case "false", "False", "f":
		return 0, true
	}
	return 0, false
}

// sized writes what body writes, with its length in front.
func (t *translator) sized(body func() error) error {
	at := len(t.out)
	t.out = append(t.out, make([]byte, lengthSize)...)
	err := body()
	n := len(t.out) - at - lengthSize
	for i := range lengthSize {
		b := byte(n>>(7*i)) & 0x7f
		if i < lengthSize-1 {
			b |= 0x80
		}
		t.out[at+i] = b
	}
	return err
}

func (t *translator) nested(x *protobuf.Type) error {
	closing := map[byte]byte{'{': '}', '<': '>'}[t.peek()]
	if closing == 0 {
		return errText
	}
	if t.depth == bounded.MaxRecursion {
		return t.budget.Reach("recursion", bounded.MaxRecursion)
	}
	t.pos++
	t.depth++
	err := t.sized(func() error { return t.message(x, closing) })
	t.depth--
	return err
}

// anyValue writes a message in brackets that names its type.
func (t *translator) anyValue(x *protobuf.Type) error {
	end := strings.IndexByte(string(t.src[t.pos:min(len(t.src), t.pos+256)]), ']')
	if x.Name != "google.protobuf.Any" || end < 0 {
		return errText
	}
	url := string(t.src[t.pos+1 : t.pos+end])
	inner := known(url[strings.LastIndexByte(url, '/')+1:])
	if inner == nil {
		return errText
	}
	t.pos += end + 1
	t.space(":")
	t.tag(x.Field(1))
	t.out = append(binary.AppendUvarint(t.out, uint64(len(url))), url...)
	t.tag(x.Field(2))
	return t.nested(inner)
}

// quoted writes strings that stand behind each other.
func (t *translator) quoted() error {
	if c := t.peek(); c != '"' && c != '\'' {
		return errText
	}
	for {
		quote := t.peek()
		if quote != '"' && quote != '\'' {
			return nil
		}
		t.pos++
		for {
			if t.pos >= len(t.src) || t.src[t.pos] == '\n' {
				return errText
			}
			c := t.src[t.pos]
			t.pos++
			if c == quote {
				break
			}
			if c == '\\' && !t.escape() {
				return errText
			} else if c != '\\' {
				t.out = append(t.out, c)
			}
		}
		t.space("")
	}
}

// escape writes what a backslash stands for, with what follows it.
func (t *translator) escape() bool {
	if t.pos >= len(t.src) {
		return false
	}
	c := t.src[t.pos]
	t.pos++
	if i := strings.IndexByte("abfnrtv\\'\"?", c); i >= 0 {
		t.out = append(t.out, "\a\b\f\n\r\t\v\\'\"?"[i])
		return true
	}
	switch {
	case c >= '0' && c <= '7':
		t.pos--
		t.out = append(t.out, byte(t.digits(8, 3)))
	case c == 'x' || c == 'X':
		start := t.pos
		t.out = append(t.out, byte(t.digits(16, 2)))
		return t.pos > start
	case c == 'u' || c == 'U':
		n, start := 4, t.pos
		if c == 'U' {
			n = 8
		}
		t.out = append(t.out, string(rune(t.digits(16, n)))...)
		return t.pos == start+n
	default: // Python's parser keeps what it does not know, and its writer needs that
		t.out = append(t.out, '\\', c)
	}
	return true
}

// digits reads at most n digits.
func (t *translator) digits(base uint32, n int) (v uint32) {
	for ; n > 0 && t.pos < len(t.src); n-- {
		d := uint32(t.src[t.pos] - '0')
		if c := t.src[t.pos] | 0x20; c >= 'a' && c <= 'f' {
			d = uint32(c-'a') + 10
		}
		if d >= base {
			break
		}
		v = v*base + d
		t.pos++
	}
	return v
}
