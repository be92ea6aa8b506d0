package marshal

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
)

func view(data []byte) *bounded.Reader {
	return bounded.NewBytes(data, bounded.NewBudget(context.Background(), int64(len(data))))
}

// producers are streams of real interpreters: testdata/generate.py wrote them.
func producers(t testing.TB) map[string][]byte {
	text, err := os.ReadFile("testdata/versions.tsv")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for line := range strings.Lines(string(text)) {
		version, code, _ := strings.Cut(strings.TrimSpace(line), "\t")
		data, err := base64.StdEncoding.DecodeString(code)
		if err != nil {
			t.Fatal(err)
		}
		out[version] = data
	}
	if len(out) < 9 {
		t.Fatalf("only %d versions", len(out))
	}
	return out
}

func TestEveryVersion(t *testing.T) {
	layouts := map[string]Layout{"2.7": Python23, "3.6": Python30, "3.7": Python30, "3.8": Python38, "3.9": Python38, "3.10": Python38}
	for version, data := range producers(t) {
		t.Run(version, func(t *testing.T) {
			p, err := Read(view(data), Any)
			if err != nil {
				t.Fatal(err)
			}
			want, ok := layouts[version]
			if !ok {
				want = Python311
			}
			if p.Layout != want || p.End != int64(len(data)) {
				t.Errorf("%s, end %d of %d", p.Layout, p.End, len(data))
			}
			var names []string
			for _, c := range p.Codes {
				names = append(names, c.Name)
				if c.Filename != "sample.py" {
					t.Errorf("%s is in file %q", c.Name, c.Filename)
				}
			}
			if diff := cmp.Diff([]string{"<module>", "outer", "inner"}, names[:3]); diff != "" {
				t.Error(diff)
			}
			if c := p.Codes[1]; c.Line != 4 || c.Depth != 1 || !slices.Contains(c.Variables, "rest") || !slices.Contains(c.Names, "getattr") {
				t.Errorf("outer: %+v", c)
			}
			_, texts, imports := p.Find()
			if diff := cmp.Diff([]string{"json", "os.path", "subprocess"}, imports); diff != "" {
				t.Error(diff)
			}
			for _, s := range []string{"a tuple", "echo", "in a map", "join"} {
				if !slices.Contains(texts, s) {
					t.Errorf("the constant %q is missing in %q", s, texts)
				}
			}
		})
	}
}

// TestCutAndBroken cuts each stream everywhere: it must fail, and not with what
// it has not read.
func TestCutAndBroken(t *testing.T) {
	for version, data := range producers(t) {
		for cut := range len(data) {
			p, err := Read(view(data[:cut]), Any)
			if !errors.Is(err, ErrMalformed) || p.End > int64(cut) {
				t.Fatalf("%s cut at %d: %v", version, cut, err)
			}
		}
	}
}

func TestOddStreams(t *testing.T) {
	for _, c := range []struct {
		name, text string
		good       bool
		limit      string
	}{
		{"none", "4e", true, ""},
		{"nothing", "", false, ""},
		{"end_mark", "30", false, ""},
		{"unknown_type", "7e", false, ""},
		{"negative_length", "73ffffffff", false, ""},
		{"huge_tuple", "28ffffff7f", false, ""},
		{"huge_number", "6c00000080", false, ""},
		{"number", "6c020000000100ff7f", true, ""},
		{"negative_number", "6cfeffffff0100ff7f", true, ""},
		{"reference_to_itself", "a9017200000000", true, ""},
		{"reference_to_nothing", "7200000000", false, ""},
		{"slice", "3a4e4e4e", true, ""},
		{"dictionary", "7bfa01614e30", true, ""},
		{"dictionary_cut", "7bfa0161", false, ""},
		{"set", "3c01000000fa0161", true, ""},
		{"deep", strings.Repeat("2901", 500) + "4e", false, "recursion"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data, err := hex.DecodeString(c.text)
			if err != nil {
				t.Fatal(err)
			}
			r := view(data)
			p, err := Read(r, Any)
			if (err == nil) != c.good || c.good && p.End != int64(len(data)) {
				t.Errorf("end %d: %v", p.End, err)
			}
			if reached := r.Budget().Reached(); c.limit != "" && (len(reached) != 1 || reached[0].Name != c.limit) {
				t.Errorf("limits %v", reached)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, data := range producers(f) {
		f.Add(data, byte(0))
	}
	f.Fuzz(func(t *testing.T, data []byte, layout byte) {
		l := Layout(layout % 5)
		p, err := Read(view(data), l)
		again, err2 := Read(view(data), l)
		if p.End < 0 || p.End > int64(len(data)) || (err == nil) != (err2 == nil) || !cmp.Equal(p, again) {
			t.Fatalf("end %d of %d, %v, %v", p.End, len(data), err, err2)
		}
	})
}
