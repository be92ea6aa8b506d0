package pickle

import (
	"strings"

	decode "github.com/sallyport/sallyport/internal/decode/pickle"
)

// Distributions of SciPy run a text of their state when they are loaded. The text
// is generated: three functions that pass their arguments on, of which only the
// names of the arguments differ.

// empty is an instance made without arguments.
func empty(_ *judge, c *decode.Call) bool { return len(c.Args) == 0 && len(c.Keywords) == 0 }

const (
	textAttribute = "_parse_arg_template"
	longestText   = 8 << 10
)

func (j *judge) generatedText(w *decode.Write) bool {
	if w.Cut {
		return false
	}
	for _, e := range w.Keys {
		if e.Key == textAttribute {
			if text, ok := j.wholeText(e.Value); !ok || !isGenerated(text) {
				return false
			}
		}
	}
	return true
}

// wholeText reads a string of the stream to its end.
func (j *judge) wholeText(v decode.Value) (string, bool) {
	if v.Kind != decode.String || v.Length > longestText {
		return "", false
	}
	if v.Exact {
		return v.Text, true
	}
	p, err := j.in.R.Bytes(v.Offset, v.Length)
	return strings.NewReplacer(`\u000a`, "\n", `\n`, "\n", `\'`, "'").Replace(string(p)), err == nil
}

// isGenerated reports whether text is what SciPy generates for some names.
func isGenerated(text string) bool {
	names, ok := strings.CutPrefix(text, "\ndef _parse_args(self, ")
	if !ok {
		return false
	}
	names, _, ok = strings.Cut(names, "):\n")
	if !ok {
		return false
	}
	for _, where := range [...][2]string{{"loc=0, scale=1", "loc, scale"}, {"loc=0", "loc, 1"}} {
		shapes, ok := strings.CutSuffix(names, " "+where[0])
		if ok && areNames(shapes) && text == generatedFrom(shapes, where[0], where[1]) {
			return true
		}
	}
	return false
}

// areNames accepts "a, b, " and "".
func areNames(shapes string) bool {
	for _, name := range strings.Split(strings.TrimSuffix(strings.TrimSpace(shapes), ","), ",") {
		if name = strings.TrimSpace(name); name != "" && (!dottedIdentifier(name) || strings.Contains(name, ".")) {
			return false
		}
	}
	return true
}

func generatedFrom(shapes, in, out string) string {
	return "\ndef _parse_args(self, " + shapes + " " + in + "):\n    return (" + shapes + "), " + out + "\n" +
		"\ndef _parse_args_rvs(self, " + shapes + " " + in + ", size=None):\n    return self._argcheck_rvs(" + shapes + " " + out + ", size=size)\n" +
		"\ndef _parse_args_stats(self, " + shapes + " " + in + ", moments='mv'):\n    return (" + shapes + "), " + out + ", moments\n"
}

// noFormula is a state of statsmodels that keeps no formula to be evaluated.
func (j *judge) noFormula(w *decode.Write) bool {
	if w.Cut {
		return false
	}
	for _, e := range w.Keys {
		if e.Key == "restore_model_spec" {
			return false
		}
	}
	return true
}
