// Command samples writes the samples of the tests as the files they stand for, so
// that other programs can be given them:
//
//	DIR/clean/LIBRARY/NAME   what real producers have written, and testdata/models
//	DIR/hostile/RULE/NAME    what a rule of severity HIGH or CRITICAL must fire on
//
// A NAME is a file or a whole repository. All of them are inert: what a hostile one
// would call is "echo".
//
// usage: go run ./scripts/samples [-clean N] [-hostile N] DIR, in the root of the
// repository; N is how many samples of one library or rule at most, 0 all
package main

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/internal/sample"
)

// leftOut are files among the clean that do carry code, or are no whole model, by a
// pattern of path.Match: nobody could call a scanner wrong that does not pass them.
var leftOut = []struct{ files, reason string }{
	{"cloudpickle-*/by-value-*", "carries code"},
	{"dill-*/by-value-*", "carries code"},
	{"dill-*/session.pkl", "carries code"},
	{"dill-*/range.pkl", "carries code"},
	{"format-keras/container_of_lambda.keras*", "carries code"},
	{"format-json/model_index.json*", "names code of its repository"},
	{"python/operators_p?.pkl", "calls functions that it is given"},
	{"python/builtin-functions_p?.pkl", "calls functions that it is given"},
	{"python/partial-of-builtins_p?.pkl", "calls functions that it is given"},
	{"scikit-learn-*/y-own-function_p?.pkl", "needs the script that saved it"},
	{"omegaconf-*/structured.pt", "needs the script that saved it"},
	{"timm-*/whole-module.pt", "classes of a rare library"},
	{"spacy-*/strings_p?.pkl", "classes of a rare library"},
	{"format-sevenzip/*", "holds bytes of no format"},
	{"format-keras/*.json*", "a part of a model"},
	{"format-keras/*.pb*", "a part of a model"},
}

func main() {
	clean := flag.Int("clean", 0, "clean samples of one library at most")
	hostile := flag.Int("hostile", 0, "hostile samples of one rule at most")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: samples [-clean N] [-hostile N] DIR")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *clean, *hostile); err != nil {
		fmt.Fprintln(os.Stderr, "samples:", err)
		os.Exit(1)
	}
}

func run(dir string, clean, hostile int) error {
	for _, g := range cleanGroups() {
		if err := g.build(dir, clean); err != nil {
			return err
		}
	}
	for _, g := range hostileGroups() {
		if err := g.build(dir, hostile); err != nil {
			return err
		}
	}
	return nil
}

// group is a pattern of samples and the folder that they go to.
type group struct{ from, to string }

func cleanGroups() []group {
	list := []group{{"testdata/models/*", "clean/models"}}
	libraries, _ := filepath.Glob("testdata/benign/*")
	for _, l := range libraries {
		list = append(list, group{l + "/*", "clean/" + filepath.Base(l)})
	}
	formats, _ := filepath.Glob("internal/format/*/testdata")
	for _, f := range formats {
		list = append(list, group{f + "/clean/*", "clean/format-" + filepath.Base(filepath.Dir(f))})
	}
	return list
}

func hostileGroups() []group {
	var list []group
	for _, r := range rule.All() {
		// Rules about payload fire with --deep only.
		if r.Kind == "finding" && r.Severity >= finding.High && !strings.HasPrefix(r.ID, "SP-DEEP") {
			list = append(list, group{"rules/" + r.ID + "/bad/*", "hostile/" + r.ID})
		}
	}
	return list
}

// build writes the samples of a group: most of them, spread evenly, or all.
func (g group) build(dir string, most int) error {
	entries, err := filepath.Glob(g.from)
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e string) bool { return isNote(e) || isLeftOut(path.Base(g.to)+"/"+filepath.Base(e)) })
	n := len(entries)
	if most > 0 {
		n = min(n, most)
	}
	for i := range n {
		if err := build(entries[i*len(entries)/n], filepath.Join(dir, g.to)); err != nil {
			return err
		}
	}
	return nil
}

func isLeftOut(name string) bool {
	for _, l := range leftOut {
		if ok, err := path.Match(l.files, name); ok && err == nil {
			return true
		}
	}
	return false
}

// isNote tells the files about samples from the samples: results, generators, and
// texts that say where samples are from.
func isNote(path string) bool {
	folder := filepath.Dir(path)
	return strings.HasSuffix(path, ".want") || folder == "testdata/models" && filepath.Ext(path) != ""
}

// build writes one sample, a file or a folder, below dir.
func build(entry, dir string) error {
	return filepath.WalkDir(entry, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || isNote(path) {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(filepath.Dir(filepath.Clean(entry)), path)
		if err != nil {
			return err
		}
		name, data, err := sample.Build(rel, text)
		if err != nil {
			return err
		}
		out := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
			return err
		}
		return os.WriteFile(out, data, 0o644)
	})
}
