package coreml

import (
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/rule"
)

// model reads a model, the outermost one or one of a pipeline.
func (t *reader) model(m *protobuf.Message) {
	kinds := 0
	t.each(m, func() bool {
		switch {
		case m.Number == modelVersion && m.Depth() == 0:
			t.res.Facts = append(t.res.Facts, finding.Fact{Key: "coreml.version", Value: itoa(int64(m.Value))})
		case m.Number >= modelKinds:
			if kinds++; len(t.kinds) < mostListed {
				t.kinds = append(t.kinds, m.Decl.Name)
			}
		}
		return false
	})
	if kinds == 0 {
		t.gap(gapMalformed, m.Start, 0, "A model does not say of which kind it is.")
	}
}

// class reads a layer or a model that is a class of the application.
func (t *reader) class(m *protobuf.Message) {
	what, name := "layer", ""
	if m.Type.Name == "CustomModel" {
		what = "model"
	}
	off := m.Start
	t.each(m, func() bool {
		if m.Decl.Name == "className" {
			name, off = m.Text(), m.Data
		}
		return false
	})
	t.needs(what, name, off)
}

func (t *reader) needs(what, name string, off int64) {
	t.custom = append(t.custom, rule.Clip(name))
	if len(t.custom) > mostListed {
		t.custom = t.custom[:mostListed]
	}
	t.raise(ruleCustom, off, name, "The "+what+" is computed by the class "+quote(name)+", native code that the application must bring along.")
}

// linked reads the reference to another model that is loaded with this one.
func (t *reader) linked(m *protobuf.Message) {
	name, search := "", ""
	off := m.Start
	value := func() (s string) {
		var sub protobuf.Message
		if m.Enter(&sub) {
			t.each(&sub, func() bool {
				if sub.Decl.Name == "defaultValue" {
					s, off = sub.Text(), sub.Data
				}
				return false
			})
		}
		return s
	}
	t.each(m, func() bool {
		if m.Decl.Name == "linkedModelFileName" {
			name = value()
		} else {
			search = value()
		}
		return true
	})
	t.raise(ruleLinked, off, name, "The model loads another one, "+quote(name)+", which it looks for in "+quote(search)+".")
	for s := range strings.SplitSeq(search, ":") {
		// A search path is a list of folders.
		if what := leads(path.Join(s, "x")); what != "" {
			t.raise(ruleOutside, off, s, "The folder "+quote(s)+", in which another model is looked for, "+what+".")
		}
	}
	if what := leads(name); what != "" {
		t.raise(ruleOutside, off, name, "The path "+quote(name)+", from which another model is loaded, "+what+".")
	}
}

// sealed reads a model in a form that Apple keeps to itself.
func (t *reader) sealed(m *protobuf.Message) {
	t.each(m, func() bool {
		if m.Decl.Kind != protobuf.Blob {
			return false
		}
		kind := m.Type.Name[strings.LastIndexByte(m.Type.Name, '.')+1:]
		t.gap(gapUnsupported, m.Data, m.Length, "The data of the "+kind+" has a form of Apple's own, which cannot be read: ask for its provenance, or train it again from its source.")
		if m.Length >= shortestOpaque {
			t.hand("data of "+kind, m.Reader(), m.Data, "")
		}
		return true
	})
}
