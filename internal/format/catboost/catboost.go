// Package catboost reads the models of CatBoost: .cbm and JSON.
//
// Specification: catboost/libs/model of https://github.com/catboost/catboost. A
// .cbm file is a signature, the size of a FlatBuffers file (schema.txt), that
// file, and the parts that it lists: tables of categories (tables.txt).
//
// Threat: trees are lists of indexes, and the file a graph of offsets, which
// prediction follows without a check: one that leads out of its list is a read of
// foreign memory. Metadata is room for anything.
//
// Not covered: parts for texts and embeddings (a gap); what the numbers predict.
package catboost

import (
	_ "embed"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/encoded"
	"github.com/sallyport/sallyport/internal/decode/flatbuffer"
	"github.com/sallyport/sallyport/internal/decode/magic"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	ruleIndex   = "SP-CBM-001" // an index leaves its list
	ruleLengths = "SP-CBM-002" // lists that go together differ in length
	ruleBroken  = "SP-CBM-003" // structure that cannot be trusted
	ruleHidden  = "SP-CBM-004" // a program or pickle in a text
)

const signature = "CBM1"

//go:embed schema.txt
var schemaText string

//go:embed tables.txt
var tablesText string

var (
	schema = sync.OnceValue(func() *flatbuffer.Schema { return flatbuffer.Parse(schemaText) })
	tables = sync.OnceValue(func() *flatbuffer.Schema { return flatbuffer.Parse(tablesText) })
)

// Format is a .cbm model.
var Format = format.Format{
	ID:         "catboost",
	Title:      "CatBoost model",
	Spec:       "https://catboost.ai/docs/en/concepts/python-reference_catboost_save_model",
	Extensions: []string{".cbm"},
	Rules:      append(flatbuffer.Coverage(), ruleIndex, ruleLengths, ruleBroken, ruleHidden, "SP-COV-004", "SP-COV-012"),
	Match: func(in *format.Input) format.Confidence {
		if len(in.Head()) >= 8 && string(in.Head()[:4]) == signature {
			return format.Strong
		}
		return format.No
	},
	Read: read,
}

type reader struct {
	in     *format.Input
	res    format.Result
	raised map[string]int
	hidden int
	base   int64 // where the tables stand
}

func newReader(in *format.Input) *reader { return &reader{in: in, raised: map[string]int{}} }

func read(in *format.Input) format.Result {
	r := newReader(in)
	size := int64(binary.LittleEndian.Uint32(in.Head()[4:]))
	r.span(0, 8, format.Structure)
	core, err := in.R.Section(8, size)
	if err != nil {
		r.gap(8, in.R.Size()-8, "SP-COV-004", fmt.Sprintf("The model declares %d bytes of tables and has %d.", size, in.R.Size()-8))
		return r.res
	}
	f := r.tables(core, schema(), 8)
	trees := f.Root.Table("ModelTrees")
	r.base = 8
	r.trees(trees)
	r.texts(f.Root)
	r.parts(f.Root, 8+size)
	r.state(f.Root, trees)
	return r.res
}

// tables reads one FlatBuffers file at an offset and accounts for its bytes.
func (r *reader) tables(view *bounded.Reader, s *flatbuffer.Schema, base int64) *flatbuffer.File {
	f := flatbuffer.Read(view, s, 0)
	found, unread := f.Judge(ruleBroken, base, r.in.Location)
	r.res.Findings = append(r.res.Findings, found...)
	for _, u := range unread {
		r.gap(u.Offset, u.Length, u.Rule, u.Reason)
	}
	for _, x := range f.Structure {
		r.span(base+x.Offset, x.Length, format.Structure)
	}
	for _, x := range f.Payload {
		r.span(base+x.Offset, x.Length, format.Payload)
	}
	return f
}

func (r *reader) span(off, length int64, kind format.SpanKind) {
	r.res.Spans = append(r.res.Spans, format.Span{Offset: off, Length: length, Kind: kind})
}

func (r *reader) gap(off, length int64, id, reason string) {
	r.res.Spans = append(r.res.Spans, format.Span{Offset: off, Length: length, Kind: format.Unread, Rule: id, Reason: reason})
}

const (
	perRule   = 20
	maxHidden = 100
)

func (r *reader) raise(id string, off int64, symbol, message string) {
	if r.raised[id]++; r.raised[id] <= perRule {
		r.res.Findings = append(r.res.Findings, rule.Finding(id, r.in.Location(min(off, r.in.R.Size()), 0), symbol, message))
	}
}

// parts reads what follows the tables, as the list of parts says.
func (r *reader) parts(root flatbuffer.Table, at int64) {
	list := root.List("ModelPartIds")
	for i := range min(list.Len(), 100) {
		id := list.Text(i)
		if id != "static_provider_v1" {
			r.gap(at, r.in.R.Size()-at, "SP-COV-012", fmt.Sprintf("The model has a part of the kind %q, which is not read.", rule.Clip(id)))
			return
		}
		next, ok := r.provider(at)
		if !ok {
			r.gap(at, r.in.R.Size()-at, "SP-COV-004", "The tables of categories are longer than the file.")
			return
		}
		at = next
	}
}

// provider reads a list of tables, each with its size before it.
func (r *reader) provider(at int64) (next int64, ok bool) {
	p, err := r.in.R.Bytes(at, 4)
	if err != nil {
		return at, false
	}
	r.span(at, 4, format.Structure)
	at += 4
	for range binary.LittleEndian.Uint32(p) {
		if r.in.R.Budget().Items(1) != nil || len(r.res.Findings) > bounded.MaxFindings || len(r.res.Spans) > bounded.MaxFlatbufferObjects {
			return at, false
		}
		p, err := r.in.R.Bytes(at, 4)
		if err != nil {
			return at, false
		}
		size := int64(binary.LittleEndian.Uint32(p))
		view, err := r.in.R.Section(at+4, size)
		if err != nil {
			return at, false
		}
		r.span(at, 4, format.Structure)
		r.values(r.tables(view, tables(), at+4).Root, at+4)
		at += 4 + size
	}
	return at, true
}

// values checks one table of categories: buckets of twelve bytes, a hash and the
// number of an entry, and the entries.
func (r *reader) values(t flatbuffer.Table, base int64) {
	hashes, blob := t.List("IndexHashRaw").Range(), t.List("CTRBlob").Range()
	entry := int64(4)
	switch t.Table("ModelCtrBase").Int("CtrType", 0) {
	case 0, 1: // Borders, Buckets: a count for each class
		entry = 4 * max(t.Int("TargetClassesCount", 0), 1)
	case 2, 3: // a mean and a count
		entry = 8
	}
	c := r.in.R.NewCursor(base + hashes.Offset)
	defer c.Close()
	for range hashes.Length / 12 {
		p, err := c.Next(12)
		if err != nil || r.in.R.Budget().Items(1) != nil {
			return
		}
		if binary.LittleEndian.Uint64(p) == 1<<64-1 { // an empty bucket
			continue
		}
		if n := int64(binary.LittleEndian.Uint32(p[8:])); n >= blob.Length/entry {
			r.raise(ruleIndex, c.Offset()-4, "IndexHashRaw", fmt.Sprintf("A category leads to entry %d of %d.", n, blob.Length/entry))
			return
		}
	}
}

// texts looks at the metadata.
func (r *reader) texts(root flatbuffer.Table) {
	list := root.List("InfoMap")
	for i := range list.Len() {
		e := list.Table(i)
		if at, ok := e.TextRange("Value"); ok {
			if p, err := r.in.R.Bytes(8+at.Offset, min(at.Length, bounded.MaxStringKept)); err == nil {
				r.look(8+at.Offset, e.Text("Key"), p, at.Length > int64(len(p)))
			}
		}
	}
}

// look searches a text for a pickle or a program.
func (r *reader) look(off int64, key string, text []byte, cut bool) {
	if len(text) < 16 {
		return
	}
	data, how := encoded.Pickle(text)
	what := "a pickle"
	if data == nil {
		h, ok := magic.Find(text)
		if !ok {
			if cut && encoded.MayBegin(text) {
				_ = r.in.R.Budget().Reach("string-kept", bounded.MaxStringKept)
			}
			return
		}
		data, how, what = h.Data, h.How, h.What
	}
	if cut || r.hidden == maxHidden {
		_ = r.in.R.Budget().Reach("string-kept", bounded.MaxStringKept)
	}
	r.raise(ruleHidden, off, key, fmt.Sprintf("The value of %q holds %s (%s).", rule.Clip(key), what, how))
	if r.hidden < maxHidden {
		r.hidden++
		r.res.Children = append(r.res.Children, format.Child{Name: key, Offset: off, R: bounded.NewBytes(slices.Clone(data), r.in.R.Budget())})
	}
}

func (r *reader) state(root, trees flatbuffer.Table) {
	add := func(key, value string) {
		r.res.Facts = append(r.res.Facts, finding.Fact{Key: key, Value: rule.Clip(value)})
	}
	add("catboost.format", root.Text("FormatVersion"))
	add("catboost.trees", strconv.FormatInt(trees.List("TreeSizes").Len(), 10))
	features := trees.List("FloatFeatures").Len() + trees.List("CatFeatures").Len() + trees.List("TextFeatures").Len() + trees.List("EmbeddingFeatures").Len()
	add("catboost.features", strconv.FormatInt(features, 10))
}
