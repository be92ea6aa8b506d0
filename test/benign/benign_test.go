// Package benign scans what ordinary libraries write. A data scientist who saves a
// model with a well-known library must get a clean verdict; testdata/benign holds
// such files, saved by the libraries themselves (its README names the versions).
//
// Nothing above INFO may be raised and nothing may stay unread, apart from the
// files in exceptions: those are honest, and each says why.
package benign

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/artifact"
	detectors "github.com/sallyport/sallyport/internal/detect/all"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format/all"
	"github.com/sallyport/sallyport/internal/scan"
	"github.com/sallyport/sallyport/internal/source/local"
)

const corpus = "../../testdata/benign"

// exceptions are files that do not come out clean, by a pattern of path.Match.
// want is the rule that must be there: the day it is not, the line goes.
var exceptions = []struct{ files, want, reason string }{
	{"python/operators_p?.pkl", "SP-PICKLE-001", "operator.attrgetter and itemgetter reach into any object when they are called; they are the classic way around an allow list"},
	{"python/builtin-functions_p?.pkl", "SP-PICKLE-001", "sorted, min and max call a function that they are given, sum runs an operator of what it is given"},
	{"cloudpickle-*/by-value-*", "SP-PICKLE-010", "the file carries the code of a function or class, and nobody can say by its name what it does"},
	{"dill-*/by-value-*", "SP-PICKLE-010", "the file carries the code of a function or class, and nobody can say by its name what it does"},
	{"dill-*/session.pkl", "SP-PICKLE-010", "a session is a module that the file makes, with whatever code was in it"},
	{"dill-*/range.pkl", "SP-PICKLE-010", "dill writes a range as a text that loading evaluates"},
	{"scikit-learn-*/y-own-function_p?.pkl", "SP-PICKLE-002", "the transformer calls a function of the script that saved it"},
	{"omegaconf-*/structured.pt", "SP-PICKLE-002", "the configuration names a class of the script that saved it"},
	{"timm-*/whole-module.pt", "SP-PICKLE-002", "a whole module of a library whose classes are not on the list; its state_dict would be clean"},
	{"spacy-*/strings_p?.pkl", "SP-PICKLE-002", "pickles of spaCy load others inside of them; its own folders of models are the way to save one"},
	{"python/partial-of-builtins_p?.pkl", "SP-PICKLE-001", "a partial of sorted calls whatever its key is"},
}

// reviewed are findings at MEDIUM that are right: nothing is blocked, a person may
// want to look.
var reviewed = []struct{ files, rule, reason string }{
	{"accelerate-*/state-random_states_0.pkl", "SP-NAME-001", "Accelerate writes a PyTorch archive under the name of a pickle"},
	{"torch-*/*-spectralnorm.pt", "SP-PICKLE-016", "spectral_norm hooks itself into the layer; the hooks are torch's own"},
	{"torch-*/*-old-weightnorm.pt", "SP-PICKLE-016", "weight_norm of old hooks itself into the layer; the hook is torch's own"},
}

// atLeast keeps the corpus from shrinking unnoticed, by producer without version.
var atLeast = map[string]int{
	"python": 70, "numpy": 150, "pandas": 190, "scikit-learn": 410, "joblib": 91, "scipy": 70, "xgboost": 40, "lightgbm": 34,
	"torch": 125, "transformers": 22, "gensim": 9, "hmmlearn": 1, "imbalanced-learn": 4, "statsmodels": 6,
	"cloudpickle": 22, "dill": 24, "lightning": 8, "omegaconf": 13, "accelerate": 4, "deepspeed": 3, "tensordict": 3, "ultralytics": 1, "timm": 1, "nltk": 8, "spacy": 1,
}

func TestBenignFilesAreClean(t *testing.T) {
	counts := map[string]int{}
	used := make([]bool, len(exceptions))
	for _, folder := range folders(t) {
		producer := folder
		if i := strings.LastIndexByte(folder, '-'); i > 0 {
			producer = folder[:i]
		}
		for _, file := range files(t, folder) {
			counts[producer]++
			t.Run(file, func(t *testing.T) { check(t, file, used) })
		}
	}
	for producer, want := range atLeast {
		if counts[producer] < want {
			t.Errorf("%s: %d files, want %d or more", producer, counts[producer], want)
		}
	}
	for i, e := range exceptions {
		if !used[i] {
			t.Errorf("the exception %s fits no file", e.files)
		}
	}
}

func check(t *testing.T, file string, used []bool) {
	r := scanFile(t, file)
	i := slices.IndexFunc(exceptions, func(e struct{ files, want, reason string }) bool {
		ok, err := path.Match(e.files, file)
		return ok && err == nil
	})
	if i >= 0 {
		used[i] = true
		raised := func(f finding.Finding) bool { return f.Rule == exceptions[i].want }
		missing := func(g finding.Gap) bool { return g.Rule == exceptions[i].want }
		if !slices.ContainsFunc(r.Findings, raised) && !slices.ContainsFunc(r.Gaps, missing) {
			t.Errorf("%s is not raised any more; take the line out of the exceptions", exceptions[i].want)
		}
		return
	}
	for _, f := range r.Findings {
		if f.Severity > finding.Low && !(f.Severity == finding.Medium && mayReview(file, f.Rule)) {
			t.Errorf("%s %s %s: %s", f.Severity, f.Rule, f.Location, f.Message)
		}
	}
	for _, g := range r.Gaps {
		t.Errorf("gap %s %s: %s", g.Rule, g.Location, g.Reason)
	}
	if r.Verdict != finding.Clean {
		t.Errorf("the verdict is %s", r.Verdict)
	}
}

func mayReview(file, rule string) bool {
	for _, r := range reviewed {
		if ok, err := path.Match(r.files, file); ok && err == nil && r.rule == rule {
			return true
		}
	}
	return false
}

// scanFile scans one file as an artifact of its own.
func scanFile(t *testing.T, file string) *finding.Report {
	t.Helper()
	full := filepath.Join(corpus, filepath.FromSlash(file))
	info, err := os.Stat(full)
	if err != nil {
		t.Fatal(err)
	}
	name := path.Base(file)
	if producer, ok := strings.CutSuffix(name, ".training_args.bin"); ok && producer != "" {
		name = "training_args.bin" // the name that the trainer gives it
	}
	tree := &artifact.Tree{Source: file, Files: []artifact.File{{Path: name, Size: info.Size(),
		Open: func() (artifact.Content, error) { return local.Open(full) }}}}
	r, err := scan.Run(context.Background(), tree, all.Formats(), scan.Options{Detectors: detectors.Detectors(), Jobs: 1})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func folders(t *testing.T) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(corpus)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, e.Name())
		}
	}
	return out
}

func files(t *testing.T, folder string) (out []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(corpus), folder, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) == 0 {
		t.Fatal(fmt.Errorf("%s holds nothing", folder))
	}
	return out
}
