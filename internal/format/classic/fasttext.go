package classic

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// FastText is a model of fastText, quantised or not.
var FastText = format.Format{
	ID:         "fasttext",
	Title:      "fastText model",
	Spec:       "https://github.com/facebookresearch/fastText",
	Extensions: []string{".ftz"},
	Rules:      []string{ruleOutside, "SP-COV-003", "SP-COV-004", "SP-COV-012"},
	Match: func(in *format.Input) format.Confidence {
		if h := in.Head(); len(h) >= 8 && binary.LittleEndian.Uint32(h) == 793712314 && h[5] == 0 && h[6] == 0 && h[7] == 0 {
			return format.Strong
		}
		return format.No
	},
	Read: readFastText,
}

type fastText struct {
	in    *format.Input
	res   format.Result
	c     *bounded.Cursor
	tiles format.Tiling
}

func readFastText(in *format.Input) format.Result {
	f := &fastText{in: in, c: in.R.NewCursor(0)}
	defer f.c.Close()
	err := f.model()
	at := f.c.Offset()
	f.res.Spans = append(f.res.Spans, f.tiles.Spans(at)...)
	if err != nil {
		f.res.Spans = append(f.res.Spans, stopped(in, at, err))
	}
	return f.res
}

func (f *fastText) int() (int64, error) {
	v, err := f.c.Uint32()
	return int64(int32(v)), err
}

func (f *fastText) long() (int64, error) {
	v, err := f.c.Uint64()
	return int64(v), err
}

func (f *fastText) fact(key string, n int64) {
	f.res.Facts = append(f.res.Facts, finding.Fact{Key: key, Value: strconv.FormatInt(n, 10)})
}

func (f *fastText) outside(off int64, what string, n int64) error {
	f.res.Findings = append(f.res.Findings, rule.Finding(ruleOutside, f.in.Location(min(off, f.in.R.Size()), 0), what,
		fmt.Sprintf("The model declares %d for %s, and %d bytes follow.", n, what, f.c.Remaining())))
	return bounded.ErrTruncated
}

func (f *fastText) model() error {
	p, err := f.c.Next(8)
	if err != nil {
		return err
	}
	if v := binary.LittleEndian.Uint32(p[4:]); v != 11 && v != 12 {
		return &unknownError{fmt.Sprintf("It is version %d of the fastText format, which is not read.", v)}
	}
	args, err := f.c.Next(12*4 + 8)
	if err != nil {
		return err
	}
	f.fact("fasttext.dimensions", int64(int32(binary.LittleEndian.Uint32(args))))
	if err := f.dictionary(); err != nil {
		return err
	}
	quantised, err := f.c.Byte()
	if err != nil {
		return err
	}
	if err := f.matrix(quantised != 0); err != nil {
		return err
	}
	output, err := f.c.Byte()
	if err != nil {
		return err
	}
	return f.matrix(quantised != 0 && output != 0)
}

func (f *fastText) dictionary() error {
	at := f.c.Offset()
	size, err := f.int()
	if err != nil {
		return err
	}
	words, err := f.int()
	if err != nil {
		return err
	}
	labels, err := f.int()
	if err != nil {
		return err
	}
	if size < 0 || size > f.c.Remaining()/10 || words < 0 || labels < 0 || words+labels != size {
		return f.outside(at, "the entries of the dictionary", size)
	}
	f.fact("fasttext.words", words)
	f.fact("fasttext.labels", labels)
	if err := f.c.Skip(8); err != nil {
		return err
	}
	pruned, err := f.long()
	if err != nil {
		return err
	}
	if err := f.in.R.Budget().Items(size); err != nil {
		return err
	}
	for range size {
		if err := f.entry(); err != nil {
			return err
		}
	}
	if pruned > f.c.Remaining()/8 {
		return f.outside(f.c.Offset(), "the entries that were pruned", pruned)
	}
	return f.c.Skip(8 * max(pruned, 0))
}

// entry reads a word up to its zero, its count and type.
func (f *fastText) entry() error {
	for n := 0; ; n++ {
		b, err := f.c.Byte()
		if err != nil {
			return err
		}
		if b == 0 {
			return f.c.Skip(9)
		}
		if n == bounded.MaxStringKept {
			return f.in.R.Budget().Reach("string-kept", bounded.MaxStringKept)
		}
	}
}

// product is m × n × width when so many bytes follow.
func (f *fastText) product(at int64, what string, m, n, width int64) (int64, error) {
	rest := f.c.Remaining() / width
	if m < 0 || n < 0 || n > 0 && m > rest/n {
		return 0, f.outside(at, what, m)
	}
	return m * n * width, nil
}

func (f *fastText) payload(n int64) error {
	at := f.c.Offset()
	if err := f.c.Skip(n); err != nil {
		return err
	}
	f.tiles.Put(format.Span{Offset: at, Length: n, Kind: format.Payload})
	return nil
}

func (f *fastText) matrix(quantised bool) error {
	at := f.c.Offset()
	norm := byte(0)
	var err error
	if quantised {
		if norm, err = f.c.Byte(); err != nil {
			return err
		}
	}
	m, err := f.long()
	if err != nil {
		return err
	}
	n, err := f.long()
	if err != nil {
		return err
	}
	if !quantised {
		size, err := f.product(at, "the rows of a matrix", m, n, 4)
		if err != nil {
			return err
		}
		return f.payload(size)
	}
	codes, err := f.int()
	if err != nil {
		return err
	}
	if codes < 0 || codes > f.c.Remaining() {
		return f.outside(at, "the codes of a matrix", codes)
	}
	if err := f.payload(codes); err != nil {
		return err
	}
	if err := f.quantiser(); err != nil || norm == 0 {
		return err
	}
	if m < 0 || m > f.c.Remaining() {
		return f.outside(at, "the rows of a matrix", m)
	}
	if err := f.payload(m); err != nil {
		return err
	}
	return f.quantiser()
}

// quantiser reads the centroids of product quantisation: 256 for each dimension.
func (f *fastText) quantiser() error {
	at := f.c.Offset()
	dim, err := f.int()
	if err != nil {
		return err
	}
	if err := f.c.Skip(12); err != nil {
		return err
	}
	size, err := f.product(at, "the centroids", dim, 256, 4)
	if err != nil {
		return err
	}
	return f.payload(size)
}
