package torch

import (
	"strings"

	"github.com/sallyport/sallyport/internal/format"
)

// longestRecord is the longest small record that torch writes, in bytes.
const longestRecord = 64

// small explains the records that hold one known value.
func (t *reader) small(root string) {
	for _, s := range smallRecords {
		t.name = append(append(t.name[:0], root...), s.name...)
		for i := t.a.Find(t.name); i >= 0; i = t.a.Next(i) {
			e := &t.a.Entries[i]
			if e.Offset < 0 || e.Method != 0 || e.Length > longestRecord || e.Length != e.Size || e.Shared || t.records[i].done {
				continue
			}
			if p, err := t.in.R.Bytes(e.Offset, e.Length); err == nil && s.valid(p) {
				t.records[i].done = true
				t.span(e, format.Span{Kind: format.Structure})
			}
		}
	}
}

var smallRecords = [...]struct {
	name  string
	valid func([]byte) bool
}{
	{"/version", number},
	{"/.format_version", number},
	{"/.storage_alignment", number},
	{"/.data/serialization_id", number},
	{"/.data/version", number},
	{"/archive_version", number},
	{formatRecord, func(p []byte) bool { return string(p) == "pt2" }},
	{"/byteorder", func(p []byte) bool { return string(p) == "little" || string(p) == "big" }},
}

// number accepts decimal digits and at most one newline behind them.
func number(p []byte) bool {
	digits := strings.TrimSuffix(string(p), "\n")
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return digits != ""
}
