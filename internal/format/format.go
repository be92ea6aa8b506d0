// Package format is the contract of a file format: how one is recognised by
// content and what reading it yields. It holds no format; each lives in a folder
// of its own below and is listed, in order, in format/all.
//
// A format reads structure and reports. It never judges the verdict, never
// opens a file, never recurses: nested streams go back to the engine as
// children, which identifies them under the same budget.
package format

import (
	"strings"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
)

// Confidence says how sure Match is.
type Confidence int

// A Strong match has a signature or grammar that other formats do not share:
// the reader is run whatever else matches. A Weak one is tried only when no
// strong reader has explained the whole file, and counts only when it explains
// the whole file itself (its findings are kept in any case).
const (
	No Confidence = iota
	Weak
	Strong
)

// Format is one file format.
type Format struct {
	ID         string   // stable, lower case: "safetensors"
	Title      string   // for people: "Safetensors"
	Spec       string   // where the format is specified
	Extensions []string // names that claim this format, with dot: a hint, never proof
	Refines    string   // ID of the general format that need not run when this one matches: torch refines zip
	Textual    bool     // a kind of text: its names may hold any other text
	Rules      []string // every rule id that Read can raise
	Match      func(*Input) Confidence
	Read       func(*Input) Result
	Explain    func(in *Input, tell func(Account)) // tells what a loader would do, stream by stream; nil when loading it does nothing
	Signatures []Signature                         // how it is found inside of other data under --deep; empty: it is not looked for
}

// Signature finds a format at any offset of declared payload. Weights hold every
// short byte sequence sooner or later, so the magic only says where to look: Is
// checks the whole header, or reads the thing, and is sure.
type Signature struct {
	Magic string                 // how the thing begins; two bytes or more
	Is    func(in *Input) string // what the thing at the start of the input is ("a PE program"), or ""; the input ends 64 KiB further
}

// Claims reports whether the name's ending belongs to the format.
func (f *Format) Claims(name string) bool {
	for _, ext := range f.Extensions {
		if endsIn(name, ext) {
			return true
		}
	}
	return false
}

// endsIn reports whether the name, in lower case, ends in ext. Nearly every name
// is told by its last character: every file is asked about every ending.
func endsIn(name, ext string) bool {
	if name == "" || ext == "" {
		return ext == ""
	}
	last := name[len(name)-1]
	if last < utf8.RuneSelf && last|0x20 != ext[len(ext)-1]|0x20 {
		return false
	}
	return strings.HasSuffix(strings.ToLower(name), ext)
}

// HeadSize is how many bytes Head holds at most.
const HeadSize = 4096

// Input is one stream of bytes to be read, with what is known about it.
type Input struct {
	Name   string          // base name of the file or member; untrusted, a hint only
	Path   string          // path of the top-level file in the artifact
	Inside []string        // chain of members from Path to here
	R      *bounded.Reader // the bytes
	Repo   Repo            // the files beside it; never nil
	Names  *Names          // Python names that the user's policy allows in addition; may be nil
	Parsed any             // what the container has parsed of it already (Child.Parsed), or nil
	Told   bool            // Explain will be asked as well: readers may keep what it needs

	head []byte
	memo []memo
}

// memo is one value of Memo. There are few: a list is cheaper than a map.
type memo struct {
	key   string
	value any
}

// Repo answers questions about the other files of the artifact.
type Repo interface {
	// Has reports whether the artifact has a file at the path.
	Has(path string) bool
	// Module returns the path of a Python file or package in the artifact that
	// an import of the dotted module name could load.
	Module(name string) (path string, ok bool)
}

// Head is the first HeadSize bytes, fewer when the input is shorter. Read-only.
// An input that cannot be read has an empty head.
func (in *Input) Head() []byte {
	if in.head == nil {
		if mem := in.R.Memory(); mem != nil {
			in.head = mem[:min(len(mem), HeadSize):min(len(mem), HeadSize)]
			return in.head
		}
		p := make([]byte, min(in.R.Size(), HeadSize))
		if n, err := in.R.ReadAt(p, 0); err != nil || n < len(p) {
			p = []byte{}
		}
		in.head = p
	}
	return in.head
}

// Memo computes a value once per input. Formats of one family share parsing
// through it: torch and zip read the same central directory. The key names the
// package that owns the value.
func Memo[T any](in *Input, key string, compute func() T) T {
	for i := range in.memo {
		if in.memo[i].key == key {
			return in.memo[i].value.(T)
		}
	}
	v := compute()
	if in.memo == nil {
		in.memo = make([]memo, 0, 4)
	}
	in.memo = append(in.memo, memo{key, v})
	return v
}

// Location is a place in this input: length bytes at off.
func (in *Input) Location(off, length int64) finding.Location {
	return finding.Location{Path: in.Path, Inside: in.Inside, Offset: off, Length: length}
}

// Line is a place in this input given as a line, counted from 1.
func (in *Input) Line(off int64, line int) finding.Location {
	return finding.Location{Path: in.Path, Inside: in.Inside, Offset: off, Line: line}
}

// Result is what reading yields: six lists and nothing else. What spans and
// children leave uncovered becomes a gap by itself.
type Result struct {
	Findings []finding.Finding
	Children []Child
	Texts    []Text
	Facts    []finding.Fact
	Spans    []Span
	Claims   []Claim
}

// Claim says what bytes of another file of the artifact are: payload that this
// input declares. Weights that lie beside a model have no structure of their own
// and are explained by nothing else.
//
// The engine merges all claims when every file has been read. A claimed file is
// identified and judged like any other first; claims then explain what no format
// does. It reports a file that is not there (a gap), a range that leaves the
// file, and ranges of one input that overlap without being equal (findings);
// zeros of less than a page between ranges are padding. The reader checks the
// path: one that leads out of the artifact is a finding of its own format, never
// a claim.
type Claim struct {
	Path   string           // of the other file in the artifact, clean
	Offset int64            // of the first byte in it
	Length int64            // in bytes; -1: to the end of the file
	Name   string           // what lies there, for people: the name of a tensor
	At     finding.Location // where the input says so
	Type   string           // as in Span
	Row    int64
}

// SpanKind says what a range of bytes is.
type SpanKind int

// Structure was parsed; Payload is tensor or media data that the structure
// declares; TextSpan is validated text. Unread is a range that the reader
// understood to exist and could not explain: a gap with the reader's own rule
// and reason instead of the general one.
const (
	Structure SpanKind = iota
	Payload
	TextSpan
	Unread
)

// Span is a range of the input. Rule and Reason are for Unread only: Rule is a
// coverage rule id, Reason one sentence.
//
// Type and Row are for the payload of one tensor, where the reader knows them:
// the element type as safetensors spells it ("F32", "BF16") and the bytes of one
// step along the first dimension, 0 for a vector. A deep scan looks at such
// values; without a type it looks at bytes only.
type Span struct {
	Offset, Length int64
	Kind           SpanKind
	Rule, Reason   string
	Type           string
	Row            int64
}

// Child is a nested stream.
type Child struct {
	Name   string          // member name, as written in the container; untrusted
	R      *bounded.Reader // decoded bytes; nil when the member cannot be decoded (say why with an Unread span)
	Offset int64           // where the container stores it, in bytes of the container
	Length int64           // stored length; 0 when the bytes belong to a span already listed (a string constant)
	As     string          // ID of a format to run in any case; empty to identify by content
	Parsed any             // handed to the reader as Input.Parsed
}

// Text is a piece of text in a language that can carry code. The engine hands
// it to the detector of that language; without one it is a gap.
type Text struct {
	Language string // "python", "jinja", "shell", "javascript"
	Name     string // key or cell it came from
	Offset   int64
	Length   int64
	Line     int
	Content  []byte // may be nil when the whole input is the text
}
