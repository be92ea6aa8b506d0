package pickle

import (
	_ "embed"
	"strings"

	"github.com/sallyport/sallyport/rules"
)

// compat is _compat_pickle of CPython 3.11: names of Python 2 and what Python 3
// imports instead in protocols 0 to 2, sorted; "*" is a whole module.
//
//go:embed compat.tsv
var compat string

// python3 maps a name as find_class does with fix_imports.
func python3(module, name string) (string, string) {
	if m, n, ok := compatRow(module, name); ok {
		return m, n
	}
	if m, _, ok := compatRow(module, "*"); ok {
		return m, name
	}
	return module, name
}

func compatRow(module, name string) (string, string, bool) {
	row, ok := rules.Row(compat, module, name)
	m, n, _ := strings.Cut(row, "\t")
	return m, n, ok
}
