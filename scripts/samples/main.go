// Command samples writes the samples of the tests as the files they stand for, so
// that other programs can be given them:
//
//	DIR/clean/LIBRARY/NAME     what real producers have written, and testdata/models
//	DIR/hostile/ORIGIN/NAME    what a rule of severity HIGH or CRITICAL, or a format's
//	                           testdata/bad, is about
//
// A NAME is a file or a whole repository. All of them are inert: what a hostile one
// would call is "echo".
//
// usage: go run ./scripts/samples DIR, in the root of the repository
package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/internal/sample"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: samples DIR")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "samples:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	for _, group := range groups() {
		entries, err := filepath.Glob(group.from)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if isNote(entry) {
				continue
			}
			if err := build(entry, filepath.Join(dir, group.to)); err != nil {
				return err
			}
		}
	}
	return nil
}

// group is a folder of samples and where they go.
type group struct{ from, to string }

func groups() []group {
	list := []group{{"testdata/models/*", "clean/models"}}
	folders, _ := filepath.Glob("testdata/benign/*")
	for _, f := range folders {
		list = append(list, group{f + "/*", "clean/" + filepath.Base(f)})
	}
	formats, _ := filepath.Glob("internal/format/*/testdata")
	for _, f := range formats {
		id := filepath.Base(filepath.Dir(f))
		list = append(list, group{f + "/clean/*", "clean/format-" + id}, group{f + "/bad/*", "hostile/format-" + id})
	}
	for _, r := range rule.All() {
		// The rules about payload fire on --deep only; what they are about is declared data.
		if r.Kind == "finding" && r.Severity >= finding.High && !strings.HasPrefix(r.ID, "SP-DEEP") {
			list = append(list, group{"rules/" + r.ID + "/bad/*", "hostile/" + r.ID})
		}
	}
	return list
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
