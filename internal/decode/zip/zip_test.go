package zip

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/sample"
)

func build(t testing.TB, spec string) []byte {
	t.Helper()
	_, data, err := sample.Build("x.zipspec", []byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func open(data []byte) *bounded.Reader {
	return bounded.NewReader(bytes.NewReader(data), int64(len(data)), bounded.NewBudget(context.Background(), int64(len(data))))
}

// rules lists what an archive raises, sorted and without repetition.
func rules(a *Archive) []string {
	var out []string
	for _, an := range a.Anomalies {
		if an.Kind != NoDirectory {
			out = append(out, judged[an.Kind].rule)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// uncovered lists what is neither structure nor a member's data.
func uncovered(a *Archive, size int64) []Range {
	all := slices.Clone(a.Structure)
	for _, e := range a.Entries {
		if e.Offset >= 0 && e.Length > 0 {
			all = append(all, Range{e.Offset, e.Length})
		}
	}
	all = append(all, a.Comments...)
	var out []Range
	pos := int64(0)
	for _, r := range merge(all) {
		if r.Offset > pos {
			out = append(out, Range{pos, r.Offset - pos})
		}
		pos = r.End()
	}
	if pos < size {
		out = append(out, Range{pos, size - pos})
	}
	return out
}

func TestAnomalies(t *testing.T) {
	cases := []struct {
		name, spec string
		want       []string
		members    int
		gap        int64 // bytes nobody explains
	}{
		{"plain", `entry a/b stored "hello"`, nil, 1, 0},
		{"empty", ``, nil, 0, 0},
		{"deflate-descriptor", `entry a deflate "hello hello hello" descriptor`, nil, 1, 0},
		{"stored-descriptor", `entry a stored "hello" descriptor` + "\n" + `entry b stored "hello" descriptor`, nil, 2, 0},
		{"zip64-comment", "entry a stored \"x\"\nend zip64 comment=hello", nil, 1, 0},
		{"duplicate", "entry a stored \"1\"\nentry a stored \"2\"", []string{"SP-ZIP-001"}, 2, 0},
		{"case-duplicate", "entry a stored \"1\"\nentry A stored \"2\"", []string{"SP-ZIP-002"}, 2, 0},
		{"local-name", `entry a stored "1" local-name=b`, []string{"SP-ZIP-003"}, 1, 0},
		{"local-method", `entry a stored "1" local-method=8`, []string{"SP-ZIP-003"}, 1, 0},
		{"no-local-header", `entry a stored "1" at=1`, []string{"SP-ZIP-003", "SP-ZIP-011"}, 2, 0},
		{"beyond-file", `entry a stored "1" at=99999`, []string{"SP-ZIP-003", "SP-ZIP-011"}, 2, 0},
		{"central-flag", `entry a stored "1" central-flag=1`, []string{"SP-ZIP-004"}, 1, 0},
		{"local-flag", `entry a stored "1" local-flag=1`, []string{"SP-ZIP-004"}, 1, 0},
		{"prefix", "prefix \"JUNK\"\nentry a stored \"1\"", []string{"SP-ZIP-005"}, 1, 4},
		{"prefix-relative", "prefix \"JUNK\"\nentry a stored \"1\" at=0\nend offset=0xfffffffffffffffc", []string{"SP-ZIP-005"}, 1, 4},
		{"parent", `entry ../a stored "1"`, []string{"SP-ZIP-006"}, 1, 0},
		{"nul", `entry "a\x00b" stored "1"`, []string{"SP-ZIP-006"}, 1, 0},
		{"link", `entry a stored "b" mode=120777`, []string{"SP-ZIP-007"}, 1, 0},
		{"overlap", "entry a stored \"1\"\nentry b stored \"2\" at=0 name=a central-name=c", []string{"SP-ZIP-003", "SP-ZIP-008", "SP-ZIP-011", "SP-ZIP-012"}, 3, 0},
		{"central-size", `entry a stored "hello" central-size=2`, []string{"SP-ZIP-009"}, 1, 0},
		{"beyond-end", `entry a stored "hello" central-stored=5000 central-size=5000`, []string{"SP-ZIP-008", "SP-ZIP-009"}, 1, 0},
		{"descriptor-lies", `entry a stored "hello" descriptor central-stored=4 central-size=4`, []string{"SP-ZIP-009"}, 1, 17},
		{"two-archives", "entry a stored \"1\"\nend\nentry b stored \"2\"\nend", []string{"SP-ZIP-010"}, 2, 0},
		{"comment-archive", "entry a stored \"1\"\nend comment=\"PK\\x05\\x06............................\"", []string{"SP-ZIP-010"}, 1, 0},
		{"count", "entry a stored \"1\"\nentry b stored \"2\"\nend count=1", []string{"SP-ZIP-010"}, 2, 0},
		{"unlisted", "entry a stored \"1\"\nentry b stored \"2\" unlisted", []string{"SP-ZIP-011"}, 2, 0},
		{"unlisted-streamed", "entry a stored \"1\"\nentry b stored \"2\" unlisted descriptor", []string{"SP-ZIP-011"}, 2, 0},
		{"trailer", "entry a stored \"1\"\ntrailer fill 70000 A", nil, 1, 70000},
		{"unknown-extra", `entry a stored "1" extra=9999040041414141`, nil, 1, 8},
		{"torch-padding", `entry a stored "1" extra=464204005a5a5a5a`, nil, 1, 0},
		{"padding-payload", `entry a stored "1" extra=464208005a5a5a5a5a5a4141`, nil, 1, 12},
		{"central-extra", `entry a stored "1" central-extra=99990100ff`, nil, 1, 5},
		{"crc", `entry a stored "1" crc=0`, nil, 1, 0},
		{"zip64-copy", `entry a stored "1" central-extra=01001000ff000000000000000100000000000000`, []string{"SP-ZIP-009"}, 1, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			data := build(t, c.spec)
			a := Read(open(data))
			if diff := cmp.Diff(c.want, rules(a)); diff != "" {
				t.Errorf("rules (-want +got):\n%s", diff)
			}
			if len(a.Entries) != c.members {
				t.Errorf("%d members, want %d", len(a.Entries), c.members)
			}
			gap := int64(0)
			for _, r := range uncovered(a, int64(len(data))) {
				gap += r.Length
			}
			if gap != c.gap {
				t.Errorf("%d bytes uncovered, want %d: %v", gap, c.gap, uncovered(a, int64(len(data))))
			}
			mem := Read(bounded.NewBytes(data, bounded.NewBudget(context.Background(), int64(len(data)))))
			if diff := cmp.Diff(mem.Entries, a.Entries, cmp.AllowUnexported(Entry{})); diff != "" {
				t.Errorf("memory and file views differ:\n%s", diff)
			}
		})
	}
}

func TestOpenMember(t *testing.T) {
	cases := []struct{ name, spec, want, gap string }{
		{"stored", `entry a stored "hello"`, "hello", ""},
		{"deflate", `entry a deflate "hello"`, "hello", ""},
		{"flag-on-plain-stored", `entry a stored "hello" flag=1`, "hello", ""},
		{"flag-on-plain-deflate", `entry a deflate "hello" flag=1`, "hello", ""},
		{"really-encrypted", `entry a stored "123456789012hello" flag=1 local-size=5 central-size=5`, "", "SP-COV-010"},
		{"strong-encryption", `entry a stored "hello" flag=0x41`, "", "SP-COV-010"},
		{"zstd", `entry a 93 "hello"`, "", "SP-COV-012"},
		{"broken-deflate", `entry a stored "hello" method=8 local-method=8`, "", "SP-COV-016"},
		{"excess", `entry a deflate "hello hello hello" local-size=5 central-size=5`, "hello", "SP-COV-016"},
		{"shorter", `entry a deflate "hello" local-size=50 central-size=50`, "", "SP-COV-016"},
		{"rest-behind-end", "entry a stored @hex method=8 local-size=5 central-size=5\n010500faff\n\"hello\"\n\"more bytes\"\n@end", "hello", "SP-COV-016"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a := Read(open(build(t, c.spec)))
			r, ok := a.Member(0, false)
			got := ""
			if len(a.Unread) > 0 {
				got = a.Unread[0].Rule
			}
			if got != c.gap {
				t.Errorf("gap %q, want %q", got, c.gap)
			}
			if c.want == "" {
				return
			}
			if !ok {
				t.Fatal("no reader")
			}
			p, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
			if err != nil || string(p) != c.want {
				t.Errorf("content %q, %v; want %q", p, err, c.want)
			}
		})
	}
}

func TestBrokenArchives(t *testing.T) {
	whole := build(t, "entry a/data.pkl stored \"hello\" descriptor\nentry a/x stored \"world\"")
	for n := range len(whole) {
		a := Read(open(whole[:n]))
		if n > 60 && (len(a.Entries) == 0 || a.Entries[0].Name != "a/data.pkl") {
			t.Fatalf("cut at %d: the first member was not found", n)
		}
		if n > 0 && len(a.Unread) == 0 {
			t.Fatalf("cut at %d: nothing says that the directory is missing", n)
		}
	}
}

func TestFindFoldsCase(t *testing.T) {
	a := Read(open(build(t, "entry m/DATA.PKL stored \"1\"\nentry m/data.pkl stored \"2\"\nentry x stored \"3\"")))
	first := a.Find([]byte("M/Data.pkl"))
	if first != 0 || a.Next(first) != 1 || a.Next(1) != -1 || a.Find([]byte("y")) != -1 {
		t.Errorf("first %d, then %d, then %d", first, a.Next(first), a.Next(1))
	}
}

// counter counts what is read.
type counter struct {
	size  int64
	parts map[int64][]byte
	bytes int64
	calls int
}

func (c *counter) ReadAt(p []byte, off int64) (int, error) {
	c.bytes += int64(len(p))
	c.calls++
	clear(p)
	for at, part := range c.parts {
		from, to := max(at, off), min(at+int64(len(part)), off+int64(len(p)))
		if from < to {
			copy(p[from-off:to-off], part[from-at:])
		}
	}
	return len(p), nil
}

// TestReadsNoPayload gives an archive with members of 100 KB each and
// counts what is fetched: headers only.
func TestReadsNoPayload(t *testing.T) {
	const members, data = 200, 10_000_000
	c := &counter{parts: map[int64][]byte{}}
	var central []byte
	at := int64(0)
	for i := range members {
		name := fmt.Sprintf("archive/data/%03d", i)
		h := append([]byte(sigLocal), make([]byte, localSize-4)...)
		le.PutUint32(h[18:], data)
		le.PutUint32(h[22:], data)
		le.PutUint16(h[26:], uint16(len(name)))
		h = append(h, name...)
		c.parts[at] = h
		e := append([]byte(sigCentral), make([]byte, centralSize-4)...)
		le.PutUint32(e[20:], data)
		le.PutUint32(e[24:], data)
		le.PutUint16(e[28:], uint16(len(name)))
		le.PutUint32(e[42:], uint32(at))
		central = append(append(central, e...), name...)
		at += int64(len(h)) + data
	}
	end := append([]byte(sigEnd), make([]byte, endSize-4)...)
	le.PutUint16(end[8:], members)
	le.PutUint16(end[10:], members)
	le.PutUint32(end[12:], uint32(len(central)))
	le.PutUint32(end[16:], uint32(at))
	c.parts[at] = append(central, end...)
	c.size = at + int64(len(central)+len(end))
	a := Read(bounded.NewReader(c, c.size, bounded.NewBudget(context.Background(), c.size)))
	if len(a.Entries) != members || len(a.Anomalies) != 0 {
		t.Fatalf("%d members, %v", len(a.Entries), a.Anomalies)
	}
	if c.bytes > c.size/1000 {
		t.Errorf("read %d of %d bytes in %d calls", c.bytes, c.size, c.calls)
	}
}

func FuzzRead(f *testing.F) {
	for _, spec := range []string{
		`entry a stored "hello"`, `entry a/b deflate "hello hello" descriptor`, "entry a stored \"1\"\nentry a stored \"2\"\nend zip64 comment=x",
		"prefix \"JUNK\"\nentry a stored \"1\" extra=464204005a5a5a5a", "entry a stored \"1\"\nend\nentry b stored \"2\" unlisted\nend",
	} {
		f.Add(build(f, spec))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a := Read(open(data))
		for i := range a.Entries {
			if r, ok := a.Member(i, false); ok && r.Size() < 1<<20 {
				_, _ = io.Copy(io.Discard, io.NewSectionReader(r, 0, r.Size()))
			}
			if e := a.Entries[i]; e.Offset >= 0 && (e.Offset+e.Length > int64(len(data)) || e.Length < 0 || e.Header < 0) {
				t.Fatalf("entry outside of the file: %+v", e)
			}
		}
		pos := int64(0)
		for _, s := range a.Structure {
			if s.Offset < pos || s.Length <= 0 || s.End() > int64(len(data)) {
				t.Fatalf("structure %v", a.Structure)
			}
			pos = s.End()
		}
		for _, u := range a.Unread {
			if u.Offset < 0 || u.Length < 0 || u.End() > int64(len(data)) {
				t.Fatalf("unread %v", u)
			}
		}
		if diff := cmp.Diff(rules(a), rules(again(data))); diff != "" {
			t.Fatal(diff)
		}
	})
}

func again(data []byte) *Archive {
	a := Read(open(data))
	for i := range a.Entries {
		a.Member(i, false)
	}
	return a
}

func BenchmarkRead20000(b *testing.B) {
	data := many(b, 20000)
	b.ReportAllocs()
	for b.Loop() {
		if a := Read(open(data)); len(a.Entries) != 20000 || len(a.Anomalies) > 0 {
			b.Fatal(len(a.Entries), a.Anomalies[:1])
		}
	}
}

func many(tb testing.TB, n int) []byte {
	var spec bytes.Buffer
	for i := range n {
		fmt.Fprintf(&spec, "entry archive/data/%d stored fill 256 A descriptor\n", i)
	}
	return build(tb, spec.String())
}

func TestFindingRulesAreComplete(t *testing.T) {
	var used []string
	for _, j := range judged {
		if j.rule != "" {
			used = append(used, j.rule)
		}
	}
	slices.Sort(used)
	if diff := cmp.Diff(FindingRules(), slices.Compact(used)); diff != "" {
		t.Error(diff)
	}
	for kind := Duplicate; kind < NoDirectory; kind++ {
		if judged[kind].rule == "" {
			t.Errorf("kind %d has no rule", kind)
		}
	}
}

// TestMembersHoldNoMemory opens many compressed members at once, as a format
// does before the engine looks at the first.
func TestMembersHoldNoMemory(t *testing.T) {
	var spec bytes.Buffer
	for i := range 40 {
		fmt.Fprintf(&spec, "entry f%d deflate fill 500000 A\n", i)
	}
	a := Read(open(build(t, spec.String())))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	views := make([]*bounded.Reader, len(a.Entries))
	for i := range a.Entries {
		views[i], _ = a.Member(i, false)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > 4<<20 {
		t.Errorf("%d members hold %d bytes", len(views), held)
	}
	runtime.KeepAlive(views)
}
