// Package hdf5 reads the structure of HDF5 files, without the data of datasets.
//
// Specification: HDF5 File Format Specification 3.0 with superblocks 0 to 3, at
// any of the places where the library looks for one; object headers 1 and 2;
// groups of both kinds; attributes compact and dense; all datatypes; layouts 1 to
// 5 with every chunk index.
//
// Threat: everything is a pointer: loops of links and B-trees, nodes that claim
// the bytes of others, counts and sizes that lie. Every structure is visited once,
// each range it takes is claimed, and a byte claimed twice is told. Unused space
// between and inside of structures is listed: something may hide in it.
//
// Not covered: the content of datasets; files spread over several (drivers family,
// multi, split); messages shared through an index of the file; heaps with filters.
package hdf5

import (
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
)

// Range is a piece of the file, in bytes.
type Range struct{ Offset, Length int64 }

// End is the offset behind the range.
func (r Range) End() int64 { return r.Offset + r.Length }

// Unread is a range that was understood to exist and not read.
type Unread struct {
	Range
	Rule   string // coverage rule
	Reason string
}

// Visitor is told what the file holds, in the order in which it is found. What
// it gets is valid during the call only.
type Visitor interface {
	Object(o *Object)
	Attribute(o *Object, a *Attribute)
	Link(l *Link) // only links that are not plain: soft, external, user-defined
}

// Kind is what an object is.
type Kind byte

// The kinds of objects.
const (
	Group Kind = iota
	Dataset
	NamedType
)

// Object is a group, a dataset or a committed datatype.
type Object struct {
	Path    string // "/" and names; names are untrusted
	Address int64  // of its header in the file, bytes
	Kind    Kind
	Data    *Data // of a dataset
}

// Layout is how the elements of a dataset are kept.
type Layout byte

// The layouts.
const (
	Compact Layout = iota
	Contiguous
	Chunked
	Virtual
)

// Data is what a dataset says of its elements.
type Data struct {
	Type     *Datatype
	Dims     []int64
	Null     bool // has no elements at all
	Layout   Layout
	Place    Range   // contiguous or compact elements; Length 0 when nothing is stored
	Chunk    []int64 // size of a chunk, in elements
	Filters  []Filter
	Stored   int64           // bytes in the file
	Chunks   []Chunk         // in the order of the index; at most keptChunks of them
	External []ExternalFile  // files that hold the elements instead of this one
	Virtual  []VirtualSource // datasets that hold the elements instead of this one
}

// Declared is how many bytes the elements take in memory; the maximum when the
// product does not fit.
func (d *Data) Declared() int64 {
	if d.Type == nil || d.Null {
		return 0
	}
	return product(d.Dims, d.Type.Size)
}

// Chunk is the stored piece of a chunked dataset.
type Chunk struct {
	Range
	Mask uint32 // filters that were left out, by position
}

// keptChunks is how many chunks of one dataset are listed.
const keptChunks = 64

// Filter is a step of the filter pipeline.
type Filter struct {
	ID       int
	Name     string // as the file has it; may be empty
	Optional bool
	Values   []uint32
}

// ExternalFile is a file that holds a part of a dataset.
type ExternalFile struct {
	Name         string
	Offset, Size int64
}

// VirtualSource is a dataset that holds a part of a virtual one. File "." is the
// file itself.
type VirtualSource struct{ File, Dataset string }

// LinkKind is what a link points to.
type LinkKind byte

// The kinds of links that are not hard links.
const (
	Soft LinkKind = iota
	ExternalLink
	UserDefined
)

// Link is a link that is not a hard link.
type Link struct {
	Path   string // of the link itself
	Kind   LinkKind
	Type   int    // number of a user-defined link
	File   string // of an external link
	Target string // path that it points to
	Offset int64  // where it stands in the file
}

// Elements are bytes that datasets declare. Type is that of their elements as
// safetensors spells it ("F32"), or "" when they are packed or no plain numbers.
type Elements struct {
	Range
	Type string
}

// File is what was found. The ranges do not overlap and are sorted.
type File struct {
	Start     int64 // of the superblock
	Version   int   // of the superblock
	Structure []Range
	Payload   []Elements
	Heaps     []Range // global heaps, which hold strings and lists of any length; see HeapObjects
	Free      []Range // unused space inside of structures
	Gaps      []Range // between structures, claimed by nobody
	Unread    []Unread
	Objects   int
	Complete  bool // false when reading stopped early: gaps may hold structures

	r        *bounded.Reader
	v        Visitor
	budget   *bounded.Budget
	base     int64 // what addresses count from
	end      int64 // end of file, as the superblock says
	offsets  int   // bytes of an address
	lengths  int   // bytes of a length
	leafK    int   // half of the entries of a symbol table node
	groupK   int   // half of the entries of a node of a group's B-tree
	chunkK   int   // and of a chunk index
	claims   []claim
	visited  map[int64]bool
	heaps    map[int64]*globalHeap
	types    map[int64]*Datatype // committed types by place
	searched int64               // bytes searched for heaps
	fetched  int64               // bytes read
	kept     int                 // places of values in heaps that are kept
	queue    []pending
	names    int64 // bytes of paths in the queue
	chunks   int64
	overlaps int
}

// End is the end of the file proper: what follows was appended by somebody else.
func (f *File) End() int64 { return f.end }

// pending is an object whose header is to be read.
type pending struct {
	address int64
	path    string
	depth   int
}

// Find is the offset of the superblock: 0, 512, 1024 and so on, doubled each time.
func Find(r *bounded.Reader) (int64, bool) {
	var p [8]byte
	for at := int64(0); at+8 <= r.Size(); at = max(512, 2*at) {
		if n, err := r.ReadAt(p[:], at); err != nil && n < 8 {
			return 0, false
		}
		if string(p[:]) == signature {
			return at, true
		}
	}
	return 0, false
}

const signature = "\x89HDF\r\n\x1a\n"

// Read reads the file. It never fails: what is broken is Unread or a gap.
func Read(r *bounded.Reader, v Visitor) *File {
	f := &File{r: r, v: v, budget: r.Budget(), Complete: true, visited: map[int64]bool{}, heaps: map[int64]*globalHeap{}, types: map[int64]*Datatype{}}
	start, ok := Find(r)
	if !ok {
		f.Complete = false
		f.unread(0, 0, ruleMalformed, "It has no HDF5 superblock.")
	} else {
		f.Start = start
		f.superblock()
		f.walk()
	}
	f.findHeaps()
	f.settle()
	f.claims, f.visited, f.queue, f.heaps, f.types = nil, nil, nil, nil, nil
	return f
}

// walk reads the headers of all objects.
func (f *File) walk() {
	for len(f.queue) > 0 {
		next := f.queue[0]
		f.queue = f.queue[1:]
		f.names -= int64(len(next.path))
		if f.Objects == bounded.MaxHDF5Objects {
			f.reach("hdf5-objects", bounded.MaxHDF5Objects)
			return
		}
		f.Objects++
		f.object(next)
	}
}

// visit reports whether a structure is seen for the first time.
func (f *File) visit(at int64) bool {
	if f.visited[at] {
		return false
	}
	f.visited[at] = true
	return true
}

// maxNames is how many bytes the paths of objects yet to be read may take.
const maxNames = 32 << 20

// follow puts the target of a hard link into the queue.
func (f *File) follow(address uint64, parent pending, name string) {
	at, ok := f.place(address, 1)
	if !ok {
		f.broken(-1, "A link of \""+clip(parent.path)+"\" leads out of the file.")
		return
	}
	if !f.visit(at) {
		return // a second name for the same object
	}
	if parent.depth == bounded.MaxRecursion {
		f.reach("recursion", bounded.MaxRecursion)
		return
	}
	path := join(parent.path, name)
	if f.names += int64(len(path)); f.names > maxNames {
		f.reach("string-kept", bounded.MaxStringKept)
		return
	}
	f.queue = append(f.queue, pending{at, path, parent.depth + 1})
}

func join(parent, name string) string {
	if len(parent) == 1 {
		return "/" + name
	}
	return parent + "/" + name
}

func (f *File) reach(name string, limit int64) {
	f.Complete = false
	_ = f.budget.Reach(name, limit)
}

// items charges n things that were read, and reports whether there may be more.
func (f *File) items(n int64) bool {
	if f.budget.Items(n) != nil {
		f.Complete = false
		return false
	}
	return true
}

// Coverage rules.
const (
	ruleMalformed   = "SP-COV-004"
	ruleUnsupported = "SP-COV-012"
	ruleOverlap     = "SP-COV-013"
)

// broken notes a structure that cannot be; at is an offset in the file or -1.
func (f *File) broken(at int64, reason string) {
	f.Complete = false
	f.unread(at, 0, ruleMalformed, reason)
}

func (f *File) unsupported(at, n int64, reason string) {
	f.Complete = false
	f.unread(at, n, ruleUnsupported, reason)
}

func (f *File) unread(at, n int64, rule, reason string) {
	at = min(max(at, 0), f.r.Size())
	n = min(max(n, 0), f.r.Size()-at)
	if len(f.Unread) < bounded.MaxGapsPerFile && !slices.ContainsFunc(f.Unread, func(u Unread) bool { return u.Reason == reason && u.Offset == at }) {
		f.Unread = append(f.Unread, Unread{Range{at, n}, rule, reason})
	}
}

// product multiplies counts; it stops at the largest number.
func product(dims []int64, size int64) int64 {
	n := size
	for _, d := range dims {
		if d == 0 {
			return 0
		}
		if d < 0 || n > (1<<62)/d {
			return 1 << 62
		}
		n *= d
	}
	return n
}

// clip shortens a name for a reason.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
