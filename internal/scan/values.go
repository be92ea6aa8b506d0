package scan

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// element describes how the values of one type are looked at.
type element struct {
	size     int
	exponent uint64 // all of these bits set: infinity or not a number
	low      uint64 // bits that are zero when the value came from a 16-bit type; 0: not looked at
}

var elements = map[string]element{
	"F64":  {8, 0x7ff << 52, 0},
	"F32":  {4, 0xff << 23, 1<<13 - 1}, // 13 bits: exact in float16; 16 of them in bfloat16
	"F16":  {2, 0x1f << 10, 0},
	"BF16": {2, 0xff << 7, 0},
}

const (
	valueChunk = 4 << 10 // bytes judged as one when low bits are compared
	minChunks  = 16      // chunks a tensor must have for that
)

// tally is what was seen in one tensor.
type tally struct {
	element
	odd      int64 // values that are not finite
	rows     int64
	constant int64 // rows of one repeated value other than zero
	plain    int64 // chunks whose values have no low bits
	noisy    int64 // chunks in which nearly all have
	from     int64 // where the first noisy chunk lies
}

// values looks at the numbers of tensors whose type is known. It reports what
// was summed up over the input, never one line a tensor.
func (x *examiner) values(in *format.Input, spans []format.Span) {
	var odd, oddTensors, constant, constantTensors int64
	var first, firstConstant int64 = -1, -1
	block := []byte(nil)
	for _, s := range spans {
		el, ok := elements[s.Type]
		if s.Kind != format.Payload || !ok {
			continue
		}
		if block == nil {
			block = make([]byte, deepBlock)
		}
		t := tally{element: el}
		if !t.read(in, s, block) {
			return // the search, which comes first, has told it
		}
		if t.odd > 0 {
			odd, oddTensors = odd+t.odd, oddTensors+1
			first = pick(first, s.Offset)
		}
		if t.constant > 0 {
			constant, constantTensors = constant+t.constant, constantTensors+1
			firstConstant = pick(firstConstant, s.Offset)
		}
		x.lowBits(in, &t)
	}
	if odd > 0 {
		x.out.findings = append(x.out.findings, rule.Finding("SP-DEEP-002", in.Location(first, 0), "",
			fmt.Sprintf("%d values in %d tensors are infinite or not a number.", odd, oddTensors)))
	}
	if constant > 0 {
		x.out.findings = append(x.out.findings, rule.Finding("SP-DEEP-003", in.Location(firstConstant, 0), "",
			fmt.Sprintf("%d rows in %d tensors repeat one value other than zero.", constant, constantTensors)))
	}
}

func pick(have, offer int64) int64 {
	if have < 0 {
		return offer
	}
	return have
}

// lowBits reports a tensor that was widened from a 16-bit type, so that its low
// bits are zero, apart from a stretch where they are not: there they carry
// something else than weights.
func (x *examiner) lowBits(in *format.Input, t *tally) {
	if t.plain+t.noisy < minChunks || t.noisy == 0 || t.plain < 3*t.noisy {
		return
	}
	x.out.findings = append(x.out.findings, rule.Finding("SP-DEEP-004", in.Location(t.from, 0), "",
		fmt.Sprintf("Most values of this tensor come from a 16-bit type and have no low bits; from byte %d on, about %d kB of them do.", t.from, t.noisy*valueChunk>>10)))
}

// read goes through the tensor in blocks of whole chunks.
func (t *tally) read(in *format.Input, s format.Span, block []byte) bool {
	row := newRow(s.Row, t.size)
	for off := int64(0); off < s.Length; off += int64(len(block)) {
		p := block[:min(int64(len(block)), s.Length-off)]
		if n, _ := in.R.ReadAt(p, s.Offset+off); n < len(p) {
			return false
		}
		for i := 0; i < len(p); i += valueChunk {
			t.chunk(p[i:min(i+valueChunk, len(p))], s.Offset+off+int64(i))
		}
		row.add(p)
	}
	t.rows, t.constant = row.done, row.constant
	return true
}

// chunk counts values without finite meaning and those with low bits.
func (t *tally) chunk(p []byte, at int64) {
	values, low, zero := len(p)/t.size, 0, 0
	for ; len(p) >= t.size; p = p[t.size:] {
		v := t.value(p)
		if v&t.exponent == t.exponent {
			t.odd++
		}
		if v&t.low != 0 {
			low++
		} else if v == 0 {
			zero++
		}
	}
	switch {
	case t.low == 0 || values < valueChunk/8:
	case low == 0 && zero*10 < values: // zeros say nothing
		t.plain++
	case low*10 >= values*9:
		if t.noisy == 0 {
			t.from = at
		}
		t.noisy++
	}
}

func (e *element) value(p []byte) uint64 {
	switch e.size {
	case 8:
		return binary.LittleEndian.Uint64(p)
	case 4:
		return uint64(binary.LittleEndian.Uint32(p))
	}
	return uint64(binary.LittleEndian.Uint16(p))
}

// rows finds rows that repeat one value; it sees the tensor in pieces.
type rows struct {
	length   int64 // bytes of a row; 0: none to look at
	size     int
	pos      int64  // in the row
	value    uint64 // of its first element
	same     bool
	done     int64
	constant int64
}

func newRow(length int64, size int) *rows {
	if length < int64(16*size) || length%int64(size) != 0 {
		length = 0 // short rows are equal by chance
	}
	return &rows{length: length, size: size}
}

func (r *rows) add(p []byte) {
	if r.length == 0 {
		return
	}
	e := element{size: r.size}
	for len(p) >= r.size {
		if r.pos == 0 {
			r.value, r.same = e.value(p), true
		}
		n := min(r.length-r.pos, int64(len(p)))
		if r.same {
			r.same = repeats(p[:n], r.value, &e)
		}
		p = p[n:]
		if r.pos += n; r.pos == r.length {
			r.pos, r.done = 0, r.done+1
			if r.same && bits.OnesCount64(r.value) > 0 {
				r.constant++
			}
		}
	}
}

// repeats reports whether p is nothing but the value; it stops at the first other.
func repeats(p []byte, v uint64, e *element) bool {
	for ; len(p) >= e.size; p = p[e.size:] {
		if e.value(p) != v {
			return false
		}
	}
	return true
}
