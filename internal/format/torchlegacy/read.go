package torchlegacy

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/decode/torch"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// The five streams, in order.
var streamNames = [...]string{"magic number", "protocol version", "system information", "object", "storage keys"}

const (
	magicStream = iota
	protocolStream
	systemStream
	objectStream
	keyStream
)

// reader works on one checkpoint.
type reader struct {
	in       *format.Input
	res      format.Result
	declared map[string]*storage
	count    int
	bytes    int64
	window   [4096]byte // bytes read ahead at winAt
	winAt    int64
	winLen   int
}

// storage is what the object stream says of one key.
type storage struct {
	size, numel int64 // bytes, elements
	dtype       string
	clash, read bool
}

func read(in *format.Input) format.Result {
	t := &reader{in: in, declared: map[string]*storage{}}
	end, listed, ok := t.streams()
	if ok {
		t.storages(end, listed)
	}
	t.facts()
	return t.res
}

// streams runs the five pickles. ok is false when no storages can follow: then
// what is behind end stays unexplained.
func (t *reader) streams() (end int64, listed []string, ok bool) {
	for i, name := range streamNames {
		rest, err := t.in.R.Section(end, t.in.R.Size()-end)
		if err != nil || rest.Size() == 0 {
			t.gap(end, gapMalformed, "The checkpoint ends before its "+name+".")
			return end, nil, false
		}
		trace := pickle.Run(rest, 0, pickle.Options{})
		one := rest
		if trace.Stopped {
			if one, err = rest.Section(0, trace.End); err != nil {
				return end, nil, false
			}
		}
		t.res.Children = append(t.res.Children, format.Child{Name: name, R: one, Offset: end, Length: one.Size(), As: "pickle", Parsed: trace})
		t.plain(i, end, one.Size())
		switch {
		case !trace.Stopped:
			t.gap(end, gapMalformed, "The "+name+" of the checkpoint has no end, so nothing behind it can be found.")
			return end, nil, false
		case i == objectStream:
			t.declare(trace)
		case i == keyStream:
			if listed, ok = keys(one); !ok {
				t.gap(end, gapMalformed, "The list of storage keys is not a plain list of strings, so the storages behind it cannot be found.")
			}
		}
		end += trace.End
	}
	return end, listed, ok
}

// plain checks that the first two streams are numbers and nothing else.
func (t *reader) plain(i int, off, size int64) {
	if i > protocolStream {
		return
	}
	want := [...]string{magicStream: magicNumber, protocolStream: protocolNumber}[i]
	p, err := t.in.R.Bytes(off, min(size, longestNumber))
	if err != nil {
		return
	}
	switch digits, n, ok := number(p); {
	case !ok || int64(n) != size:
		t.raise(ruleComputed, off, streamNames[i], fmt.Sprintf(
			"The %s of the checkpoint is not a plain number: loading has to run a program to get it.", streamNames[i]))
	case digits != want:
		t.gap(off, gapMalformed, fmt.Sprintf("The %s is %s instead of %s, which torch refuses.", streamNames[i], rule.Clip(digits), want))
	}
}

// declare notes the storages of the object stream.
func (t *reader) declare(trace *pickle.Trace) {
	for k := range trace.Storages {
		s := &trace.Storages[k]
		size, dtype, ok := torch.StorageBytes(s.Module, s.Type, s.Numel)
		if !ok {
			continue
		}
		if have := t.declared[s.Key]; have != nil {
			have.clash = have.clash || have.size != size
			continue
		}
		t.declared[s.Key] = &storage{size: size, numel: s.Numel, dtype: dtype}
	}
}

// storages explains the data behind the streams: for each key a number of
// elements and the elements.
func (t *reader) storages(off int64, listed []string) {
	t.res.Spans = slices.Grow(t.res.Spans, 2*len(listed))
	for _, key := range listed {
		s := t.declared[key]
		if s == nil {
			t.gap(off, gapSize, fmt.Sprintf("The storage %q is listed and no tensor declares it.", rule.Clip(key)))
			return
		}
		numel, ok := t.numel(off)
		if !ok || s.size > t.in.R.Size()-off-8 {
			t.gap(off, gapSize, fmt.Sprintf("The storage %q should have %d bytes here, the file ends before that.", rule.Clip(key), s.size))
			return
		}
		if numel != s.numel || s.clash {
			t.mismatch(off, key, numel, s)
			return
		}
		t.span(off, 8, format.Structure)
		t.span(off+8, s.size, format.Payload)
		off += 8 + s.size
		s.read = true
		t.count++
		t.bytes += s.size
	}
	t.missing(off)
}

func (t *reader) mismatch(off int64, key string, numel int64, s *storage) {
	text := fmt.Sprintf("The storage %q has %d elements, its tensors declare %d.", rule.Clip(key), numel, s.numel)
	if s.clash {
		text = fmt.Sprintf("The storage %q is declared with two different sizes.", rule.Clip(key))
	}
	t.raise(ruleSize, off, key, text)
	t.gap(off, gapSize, text)
}

// missing reports storages that have no data: torch hands out whatever lies in
// memory for them.
func (t *reader) missing(off int64) {
	first, count := "", 0
	for key, s := range t.declared {
		if !s.read {
			count++
			if first == "" || key < first {
				first = key
			}
		}
	}
	if count > 0 {
		t.gap(off, gapSize, fmt.Sprintf("%d declared storages have no data in the file, %q the first of them.", count, rule.Clip(first)))
	}
}

// numel reads the eight bytes before the data of a storage. Small storages are
// read ahead, large ones are not touched.
func (t *reader) numel(off int64) (int64, bool) {
	if off < t.winAt || off+8 > t.winAt+int64(t.winLen) {
		n, _ := t.in.R.ReadAt(t.window[:min(int64(len(t.window)), max(t.in.R.Size()-off, 0))], off)
		if t.winAt, t.winLen = off, n; n < 8 {
			return 0, false
		}
	}
	return int64(binary.LittleEndian.Uint64(t.window[off-t.winAt:])), true
}

func (t *reader) span(off, n int64, kind format.SpanKind) {
	if n > 0 {
		t.res.Spans = append(t.res.Spans, format.Span{Offset: off, Length: n, Kind: kind})
	}
}

func (t *reader) gap(off int64, id, reason string) {
	t.res.Spans = append(t.res.Spans, format.Span{Offset: off, Kind: format.Unread, Rule: id, Reason: reason})
}

func (t *reader) raise(id string, off int64, symbol, message string) {
	t.res.Findings = append(t.res.Findings, rule.Finding(id, t.in.Location(off, 0), symbol, message))
}

func (t *reader) facts() {
	seen := map[string]bool{}
	var dtypes []string
	for _, s := range t.declared {
		if !seen[s.dtype] {
			seen[s.dtype] = true
			dtypes = append(dtypes, s.dtype)
		}
	}
	slices.Sort(dtypes)
	t.res.Facts = []finding.Fact{
		{Key: "format.pickle", Value: "true"},
		{Key: "torch.storages", Value: strconv.Itoa(t.count)},
		{Key: "torch.bytes", Value: strconv.FormatInt(t.bytes, 10)},
		{Key: "torch.dtypes", Value: strings.Join(dtypes, ",")},
	}
}
