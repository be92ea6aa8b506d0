package flatbuffer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/sample"
)

const testSchema = `
identifier TEST
root Root
table Root number:i32 name:string children:[Leaf] leaf:Leaf choice:Choice data:data16 words:[string] pairs:[Pair] more:Root wide:[u64]
table Leaf value:i8 next:Leaf kids:[Leaf]
table Other flag:u8
union Choice Leaf Other
struct Pair 8 4
enum Color RED - BLUE
`

func open(t testing.TB, text string, inMemory bool) (*File, *bounded.Budget) {
	t.Helper()
	_, data, err := sample.Build("x.fbspec", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return readBytes(data, inMemory)
}

func readBytes(data []byte, inMemory bool) (*File, *bounded.Budget) {
	b := bounded.NewBudget(context.Background(), int64(len(data)))
	r := bounded.NewBytes(data, b)
	if !inMemory {
		r = bounded.NewReader(strings.NewReader(string(data)), int64(len(data)), b)
	}
	return Read(r, Parse(testSchema), 0), b
}

// kindsOf lists the kinds of the problems, each once.
func kindsOf(f *File) []Kind {
	var out []Kind
	for _, p := range f.Problems {
		if !slices.Contains(out, p.Kind) {
			out = append(out, p.Kind)
		}
	}
	slices.Sort(out)
	return out
}

func uncovered(f *File, size int64) int64 {
	all := append(slices.Clone(f.Structure), f.Payload...)
	slices.SortFunc(all, func(a, b Range) int { return int(a.Offset - b.Offset) })
	pos, missing := int64(0), int64(0)
	for _, r := range all {
		missing += max(0, r.Offset-pos)
		pos = r.End()
	}
	return missing + size - pos
}

const whole = `
identifier TEST
root
  0 i32 -7
  1 string "name"
  2 tables
    table shared
      0 i8 -1
      1 table
        0 i8 3
      end
    end
    ref shared
  end
  4 u8 2
  5 table
    0 u8 1
  end
  6 bytes "payload" align=16
  7 strings "one" "two"
end
`

func TestWholeFileIsAccountedFor(t *testing.T) {
	for _, inMemory := range []bool{true, false} {
		f, _ := open(t, whole, inMemory)
		if len(f.Problems) > 0 {
			t.Fatalf("problems %+v", f.Problems)
		}
		if n := uncovered(f, f.p.r.Size()); n != 0 {
			t.Errorf("%d bytes are not accounted for: %v %v", n, f.Structure, f.Payload)
		}
		root := f.Root
		list := root.List("children")
		got := []any{root.Name(), root.Int("number", 0), root.Text("name"), list.Len(), list.Table(0).Int("value", 0),
			list.Table(0).Table("next").Int("value", 0), list.Table(0).Offset() == list.Table(1).Offset(), list.Table(2).OK(),
			root.Union("choice").Name(), root.Union("choice").Int("flag", 0), root.List("data").Len(), root.List("words").Text(1),
			root.Has("leaf"), root.Int("number", 5), root.Table("leaf").Int("value", 9), f.Payload[0].Length}
		want := []any{"Root", int64(-7), "name", int64(2), int64(-1), int64(3), true, false, "Other", int64(1), int64(7), "two", false, int64(-7), int64(9), int64(7)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("values differ (-want +got):\n%s", diff)
		}
	}
}

func TestProblemsHaveNames(t *testing.T) {
	const begin = "identifier TEST\nroot top\n"
	for _, c := range []struct {
		name, text string
		want       []Kind
	}{
		{"too-short", "identifier\n", []Kind{Truncated}},
		{"root-outside", "identifier TEST\npatch 0 u32 4096\n", []Kind{Outside}},
		{"root-null", "identifier TEST\n", []Kind{Null}},
		{"root-misaligned", begin + "0 i32 1\nend\npatch 0 u32 top+2\n", []Kind{Misaligned}},
		{"reference-outside", begin + "3 offset 0x10000\nend\n", []Kind{Outside}},
		{"reference-backward", begin + "3 offset 0xffffffe0\nend\n", []Kind{Outside}},
		{"reference-to-itself", begin + "3 offset 0\nend\n", []Kind{Null}},
		{"count-outside", begin + "7 list u32 1\nend\npatch program-8 u32 0x40000000\n", []Kind{Outside}},
		{"string-outside", begin + "1 string \"abc\"\nend\npatch program-8 u32 4096\n", []Kind{Outside}},
		{"string-without-end", begin + "1 string \"abc\"\nend\npatch program-1 u8 65\n", []Kind{Unterminated}},
		{"vtable-outside", begin + "0 i32 1\nend\npatch top i32 0x10000\n", []Kind{BadTable}},
		{"vtable-before-the-file", begin + "0 i32 1\nend\npatch top i32 4096\n", []Kind{BadTable}},
		{"vtable-too-small", begin + "0 i32 1\nend\npatch top.fields u16 2\n", []Kind{BadTable}},
		{"table-outside", begin + "0 i32 1\nend\npatch top.fields+2 u16 4096\n", []Kind{BadTable}},
		{"field-outside-its-table", begin + "0 i32 1\nend\npatch top.fields+4 u16 400\n", []Kind{FieldOutside}},
		{"field-in-the-head-of-its-table", begin + "0 i32 1\nend\npatch top.fields+4 u16 2\n", []Kind{FieldOutside}},
		{"fields-share-bytes", begin + "0 i32 1\n1 string \"abc\"\nend\npatch top.fields+4 u16 8\n", []Kind{FieldOverlap}},
		{"two-types", begin + "2 tables\ntable one\nend\nend\n9 ref one\nend\n", []Kind{Confused}},
		{"string-is-a-table", begin + "2 tables\ntable one\nend\nend\n1 ref one\nend\n", []Kind{Outside, Confused}},
		{"objects-share-bytes", begin + "6 bytes \"\\x02\\x00\\x00\\x00ab\\x00\\x00\" mark=data\n1 ref data\nend\n", []Kind{Overlap}},
		{"vtable-in-data", begin + "6 bytes \"\\x04\\x00\\x04\\x00\" mark=data\n3 table leaf\nend\nend\npatch leaf i32 leaf-data\n", []Kind{VtableInData}},
		{"unknown-field", begin + "40 i32 1\nend\n", []Kind{UnknownField}},
		{"unknown-member", begin + "4 u8 9\n5 table\nend\nend\n", []Kind{UnknownUnion}},
		{"member-without-value", begin + "4 u8 1\nend\n", []Kind{UnknownUnion}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, inMemory := range []bool{true, false} {
				f, _ := open(t, c.text, inMemory)
				if diff := cmp.Diff(c.want, kindsOf(f)); diff != "" {
					t.Errorf("in memory %v: kinds differ (-want +got):\n%s%+v", inMemory, diff, f.Problems)
				}
			}
		})
	}
}

func TestDeepNestingReachesTheLimit(t *testing.T) {
	text := "identifier TEST\nroot\n" + strings.Repeat("9 table\n", bounded.MaxRecursion+1) + strings.Repeat("end\n", bounded.MaxRecursion+2)
	f, b := open(t, text, true)
	if len(b.Reached()) != 1 || b.Reached()[0].Name != "recursion" || !slices.Contains(kindsOf(f), Stopped) {
		t.Errorf("limits %v, problems %v", b.Reached(), f.Problems)
	}
	f, b = open(t, "identifier TEST\nroot\n"+strings.Repeat("9 table\n", 100)+strings.Repeat("end\n", 101), true)
	if len(b.Reached()) != 0 || len(f.Problems) != 0 {
		t.Errorf("a hundred levels: limits %v, problems %v", b.Reached(), f.Problems)
	}
}

// TestOverlappingListsArePaidForOnce has 2000 lists of 2000 references that each
// begin four bytes behind the one before. Reading all of them would be quadratic.
func TestOverlappingListsArePaidForOnce(t *testing.T) {
	text := "identifier TEST\nroot\n2 tables\n"
	for i := range 2000 {
		text += fmt.Sprintf("table\n2 ref words+%d\nend\n", 4*i)
	}
	text += "end\n6 bytes \"" + strings.Repeat(`\xd0\x07\x00\x00`, 4000) + "\" mark=words\nend\n"
	_, data, err := sample.Build("x.fbspec", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	b := bounded.NewBudget(context.Background(), int64(len(data)))
	f := &File{s: Parse(testSchema), p: newPages(bounded.NewBytes(data, b))}
	w := &walker{f: f, seen: map[uint32]uint16{}, pairs: map[uint64]bool{}}
	root, _ := f.p.u32(0)
	w.run(int64(root))
	if !w.stopped || !slices.Contains(kindsOf(f), Overlap) {
		t.Errorf("not stopped: %v", f.Problems)
	}
	if w.claimed > int64(len(data))+8004 {
		t.Errorf("%d bytes were claimed of %d", w.claimed, len(data))
	}
}

func TestMarginsOfPadding(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       int64
	}{
		{"zeros-at-the-end", whole + "tail fill 4 0x00\n", 0},
		{"bytes-at-the-end", whole + "tail \"x\"\n", 1},
		{"a-hole-of-zeros", "identifier TEST\nhead fill 200 0x00\nroot\n0 i32 1\nend\n", 200},
		{"some-zeros", "identifier TEST\nhead fill 24 0x00\nroot\n0 i32 1\nend\n", 0},
		{"bytes-in-between", "identifier TEST\nhead \"sixteen bytes...\"\nroot\n0 i32 1\nend\n", 16},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, _ := open(t, c.text, true)
			if got := uncovered(f, f.p.r.Size()); got != c.want {
				t.Errorf("%d bytes are not accounted for, want %d", got, c.want)
			}
		})
	}
}

func TestSchemaMistakesPanic(t *testing.T) {
	for _, text := range []string{"tabel X a:u8", "root X", "table X a", "table X a:Nothing", "table X a:u8\nunion U Y", "struct X a b"} {
		t.Run(text, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			Parse(text)
		})
	}
	s := Parse(testSchema)
	if s.Enum("Color", 2) != "BLUE" || s.Enum("Color", 1) != "" || s.Enum("Color", -1) != "" || s.Enum("Shape", 0) != "" {
		t.Error("names of values")
	}
}

// TestLargePayloadIsNotRead reads a file of 1 GiB that is mostly payload.
func TestLargePayloadIsNotRead(t *testing.T) {
	_, head, err := sample.Build("x.fbspec", []byte("identifier TEST\nroot\n6 bytes fill 8 1 mark=data\nend\npatch data-4 u32 0x40000000\n"))
	if err != nil {
		t.Fatal(err)
	}
	src := &counting{head: head}
	size := int64(len(head)) - 8 + 1<<30
	f := Read(bounded.NewReader(src, size, bounded.NewBudget(context.Background(), size)), Parse(testSchema), 0)
	if len(f.Problems) > 0 || len(f.Payload) != 1 || f.Payload[0].Length != 1<<30 || f.End != size {
		t.Fatalf("%+v %v %d", f.Problems, f.Payload, f.End)
	}
	if src.n > 4*pageSize {
		t.Errorf("%d bytes were read", src.n)
	}
}

type counting struct {
	head []byte
	n    int
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	if off < int64(len(c.head)) {
		copy(p, c.head[off:])
	}
	c.n += len(p)
	return len(p), nil
}

func FuzzRead(f *testing.F) {
	for _, text := range []string{whole, "identifier TEST\nroot\n7 strings \"a\" \"b\"\nend\n", "identifier TEST\nroot\n9 table\n9 table\nend\nend\nend\n"} {
		_, data, err := sample.Build("x.fbspec", []byte(text))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, _ := readBytes(data, true)
		b, _ := readBytes(data, false)
		if diff := cmp.Diff([]any{a.Structure, a.Payload, a.Problems, a.End}, []any{b.Structure, b.Payload, b.Problems, b.End}); diff != "" {
			t.Fatalf("another result from disk:\n%s", diff)
		}
		all := append(slices.Clone(a.Structure), a.Payload...)
		slices.SortFunc(all, func(x, y Range) int { return int(x.Offset - y.Offset) })
		end := int64(0)
		for _, r := range all {
			if r.Offset < end || r.Length <= 0 || r.End() > int64(len(data)) {
				t.Fatalf("range %+v of %d bytes, the one before ends at %d", r, len(data), end)
			}
			end = r.End()
		}
		touch(a.Root, 0)
	})
}

// touch asks for everything.
func touch(t Table, depth int) {
	if !t.OK() || depth > 3 {
		return
	}
	for i := range t.f.s.tables[t.typ].fields {
		switch d := &t.f.s.tables[t.typ].fields[i]; {
		case d.vector && d.kind == kindTable:
			for k := range min(t.List(d.name).Len(), 3) {
				touch(t.List(d.name).Table(k), depth+1)
			}
		case d.vector:
			list := t.List(d.name)
			_, _, _ = list.Int(0), list.Range(), list.Len()
			if d.kind == kindString {
				_ = list.Text(0)
			}
		case d.kind == kindTable:
			touch(t.Table(d.name), depth+1)
		case d.kind == kindUnion:
			touch(t.Union(d.name), depth+1)
		case d.kind == kindString:
			_ = t.Text(d.name)
		default:
			_ = t.Int(d.name, 0)
		}
	}
}
