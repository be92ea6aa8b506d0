// Package unsupported knows the names of model formats that loaders open and
// this version does not read.
//
// Threat: such a file can look harmless to a reader of something more general, a
// small protobuf like text, a model archive like a zip of JSON, while its own
// loader finds code in it. What its own loader would do was not judged, so it is
// not clean, whatever else explains the bytes.
//
// Not covered: the formats themselves. When one gets a reader of its own, its
// line leaves the list rules/lists/unread_formats.tsv.
package unsupported

import (
	"strings"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/rules"
)

// Format matches by name alone and explains nothing.
var Format = format.Format{
	ID:    "unsupported",
	Title: "Model format without a reader",
	Spec:  "rules/lists/unread_formats.tsv",
	Rules: []string{"SP-COV-012"},
	Match: func(in *format.Input) format.Confidence {
		if title(in.Name) != "" {
			return format.Strong
		}
		return format.No
	},
	Read: func(in *format.Input) format.Result {
		return format.Result{Spans: []format.Span{{Kind: format.Unread, Rule: "SP-COV-012",
			Reason: "This version does not read " + title(in.Name) + ": what their loader would do with it is not judged."}}}
	},
}

// title names the format that the ending belongs to; empty when none does.
func title(name string) string {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return ""
	}
	key := "\n" + strings.ToLower(name[dot:]) + "\t"
	i := strings.Index(rules.UnreadFormats, key)
	if i < 0 || strings.ContainsAny(key[1:len(key)-1], "\n\t") {
		return ""
	}
	line, _, _ := strings.Cut(rules.UnreadFormats[i+len(key):], "\n")
	return line
}
