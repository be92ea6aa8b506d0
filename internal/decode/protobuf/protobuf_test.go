package protobuf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/sample"
)

// node is the type of all messages of these tests.
var node = ParseSchema(`message	number	name	kind	label
Node	1	count	int	
Node	2	name	text	
Node	3	child	Node	
Node	4	children	Node	repeated
Node	5	ints	int	repeated
Node	6	floats	fixed32	repeated
Node	7	double	fixed64	
Node	8	a	int	choice
Node	9	b	text	choice
Node	11	old	group Node	
Node	1000	far	bytes	
`).Type("Node")

func view(data []byte, inMemory bool) *bounded.Reader {
	b := bounded.NewBudget(context.Background(), int64(len(data)))
	if inMemory {
		return bounded.NewBytes(data, b)
	}
	return bounded.NewReader(bytes.NewReader(data), int64(len(data)), b)
}

func build(t *testing.T, text string) []byte {
	t.Helper()
	_, data, err := sample.Build("x.pbtext", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// tell writes what a walk sees: one line per field, nested ones indented.
func tell(m *Message) string {
	var out strings.Builder
	tellInto(&out, m)
	return out.String()
}

func tellInto(out *strings.Builder, m *Message) {
	indent := strings.Repeat(" ", m.Depth())
	for m.Next() {
		name := "?"
		if m.Decl != nil {
			name = m.Decl.Name
		}
		fmt.Fprintf(out, "%s%d %s [%d+%d..%d]", indent, m.Number, name, m.Offset, m.Data-m.Offset, m.Behind())
		switch m.Wire {
		case Varint, Fixed32, Fixed64:
			fmt.Fprintf(out, " %d", m.Value)
		}
		if m.Odd != 0 {
			fmt.Fprintf(out, " odd %d", m.Odd)
		}
		if m.Again {
			out.WriteString(" again")
		}
		out.WriteString("\n")
		var sub Message
		if m.Decl != nil && m.Decl.Message != nil && m.Enter(&sub) {
			tellInto(out, &sub)
		}
	}
	if err := m.Err(); err != nil {
		fmt.Fprintf(out, "%s%v\n", indent, err)
	}
}

func TestFields(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", ""},
		{"numbers", "1: 300\n7: u64 9", "1 count [0+1..3] 300\n7 double [3+1..12] 9\n"},
		{"nested", "3 { 1: 1; 3 { 2: \"x\" } }\n1: 2",
			"3 child [0+2..9]\n 1 count [2+1..4] 1\n 3 child [4+2..9]\n  2 name [6+2..9]\n1 count [9+1..11] 2\n"},
		{"unknown", "10: 1\n12: \"x\"\n1000: \"y\"", "10 ? [0+1..2] 1\n12 ? [2+2..5]\n1000 far [5+3..9]\n"},
		{"other_wire_type_is_unknown", "1: \"x\"\n2: 1\n3: u32 1", "1 ? [0+2..3]\n2 ? [3+1..5] 1\n3 ? [5+1..10] 1\n"},
		{"packed_or_not", "5: 1\n5: [1 2]\n6: f32 0\n6: [f32 0]", "5 ints [0+1..2] 1\n5 ints [2+2..6]\n6 floats [6+1..11] 0\n6 floats [11+2..17]\n"},
		{"again", "1: 1\n1: 2\n5: 1\n5: 2\n3 {}\n3 {}", "1 count [0+1..2] 1\n1 count [2+1..4] 2 again\n5 ints [4+1..6] 1\n5 ints [6+1..8] 2\n3 child [8+2..10]\n3 child [10+2..12] again\n"},
		{"again_in_a_oneof", "8: 1\n9: \"\"", "8 a [0+1..2] 1\n9 b [2+2..4] again\n"},
		{"overlong", "1 pad=1: 1\n1 tagpad=1: 1\n2 pad=2: \"\"", "1 count [0+1..3] 1 odd 1\n1 count [3+2..6] 1 odd 1 again\n2 name [6+4..10] odd 1\n"},
		{"negative", "1: -1", "1 count [0+1..11] 18446744073709551615\n"},
		{"overflow", "raw h\"08 ffffffffffffffffff 02\"", "1 count [0+1..11] 9223372036854775807 odd 2\n"},
		{"endless_number", "raw h\"08 ffffffffffffffffffff 01\"", "a number does not end at byte 1\n"},
		{"cut_number", "raw h\"08 80\"", "a number does not end at byte 1\n"},
		{"cut_tag", "raw h\"80\"", "the number of a field does not end at byte 0\n"},
		{"field_0", "raw h\"00 01\"", "a field has an impossible number at byte 0\n"},
		{"field_2_to_29", "536870912: 1", "a field has an impossible number at byte 0\n"},
		{"highest_field", "536870911: 1", "536870911 ? [0+5..6] 1\n"},
		{"wire_6", "1 wire=6: 1", "a field has an impossible type at byte 0\n"},
		{"wire_7", "1 wire=7: 1", "a field has an impossible type at byte 0\n"},
		{"cut_fixed", "raw h\"39 00000000000000\"", "a number is cut off at byte 1\n"},
		{"long_length", "2 len=+1: \"x\"", "a field is longer than what holds it at byte 0\n"},
		{"huge_length", "2 len=9223372036854775807: \"x\"", "a field is longer than what holds it at byte 0\n"},
		{"length_leaves_the_message", "3 { 2 len=+1: \"x\" }\n1: 1",
			"3 child [0+2..5]\n a field is longer than what holds it at byte 2\n1 count [5+1..7] 1\n"},
		{"group", "11 group {\n 1: 1\n 11 group {\n }\n}\n1: 2",
			"11 old [0+1..6]\n 1 count [1+1..3] 1\n 11 old [3+1..5]\n1 count [6+1..8] 2\n"},
		{"unknown_group", "20 group {\n 1: 1\n 21 group {\n }\n}", "20 ? [0+2..10]\n"},
		{"wrong_end", "raw h\"5b 64\"", "a group ends that has not begun at byte 1\n"},
		{"lonely_end", "raw h\"5c\"", "a group ends that has not begun at byte 0\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := build(t, c.text)
			for _, inMemory := range []bool{true, false} {
				m := Open(view(data, inMemory), node)
				if diff := cmp.Diff(c.want, tell(m)); diff != "" {
					t.Errorf("in memory %v: %s", inMemory, diff)
				}
				m.Close()
			}
		})
	}
}

func TestBrokenMessagesLeaveTheirSiblings(t *testing.T) {
	data := build(t, "4 {\n raw h\"00\"\n}\n4 {\n raw h\"5b\"\n}\n1: 1")
	m := Open(view(data, false), node)
	defer m.Close()
	want := "4 children [0+2..3]\n a field has an impossible number at byte 2\n" +
		"4 children [3+2..6]\n a group does not end at byte 5\n1 count [6+1..8] 1\n"
	if diff := cmp.Diff(want, tell(m)); diff != "" {
		t.Error(diff)
	}
	if m.Err() != nil || m.Stopped() != nil {
		t.Error(m.Err(), m.Stopped())
	}
}

func TestDepthIsALimit(t *testing.T) {
	for name, text := range map[string]string{
		"messages": fmt.Sprintf("nest %d 3 { 1: 1 }", bounded.MaxRecursion+1),
		"groups":   fmt.Sprintf("repeat %d {\n raw h\"5b\"\n}\nrepeat %d {\n raw h\"5c\"\n}", bounded.MaxRecursion+1, bounded.MaxRecursion+1),
	} {
		r := view(build(t, text), true)
		m := Open(r, node)
		tell(m)
		var limit *bounded.LimitError
		if !errors.As(m.Err(), &limit) || limit.Name != "recursion" || len(r.Budget().Reached()) != 1 {
			t.Errorf("%s: %v, reached %v", name, m.Err(), r.Budget().Reached())
		}
		m.Close()
	}
	m := Open(view(build(t, fmt.Sprintf("nest %d 3 { 1: 1 }", bounded.MaxRecursion)), true), node)
	if tell(m); m.Err() != nil {
		t.Error(m.Err())
	}
}

func TestReadingFailureEndsTheWalk(t *testing.T) {
	b := bounded.NewBudget(context.Background(), 100)
	m := Open(bounded.NewReader(strings.NewReader("\x08\x01"), 100, b), node)
	defer m.Close()
	for m.Next() {
		t.Fatal("a field of a file that ended")
	}
	if m.Stopped() == nil || b.IOErr() == nil {
		t.Error(m.Stopped(), b.IOErr())
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		name, text string
		wire       Wire
		want       []uint64
		err        bool
	}{
		{"single", "5: 7", Varint, []uint64{7}, false},
		{"packed", "5: [1 300 0]", Varint, []uint64{1, 300, 0}, false},
		{"none", "5: []", Varint, nil, false},
		{"cut", "5: h\"01 80\"", Varint, []uint64{1}, true},
		{"fixed", "6: [u32 1 2]", Fixed32, []uint64{1, 2}, false},
		{"fixed_cut", "6: h\"01000000 02\"", Fixed32, []uint64{1}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := Open(view(build(t, c.text), false), node)
			defer m.Close()
			if !m.Next() || m.Decl.Wire() != c.wire {
				t.Fatal(m.Err())
			}
			n, whole := m.Count(c.wire)
			got := slices.Collect(m.Numbers(c.wire))
			if !slices.Equal(got, c.want) || n != int64(len(c.want)) || whole == c.err || (m.Err() != nil) != c.err {
				t.Errorf("%v, counted %d, whole %v, %v", got, n, whole, m.Err())
			}
		})
	}
}

func TestTextOfAnyLength(t *testing.T) {
	long := strings.Repeat("é", blockSize)
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"short": {"a", true}, "empty": {"", true}, "nul": {"a\x00", false}, "latin1": {"\xe9", false},
		"long": {"x" + long, true}, "cut_character_at_the_end": {long + "\xc3", false}, "late": {long + "\xff" + long, false},
		"characters_over_blocks": {"xy" + strings.Repeat("\U0001F600", blockSize), true},
	} {
		data := append([]byte{}, 0x12)
		data = append(appendUvarint(data, uint64(len(c.text))), c.text...)
		m := Open(view(data, false), node)
		if !m.Next() || m.IsText() != c.want || m.IsText() != utf8.ValidString(c.text) && !strings.Contains(c.text, "\x00") {
			t.Errorf("%s: text %v (%v)", name, m.IsText(), m.Err())
		}
		if got := m.Text(); got != c.text[:min(len(c.text), bounded.MaxStringKept)] {
			t.Errorf("%s: %d bytes of text", name, len(got))
		}
		if p := m.Head(1); string(p) != c.text[:min(len(c.text), 1)] {
			t.Errorf("%s: head %q", name, p)
		}
		if r := m.Reader(); r.Size() != int64(len(c.text)) {
			t.Errorf("%s: view of %d bytes", name, r.Size())
		}
		if m.Next() {
			t.Errorf("%s: a second field", name)
		}
		m.Close()
	}
}

func appendUvarint(p []byte, v uint64) []byte {
	for ; v >= 0x80; v >>= 7 {
		p = append(p, byte(v)|0x80)
	}
	return append(p, byte(v))
}

func TestSchemaMistakesPanic(t *testing.T) {
	for name, table := range map[string]string{
		"number":   "h\nA\tx\ty\tint\t\n",
		"columns":  "h\nA\t1\ty\tint\n",
		"unsorted": "h\nA\t2\ty\tint\t\nA\t1\tz\tint\t\n",
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was accepted", name)
				}
			}()
			ParseSchema(table)
		}()
	}
}

// TestLargeValuesAreNotRead counts what a walk over a gigabyte fetches.
func TestLargeValuesAreNotRead(t *testing.T) {
	const size = 1 << 30
	src := &sparse{head: append([]byte{0x12}, appendUvarint(nil, size)...), size: size + 6}
	b := bounded.NewBudget(context.Background(), src.size)
	m := Open(bounded.NewReader(src, src.size, b), node)
	defer m.Close()
	if !m.Next() || m.Next() || m.Err() != nil || m.Length != size {
		t.Fatal(m.Length, m.Err())
	}
	if src.read > 128<<10 {
		t.Errorf("%d bytes were read", src.read)
	}
}

// sparse is a file of zeros behind a head.
type sparse struct {
	head       []byte
	size, read int64
}

func (s *sparse) ReadAt(p []byte, off int64) (int, error) {
	s.read += int64(len(p))
	clear(p)
	if off < int64(len(s.head)) {
		copy(p, s.head[off:])
	}
	return len(p), nil
}

// FuzzWalk checks that fields tile their message, that nothing leaves the view,
// and that memory and disk agree.
func FuzzWalk(f *testing.F) {
	for _, s := range []string{"\x08\x01", "\x1a\x04\x08\x01\x12\x00", "\x5b\x08\x01\x5c", "\x2a\x02\x01\x80", "\x2a\x0c\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", "\x12\x05a"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, again := Open(view(data, true), node), Open(view(data, false), node)
		defer m.Close()
		defer again.Close()
		tiles(t, m)
		if a, b := tell(Open(view(data, true), node)), tell(again); a != b {
			t.Fatal(cmp.Diff(a, b))
		}
	})
}

func tiles(t *testing.T, m *Message) {
	at := m.Start
	for m.Next() {
		if m.Offset != at || m.Data < at || m.Length < 0 || m.Data+m.Length > m.Behind() || m.Behind() > m.End {
			t.Fatalf("field %+v at %d of [%d,%d]", m.Field, at, m.Start, m.End)
		}
		at = m.Behind()
		n, ok := m.Count(Varint)
		k := int64(0)
		if m.Wire == Bytes {
			var probe Message = *m
			for range probe.Numbers(Varint) {
				k++
			}
			if !ok && probe.err == nil || probe.err == nil && n != k { // Count takes numbers of any length
				t.Fatalf("%d numbers counted (%v), %d read (%v)", n, ok, k, probe.err)
			}
			m.IsText()
		}
		var sub Message
		if m.Enter(&sub) {
			tiles(t, &sub)
		}
	}
	if m.Err() == nil && at != m.End {
		t.Fatalf("no error, and the fields end at %d of %d", at, m.End)
	}
}
