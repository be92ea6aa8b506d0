package rules

import (
	"slices"
	"strings"
	"testing"
)

func TestKerasClasses(t *testing.T) {
	list := rows(t, KerasClasses)
	kinds := []string{"class", "function", "builtin", "tensorflow", "operator", "package"}
	for i, r := range list {
		if len(r) != 3 || !slices.Contains(kinds, r[2]) {
			t.Fatalf("row %q", r)
		}
		if i > 0 && compareNames(list[i-1][0], list[i-1][1], r[0], r[1]) >= 0 {
			t.Errorf("%q is not in order", r)
		}
		if kind, ok := Row(KerasClasses, r[0], r[1]); !ok || kind != r[2] {
			t.Errorf("%q cannot be looked up", r)
		}
	}
	for _, name := range []string{"Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "TFOpLambda"} {
		if kind, ok := Row(KerasClasses, "*", name); ok {
			t.Errorf("%s is listed as a %s", name, kind)
		}
	}
	for _, bad := range []string{"io.read_file", "py_function", "numpy_function", "load_library", "saved_model.load", "raw_ops.ReadFile", "map_fn"} {
		if _, ok := Row(KerasClasses, "tf", bad); ok {
			t.Errorf("%s computes not only on tensors", bad)
		}
	}
	for _, r := range list {
		if r[2] == "operator" && (strings.Contains(r[1], "File") || strings.Contains(r[1], "PyFunc")) {
			t.Errorf("the operator %s reaches files or Python", r[1])
		}
	}
}
