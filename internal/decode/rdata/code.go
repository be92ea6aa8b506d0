package rdata

import (
	"fmt"

	"github.com/sallyport/sallyport/internal/bounded"
)

// pairs reads a list of pairs to its end. before is told each tag ahead of its
// value; each gets both.
func (d *decoder) pairs(f flags32, depth int, before func(tag string), each func(tag value, f flags32, car value)) error {
	for {
		if f.hasAttr() {
			if err := d.attributes(depth); err != nil {
				return err
			}
		}
		var tag value
		if f.hasTag() {
			var err error
			if tag, err = d.item(depth + 1); err != nil {
				return err
			}
		}
		if before != nil {
			before(tag.name)
		}
		car, err := d.item(depth + 1)
		if err != nil {
			return err
		}
		each(tag, f, car)
		at := d.c.Offset()
		if f, err = d.flags(); err != nil {
			return err
		}
		if f.typ() != typPairs {
			_, err = d.typed(f, at, depth+1)
			return err
		}
	}
}

// attributes reads the list behind a value. The class of the whole value is kept.
func (d *decoder) attributes(depth int) error {
	at := d.c.Offset()
	f, err := d.flags()
	if err != nil {
		return err
	}
	if f.typ() != typPairs {
		_, err = d.typed(f, at, depth+1)
		return err
	}
	return d.pairs(f, depth+1, nil, func(tag value, _ flags32, car value) {
		if tag.name == "class" && depth == 0 {
			d.t.Classes = car.texts
		}
	})
}

// cells reads a list of pairs or a call, whose first cell is what is called.
func (d *decoder) cells(f flags32, depth int) (called string, err error) {
	isCall := f.typ() == typCall
	call := callee{}
	err = d.pairs(f, depth, nil, func(tag value, _ flags32, car value) {
		if isCall {
			call.cell(d, tag.name, car)
		}
	})
	return call.name, err
}

// callee watches the cells of one call.
type callee struct {
	name  string
	cells int
	home  string // of package::name

	target string // of an assignment
}

func (c *callee) cell(d *decoder, tag string, car value) {
	s := d.scope
	c.cells++
	if c.cells == 1 {
		c.called(s, car)
		return
	}
	switch c.name {
	case "::", ":::":
		if c.cells == 2 {
			c.home = car.first()
		} else {
			s.add(&s.Calls, c.home+"::"+car.first())
		}
		return
	case "<-", "=", "<<-", "for":
		c.assigned(s, car)
	case "apply", "lapply", "sapply", "vapply":
		c.passed(s, tag, car)
	}
	if car.typ == typSymbol {
		s.add(&s.Symbols, car.name)
	}
}

func (c *callee) called(s *Code, car value) {
	switch car.typ {
	case typSymbol:
		if c.name = car.name; c.name != "::" && c.name != ":::" {
			s.add(&s.Calls, c.name)
		}
	case typCall:
		if car.call != "::" && car.call != ":::" { // which are noted where they are read
			s.add(&s.Calls, "what "+car.call+"() gives")
		}
	case typSpecial, typBuiltin, typPairs: // which are noted where they are read
	default:
		s.add(&s.Calls, "a function without a name")
	}
}

// assigned notes a name that gets a value, and whether that is a function.
func (c *callee) assigned(s *Code, car value) {
	switch {
	case c.cells == 2:
		c.target = car.first()
		s.add(&s.Locals, c.target)
	case c.cells == 3 && car.typ == typCall && car.call == "function":
		s.add(&s.Own, c.target)
	}
}

// passed looks at an argument of a function that calls one of its arguments. The
// first one, unless it is given by name, is what that function works on.
func (c *callee) passed(s *Code, tag string, car value) {
	switch {
	case c.cells == 2 && tag == "", tag == "X", car.typ == typCall && car.call == "function":
	case car.typ == typSymbol:
		s.add(&s.Passed, car.name)
	case car.typ == typCall, car.typ == typString && tag == "", car.typ == typPairs, car.typ == typRef:
		s.Handed = true
	}
}

// first is the name that a symbol or a text spells.
func (v *value) first() string {
	if v.typ == typSymbol {
		return v.name
	}
	if len(v.texts) > 0 {
		return v.texts[0]
	}
	return ""
}

// environment reads bindings: in a list, or in a table of lists.
func (d *decoder) environment(v value, depth int) error {
	if _, err := d.in.int(); err != nil { // whether it is locked
		return err
	}
	if err := d.keep(v, nil); err != nil {
		return err
	}
	outer := d.scope // its contents are no part of the function around it
	d.scope = &d.t.Quoted
	defer func() { d.scope = outer }()
	if _, err := d.item(depth + 1); err != nil { // the environment around it
		return err
	}
	if err := d.frame(depth); err != nil {
		return err
	}
	if err := d.table(depth); err != nil {
		return err
	}
	_, err := d.item(depth + 1) // attributes
	return err
}

// frame reads the bindings of one list.
func (d *decoder) frame(depth int) error {
	at := d.c.Offset()
	f, err := d.flags()
	if err != nil {
		return err
	}
	if f.typ() != typPairs {
		_, err = d.typed(f, at, depth+1)
		return err
	}
	outer := d.name
	defer func() { d.name = outer }()
	return d.pairs(f, depth+1, func(name string) { d.name = name }, func(tag value, f flags32, car value) {
		if len(d.t.Bound) < 100_000 {
			d.t.Bound[tag.name] = true
		}
		if f.isActive() {
			d.code(&d.t.Active, Code{Offset: car.off, Name: tag.name})
		}
	})
}

// table reads the bindings of an environment with a hash table.
func (d *decoder) table(depth int) error {
	at := d.c.Offset()
	f, err := d.flags()
	if err != nil {
		return err
	}
	if f.typ() != typList {
		_, err = d.typed(f, at, depth+1)
		return err
	}
	n, err := d.length(d.in.least(4))
	if err != nil {
		return err
	}
	for range n {
		if err := d.frame(depth + 1); err != nil {
			return err
		}
	}
	return d.each(0, f.hasAttr(), depth)
}

func (d *decoder) code(list *[]Code, c Code) {
	if len(*list) < maxListed {
		c.seen = nil // only needed while names are added
		*list = append(*list, c)
	} else {
		d.t.Omitted = true
	}
}

// enclosed reads the three parts of a function or promise: its environment, and
// two values that belong to its own code.
func (d *decoder) enclosed(f flags32, depth int, c *Code) (home, car value, err error) {
	outer := d.scope
	defer func() { d.scope = outer }()
	if f.hasAttr() {
		if err = d.attributes(depth + 1); err != nil {
			return
		}
	}
	if f.hasTag() {
		if home, err = d.item(depth + 1); err != nil {
			return
		}
	}
	d.scope = c
	if f.typ() == typClosure {
		car, err = d.formals(depth)
	} else {
		car, err = d.item(depth + 1)
	}
	if err != nil {
		return
	}
	body, err := d.item(depth + 1)
	if body.typ == typSymbol {
		c.add(&c.Symbols, body.name)
	}
	return home, car, err
}

// formals reads the arguments of a function with their defaults.
func (d *decoder) formals(depth int) (value, error) {
	at := d.c.Offset()
	f, err := d.flags()
	if err != nil || f.typ() != typPairs {
		if err == nil {
			return d.typed(f, at, depth+1)
		}
		return value{}, err
	}
	c := d.scope
	return value{typ: typPairs}, d.pairs(f, depth+1, nil, func(tag value, _ flags32, car value) {
		c.add(&c.Locals, tag.name)
		if car.typ == typSymbol {
			c.add(&c.Symbols, car.name)
		}
	})
}

func (d *decoder) closure(f flags32, at int64, depth int) error {
	c := Code{Offset: at, Name: d.name}
	outer := d.name
	d.name = ""
	home, _, err := d.enclosed(f, depth, &c)
	d.name = outer
	c.Home = homeName(home)
	d.code(&d.t.Functions, c)
	return err
}

func homeName(v value) string {
	switch v.typ {
	case typNamespace:
		return "namespace:" + v.name
	case typPackage:
		return v.name
	case typBaseEnv, typBaseNamespace:
		return "base"
	case typGlobalEnv:
		return "global"
	}
	return "own"
}

func (d *decoder) promise(f flags32, at int64, depth int) error {
	p := Promise{Code: Code{Offset: at, Name: d.name}}
	home, car, err := d.enclosed(f, depth, &p.Code)
	p.Home = homeName(home)
	p.Unbound = car.typ == typUnbound
	p.seen = nil
	if len(d.t.Promises) < maxListed {
		d.t.Promises = append(d.t.Promises, p)
	} else {
		d.t.Omitted = true
	}
	return err
}

// bytecode reads compiled code: instructions, and constants of which the first is
// the source. Outside of a function it is code of its own.
func (d *decoder) bytecode(f flags32, at int64, depth int) error {
	outer := d.scope
	var c Code
	if outer == &d.t.Quoted {
		c = Code{Offset: at, Name: d.name, Home: "own"}
		d.scope = &c
	}
	defer func() { d.scope = outer }()
	d.scope.Bytes = true
	n, err := d.length(d.in.least(4)) // shared parts
	if err != nil {
		return err
	}
	b := &compiled{decoder: d, shared: int32(min(n, 1<<30))}
	if err = b.read(depth + 1); err == nil && f.hasAttr() {
		err = d.attributes(depth + 1)
	}
	if outer == &d.t.Quoted {
		d.code(&d.t.Functions, c)
	}
	return err
}

// compiled reads the parts of one piece of byte code.
type compiled struct {
	*decoder
	shared int32
}

func (b *compiled) read(depth int) error {
	at := b.c.Offset()
	f, err := b.flags()
	if err != nil {
		return err
	}
	if f.typ() != typInteger {
		b.scope.Broken = "its instructions are no numbers"
		if _, err = b.typed(f, at, depth+1); err != nil {
			return err
		}
		return b.constants(depth, nil)
	}
	n, err := b.length(b.in.least(4))
	if err != nil {
		return err
	}
	if n > bounded.MaxRCode {
		return b.budget.Reach("r-code", bounded.MaxRCode)
	}
	code := make([]int32, 0, n)
	for range n {
		v, err := b.in.int()
		if err != nil {
			return err
		}
		code = append(code, v)
	}
	if err := b.each(0, f.hasAttr(), depth); err != nil {
		return err
	}
	return b.constants(depth, code)
}

func (b *compiled) constants(depth int, code []int32) error {
	n, err := b.length(b.in.least(4))
	if err != nil {
		return err
	}
	if n > bounded.MaxRCode {
		return b.budget.Reach("r-code", bounded.MaxRCode)
	}
	names := make([]string, 0, min(n, 1<<10))
	for range n {
		t, err := b.in.int()
		if err != nil {
			return err
		}
		name, err := b.constant(t, depth)
		if err != nil {
			return err
		}
		names = append(names, name)
	}
	if what := check(b.scope, code, names); what != "" && b.scope.Broken == "" {
		b.scope.Broken = what
	}
	return nil
}

// constant reads one constant and returns its name if it is a symbol.
func (b *compiled) constant(t int32, depth int) (string, error) {
	switch t {
	case typBytecode:
		if depth > bounded.MaxRDepth {
			return "", b.budget.Reach("r-depth", bounded.MaxRDepth)
		}
		return "", b.read(depth + 1)
	case typCall, typPairs, typRepDef, typRepRef, typAttrCall, typAttrPairs:
		_, err := b.lang(t, depth)
		return "", err
	}
	v, err := b.item(depth + 1)
	if v.typ != typSymbol {
		return "", err
	}
	b.scope.add(&b.scope.Symbols, v.name)
	return v.name, err
}

// lang reads a call or list in the notation of constants, where parts may be
// shared.
func (b *compiled) lang(t int32, depth int) (value, error) {
	var call callee
	v := value{typ: typPairs}
	for {
		if err := b.budget.Items(1); err != nil {
			return v, err
		}
		if t == typRepDef {
			if _, err := b.in.int(); err != nil {
				return v, err
			}
			var err error
			if t, err = b.in.int(); err != nil {
				return v, err
			}
		}
		switch t {
		case typAttrCall, typAttrPairs:
			if err := b.attributes(depth + 1); err != nil {
				return v, err
			}
		case typCall, typPairs:
		default:
			return b.last(t, v, call.cells, depth)
		}
		if call.cells == 0 && (t == typCall || t == typAttrCall) {
			v.typ = typCall
		}
		tag, car, err := b.cell(depth)
		if err != nil {
			return v, err
		}
		if v.typ == typCall {
			call.cell(b.decoder, tag.name, car)
			v.call = call.name
		} else {
			call.cells++
		}
		if t, err = b.in.int(); err != nil {
			return v, err
		}
	}
}

// last reads what stands at the end of a list, or in the place of one.
func (b *compiled) last(t int32, list value, cells, depth int) (value, error) {
	if t == typRepRef {
		i, err := b.in.int()
		if err == nil && (i < 0 || i >= b.shared) {
			b.scope.Broken = fmt.Sprintf("it shares part %d of %d", i, b.shared)
		}
		return list, err
	}
	v, err := b.item(depth + 1)
	if cells > 0 {
		v = list
	}
	return v, err
}

func (b *compiled) cell(depth int) (tag, car value, err error) {
	if depth > bounded.MaxRDepth {
		return tag, car, b.budget.Reach("r-depth", bounded.MaxRDepth)
	}
	if tag, err = b.item(depth + 1); err != nil {
		return tag, car, err
	}
	t, err := b.in.int()
	if err != nil {
		return tag, car, err
	}
	car, err = b.lang(t, depth+1)
	return tag, car, err
}
