package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/format"
)

const modulePath = "github.com/sallyport/sallyport/"

// sources reads what packages say of themselves: the comment that names threat
// and what is not covered, and the limits that their code refers to.
type sources struct {
	root   string            // folder of the module
	limits map[string]string // constant of package bounded -> name of the limit
	seen   map[string]*about
}

// about is one package.
type about struct {
	doc    []string // paragraphs of the package comment, each on one line
	limits []string // sorted names
}

func newSources(root string) (*sources, error) {
	s := &sources{root: root, limits: map[string]string{}, seen: map[string]*about{}}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "internal", "bounded", "limits.go"), nil, 0)
	if err != nil {
		return nil, err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if pair, ok := n.(*ast.KeyValueExpr); ok {
			key, isText := pair.Key.(*ast.BasicLit)
			value, isName := pair.Value.(*ast.Ident)
			if isText && isName {
				s.limits[value.Name], _ = strconv.Unquote(key.Value)
			}
		}
		return true
	})
	if len(s.limits) == 0 {
		return nil, fmt.Errorf("no limits found in package bounded")
	}
	return s, nil
}

// describe reads the package of a format and the decoders that it imports.
func (s *sources) describe(f *format.Format) (*about, error) {
	name := runtime.FuncForPC(reflect.ValueOf(f.Read).Pointer()).Name()
	dir, _, _ := strings.Cut(strings.TrimPrefix(path.Base(name), modulePath), ".")
	dir = path.Join(strings.TrimPrefix(path.Dir(name), modulePath), dir)
	return s.read(dir)
}

func (s *sources) read(dir string) (*about, error) {
	if a := s.seen[dir]; a != nil {
		return a, nil
	}
	a := &about{}
	s.seen[dir] = a
	set := token.NewFileSet()
	err := fs.WalkDir(os.DirFS(filepath.Join(s.root, filepath.FromSlash(dir))), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != ".":
			return fs.SkipDir
		case path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(set, filepath.Join(s.root, filepath.FromSlash(dir), name), nil, parser.ParseComments)
		if err != nil {
			return err
		}
		return s.file(a, file)
	})
	slices.Sort(a.limits)
	a.limits = slices.Compact(a.limits)
	return a, err
}

// file adds what one file says and refers to.
func (s *sources) file(a *about, file *ast.File) error {
	if file.Doc != nil {
		for text := range strings.SplitSeq(file.Doc.Text(), "\n\n") {
			a.doc = append(a.doc, strings.Join(strings.Fields(text), " "))
		}
	}
	for _, i := range file.Imports {
		name, _ := strconv.Unquote(i.Path.Value)
		if dir, ok := strings.CutPrefix(name, modulePath); ok && strings.HasPrefix(dir, "internal/decode/") {
			below, err := s.read(dir)
			if err != nil {
				return err
			}
			a.limits = append(a.limits, below.limits...)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if from, ok := sel.X.(*ast.Ident); ok && from.Name == "bounded" && s.limits[sel.Sel.Name] != "" {
				a.limits = append(a.limits, s.limits[sel.Sel.Name])
			}
		}
		return true
	})
	return nil
}
