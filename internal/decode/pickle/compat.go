package pickle

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/rules"
)

// compat is _compat_pickle of CPython 3.11: names of Python 2 and what Python 3
// imports instead in protocols 0 to 2, sorted; "*" is a whole module.
//
//go:embed compat.tsv
var compat string

// python3 maps a name as find_class does with fix_imports.
func python3(module, name string) (string, string) {
	if !renamed()[module] {
		return module, name
	}
	if m, n, ok := compatRow(module, name); ok {
		return m, n
	}
	if m, _, ok := compatRow(module, "*"); ok {
		return m, name
	}
	return module, name
}

// renamed are the modules of the list: nearly every name is of another one.
var renamed = sync.OnceValue(func() map[string]bool {
	modules := map[string]bool{}
	for line := range strings.Lines(compat) {
		module, _, _ := strings.Cut(line, "\t")
		modules[module] = true
	}
	return modules
})

// rows keeps answers, since files repeat a few names; it never grows beyond the list.
var rows sync.Map

func compatRow(module, name string) (string, string, bool) {
	key := [2]string{module, name}
	if row, ok := rows.Load(key); ok {
		m, n, _ := strings.Cut(row.(string), "\t")
		return m, n, true
	}
	row, ok := rules.Row(compat, module, name)
	if ok {
		rows.Store([2]string{strings.Clone(module), strings.Clone(name)}, row)
	}
	m, n, _ := strings.Cut(row, "\t")
	return m, n, ok
}
