package tfcheckpoint

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
	"github.com/sallyport/sallyport/internal/sample"
)

var all = []format.Format{Format, State}

func TestSamples(t *testing.T) { formattest.Samples(t, all...) }

// TestVariablesTileTheirFile compares what real checkpoints claim with the data
// files beside them.
func TestVariablesTileTheirFile(t *testing.T) {
	for _, folder := range []string{"objects", "partitioned"} {
		t.Run(folder, func(t *testing.T) {
			index, err := os.ReadFile(filepath.Join("testdata", "folders", folder, "ckpt.index"))
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.Stat(filepath.Join("testdata", "folders", folder, "ckpt.data-00000-of-00001"))
			if err != nil {
				t.Fatal(err)
			}
			claims := Format.Read(formattest.Input("m/ckpt.index", index, true)).Claims
			slices.SortFunc(claims, func(a, b format.Claim) int { return cmp.Compare(a.Offset, b.Offset) })
			at := int64(0)
			for _, c := range claims {
				if c.Path != "m/ckpt.data-00000-of-00001" || c.Offset != at {
					t.Errorf("%+v does not begin at %d", c, at)
				}
				at += c.Length
			}
			if at != data.Size() {
				t.Errorf("claims %d of %d bytes", at, data.Size())
			}
		})
	}
}

func TestClaims(t *testing.T) {
	for _, c := range []struct {
		name, header, entry string
		want                []format.Claim
	}{
		{"matrix", "1: 3", "1: 1; 2 { 2 { 1: 2 }; 2 { 1: 3 } }; 3: 2; 4: 8; 5: 24", []format.Claim{{Path: "m/v.data-00002-of-00003", Offset: 8, Length: 24, Type: "F32", Row: 12}}},
		{"strings", "1: 1", "1: 7; 2 { 2 { 1: 1 } }; 5: 9", []format.Claim{{Path: "m/v.data-00000-of-00001", Length: 9}}},
		{"big_endian", "1: 1; 2: 1", "1: 3; 2 { }; 5: 4", []format.Claim{{Path: "m/v.data-00000-of-00001", Length: 4}}},
		{"sliced", "1: 1", "1: 1; 2 { 2 { 1: 9 } }; 7 { 1 { } }", nil},
		{"no_such_file", "1: 1", "1: 3; 2 { }; 3: 1; 5: 4", nil},
		{"negative", "1: 1", "1: 3; 2 { }; 4: -1; 5: 4", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, data, err := sample.Build("v.index.tablespec", []byte("entry \"\" { "+c.header+"; 3 { 1: 1 } }\nentry \"w\" { "+c.entry+" }"))
			if err != nil {
				t.Fatal(err)
			}
			in := formattest.Input("m/v.index", data, true)
			got := Format.Read(in).Claims
			for i := range got {
				if got[i].Name != "w" {
					t.Errorf("%+v", got[i])
				}
				got[i].Name, got[i].At = "", c.want[i].At
			}
			if !slices.EqualFunc(c.want, got, func(a, b format.Claim) bool {
				return a.Path == b.Path && a.Offset == b.Offset && a.Length == b.Length && a.Type == b.Type && a.Row == b.Row
			}) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			in.Inside = []string{"v.index"}
			if claims := Format.Read(in).Claims; claims != nil {
				t.Errorf("a checkpoint inside of a file claims %+v", claims)
			}
		})
	}
}

func TestDisplay(t *testing.T) {
	for _, c := range []struct{ key, want string }{
		{"w", "w"},
		{"", ""},
		{"\x00part\x00\x01\x01\x80", "slice of part"},
		{"\x00a\x00\xffb\xff\x00c\x00\x01", "slice of a\x00b\xffc"},
	} {
		if got := display([]byte(c.key)); got != c.want {
			t.Errorf("%q: got %q, want %q", c.key, got, c.want)
		}
	}
}
