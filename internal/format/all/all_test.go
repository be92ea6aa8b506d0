package all

import (
	"bytes"
	"context"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/artifact"
	detectors "github.com/sallyport/sallyport/internal/detect/all"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/internal/sample"
	"github.com/sallyport/sallyport/internal/scan"
)

// engineRules are raised by the engine, not by a format.
var engineRules = []string{"SP-NAME-001", "SP-NAME-002", "SP-NAME-003", "SP-DEEP-001", "SP-DEEP-002", "SP-DEEP-003", "SP-DEEP-004", "SP-DEEP-005",
	"SP-REF-001", "SP-REF-002"}

func TestEveryFormatFolderIsListed(t *testing.T) {
	folders, err := filepath.Glob("../*")
	if err != nil {
		t.Fatal(err)
	}
	ids, listed := map[string]bool{}, map[string]bool{}
	for _, f := range Formats() {
		name := runtime.FuncForPC(reflect.ValueOf(f.Read).Pointer()).Name() // …/internal/format/zip.read
		folder, _, _ := strings.Cut(path.Base(name), ".")
		listed[folder] = true
		if ids[f.ID] {
			t.Errorf("format id %q is used twice", f.ID)
		}
		ids[f.ID] = true
		if f.Title == "" || f.Spec == "" || f.Match == nil || f.Read == nil {
			t.Errorf("format %q lacks title, spec, Match or Read", f.ID)
		}
	}
	if len(folders) < 20 {
		t.Fatalf("only %d folders: the test checks nothing", len(folders))
	}
	for _, folder := range folders {
		id := filepath.Base(folder)
		if id == "all" || !hasGo(folder) {
			continue
		}
		if !listed[id] {
			t.Errorf("folder %s is not in the list", id)
		}
		if !hasFuzz(t, folder) {
			t.Errorf("format %s lacks a fuzz target", id)
		}
		for _, need := range []string{"testdata/clean", "testdata/broken"} {
			if _, err := os.Stat(filepath.Join(folder, need)); err != nil {
				t.Errorf("format %s lacks %s", id, need)
			}
		}
	}
}

func hasFuzz(t *testing.T, folder string) bool {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(folder, "*_test.go"))
	return slices.ContainsFunc(files, func(name string) bool {
		p, err := os.ReadFile(name)
		return err == nil && bytes.Contains(p, []byte("\nfunc Fuzz"))
	})
}

func hasGo(folder string) bool {
	files, _ := filepath.Glob(filepath.Join(folder, "*.go"))
	return len(files) > 0
}

func TestEveryRuleIsRaisedBySomebodyAndExists(t *testing.T) {
	raised := map[string]bool{}
	for _, id := range engineRules {
		raised[id] = true
	}
	for _, f := range Formats() {
		for _, id := range f.Rules {
			raised[id] = true
			if _, ok := rule.Lookup(id); !ok {
				t.Errorf("format %s names the unknown rule %s", f.ID, id)
			}
		}
	}
	for _, d := range detectors.Detectors() {
		for _, id := range d.Rules {
			raised[id] = true
			if _, ok := rule.Lookup(id); !ok {
				t.Errorf("detector %s names the unknown rule %s", d.ID, id)
			}
		}
	}
	for _, r := range rule.All() {
		if r.Kind == "finding" && !raised[r.ID] {
			t.Errorf("nobody raises %s", r.ID)
		}
	}
}

// TestRuleSamples scans every sample of every rule: a bad one must raise the
// rule; a good one must not, and must be clean unless its name says that it is
// incomplete or flagged for another reason.
func TestRuleSamples(t *testing.T) {
	for _, r := range rule.All() {
		for _, kind := range []string{"bad", "good"} {
			folder := filepath.Join("../../../rules", r.ID, kind)
			entries, err := os.ReadDir(folder)
			if r.Kind == "finding" && (err != nil || len(entries) == 0) {
				t.Errorf("%s has no %s sample", r.ID, kind)
			}
			for _, e := range entries {
				t.Run(r.ID+"/"+kind+"/"+e.Name(), func(t *testing.T) {
					report := scanSample(t, filepath.Join(folder, e.Name()), strings.HasPrefix(r.ID, "SP-DEEP"))
					checkSample(t, r.ID, kind == "bad", e.Name(), report)
				})
			}
		}
	}
}

func checkSample(t *testing.T, id string, bad bool, name string, r *finding.Report) {
	t.Helper()
	fired := slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return f.Rule == id }) ||
		slices.ContainsFunc(r.Gaps, func(g finding.Gap) bool { return g.Rule == id })
	switch {
	case bad && !fired:
		t.Errorf("the rule is silent; findings %+v, gaps %+v", r.Findings, r.Gaps)
	case !bad && fired:
		t.Errorf("the rule fires on the innocent sample: %+v %+v", r.Findings, r.Gaps)
	case !bad && !strings.Contains(name, "incomplete") && !strings.Contains(name, "flagged") && r.Verdict != finding.Clean:
		t.Errorf("the innocent sample is %s: %+v %+v", r.Verdict, r.Findings, r.Gaps)
	}
}

func scanSample(t *testing.T, name string, deep bool) *finding.Report {
	t.Helper()
	tree := &artifact.Tree{Source: "sample"}
	err := filepath.WalkDir(name, func(full string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(name, full)
		if rel == "." {
			rel = filepath.Base(full)
		}
		tree.Files = append(tree.Files, sampleFile(t, full, filepath.ToSlash(rel)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	tree.Sort()
	report, err := scan.Run(context.Background(), tree, Formats(), scan.Options{Detectors: detectors.Detectors(), Jobs: 1, Deep: deep})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func sampleFile(t *testing.T, full, rel string) artifact.File {
	t.Helper()
	text, err := os.ReadFile(full)
	if err != nil {
		t.Fatal(err)
	}
	base, data, err := sample.Build(path.Base(rel), text)
	if err != nil {
		t.Fatal(err)
	}
	return artifact.File{Path: path.Join(path.Dir(rel), base), Size: int64(len(data)),
		Open: func() (artifact.Content, error) { return inMemory{bytes.NewReader(data)}, nil }}
}

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }
