package gguf

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/encoded"
	"github.com/sallyport/sallyport/internal/decode/magic"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/rules"
)

// judge compares a value with what readers of its key expect.
func (r *reader) judge(key string, at int64, v *value) {
	r.facts.value(key, v)
	r.remember(key, v)
	row, known := schema(key)
	if !known {
		return
	}
	f := strings.SplitN(row, "\t", 3)
	if len(f) < 3 {
		return
	}
	if !listed(f[0], v.typeName()) && !(v.kind == kArray && v.count == 0) {
		r.raise(ruleType, at, int64(len(key)), key, fmt.Sprintf("The key %q has the type %s; its readers expect %s.", rule.Clip(key), v.typeName(), f[0]))
		return
	}
	if v.kind == kBool && v.number > 1 {
		r.raise(ruleRange, v.off, v.length, key, fmt.Sprintf("The value of %q is neither true nor false but %d.", rule.Clip(key), v.number))
	}
	if v.kind == kString || v.kind == kArray || v.float || f[1] == "" {
		return
	}
	least, _ := strconv.ParseInt(f[1], 10, 64)
	most, _ := strconv.ParseInt(f[2], 10, 64)
	if v.number < least || v.number > most {
		r.raise(ruleRange, v.off, v.length, key, fmt.Sprintf("The value of %q is %d; from %d to %d makes sense.", rule.Clip(key), v.number, least, most))
	}
}

// schema finds the line of a key: by its own name, by that of any architecture,
// and with its numbers left open.
func schema(key string) (row string, ok bool) {
	if strings.HasPrefix(key, templates+".") {
		key = templates + ".*"
	}
	group, rest, ok := strings.Cut(key, ".")
	if !ok || len(key) > 256 {
		return "", false
	}
	if row, ok = rules.Row(rules.GGUFKeys, group, rest); ok {
		return row, true
	}
	if row, ok = rules.Row(rules.GGUFKeys, "*", rest); ok {
		return row, true
	}
	parts := strings.Split(rest, ".")
	for i, p := range parts {
		if _, err := strconv.ParseUint(p, 10, 32); err == nil {
			parts[i] = "#"
		}
	}
	return rules.Row(rules.GGUFKeys, group, strings.Join(parts, "."))
}

// listed reports whether a list with commas has the word.
func listed(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}

// remember keeps what later parts of the file depend on.
func (r *reader) remember(key string, v *value) {
	switch key {
	case "general.alignment":
		if n := v.number; v.kind == kUint32 && n > 0 && n <= maxAlignment && n&(n-1) == 0 {
			r.alignment = n
		} else {
			r.raise(ruleAlign, v.off, v.length, key, fmt.Sprintf("The alignment is %d; it must be a power of two up to %d.", n, maxAlignment))
		}
	case "tokenizer.ggml.tokens", "tokenizer.ggml.scores", "tokenizer.ggml.token_type":
		r.lengths[key] = v.count
	case "split.no", "split.count":
		r.split.set(key, v)
	}
}

// maxAlignment is far more than any writer uses.
const maxAlignment = 64 << 10

// together compares arrays that readers walk side by side, without looking at the
// length of each.
func (r *reader) together() {
	tokens, ok := r.lengths["tokenizer.ggml.tokens"]
	if !ok {
		return
	}
	for _, key := range []string{"tokenizer.ggml.scores", "tokenizer.ggml.token_type"} {
		if n, ok := r.lengths[key]; ok && n != tokens {
			r.raise(ruleType, 0, 0, key, fmt.Sprintf("The vocabulary has %d tokens and %q has %d entries, which are read one for one.", tokens, key, n))
		}
	}
}

const (
	templates = "tokenizer.chat_template"
	tokenizer = "tokenizer.huggingface.json"
	maxHidden = 100 // streams found in values and handed on, for one file

	maxTemplates = 4 << 20 // bytes of all templates of one file
)

// text looks at one string, or at the bytes of an array.
func (r *reader) text(key string, v *value) {
	if v.kind == kString && isTemplate(key, v.head) {
		r.template(key, v)
	}
	if v.kind == kString && key == tokenizer {
		if view, err := r.in.R.Section(v.off, v.length); err == nil && v.length > 0 {
			r.res.Children = append(r.res.Children, format.Child{Name: tokenizer, R: view, Offset: v.off, As: "json"})
		}
		return
	}
	if len(v.head) >= worth {
		r.look(key, v)
	}
}

// isTemplate recognises the keys of chat templates; a list of them holds names
// as a rule.
func isTemplate(key string, text []byte) bool {
	return key == templates || strings.HasPrefix(key, templates+".") || key == templates+"s" && bytes.Contains(text, []byte("{"))
}

func (r *reader) template(key string, v *value) {
	if r.kept += len(v.head); v.length > int64(len(v.head)) || r.kept > maxTemplates {
		_ = r.p.budget.Reach("string-kept", bounded.MaxStringKept)
	}
	if len(v.head) > 0 && r.kept <= maxTemplates {
		r.res.Texts = append(r.res.Texts, format.Text{Language: "jinja", Name: key, Offset: v.off, Length: v.length, Content: slices.Clone(v.head)})
	}
}

// look searches a value for a pickle or a program.
func (r *reader) look(key string, v *value) {
	cut := v.length > int64(len(v.head))
	if data, how := pickleIn(v); how != "" {
		r.found(rulePickle, key, v, data, "pickle", "a pickle ("+how+")", cut)
		return
	}
	if cut && encoded.MayBegin(v.head) {
		_ = r.p.budget.Reach("string-kept", bounded.MaxStringKept)
	}
	if h, ok := magic.Find(v.head); ok {
		id := ""
		if h.Program {
			id = ruleProgram
		}
		r.found(id, key, v, h.Data, "", h.What+" ("+h.How+")", cut)
	}
}

// pickleIn is the pickle that a text or an array of bytes holds.
func pickleIn(v *value) (data []byte, how string) {
	if first := v.head[0]; first >= 0x80 && first != 0xc2 && v.kind == kString {
		return nil, "" // no text of a pickle begins like this, and many tokens do
	}
	return encoded.Pickle(v.head)
}

// found reports what lies in a value, if it has a rule, and hands it on.
func (r *reader) found(id, key string, v *value, data []byte, as, what string, cut bool) {
	if cut || r.hidden == maxHidden {
		_ = r.p.budget.Reach("string-kept", bounded.MaxStringKept) // only its beginning is known
	}
	if id != "" {
		r.raise(id, v.off, v.length, key, fmt.Sprintf("The value of %q holds %s.", rule.Clip(key), what))
	}
	if r.hidden < maxHidden {
		r.hidden++
		r.res.Children = append(r.res.Children, format.Child{Name: key, Offset: v.off, As: as, R: bounded.NewBytes(slices.Clone(data), r.in.R.Budget())})
	}
}
