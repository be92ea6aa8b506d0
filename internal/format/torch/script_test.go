package torch

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

const netHead = "class Net(Module):\n  __parameters__ = []\n  training : bool\n  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n"

// scriptArchive is a TorchScript archive with one source file.
func scriptArchive(source string) string {
	return "entry m/data.pkl stored @asm\nPROTO 2\nEMPTY_DICT\nSTOP\n@end\nentry m/constants.pkl stored @asm\nPROTO 2\nEMPTY_TUPLE\nSTOP\n@end\n" +
		"entry m/code/__torch__.py stored " + strconv.Quote(source) + "\nentry m/version stored \"3\\n\"\n"
}

// TestSourceOfAnotherKindStaysAMember has what PyTorch never prints: it is not
// explained as TorchScript, so that the reader of source code gets it.
func TestSourceOfAnotherKindStaysAMember(t *testing.T) {
	for _, c := range []struct {
		name, source string
		script       bool
	}{
		{"as-printed", netHead + "    _0 = annotate(List[int], [])\n    return torch.add(x, CONSTANTS.c0, alpha=1.5e-05)\n", true},
		{"function-file", "def f(x: Tensor) -> Tensor:\n  return torch.relu(x)\n", true},
		{"empty", "", true},
		{"old-version-line", "op_version_set = 1\n" + netHead + "    return x\n", true},
		{"python", "import os\nos.system(\"echo\")\n", false},
		{"statement-in-front", "print(1)\n" + netHead + "    return x\n", false},
		{"import-inside", netHead + "    import os\n    return x\n", false},
		{"unbound-module", netHead + "    return os.system(\"echo\")\n", false},
		{"unbound-call", netHead + "    return open(\"echo\")\n", false},
		{"alias-of-torch", netHead + "    t = torch\n    return t.relu(x)\n", false},
		{"alias-of-ops", netHead + "    t = ops.aten\n    return t.relu(x)\n", false},
		{"deep-in-torch", netHead + "    return torch.os.system(\"echo\")\n", false},
		{"open-bracket", netHead + "    return (x\n", false},
		{"closing-bracket", netHead + "    return x)\n", false},
		{"several-lines", netHead + "    \"\"\"text\"\"\"\n    return x\n", false},
		{"open-string", netHead + "    y = \"text\n    return x\n", false},
		{"prefixed-string", netHead + "    y = f\"{x}\"\n    return x\n", false},
		{"decorator", "@f\n" + netHead + "    return x\n", false},
		{"comment", netHead + "    return x # note\n", false},
		{"semicolon", netHead + "    y = 1; return x\n", false},
		{"continued-line", netHead + "    y = 1 + \\\n      2\n    return x\n", false},
		{"number-with-attribute", netHead + "    y = 1.save\n    return x\n", false},
		{"escaped-selector", netHead + "    y = getattr(x, \"\\163ave\")\n    return x\n", false},
		{"name-not-ascii", netHead + "    \u00e9 = 1\n    return x\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := formattest.Input("m.pt", build(t, scriptArchive(c.source)), false)
			if Format.Match(in) != format.Strong {
				t.Fatal("no match")
			}
			res := Format.Read(in)
			member := slices.ContainsFunc(res.Children, func(ch format.Child) bool { return strings.HasSuffix(ch.Name, ".py") })
			if member == c.script && c.source != "" {
				t.Errorf("taken as TorchScript: %v, want %v", !member, c.script)
			}
			if n := formattest.Uncovered(res, in.R.Size()); n > 0 {
				t.Errorf("%d bytes uncovered", n)
			}
		})
	}
}

// TestOnlyAnArchiveWithCodeMayNameItsClasses keeps __torch__ names from being
// trusted where torch.load would import them.
func TestOnlyAnArchiveWithCodeMayNameItsClasses(t *testing.T) {
	full := scriptArchive(netHead + "    return x\n")
	for _, c := range []struct {
		name, spec string
		want       bool
	}{
		{"script", full, true},
		{"no-constants", strings.Replace(full, "m/constants.pkl", "m/other.pkl", 1), false},
		{"constants-in-another-case", strings.Replace(full, "m/constants.pkl", "m/Constants.pkl", 1), false},
		{"no-code", strings.Replace(full, "m/code/", "m/x/", 1), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := formattest.Input("m.pt", build(t, c.spec), false)
			if got := isScript(archive(in), "m"); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestExpressions(t *testing.T) {
	for text, want := range map[string]bool{
		"Symbol('s77', positive=True, integer=True)":                        true,
		"Add(Symbol('s17', positive=True), Mul(Integer(-1), Symbol('u0')))": true,
		"s0 + 2*s1 - 3":                   true,
		"Max(1, s0) < 5":                  true,
		"":                                true,
		"__import__('os').system('echo')": false,
		"().__class__":                    false,
		"preview(x)":                      false,
		"Symbol('os.system')":             false,
		"S('preview(1)')":                 false,
		"[x for x in (1,)]":               false,
		"(lambda: 1)()":                   false,
		"Lambda(x, x)('a b')":             false,
		"Symbol(\"x\\x41\")":              false,
		"1.real":                          false,
		"f'{x}'":                          false,
		"(x":                              false,
	} {
		if got := expression(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
