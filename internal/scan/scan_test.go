package scan

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// The engine is tested with toy formats. A box starts with "BOX" and holds
// members: a length digit and so many bytes, up to "!"; what follows is not its
// own. A note is text in capital letters. "BAD" inside a note is a finding.
var box = format.Format{
	ID: "box", Title: "Box", Extensions: []string{".box"},
	Match: func(in *format.Input) format.Confidence {
		if bytes.HasPrefix(in.Head(), []byte("BOX")) {
			return format.Strong
		}
		return format.No
	},
	Read: func(in *format.Input) (res format.Result) {
		res.Spans = []format.Span{{Length: 3}}
		for off := int64(3); off < in.R.Size(); {
			p, _ := in.R.Bytes(off, 1)
			if p[0] == '!' {
				res.Spans = append(res.Spans, format.Span{Offset: off, Length: 1})
				return res
			}
			n := int64(p[0] - '0')
			sub, err := in.R.Section(off+1, n)
			if err != nil {
				res.Spans = append(res.Spans, format.Span{Offset: off, Length: in.R.Size() - off, Kind: format.Unread,
					Rule: "SP-COV-004", Reason: "A member ends behind the file."})
				return res
			}
			res.Spans = append(res.Spans, format.Span{Offset: off, Length: 1})
			res.Children = append(res.Children, format.Child{Name: fmt.Sprintf("m%d", off), R: sub, Offset: off + 1, Length: n})
			off += 1 + n
		}
		return res
	},
}

var note = format.Format{
	ID: "note", Title: "Note", Extensions: []string{".note"}, Textual: true,
	Match: func(in *format.Input) format.Confidence { return format.Weak },
	Read: func(in *format.Input) (res format.Result) {
		p, err := in.R.Bytes(0, in.R.Size())
		if err != nil || bytes.ContainsFunc(p, func(r rune) bool { return r < 'A' || r > 'Z' }) {
			return res
		}
		if i := bytes.Index(p, []byte("BAD")); i >= 0 {
			res.Findings = append(res.Findings, rule.Finding("SP-NAME-002", in.Location(int64(i), 3), "BAD", "It says bad."))
		}
		res.Spans = []format.Span{{Length: int64(len(p)), Kind: format.TextSpan}}
		return res
	},
}

var mine = format.Format{
	ID: "mine", Title: "Mine",
	Match: func(in *format.Input) format.Confidence {
		if bytes.HasPrefix(in.Head(), []byte("boom")) {
			return format.Strong
		}
		return format.No
	},
	Read: func(in *format.Input) format.Result { panic("boom") },
}

var toys = []format.Format{mine, box, note}

type memory struct {
	*bytes.Reader
	changed bool
	fail    error
}

func (m memory) Close() error  { return nil }
func (m memory) Changed() bool { return m.changed }
func (m memory) ReadAt(p []byte, off int64) (int, error) {
	if m.fail != nil {
		return 0, m.fail
	}
	return m.Reader.ReadAt(p, off)
}

func file(name, data string) artifact.File {
	return artifact.File{Path: name, Size: int64(len(data)), Open: func() (artifact.Content, error) {
		return memory{Reader: bytes.NewReader([]byte(data))}, nil
	}}
}

func run(t *testing.T, tree *artifact.Tree, opt Options) *finding.Report {
	t.Helper()
	r, err := Run(context.Background(), tree, toys, opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range r.Files {
		checkCoverage(t, n)
	}
	return r
}

func checkCoverage(t *testing.T, n finding.Node) {
	t.Helper()
	if n.Coverage.Total() != n.Size {
		t.Errorf("%s: coverage adds up to %d of %d: %+v", n.Name, n.Coverage.Total(), n.Size, n.Coverage)
	}
	for _, c := range n.Children {
		checkCoverage(t, c)
	}
}

// summary is the verdict with what led to it, in one line per item.
func summary(r *finding.Report) string {
	var b strings.Builder
	fmt.Fprintln(&b, r.Verdict)
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s %s @%d\n", f.Severity, f.Rule, f.Location, f.Location.Offset)
	}
	for _, g := range r.Gaps {
		fmt.Fprintf(&b, "gap %s %s @%d+%d %s\n", g.Rule, g.Location, g.Location.Offset, g.Location.Length, g.Limit)
	}
	return b.String()
}

func TestVerdicts(t *testing.T) {
	nested := "ABC"
	for range bounded.MaxNesting + 1 {
		nested = fmt.Sprintf("BOX%d%s!", len(nested), nested)
		if len(nested) > 9 {
			break
		}
	}
	for _, tt := range []struct {
		name, file, data, want string
	}{
		{"text_is_clean", "a.note", "HELLO", "clean\n"},
		{"empty_file_is_clean", "a.bin", "", "clean\n"},
		{"box_of_text_is_clean", "a.box", "BOX3ABC2DE!", "clean\n"},
		{"unknown_content", "a.bin", "hello", "incomplete\ngap SP-COV-002 a.bin @0+5 \n"},
		{"unknown_member", "a.box", "BOX3abc!", "incomplete\ngap SP-COV-002 a.box!m3 @0+3 \n"},
		{"trailing_bytes", "a.box", "BOX1A!tail", "incomplete\ngap SP-COV-001 a.box @6+4 \n"},
		{"malformed_tail_is_named", "a.box", "BOX1A9B", "incomplete\ngap SP-COV-004 a.box @5+2 \n"},
		{"finding_flags", "a.note", "SOBAD", "flagged\nHIGH SP-NAME-002 a.note @2\n"},
		{"finding_in_member_survives_malformed_tail", "a.box", "BOX3BAD9x",
			"flagged\nHIGH SP-NAME-002 a.box!m3 @0\ngap SP-COV-004 a.box @7+2 \n"},
		{"panic_is_a_gap", "a.bin", "boomBAD", "incomplete\ngap SP-COV-002 a.bin @0+7 \ngap SP-COV-011 a.bin @0+7 \n"},
		{"name_disagrees", "a.box", "ABC", "clean\nMEDIUM SP-NAME-001 a.box @0\n"},
		{"text_may_have_any_name", "a.txt", "ABC", "clean\n"},
		{"unsafe_name", "../a.note", "ABC", "incomplete\ngap SP-COV-015 ../a.note @0+0 \n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tree := &artifact.Tree{Files: []artifact.File{file(tt.file, tt.data)}}
			if diff := cmp.Diff(tt.want, summary(run(t, tree, Options{}))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestClaimingReaderTellsWhyEvenWhenAnotherWins(t *testing.T) {
	picky := format.Format{ID: "picky", Title: "Picky", Extensions: []string{".picky"}, Textual: true,
		Match: func(*format.Input) format.Confidence { return format.Weak },
		Read: func(in *format.Input) format.Result {
			return format.Result{Spans: []format.Span{{Length: 1}, {Offset: 1, Length: 1, Kind: format.Unread, Rule: "SP-COV-014", Reason: "Twice."}}}
		}}
	for name, want := range map[string]string{"a.picky": "incomplete\ngap SP-COV-014 a.picky @1+1 \n", "a.other": "clean\n"} {
		r, err := Run(context.Background(), &artifact.Tree{Files: []artifact.File{file(name, "ABC")}}, []format.Format{picky, note}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, summary(r)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestHiddenContentBehindTheEndIsLookedAt(t *testing.T) {
	r := run(t, &artifact.Tree{Files: []artifact.File{file("a.box", "BOX1A!BOX3BAD!")}}, Options{})
	want := "flagged\nHIGH SP-NAME-002 a.box!unexplained bytes!m3 @0\ngap SP-COV-001 a.box @6+8 \n"
	if diff := cmp.Diff(want, summary(r)); diff != "" {
		t.Error(diff)
	}
}

func TestNestingLimit(t *testing.T) {
	deep := format.Format{ID: "deep", Title: "Deep",
		Match: func(*format.Input) format.Confidence { return format.Strong },
		Read: func(in *format.Input) format.Result {
			return format.Result{Children: []format.Child{{Name: "in", R: in.R, Length: in.R.Size()}}}
		}}
	r, err := Run(context.Background(), &artifact.Tree{Files: []artifact.File{file("a", "x")}}, []format.Format{deep}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Gaps) != 1 || r.Gaps[0].Limit != "nesting" || r.Verdict != finding.Incomplete {
		t.Errorf("got %s", summary(r))
	}
}

func TestOverlapIsAGap(t *testing.T) {
	twice := format.Format{ID: "twice", Title: "Twice",
		Match: func(*format.Input) format.Confidence { return format.Strong },
		Read: func(in *format.Input) format.Result {
			return format.Result{Spans: []format.Span{{Length: 4}, {Offset: 2, Length: 2, Kind: format.Payload}}}
		}}
	r, err := Run(context.Background(), &artifact.Tree{Files: []artifact.File{file("a", "xxxx")}}, []format.Format{twice}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("incomplete\ngap SP-COV-013 a @2+2 \n", summary(r)); diff != "" {
		t.Error(diff)
	}
}

func TestSpansOutsideOfTheFileHideNothing(t *testing.T) {
	liar := format.Format{ID: "liar", Title: "Liar",
		Match: func(*format.Input) format.Confidence { return format.Strong },
		Read: func(in *format.Input) format.Result {
			return format.Result{Spans: []format.Span{{Offset: -5, Length: 6}, {Offset: 3, Length: 1 << 62}, {Offset: 1 << 62, Length: 1 << 62}}}
		}}
	r, err := Run(context.Background(), &artifact.Tree{Files: []artifact.File{file("a", "xxxx")}}, []format.Format{liar}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkCoverage(t, r.Files[0])
}

func TestPolyglotIsFlagged(t *testing.T) {
	other := box
	other.ID, other.Title = "crate", "Crate"
	r, err := Run(context.Background(), &artifact.Tree{Files: []artifact.File{file("a", "BOX!")}}, []format.Format{box, other}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("flagged\nHIGH SP-NAME-002 a @0\n", summary(r)); diff != "" {
		t.Error(diff)
	}
}

func TestRefiningFormatReplacesTheGeneralOne(t *testing.T) {
	special := box
	special.ID, special.Title, special.Refines = "crate", "Crate", "box"
	r, err := Run(context.Background(), &artifact.Tree{Files: []artifact.File{file("a.box", "BOX!")}}, []format.Format{box, special}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != finding.Clean || !cmp.Equal(r.Files[0].Formats, []string{"crate"}) {
		t.Errorf("read as %v, %s", r.Files[0].Formats, summary(r))
	}
}

func TestTroubleWithFiles(t *testing.T) {
	ok := file("z.note", "BAD")
	open := func(c artifact.Content, err error) func() (artifact.Content, error) {
		return func() (artifact.Content, error) { return c, err }
	}
	for _, tt := range []struct {
		name, rule string
		file       artifact.File
	}{
		{"cannot_be_opened", "SP-COV-005", artifact.File{Path: "a", Size: 3, Open: open(nil, errors.New("permission denied"))}},
		{"cannot_be_read", "SP-COV-005", artifact.File{Path: "a", Size: 3, Open: open(memory{Reader: bytes.NewReader([]byte("ABC")), fail: errors.New("input/output error")}, nil)}},
		{"changed_while_read", "SP-COV-007", artifact.File{Path: "a", Size: 3, Open: open(memory{Reader: bytes.NewReader([]byte("ABC")), changed: true}, nil)}},
		{"size_changed_since_listing", "SP-COV-007", artifact.File{Path: "a", Size: 9, Open: open(memory{Reader: bytes.NewReader([]byte("ABC"))}, nil)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := run(t, &artifact.Tree{Files: []artifact.File{tt.file, ok}}, Options{Jobs: 1})
			if len(r.Gaps) == 0 || r.Gaps[0].Rule != tt.rule {
				t.Errorf("want gap %s, got %s", tt.rule, summary(r))
			}
			if len(r.Findings) != 1 {
				t.Errorf("the file after it was not judged: %s", summary(r))
			}
		})
	}
}

func TestOmissions(t *testing.T) {
	tree := &artifact.Tree{Files: []artifact.File{file("a.note", "ABC")}, Omissions: []artifact.Omission{
		{Path: "link", Kind: artifact.OmittedSymlink}, {Path: "x", Kind: artifact.OmittedExcluded, Detail: "excluded by pattern x"},
	}}
	r := run(t, tree, Options{})
	if diff := cmp.Diff("incomplete\ngap SP-COV-006 link @0+0 \n", summary(r)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]finding.Excluded{{Path: "x", Reason: "excluded by pattern x"}}, r.Excluded); diff != "" {
		t.Error(diff)
	}
}

func TestNothingToLookAt(t *testing.T) {
	if r := run(t, &artifact.Tree{}, Options{}); r.Verdict != finding.Nothing {
		t.Errorf("verdict %s", r.Verdict)
	}
}

func TestDigest(t *testing.T) {
	r := run(t, &artifact.Tree{Files: []artifact.File{file("a.note", "BAD")}}, Options{Digest: true})
	sum := sha256.Sum256([]byte("BAD"))
	want := hex.EncodeToString(sum[:])
	if got := r.Files[0].SHA256; got != want || r.Findings[0].FileSHA256 != want {
		t.Errorf("file %q, finding %q, want %q", got, r.Findings[0].FileSHA256, want)
	}
}

func TestSameInputSameReportWhateverTheJobs(t *testing.T) {
	var files []artifact.File
	for i := range 200 {
		files = append(files, file(fmt.Sprintf("f%03d.box", i), []string{"BOX3BAD!", "BOX9x", "ABC", "nope"}[i%4]))
	}
	tree := &artifact.Tree{Files: files}
	one := run(t, tree, Options{Jobs: 1})
	var calls atomic.Int64
	many := run(t, tree, Options{Jobs: 8, Done: func(int64, int64) { calls.Add(1) }})
	if diff := cmp.Diff(one, many); diff != "" {
		t.Error(diff)
	}
	if calls.Load() != 200 {
		t.Errorf("progress was told of %d files", calls.Load())
	}
}

func TestCancelledScanIsAnError(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, &artifact.Tree{Files: []artifact.File{file("a", "A")}}, toys, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestRepoModules(t *testing.T) {
	r := newRepo(&artifact.Tree{Files: []artifact.File{file("code/evil/mod.py", ""), file("top.py", ""), file("data/x.json", "")}})
	for name, want := range map[string]bool{"evil": true, "evil.mod": true, "mod": true, "top": true, "code.evil": true, "data": false, "os": false} {
		if _, got := r.Module(name); got != want {
			t.Errorf("Module(%q) = %v, want %v", name, got, want)
		}
	}
	if !r.Has("top.py") || r.Has("nope") {
		t.Error("Has is wrong")
	}
}

var _ io.ReaderAt = memory{}

// dual is a binary format without a signature, such as a pickle of an old
// protocol: it takes what has a D as fourth byte, whole.
var dual = format.Format{
	ID: "dual", Title: "Dual",
	Match: func(in *format.Input) format.Confidence { return format.Weak },
	Read: func(in *format.Input) (res format.Result) {
		if p, err := in.R.Bytes(0, min(4, in.R.Size())); err == nil && len(p) == 4 && (p[3] == 'D' || in.Name == "named") {
			res.Findings = []finding.Finding{rule.Finding("SP-TEXT-001", in.Location(3, 1), "D", "It is dual.")}
			res.Spans = []format.Span{{Length: in.R.Size()}}
		}
		return res
	},
}

// whole is a format with a signature that explains every byte and holds nothing.
var whole = format.Format{
	ID: "whole", Title: "Whole",
	Match: func(in *format.Input) format.Confidence {
		if bytes.HasPrefix(in.Head(), []byte("WHO")) {
			return format.Strong
		}
		return format.No
	},
	Read: func(in *format.Input) format.Result {
		return format.Result{Spans: []format.Span{{Length: in.R.Size()}}}
	},
}

func TestSecondReadingOfAnExplainedInput(t *testing.T) {
	cases := map[string]struct {
		name, content string
		want          []string
	}{
		"both":      {"x", "WHOD", []string{"SP-NAME-002", "SP-TEXT-001"}},
		"one":       {"x", "WHOX", nil},
		"name-only": {"named", "WHOX", nil},
		"container": {"x", "BOX1D!", nil},
	}
	for name, c := range cases {
		tree := &artifact.Tree{Files: []artifact.File{file(c.name, c.content)}}
		report, err := Run(context.Background(), tree, []format.Format{box, whole, dual}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range report.Findings {
			got = append(got, f.Rule)
		}
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: findings %v, want %v", name, got, c.want)
		}
	}
}
