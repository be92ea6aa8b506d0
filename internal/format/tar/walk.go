package tar

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Limits of one archive.
const (
	maxMeta    = 1 << 20 // a pax header or long name, bytes
	maxPadding = 1 << 20 // zeros behind the end that count as padding, bytes
)

// member is one entry with its name as loaders see it.
type member struct {
	name, link string
	kind       byte
	header     int64 // offset of its first header block
	data       int64
	size       int64 // as declared
	stored     int64 // bytes that are there, 0 for kinds without content
}

// archive is a tar from its first header to its end.
type archive struct {
	in       *format.Input
	members  []member
	findings []finding.Finding
	spans    []format.Span
	global   []record
	pos      int64
	names    map[string]int // first member of a name

	// What headers before the next member say of it.
	next    []record
	long    string
	link    string
	from    int64 // offset of the first of them
	pending bool
}

func walk(in *format.Input) *archive {
	a := &archive{in: in, names: map[string]int{}}
	for a.step() {
	}
	if a.pending {
		a.unread(a.from, 0, gapMalformed, "The archive ends behind a header that belongs to a member.")
	}
	return a
}

func (a *archive) count() finding.Fact {
	return finding.Fact{Key: "tar.members", Value: strconv.Itoa(len(a.members))}
}

func (a *archive) unread(off, length int64, rule, reason string) {
	size := a.in.R.Size()
	off = min(off, size)
	a.spans = append(a.spans, format.Span{Offset: off, Length: min(length, size-off), Kind: format.Unread, Rule: rule, Reason: reason})
}

// structure explains bytes, joined to what came before.
func (a *archive) structure(off, length int64) {
	if length <= 0 {
		return
	}
	if n := len(a.spans); n > 0 {
		if last := &a.spans[n-1]; last.Kind == format.Structure && last.Offset+last.Length == off {
			last.Length += length
			return
		}
	}
	a.spans = append(a.spans, format.Span{Offset: off, Length: length, Kind: format.Structure})
}

// step reads the next header and what belongs to it. It reports false at the end.
func (a *archive) step() bool {
	rest := a.in.R.Size() - a.pos
	if rest == 0 {
		a.unmarked(a.pos)
		return false
	}
	b, err := a.in.R.Bytes(a.pos, min(rest, blockSize))
	if err != nil {
		a.broken(err, "A header could not be read.")
		return false
	}
	switch {
	case zero(b):
		return a.end()
	case len(b) < blockSize:
		a.unread(a.pos, rest, gapMalformed, "The archive ends in the middle of a header.")
		return false
	case !validSum(b):
		a.unread(a.pos, 0, gapMalformed, "A header has a wrong checksum; loaders stop here or skip it.")
		return a.resync()
	}
	h, ok := parseHeader(b)
	if !ok {
		a.unread(a.pos, 0, gapMalformed, "A header has a size that is no number.")
		return a.resync()
	}
	if a.in.R.Budget().Items(1) != nil || len(a.members) == bounded.MaxArchiveEntries {
		_ = a.in.R.Budget().Reach("archive-entries", bounded.MaxArchiveEntries)
		a.unread(a.pos, rest, gapLimit, "The archive has more members than are read.")
		return false
	}
	return a.take(h)
}

func (a *archive) broken(err error, reason string) {
	var limit *bounded.LimitError
	if errors.As(err, &limit) {
		a.unread(a.pos, a.in.R.Size()-a.pos, gapLimit, "Reading stopped at a limit.")
		return
	}
	a.unread(a.pos, a.in.R.Size()-a.pos, gapMalformed, reason)
}

// take handles one header by its kind.
func (a *archive) take(h header) bool {
	if !a.pending {
		a.from = a.pos
	}
	switch h.kind {
	case kindPax, kindPaxOld, kindPaxGlobal, kindLongName, kindLongLink:
		return a.meta(h)
	}
	return a.member(h)
}

// meta reads a header about the members behind it.
func (a *archive) meta(h header) bool {
	if h.size > maxMeta {
		_ = a.in.R.Budget().Reach("archive-header", maxMeta)
		a.unread(a.pos, a.in.R.Size()-a.pos, gapLimit, "A header about the next member is larger than is read.")
		return false
	}
	p, err := a.in.R.Bytes(a.pos+blockSize, h.size)
	if err != nil {
		a.broken(err, "The archive ends in the middle of a header about the next member.")
		return false
	}
	switch h.kind {
	case kindLongName:
		a.long = text(p)
	case kindLongLink:
		a.link = text(p)
	default:
		records, ok := parsePax(p)
		if !ok {
			a.unread(a.pos+blockSize, 0, gapMalformed, "A pax header is malformed; loaders differ in what they make of it.")
		}
		if h.kind == kindPaxGlobal {
			a.global = append(a.global[:len(a.global):len(a.global)], records...)
			if len(a.global) > maxRecords {
				_ = a.in.R.Budget().Reach("archive-header", maxRecords)
				return false
			}
		} else {
			a.next = records
		}
	}
	a.pending = a.pending || h.kind != kindPaxGlobal
	a.structure(a.pos, blockSize+h.size)
	a.pad(a.pos+blockSize+h.size, padded(h.size)-h.size)
	return true
}

// pad moves behind the padding of a member and explains it if it is zero.
func (a *archive) pad(off, length int64) {
	a.pos = min(off+length, a.in.R.Size())
	if p, err := a.in.R.Bytes(off, a.pos-off); err == nil && zero(p) {
		a.structure(off, a.pos-off)
	}
}

// member takes the header of a member, with all that was said of it before.
func (a *archive) member(h header) bool {
	m := member{name: h.name, link: h.link, kind: h.kind, header: a.from, data: a.pos + blockSize, size: h.size}
	sparse := h.kind == kindSparse || h.kind == kindMulti
	for _, r := range append(a.global[:len(a.global):len(a.global)], a.next...) {
		switch {
		case r.key == "path":
			m.name = r.value
		case r.key == "linkpath":
			m.link = r.value
		case r.key == "size":
			a.resize(&m, h.size, r.value)
		case strings.HasPrefix(r.key, "GNU.sparse."):
			sparse = true
			if r.key == "GNU.sparse.name" {
				m.name = r.value
			}
		}
	}
	if a.long != "" {
		m.name = a.long
	}
	if a.link != "" {
		m.link = a.link
	}
	a.next, a.long, a.link, a.pending = nil, "", "", false
	a.structure(a.pos, blockSize)
	if !h.hasContent() {
		if m.size > 0 {
			a.sizes(&m, "it has no content, and yet a size: loaders differ in where the next member begins")
		}
		m.size = 0
	}
	if sparse {
		a.unread(a.pos, 0, gapUnsupported, "A member is sparse or split over several archives, which is not supported.")
	}
	a.content(&m)
	a.judge(&m)
	a.members = append(a.members, m)
	return true
}

// largestOctal is the largest size that a header can say without an extension.
const largestOctal = 1<<33 - 1

// resize applies the size of a pax header. Writers need one only for sizes that
// the plain header cannot hold.
func (a *archive) resize(m *member, plain int64, value string) {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 {
		a.unread(a.pos, 0, gapSizes, "A pax header has a size that is no number.")
		return
	}
	if n != plain && n <= largestOctal {
		a.sizes(m, fmt.Sprintf("%d bytes in one header, %d in the other", plain, n))
	}
	m.size = n
}

// content sets where the data of a member lies.
func (a *archive) content(m *member) {
	rest := a.in.R.Size() - m.data
	m.stored = min(m.size, rest)
	if m.stored < m.size {
		a.unread(m.data, 0, gapMalformed, fmt.Sprintf("A member should have %d bytes, the archive has only %d more.", m.size, rest))
		a.pos = a.in.R.Size()
		return
	}
	a.pad(m.data+m.size, padded(m.size)-m.size)
}

// end explains the zero blocks at the end, as far as they are zero. Loaders that
// ignore them read on, so a header behind them is read as well.
func (a *archive) end() bool {
	size := a.in.R.Size()
	p, err := a.in.R.Bytes(a.pos, min(size-a.pos, maxPadding))
	if err != nil {
		a.broken(err, "The end of the archive could not be read.")
		return false
	}
	n := 0
	for n < len(p) && p[n] == 0 {
		n++
	}
	if n < len(p) {
		n &^= blockSize - 1
	}
	a.structure(a.pos, int64(n))
	a.pos += int64(n)
	if n < blockSize {
		a.unmarked(a.pos)
	}
	if n == len(p) || len(p)-n < blockSize || !validSum(p[n:n+blockSize]) {
		return false
	}
	a.unread(a.pos, 0, gapMalformed, "Members follow behind the end of the archive; loaders differ in whether they read them.")
	return true
}

// unmarked notes that the block of zeros is missing that ends an archive: it may
// have had more members.
func (a *archive) unmarked(off int64) {
	if n := len(a.spans); n > 0 && a.spans[n-1].Kind == format.Unread {
		return // it is known to be cut
	}
	a.unread(off, 0, gapMalformed, "The archive has no end mark: more may have followed.")
}

// resync looks for the next header behind something that is none. What lies
// between stays unexplained.
func (a *archive) resync() bool {
	from := a.pos + blockSize
	p, err := a.in.R.Bytes(from, max(0, min(a.in.R.Size()-from, maxPadding)))
	if err != nil || a.in.R.Budget().Items(int64(len(p)/blockSize)) != nil {
		return false
	}
	for i := 0; i+blockSize <= len(p); i += blockSize {
		if validSum(p[i : i+blockSize]) {
			a.pos = from + int64(i)
			a.next, a.long, a.link, a.pending = nil, "", "", false
			return true
		}
	}
	return false
}

func zero(p []byte) bool {
	for _, b := range p {
		if b != 0 {
			return false
		}
	}
	return true
}

func (a *archive) sizes(m *member, detail string) {
	a.find(ruleSizes, m, fmt.Sprintf("The sizes of the member \"%s\" disagree: %s.", rule.Clip(m.name), detail))
}

func (a *archive) find(id string, m *member, message string) {
	if len(a.findings) <= bounded.MaxFindings {
		a.findings = append(a.findings, rule.Finding(id, a.in.Location(m.header, 0), m.name, message))
	}
}
