package marshal

// parts are the values of a code object behind its numbers, in order; the
// instructions and constants come first in every layout.
//
//	s strings of bytes (instructions, tables)   t tuple of names   n text   i a number of 4 bytes
//	c constants   N the names   v variables     f the file   = the name
var parts = [...]string{
	Python23:  "scNvvvf=is",
	Python30:  "scNvvvf=is",
	Python38:  "scNvvvf=is",
	Python311: "scNvsf=niss",
}

// numbers is how many numbers of 4 bytes a code object begins with.
var numbers = [...]int{Python23: 4, Python30: 5, Python38: 6, Python311: 5}

func (r *reader) code() error {
	index := len(r.prog.Codes)
	r.prog.Codes = append(r.prog.Codes, Code{Depth: r.codes})
	r.prog.Layout = r.layout
	if _, err := r.take(4 * numbers[r.layout]); err != nil {
		return err
	}
	r.codes++
	defer func() { r.codes-- }()
	var program []byte
	for i, part := range []byte(parts[r.layout]) {
		if part == 'i' {
			n, err := r.int32()
			if err != nil {
				return err
			}
			r.prog.Codes[index].Line = int64(n)
			continue
		}
		v, err := r.part(part, index)
		if err != nil {
			return err
		}
		if i == 0 {
			program = v.text
		}
		r.assign(&r.prog.Codes[index], part, &v)
	}
	c := &r.prog.Codes[index]
	c.Imports = imports(program, r.layout, c.Names)
	return nil
}

// part reads one value and checks that it can stand there.
func (r *reader) part(part byte, index int) (value, error) {
	outer := r.within
	r.within = nil
	if part == 'c' {
		r.within = []int{index}
	}
	at := r.at
	v, err := r.value()
	r.within = outer
	if err != nil {
		return v, err
	}
	ok := false
	switch part {
	case 's':
		ok = v.kind == 's' || v.kind == 't'
	case 'c', 'N', 'v':
		ok = v.kind == '(' || v.kind == ')'
	default:
		ok = v.textual()
	}
	if !ok {
		return v, malformed(at, "a code object with a part of the wrong type")
	}
	return v, nil
}

func (r *reader) assign(c *Code, part byte, v *value) {
	switch part {
	case 'N':
		c.Names = texts(v.list)
	case 'v':
		c.Variables = append(c.Variables, texts(v.list)...)
	case 'f':
		c.Filename = string(v.text)
	case '=':
		c.Name = string(v.text)
	}
}

func texts(list [][]byte) []string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = string(p)
	}
	return out
}
