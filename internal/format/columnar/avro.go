package columnar

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/json"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Avro is the object container of Apache Avro.
var Avro = format.Format{
	ID:         "avro",
	Title:      "Avro table",
	Spec:       "https://avro.apache.org/docs/1.12.0/specification/#object-container-files",
	Extensions: []string{".avro"},
	Rules:      []string{ruleJava, "SP-COV-003", "SP-COV-004"},
	Match: func(in *format.Input) format.Confidence {
		if h := in.Head(); len(h) >= 24 && string(h[:4]) == "Obj\x01" {
			return format.Strong
		}
		return format.No
	},
	Read: readAvro,
}

var errAvro = errors.New("the container is malformed")

// readAvro reads the header, a map of metadata and a mark of 16 bytes, then
// blocks, each with the mark at its end.
func readAvro(in *format.Input) format.Result {
	if h := in.Head(); len(h) < 4 || string(h[:4]) != "Obj\x01" {
		return format.Result{}
	}
	a := &avro{table: table{in: in}, c: in.R.NewCursor(4)}
	defer a.c.Close()
	done, err := a.read()
	head := done
	if a.blocks > 0 {
		head = a.head
	}
	a.span(0, head, format.Structure)
	a.span(head, done-head, format.Payload)
	var limit *bounded.LimitError
	if err != nil && !errors.As(err, &limit) {
		a.gap(done, 0, "SP-COV-004", fmt.Sprintf("The table cannot be read from byte %d on.", done))
	}
	a.fact(factRows, a.rows)
	a.fact(factGroups, a.blocks)
	return a.res
}

type avro struct {
	table
	c      *bounded.Cursor
	head   int64 // length of the header, bytes
	blocks int64
	rows   int64
	mark   [16]byte // at the end of each block
}

// long is a number in zigzag and groups of seven bits.
func (a *avro) long() (int64, error) {
	var n uint64
	for shift := 0; shift < 64; shift += 7 {
		b, err := a.c.Byte()
		if err != nil {
			return 0, bounded.ErrTruncated
		}
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return int64(n>>1) ^ -int64(n&1), nil
		}
	}
	return 0, errAvro
}

// read returns up to where the file is understood.
func (a *avro) read() (done int64, err error) {
	if err := a.pairs(); err != nil {
		return 4, err
	}
	mark, err := a.c.Next(16)
	if err != nil {
		return 4, err
	}
	copy(a.mark[:], mark)
	a.head = a.c.Offset()
	for done = a.head; a.c.Remaining() > 0; done = a.c.Offset() {
		if err := a.block(); err != nil {
			return done, err
		}
	}
	return done, nil
}

func (a *avro) block() error {
	if err := a.in.R.Budget().Items(1); err != nil {
		return err
	}
	rows, err := a.long()
	if err != nil {
		return err
	}
	size, err := a.long()
	if err != nil {
		return err
	}
	if err := a.c.Skip(size); err != nil {
		return err
	}
	mark, err := a.c.Next(16)
	if err != nil {
		return err
	}
	if !bytes.Equal(mark, a.mark[:]) || rows < 0 {
		return errAvro
	}
	a.blocks++
	a.rows = min(a.rows+min(rows, 1<<40), 1<<60)
	return nil
}

// pairs reads the map of metadata: blocks of pairs up to an empty one.
func (a *avro) pairs() error {
	for {
		n, err := a.long()
		if err != nil || n == 0 {
			return err
		}
		if n < 0 { // then the length of the block in bytes follows
			n = -n
			if _, err := a.long(); err != nil {
				return err
			}
		}
		for ; n > 0; n-- {
			if err := a.pair(); err != nil {
				return err
			}
		}
	}
}

func (a *avro) pair() error {
	if err := a.in.R.Budget().Items(1); err != nil {
		return err
	}
	key, _, err := a.bytes()
	if err != nil {
		return err
	}
	name := string(key[:min(len(key), 256)])
	value, at, err := a.bytes()
	if err != nil {
		return err
	}
	switch name {
	case "avro.schema":
		a.avroSchema(bytes.Clone(value), at)
	case "avro.codec":
	default:
		a.hidden(name, value, at)
	}
	return nil
}

func (a *avro) bytes() (p []byte, at int64, err error) {
	n, err := a.long()
	if err != nil {
		return nil, 0, err
	}
	at = a.c.Offset()
	p, err = a.c.Next(n)
	return p, at, err
}

// avroSchema judges a schema: JSON, whose properties for Java name classes.
func (t *table) avroSchema(schema []byte, off int64) {
	v := &schemaVisitor{}
	if _, err := json.Parse(bounded.NewBytes(schema, t.in.R.Budget()), v); err != nil {
		t.gap(off, int64(len(schema)), "SP-COV-004", "The schema of the table is not JSON.")
	}
	for _, c := range v.classes {
		t.raise(ruleJava, off, int64(len(schema)), c, fmt.Sprintf("The schema of the table makes Java readers load and build the class \"%s\".", rule.Clip(c)))
	}
	for _, n := range v.names {
		t.name(n)
	}
}

// schemaVisitor collects the classes that a schema names, and its columns.
type schemaVisitor struct{ classes, names []string }

// Begin implements json.Visitor.
func (v *schemaVisitor) Begin(*json.Parser, bool) {}

// End implements json.Visitor.
func (v *schemaVisitor) End(*json.Parser) {}

// Value implements json.Visitor.
func (v *schemaVisitor) Value(p *json.Parser, value *json.Value) {
	if value.Kind != json.String {
		return
	}
	switch string(p.Key(p.Depth() - 1)) {
	case "java-class", "java-key-class", "java-element-class":
		if s := string(value.Bytes); !plainJava(s) && len(v.classes) < maxFindings {
			v.classes = append(v.classes, s)
		}
	case "name":
		if p.Depth() == 3 && len(v.names) < maxNames {
			v.names = append(v.names, string(value.Bytes))
		}
	}
}

// plainJava are the classes that Avro itself writes for numbers, texts and lists.
func plainJava(class string) bool {
	switch class {
	case "java.math.BigDecimal", "java.math.BigInteger", "java.net.URI", "java.net.URL", "java.io.File", "java.util.UUID",
		"java.lang.String", "java.lang.CharSequence", "java.lang.Integer", "java.lang.Long", "java.lang.Short", "java.lang.Byte",
		"java.lang.Character", "java.lang.Float", "java.lang.Double", "java.lang.Boolean", "java.lang.Enum":
		return true
	}
	rest, ok := strings.CutPrefix(class, "java.util.")
	switch rest {
	case "List", "ArrayList", "LinkedList", "Collection", "Set", "HashSet", "LinkedHashSet", "TreeSet", "Map", "HashMap", "LinkedHashMap", "TreeMap":
		return ok
	}
	return false
}
