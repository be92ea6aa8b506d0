package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDocsAreFresh(t *testing.T) {
	pages, err := pages()
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) < 10 {
		t.Fatalf("only %d pages are generated", len(pages))
	}
	for name, want := range pages {
		got, err := os.ReadFile(filepath.Join(docs, filepath.FromSlash(name)))
		if err != nil {
			t.Errorf("docs/%s is missing; run go generate ./cmd/gendocs", name)
		} else if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("docs/%s is out of date; run go generate ./cmd/gendocs\n%s", name, diff)
		}
	}
	for _, name := range stale(docs, pages) {
		t.Errorf("docs/%s belongs to a rule that is gone; run go generate ./cmd/gendocs", name)
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "rules"), 0o755); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(dir, "rules", "SP-GONE-001.md")
	if err := os.WriteFile(old, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	pages := map[string][]byte{"formats.md": []byte("f"), "rules/SP-NEW-001.md": []byte("n")}
	if err := write(dir, pages); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Error("the page of a rule that is gone is still there")
	}
	if got, err := os.ReadFile(filepath.Join(dir, "rules", "SP-NEW-001.md")); err != nil || string(got) != "n" {
		t.Errorf("%q, %v", got, err)
	}
}
