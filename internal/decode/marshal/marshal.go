// Package marshal reads streams of Python's marshal module, which is how Python
// keeps compiled code: in .pyc files, in Lambda layers of Keras, inside pickles of
// cloudpickle and dill. It reads the structure and runs nothing.
//
// Specification: Python/marshal.c and Objects/codeobject.c of CPython 2.3 to 3.14.
// The stream does not say which version wrote it, and versions lay out a code
// object in four different ways: without a hint all four are tried, and the one
// that explains the most bytes counts.
//
// Threat: marshal crashes CPython on hostile bytes, so nobody can look with Python
// itself; lengths that lie, references to what is not there, nesting without end.
// Not covered: what the instructions do. Names, strings and imports say what code
// refers to, and code that is decoded by other code refers to nothing.
package marshal

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
)

// Layout is how a code object is laid out.
type Layout int

// The layouts, by the first version of Python that writes them. Any tries all.
const (
	Any Layout = iota
	Python23
	Python30
	Python38
	Python311
)

// String names the versions: "Python 3.8 to 3.10".
func (l Layout) String() string {
	return [...]string{"Python", "Python 2", "Python 3.0 to 3.7", "Python 3.8 to 3.10", "Python 3.11 or later"}[l]
}

// Code is one code object. Strings alias the input where they can.
type Code struct {
	Name      string
	Filename  string   // co_filename, as the writer's machine named it
	Line      int64    // first line of its source
	Names     []string // globals, attributes and imported names, in order
	Variables []string // arguments, local, cell and free variables
	Strings   []string // string constants, also those inside of tuples
	Imports   []string // modules of its import statements; empty when the instructions are not known
	Depth     int      // 0 for code that stands in no other code
}

// Program is what a stream holds.
type Program struct {
	Layout Layout // Any when there is no code
	Codes  []Code // in the order in which they begin
	End    int64  // offset behind the value
}

// ErrMalformed is wrapped by errors that are the stream's fault.
var ErrMalformed = errors.New("not a marshal stream")

// Read reads one value from the start of the view. When it fails, the program is
// what was found before.
func Read(r *bounded.Reader, layout Layout) (*Program, error) {
	data, err := r.Bytes(0, r.Size())
	if err != nil {
		return &Program{}, err
	}
	if layout != Any {
		return read(data, layout, r.Budget())
	}
	best, bestErr := read(data, Python311, r.Budget())
	for _, l := range []Layout{Python38, Python30, Python23} {
		if bestErr == nil && best.Layout == Any {
			break // no code: layouts make no difference
		}
		p, err := read(data, l, r.Budget())
		if better(p, err, best, bestErr) {
			best, bestErr = p, err
		}
	}
	return best, bestErr
}

func better(p *Program, err error, best *Program, bestErr error) bool {
	if (err == nil) != (bestErr == nil) {
		return err == nil
	}
	return p.End > best.End
}

// Find returns the distinct names, strings and imports of all code, sorted.
func (p *Program) Find() (names, strings, imports []string) {
	for i := range p.Codes {
		c := &p.Codes[i]
		names = append(names, c.Names...)
		strings = append(strings, c.Strings...)
		imports = append(imports, c.Imports...)
	}
	return distinct(names), distinct(strings), distinct(imports)
}

func distinct(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// malformed says what is wrong and where.
func malformed(at int, what string) error {
	return fmt.Errorf("%w: %s at byte %d", ErrMalformed, what, at)
}
