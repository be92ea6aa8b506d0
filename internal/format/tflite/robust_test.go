package tflite

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
	"github.com/sallyport/sallyport/internal/sample"
)

// result reads a model that is given as text.
func result(t *testing.T, text string) (format.Result, *format.Input) {
	t.Helper()
	_, data, err := sample.Build("x.fbspec", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	in := formattest.Input("x.tflite", data, true)
	return Format.Read(in), in
}

// TestRepeatedSubgraphIsReadOnce lists one subgraph many times: each of them
// would ask for memory of its own.
func TestRepeatedSubgraphIsReadOnce(t *testing.T) {
	const graph = "table graph\n0 tables\ntable\n2 u32 0\nend\nend\nend\n"
	res, in := result(t, "identifier TFL3\nroot\n1 tables\ntable\n3 i32 0\nend\nend\n2 tables\n"+graph+strings.Repeat("ref graph\n", 50)+
		"end\n4 tables\ntable\nend\nend\nend\n")
	doubled := 0
	for _, s := range res.Spans {
		if s.Rule == "SP-COV-013" {
			doubled++
		}
	}
	if doubled != 50 || len(in.R.Budget().Reached()) > 0 {
		t.Errorf("%d of 50 repeated subgraphs were reported, limits %v", doubled, in.R.Budget().Reached())
	}
}

func TestFlexBuffers(t *testing.T) {
	for _, c := range []struct {
		name, data string
		ok         bool
		strings    int
	}{
		{"number", "\x05\x04\x01", true, 0},
		{"string", "\x02hi\x00\x03\x14\x01", true, 1},
		{"vector-of-two-strings", "\x01a\x00\x01b\x00\x02\x06\x04\x14\x14\x04\x28\x01", true, 2},
		{"map", "max\x00\x01\x05\x01\x01\x01\x0a\x04\x02\x24\x01", true, 0},
		{"empty", "", false, 0},
		{"width-of-three", "\x05\x04\x03", false, 0},
		{"string-before-the-start", "\x02hi\x00\x40\x14\x01", false, 0},
		{"string-too-long", "\x70hi\x00\x03\x14\x01", false, 0},
		{"vector-of-itself", "\x01\x01\x28\x02\x28\x01", false, 0},
		{"unknown-type", "\x05\xfc\x01", false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := readFlex([]byte(c.data)); got.ok != c.ok || c.ok && len(got.strings) != c.strings {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestNodeOperator(t *testing.T) {
	for data, want := range map[string]string{
		"\x0a\x01n\x12\x03Add":                    "Add",
		"\x12\x03Add\x12\x03Sub":                  "Sub", // the last one counts
		"\x12\x03Add\x18\x05\x2d\x00\x00\x00\x00": "Add",
	} {
		if got, ok := nodeOperator([]byte(data)); !ok || got != want {
			t.Errorf("%q: %q, %v", data, got, ok)
		}
	}
	for _, data := range []string{"\x12\x40Add", "\x12", "\x0b", "\x80", "\x09\x00"} {
		if got, ok := nodeOperator([]byte(data)); ok {
			t.Errorf("%q: %q", data, got)
		}
	}
}

func TestUnsafePath(t *testing.T) {
	for name, want := range map[string]bool{
		"weights.bin": false, "part/weights.bin": false, "a..b": false, "../w": true, "a/../../w": true, "/etc/passwd": true, `..\w`: true,
		"C:w": true, "https://example.com/w": true, "~/w": true, "w#1": true,
	} {
		if got := unsafePath(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
