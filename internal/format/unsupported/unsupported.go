// Package unsupported knows formats that loaders or people open and this version
// does not read: model formats by their names, archives and disk images by their
// first bytes as well.
//
// Threat: such a file can look harmless to a reader of something more general, a
// small protobuf like text, a model archive like a zip of JSON, while its own
// loader finds code in it. An archive that no scanner opens carries anything past
// it. What its own loader would do was not judged, so it is not clean, whatever
// else explains the bytes.
//
// Not covered: the formats themselves. When one gets a reader of its own, its
// lines leave the lists rules/lists/unread_formats.tsv and unread_magics.tsv.
package unsupported

import (
	"encoding/hex"
	"strconv"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/rules"
)

// Format matches by name or by the first bytes, and explains nothing.
var Format = format.Format{
	ID:    "unsupported",
	Title: "Format without a reader",
	Spec:  "rules/lists/unread_formats.tsv",
	Rules: []string{"SP-COV-012"},
	Match: func(in *format.Input) format.Confidence {
		if title(in.Name) != "" || archive(in) != "" {
			return format.Strong
		}
		return format.No
	},
	Read: read,
}

func read(in *format.Input) (res format.Result) {
	if what := archive(in); what != "" {
		res.Spans = append(res.Spans, format.Span{Kind: format.Unread, Rule: "SP-COV-012",
			Reason: "It is " + what + ", which is not opened: what it holds is not judged."})
	} else if what := title(in.Name); what != "" {
		res.Spans = append(res.Spans, format.Span{Kind: format.Unread, Rule: "SP-COV-012",
			Reason: "This version does not read " + what + ": what their loader would do with it is not judged."})
	}
	return res
}

// title names the format that the ending belongs to; empty when none does.
func title(name string) string {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return ""
	}
	return titles()[strings.ToLower(name[dot:])]
}

// titles is the list by ending.
var titles = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	_, lines, _ := strings.Cut(rules.UnreadFormats, "\n")
	for line := range strings.Lines(lines) {
		ending, title, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		out[ending] = title
	}
	return out
})

// magic is one line of the list: the bytes at an offset, and which of them count.
type magic struct {
	off         int64
	want, count []byte
	title       string
}

var magics = sync.OnceValue(func() (out []magic) {
	_, lines, _ := strings.Cut(rules.UnreadMagics, "\n")
	for line := range strings.Lines(lines) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		m := magic{title: f[2]}
		m.off, _ = strconv.ParseInt(f[0], 10, 64)
		m.want, _ = hex.DecodeString(strings.ReplaceAll(f[1], "..", "00"))
		for i := range m.want {
			m.count = append(m.count, 0xff)
			if f[1][2*i] == '.' {
				m.count[i] = 0
			}
		}
		out = append(out, m)
	}
	return out
})

// archive names the archive or disk image that the bytes begin with; empty when
// they begin with none.
func archive(in *format.Input) string {
	head := in.Head()
	if len(head) == 0 {
		return ""
	}
	list := magics()
	for i := range list {
		m := &list[i]
		if m.off == 0 && head[0]&m.count[0] != m.want[0] {
			continue // as nearly all of them: every file is asked for every line
		}
		if m.is(in) {
			return m.title
		}
	}
	return ""
}

func (m *magic) is(in *format.Input) bool {
	head, end := in.Head(), m.off+int64(len(m.want))
	switch {
	case end <= int64(len(head)):
		head = head[m.off:end]
	case m.off < format.HeadSize || end > in.R.Size():
		return false
	default:
		p, err := in.R.Bytes(m.off, int64(len(m.want)))
		if err != nil {
			return false
		}
		head = p
	}
	for i, b := range m.want {
		if head[i]&m.count[i] != b {
			return false
		}
	}
	return true
}
