package rdata

import (
	"fmt"

	"github.com/sallyport/sallyport/internal/bounded"
)

// Types of items, and the numbers that stand for fixed values.
const (
	typNil        = 0
	typSymbol     = 1
	typPairs      = 2
	typClosure    = 3
	typEnv        = 4
	typPromise    = 5
	typCall       = 6
	typSpecial    = 7
	typBuiltin    = 8
	typChar       = 9
	typLogical    = 10
	typInteger    = 13
	typReal       = 14
	typComplex    = 15
	typString     = 16
	typDots       = 17
	typList       = 19
	typExpression = 20
	typBytecode   = 21
	typPointer    = 22
	typWeak       = 23
	typRaw        = 24
	typObject     = 25

	typAltrep        = 238
	typAttrPairs     = 239
	typAttrCall      = 240
	typBaseEnv       = 241
	typEmptyEnv      = 242
	typRepRef        = 243
	typRepDef        = 244
	typPersist       = 247
	typPackage       = 248
	typNamespace     = 249
	typBaseNamespace = 250
	typMissing       = 251
	typUnbound       = 252
	typGlobalEnv     = 253
	typNilValue      = 254
	typRef           = 255
)

func typeName(t byte) string {
	switch t {
	case typClosure, typSpecial, typBuiltin, typBytecode:
		return "function"
	case typPromise:
		return "promise"
	case typEnv, typGlobalEnv, typBaseEnv, typEmptyEnv, typNamespace, typPackage, typBaseNamespace:
		return "environment"
	case typCall, typExpression, typSymbol:
		return "language"
	case typList, typPairs:
		return "list"
	case typObject:
		return "S4 object"
	case typNilValue, typNil:
		return "NULL"
	}
	return "vector"
}

// flags32 is the word in front of an item.
type flags32 uint32

func (f flags32) typ() byte      { return byte(f) }
func (f flags32) hasAttr() bool  { return f&0x200 != 0 }
func (f flags32) hasTag() bool   { return f&0x400 != 0 }
func (f flags32) isActive() bool { return f>>12&(1<<15) != 0 }

func (d *decoder) flags() (flags32, error) {
	if err := d.budget.Items(1); err != nil {
		return 0, err
	}
	d.t.Items++
	v, err := d.in.int()
	return flags32(uint32(v)), err
}

// item reads one value with everything in it.
func (d *decoder) item(depth int) (value, error) {
	at := d.c.Offset()
	f, err := d.flags()
	if err != nil {
		return value{}, err
	}
	return d.typed(f, at, depth)
}

func (d *decoder) typed(f flags32, at int64, depth int) (value, error) {
	if depth > bounded.MaxRDepth {
		return value{}, d.budget.Reach("r-depth", bounded.MaxRDepth)
	}
	v := value{typ: f.typ(), off: at}
	switch f.typ() {
	case typNil, typNilValue, typGlobalEnv, typBaseEnv, typEmptyEnv, typMissing, typUnbound, typBaseNamespace:
		return v, nil
	case typRef:
		return d.ref(f)
	case typSymbol:
		name, err := d.item(depth + 1)
		v.name = name.name
		return v, d.keep(v, err)
	case typPersist, typPackage, typNamespace:
		return d.home(v, depth)
	case typEnv:
		return v, d.environment(v, depth)
	case typPairs, typCall, typDots:
		called, err := d.cells(f, depth)
		v.call = called
		return v, err
	case typClosure:
		return v, d.closure(f, at, depth)
	case typPromise:
		return v, d.promise(f, at, depth)
	case typPointer:
		d.t.Pointers++
		if err := d.keep(v, nil); err != nil {
			return v, err
		}
		return v, d.each(2, f.hasAttr(), depth)
	case typWeak:
		return v, d.each(0, f.hasAttr(), depth, d.keep(v, nil))
	case typAltrep:
		return v, d.altrep(at, depth)
	case typBytecode:
		return v, d.bytecode(f, at, depth)
	}
	return d.vector(f, v, depth)
}

// keep gives an item a number to which later ones refer.
func (d *decoder) keep(v value, err error) error {
	if err != nil {
		return err
	}
	if len(d.refs) == bounded.MaxRReferences {
		return d.budget.Reach("r-references", bounded.MaxRReferences)
	}
	d.refs = append(d.refs, v)
	return nil
}

func (d *decoder) ref(f flags32) (value, error) {
	at := d.c.Offset()
	n := int64(f >> 8)
	if n == 0 {
		v, err := d.in.int()
		if err != nil {
			return value{}, err
		}
		n = int64(v)
	}
	if n < 1 || n > int64(len(d.refs)) {
		d.t.BadRef = at
		return value{}, &SyntaxError{at, fmt.Sprintf("a reference to item %d of %d", n, len(d.refs))}
	}
	return d.refs[n-1], nil
}

// each reads n items, and attributes.
func (d *decoder) each(n int64, attr bool, depth int, before ...error) error {
	for _, err := range before {
		if err != nil {
			return err
		}
	}
	for range n {
		if _, err := d.item(depth + 1); err != nil {
			return err
		}
	}
	if attr {
		return d.attributes(depth)
	}
	return nil
}

// home reads the name of a package or namespace, or of an object that a hook has.
func (d *decoder) home(v value, depth int) (value, error) {
	at := d.c.Offset()
	if _, err := d.in.int(); err != nil {
		return v, err
	}
	n, err := d.length(d.in.least(4))
	if err != nil {
		return v, err
	}
	for i := range n {
		s, err := d.item(depth + 1)
		if err != nil {
			return v, err
		}
		if i == 0 {
			v.name = s.name
		}
	}
	if v.typ == typPersist {
		d.t.Persist = at
	} else if v.name != "" && len(d.t.Homes) < maxListed {
		d.t.Homes = append(d.t.Homes, v.name)
	}
	return v, d.keep(v, nil)
}

func (d *decoder) vector(f flags32, v value, depth int) (value, error) {
	width := int64(4)
	switch f.typ() {
	case typChar:
		return d.char(f, v, depth)
	case typString:
		return d.strings(f, v, depth)
	case typList, typExpression:
		n, err := d.length(d.in.least(4))
		if err != nil {
			return v, err
		}
		return v, d.each(n, f.hasAttr(), depth)
	case typSpecial, typBuiltin:
		n, err := d.length(1)
		if err != nil {
			return v, err
		}
		p, _, err := d.in.text(n, maxText)
		v.name = string(p)
		d.scope.add(&d.scope.Calls, v.name)
		return v, err
	case typObject:
		return v, d.each(0, f.hasAttr(), depth)
	case typRaw:
		width = 1
	case typReal:
		width = 8
	case typComplex:
		width = 16
	case typLogical, typInteger:
	default:
		return v, fmt.Errorf("%w: %d", ErrType, f.typ())
	}
	return v, d.numbers(f, width, depth)
}

func (d *decoder) numbers(f flags32, width int64, depth int) error {
	n, err := d.length(d.in.least(width))
	if err != nil {
		return err
	}
	r := Range{Offset: d.c.Offset()}
	if err := d.in.skip(n, width); err != nil {
		return err
	}
	r.Length = d.c.Offset() - r.Offset
	switch {
	case f.typ() == typRaw && n >= 16 && len(d.t.Raw) < maxListed:
		d.t.Raw = append(d.t.Raw, r)
	case f.typ() == typRaw && n >= 16:
		d.t.Omitted = true
	case r.Length >= payload && len(d.t.Payload) < bounded.MaxTensorNames:
		d.t.Payload = append(d.t.Payload, r)
	}
	return d.each(0, f.hasAttr(), depth)
}

// char reads a text; -1 stands for one that is missing.
func (d *decoder) char(f flags32, v value, depth int) (value, error) {
	at := d.c.Offset()
	l, err := d.in.int()
	if err != nil || l == -1 {
		return v, err
	}
	n := int64(l)
	if n < 0 || n > d.c.Remaining() {
		if n < 0 {
			d.t.BadCount = at
		}
		return v, &SyntaxError{at, fmt.Sprintf("a text of %d bytes where %d remain", n, d.c.Remaining())}
	}
	p, off, err := d.in.text(n, bounded.MaxStringKept)
	if err != nil {
		return v, err
	}
	if n >= 16 && d.look != nil {
		d.look(off, p, n > int64(len(p)))
	}
	if n <= maxText {
		v.name = string(p)
	}
	return v, d.each(0, f.hasAttr(), depth)
}

func (d *decoder) strings(f flags32, v value, depth int) (value, error) {
	n, err := d.length(d.in.least(4))
	if err != nil {
		return v, err
	}
	for i := range n {
		s, err := d.item(depth + 1)
		if err != nil {
			return v, err
		}
		if i < 16 {
			v.texts = append(v.texts, s.name)
		}
		if d.scope != &d.t.Quoted {
			d.scope.add(&d.scope.Texts, s.name)
		}
	}
	return v, d.each(0, f.hasAttr(), depth)
}

// altrep reads a vector that a class makes: its class, state and attributes.
func (d *decoder) altrep(at int64, depth int) error {
	a := Altrep{Offset: at}
	names := []*string{&a.Class, &a.Package}
	f, err := d.flags()
	if err != nil {
		return err
	}
	if f.typ() == typPairs {
		err = d.pairs(f, depth+1, nil, func(_ value, _ flags32, car value) {
			if len(names) > 0 {
				*names[0], names = car.name, names[1:]
			}
		})
	} else {
		_, err = d.typed(f, at, depth+1)
	}
	if err != nil {
		return err
	}
	if len(d.t.Altreps) < maxListed {
		d.t.Altreps = append(d.t.Altreps, a)
	} else {
		d.t.Omitted = true
	}
	return d.each(2, false, depth)
}
