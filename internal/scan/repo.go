package scan

import (
	"path"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/artifact"
)

// repo answers format.Repo from the list of files. The index of Python modules
// is made when somebody asks for the first time.
type repo struct {
	tree    *artifact.Tree
	paths   func() map[string]bool
	modules func() map[string]string // first component of a module name → a file that it could load
}

func newRepo(tree *artifact.Tree) *repo {
	r := &repo{tree: tree}
	r.paths = sync.OnceValue(r.indexPaths)
	r.modules = sync.OnceValue(r.indexModules)
	return r
}

// Has implements format.Repo.
func (r *repo) Has(path string) bool { return r.paths()[path] }

// Module implements format.Repo. Any folder of the artifact can be on the import
// path of a loader, so a module matches wherever its file lies.
func (r *repo) Module(name string) (string, bool) {
	top, _, _ := strings.Cut(name, ".")
	file, ok := r.modules()[top]
	return file, ok
}

func (r *repo) indexPaths() map[string]bool {
	m := make(map[string]bool, len(r.tree.Files))
	for _, f := range r.tree.Files {
		m[f.Path] = true
	}
	return m
}

func (r *repo) indexModules() map[string]string {
	m := map[string]string{}
	add := func(name, file string) {
		if _, taken := m[name]; name != "" && !taken {
			m[name] = file
		}
	}
	for _, f := range r.tree.Files {
		ext := path.Ext(f.Path)
		if ext != ".py" && ext != ".pyc" && ext != ".so" && ext != ".pyd" {
			continue
		}
		base, _, _ := strings.Cut(path.Base(f.Path), ".")
		add(base, f.Path)
		for part := range strings.SplitSeq(path.Dir(f.Path), "/") {
			if part != "." {
				add(part, f.Path)
			}
		}
	}
	return m
}
