// Package rdata reads R's serialisation: what saveRDS, save and serialize write,
// versions 2 and 3, in all three notations (XDR, native and text).
//
// Specification: "Serialization Formats" of R Internals
// (https://cran.r-project.org/doc/manuals/r-release/R-ints.html) and
// src/main/serialize.c.
//
// Threat: the stream rebuilds any object of the language. A promise without a
// value runs its expression when it is touched (CVE-2024-27322); functions, byte
// code and active bindings are code; ALTREP classes make R open files or load
// packages; a reference beyond the table reads foreign memory. The structure nests
// without end. Everything is read forward, once, and nothing is built: a Trace
// says what is there.
//
// Not covered: what numbers and texts mean; the contents of packages that a stream
// refers to.
package rdata

import (
	"errors"
	"fmt"
	"io"

	"github.com/sallyport/sallyport/internal/bounded"
)

// Range is a piece of the input, in bytes.
type Range struct{ Offset, Length int64 }

// Code is what can run: the body of a function, the expression of a promise, or
// calls that are kept as data.
type Code struct {
	Offset  int64
	Name    string   // what it is bound to, if known
	Calls   []string // names called, with "package::" where it says so; sorted by first use
	Symbols []string // other names that stand in it
	Texts   []string // short texts that stand in it
	Locals  []string // arguments of functions, and names that are assigned
	Own     []string // those that are assigned a function written out here
	Passed  []string // names of functions that are handed to one which calls them
	Handed  bool     // something else is handed to such a one, so what is called is not known
	Bytes   bool     // it has byte code
	Broken  string   // what is wrong with the byte code
	Home    string   // where a function was defined: "namespace:stats", "base", "global", "own"
	More    bool     // there is more than is listed

	seen map[listed]bool
}

// Promise is an expression with the value it has, or has not yet.
type Promise struct {
	Code
	Unbound bool // it runs when it is touched
}

// Object is a top-level value with its name and type.
type Object struct {
	Name   string
	Type   string // "function", "promise", "list" …
	Offset int64
}

// Altrep is a vector of which a class makes the values.
type Altrep struct {
	Class, Package string
	Offset         int64
}

// Trace is what a stream holds.
type Trace struct {
	Notation  string // "XDR", "native", "text"
	Version   int32
	Writer    string // version of R, "4.2.2"
	Workspace bool   // a saved workspace: several objects with names
	Classes   []string
	Type      string // of the whole value
	Objects   []Object
	Functions []Code
	Promises  []Promise
	Active    []Code // bindings that run a function when they are touched
	Quoted    Code   // calls outside of functions
	Bound     map[string]bool
	Altreps   []Altrep
	Homes     []string // packages and namespaces that it refers to
	Pointers  int64    // external pointers, which come back empty
	Raw       []Range  // vectors of bytes
	Payload   []Range  // long vectors of numbers
	BadRef    int64    // offset of a reference beyond the table, or -1
	BadCount  int64    // offset of a negative length, or -1
	Persist   int64    // offset of a reference to a hook, or -1
	Items     int64
	Omitted   bool // more things of a kind than are listed
}

// SyntaxError says where the bytes stop being a serialisation.
type SyntaxError struct {
	Offset int64
	What   string
}

// Error implements error.
func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.What, e.Offset) }

// ErrType is wrapped by errors about things that R itself cannot read.
var ErrType = errors.New("a type that is not known")

const (
	maxListed = 1000 // functions, promises and so on
	maxNames  = 400  // names of one piece of code
	maxText   = 64   // longest text that is kept, in bytes
	payload   = 4096 // bytes of numbers from which on they count as payload
)

// decoder reads one stream.
type decoder struct {
	in     source
	c      *bounded.Cursor
	budget *bounded.Budget
	t      *Trace
	look   func(off int64, text []byte, cut bool)
	refs   []value
	scope  *Code
	name   string
}

// value is what little of an item its parent needs.
type value struct {
	typ   byte
	name  string // of a symbol, a namespace; the content of a short text
	texts []string
	off   int64
	call  string // of a call: what is called
}

// Starts reports whether the bytes begin a serialisation: with the mark of a
// workspace, or with that of a stream and a version.
func Starts(head []byte) bool {
	if len(head) >= 7 && head[0] == 'R' && head[1] == 'D' && head[4] == '\n' &&
		(head[2] == 'X' || head[2] == 'A' || head[2] == 'B') && (head[3] == '2' || head[3] == '3') {
		return true
	}
	if len(head) < 14 || head[1] != '\n' {
		return false
	}
	switch head[0] {
	case 'X':
		return head[2] == 0 && head[3] == 0 && head[4] == 0 && (head[5] == 2 || head[5] == 3) && head[6] == 0
	case 'B':
		return (head[2] == 2 || head[2] == 3) && head[3] == 0 && head[4] == 0 && head[5] == 0
	case 'A':
		return (head[2] == '2' || head[2] == '3') && head[3] == '\n'
	}
	return false
}

// Parse reads one stream from the start of the view. It returns what was seen up
// to the end, or up to the error, and the offset behind it. look is given every
// text of 16 bytes and more.
func Parse(r *bounded.Reader, look func(off int64, text []byte, cut bool)) (t *Trace, end int64, err error) {
	t = &Trace{BadRef: -1, BadCount: -1, Persist: -1, Bound: map[string]bool{}}
	d := &decoder{c: r.NewCursor(0), budget: r.Budget(), t: t, look: look}
	defer d.c.Close()
	d.scope = &t.Quoted
	if err = d.header(); err == nil {
		err = d.top()
	}
	if errors.Is(err, bounded.ErrTruncated) || errors.Is(err, io.EOF) {
		err = &SyntaxError{d.c.Offset(), "the file ends inside of a value"}
	}
	return t, d.c.Offset(), err
}

func (d *decoder) header() error {
	p, err := d.c.Peek(5)
	if err != nil {
		return err
	}
	if p[0] == 'R' && p[1] == 'D' {
		d.t.Workspace = true
		d.c.Advance(5)
	}
	if p, err = d.c.Next(2); err != nil {
		return err
	}
	switch p[0] {
	case 'X':
		d.t.Notation, d.in = "XDR", binarySource{d.c, true}
	case 'B':
		d.t.Notation, d.in = "native", binarySource{d.c, false}
	case 'A':
		d.t.Notation, d.in = "text", textSource{d.c}
	default:
		return &SyntaxError{0, "no known notation"}
	}
	if d.t.Version, err = d.in.int(); err != nil {
		return err
	}
	writer, err := d.in.int()
	if err != nil {
		return err
	}
	d.t.Writer = fmt.Sprintf("%d.%d.%d", writer>>16, writer>>8&0xff, writer&0xff)
	if _, err = d.in.int(); err != nil {
		return err
	}
	switch d.t.Version {
	case 2:
		return nil
	case 3:
		n, err := d.length(1)
		if err != nil {
			return err
		}
		_, _, err = d.in.text(n, 64)
		return err
	}
	return fmt.Errorf("%w: version %d of the format", ErrType, d.t.Version)
}

// top reads the whole value; that of a workspace is a list of pairs whose tags are
// the names.
func (d *decoder) top() error {
	at := d.c.Offset()
	flags, err := d.flags()
	if err != nil {
		return err
	}
	if d.t.Workspace && flags.typ() == typPairs {
		d.t.Type = "workspace"
		return d.pairs(flags, 0, func(name string) { d.name = name }, func(tag value, _ flags32, car value) {
			d.object(Object{Name: tag.name, Type: typeName(car.typ), Offset: car.off})
		})
	}
	d.t.Type = typeName(flags.typ())
	v, err := d.typed(flags, at, 0)
	if err == nil {
		d.object(Object{Type: typeName(v.typ), Offset: at})
	}
	return err
}

func (d *decoder) object(o Object) {
	if len(d.t.Objects) < maxListed {
		d.t.Objects = append(d.t.Objects, o)
	} else {
		d.t.Omitted = true
	}
}

// length reads the length of something whose elements take size bytes each at
// least.
func (d *decoder) length(size int64) (int64, error) {
	at := d.c.Offset()
	v, err := d.in.int()
	if err != nil {
		return 0, err
	}
	n := int64(v)
	if v == -1 {
		upper, err := d.in.int()
		if err != nil {
			return 0, err
		}
		lower, err := d.in.int()
		if err != nil {
			return 0, err
		}
		if n = int64(upper)<<32 | int64(uint32(lower)); upper > 1<<16 {
			n = -1
		}
	}
	if n < 0 {
		d.t.BadCount = at
		return 0, &SyntaxError{at, "a length that cannot be"}
	}
	if n > d.c.Remaining()/size {
		return 0, &SyntaxError{at, fmt.Sprintf("a length of %d where %d bytes remain", n, d.c.Remaining())}
	}
	return n, nil
}

// add appends a name to a list of a piece of code, once.
func (c *Code) add(list *[]string, name string) {
	key := listed{list, name}
	if name == "" || c.seen[key] {
		return
	}
	if len(*list) == maxNames {
		c.More = true
		return
	}
	if c.seen == nil {
		c.seen = map[listed]bool{}
	}
	c.seen[key] = true
	*list = append(*list, name)
}

// listed is a name in one of the lists of a piece of code.
type listed struct {
	list *[]string
	name string
}
