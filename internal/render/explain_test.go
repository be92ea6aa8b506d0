package render

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

var explanations = map[string]func() *Explanation{
	"dangerous": dangerous, "harmless": harmlessModel, "plain": plainData, "hostile": hostileExplanation, "many": manySteps, "nothing": unexplained,
}

// dangerous is a call that leads from a constant and a computed name.
func dangerous() *Explanation {
	at := finding.Location{Path: "model.bin", Inside: []string{"archive/data.pkl"}}
	e := &Explanation{Report: sealed(finding.Report{Source: "./model.bin", Files: []finding.Node{{Name: "model.bin", Size: 1, Formats: []string{"torch"}}},
		Findings: []finding.Finding{
			{Rule: "SP-PICKLE-001", Severity: finding.Critical, Location: at, Symbol: "os.system", Message: "Loading this file calls os.system('echo'), which can run any program."},
			{Rule: "SP-ZIP-001", Severity: finding.Medium, Location: finding.Location{Path: "model.bin"}, Symbol: "x", Message: "This file has two directories."}},
		Gaps: []finding.Gap{{Rule: "SP-COV-001", Location: finding.Location{Path: "model.bin", Offset: 9, Length: 3}, Reason: "No structure of the file explains these bytes."}}})}
	e.Accounts = []format.Account{{Location: at, Format: "pickle", Builds: format.Builds{Returns: "what os.system returns"},
		Steps: []format.Step{
			{Offset: 2, Kind: format.StepImport, Text: "from operator import add", Severity: finding.Medium, Rule: "SP-PICKLE-014", Node: 1},
			{Offset: 20, Kind: format.StepCall, Text: "operator.add('sys', 'tem')  # 'system'", Node: 2},
			{Offset: 40, Kind: format.StepImport, Text: "from os import system", Severity: finding.Critical, Rule: "SP-PICKLE-001", Node: 3},
			{Offset: 52, Kind: format.StepCall, Text: "v1 = os.system('echo')", Severity: finding.Critical, Rule: "SP-PICKLE-001", Node: 4,
				Message: "Loading this file calls os.system('echo'), which can run any program."},
			{Offset: 53, Kind: format.StepReturn, Text: "return v1", Node: 5}},
		Graph: format.Graph{
			Nodes: []format.Node{
				{ID: 1, Kind: format.NodeImport, Name: "operator.add", Text: "operator.add", Offset: 2, Severity: finding.Medium, Rule: "SP-PICKLE-014"},
				{ID: 2, Kind: format.NodeCall, Name: "operator.add", Text: "operator.add('sys', 'tem')  # 'system'", Args: []string{"'sys'", "'tem'"}, Offset: 20},
				{ID: 3, Kind: format.NodeImport, Name: "os.system", Text: "os.system", Offset: 40, Severity: finding.Critical, Rule: "SP-PICKLE-001"},
				{ID: 4, Kind: format.NodeCall, Name: "os.system", Text: "v1 = os.system('echo')", Args: []string{"'echo'"}, Offset: 52, Severity: finding.Critical, Rule: "SP-PICKLE-001"},
				{ID: 5, Kind: format.NodeResult, Text: "return v1", Offset: 53},
				{ID: 6, Kind: format.NodeConstant, Text: "'echo'", Offset: 44}},
			Edges: []format.Edge{{From: 1, To: 2, Kind: format.EdgeCalls}, {From: 2, To: 3, Kind: format.EdgeArgument}, {From: 3, To: 4, Kind: format.EdgeCalls},
				{From: 6, To: 4, Kind: format.EdgeArgument}, {From: 5, To: 4, Kind: format.EdgeContains}}},
	}}
	return e
}

func harmlessModel() *Explanation {
	e := &Explanation{Report: clean()}
	a := format.Account{Location: finding.Location{Path: "model.bin", Inside: []string{"archive/data.pkl"}}, Format: "pickle",
		Builds: format.Builds{Returns: "a dict of 20 items", Tensors: 20, Elements: 1280, Classes: []format.Class{{Name: "collections.OrderedDict", Count: 21}}}}
	a.Steps = []format.Step{{Offset: 2, Kind: format.StepImport, Text: "from torch._utils import _rebuild_tensor_v2"},
		{Offset: 60, Kind: format.StepCall, Text: "torch._utils._rebuild_tensor_v2(…)", Count: 20}}
	for i := range 20 {
		name := fmt.Sprintf("layer.%d.weight", i/10)
		a.Builds.Listed = append(a.Builds.Listed, format.Tensor{Name: name, Dtype: "float32", Shape: []int64{8, 8}, Offset: int64(100 + i)})
		a.Steps = append(a.Steps, format.Step{Offset: int64(100 + i), Kind: format.StepBuild, Text: name + ": tensor of float32, shape (8, 8)"})
	}
	for i := range 10 {
		a.Builds.Classes = append(a.Builds.Classes, format.Class{Name: fmt.Sprintf("library.Class%d", i), Count: 1})
	}
	e.Accounts = []format.Account{a}
	return e
}

func plainData() *Explanation {
	return &Explanation{Report: clean(), Accounts: []format.Account{{Location: finding.Location{Path: "tiny.pkl"}, Format: "pickle", Title: "stream 1 of 2",
		Builds: format.Builds{Returns: "a dict of 2 items"}, Steps: []format.Step{{Offset: 50, Kind: format.StepReturn, Text: "return a dict of 2 items"}}}}}
}

func unexplained() *Explanation { return &Explanation{Report: incompleteReport()} }

// hostileExplanation has the hostile string wherever a stranger's string can be.
func hostileExplanation() *Explanation {
	e := &Explanation{Report: hostileReport(), Cuts: []format.Cut{{Limit: hostile, Most: 1, Left: 1}}}
	for _, sev := range []finding.Severity{finding.Info, finding.Critical} {
		e.Accounts = append(e.Accounts, format.Account{
			Location: finding.Location{Path: hostile, Inside: []string{hostile}}, Format: hostile, Title: hostile,
			Builds: format.Builds{Returns: hostile, Tensors: 2, Elements: 3,
				Listed:  []format.Tensor{{Name: hostile, Dtype: hostile, Shape: []int64{-1, 3}}, {Name: hostile + ".x", Dtype: hostile}},
				Classes: []format.Class{{Name: hostile, Count: 1}}},
			Steps: []format.Step{{Offset: 1, Kind: format.StepCall, Text: hostile, Severity: sev, Rule: hostile, Message: hostile, Node: 1},
				{Offset: -1, Kind: hostile, Text: hostile, Severity: sev, Rule: hostile}, {Kind: format.StepBreak, Text: hostile, Severity: sev}},
			Graph: format.Graph{
				Nodes: []format.Node{{ID: 1, Kind: hostile, Name: hostile, Text: hostile, Args: []string{hostile}, Dtype: hostile, Offset: 1, Severity: sev, Rule: hostile},
					{ID: 2, Kind: format.NodeConstant, Text: hostile}},
				Edges: []format.Edge{{From: 2, To: 1, Kind: hostile}, {From: 1, To: 2, Kind: format.EdgeContains}, {From: 1, To: 99, Kind: format.EdgeCalls}}},
			Cuts: []format.Cut{{Limit: hostile, Most: 5, Left: 7}}})
	}
	return e
}

// manySteps has long runs, many streams and more steps than a page shows.
func manySteps() *Explanation {
	e := &Explanation{Report: flaggedReport()}
	for k := range 30 {
		a := format.Account{Location: finding.Location{Path: "many.pkl"}, Format: "pickle", Title: fmt.Sprintf("stream %d of 30", k+1), Offset: int64(k * 1000)}
		for i := range 40 {
			a.Steps = append(a.Steps, format.Step{Offset: int64(i * 10), Kind: format.StepCall, Text: fmt.Sprintf("numpy.float64(%d)", i)})
		}
		if k == 7 {
			a.Steps = append(a.Steps, format.Step{Offset: 400, Kind: format.StepImport, Text: "from os import system", Severity: finding.High, Rule: "SP-PICKLE-001"})
		}
		a.Cuts = []format.Cut{{Limit: "explain-steps", Most: 40, Left: 1234}}
		e.Accounts = append(e.Accounts, a)
	}
	return e
}

func htmlPage(t *testing.T, e *Explanation) string {
	t.Helper()
	var b bytes.Buffer
	if err := ExplainHTML(&b, e); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// elements and attributes are all that a page may consist of.
var (
	elements = words("html head meta title style body header main footer section h1 h2 h3 p b bdi code ul li a span details summary table thead tbody tr th td " +
		"figure figcaption svg defs marker path rect text g")
	attributes = words("lang charset http-equiv content name class id href viewBox viewbox role aria-labelledby refX refx refY refy markerWidth markerwidth " +
		"markerHeight markerheight orient d marker-end marker-start x y width height rx")
)

func words(s string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		m[w] = true
	}
	return m
}

// checkPage parses the page as a browser does and allows nothing but our own
// elements: no script, no address but a place in the page, no style attribute.
func checkPage(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Error("not UTF-8")
	}
	doc, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		switch n.Type {
		case html.CommentNode:
			t.Errorf("a comment: %q", n.Data)
		case html.TextNode:
			for _, r := range n.Data {
				if r != '\n' && hidden(r) {
					t.Fatalf("invisible %U in %q", r, n.Data)
				}
			}
		case html.ElementNode:
			if !elements[n.Data] {
				t.Errorf("element <%s>", n.Data)
			}
			for _, a := range n.Attr {
				if !attributes[a.Key] || strings.Contains(a.Val, "alert") || a.Key == "href" && !regexp.MustCompile(`^#s\d+-(-1|\d+)$`).MatchString(a.Val) ||
					a.Key == "class" && !regexp.MustCompile(`^[a-z ]+$`).MatchString(a.Val) || a.Key == "id" && !regexp.MustCompile(`^[a-z]\d+(-(-1|\d+))?$`).MatchString(a.Val) {
					t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
				}
			}
		}
	}
}

func TestPageHoldsNothingButOurMarkup(t *testing.T) {
	for name, make := range explanations {
		t.Run(name, func(t *testing.T) { checkPage(t, htmlPage(t, make())) })
	}
}

// Links lead to places that the page has.
func TestPageLinks(t *testing.T) {
	for name, make := range explanations {
		text := htmlPage(t, make())
		for _, m := range regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(text, -1) {
			if strings.Count(text, `id="`+m[1]+`"`) != 1 {
				t.Errorf("%s: %q is there %d times", name, m[1], strings.Count(text, `id="`+m[1]+`"`))
			}
		}
	}
}

// The browser is told to load nothing and to run nothing; the one style sheet is
// allowed by its digest.
func TestPagePolicy(t *testing.T) {
	text := htmlPage(t, dangerous())
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(text)[1]
	sum := sha256.Sum256([]byte(style))
	want := `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-` + base64.StdEncoding.EncodeToString(sum[:]) +
		`'; base-uri 'none'; form-action 'none'">`
	if strings.Count(text, want) != 1 || strings.Index(text, want) > strings.Index(text, "<style>") {
		t.Error("the policy is missing, or stands behind what it should allow")
	}
	for _, word := range []string{"url(", "@import", "expression", "http:", "https:"} {
		if strings.Contains(style, word) {
			t.Errorf("the style sheet has %q", word)
		}
	}
	for _, word := range []string{"<script", "javascript:", " on", "src="} {
		if i := strings.Index(strings.ReplaceAll(text, style, ""), word+`="`); i >= 0 {
			t.Errorf("the page has %q: %s", word, text[i:i+40])
		}
	}
	if !strings.Contains(style, "prefers-color-scheme: dark") || !strings.Contains(style, "@media print") || !strings.Contains(style, ":focus-visible") {
		t.Error("dark, print or focus style is missing")
	}
}

// A megabyte of name, a hundred thousand steps: the page stays small enough to open.
func TestPageIsBounded(t *testing.T) {
	long := strings.Repeat("<img src=x onerror=alert(1)>\u202e", 1<<15)
	e := hostileExplanation()
	for i := range e.Accounts {
		a := &e.Accounts[i]
		a.Location.Path, a.Title, a.Builds.Returns = long, long, long
		a.Steps[0].Text, a.Steps[0].Message, a.Graph.Nodes[0].Text = long, long, long
		for k := range 60_000 {
			a.Steps = append(a.Steps, format.Step{Offset: int64(k), Kind: format.StepCall, Text: fmt.Sprint("f(", k, ")"), Severity: finding.High})
			a.Builds.Listed = append(a.Builds.Listed, format.Tensor{Name: fmt.Sprint("n", k), Shape: []int64{1}})
		}
	}
	e.Report.Source = long
	text := htmlPage(t, e)
	checkPage(t, text)
	if len(text) > maxPage+1<<20 || !strings.Contains(text, "did not fit this page") {
		t.Errorf("%d bytes", len(text))
	}
	var b bytes.Buffer
	if err := Explain(&b, e, Options{Width: 80}); err != nil {
		t.Fatal(err)
	}
}

// Nothing that is dangerous is folded away, in text or page.
func TestFoldingHidesNoDanger(t *testing.T) {
	e := manySteps()
	var b bytes.Buffer
	if err := Explain(&b, e, Options{Width: 80}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "HIGH  from os import system") {
		t.Error("the text folds it")
	}
	text := regexp.MustCompile(`(?s)<details>.*?</details>`).ReplaceAllString(htmlPage(t, e), "")
	if !strings.Contains(text, "from os import system") {
		t.Error("the page folds it")
	}
	for _, s := range segments(e.Accounts[7].Steps) {
		if s.folded && len(harmless(s.steps)) != len(s.steps) {
			t.Error("a segment folds a step with a severity")
		}
	}
	b.Reset()
	if err := Explain(&b, e, Options{Width: 80, All: true}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "--all") || strings.Count(b.String(), "numpy.float64(") != 30*40 {
		t.Error("--all folds something")
	}
}

func TestSegments(t *testing.T) {
	for n := range 40 {
		for loud := -1; loud < n; loud++ {
			steps := make([]format.Step, n)
			for i := range steps {
				steps[i].Offset = int64(i)
			}
			if loud >= 0 {
				steps[loud].Severity = finding.High
			}
			next := int64(0)
			for _, s := range segments(steps) {
				if len(s.steps) == 0 {
					t.Fatalf("%d steps, loud %d: an empty part", n, loud)
				}
				for _, one := range s.steps {
					if one.Offset != next {
						t.Fatalf("%d steps, loud %d: step %d at the place of %d", n, loud, one.Offset, next)
					}
					next++
				}
			}
			if next != int64(n) {
				t.Fatalf("%d steps, loud %d: %d come back", n, loud, next)
			}
		}
	}
}

func TestExplanationsFollowTheSchema(t *testing.T) {
	s := compileSchema(t, "explanation.schema.json")
	for name, make := range explanations {
		if name == "hostile" {
			continue // its kinds are not ours
		}
		t.Run(name, func(t *testing.T) {
			if err := s.Validate(decoded(t, func(w io.Writer) error { return ExplainJSON(w, make()) })); err != nil {
				t.Error(err)
			}
		})
	}
	for name, change := range map[string]func(map[string]any){
		"unknown_field": func(m map[string]any) { m["extra"] = 1 },
		"no_verdict":    func(m map[string]any) { delete(m, "verdict") },
		"unknown_kind": func(m map[string]any) {
			m["accounts"].([]any)[0].(map[string]any)["steps"].([]any)[0].(map[string]any)["kind"] = "explode"
		},
		"unknown_edge": func(m map[string]any) {
			m["accounts"].([]any)[0].(map[string]any)["graph"].(map[string]any)["edges"].([]any)[0].(map[string]any)["kind"] = "loves"
		},
		"no_graph": func(m map[string]any) { delete(m["accounts"].([]any)[0].(map[string]any), "graph") },
		"text_offset": func(m map[string]any) {
			m["accounts"].([]any)[0].(map[string]any)["offset"] = json.Number("-5")
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := decoded(t, func(w io.Writer) error { return ExplainJSON(w, dangerous()) })
			change(v.(map[string]any))
			if s.Validate(v) == nil {
				t.Error("the schema accepts it")
			}
		})
	}
}

func TestTruncationIsSaid(t *testing.T) {
	e := dangerous()
	for range maxBeside + 3 {
		e.Report.Gaps = append(e.Report.Gaps, e.Report.Gaps[0])
	}
	var b bytes.Buffer
	if err := ExplainJSON(&b, e); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Truncated bool
		Cuts      []format.Cut
		Gaps      []finding.Gap
		Accounts  []struct{ Truncated bool }
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if !got.Truncated || len(got.Cuts) != 1 || got.Cuts[0].Left != 4 || len(got.Gaps) != maxBeside || got.Accounts[0].Truncated {
		t.Errorf("%v %v, %d gaps", got.Truncated, got.Cuts, len(got.Gaps))
	}
}

// FuzzDrawing places any graph: boxes do not overlap, lie inside, and edges lead
// downwards.
func FuzzDrawing(f *testing.F) {
	f.Add([]byte{0, 1, 1, 2, 2, 0, 3, 3})
	f.Add([]byte{9, 1, 8, 1, 7, 1, 6, 1, 1, 2})
	f.Fuzz(func(t *testing.T, data []byte) {
		kinds := []string{format.EdgeCalls, format.EdgeArgument, format.EdgeWrites, format.EdgeContains, "other"}
		var g format.Graph
		for i, c := range data[:min(len(data), 200)] {
			g.Nodes = append(g.Nodes, format.Node{ID: i + 1, Kind: format.NodeCall, Text: strings.Repeat(string(rune(c)), int(c)), Offset: int64(c % 16), Severity: finding.Severity(c % 5)})
		}
		for i := 0; i+1 < len(data); i += 2 {
			g.Edges = append(g.Edges, format.Edge{From: int(data[i]), To: int(data[i+1]), Kind: kinds[int(data[i])%len(kinds)]})
		}
		d := draw(&g)
		if len(d.boxes) > drawNodes {
			t.Fatalf("%d boxes", len(d.boxes))
		}
		cells := map[[2]int]bool{}
		for _, b := range d.boxes {
			cell := [2]int{b.row, b.column}
			if cells[cell] || b.x < 0 || b.x+boxWidth > drawWidth || b.y < 0 || b.y+b.height > d.high || len(b.lines) > boxLines {
				t.Fatalf("box %+v in %+v", b, d)
			}
			cells[cell] = true
		}
		for _, l := range d.edges {
			if l.from.row >= l.to.row {
				t.Fatalf("an edge from row %d to row %d", l.from.row, l.to.row)
			}
		}
		var b bytes.Buffer
		if err := ExplainHTML(&b, &Explanation{Report: clean(), Accounts: []format.Account{{Graph: g}}}); err != nil {
			t.Fatal(err)
		}
		checkPage(t, b.String())
	})
}
