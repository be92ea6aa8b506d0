package flatbuffer

import (
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/rule"
)

// Unread is a range that could not be explained, with its coverage rule.
type Unread struct {
	Range
	Rule, Reason string
}

// broken are the kinds that make a runtime without a verifier read what it
// should not, or something else than a reader.
func (k Kind) broken() bool {
	switch k {
	case Outside, FieldOutside, FieldOverlap, BadTable, Confused, Overlap, VtableInData, Unterminated, Null:
		return true
	}
	return false
}

// Judge turns the problems into findings of the format's rule for structure that
// cannot be trusted, and gaps. base is where the file stands in the input that at
// makes locations of.
func (f *File) Judge(id string, base int64, at func(off, length int64) finding.Location) (found []finding.Finding, unread []Unread) {
	seen := map[Kind]bool{}
	for _, p := range f.Problems {
		where := ""
		if p.Where != "" {
			where = " (" + p.Where + ")"
		}
		if p.Kind.broken() && !seen[p.Kind] {
			found = append(found, rule.Finding(id, at(base+p.Offset, p.Length), p.Where, "The structure of the file cannot be trusted: "+p.Kind.String()+where+"."))
		}
		seen[p.Kind] = true
		unread = append(unread, Unread{Range{base + p.Offset, p.Length}, p.Kind.gap(), "Not all of the structure could be read: " + p.Kind.String() + where + "."})
	}
	return found, unread
}

// gap is the coverage rule of a kind.
func (k Kind) gap() string {
	switch k {
	case Confused, Overlap, VtableInData, FieldOverlap:
		return "SP-COV-013"
	case UnknownField, UnknownUnion:
		return "SP-COV-012"
	case Stopped:
		return "SP-COV-003"
	}
	return "SP-COV-004"
}

// Coverage lists the coverage rules that Judge can raise.
func Coverage() []string { return []string{"SP-COV-003", "SP-COV-004", "SP-COV-012", "SP-COV-013"} }
