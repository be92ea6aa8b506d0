package savedmodel

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/encoded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/format"
)

const (
	shortestHidden = 16 // bytes: below it no text holds a payload
	shortestOpaque = 32 // bytes of a string that is no text and worth a look

	stringConstant = "string constant"
)

// text judges any string of the file, from names to constants: it is UTF-8, or it
// is handed on; and it is no graph and no pickle in disguise.
func (t *reader) text(m *protobuf.Message, what string) {
	if m.Length < shortestHidden {
		if m.Decl != nil && m.Decl.Kind == protobuf.Text && !utf8.Valid(m.Head(m.Length)) {
			t.gap(gapMalformed, m.Data, m.Length, "The value of "+what+" is not UTF-8.")
		}
		return
	}
	if as := graphIn(m); as != "" {
		t.raise(ruleGraph, m.Data, what, "The value of "+quote(what)+" is a graph of its own.")
		t.virtual("graph in "+what, m.Reader(), m.Data, as)
		return
	}
	if m.Length > bounded.MaxBlock || !m.IsText() {
		if x := typeNamed("TrackableObjectGraph"); what == stringConstant && conforms(m.Reader(), x) {
			t.inside(m, x) // what a checkpoint is to be matched with
			return
		}
		t.opaqueText(m, what)
		return
	}
	p := m.Head(bounded.MaxBlock)
	if data, how := encoded.Pickle(p); data != nil {
		t.raise(ruleHidden, m.Data, what, "The value of "+quote(what)+" is a pickle ("+how+").")
		t.virtual(what, bounded.NewBytes(bytes.Clone(data), t.in.R.Budget()), m.Data, "pickle")
	}
}

// opaqueText hands on a string that is no text. The engine says what it is, or
// that nobody knows.
func (t *reader) opaqueText(m *protobuf.Message, what string) {
	if m.Decl != nil && m.Decl.Kind == protobuf.Text {
		t.gap(gapMalformed, m.Data, m.Length, "The value of "+what+" is not UTF-8.")
	}
	switch p := m.Head(2); {
	case len(p) == 2 && p[0] == 0x80 && p[1] >= 2 && p[1] <= 5:
		t.raise(ruleHidden, m.Data, what, "The value of "+quote(what)+" begins like a pickle.")
		fallthrough
	case m.Length >= shortestOpaque:
		t.virtual(what, m.Reader(), m.Data, "")
	}
}

// graphIn says as what the bytes of the present field are to be read when they are
// a graph: the ID of a format, or "".
func graphIn(m *protobuf.Message) (as string) {
	p := m.Head(1)
	if len(p) == 0 {
		return ""
	}
	switch first := p[0]; first {
	case 0x08, 0x0a, 0x12, 0x22:
		try(m.Reader(), func(r *bounded.Reader) { as = graphFormat(first, r) })
	}
	return as
}

func graphFormat(first byte, r *bounded.Reader) string {
	in := &format.Input{R: r}
	switch {
	case first == 0x08:
		if matchModel(in) == format.Strong {
			return idModel
		}
	case matchGraph(in) == format.Strong:
		return idGraph
	case matchMetaGraph(in) == format.Strong:
		return idMetaGraph
	case sure(in, "FunctionDef", isFunctionNode) == format.Strong:
		return idFunction
	}
	return ""
}

// try looks at bytes that may be anything: the limits that noise runs into do not
// count.
func try(r *bounded.Reader, look func(*bounded.Reader)) {
	_ = r.Budget().Trial(func(b *bounded.Budget) {
		if mem := r.Memory(); mem != nil {
			look(bounded.NewBytes(mem, b))
			return
		}
		look(bounded.NewReader(r, r.Size(), b))
	})
}

// isFunctionNode reports a node in a function.
func isFunctionNode(m *protobuf.Message) bool {
	var sub protobuf.Message
	if m.Number != functionNode || !m.Enter(&sub) {
		return false
	}
	op := false
	for n := 0; sub.Next() && n < looks; n++ {
		if sub.Decl == nil {
			return false
		}
		op = op || sub.Number == nodeOp && plainName(sub.Head(64))
	}
	return op && sub.Err() == nil
}

// any walks a message that says its own type.
func (t *reader) any(m *protobuf.Message) {
	name := ""
	t.into(m, func(sub *protobuf.Message) bool {
		switch sub.Number {
		case 1:
			name = sub.Text()
			return false
		case 2:
			if i := strings.LastIndexByte(name, '/'); i >= 0 {
				if x := known(name[i+1:]); x != nil && conforms(sub.Reader(), x) {
					t.inside(sub, x)
					return true
				}
			}
			t.text(sub, name)
		}
		return true
	})
}

// known finds a message that the schema has.
func known(name string) *protobuf.Type {
	if !strings.Contains(schemaTable, "\n"+name+"\t") || strings.ContainsAny(name, "\t\n") {
		return nil
	}
	return schema().Type(name)
}

// conforms reports bytes that are a message of the type, with nothing unknown in
// it at any depth.
func conforms(r *bounded.Reader, x *protobuf.Type) (yes bool) {
	try(r, func(r *bounded.Reader) {
		m := protobuf.Open(r, x)
		defer m.Close()
		yes = allKnown(m)
	})
	return yes
}

func allKnown(m *protobuf.Message) bool {
	for m.Next() {
		if m.Decl == nil || m.Decl.Kind == protobuf.Text && !m.IsText() {
			return false
		}
		var sub protobuf.Message
		if m.Decl.Kind == protobuf.Nested && (!m.Enter(&sub) || !allKnown(&sub)) {
			return false
		}
	}
	return m.Err() == nil
}

// outside says why a path from the model does not stay below its folder, on any
// system; "" when it does.
func outside(location string) string {
	switch {
	case strings.ContainsRune(location, 0):
		return "has a NUL in it"
	case location != "" && (location[0] == '/' || location[0] == '\\'):
		return "is absolute"
	case len(location) > 1 && location[1] == ':':
		return "names a drive"
	case strings.Contains(location, "://"):
		return "is a URL"
	case climbs(location):
		return "leads out of the folder of the model"
	}
	return ""
}

// climbs reports a path that leaves its folder, for those who take a backslash
// for a separator and for those who do not.
func climbs(location string) bool {
	for _, p := range [...]string{location, strings.ReplaceAll(location, `\`, "/")} {
		depth := 0
		for part := range strings.SplitSeq(p, "/") {
			switch part {
			case "", ".":
			case "..":
				if depth--; depth < 0 {
					return true
				}
			default:
				depth++
			}
		}
	}
	return false
}
