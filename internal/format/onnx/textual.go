package onnx

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/format"
)

// Text is a model in one of the forms for people: ONNX's own syntax, the text form
// of protocol buffers, or JSON. onnx.load reads all of them; this version only
// recognises them, and leaves what they are as text to the readers of text.
var Text = format.Format{
	ID:         "onnxtext",
	Title:      "ONNX model as text",
	Spec:       "https://onnx.ai/onnx/repo-docs/Syntax.html",
	Extensions: textEndings,
	Textual:    true,
	Rules:      []string{gapUnsupported},
	Match: func(in *format.Input) format.Confidence {
		if slices.Contains(textEndings, strings.ToLower(path.Ext(in.Name))) || isText(in.Head()) {
			return format.Strong
		}
		return format.No
	},
	Read: func(*format.Input) format.Result {
		return format.Result{Spans: []format.Span{{Kind: format.Unread, Rule: gapUnsupported,
			Reason: "It is an ONNX model written as text, which this version does not read: what it would run is not judged. Save it as a binary .onnx file and scan that."}}}
	},
}

var textEndings = []string{".onnxtxt", ".onnxtext", ".onnxjson"}

// isText reports the beginning of a model in a form for people: the version comes
// first in all of them.
func isText(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n")
	if len(head) == 0 {
		return false
	}
	start := head[:min(len(head), 64)]
	switch head[0] {
	case '{':
		if !bytes.Contains(start, []byte(`"irVersion"`)) && !bytes.Contains(start, []byte(`"ir_version"`)) {
			return false
		}
	case '<', 'i':
		if !bytes.Contains(start, []byte("ir_version:")) {
			return false
		}
	default:
		return false
	}
	return bytes.Contains(head, []byte("graph")) || bytes.Contains(head, []byte("opset"))
}
