// Package sentencepiece reads SentencePiece models: the vocabulary and settings of
// a tokenizer.
//
// Specification: sentencepiece_model.proto of
// https://github.com/google/sentencepiece; schema.tsv is made from it.
//
// Threat: a small protobuf message without a signature, which carries anything in
// fields that readers skip; a table for normalising texts that is used as it lies
// in memory; a vocabulary whose texts hold a payload. Not covered: rules that
// change what a text says, beyond their being there; whether scores make sense.
package sentencepiece

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/encoded"
	"github.com/sallyport/sallyport/internal/decode/magic"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	ruleOutside = "SP-CLASSIC-005" // a table that leads out of the file
	ruleHidden  = "SP-CLASSIC-006" // a program or pickle in a text
)

//go:embed schema.tsv
var table string

var schema = sync.OnceValue(func() *protobuf.Schema { return protobuf.ParseSchema(table) })

// Format is a SentencePiece model.
var Format = format.Format{
	ID:         "sentencepiece",
	Title:      "SentencePiece model",
	Spec:       "https://github.com/google/sentencepiece",
	Extensions: []string{".spm"},
	Rules:      []string{ruleOutside, ruleHidden, "SP-COV-003", "SP-COV-004", "SP-COV-012", "SP-COV-014"},
	Match:      match,
	Read:       read,
}

// match looks whether the file begins with two pieces of a vocabulary, each a text
// with a score. A file of one piece goes by its name.
func match(in *format.Input) format.Confidence {
	head, n := in.Head(), 0
	for n < 2 {
		rest, ok := piece(head)
		if !ok {
			break
		}
		head, n = rest, n+1
	}
	switch {
	case n == 2:
		return format.Strong
	case n == 1 && (strings.HasSuffix(in.Name, ".model") || strings.HasSuffix(in.Name, ".spm")):
		return format.Weak
	}
	return format.No
}

// piece passes one piece: field 1, a message of a text and a score.
func piece(p []byte) (rest []byte, ok bool) {
	if len(p) < 2 || p[0] != 0x0a {
		return nil, false
	}
	n, k := binary.Uvarint(p[1:])
	if k <= 0 || k > 2 || n < 7 || n > uint64(len(p)-1-k) {
		return nil, false
	}
	body, rest := p[1+k:1+k+int(n)], p[1+k+int(n):]
	if body[0] != 0x0a {
		return nil, false
	}
	m, k := binary.Uvarint(body[1:])
	if k <= 0 || m == 0 || m > uint64(len(body)-1-k) {
		return nil, false
	}
	text, after := body[1+k:1+k+int(m)], body[1+k+int(m):]
	return rest, utf8.Valid(text) && len(after) >= 5 && after[0] == 0x15 && (len(after) == 5 || len(after) == 7 && after[5] == 0x18)
}

// Numbers of the fields that are looked at; all others are walked by the schema.
const (
	fieldPieces = 1 // ModelProto
	fieldKind   = 3 // TrainerSpec
	fieldRules  = 2 // NormalizerSpec
)

type reader struct {
	in     *format.Input
	res    format.Result
	raised map[string]int
	hidden int
	gaps   int
	pieces int
	kind   int64
}

func read(in *format.Input) format.Result {
	r := &reader{in: in, raised: map[string]int{}, kind: 1}
	m := protobuf.Open(in.R, schema().Type("ModelProto"))
	defer m.Close()
	r.message(m)
	end := in.R.Size()
	if m.Err() != nil {
		end = m.Reached()
	}
	r.res.Spans = append(r.res.Spans, format.Span{Length: end, Kind: format.Structure})
	r.res.Facts = append(r.res.Facts, finding.Fact{Key: "sentencepiece.pieces", Value: strconv.Itoa(r.pieces)},
		finding.Fact{Key: "sentencepiece.model_type", Value: kindName(r.kind)})
	return r.res
}

func kindName(n int64) string {
	if names := []string{"unigram", "bpe", "word", "char"}; n >= 1 && n <= int64(len(names)) {
		return names[n-1]
	}
	return "type " + strconv.FormatInt(n, 10)
}

// message walks the fields of one message.
func (r *reader) message(m *protobuf.Message) {
	for m.Next() {
		switch {
		case m.Decl == nil:
			r.unknown(m)
			continue
		case m.Odd&protobuf.Overflow != 0:
			r.gap("SP-COV-004", m.Offset, m.Behind()-m.Offset, "A number has more bits than its field can hold: parsers do not agree on its value.")
		}
		if m.Again {
			r.gap("SP-COV-014", m.Offset, m.Behind()-m.Offset, "The field "+m.Decl.Name+" of "+m.Type.Name+" stands there twice, and parsers do not agree on what counts.")
		}
		r.field(m)
	}
	if err := m.Err(); err != nil {
		r.broken(m, err)
	}
}

func (r *reader) field(m *protobuf.Message) {
	switch m.Decl.Kind {
	case protobuf.Nested:
		if m.Type.Name == "ModelProto" && m.Number == fieldPieces {
			r.pieces++
		}
		var sub protobuf.Message
		if m.Enter(&sub) {
			r.message(&sub)
		}
	case protobuf.Text:
		r.text(m)
	case protobuf.Blob:
		r.charsmap(m)
	default:
		if m.Type.Name == "TrainerSpec" && m.Number == fieldKind {
			r.kind = int64(m.Value)
		}
		if m.Wire == protobuf.Bytes {
			if _, ok := m.Count(m.Decl.Wire()); !ok {
				r.gap("SP-COV-004", m.Offset, m.Behind()-m.Offset, "The last number of a list is cut off.")
			}
		}
	}
}

// broken reports a message that is not read to its end.
func (r *reader) broken(m *protobuf.Message, err error) {
	var syntax *protobuf.SyntaxError
	switch {
	case errors.As(err, &syntax):
		r.gap("SP-COV-004", m.Reached(), m.End-m.Reached(), fmt.Sprintf("A message is not valid: %s.", err))
	case m.Depth() == 0:
		r.gap("SP-COV-003", m.Reached(), m.End-m.Reached(), fmt.Sprintf("The model was not read to its end: %s.", err))
	}
}

func (r *reader) gap(id string, off, length int64, reason string) {
	if r.gaps++; r.gaps > bounded.MaxGapsPerFile {
		_ = r.in.R.Budget().Reach("gaps-per-file", bounded.MaxGapsPerFile)
		return
	}
	r.res.Spans = append(r.res.Spans, format.Span{Offset: off, Length: max(length, 0), Kind: format.Unread, Rule: id, Reason: reason})
}

// unknown reports a field that the format does not have, and hands it on.
func (r *reader) unknown(m *protobuf.Message) {
	r.gap("SP-COV-012", m.Offset, m.Behind()-m.Offset, "The format has no such field in "+m.Type.Name+"; readers skip it.")
	if m.Length >= 32 && m.Wire == protobuf.Bytes {
		r.hand("unknown field", m.Reader(), m.Data)
	}
}

const (
	perRule   = 20
	maxHidden = 100
)

func (r *reader) hand(name string, view *bounded.Reader, off int64) {
	if r.hidden++; r.hidden > maxHidden {
		_ = r.in.R.Budget().Reach("string-kept", bounded.MaxStringKept)
		return
	}
	r.res.Children = append(r.res.Children, format.Child{Name: name, R: view, Offset: off})
}

func (r *reader) raise(id string, off, length int64, symbol, message string) {
	if r.raised[id]++; r.raised[id] <= perRule {
		r.res.Findings = append(r.res.Findings, rule.Finding(id, r.in.Location(off, length), symbol, message))
	}
}

// text looks at one text: it is UTF-8, and no pickle or program.
func (r *reader) text(m *protobuf.Message) {
	if !m.IsText() {
		r.gap("SP-COV-004", m.Data, m.Length, "The value of "+m.Decl.Name+" is not UTF-8.")
		if m.Length >= 32 {
			r.hand(m.Decl.Name, m.Reader(), m.Data)
		}
		return
	}
	if m.Length < 16 {
		return
	}
	p := m.Head(bounded.MaxStringKept)
	cut := int64(len(p)) < m.Length
	data, how := encoded.Pickle(p)
	what := "a pickle"
	if data == nil {
		h, ok := magic.Find(p)
		if !ok {
			if cut && encoded.MayBegin(p) {
				_ = r.in.R.Budget().Reach("string-kept", bounded.MaxStringKept)
			}
			return
		}
		data, how, what = h.Data, h.How, h.What
	}
	r.raise(ruleHidden, m.Data, m.Length, m.Decl.Name, fmt.Sprintf("The value of %s holds %s (%s).", m.Decl.Name, what, how))
	r.hand(m.Decl.Name, bounded.NewBytes(slices.Clone(data), r.in.R.Budget()), m.Data)
}

// charsmap checks the compiled rules for normalising texts: the size of a trie, the
// trie in words of four bytes, and the texts that it leads to, each ended by a
// zero.
func (r *reader) charsmap(m *protobuf.Message) {
	if m.Number != fieldRules || m.Length == 0 {
		return
	}
	p := m.Head(4)
	if len(p) < 4 {
		r.raise(ruleOutside, m.Data, m.Length, m.Decl.Name, "The table for normalising texts is too short for its size.")
		return
	}
	size := int64(binary.LittleEndian.Uint32(p))
	if size > m.Length-4 || size%4 != 0 {
		r.raise(ruleOutside, m.Data, m.Length, m.Decl.Name, fmt.Sprintf("The table for normalising texts declares %d bytes of %d.", size, m.Length-4))
		return
	}
	r.trie(m, size)
}

// trie follows no path: every unit must lead into the trie or to a text.
func (r *reader) trie(m *protobuf.Message, size int64) {
	view := m.Reader()
	texts := m.Length - 4 - size
	if texts > 0 {
		if last, err := view.Bytes(m.Length-1, 1); err == nil && last[0] != 0 {
			r.raise(ruleOutside, m.Data+m.Length-1, 1, m.Decl.Name, "The last text of the table for normalising texts has no end.")
		}
	}
	c := view.NewCursor(4)
	defer c.Close()
	units := size / 4
	if r.in.R.Budget().Items(units) != nil {
		return
	}
	for i := range units {
		unit, err := c.Uint32()
		if err != nil {
			return
		}
		if unit>>31 == 1 { // a leaf: the place of a text
			if int64(unit&(1<<31-1)) >= texts {
				r.raise(ruleOutside, m.Data+4+4*i, 4, m.Decl.Name, fmt.Sprintf("The table for normalising texts leads to byte %d of %d.", unit&(1<<31-1), texts))
				return
			}
			continue
		}
		if next := i ^ int64(unit>>10<<(unit&(1<<9)>>6)); unit>>10 != 0 && next >= units {
			r.raise(ruleOutside, m.Data+4+4*i, 4, m.Decl.Name, fmt.Sprintf("The table for normalising texts leads to unit %d of %d.", next, units))
			return
		}
	}
}
