package template

// made are the names whose value is a text that the template puts together while
// it is rendered. Names of a namespace or of a dict have a dot in front. Scopes
// make no difference here: one name is one variable everywhere.
type made struct {
	names   map[string]bool
	params  map[string][]string // of macros, and of the block that caller() renders
	changed bool
	all     bool // not followed to the end: every name counts
}

// maxPasses is how often a template is gone through: values flow backwards only
// from a call to the macro in front of it, or around a loop.
const maxPasses = 6

// follow goes through the template until nothing new is found.
func follow(src string) *made {
	m := &made{names: map[string]bool{}, params: map[string][]string{}}
	for range maxPasses {
		m.changed = false
		_ = parse(src, m) // the judgement tells what is wrong with it
		if !m.changed {
			return m
		}
	}
	m.all = true
	return m
}

func (m *made) mark(name string) {
	if !m.names[name] {
		m.names[name], m.changed = true, true
	}
}

// print implements sink.
func (m *made) print(int, string) {}

// output implements sink.
func (m *made) output(e *node) { m.calls(e) }

// statement implements sink.
func (m *made) statement(tag token, es []*node) {
	for _, e := range es {
		m.calls(e)
	}
	switch tag.text {
	case "set", "with":
		m.assign(es, tag.text == "set")
	case "for":
		m.loop(es)
	case "macro":
		if len(es) > 0 && es[0].kind == kindCall && es[0].kids[0].kind == kindName {
			m.declare(es[0].kids[0].text, es[0].kids[1:])
		}
	case "call":
		if len(es) > 1 && es[0].kind == kindList {
			m.declare("caller", es[0].kids)
		}
	}
}

// declare notes the parameters of a macro.
func (m *made) declare(name string, params []*node) {
	if _, ok := m.params[name]; !ok {
		m.params[name], m.changed = []string{"varargs", "kwargs"}, true
	}
	for _, p := range params {
		if p.kind == kindBinary && p.text == "=" {
			if m.text(p.kids[1]) {
				m.target(p.kids[0])
			}
			p = p.kids[0]
		}
		if p.kind == kindName && len(m.params[name]) < maxChain {
			m.params[name] = append(m.params[name], p.text)
		}
	}
}

// assign follows "set a, b = c" and "with a = b". A set without a value takes the
// text of its block.
func (m *made) assign(es []*node, block bool) {
	var targets []*node
	text, values := false, false
	for _, e := range es {
		switch {
		case e.kind == kindBinary && e.text == "=":
			targets, values = append(targets, e.kids[0]), true
			text = text || m.text(e.kids[1])
		case values:
			text = text || m.text(e)
		default:
			targets = append(targets, e)
		}
	}
	if text || block && !values {
		for _, t := range targets {
			m.target(t)
		}
	}
}

// text reports a value that is, or that is a list of, texts put together.
func (m *made) text(e *node) bool {
	if _, ok := fold(e); ok {
		return false // looked at where it stands
	}
	return m.computed(e)
}

func (m *made) loop(es []*node) {
	for i, e := range es {
		if e.kind == kindBinary && e.text == "in" && m.text(e.kids[1]) {
			for _, t := range append(es[:i:i], e.kids[0]) {
				m.target(t)
			}
			return
		}
	}
}

// target marks what is assigned to.
func (m *made) target(t *node) {
	switch t.kind {
	case kindName:
		m.mark(t.text)
	case kindAttr:
		m.mark("." + t.text)
	case kindFilter:
		m.target(t.kids[0])
	case kindList:
		for _, k := range t.kids {
			m.target(k)
		}
	}
}

// calls looks at an expression for macros that are handed such texts, and for
// dicts and namespaces that hold them.
func (m *made) calls(n *node) {
	if n == nil {
		return
	}
	switch {
	case n.kind == kindCall && n.kids[0].kind == kindName:
		for _, arg := range n.kids[1:] {
			named := arg.kind == kindBinary && arg.text == "="
			if named {
				if m.text(arg.kids[1]) {
					m.mark("." + arg.kids[0].text)
				}
				arg = arg.kids[1]
			}
			if params := m.params[n.kids[0].text]; params != nil && m.text(arg) {
				for _, p := range params {
					m.mark(p)
				}
			}
		}
	case n.kind == kindList && n.text == "{":
		for i := 0; i+1 < len(n.kids); i += 2 {
			if key := n.kids[i]; key.kind == kindText && m.text(n.kids[i+1]) {
				m.mark("." + key.text)
			}
		}
	}
	for _, k := range n.kids {
		m.calls(k)
	}
}

// computed reports an expression that puts a text together. What is a constant as
// a whole is the business of fold.
func (m *made) computed(n *node) bool {
	if n == nil {
		return false
	}
	switch n.kind {
	case kindName:
		return m.all || m.names[n.text]
	case kindAttr:
		return m.names["."+n.text] || m.computed(n.kids[0])
	case kindItem:
		i := n.kids[1]
		return i != nil && (i.kind == kindText && m.names["."+i.text] || i.kind == kindSlice && m.stringy(n.kids[0])) || m.computed(n.kids[0])
	case kindBinary:
		switch n.text {
		case "~":
			return true
		case "+", "*", "%":
			return m.stringy(n.kids[0]) || m.stringy(n.kids[1])
		}
	case kindFilter:
		return m.filtered(n)
	case kindCall:
		return m.called(n)
	case kindIf:
		return m.computed(n.kids[0]) || len(n.kids) > 2 && m.computed(n.kids[2])
	case kindList:
		for _, k := range n.kids {
			if m.computed(k) {
				return true
			}
		}
	}
	return false
}

// stringy reports a text, constant or not.
func (m *made) stringy(n *node) bool { return n != nil && (n.kind == kindText || m.computed(n)) }

// filtered reports filters that put a text together, or change one.
func (m *made) filtered(n *node) bool {
	switch n.text {
	case "length", "count", "int", "float", "abs", "round":
		return false
	case "format", "replace", "join", "striptags", "urlencode", "xmlattr":
		return true
	}
	return m.stringy(n.kids[0])
}

// called reports methods that put a text together, and macros.
func (m *made) called(n *node) bool {
	f := n.kids[0]
	if f.kind == kindName {
		return m.params[f.text] != nil || f.text == "caller"
	}
	if f.kind != kindAttr {
		return m.computed(f)
	}
	switch f.text {
	case "replace", "join", "format", "format_map", "translate", "decode", "removeprefix", "removesuffix":
		return true
	case "index", "find", "rfind", "count", "startswith", "endswith":
		return false
	}
	return m.stringy(f.kids[0])
}
