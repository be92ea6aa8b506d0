// Command gendocs writes the pages that are made from the program itself:
// docs/rules from the rule catalogue and docs/formats.md from the list of
// formats. It runs in its own folder, by go generate ./cmd/gendocs; a test says
// when that was forgotten. It is not part of the program.
package main

import (
	"bytes"
	"log"
	"os"
	"path/filepath"

	"github.com/sallyport/sallyport/internal/format/all"
	"github.com/sallyport/sallyport/internal/render"
	"github.com/sallyport/sallyport/internal/rule"
)

//go:generate go run .

// docs is the folder of the documentation, seen from this one.
var docs = filepath.Join("..", "..", "docs")

func main() {
	log.SetFlags(0)
	pages, err := pages()
	if err == nil {
		err = write(docs, pages)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// pages returns every generated page by its path below docs.
func pages() (map[string][]byte, error) {
	src, err := newSources(filepath.Join("..", ".."))
	if err != nil {
		return nil, err
	}
	formats, err := formatsPage(all.Formats(), src)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{"formats.md": formats}
	var b bytes.Buffer
	if err := render.RulesMarkdown(&b, rule.All()); err != nil {
		return nil, err
	}
	out["rules/README.md"] = b.Bytes()
	for _, r := range rule.All() {
		var b bytes.Buffer
		if err := render.RuleMarkdown(&b, &r); err != nil {
			return nil, err
		}
		out["rules/"+r.ID+".md"] = b.Bytes()
	}
	return out, nil
}

// write replaces the pages and removes those of rules that are gone.
func write(dir string, pages map[string][]byte) error {
	if err := os.MkdirAll(filepath.Join(dir, "rules"), 0o755); err != nil {
		return err
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), text, 0o644); err != nil {
			return err
		}
	}
	for _, name := range stale(dir, pages) {
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	return nil
}

// stale lists the pages of rules that are no longer in the catalogue.
func stale(dir string, pages map[string][]byte) []string {
	files, err := filepath.Glob(filepath.Join(dir, "rules", "*.md"))
	if err != nil {
		return nil
	}
	var out []string
	for _, f := range files {
		if name := "rules/" + filepath.Base(f); pages[name] == nil {
			out = append(out, name)
		}
	}
	return out
}
