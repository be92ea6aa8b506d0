package pickle

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	decode "github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/decode/torch"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// maxStepText is the longest text of one step, in bytes.
const maxStepText = 600

func clipText(s string) string {
	if len(s) <= maxStepText {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	n := maxStepText
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.ToValidUTF8(s[:n], "\uFFFD") + "…"
}

// words is an act as Python would write it.
func (t *teller) words(a *act) string {
	if a.text != "" {
		return a.text
	}
	switch a.kind {
	case format.StepImport:
		return t.importText(&t.t.Imports[a.index])
	case format.StepCall:
		text := t.callText(&t.t.Calls[a.index])
		if name := t.names[a.offset]; name != "" {
			text = name + " = " + text
		}
		return text + t.madeText(a.offset)
	case format.StepWrite:
		return t.writeText(&t.t.Writes[a.index])
	case format.StepExternal:
		return "persistent_load(" + t.value(t.t.Persistent[a.index].Value) + ")"
	case format.StepBuild:
		return t.builtText(&t.t.Account.Built[a.index])
	case format.StepReturn:
		return t.returnText()
	}
	return a.kind
}

func (t *teller) importText(n *decode.Import) string {
	text := "from " + show(n.RealModule) + " import " + show(n.RealName)
	switch {
	case n.Unknown:
		text += "  # a name that only running code could tell"
	case n.Computed:
		text += "  # a name that is put together while loading"
	case n.Module != n.RealModule || n.Name != n.RealName:
		text += "  # written as " + show(n.Module+"."+n.Name)
	}
	return text
}

// callText writes opcodes that make an object without its constructor as calls
// of __new__, which they are.
func (t *teller) callText(c *decode.Call) string {
	var args []string
	callee := t.value(c.Callee)
	if c.Op == opNewObj || c.Op == opNewObjEx {
		self := callee
		if i := strings.LastIndexByte(self, '.'); i >= 0 && c.Callee.Kind == decode.Imported {
			self = self[i+1:]
		}
		callee, args = callee+".__new__", append(args, self)
	}
	for _, a := range c.Args {
		args = append(args, t.value(a))
	}
	for _, k := range c.Keywords {
		args = append(args, "**{"+quote(k.Key, true)+": "+t.value(k.Value)+"}")
	}
	if !c.Known {
		args = append(args, "…")
	}
	return callee + "(" + strings.Join(args, ", ") + ")"
}

func (t *teller) writeText(w *decode.Write) string {
	target := t.value(w.Target)
	switch w.Op {
	case 'b':
		var parts []string
		for _, e := range w.Keys {
			parts = append(parts, quote(e.Key, true)+": "+t.value(e.Value))
		}
		return target + ".__setstate__({" + strings.Join(append(parts, "…"), ", ") + "})"
	case 's', 'u':
		return target + "[…] = …"
	case 'a':
		return target + ".append(…)"
	case 'e':
		return target + ".extend(…)"
	}
	return target + ".add(…)"
}

// madeText is the text that a call of harmless functions makes.
func (t *teller) madeText(off int64) string {
	if t.t.Account == nil {
		return ""
	}
	i := slices.IndexFunc(t.t.Account.Folds, func(f decode.Fold) bool { return f.Offset == off })
	if i < 0 {
		return ""
	}
	return "  # " + quote(t.t.Account.Folds[i].Text, true)
}

// value is a value as Python would write it: a variable, a name, a constant, or a
// description in angle brackets.
func (t *teller) value(v decode.Value) string {
	switch v.Kind {
	case decode.Number:
		if !v.Exact {
			return "<number>"
		}
	case decode.Bytes:
		if !v.Exact || len(v.Text) > 24 {
			return fmt.Sprintf("<%d bytes>", v.Length)
		}
	case decode.Set:
		return "{…}"
	case decode.Tuple:
		return t.tuple(v)
	case decode.Object, decode.Computed:
		if name := t.names[v.Offset]; name != "" {
			return name
		}
		if v.Import >= 0 {
			return "<" + show(t.j.classes[v.Import].symbol) + "(…)>"
		}
		return "<result>"
	case decode.PersID:
		return t.external(v)
	case decode.Ext:
		return "<extension>"
	case decode.Other:
		return "<unknown>"
	}
	return t.j.valueText(v)
}

func (t *teller) tuple(v decode.Value) string {
	if v.Items == nil && v.Length != 0 || !v.Exact {
		return "(…)"
	}
	parts := make([]string, len(v.Items))
	for i, item := range v.Items {
		parts[i] = t.value(item)
	}
	if len(parts) == 1 {
		return "(" + parts[0] + ",)"
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// external is what a persistent id stands for.
func (t *teller) external(v decode.Value) string {
	for _, s := range t.storages(v.Offset) {
		return fmt.Sprintf("<storage %s: %d × %s>", quote(s.Key, true), s.Numel, elements(s))
	}
	return "<external object>"
}

// storages is the one storage that stands at off, or none.
func (t *teller) storages(off int64) []decode.Storage {
	low, high := 0, len(t.t.Storages)
	for low < high {
		if mid := (low + high) / 2; t.t.Storages[mid].Offset < off {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low < len(t.t.Storages) && t.t.Storages[low].Offset == off {
		return t.t.Storages[low : low+1]
	}
	return nil
}

// elements is the dtype of a storage, or its class when torch has none of that name.
func elements(s decode.Storage) string {
	if _, dtype, ok := torch.StorageBytes(s.Module, s.Type, 0); ok {
		return dtype
	}
	return show(s.Module + "." + s.Type)
}

func (t *teller) builtText(b *decode.Built) string {
	what, dtype := t.kind(b), t.dtype(b)
	name := "<unnamed>"
	if b.Name != "" {
		name = rule.Clip(b.Name)
		if !dottedIdentifier(strings.Map(digitsToLetters, name)) {
			name = quote(name, true)
		}
	}
	return name + ": " + what + " of " + dtype + ", shape " + shapeText(b)
}

// digitsToLetters lets a name with numbers between its dots pass as plain.
func digitsToLetters(r rune) rune {
	if r >= '0' && r <= '9' {
		return 'a'
	}
	return r
}

// kind is what the library calls it.
func (t *teller) kind(b *decode.Built) string {
	if strings.HasPrefix(t.t.Imports[b.Maker].RealModule, "torch") {
		return "tensor"
	}
	return "array"
}

func shapeText(b *decode.Built) string {
	if !b.Known {
		return "unknown"
	}
	parts := make([]string, len(b.Shape))
	for i, d := range b.Shape {
		parts[i] = strconv.FormatInt(d, 10)
	}
	if len(parts) == 1 {
		return "(" + parts[0] + ",)"
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// dtype is the element type of a tensor in the words of torch and NumPy.
func (t *teller) dtype(b *decode.Built) string {
	switch {
	case strings.HasPrefix(b.Dtype, "torch."):
		return rule.Clip(strings.TrimPrefix(b.Dtype, "torch."))
	case b.Dtype != "":
		return numpyType(b.Dtype)
	case b.Storage >= 0:
		return elements(t.t.Storages[b.Storage])
	}
	return "unknown type"
}

// numpyType spells a NumPy type string as people know it: "f8" is float64.
func numpyType(s string) string {
	code := strings.TrimLeft(s, "<>=|")
	if code == "" {
		return rule.Clip(s)
	}
	digits, unit, _ := strings.Cut(code[1:], "[")
	n, err := strconv.Atoi(digits)
	name := map[byte]string{'f': "float", 'i': "int", 'u': "uint", 'c': "complex"}[code[0]]
	switch {
	case code == "O" || code == "O8" || code == "O4":
		return "object"
	case code == "b1":
		return "bool"
	case code == "M8":
		return "datetime64"
	case code == "m8":
		return "timedelta64"
	case err == nil && name != "" && n > 0 && n <= 32:
		return name + strconv.Itoa(8*n)
	case err == nil && code[0] == 'U':
		return "str" + digits
	case err == nil && code[0] == 'S':
		return "bytes" + digits
	case code[0] == 'M' && unit != "":
		return rule.Clip("datetime64[" + unit)
	case code[0] == 'm' && unit != "":
		return rule.Clip("timedelta64[" + unit)
	}
	return rule.Clip(s)
}

func (t *teller) returnText() string {
	if t.t.Account == nil {
		return "return"
	}
	r := t.t.Account.Result
	switch r.Kind {
	case decode.Object, decode.Computed:
		if name := t.names[r.Offset]; name != "" {
			return "return " + name
		}
	}
	return "return " + t.returned()
}

// returned says what the caller gets, with its article.
func (t *teller) returned() string {
	a := t.t.Account
	items := ""
	if a.Items > 0 {
		items = " of " + plural(a.Items, "item")
	}
	switch r := a.Result; r.Kind {
	case decode.Dict:
		return "a dict" + items
	case decode.List:
		return "a list"
	case decode.Set:
		return "a set"
	case decode.Tuple:
		return "a tuple"
	case decode.String:
		return "a string"
	case decode.Bytes:
		return "bytes"
	case decode.Object, decode.Imported:
		if r.Import < 0 {
			break
		}
		symbol := show(t.j.classes[r.Import].symbol)
		if a.Array >= 0 {
			return map[string]string{"tensor": "a tensor", "array": "an array"}[t.kind(&a.Built[a.Array])]
		}
		if r.Kind == decode.Imported {
			return symbol + " itself"
		}
		if t.isClass(r) {
			return "an object of " + symbol + items
		}
		return "what " + symbol + " returns"
	case decode.None, decode.Bool, decode.Number:
		return t.value(r)
	}
	return "a value that only running code knows"
}

// isClass reports whether an object was made by its class and not by a function.
func (t *teller) isClass(v decode.Value) bool {
	for _, m := range t.t.Account.Made {
		if m.Import == v.Import {
			return true
		}
	}
	return false
}

// plural is a number with its noun: "20,000 items".
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits + " " + noun + "s"
}
