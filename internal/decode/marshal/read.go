package marshal

import (
	"encoding/binary"

	"github.com/sallyport/sallyport/internal/bounded"
)

// flagRef marks a value that later ones may refer to by number.
const flagRef = 0x80

// value is what is kept of a value: its type, its text, and of a tuple the texts
// in it.
type value struct {
	kind byte // type code without the flag, 0 for the end of a dictionary
	text []byte
	list [][]byte
}

// textual and byteish say what a type code stands for.
func (v *value) textual() bool {
	switch v.kind {
	case 'u', 'a', 'A', 'z', 'Z', 't', 's':
		return true
	}
	return false
}

type reader struct {
	p      []byte
	at     int
	layout Layout
	budget *bounded.Budget
	prog   *Program
	refs   []value
	intern []value // strings that Python 2 refers to by number
	kept   int
	depth  int
	codes  int   // code objects that are open
	within []int // open code objects whose constants are being read
}

func read(data []byte, l Layout, b *bounded.Budget) (*Program, error) {
	r := &reader{p: data, layout: l, budget: b, prog: &Program{}}
	v, err := r.value()
	if err == nil && v.kind == 0 {
		err = malformed(r.at, "no value")
	}
	r.prog.End = int64(r.at)
	return r.prog, err
}

func (r *reader) take(n int) ([]byte, error) {
	if n < 0 || n > len(r.p)-r.at {
		return nil, malformed(r.at, "a value that runs over the end")
	}
	p := r.p[r.at : r.at+n]
	r.at += n
	return p, nil
}

func (r *reader) int32() (int, error) {
	p, err := r.take(4)
	if err != nil {
		return 0, err
	}
	return int(int32(binary.LittleEndian.Uint32(p))), nil
}

func (r *reader) sized(width int) ([]byte, error) {
	n := 0
	if width == 1 {
		p, err := r.take(1)
		if err != nil {
			return nil, err
		}
		n = int(p[0])
	} else {
		var err error
		if n, err = r.int32(); err != nil {
			return nil, err
		}
	}
	return r.take(n)
}

// keep counts values that stay in memory.
func (r *reader) keep() error {
	if r.kept++; r.kept > bounded.MaxMarshalValues {
		return r.budget.Reach("marshal-values", bounded.MaxMarshalValues)
	}
	return nil
}

// value reads one value with everything in it.
func (r *reader) value() (value, error) {
	p, err := r.take(1)
	if err != nil {
		return value{}, err
	}
	if err := r.budget.Items(1); err != nil {
		return value{}, err
	}
	if r.depth == bounded.MaxRecursion {
		return value{}, r.budget.Reach("recursion", bounded.MaxRecursion)
	}
	kind, slot := p[0]&^flagRef, -1
	if p[0]&flagRef != 0 && kind != 'r' {
		// The number is taken before what is inside gets its own.
		if err := r.keep(); err != nil {
			return value{}, err
		}
		slot = len(r.refs)
		r.refs = append(r.refs, value{kind: kind})
	}
	r.depth++
	v, err := r.body(kind)
	r.depth--
	if err != nil {
		return v, err
	}
	if slot >= 0 {
		r.refs[slot] = v
	}
	if v.textual() && len(r.within) > 0 {
		c := &r.prog.Codes[r.within[len(r.within)-1]]
		c.Strings = append(c.Strings, string(v.text))
		return v, r.keep()
	}
	return v, nil
}

// body reads what stands behind the type code.
func (r *reader) body(kind byte) (value, error) {
	v := value{kind: kind}
	var err error
	switch kind {
	case '0':
		v.kind = 0
	case 'N', 'F', 'T', 'S', '.':
	case 'i':
		_, err = r.take(4)
	case 'I', 'g':
		_, err = r.take(8)
	case 'y':
		_, err = r.take(16)
	case 'f':
		_, err = r.sized(1)
	case 'x':
		if _, err = r.sized(1); err == nil {
			_, err = r.sized(1)
		}
	case 'l':
		err = r.long()
	case 's', 'u', 'a', 'A':
		v.text, err = r.sized(4)
	case 'z', 'Z':
		v.text, err = r.sized(1)
	case 't':
		if v.text, err = r.sized(4); err == nil {
			r.intern = append(r.intern, v)
			err = r.keep()
		}
	case 'R':
		v, err = r.refer(r.intern)
	case 'r':
		v, err = r.refer(r.refs)
	case ')':
		err = r.items(&v, 1)
	case '(', '[', '<', '>':
		err = r.items(&v, 4)
	case '{':
		err = r.dict()
	case ':':
		for i := 0; i < 3 && err == nil; i++ {
			_, err = r.value()
		}
	case 'c':
		err = r.code()
	default:
		err = malformed(r.at-1, "an unknown type")
	}
	return v, err
}

// long is a number of 15-bit digits; the sign of the count is that of the number.
func (r *reader) long() error {
	n, err := r.int32()
	if err != nil {
		return err
	}
	if n < 0 {
		n = -n
	}
	if n > len(r.p) {
		return malformed(r.at, "a number that runs over the end")
	}
	_, err = r.take(2 * n)
	return err
}

func (r *reader) refer(to []value) (value, error) {
	at := r.at
	n, err := r.int32()
	if err != nil {
		return value{}, err
	}
	if n < 0 || n >= len(to) {
		return value{}, malformed(at, "a reference to no value")
	}
	return to[n], nil
}

func (r *reader) items(v *value, width int) error {
	n := 0
	if width == 1 {
		p, err := r.take(1)
		if err != nil {
			return err
		}
		n = int(p[0])
	} else {
		var err error
		if n, err = r.int32(); err != nil {
			return err
		}
	}
	if n < 0 || n > len(r.p)-r.at {
		return malformed(r.at, "more items than bytes")
	}
	for range n {
		item, err := r.value()
		if err != nil {
			return err
		}
		if item.kind == 0 {
			return malformed(r.at, "an item that is none")
		}
		if item.textual() {
			v.list = append(v.list, item.text)
			if err := r.keep(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reader) dict() error {
	for {
		key, err := r.value()
		if err != nil || key.kind == 0 {
			return err
		}
		if v, err := r.value(); err != nil || v.kind == 0 {
			return err
		}
	}
}
