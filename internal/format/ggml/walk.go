package ggml

import (
	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/ggml"
	"github.com/sallyport/sallyport/internal/format"
)

// layout is what stands before the tensors of one architecture: numbers of four
// bytes, of which one is the size of the vocabulary.
type layout struct {
	name     string
	numbers  int
	vocab    int  // index of the size of the vocabulary; -1: there is no vocabulary
	repeated bool // the size stands once more before the words
	llama    bool // comes in versioned containers
	adapter  bool
	filters  bool // a table of audio filters stands before the vocabulary
}

// layouts are tried in this order: those that repeat a number cannot be taken for
// others.
var layouts = [...]layout{
	{name: "lora", numbers: 2, vocab: -1, adapter: true},
	{name: "gpt2", numbers: 6, vocab: 0, repeated: true},
	{name: "gptj", numbers: 7, vocab: 0, repeated: true},
	{name: "llama", numbers: 7, vocab: 0, llama: true},
	{name: "gptneox", numbers: 8, vocab: 0},
	{name: "mpt", numbers: 8, vocab: 4},
	{name: "bloom", numbers: 7, vocab: 0, repeated: true},
	{name: "whisper", numbers: 11, vocab: 0, repeated: true, filters: true},
}

func (l *layout) fits(c *container) bool {
	switch c.title {
	case "ggla":
		return l.adapter
	case "ggml":
		return !l.adapter
	}
	return l.llama
}

// walker tries one layout.
type walker struct {
	in        *format.Input
	c         *bounded.Cursor
	layout    *layout
	aligned   bool // tensor data begins at multiples of 32
	scores    bool // words have a score
	old       bool // blocks have the form of before version 3
	res       format.Result
	inventory format.Inventory
	open      int64 // where structure began
}

// walk reports whether the layout explains the file to its last byte.
func (w *walker) walk(start int64) bool {
	w.c = w.in.R.NewCursor(start)
	defer w.c.Close()
	if !w.header() {
		return false
	}
	n := 0
	for w.c.Remaining() > 0 {
		if n++; n > maxTensors || !w.tensor() {
			return false
		}
	}
	w.structure(w.c.Offset())
	return n > 0
}

func (w *walker) structure(end int64) {
	if end > w.open {
		w.res.Spans = append(w.res.Spans, format.Span{Offset: w.open, Length: end - w.open, Kind: format.Structure})
	}
}

func (w *walker) header() bool {
	words := uint32(0)
	for i := range w.layout.numbers {
		v, err := w.c.Uint32()
		if err != nil {
			return false
		}
		if i == w.layout.vocab {
			words = v
		}
	}
	if w.layout.filters && !w.filters() {
		return false
	}
	if w.layout.repeated {
		again, err := w.c.Uint32()
		if err != nil || again > words || again != words && !w.layout.filters {
			return false
		}
		words = again
	}
	if w.layout.vocab < 0 {
		return true
	}
	return words > 0 && w.words(int64(words))
}

// filters passes over the table of mel filters of whisper.
func (w *walker) filters() bool {
	rows, err := w.c.Uint32()
	columns, cerr := w.c.Uint32()
	return err == nil && cerr == nil && rows < 1<<16 && columns < 1<<16 && w.c.Skip(int64(rows)*int64(columns)*4) == nil
}

// No vocabulary has more words, and none has longer ones (bytes).
const (
	maxWords = 1 << 21
	longest  = 1 << 16
)

func (w *walker) words(n int64) bool {
	each := int64(4)
	if w.scores {
		each = 8
	}
	if n > maxWords || n > w.c.Remaining()/each {
		return false
	}
	for range n {
		length, err := w.c.Uint32()
		if err != nil || length > longest {
			return false
		}
		if w.c.Skip(int64(length)+each-4) != nil {
			return false
		}
	}
	return true
}

// tensor reads one: dimensions, length of the name, type, lengths, name, data.
func (w *walker) tensor() bool {
	var head [3]uint32
	for i := range head {
		v, err := w.c.Uint32()
		if err != nil {
			return false
		}
		head[i] = v
	}
	if head[0] < 1 || head[0] > 4 || head[1] == 0 || head[1] > 1024 {
		return false
	}
	typ, ok := w.typeOf(head[2])
	if !ok {
		return false
	}
	dims := make([]uint64, head[0])
	shape := make([]int64, head[0])
	for i := range dims {
		d, err := w.c.Uint32()
		if err != nil || d == 0 {
			return false
		}
		dims[i] = uint64(d)
		shape[len(shape)-1-i] = int64(d)
	}
	name, err := w.c.Next(int64(head[1]))
	if err != nil {
		return false
	}
	label := string(name)
	if w.aligned && !w.pad() {
		return false
	}
	_, size, err := typ.Size(dims)
	at := w.c.Offset()
	if err != nil || w.c.Skip(size) != nil {
		return false
	}
	w.structure(at)
	w.res.Spans = append(w.res.Spans, format.Span{Offset: at, Length: size, Kind: format.Payload, Type: typ.Name})
	w.open = at + size
	w.inventory.Add(label, typ.Name, shape)
	return true
}

// pad passes over zeros up to the next multiple of 32.
func (w *walker) pad() bool {
	p, err := w.c.Next(-w.c.Offset() & 31)
	if err != nil {
		return false
	}
	for _, b := range p {
		if b != 0 {
			return false
		}
	}
	return true
}

// early are the blocks that had another form before ggjt 3, and types that were
// dropped.
var early = map[uint32]ggml.Type{
	2: {Name: "Q4_0", Block: 32, Bytes: 20}, 3: {Name: "Q4_1", Block: 32, Bytes: 24}, 4: {Name: "Q4_2", Block: 16, Bytes: 10},
	5: {Name: "Q4_3", Block: 16, Bytes: 12}, 8: {Name: "Q8_0", Block: 32, Bytes: 36},
}

func (w *walker) typeOf(id uint32) (ggml.Type, bool) {
	if t, ok := early[id]; ok && w.old && !w.layout.adapter {
		return t, true
	}
	return ggml.Lookup(id)
}
