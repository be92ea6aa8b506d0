package tflite

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/decode/flatbuffer"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// metadata reads the buffers that entries of metadata name.
func (t *reader) metadata() {
	list := t.model.List("metadata")
	for i := range list.Len() {
		e := list.Table(i)
		if b := t.metadataBuffer(e, e.Int("buffer", 0)); b != nil {
			t.entry(e.Text("name"), b)
		}
	}
	old := t.model.List("metadata_buffer")
	for i := range old.Len() {
		if b := t.metadataBuffer(t.model, old.Int(i)); b != nil {
			t.entry("metadata buffer", b)
		}
	}
}

func (t *reader) metadataBuffer(e flatbuffer.Table, i int64) *buffer {
	if i < 0 || i >= int64(len(t.buffers)) {
		t.raise(ruleIndex, at(e), "metadata", fmt.Sprintf("An entry of metadata asks for buffer %d of %d.", i, len(t.buffers)))
		return nil
	}
	b := &t.buffers[i]
	if b.used = true; b.Length == 0 || b.placed {
		return nil
	}
	return b
}

// entry explains one entry by its name, or hands it on.
func (t *reader) entry(name string, b *buffer) {
	switch name {
	case "min_runtime_version":
		if text, ok := t.plain(b); ok {
			t.fact("tflite.min_runtime_version", text)
			return
		}
	case "CONVERSION_METADATA":
		f, ok := t.nested(b, conversionSchema())
		if ok {
			t.fact(format.FactProducer, "TensorFlow "+f.Root.Table("environment").Text("tensorflow_version"))
			return
		}
	case "TFLITE_METADATA":
		if f, ok := t.nested(b, metadataSchema()); ok {
			t.card(f, b.Offset)
			return
		}
	case "OfflineMemoryAllocation":
		if t.offsets(b) {
			return
		}
	}
	t.hand("metadata/"+name, b.Range)
	b.placed = true
}

func (t *reader) fact(key, value string) {
	if value = strings.TrimSpace(value); value != "" {
		t.res.Facts = append(t.res.Facts, finding.Fact{Key: key, Value: rule.Clip(value)})
	}
}

// plain is a short text that zeros fill up.
func (t *reader) plain(b *buffer) (string, bool) {
	if b.Length > 64 {
		return "", false
	}
	p, err := t.in.R.Bytes(b.Offset, b.Length)
	if err != nil {
		return "", false
	}
	p = bytes.TrimRight(p, "\x00")
	if bytes.ContainsFunc(p, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", false
	}
	t.own(b, format.Span{Kind: format.Structure})
	return string(p), true
}

// offsets is where a micro controller keeps its tensors: version, subgraph,
// count, and a number for each.
func (t *reader) offsets(b *buffer) bool {
	p, err := t.in.R.Bytes(b.Offset, min(b.Length, 12))
	if err != nil || len(p) < 12 || int64(binary.LittleEndian.Uint32(p[8:]))*4+12 != b.Length {
		return false
	}
	t.own(b, format.Span{Kind: format.Structure})
	return true
}

// nested reads a file of tables inside of a buffer.
func (t *reader) nested(b *buffer, s *flatbuffer.Schema) (*flatbuffer.File, bool) {
	r, err := t.in.R.Section(b.Offset, b.Length)
	if err != nil || r.Size() < 8 {
		return nil, false
	}
	f := flatbuffer.Read(r, s, 0)
	if !f.Root.OK() {
		return nil, false
	}
	b.used, b.placed = true, true
	t.judge(f, b.Offset)
	for _, x := range f.Structure {
		t.placed = append(t.placed, format.Span{Offset: b.Offset + x.Offset, Length: x.Length, Kind: format.Structure})
	}
	for _, x := range f.Payload {
		t.hand("metadata", flatbuffer.Range{Offset: b.Offset + x.Offset, Length: x.Length})
	}
	t.opened[b.Range] = true
	return f, true
}

// card reads what the model says of itself.
func (t *reader) card(f *flatbuffer.File, base int64) {
	root := f.Root
	t.fact(format.FactModelName, root.Text("name"))
	t.fact("model.version", root.Text("version"))
	t.fact("model.author", root.Text("author"))
	t.fact("model.license", root.Text("license"))
	for _, key := range []string{"description", "license"} {
		r, ok := root.TextRange(key)
		r.Offset += base
		t.text(key, r, ok)
	}
	t.files(root, base)
	graphs := root.List("subgraph_metadata")
	for i := range min(graphs.Len(), 1000) {
		g := graphs.Table(i)
		t.files(g, base)
		for _, key := range []string{"input_tensor_metadata", "output_tensor_metadata"} {
			list := g.List(key)
			for k := range min(list.Len(), 10_000) {
				t.files(list.Table(k), base)
			}
		}
	}
}

// files looks at the names of files that are said to come with the model: an
// application opens them.
func (t *reader) files(e flatbuffer.Table, base int64) {
	list := e.List("associated_files")
	for i := range list.Len() {
		f := list.Table(i)
		if name := f.Text("name"); unsafePath(name) {
			t.raise(ruleExternal, flatbuffer.Range{Offset: base + f.Offset()}, name, fmt.Sprintf("The metadata names a file outside of the model (%q).", rule.Clip(name)))
		}
	}
}

// external judges the files that hold weights of the model.
func (t *reader) external() {
	groups := t.model.List("external_buffer_groups")
	for i := range groups.Len() {
		e := groups.Table(i)
		name := e.Text("name")
		switch {
		case unsafePath(name):
			t.raise(ruleExternal, at(e), name, fmt.Sprintf("The model takes weights from outside of its folder (%q).", rule.Clip(name)))
		case name != "" && !t.in.Repo.Has(path.Join(path.Dir(t.in.Path), name)):
			t.gap(at(e), "SP-COV-009", fmt.Sprintf("The model takes weights from the file %q, which is not here.", rule.Clip(name)))
		case name != "":
			t.gap(at(e), "SP-COV-012", fmt.Sprintf("Where the model's weights lie in the file %q is not checked.", rule.Clip(name)))
		}
	}
}

// unsafePath reports a path that leads out of the folder, or is none.
func unsafePath(name string) bool {
	if strings.ContainsAny(name, "\\:\x00#") || strings.HasPrefix(name, "/") || strings.HasPrefix(name, "~") {
		return true
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return true
		}
	}
	return false
}
