package scan

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

// claimer is a toy format: lines "CLAIM path offset length name".
var claimer = format.Format{
	ID: "claimer", Title: "Claimer",
	Match: func(in *format.Input) format.Confidence {
		if strings.HasPrefix(string(in.Head()), "CLAIM") {
			return format.Strong
		}
		return format.No
	},
	Read: func(in *format.Input) (res format.Result) {
		for i, line := range strings.Split(string(in.Head()), "\n") {
			c := format.Claim{At: in.Location(int64(i), 0)}
			if n, _ := fmt.Sscanf(line, "CLAIM %s %d %d %s", &c.Path, &c.Offset, &c.Length, &c.Name); n == 4 {
				res.Claims = append(res.Claims, c)
			}
		}
		res.Spans = []format.Span{{Length: in.R.Size()}}
		return res
	},
}

func TestClaims(t *testing.T) {
	zeros := strings.Repeat("\x00", 100)
	for _, c := range []struct{ name, model, data, want, cover string }{
		{"whole_file", "CLAIM w 0 -1 a", "1234567890", "clean\n", "0/10/0"},
		{"two_that_touch", "CLAIM w 0 4 a\nCLAIM w 4 6 b", "1234567890", "clean\n", "0/10/0"},
		{"the_same_twice", "CLAIM w 0 10 a\nCLAIM w 0 10 b", "1234567890", "clean\n", "0/10/0"},
		{"zeros_between", "CLAIM w 0 4 a\nCLAIM w 104 6 b", "1234" + zeros + "567890", "clean\n", "100/10/0"},
		{"zeros_at_the_end", "CLAIM w 0 4 a", "1234" + zeros, "clean\n", "100/4/0"},
		{"something_between", "CLAIM w 0 4 a\nCLAIM w 6 4 b", "1234567890", "incomplete\ngap SP-COV-001 w @4+2 \n", "0/8/2"},
		{"hidden_box_is_looked_at", "CLAIM w 0 4 a", "1234BOX3BAD!", "flagged\nHIGH SP-NAME-002 w!unexplained bytes!m3 @0\ngap SP-COV-001 w @4+8 \n", "0/4/8"},
		{"too_many_zeros", "CLAIM w 0 4 a", "1234" + strings.Repeat("\x00", maxPadding+1), "incomplete\ngap SP-COV-001 w @4+65537 \n", "0/4/65537"},
		{"behind_the_end", "CLAIM w 0 11 a", "1234567890", "flagged\nHIGH SP-REF-001 m @0\n", "0/10/0"},
		{"starts_behind_the_end", "CLAIM w 11 1 a\nCLAIM w 0 10 b", "1234567890", "flagged\nHIGH SP-REF-001 m @0\n", "0/10/0"},
		{"overflow", "CLAIM w 5 9223372036854775807 a\nCLAIM w 0 5 b", "1234567890", "flagged\nHIGH SP-REF-001 m @0\n", "0/10/0"},
		{"negative_offset", "CLAIM w -1 5 a\nCLAIM w 0 10 b", "1234567890", "flagged\nHIGH SP-REF-001 m @0\nHIGH SP-REF-002 m @1\n", "0/10/0"},
		{"overlap", "CLAIM w 0 6 a\nCLAIM w 4 6 b", "1234567890", "flagged\nHIGH SP-REF-002 m @1\n", "0/10/0"},
		{"inside_of_another", "CLAIM w 0 10 a\nCLAIM w 0 2 c\nCLAIM w 4 2 b", "1234567890", "flagged\nHIGH SP-REF-002 m @0\nHIGH SP-REF-002 m @2\n", "0/10/0"},
		{"no_bytes_share_nothing", "CLAIM w 0 10 a\nCLAIM w 4 0 b", "1234567890", "clean\n", "0/10/0"},
		{"absent_once_per_file", "CLAIM v 0 6 a\nCLAIM v 6 6 b\nCLAIM w 0 -1 c", "1234567890", "incomplete\ngap SP-COV-009 m @0+0 \n", "0/10/0"},
		{"own_format_stays", "CLAIM w 0 -1 a", "BOX3BAD!", "flagged\nHIGH SP-NAME-002 w!m3 @0\n", "5/0/0"},
		{"tail_of_own_format", "CLAIM w 8 -1 a", "BOX3ABC!12", "clean\n", "5/2/0"},
		{"reader_that_fails_stays_a_gap", "CLAIM w 0 -1 a", "boom", "incomplete\ngap SP-COV-011 w @0+4 \n", "0/4/0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := &artifact.Tree{Files: []artifact.File{file("m", c.model), file("w", c.data)}}
			for _, jobs := range []int{1, 2} {
				r, err := Run(context.Background(), tree, append([]format.Format{claimer}, toys...), Options{Jobs: jobs})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, summary(r)); diff != "" {
					t.Error(diff)
				}
				checkCoverage(t, r.Files[1])
				cover := r.Files[1].Coverage
				if got := fmt.Sprintf("%d/%d/%d", cover.Structure, cover.Payload, cover.Unexplained); got != c.cover {
					t.Errorf("coverage %s, want %s", got, c.cover)
				}
			}
		})
	}
}

func TestClaimsDoNotExplainWhatANameSays(t *testing.T) {
	library := format.Format{ID: "library", Extensions: []string{".so", ".bin"}, Match: func(*format.Input) format.Confidence { return format.No }}
	for name, want := range map[string]string{
		"w":       "clean\n",
		"w.bin":   "clean\n",
		"w.so":    "incomplete\ngap SP-COV-002 w.so @0+10 \n",
		"v/W.SO":  "incomplete\ngap SP-COV-002 v/W.SO @0+10 \n",
		"w.so.01": "clean\n",
	} {
		t.Run(name, func(t *testing.T) {
			tree := &artifact.Tree{Files: []artifact.File{file("m", "CLAIM "+name+" 0 -1 a"), file(name, "1234567890")}}
			r, err := Run(context.Background(), tree, append([]format.Format{claimer, library}, toys...), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, summary(r)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOverlapsOfTwoModelsAreNone(t *testing.T) {
	tree := &artifact.Tree{Files: []artifact.File{file("m", "CLAIM w 0 6 a\nCLAIM w 6 4 b"), file("n", "CLAIM w 4 6 b"), file("w", "1234567890")}}
	r, err := Run(context.Background(), tree, append([]format.Format{claimer}, toys...), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("clean\n", summary(r)); diff != "" {
		t.Error(diff)
	}
}

func TestAbsentFilesAreListedUpToALimit(t *testing.T) {
	tree := &artifact.Tree{}
	var model strings.Builder
	for i := range bounded.MaxGapsPerFile + 50 {
		fmt.Fprintf(&model, "CLAIM w%d 0 1 a\n", i)
	}
	tree.Files = append(tree.Files, file("m", model.String()))
	r, err := Run(context.Background(), tree, append([]format.Format{claimer}, toys...), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Gaps) != bounded.MaxGapsPerFile+1 || r.Verdict != finding.Incomplete {
		t.Errorf("%d gaps, %s", len(r.Gaps), r.Verdict)
	}
}
