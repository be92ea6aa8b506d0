// Package pickle is an abstract unpickler: it follows every opcode of pickle
// protocols 0 to 5 with a stack, a mark stack and a memo, as CPython's
// unpicklers do, and records what loading would import, call and write. It
// imports nothing and calls nothing.
//
// Specification: CPython Lib/pickle.py, Lib/pickletools.py and
// Modules/_pickle.c (3.6 to 3.14), and PyTorch's persistent ids.
//
// Threat: streams made to be read differently by scanner and loader. This
// machine accepts the union of what the C unpickler, the pure Python unpickler
// and pickletools accept, and records a Desync where they part. Names are
// followed through stack and memo, never looked for a few opcodes back. Streams
// made to exhaust the reader: values are single words that point into the
// stream, containers are not kept, nothing recurses, and DUP or memo tricks
// copy one word.
//
// Not covered: what an import means (that is the judge's part, in
// format/pickle), loaders that override opcodes, and values that only running
// code could compute.
package pickle

import "github.com/sallyport/sallyport/internal/bounded"

// Trace is what loading one stream would do, in the order of the stream within
// each list. Offsets count from the start of the reader given to Run.
type Trace struct {
	Start    int64
	End      int64 // behind STOP, or where reading ended
	Stopped  bool  // STOP was reached
	Err      *Problem
	Protocol int   // highest PROTO argument, 0 without one
	Ops      int64 // opcodes executed

	Imports    []Import
	Calls      []Call
	Writes     []Write
	Storages   []Storage
	Persistent []Persistent // persistent ids that are not torch storages
	Extensions []Extension
	Desyncs    []Desync
	Foreign    Instruction // the first one that torch's restricted reader does not have; Op 0 without one
	Sparse     []int64     // where sparse tensors are made of parts that do not fit
	Forged     []int64     // where a numpy dtype gets a state that contradicts its parts
	Huge       []Huge
	Blobs      []Blob                // large byte strings and those that look like a nested stream
	Arrays     []Array               // raw arrays written inline by joblib, with Options.Inline
	Limits     []*bounded.LimitError // reached, with Options.Tentative
	Lost       bool                  // a value was asked for that a limit kept from being kept
	Overflow   string                // name of the list that was cut because it grew without bound, or ""

	Account *Account // with Options.Account; else nil
	Inline  bool     // as in Options

	// Script is set by a container that holds a TorchScript program, whose loader
	// takes names below __torch__ from that program and not from Python.
	Script bool
	// Numbered is set by a container whose loader takes a persistent id that is a
	// number for one of the tensors that the container holds.
	Numbered bool
}

// Instruction is an opcode at its place.
type Instruction struct {
	Op     Op
	Offset int64
}

// Problem is where and why reading ended before STOP.
type Problem struct {
	Kind   string // one of the Broken constants
	Offset int64
	Detail string
}

// Kinds of Problem.
const (
	Truncated  = "truncated"   // an opcode or its argument lies beyond the end
	BadOpcode  = "bad-opcode"  // a byte that no protocol defines
	Underflow  = "underflow"   // the stack has less than the opcode takes
	NoMark     = "no-mark"     // an opcode needs a MARK that is not there
	NoMemo     = "no-memo"     // GET of an index that was never stored
	BadNumber  = "bad-number"  // a text argument that no unpickler reads as a number
	LimitHit   = "limit"       // one of our limits
	ReadFailed = "read-failed" // the bytes could not be read
)

// UnknownArray is the Detail of a BadNumber before an array of joblib whose size
// the stream does not say.
const UnknownArray = "array of unknown size"

// Import is one distinct name that the stream asks find_class for.
type Import struct {
	Module, Name string // as the stream spells them
	// RealModule and RealName are what Python 3 imports instead when protocol 0
	// to 2 names of Python 2 are mapped; equal to Module and Name otherwise.
	RealModule, RealName string
	Offset               int64 // first import opcode
	Count                int
	Op                   Op   // GLOBAL, STACK_GLOBAL or INST
	Computed             bool // an operand is the result of a call
	Unknown              bool // an operand could not be known; Module or Name is then "?"
	Dotted               bool // Name has dots and the protocol resolves them
}

// Op is a pickle opcode byte.
type Op byte

// Kind says what a Value is.
type Kind uint8

// Kinds of Value.
const (
	Other    Kind = iota // not known, or of no interest
	None                 // None
	Bool                 // True or False
	Number               // an int or float; Int is set when it fits
	String               // str
	Bytes                // bytes or bytearray
	Tuple                // tuple; Items is set when it is small
	List                 // list made by this stream
	Dict                 // dict made by this stream
	Set                  // set or frozenset made by this stream
	Imported             // an imported object
	Object               // what a call of an import returned
	Computed             // what a call of something else returned
	PersID               // what a persistent id stands for
	Ext                  // an object of the extension registry
)

// Value describes an operand. Its parts are bounded: long texts are cut, large
// tuples have no Items.
type Value struct {
	Kind   Kind
	Exact  bool // Text or Int is the whole value
	Shared bool // it came back from the memo or by DUP
	Filled bool // Object: the stream sets items of it
	Armed  bool // Object, Dict: attributes or items of it are functions or classes
	// Encoded says that the bytes are stored as UTF-8 text that loading encodes
	// as Latin-1, as protocols 0 to 2 do; Length counts the bytes of the text, 0
	// when it is not kept.
	Encoded bool
	Text    string // String and Bytes: the beginning, at most 256 bytes
	Int     int64  // Number that is an integer of this size
	Import  int    // Imported and Object: index in Trace.Imports; else -1
	Items   []Value
	Offset  int64 // where it was made; for Bytes where its content starts
	Length  int64 // Bytes and String: length of the content in the stream
}

// Call is a call that loading makes. Repetitions of one that differ only in
// their data are counted, not listed.
type Call struct {
	Op     Op   // REDUCE, INST, OBJ, NEWOBJ, NEWOBJ_EX
	Known  bool // Args is complete
	Callee Value
	Args   []Value
	// Keywords are those of NEWOBJ_EX that are worth a look.
	Keywords []Entry
	Offset   int64
	Count    int
}

// Write is a change that loading makes to an object which the stream did not
// make as a builtin container: BUILD, APPEND(S), ADDITEMS, SETITEM(S). On an
// object each of them calls a method of its class.
type Write struct {
	Op      Op
	Cut     bool // there were more, or the state is not known
	Strange bool // BUILD: the state has a name that only running code knows
	Target  Value
	Keys    []Entry // attributes or items worth a look
	Offset  int64
	Count   int
}

// Entry is one attribute of a state or one item of a mapping.
type Entry struct {
	Key   string
	Value Value
}

// Storage is a torch storage named by a persistent id. Numel counts elements of Type.
type Storage struct {
	Module, Type, Key, Location string
	Numel                       int64
	Offset                      int64
}

// Persistent is a persistent id of another shape.
type Persistent struct {
	Value  Value
	Offset int64
	Count  int
}

// Extension is a use of the copyreg extension registry.
type Extension struct {
	Code   int64
	Offset int64
}

// Desync is a place where loaders or tools part ways.
type Desync struct {
	Kind   string // one of the Desync constants
	Offset int64
}

// Kinds of Desync.
const (
	BaseZero      = "base-0 number"                      // pickletools refuses, unpicklers read it
	NULInNumber   = "number with a zero byte"            // C stops there, Python refuses
	LooseFloat    = "loose float"                        // Python reads it, C refuses
	FrameLong     = "frame beyond the end"               // C refuses, Python reads it
	FrameNested   = "frame inside a frame"               // Python refuses, C reads it
	FrameCrossed  = "argument crosses a frame"           // each reads other bytes
	ProtoHigh     = "protocol above 5"                   // unpicklers refuse, pickletools reads it
	ProtoMoved    = "protocol changed on the way"        // names resolve differently
	MemoHuge      = "memo index beyond the limit"        // C runs out of memory, Python reads it
	NegativePut   = "negative memo index"                // unpicklers refuse, pickletools reads it
	NonASCII      = "text that is not ASCII"             // depends on the loader's encoding
	NoQuotes      = "string without quotes"              // unpicklers refuse
	OpenLine      = "line without end"                   // the last byte is dropped
	FrameLeft     = "stop before the frame's end"        // Python skips the rest, C goes on right there
	NoBuffer      = "out-of-band buffer"                 // only buffer-aware loaders read it
	NotAString    = "import of a non-string name"        // C refuses
	NotAClass     = "new object of a non-class"          // C refuses, Python calls it
	NotADict      = "state that is no dict"              // C refuses, Python calls its items
	NotATuple     = "arguments that are no tuple"        // C refuses, Python spreads them
	LeadingZero   = "number with a leading zero"         // C reads octal, Python refuses
	BadPersistent = "persistent id not ASCII text"       // Python and C part
	ArrayPadding  = "padding that joblib does not write" // bytes that every loader skips
)

// Blob is a byte string of the stream.
type Blob struct {
	Offset, Length int64
	Looks          string // "pickle", "zip", "gzip", …, or "" for plain data
}

// Array is raw data that joblib writes between two opcodes.
type Array struct {
	Offset, Length int64
	Object         bool // the data is a pickle stream of its own, at Offset
}
