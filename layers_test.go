// Package sallyport holds the layer test: imports flow one way, and what reads
// strangers' bytes can reach nothing else. The packages themselves are below
// internal; this folder has no code of its own.
//
// Imports are parsed in this process: a test that asked a child process would be
// served from the test cache although an import had been added.
package sallyport

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/sallyport/sallyport"

// rows is the order of the packages, lowest first. A package imports only rows
// above its own in this list. "*" stands for one path element; a name without
// "*" wins over a pattern.
var rows = []struct {
	name     string
	packages []string
}{
	// The words are a row each: every word may use the one to its left.
	{"words", []string{"internal/artifact"}},
	{"words", []string{"internal/finding"}},
	{"words", []string{"internal/evidence"}},
	{"data", []string{"rules"}},
	{"ground", []string{"internal/bounded", "internal/rule", "internal/outbound", "internal/config", "internal/confine", "internal/durable"}},
	{"contracts", []string{"internal/decode/*", "internal/format", "internal/detect", "internal/source", "internal/quarantine",
		"internal/registry", "internal/store", "internal/sign", "internal/policy", "internal/azure/resource"}},
	{"parts", []string{"internal/format/*", "internal/detect/*", "internal/source/*", "internal/store/*", "internal/registry/*",
		"internal/azure/*", "internal/scan", "internal/convert", "internal/provenance", "internal/dataset", "internal/sbom",
		"internal/attest", "internal/render", "internal/job"}},
	{"gates", []string{"internal/gate/admit", "internal/gate/deploy", "internal/format/all", "internal/detect/all", "internal/web"}},
	{"server", []string{"internal/server"}},
	{"cli", []string{"internal/cli"}},
	{"cmd", []string{"cmd/*"}},
}

// support packages exist for tests: only tests, other support packages and
// commands import them. They may import anything.
var support = []string{"internal/sample", "internal/formattest", "internal/tamper", "internal/registry/registrytest", "internal/store/storetest"}

// commands are programs for the people who work on this repository. They are
// part of no binary that is shipped and import what they need.
var commands = []string{"internal/rule/gen", "internal/*/gen", "internal/*/*/gen", "scripts/*"}

// tables are files that may be long because they are lists, not code.
var tables []string

// Packages that read strangers' bytes, and what they never import themselves.
var (
	readers   = []string{"internal/decode/*", "internal/format/*", "internal/detect/*", "internal/provenance", "internal/dataset"}
	forbidden = []string{"os", "os/*", "net", "net/*", "net/*/*", "plugin", "syscall", "unsafe", "C", "encoding/gob"}
)

// The gate that guards production reaches no parser, not even through others.
var (
	guard   = "internal/gate/deploy"
	parsers = []string{"internal/format", "internal/format/*", "internal/decode/*", "internal/detect", "internal/detect/*",
		"internal/scan", "internal/convert", "internal/source", "internal/source/*"}
)

// Packages that may open connections or listen, and what that takes.
var (
	networkers = []string{"internal/outbound", "internal/server", "internal/registry/embedded"}
	network    = []string{"net", "net/http", "net/http/*", "net/rpc", "net/rpc/*", "net/smtp"}
)

const (
	maxDepth    = 10  // packages in the longest chain of imports
	maxLines    = 800 // lines of a file that is neither generated nor a table
	maxMain     = 39  // lines of cmd/sallyport/main.go
	mainFile    = "cmd/sallyport/main.go"
	mainPackage = "cmd/sallyport"
)

var vague = []string{"util", "utils", "common", "helper", "helpers", "misc", "base", "shared", "types"}

// pkg is one package: its folder relative to the module, its name, and the
// import paths of its files that are not tests.
type pkg struct {
	dir     string
	name    string
	imports []string
}

// goFile is one Go file, tests included.
type goFile struct {
	path      string
	lines     int
	generated bool
}

func TestLayers(t *testing.T) {
	pkgs, files, err := load(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(pkgs, func(p pkg) bool { return p.dir == "internal/finding" }) {
		t.Fatal("the walk did not find internal/finding: it checks nothing")
	}
	for _, problem := range append(check(pkgs), checkFiles(files)...) {
		t.Error(problem)
	}
}

// load reads all packages below root, except testdata, hidden folders and nested
// modules, and lists all Go files.
func load(root fs.FS) ([]pkg, []goFile, error) {
	byDir := map[string]*pkg{}
	var files []goFile
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skip(root, name)
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		src, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		files = append(files, goFile{name, bytes.Count(src, []byte("\n")), ast.IsGenerated(parsed)})
		if strings.HasSuffix(name, "_test.go") || ignored(parsed) {
			return nil
		}
		dir := path.Dir(name)
		if byDir[dir] == nil {
			byDir[dir] = &pkg{dir: dir, name: parsed.Name.Name}
		}
		return byDir[dir].add(parsed)
	})
	var pkgs []pkg
	for _, dir := range slices.Sorted(maps.Keys(byDir)) {
		pkgs = append(pkgs, *byDir[dir])
	}
	return pkgs, files, err
}

func skip(root fs.FS, dir string) error {
	if dir == "." {
		return nil
	}
	base := path.Base(dir)
	if base == "testdata" || base == "node_modules" || base[0] == '.' || base[0] == '_' {
		return fs.SkipDir
	}
	if _, err := fs.Stat(root, path.Join(dir, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

// ignored is true for a file that no build takes.
func ignored(f *ast.File) bool {
	for _, group := range f.Comments {
		for _, c := range group.List {
			if c.Pos() < f.Package && c.Text == "//go:build ignore" {
				return true
			}
		}
	}
	return false
}

func (p *pkg) add(f *ast.File) error {
	for _, spec := range f.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		if !slices.Contains(p.imports, name) {
			p.imports = append(p.imports, name)
		}
	}
	return nil
}

// own is the folder of an import of this module.
func own(imp string) (dir string, ok bool) {
	if imp == module {
		return ".", true
	}
	return strings.CutPrefix(imp, module+"/")
}

func matches(name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, _ := path.Match(p, name)
		return ok
	})
}

// rowOf returns the place of a package in rows, or -1.
func rowOf(dir string) int {
	for i, row := range rows {
		if slices.Contains(row.packages, dir) {
			return i
		}
	}
	return slices.IndexFunc(rows, func(row struct {
		name     string
		packages []string
	}) bool {
		return matches(dir, row.packages)
	})
}

// check returns every breach of the rules, sorted.
func check(pkgs []pkg) []string {
	graph := map[string][]string{} // imports within the module
	for _, p := range pkgs {
		for _, imp := range p.imports {
			if dir, ok := own(imp); ok {
				graph[p.dir] = append(graph[p.dir], dir)
			}
		}
	}
	var problems []string
	for _, p := range pkgs {
		problems = append(problems, checkName(p)...)
		if matches(p.dir, support) || matches(p.dir, commands) {
			continue
		}
		problems = append(problems, checkRow(p.dir, graph[p.dir])...)
		problems = append(problems, checkReach(p)...)
	}
	problems = append(problems, checkGuard(graph)...)
	problems = append(problems, checkDepth(graph)...)
	slices.Sort(problems)
	return problems
}

func checkName(p pkg) []string {
	if slices.Contains(vague, p.name) || slices.Contains(vague, path.Base(p.dir)) {
		return []string{fmt.Sprintf("%s: %q says nothing about what is inside; name the thing it is about", p.dir, p.name)}
	}
	return nil
}

func checkRow(dir string, imports []string) []string {
	row := rowOf(dir)
	if row < 0 {
		return []string{fmt.Sprintf("%s: not in the table of rows; add it where it belongs", dir)}
	}
	var problems []string
	for _, imp := range imports {
		switch to := rowOf(imp); {
		case matches(imp, support):
			problems = append(problems, fmt.Sprintf("%s: imports %s, which is for tests only", dir, imp))
		case to < 0:
			problems = append(problems, fmt.Sprintf("%s: imports %s, which is in no row", dir, imp))
		case to >= row:
			problems = append(problems, fmt.Sprintf("%s (%s): imports %s (%s), which is not above it", dir, rows[row].name, imp, rows[to].name))
		}
	}
	return problems
}

// checkReach is about imports from outside of the module.
func checkReach(p pkg) []string {
	var problems []string
	reader := matches(p.dir, readers)
	networker := matches(p.dir, networkers)
	for _, imp := range p.imports {
		switch {
		case reader && matches(imp, forbidden):
			problems = append(problems, fmt.Sprintf("%s: imports %s, but it reads strangers' bytes", p.dir, imp))
		case !networker && matches(imp, network):
			problems = append(problems, fmt.Sprintf("%s: imports %s; only %s open connections", p.dir, imp, strings.Join(networkers, ", ")))
		}
	}
	return problems
}

// checkGuard walks everything that the production gate reaches.
func checkGuard(graph map[string][]string) []string {
	var problems []string
	via := map[string]string{guard: guard}
	queue := []string{guard}
	for len(queue) > 0 {
		dir := queue[0]
		queue = queue[1:]
		for _, imp := range graph[dir] {
			if via[imp] != "" {
				continue
			}
			via[imp] = via[dir] + " → " + imp
			queue = append(queue, imp)
			if matches(imp, parsers) {
				problems = append(problems, fmt.Sprintf("%s: reaches a parser: %s", guard, via[imp]))
			}
		}
	}
	return problems
}

func checkDepth(graph map[string][]string) []string {
	known := map[string][]string{}
	var longest func(dir string, above []string) []string
	longest = func(dir string, above []string) []string {
		if chain, ok := known[dir]; ok || slices.Contains(above, dir) {
			return chain
		}
		var best []string
		for _, imp := range graph[dir] {
			if chain := longest(imp, append(above, dir)); len(chain) > len(best) {
				best = chain
			}
		}
		known[dir] = append([]string{dir}, best...)
		return known[dir]
	}
	for _, dir := range slices.Sorted(maps.Keys(graph)) {
		if chain := longest(dir, nil); len(chain) > maxDepth {
			return []string{fmt.Sprintf("%s: a chain of %d imports, more than %d: %s", dir, len(chain), maxDepth, strings.Join(chain, " → "))}
		}
	}
	return nil
}

func checkFiles(files []goFile) []string {
	var problems []string
	for _, f := range files {
		switch {
		case f.path == mainFile && f.lines > maxMain:
			problems = append(problems, fmt.Sprintf("%s: %d lines, more than %d; main only starts the command line", f.path, f.lines, maxMain))
		case f.lines > maxLines && !f.generated && !slices.Contains(tables, f.path):
			problems = append(problems, fmt.Sprintf("%s: %d lines, more than %d; it has two subjects", f.path, f.lines, maxLines))
		}
	}
	return problems
}
