// Package formattest holds what the tests of all formats share: a stand-in for
// the files beside an input, a walk over testdata and the invariants of a fuzz
// target. It is imported by tests only.
//
// Each sample in testdata/{clean,bad,broken} may have a file of the same name
// with the ending ".want" that holds what reading it yields, one line per item;
// `go test -update` rewrites it.
package formattest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/sample"
)

var update = flag.Bool("update", false, "rewrite the .want files of testdata")

// Repo is an artifact of the given paths.
type Repo []string

// Has implements format.Repo.
func (r Repo) Has(path string) bool { return slices.Contains(r, path) }

// Module implements format.Repo: a file of that name, or below a folder of that
// name, in any folder.
func (r Repo) Module(name string) (string, bool) {
	first, _, _ := strings.Cut(name, ".")
	for _, p := range r {
		if filepath.Base(p) == first+".py" || filepath.Ext(p) == ".py" && slices.Contains(strings.Split(filepath.Dir(p), "/"), first) {
			return p, true
		}
	}
	return "", false
}

// Input is a file of the given path and bytes. With inMemory false the bytes
// come through ReadAt as from a disk, which takes other paths in the readers.
func Input(path string, data []byte, inMemory bool, repo ...string) *format.Input {
	b := bounded.NewBudget(context.Background(), int64(len(data)))
	r := bounded.NewBytes(data, b)
	if !inMemory {
		r = bounded.NewReader(strings.NewReader(string(data)), int64(len(data)), b)
	}
	return &format.Input{Name: filepath.Base(path), Path: path, R: r, Repo: Repo(repo)}
}

// Samples checks every sample of testdata against the format. The formats are
// tried in order and the first that matches is the one that reads.
func Samples(t *testing.T, formats ...format.Format) {
	t.Helper()
	samples(t, harmless, formats)
}

// Containers is Samples for formats whose clean files have members: handing
// them on is no trouble.
func Containers(t *testing.T, formats ...format.Format) {
	t.Helper()
	samples(t, func(line string) bool { return harmless(line) || strings.HasPrefix(line, "child ") }, formats)
}

func samples(t *testing.T, harmless func(line string) bool, formats []format.Format) {
	t.Helper()
	for _, kind := range []string{"clean", "bad", "broken"} {
		paths, err := filepath.Glob(filepath.Join("testdata", kind, "*"))
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for _, path := range paths {
			if strings.HasSuffix(path, ".want") {
				continue
			}
			seen++
			t.Run(kind+"/"+filepath.Base(path), func(t *testing.T) { checkSample(t, harmless, formats, kind, path) })
		}
		if seen == 0 {
			t.Errorf("testdata/%s holds no sample", kind)
		}
	}
}

func checkSample(t *testing.T, harmless func(line string) bool, formats []format.Format, kind, path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	name, data, err := sample.Build(filepath.Base(path), text)
	if err != nil {
		t.Fatal(err)
	}
	got := Describe(formats, Input(name, data, true))
	if again := Describe(formats, Input(name, data, false)); again != got {
		t.Errorf("read from a disk it differs (-memory +disk):\n%s", cmp.Diff(got, again))
	}
	troubled := false
	for line := range strings.Lines(got) {
		troubled = troubled || !harmless(line)
	}
	// A broken sample may also be none of the format's business.
	if troubled != (kind != "clean") && (kind != "broken" || got != noFormat) {
		t.Errorf("a sample in %s gave:\n%s", kind, got)
	}
	want, err := os.ReadFile(path + ".want")
	if *update && got != string(want) {
		err = os.WriteFile(path+".want", []byte(got), 0o666)
		want = []byte(got)
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("result differs (-want +got):\n%s", diff)
	}
}

// Describe reads the input with the first format that matches and writes the
// result as text: what it is, findings, gaps, texts, children, facts, and how
// many bytes nobody explained.
func Describe(formats []format.Format, in *format.Input) string {
	var out strings.Builder
	for i := range formats {
		f := &formats[i]
		if f.Match(in) == format.No {
			continue
		}
		res := f.Read(in)
		fmt.Fprintf(&out, "format %s\n", f.ID)
		describe(&out, res, in.R)
		return out.String()
	}
	return noFormat
}

const noFormat = "no format\n"

// harmless reports whether a line of a description is no reason for concern.
func harmless(line string) bool {
	return line == noFormat || strings.HasPrefix(line, "fact ") || strings.HasPrefix(line, "format ")
}

func describe(out *strings.Builder, res format.Result, r *bounded.Reader) {
	for _, f := range res.Findings {
		fmt.Fprintf(out, "finding %s %q line %d offset %d: %s\n", f.Rule, f.Symbol, f.Location.Line, f.Location.Offset, f.Message)
	}
	for _, s := range res.Spans {
		if s.Kind == format.Unread {
			fmt.Fprintf(out, "gap %s [%d+%d] %s\n", s.Rule, s.Offset, s.Length, s.Reason)
		}
	}
	for _, l := range r.Budget().Reached() {
		fmt.Fprintf(out, "limit %s\n", l.Name)
	}
	for _, x := range res.Texts {
		fmt.Fprintf(out, "text %s %q line %d [%d+%d]\n", x.Language, x.Name, x.Line, x.Offset, x.Length)
	}
	for _, c := range res.Children {
		fmt.Fprintf(out, "child %q as %q size %d\n", c.Name, c.As, c.R.Size())
	}
	for _, f := range res.Facts {
		fmt.Fprintf(out, "fact %s=%q\n", f.Key, f.Value)
	}
	if n := Uncovered(res, r.Size()); n > 0 {
		fmt.Fprintf(out, "uncovered %d\n", n)
	}
}

// Uncovered is how many bytes neither a span (other than Unread) nor a child explains.
func Uncovered(res format.Result, size int64) int64 {
	var pos, missing int64
	for _, s := range covered(res) {
		if s.Offset > pos {
			missing += s.Offset - pos
		}
		pos = max(pos, s.Offset+s.Length)
	}
	return missing + max(0, size-pos)
}

func covered(res format.Result) []format.Span {
	var spans []format.Span
	for _, s := range res.Spans {
		if s.Kind != format.Unread {
			spans = append(spans, s)
		}
	}
	for _, c := range res.Children {
		if c.Length > 0 { // else its bytes belong to a span
			spans = append(spans, format.Span{Offset: c.Offset, Length: c.Length})
		}
	}
	slices.SortStableFunc(spans, func(a, b format.Span) int { return int(a.Offset - b.Offset) })
	return spans
}

// Seed adds the bytes of every sample of testdata to a fuzz target.
func Seed(f *testing.F) {
	f.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "*", "*"))
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil || strings.HasSuffix(path, ".want") || filepath.Base(filepath.Dir(path)) == "fuzz" {
			continue
		}
		name, data, err := sample.Build(filepath.Base(path), text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(name, data)
	}
}

// Invariants checks what holds for any bytes: reading returns, ranges lie inside
// the input and do not overlap, and the same bytes give the same result whether
// they lie in memory or on a disk.
func Invariants(t *testing.T, formats []format.Format, name string, data []byte) {
	t.Helper()
	for i := range formats {
		in, again := Input(name, data, true), Input(name, data, false)
		if a, b := formats[i].Match(in), formats[i].Match(again); a != b {
			t.Fatalf("%s matches %v in memory and %v on disk", formats[i].ID, a, b)
		}
		res := formats[i].Read(in)
		inside(t, res, int64(len(data)))
		if got := formats[i].Read(again); !reflect.DeepEqual(dump(got), dump(res)) {
			t.Fatalf("%s: another result from disk:\n%s", formats[i].ID, cmp.Diff(dump(res), dump(got)))
		}
	}
}

func inside(t *testing.T, res format.Result, size int64) {
	t.Helper()
	for _, s := range res.Spans {
		if s.Offset < 0 || s.Length < 0 || s.Offset+s.Length > size {
			t.Fatalf("span [%d+%d] leaves the %d bytes of the input", s.Offset, s.Length, size)
		}
	}
	for _, x := range res.Texts {
		if x.Offset < 0 || x.Length < 0 || x.Offset+x.Length > size {
			t.Fatalf("text [%d+%d] leaves the %d bytes of the input", x.Offset, x.Length, size)
		}
	}
	end := int64(0)
	for _, s := range covered(res) {
		if s.Offset < end {
			t.Fatalf("span [%d+%d] overlaps the one before it", s.Offset, s.Length)
		}
		end = s.Offset + s.Length
	}
}

func dump(res format.Result) string {
	var out strings.Builder
	describe(&out, res, bounded.NewBytes(nil, bounded.NewBudget(context.Background(), 0)))
	for _, s := range res.Spans {
		fmt.Fprintf(&out, "span %d [%d+%d]\n", s.Kind, s.Offset, s.Length)
	}
	return out.String()
}
