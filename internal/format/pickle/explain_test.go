package pickle

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
	"github.com/sallyport/sallyport/internal/sample"
)

// explain reads the bytes as the engine does for an account: Read first.
func explain(name string, data []byte, inMemory bool) (format.Result, []format.Account) {
	in := formattest.Input(name, data, inMemory)
	in.Told = true
	res := Format.Read(in)
	var out []format.Account
	Explain(in, func(a format.Account) { out = append(out, a) })
	return res, out
}

func told(a format.Account) (out []string) {
	for _, s := range a.Steps {
		line := fmt.Sprintf("%d %s %s", s.Offset, s.Severity, s.Text)
		if s.Count > 1 {
			line += fmt.Sprintf(" x%d", s.Count)
		}
		out = append(out, line)
	}
	return out
}

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		name, code string
		want       []string
	}{
		{"call", "PROTO 4; @os; @call; STOP", []string{
			"14 CRITICAL from os import system", "22 CRITICAL v1 = os.system('echo')", "23 INFO return v1"}},
		{"plain", "PROTO 4; EMPTY_DICT; BINUNICODE a; BININT1 1; SETITEM; STOP", []string{"12 INFO return a dict of 1 item"}},
		{"python-2-name", "GLOBAL __builtin__ eval; MARK; STRING '1'; TUPLE; REDUCE; STOP", []string{
			"0 CRITICAL from builtins import eval  # written as __builtin__.eval", "25 CRITICAL v1 = builtins.eval('1')", "26 INFO return v1"}},
		{"computed-name", "PROTO 4; GLOBAL operator add; BINUNICODE o; BINUNICODE s; TUPLE2; REDUCE; BINUNICODE system; STACK_GLOBAL; @call; STOP", []string{
			"2 CRITICAL from operator import add", "29 CRITICAL operator.add('o', 's')  # 'os'",
			"41 CRITICAL from os import system  # a name that is put together while loading", "49 CRITICAL v1 = os.system('echo')", "50 INFO return v1"}},
		{"chain", "PROTO 4; GLOBAL builtins getattr; GLOBAL importlib import_module; BINUNICODE os; TUPLE1; REDUCE; BINUNICODE system; TUPLE2; REDUCE; @call; STOP", []string{
			"2 INFO from builtins import getattr", "20 CRITICAL from importlib import import_module", "53 CRITICAL v1 = importlib.import_module('os')",
			"66 HIGH v2 = builtins.getattr(v1, 'system')", "74 HIGH v3 = v2('echo')", "75 INFO return v3"}},
		{"patch", "PROTO 4; GLOBAL collections OrderedDict; EMPTY_DICT; BINUNICODE update; @os; SETITEM; BUILD; STOP", []string{
			"2 INFO from collections import OrderedDict", "51 CRITICAL from os import system",
			"53 CRITICAL collections.OrderedDict.__setstate__({'update': os.system, …})", "54 INFO return collections.OrderedDict itself"}},
		{"new-object", "PROTO 2; GLOBAL collections OrderedDict; EMPTY_TUPLE; NEWOBJ; STOP", []string{
			"2 INFO from collections import OrderedDict", "28 INFO v1 = collections.OrderedDict.__new__(OrderedDict)", "29 INFO return v1"}},
		{"writes", "PROTO 2; GLOBAL collections deque; EMPTY_TUPLE; REDUCE; BININT1 1; APPEND; MARK; BININT1 1; APPENDS; STOP", []string{
			"2 INFO from collections import deque", "22 INFO v1 = collections.deque()", "25 INFO v1.append(…)", "29 INFO v1.extend(…)", "30 INFO return v1"}},
		{"broken", "PROTO 4; @os; @call; hex ff", []string{
			"14 CRITICAL from os import system", "22 CRITICAL os.system('echo')",
			"23 MEDIUM The pickle stream breaks at byte 23: a byte that is no pickle instruction. What it imports before that runs all the same."}},
		{"odd", "INT 0x10; POP; PROTO 4; @os; @call; STOP", []string{
			"0 CRITICAL Python's own readers part ways here (base-0 number): what is inspected need not be what is loaded.",
			"7 HIGH No writer of pickles produces this: protocol changed on the way.",
			"21 CRITICAL from os import system", "29 CRITICAL v1 = os.system('echo')", "30 INFO return v1"}},
		{"condition-not-met", "PROTO 4; GLOBAL functools partial; GLOBAL builtins print; TUPLE1; REDUCE; STOP", nil},
		{"extension", "PROTO 2; EXT1 240; STOP", []string{"2 HIGH copyreg._inverted_registry[240]", "4 INFO return a value that only running code knows"}},
		{"persistent", "PROTO 2; BINUNICODE elsewhere; BINPERSID; STOP", []string{
			"16 MEDIUM persistent_load('elsewhere')", "17 INFO return a value that only running code knows"}},
		{"repeated", "PROTO 2; GLOBAL collections OrderedDict; BINPUT 0; EMPTY_TUPLE; REDUCE; BINGET 0; EMPTY_TUPLE; REDUCE; STOP", []string{
			"2 INFO from collections import OrderedDict", "30 INFO collections.OrderedDict() x2", "35 INFO return an object of collections.OrderedDict"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, accounts := explain("model.pkl", assemble(t, c.code), true)
			if len(accounts) != 1 {
				t.Fatalf("%d accounts", len(accounts))
			}
			if c.want == nil {
				if accounts[0].Worst() < finding.High {
					t.Errorf("nothing is wrong with it: %q", told(accounts[0]))
				}
				return
			}
			if diff := cmp.Diff(c.want, told(accounts[0])); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	if _, accounts := explain("notes.txt", []byte("Nothing to see.\n"), true); accounts != nil {
		t.Errorf("prose is explained: %v", accounts)
	}
}

// An account never says less than the scan: every finding has a step in the same
// place that is at least as severe and names the rule or a worse one.
func TestAccountsSayWhatScansSay(t *testing.T) {
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) { checkAccounts(t, "model.pkl", assemble(t, a.code)) })
	}
	for _, d := range disguises {
		t.Run(d.name, func(t *testing.T) { checkAccounts(t, d.file, assemble(t, d.code)) })
	}
	paths, err := filepath.Glob("testdata/producers/*")
	if err != nil || len(paths) == 0 {
		t.Fatal("no files of producers", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			checkAccounts(t, filepath.Base(path), data)
		})
	}
}

// checkAccounts holds for every input: what is true of any account.
func checkAccounts(t *testing.T, name string, data []byte) {
	t.Helper()
	res, accounts := explain(name, data, true)
	plain := Format.Read(formattest.Input(name, data, true))
	if diff := cmp.Diff(plain.Findings, res.Findings); diff != "" {
		t.Errorf("asking for an account changes the findings:\n%s", diff)
	}
	worst := map[int64]finding.Severity{}
	for i := range accounts {
		checkGraph(t, &accounts[i])
		for _, s := range accounts[i].Steps {
			worst[s.Offset] = max(worst[s.Offset], s.Severity)
			if !utf8.ValidString(s.Text) || len(s.Text) > maxStepText+4 || s.Text == "" {
				t.Errorf("step text %q", s.Text)
			}
		}
		if len(accounts[i].Steps) > 2*maxSteps+maxTensors+1 {
			t.Errorf("%d steps", len(accounts[i].Steps))
		}
	}
	for _, f := range res.Findings {
		if got, ok := worst[f.Location.Offset]; !ok && len(accounts) < 100 || got < f.Severity {
			t.Errorf("%s %s at %d is missing: %s", f.Severity, f.Rule, f.Location.Offset, f.Message)
		}
	}
	if _, again := explain(name, data, false); !cmp.Equal(accounts, again) {
		t.Errorf("from a disk it differs:\n%s", cmp.Diff(accounts, again))
	}
}

func checkGraph(t *testing.T, a *format.Account) {
	t.Helper()
	g := &a.Graph
	for i, n := range g.Nodes {
		if n.ID != i+1 || n.Kind == "" || !utf8.ValidString(n.Text+n.Name+n.Dtype) || len(n.Text) > maxStepText+4 {
			t.Errorf("node %d: %+v", i, n)
		}
	}
	seen := map[format.Edge]bool{}
	for _, e := range g.Edges {
		if e.From < 1 || e.From > len(g.Nodes) || e.To < 1 || e.To > len(g.Nodes) || e.From == e.To || seen[e] {
			t.Errorf("edge %+v of %d nodes", e, len(g.Nodes))
		}
		seen[e] = true
	}
	for _, s := range a.Steps {
		if s.Node > len(g.Nodes) || s.Node > 0 && g.Nodes[s.Node-1].Offset != s.Offset {
			t.Errorf("step %+v has another node", s)
		}
	}
	if len(g.Nodes) > maxNodes || len(g.Edges) > maxEdges {
		t.Errorf("%d nodes, %d edges", len(g.Nodes), len(g.Edges))
	}
	if _, err := json.Marshal(a); err != nil {
		t.Error(err)
	}
}

// edges writes a graph as "kind: from -> to", by the texts of the nodes.
func edges(g *format.Graph) (out []string) {
	for _, e := range g.Edges {
		out = append(out, fmt.Sprintf("%s: %s -> %s", e.Kind, g.Nodes[e.From-1].Text, g.Nodes[e.To-1].Text))
	}
	return out
}

func TestGraph(t *testing.T) {
	for _, c := range []struct {
		name, code string
		want       []string
	}{
		{"call", "PROTO 4; @os; @call; STOP", []string{
			"calls: os.system -> v1 = os.system('echo')", "argument: 'echo' -> v1 = os.system('echo')", "contains: return v1 -> v1 = os.system('echo')"}},
		{"result-is-called", "PROTO 4; GLOBAL builtins getattr; GLOBAL os path; BINUNICODE x; TUPLE2; REDUCE; EMPTY_TUPLE; REDUCE; STOP", []string{
			"calls: builtins.getattr -> v1 = builtins.getattr(os.path, 'x')", "argument: os.path -> v1 = builtins.getattr(os.path, 'x')",
			"argument: 'x' -> v1 = builtins.getattr(os.path, 'x')", "calls: v1 = builtins.getattr(os.path, 'x') -> v2 = v1()", "contains: return v2 -> v2 = v1()"}},
		{"computed-name", "PROTO 4; GLOBAL operator add; BINUNICODE o; BINUNICODE s; TUPLE2; REDUCE; BINUNICODE system; STACK_GLOBAL; STOP", []string{
			"calls: operator.add -> operator.add('o', 's')  # 'os'", "argument: 'o' -> operator.add('o', 's')  # 'os'", "argument: 's' -> operator.add('o', 's')  # 'os'",
			"contains: return os.system itself -> os.system", "argument: operator.add('o', 's')  # 'os' -> os.system"}},
		{"write", "PROTO 4; GLOBAL collections OrderedDict; EMPTY_DICT; BINUNICODE update; @os; SETITEM; BUILD; STOP", []string{
			"argument: os.system -> collections.OrderedDict.__setstate__({'update': os.system, …})",
			"writes: collections.OrderedDict.__setstate__({'update': os.system, …}) -> collections.OrderedDict",
			"contains: return collections.OrderedDict itself -> collections.OrderedDict"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, accounts := explain("model.pkl", assemble(t, c.code), true)
			if diff := cmp.Diff(c.want, edges(&accounts[0].Graph)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A stream inside of bytes is a node that the bytes contain.
func TestGraphOfNestedStream(t *testing.T) {
	text, err := os.ReadFile("testdata/bad/nested.pkl.asm")
	if err != nil {
		t.Fatal(err)
	}
	data, err := sample.Pickle(string(text))
	if err != nil {
		t.Fatal(err)
	}
	_, accounts := explain("model.pkl", data, true)
	if !slices.ContainsFunc(accounts[0].Graph.Nodes, func(n format.Node) bool { return n.Kind == format.NodeStream }) {
		t.Errorf("no stream among %+v", accounts[0].Graph.Nodes)
	}
}

func TestBuilds(t *testing.T) {
	tensor := func(name, dtype string, offset int64, shape ...int64) format.Tensor {
		return format.Tensor{Name: name, Dtype: dtype, Shape: append([]int64{}, shape...), Offset: offset}
	}
	for _, c := range []struct {
		file string
		want format.Builds
	}{
		{"torch-state.pkl", format.Builds{Returns: "a dict of 6 items", Tensors: 9, Elements: 35, Listed: []format.Tensor{
			tensor("model.0.weight", "float32", 198, 2, 1, 3, 3), tensor("model.0.bias", "float32", 260, 2), tensor("model.1.weight", "float32", 324, 2),
			tensor("model.1.bias", "float32", 386, 2), tensor("model.1.running_mean", "float32", 456, 2), tensor("model.1.running_var", "float32", 525, 2),
			tensor("model.1.num_batches_tracked", "int64", 613), tensor("model.4.weight", "float32", 681, 2, 2), tensor("model.4.bias", "float32", 743, 2)},
			Classes: []format.Class{{Name: "collections.OrderedDict", Count: 11}, {Name: "torch.Size", Count: 1}}}},
		{"sklearn-linear_p0.pkl", format.Builds{Returns: "an object of sklearn.linear_model._logistic.LogisticRegression", Tensors: 4, Elements: 7, Listed: []format.Tensor{
			tensor("classes_", "int64", 780, 2), tensor("n_iter_", "int32", 957, 1), tensor("coef_", "float64", 1140, 1, 3), tensor("intercept_", "float64", 1249, 1)},
			Classes: []format.Class{{Name: "sklearn.linear_model._logistic.LogisticRegression", Count: 1}}}},
	} {
		t.Run(c.file, func(t *testing.T) {
			data, err := os.ReadFile("testdata/producers/" + c.file)
			if err != nil {
				t.Fatal(err)
			}
			_, accounts := explain(c.file, data, true)
			if diff := cmp.Diff(c.want, accounts[0].Builds); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Neither harmless steps nor less severe ones hide what is dangerous.
func TestFloodHidesNothing(t *testing.T) {
	flood := func(line string, n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.ReplaceAll(line, "#", fmt.Sprint(i)))
		}
		return b.String()
	}
	for name, code := range map[string]string{
		"harmless": flood("GLOBAL numpy float64; POP; GLOBAL collections OrderedDict; EMPTY_TUPLE; REDUCE; BINUNICODE k#; BINUNICODE v; SETITEM; POP; ", 5000),
		"unknown":  flood("GLOBAL acme name#; POP; ", maxSteps+500),
		"medium":   flood("BINUNICODE p#; BINPERSID; POP; ", 900) + flood("GLOBAL acme name#; POP; ", maxSteps),
	} {
		t.Run(name, func(t *testing.T) {
			_, accounts := explain("model.pkl", assemble(t, "PROTO 4; "+code+"@os; @call; STOP"), true)
			a := &accounts[0]
			if !slices.ContainsFunc(a.Steps, func(s format.Step) bool { return strings.Contains(s.Text, "os.system('echo')") }) {
				t.Error("the call is not told")
			}
			if name != "harmless" && len(a.Cuts) == 0 {
				t.Error("nothing says that steps are missing")
			}
			checkGraph(t, a)
		})
	}
}

func TestNumpyType(t *testing.T) {
	for in, want := range map[string]string{"f8": "float64", "<i4": "int32", "b1": "bool", "U10": "str10", "O8": "object", "M8[ns]": "datetime64[ns]",
		"structured": "structured", "": "", "f": "f", "f999": "f999", "c16": "complex128", "S3": "bytes3"} {
		if got := numpyType(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
