package torch

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/rules"
)

// bytecode looks for the names of operators ("aten::save") in the pickle that the
// lite interpreter runs instead of the program text. Wherever such a name stands
// in it, it counts.
func (t *reader) bytecode(i int) {
	name := t.a.Entries[i].Name
	r, ok := t.a.Member(i, false)
	if !ok {
		return
	}
	seen := map[string]bool{}
	const step, overlap = 1 << 20, 1 << 10
	for off := int64(0); off < r.Size(); off += step {
		p, err := r.Bytes(off, min(step+overlap, r.Size()-off))
		if err != nil {
			return
		}
		operators(p, func(at int, symbol string) {
			namespace, short, _ := strings.Cut(symbol, "::")
			short, effect, listed := longest(namespace, short)
			symbol = namespace + "::" + short
			if seen[symbol] || len(seen) > bounded.MaxFindings || listed && effects[effect] == "" {
				return
			}
			seen[symbol] = true
			id, what := ruleForeign, "is not part of PyTorch"
			if listed {
				id, what = ruleOperator, effects[effect]
			}
			t.raiseInside(id, name, finding.Location{Offset: off + int64(at)}, symbol, fmt.Sprintf(
				"The bytecode of the program names the operator %s, which %s.", rule.Clip(symbol), what))
		})
	}
}

// longest looks a name up that letters of the next instruction may follow: the
// longest of its beginnings that does something counts.
func longest(namespace, name string) (short, effect string, listed bool) {
	for n := len(name); n > 0; n-- {
		if e, _ := rules.Row(rules.TorchOperators, namespace, name[:n]); effects[e] != "" {
			return name[:n], e, true
		}
	}
	effect, listed = effectOf(namespace, name)
	return name, effect, listed
}

// operators calls found for every NAMESPACE::NAME in p.
func operators(p []byte, found func(at int, symbol string)) {
	for i := 0; ; {
		k := bytes.Index(p[i:], []byte("::"))
		if k < 0 {
			return
		}
		k += i
		from, to := k, k+2
		for from > 0 && (letter(p[from-1]) || digit(p[from-1])) {
			from--
		}
		for to < len(p) && (letter(p[to]) || digit(p[to])) {
			to++
		}
		if from < k && to > k+2 {
			found(from, string(p[from:to]))
		}
		i = k + 2
	}
}
