package classic

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Torch7 is what torch.save of Lua writes, in bytes or as text.
var Torch7 = format.Format{
	ID:         "torch7",
	Title:      "Torch7 data",
	Spec:       "https://github.com/torch/torch7/blob/master/doc/serialization.md",
	Extensions: []string{".t7"},
	Rules:      []string{ruleFunction, "SP-COV-003", "SP-COV-004", "SP-COV-012"},
	Match:      matchTorch7,
	Read:       readTorch7,
}

// Types of objects.
const (
	luaNil = iota
	luaNumber
	luaString
	luaTable
	luaTorch
	luaBoolean
	luaFunction
	luaLegacyFunction
	luaRecurFunction
)

// matchTorch7 knows an object with its version, and goes by the name for tables.
func matchTorch7(in *format.Input) format.Confidence {
	head := string(in.Head())
	named := slices.ContainsFunc([]string{".t7", ".th", ".t7b"}, func(e string) bool { return strings.HasSuffix(strings.ToLower(in.Name), e) })
	switch {
	case strings.HasPrefix(head, "\x04\x00\x00\x00\x01\x00\x00\x00\x03\x00\x00\x00V "), strings.HasPrefix(head, "4\n1\n3\nV "),
		named && (strings.HasPrefix(head, "\x03\x00\x00\x00\x01\x00\x00\x00") || strings.HasPrefix(head, "3\n1\n") || functional(head)):
		return format.Strong
	}
	return format.No
}

// functional reports a file that is one function.
func functional(head string) bool {
	return strings.HasPrefix(head, "\x08\x00\x00\x00") || strings.HasPrefix(head, "\x07\x00\x00\x00") || strings.HasPrefix(head, "8\n") || strings.HasPrefix(head, "7\n")
}

type lua struct {
	in      *format.Input
	res     format.Result
	c       *bounded.Cursor
	text    bool
	seen    map[int64]bool
	tiles   format.Tiling
	classes []string
	known   map[string]bool
	stores  int
	count   int // functions
}

func readTorch7(in *format.Input) format.Result {
	l := &lua{in: in, c: in.R.NewCursor(0), seen: map[int64]bool{}, known: map[string]bool{}}
	defer l.c.Close()
	l.text = in.Head()[1] == '\n'
	err := l.object(0)
	at := l.c.Offset()
	if err == nil && l.text { // the last line ends
		if p, e := l.c.Peek(1); e == nil && p[0] == '\n' {
			at++
		}
	}
	l.res.Spans = l.tiles.Spans(at)
	if err != nil {
		l.res.Spans = append(l.res.Spans, stopped(in, at, err))
	}
	l.res.Facts = append(l.res.Facts, format.List("torch7.classes", l.classes, 50)...)
	if l.count > 0 {
		l.res.Facts = append(l.res.Facts, finding.Fact{Key: "torch7.functions", Value: strconv.Itoa(l.count)})
	}
	return l.res
}

func (l *lua) number(width int64) (int64, error) {
	if l.text {
		var buf [40]byte
		w, err := l.word(buf[:0])
		if err != nil {
			return 0, err
		}
		n, err := strconv.ParseInt(string(w), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("a word at byte %d is no whole number", l.c.Offset())
		}
		return n, nil
	}
	p, err := l.c.Next(width)
	if err != nil {
		return 0, err
	}
	if width == 4 {
		return int64(int32(binary.LittleEndian.Uint32(p))), nil
	}
	return int64(binary.LittleEndian.Uint64(p)), nil
}

// word reads up to white space, which it leaves.
func (l *lua) word(into []byte) ([]byte, error) {
	for {
		p, err := l.c.Peek(1)
		if err != nil {
			if len(into) > 0 {
				return into, nil
			}
			return nil, err
		}
		white := p[0] == ' ' || p[0] == '\n' || p[0] == '\r' || p[0] == '\t'
		switch {
		case white && len(into) > 0:
			return into, nil
		case !white && len(into) == cap(into):
			return nil, fmt.Errorf("a word at byte %d is too long", l.c.Offset())
		case !white:
			into = append(into, p[0])
		}
		l.c.Advance(1)
	}
}

// bytes reads a text or dump with its length. The range is what it covers.
func (l *lua) bytes() (head string, off, n int64, err error) {
	if n, err = l.number(4); err != nil {
		return "", 0, 0, err
	}
	if l.text {
		if err = l.c.Skip(1); err != nil {
			return "", 0, 0, err
		}
	}
	off = l.c.Offset()
	if n < 0 || n > l.c.Remaining() {
		return "", off, n, bounded.ErrTruncated
	}
	p, err := l.c.Peek(min(n, 100))
	if err != nil {
		return "", off, n, err
	}
	head = string(p)
	return head, off, n, l.c.Skip(n)
}

// repeated reads the number of an object and reports whether it was there before.
func (l *lua) repeated() (bool, error) {
	n, err := l.number(4)
	if err != nil || l.seen[n] {
		return true, err
	}
	if len(l.seen) == bounded.MaxRReferences {
		return false, l.in.R.Budget().Reach("r-references", bounded.MaxRReferences)
	}
	l.seen[n] = true
	return false, nil
}

func (l *lua) object(depth int) error {
	if depth > bounded.MaxRDepth {
		return l.in.R.Budget().Reach("r-depth", bounded.MaxRDepth)
	}
	if err := l.in.R.Budget().Items(1); err != nil {
		return err
	}
	typ, err := l.number(4)
	if err != nil {
		return err
	}
	switch typ {
	case luaNil:
		return nil
	case luaNumber:
		return l.values(1, 8)
	case luaBoolean:
		_, err = l.number(4)
		return err
	case luaString:
		_, _, _, err = l.bytes()
		return err
	case luaFunction:
		return l.function(depth)
	}
	again, err := l.repeated()
	if again || err != nil {
		return err
	}
	switch typ {
	case luaTable:
		return l.table(depth)
	case luaTorch:
		return l.torch(depth)
	case luaLegacyFunction, luaRecurFunction:
		return l.function(depth)
	}
	return &unknownError{fmt.Sprintf("The file has an object of type %d, which is not known.", typ)}
}

// function reads a dump of byte code and what it refers to.
func (l *lua) function(depth int) error {
	at := l.c.Offset()
	_, off, n, err := l.bytes()
	if l.count++; l.count <= perRule {
		l.res.Findings = append(l.res.Findings, rule.Finding(ruleFunction, l.in.Location(at, 0), "function",
			fmt.Sprintf("At byte %d the file holds a Lua function as byte code, which runs without a check.", at)))
	}
	if err != nil {
		return err
	}
	if view, e := l.in.R.Section(off, n); e == nil && n >= 16 && l.count <= perRule {
		l.res.Spans = append(l.res.Spans, format.Span{Offset: off, Kind: format.Unread, Rule: "SP-COV-012", Reason: fmt.Sprintf("The byte code of %d bytes is not judged.", view.Size())})
	}
	return l.object(depth + 1)
}

func (l *lua) table(depth int) error {
	n, err := l.number(4)
	if err != nil {
		return err
	}
	if n < 0 || n > l.c.Remaining() {
		return bounded.ErrTruncated
	}
	for range 2 * n {
		if err := l.object(depth + 1); err != nil {
			return err
		}
	}
	return nil
}

// torch reads an object of a class: tensors and storages by their layout, all
// others as the table that they are.
func (l *lua) torch(depth int) error {
	version, _, _, err := l.bytes()
	class := version
	if err == nil && strings.HasPrefix(version, "V ") {
		class, _, _, err = l.bytes()
	}
	if err != nil {
		return err
	}
	if len(l.known) < 1000 && !l.known[class] {
		l.known[class] = true
		l.classes = append(l.classes, class)
	}
	name, isTorch := strings.CutPrefix(class, "torch.")
	switch {
	case isTorch && strings.HasSuffix(name, "Tensor"):
		return l.tensor(depth)
	case isTorch && strings.HasSuffix(name, "Storage"):
		return l.storage(strings.TrimSuffix(name, "Storage"))
	case strings.HasPrefix(class, "tds."), isTorch && (name == "Generator" || name == "Timer"):
		return &unknownError{fmt.Sprintf("The file has an object of the class %q, which is not read.", rule.Clip(class))}
	}
	return l.object(depth + 1)
}

func (l *lua) tensor(depth int) error {
	dims, err := l.number(4)
	if err != nil {
		return err
	}
	if dims < 0 || dims > 1000 {
		return fmt.Errorf("a tensor at byte %d has %d dimensions", l.c.Offset(), dims)
	}
	if err := l.values(2*dims+1, 8); err != nil { // sizes, steps, and where it begins
		return err
	}
	return l.object(depth + 1)
}

// widths are the bytes of one element, by the name of the storage.
var widths = map[string]int64{"Byte": 1, "Char": 1, "Short": 2, "Int": 4, "Long": 8, "Float": 4, "Double": 8, "Half": 2,
	"Cuda": 4, "CudaByte": 1, "CudaChar": 1, "CudaShort": 2, "CudaInt": 4, "CudaLong": 8, "CudaDouble": 8, "CudaHalf": 2}

func (l *lua) storage(name string) error {
	width := widths[name]
	if width == 0 {
		return &unknownError{fmt.Sprintf("The file has a storage of %q, which is not known.", rule.Clip(name))}
	}
	n, err := l.number(8)
	if err != nil {
		return err
	}
	if l.text && width == 1 { // the bytes as they are
		if err := l.c.Skip(1); err != nil {
			return err
		}
		return l.c.Skip(n)
	}
	at := l.c.Offset()
	if err := l.values(n, width); err != nil {
		return err
	}
	if l.stores++; l.c.Offset() > at && l.stores <= bounded.MaxTensorNames {
		l.tiles.Put(format.Span{Offset: at, Length: l.c.Offset() - at, Kind: format.Payload})
	}
	return nil
}

// values passes n numbers.
func (l *lua) values(n, width int64) error {
	if n < 0 || n > l.c.Remaining() {
		return bounded.ErrTruncated
	}
	if !l.text {
		if n > l.c.Remaining()/width {
			return bounded.ErrTruncated
		}
		return l.c.Skip(n * width)
	}
	var buf [64]byte
	for range n {
		if _, err := l.word(buf[:0]); err != nil {
			return err
		}
	}
	return nil
}
