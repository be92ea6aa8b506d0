package gguf

import (
	"encoding/binary"
	"errors"
	"strconv"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// reader works on one file.
type reader struct {
	in  *format.Input
	p   parser
	res format.Result

	keys      map[uint64]bool // hashes of the names seen
	facts     facts
	lengths   map[string]int64 // elements of the arrays that must have one length
	alignment int64
	split     split
	tensors   []tensor
	inventory format.Inventory
	data      int64 // offset of the tensor data
	kept      int   // bytes of templates
	names     int   // bytes of names of tensors
	gaps      int
	hidden    int // things handed on that were found in values
}

func read(in *format.Input) format.Result {
	r := &reader{in: in, keys: map[uint64]bool{}, lengths: map[string]int64{}, alignment: 32}
	r.p.budget = in.R.Budget()
	r.p.c = in.R.NewCursor(0)
	defer r.p.c.Close()
	if err := r.header(); err != nil {
		r.broken(err)
		return r.res
	}
	r.layout()
	r.splitParts()
	r.res.Facts = append(r.res.Facts, r.facts.all()...)
	r.res.Facts = append(r.res.Facts, r.inventory.Facts()...)
	return r.res
}

// header reads everything up to the tensor data.
func (r *reader) header() error {
	head, err := r.p.c.Next(8)
	if err != nil {
		return r.p.ended(err)
	}
	v := binary.LittleEndian.Uint32(head[4:])
	if v&0xffff == 0 {
		v, r.p.big = binary.BigEndian.Uint32(head[4:]), true
	}
	r.p.version = v
	if v < 1 || v > 3 {
		return &unsupportedError{"It is version " + strconv.FormatUint(uint64(v), 10) + " of GGUF, which is not read."}
	}
	r.facts.add("gguf.version", strconv.FormatUint(uint64(v), 10))
	if r.p.big {
		r.facts.add("gguf.byte_order", "big endian")
	}
	tensors, pairs, err := r.counts()
	if err != nil {
		return err
	}
	if err := r.pairs(pairs); err != nil {
		return err
	}
	r.together()
	return r.table(tensors)
}

// counts reads how many tensors and keys there are.
func (r *reader) counts() (tensors, pairs int64, err error) {
	if tensors, err = r.p.count("the number of tensors", r.p.sizeBytes()+16); err != nil {
		return 0, 0, err
	}
	if pairs, err = r.p.count("the number of keys", r.p.sizeBytes()+5); err != nil {
		return 0, 0, err
	}
	if tensors > bounded.MaxTensorNames || pairs > bounded.MaxTensorNames {
		return 0, 0, r.p.budget.Reach("tensor-names", bounded.MaxTensorNames)
	}
	return tensors, pairs, r.p.budget.Items(tensors + pairs)
}

// pairs reads the keys with their values.
func (r *reader) pairs(n int64) error {
	for range n {
		key, at, err := r.p.text("a key")
		if err != nil {
			return err
		}
		r.name("key", key, at)
		k, err := r.p.u32()
		if err != nil {
			return err
		}
		if r.p.least = worth; key == templates+"s" {
			r.p.least = 1
		}
		v, err := r.p.value(kind(k), func(v *value) { r.text(key, v) })
		if err != nil {
			return err
		}
		if r.p.c.Offset() > bounded.MaxTensorHeader {
			return r.p.budget.Reach("tensor-header", bounded.MaxTensorHeader)
		}
		r.judge(key, at, &v)
	}
	return nil
}

// name reports a name that stands twice, or that readers in C see differently.
func (r *reader) name(what, name string, at int64) {
	h := hash(what, name)
	switch {
	case name == "":
		r.raise(ruleTwice, at, 0, what, "A "+what+" has no name.")
	case r.keys[h]:
		r.raise(ruleTwice, at, int64(len(name)), name, "The "+what+` "`+rule.Clip(name)+`" is there twice.`)
	case hasNUL(name):
		r.raise(ruleTwice, at, int64(len(name)), name, "The name of the "+what+` "`+rule.Clip(name)+`" has a zero byte in it, where some readers end it.`)
	}
	r.keys[h] = true
}

func hasNUL(s string) bool {
	for i := range len(s) {
		if s[i] == 0 {
			return true
		}
	}
	return false
}

// hash is FNV-1a: the same file gives the same result in every run.
func hash(what, name string) uint64 {
	h := uint64(14695981039346656037) ^ uint64(len(what))
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	return h
}

// raise adds a finding. Beyond the limit the engine cuts the list anyway.
func (r *reader) raise(id string, off, length int64, symbol, message string) {
	if len(r.res.Findings) <= bounded.MaxFindings {
		off = min(off, r.in.R.Size())
		length = min(length, r.in.R.Size()-off)
		r.res.Findings = append(r.res.Findings, rule.Finding(id, r.in.Location(off, length), symbol, message))
	}
}

func (r *reader) gap(off, length int64, id, reason string) {
	if r.gaps++; r.gaps > bounded.MaxGapsPerFile {
		_ = r.p.budget.Reach("gaps-per-file", bounded.MaxGapsPerFile)
		return // the bytes stay unexplained
	}
	r.res.Spans = append(r.res.Spans, format.Span{Offset: off, Length: length, Kind: format.Unread, Rule: id, Reason: reason})
}

// unsupportedError is a variant that this reader does not know.
type unsupportedError struct{ what string }

func (e *unsupportedError) Error() string { return e.what }

// broken says where and why the header ended.
func (r *reader) broken(err error) {
	at := min(r.p.c.Offset(), r.in.R.Size())
	if at > 0 {
		r.res.Spans = append(r.res.Spans, format.Span{Length: at, Kind: format.Structure})
	}
	rest := r.in.R.Size() - at
	var beyond *beyondError
	var limit *bounded.LimitError
	var other *unsupportedError
	switch {
	case errors.As(err, &beyond):
		r.raise(ruleBeyond, beyond.off, r.p.sizeBytes(), beyond.what, "In the header "+beyond.Error()+".")
		r.gap(at, rest, "SP-COV-004", "Behind a count that is too large nothing can be read.")
	case errors.As(err, &limit):
		r.gap(at, rest, "SP-COV-003", "The header was not read to its end: "+err.Error()+".")
	case errors.As(err, &other):
		r.gap(at, rest, "SP-COV-012", other.what)
	default:
		r.gap(at, rest, "SP-COV-004", "The header is not valid: "+err.Error()+".")
	}
}
