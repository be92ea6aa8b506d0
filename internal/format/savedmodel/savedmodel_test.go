package savedmodel

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
	"github.com/sallyport/sallyport/internal/sample"
	"github.com/sallyport/sallyport/rules"
)

var all = []format.Format{Message, Format, MetaGraph, GraphDef, Text, Function}

func TestSamples(t *testing.T) { formattest.Samples(t, all...) }

func build(t *testing.T, text string) []byte {
	t.Helper()
	_, data, err := sample.Build("x.pbtext", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestEveryOperatorIsFound looks up each line of the list, and names beside them.
func TestEveryOperatorIsFound(t *testing.T) {
	last, n := "", 0
	_, lines, _ := strings.Cut(rules.TFOperators, "\n")
	for line := range strings.Lines(lines) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if word, detail, ok := row(rules.TFOperators, f[0]); !ok || word != f[1] || detail != f[2] {
			t.Errorf("%q: got %q, %q, %v", f, word, detail, ok)
		}
		if _, known := effects[f[1]]; !known || f[0] <= last {
			t.Errorf("%q is not sorted, or has no known effect", f)
		}
		last, n = f[0], n+1
	}
	if n < 1500 {
		t.Errorf("only %d operators", n)
	}
	for _, name := range []string{"", "\t", "name", "ReadFil", "ReadFileX", "inert", "zzz", "!"} {
		if _, _, ok := row(rules.TFOperators, name); ok {
			t.Errorf("%q was found", name)
		}
	}
}

// TestEveryByte cuts and changes a real graph at every byte: what is cut has a gap,
// and what is changed is read the same way twice, inside of the file.
func TestEveryByte(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join("testdata", "clean", "frozen.pb"))
	if err != nil {
		t.Fatal(err)
	}
	cut := 0
	for n := 64; n < len(whole); n++ {
		got := formattest.Describe([]format.Format{GraphDef}, formattest.Input("frozen.pb", whole[:n], true))
		if !strings.Contains(got, "gap ") {
			cut++
		}
	}
	if cut > 12 { // it may be cut between two fields of the outermost message
		t.Errorf("%d of %d prefixes have no gap", cut, len(whole))
	}
	for i := range whole {
		changed := bytes.Clone(whole)
		changed[i] ^= 0x81
		formattest.Invariants(t, []format.Format{GraphDef}, "frozen.pb", changed)
	}
}

// TestLargeHostileGraphs builds what grows badly in careless readers.
func TestLargeHostileGraphs(t *testing.T) {
	node := "1 { 1: \"x\"; 2: \"Placeholder\" }\n"
	for _, c := range []struct{ name, text, want string }{
		{"same_name", node + "repeat 20000 {\n1 { 1: \"n\"; 2: \"Relu\"; 3: \"n\" }\n}", "limit gaps-per-file"},
		{"same_function", node + "2 {\nrepeat 20000 {\n1 { 1 { 1: \"f\" }; 3 { 1: \"a\"; 2: \"f\"; 3: \"a\" } }\n}\n}\nrepeat 20000 {\n1 { 2: \"f\" }\n}", "finding SP-TF-014"},
		{"same_gradient", node + "2 {\nrepeat 20000 {\n2 { 1: \"f\"; 2: \"f\" }\n}\n}\nrepeat 20000 {\n1 { 2: \"f\" }\n}", "finding SP-TF-007"},
		{"same_interface", node + "2 {\nrepeat 20000 {\n1 { 1 { 1: \"f\" }; 5 { 1: \"api_implements\"; 2 { 2: \"g\" } } }\n}\n}", "finding SP-TF-014"},
		{"constants", node + "repeat 20000 {\n1 { 1: \"w\"; 2: \"Const\"; 5 { 1: \"value\"; 2 { 8 { 1: 1; 2 { 2 { 1: 1 } }; 4: h\"00000000\" } } } }\n}", `fact tensor.count="20000"`},
		{"writers", node + "repeat 20000 {\n1 { 1: \"w\"; 2: \"WriteFile\"; 3: \"x\"; 3: \"x\" }\n}", "and 19995 more"},
		{"attributes", node + "1 {\n2: \"Relu\"\nrepeat 20000 {\n5 { 1: \"a\" }\n}\n}", "limit gaps-per-file"},
		{"unknown", node + "repeat 20000 {\n99: 1\n}", "limit gaps-per-file"},
		{"depth", node + "1 {\n2: \"Relu\"\n5 {\n2 {\n" + strings.Repeat("10 {\n2 {\n2 {\n", 60) + strings.Repeat("}\n}\n}\n", 60) + "}\n}\n}", "limit recursion"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := formattest.Describe([]format.Format{GraphDef}, formattest.Input("m.pb", build(t, c.text), false)); !strings.Contains(got, c.want) {
				t.Errorf("no %q in:\n%.2000s", c.want, got)
			}
		})
	}
}

// TestChains follows long ways: a path through 20,000 nodes and calls, and
// functions that call each other in a line and in a fan.
func TestChains(t *testing.T) {
	var line, fan strings.Builder
	line.WriteString("node { name: \"n0\" op: \"Placeholder\" }\n")
	for i := range 20000 {
		line.WriteString("node { name: \"n" + itoa(int64(i+1)) + "\" op: \"Identity\" input: \"n" + itoa(int64(i)) + "\" }\n")
	}
	line.WriteString("node { name: \"w\" op: \"WriteFile\" input: \"n20000\" input: \"n0\" }\n")
	fan.WriteString("node { name: \"x\" op: \"Placeholder\" }\nnode { name: \"y\" op: \"f0\" input: \"x\" }\nlibrary {\n")
	for i := range 60 {
		next := "f" + itoa(int64(i+1))
		fan.WriteString("function { signature { name: \"f" + itoa(int64(i)) + "\" input_arg { name: \"a\" type: DT_STRING } }\n" +
			" node_def { name: \"b\" op: \"" + next + "\" input: \"a\" } node_def { name: \"c\" op: \"" + next + "\" input: \"a\" } }\n")
	}
	fan.WriteString("function { signature { name: \"f60\" input_arg { name: \"a\" type: DT_STRING } } node_def { name: \"r\" op: \"ReadFile\" input: \"a\" } }\n}\n")
	for _, c := range []struct{ name, text, want string }{
		{"line", line.String(), "finding SP-TF-002 \"WriteFile \""},
		{"fan", fan.String(), "finding SP-TF-002 \"ReadFile \""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := formattest.Describe(all, formattest.Input("m.pbtxt", []byte(c.text), true)); !strings.Contains(got, c.want) {
				t.Errorf("no %q in:\n%.2000s", c.want, got)
			}
		})
	}
}

// TestTranslate compares texts with the messages that they say.
func TestTranslate(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"strings", `node { name: "a" 'b' "\x41\101\n\"\?" }`, `1 { 1: "abAA\n\"?" }`},
		{"characters", `node { name: "\u00e9\U0001F600" }`, `1 { 1: "é😀" }`},
		{"kept_backslash", `node { name: "\B" }`, `1 { 1: "\\B" }`},
		{"numbers", `version: 0x10 versions { producer: -1 min_consumer: 010 bad_consumers: [1, 2] bad_consumers: 3 }`, "3: 16\n4 { 1: -1; 2: 8; 3: 1; 3: 2; 3: 3 }"},
		{"names_of_numbers", `node { attr { key: "T" value { type: DT_STRING } } }`, `1 { 5 { 1: "T"; 2 { 6: 7 } } }`},
		{"truths", `node { attr { value { b: true } } attr { value < b: f > } }`, "1 { 5 { 2 { 5: 1 } }; 5 { 2 { 5: 0 } } }"},
		{"floats", `node { attr { value { list { f: [1.5, 2, -inf] } } } }`, "1 { 5 { 2 { 1 { 4: f32 1.5; 4: f32 2; 4: f32 -inf } } } }"},
		{"lists_of_messages", `node [{ name: "a" }, { name: "b" }]`, "1 { 1: \"a\" }\n1 { 1: \"b\" }"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := &translator{src: []byte(c.text), budget: formattest.Input("x", nil, true).R.Budget()}
			if err := tr.translate("GraphDef"); err != nil || tr.pos != len(c.text) {
				t.Fatalf("%v at %d", err, tr.pos)
			}
			if diff := cmp.Diff(fields(t, build(t, c.want)), fields(t, tr.out)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// fields lists all fields of a GraphDef.
func fields(t *testing.T, data []byte) (out []string) {
	t.Helper()
	var walk func(m *protobuf.Message)
	walk = func(m *protobuf.Message) {
		for m.Next() {
			var sub protobuf.Message
			switch {
			case m.Decl == nil:
				t.Errorf("unknown field %d of %s", m.Number, m.Type.Name)
			case m.Decl.Kind == protobuf.Nested && m.Enter(&sub):
				out = append(out, m.Decl.Name+" {")
				walk(&sub)
				out = append(out, "}")
			default:
				out = append(out, m.Decl.Name+" "+itoa(int64(m.Value))+" "+content(m))
			}
		}
		if m.Err() != nil {
			t.Error(m.Err())
		}
	}
	m := protobuf.Open(bounded.NewBytes(data, formattest.Input("x", nil, true).R.Budget()), typeNamed("GraphDef"))
	defer m.Close()
	walk(m)
	return out
}

func content(m *protobuf.Message) string {
	if m.Wire != protobuf.Bytes {
		return ""
	}
	return string(m.Head(m.Length))
}

// TestFilesBesideAModel asks for variables and assets.
func TestFilesBesideAModel(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "broken", "saved_model.pb.pbtext"))
	if err != nil {
		t.Fatal(err)
	}
	data := build(t, string(text))
	for _, c := range []struct {
		name string
		repo []string
		want int
	}{
		{"none", nil, 2},
		{"variables", []string{"m/variables/variables.index"}, 1},
		{"both", []string{"m/variables/variables.index", "m/assets/words.txt"}, 0},
		{"elsewhere", []string{"variables/variables.index", "assets/words.txt"}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := formattest.Describe(all, formattest.Input("m/saved_model.pb", data, true, c.repo...))
			if n := strings.Count(got, "gap SP-COV-009"); n != c.want {
				t.Errorf("%d gaps, want %d:\n%s", n, c.want, got)
			}
		})
	}
}

func TestCycles(t *testing.T) {
	for _, c := range []struct {
		name  string
		calls [][]int
		want  []int
	}{
		{"none", [][]int{{1, 2}, {2}, {}}, nil},
		{"itself", [][]int{{0}, {0}}, []int{0}},
		{"two", [][]int{{1}, {2}, {1}, {}}, []int{1, 2}},
		{"caller_and_callee_stay_out", [][]int{{1}, {1, 2}, {}}, []int{1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, inCycles(c.calls)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFoldersOfRealModels reads graphs with the files that were saved with them: a
// table is filled from an asset while the model is loaded, and that is ordinary.
func TestFoldersOfRealModels(t *testing.T) {
	for _, c := range []struct{ folder, name, asset string }{
		{"module", "saved_model.pb", "vocabulary.txt"},
		{"v1_text", "saved_model.pbtxt", "labels.txt"},
	} {
		t.Run(c.folder, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", "models", c.folder, c.name))
			if err != nil {
				t.Fatal(err)
			}
			got := formattest.Describe(all, formattest.Input("m/"+c.name, data, true, "m/variables/variables.index", "m/assets/"+c.asset))
			if strings.Contains(got, "finding ") || strings.Contains(got, "gap ") || !strings.Contains(got, "InitializeTableFromTextFileV2") {
				t.Error(got)
			}
		})
	}
}
