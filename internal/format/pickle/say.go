package pickle

import (
	"fmt"
	"strconv"
	"strings"

	decode "github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/rule"
)

// show is a name as it goes into a sentence: short, and quoted when it holds
// anything that no name holds.
func show(name string) string {
	if dottedIdentifier(strings.ReplaceAll(name, "/", ".")) {
		return rule.Clip(name)
	}
	return strconv.Quote(rule.Clip(name))
}

// maxText is the longest account of one call, in bytes.
const maxText = 200

// callText is a call as Python would write it.
func (j *judge) callText(c *decode.Call) string {
	args := make([]string, 0, len(c.Args))
	for _, a := range c.Args {
		args = append(args, j.valueText(a))
	}
	for _, k := range c.Keywords {
		args = append(args, show(k.Key)+"="+j.valueText(k.Value))
	}
	if !c.Known {
		args = append(args, "…")
	}
	text := j.valueText(c.Callee) + "(" + strings.Join(args, ", ") + ")"
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…)"
	}
	return text
}

// valueText is a value as Python would write it, shortened.
func (j *judge) valueText(v decode.Value) string {
	switch v.Kind {
	case decode.None:
		return "None"
	case decode.Bool:
		return map[bool]string{true: "True", false: "False"}[v.Int != 0]
	case decode.Number:
		if v.Exact {
			return strconv.FormatInt(v.Int, 10)
		}
		return "a number"
	case decode.String:
		return quote(v.Text, v.Exact)
	case decode.Bytes:
		if v.Exact && len(v.Text) <= 24 {
			return "b" + quote(v.Text, true)
		}
		return fmt.Sprintf("%d bytes", v.Length)
	case decode.Tuple:
		return j.tupleText(v)
	case decode.List:
		return "[…]"
	case decode.Dict:
		return "{…}"
	case decode.Set:
		return "a set"
	case decode.Imported, decode.Object:
		text := "?"
		if v.Import >= 0 {
			text = show(j.classes[v.Import].symbol)
		}
		if v.Kind == decode.Object {
			text += "(…)"
		}
		return text
	case decode.PersID:
		return "a persistent object"
	}
	return "…"
}

func (j *judge) tupleText(v decode.Value) string {
	if v.Items == nil && v.Length != 0 || !v.Exact {
		return "(…)"
	}
	parts := make([]string, len(v.Items))
	for i, item := range v.Items {
		parts[i] = j.valueText(item)
	}
	if len(parts) == 1 {
		return "(" + parts[0] + ",)"
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func quote(s string, exact bool) string {
	const longest = 60
	tail := ""
	if len(s) > longest {
		s, exact = s[:longest], false
	}
	if !exact {
		tail = "…"
	}
	q := strconv.Quote(s)
	return "'" + strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`) + tail + "'"
}
