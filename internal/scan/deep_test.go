package scan

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

// weights is a toy format: "W", a type letter, and payload to the end.
func weights(kind string, row int64) format.Format {
	return format.Format{
		ID: "weights", Title: "Weights",
		Match: func(in *format.Input) format.Confidence {
			if bytes.HasPrefix(in.Head(), []byte("W")) {
				return format.Strong
			}
			return format.No
		},
		Read: func(in *format.Input) format.Result {
			return format.Result{Spans: []format.Span{{Length: 1},
				{Offset: 1, Length: in.R.Size() - 1, Kind: format.Payload, Type: kind, Row: row}}}
		},
	}
}

// virus is found by "VX" and sure when a length digit and so many x follow.
var virus = format.Format{
	ID: "virus", Title: "Virus", Match: func(*format.Input) format.Confidence { return format.No },
	Signatures: []format.Signature{{Magic: "VX", Is: func(in *format.Input) string {
		p, err := in.R.Bytes(2, 5)
		if err != nil || string(p) != "4xxxx" {
			return ""
		}
		return "a virus"
	}}},
}

func scanDeep(t *testing.T, data []byte, deep bool, formats ...format.Format) *finding.Report {
	t.Helper()
	tree := &artifact.Tree{Source: "t", Files: []artifact.File{{Path: "w", Size: int64(len(data)),
		Open: func() (artifact.Content, error) { return plainContent{bytes.NewReader(data)}, nil }}}}
	report, err := Run(context.Background(), tree, formats, Options{Jobs: 1, Deep: deep})
	if err != nil {
		t.Fatal(err)
	}
	if report.Deep != deep {
		t.Errorf("report says deep %v", report.Deep)
	}
	return report
}

type plainContent struct{ *bytes.Reader }

func (plainContent) Close() error { return nil }

func TestDeepFindsAtAnyOffset(t *testing.T) {
	for _, at := range []int{1, 2, 63, deepBlock - 3, deepBlock, deepBlock + 1, 2*deepBlock - 1, 2*deepBlock + 100} {
		data := append([]byte("W"), make([]byte, 2*deepBlock+200)...)
		copy(data[at:], "VX4xxxx")
		report := scanDeep(t, data, true, weights("", 0), virus)
		if len(report.Findings) != 1 || report.Findings[0].Location.Offset != int64(at) || report.Findings[0].Rule != "SP-DEEP-001" {
			t.Errorf("at %d: %+v", at, report.Findings)
		}
		if shallow := scanDeep(t, data, false, weights("", 0), virus); len(shallow.Findings) != 0 {
			t.Errorf("at %d: a scan that is not deep found %+v", at, shallow.Findings)
		}
	}
}

func TestDeepIsSilentOnMagicAlone(t *testing.T) {
	data := []byte("W" + strings.Repeat("VX4xxx", 1000) + "VX")
	if report := scanDeep(t, data, true, weights("", 0), virus); len(report.Findings) != 0 {
		t.Errorf("%+v", report.Findings[0])
	}
}

func TestDeepListsSomeAndCountsTheRest(t *testing.T) {
	data := []byte("W" + strings.Repeat("VX4xxxx", 100))
	report := scanDeep(t, data, true, weights("", 0), virus)
	if len(report.Findings) != deepHits+1 || !strings.Contains(report.Findings[0].Message, "84 more") {
		t.Errorf("%d findings, first %q", len(report.Findings), report.Findings[0].Message)
	}
}

func TestDeepSurvivesASignatureThatPanics(t *testing.T) {
	bad := format.Format{ID: "bad", Title: "Bad", Match: virus.Match,
		Signatures: []format.Signature{{Magic: "VX", Is: func(*format.Input) string { panic("no") }}}}
	report := scanDeep(t, []byte("Waaaa VX aaaa"), true, weights("", 0), bad)
	if len(report.Findings) != 1 {
		t.Errorf("%+v", report.Findings)
	}
}

// torn is content that breaks off although its size says otherwise.
type torn struct {
	plainContent
	size int64
}

func (c torn) Size() int64 { return c.size }

func TestDeepTellsWhatItCouldNotSearch(t *testing.T) {
	data := append([]byte("W"), make([]byte, 2*deepBlock)...)
	size := int64(4 * deepBlock)
	tree := &artifact.Tree{Source: "t", Files: []artifact.File{{Path: "w", Size: size,
		Open: func() (artifact.Content, error) { return torn{plainContent{bytes.NewReader(data)}, size}, nil }}}}
	report, err := Run(context.Background(), tree, []format.Format{weights("", 0), virus}, Options{Jobs: 1, Deep: true})
	if err != nil {
		t.Fatal(err)
	}
	told := slices.ContainsFunc(report.Gaps, func(g finding.Gap) bool { return strings.Contains(g.Reason, "not searched to its end") })
	if !told || report.Verdict != finding.Incomplete {
		t.Errorf("%s, %+v", report.Verdict, report.Gaps)
	}
}

func floats(n int, value func(i int) float32) []byte {
	out := []byte("W")
	for i := range n {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(value(i)))
	}
	return out
}

func TestDeepValues(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	normal := func(int) float32 { return float32(random.NormFloat64()) }
	half := func(int) float32 {
		return math.Float32frombits(math.Float32bits(float32(random.NormFloat64())) &^ (1<<13 - 1))
	}
	for name, c := range map[string]struct {
		value func(i int) float32
		row   int64
		want  string
	}{
		"trained":     {normal, 256, ""},
		"widened":     {half, 256, ""},
		"nan":         {func(i int) float32 { return pickValue(i == 7000, float32(math.NaN()), normal(i)) }, 256, "SP-DEEP-002"},
		"ones":        {func(int) float32 { return 1 }, 0, ""},
		"row_of_ones": {func(i int) float32 { return pickValue(i/64 == 5, 1, normal(i)) }, 256, "SP-DEEP-003"},
		"row_of_zero": {func(i int) float32 { return pickValue(i/64 == 5, 0, normal(i)) }, 256, ""},
		"stretch":     {func(i int) float32 { return pickValue(i/1024 == 40, normal(i), half(i)) }, 256, "SP-DEEP-004"},
	} {
		t.Run(name, func(t *testing.T) {
			report := scanDeep(t, floats(1<<18, c.value), true, weights("F32", c.row))
			var got []string
			for _, f := range report.Findings {
				got = append(got, f.Rule)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %v, want %q", got, c.want)
			}
		})
	}
}

func pickValue(yes bool, a, b float32) float32 {
	if yes {
		return a
	}
	return b
}

func BenchmarkDeep(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	data := floats(16<<20, func(int) float32 { return float32(random.NormFloat64()) })
	tree := &artifact.Tree{Files: []artifact.File{{Path: "w", Size: int64(len(data)),
		Open: func() (artifact.Content, error) { return plainContent{bytes.NewReader(data)}, nil }}}}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Run(context.Background(), tree, []format.Format{weights("F32", 4096), virus}, Options{Jobs: 1, Deep: true}); err != nil {
			b.Fatal(err)
		}
	}
}
