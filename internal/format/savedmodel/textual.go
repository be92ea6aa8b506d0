package savedmodel

import (
	"bytes"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

// Text is a SavedModel, a MetaGraph or a graph in the text form of protocol
// buffers. Loaders look for saved_model.pbtxt as they do for saved_model.pb.
var Text = format.Format{
	ID:         "tfgraphtext",
	Title:      "TensorFlow graph as text",
	Spec:       "https://protobuf.dev/reference/protobuf/textformat-spec/",
	Extensions: []string{".pbtxt"},
	Textual:    true,
	Rules:      rulesOfGraphs,
	Match: func(in *format.Input) format.Confidence {
		if named(in, ".pbtxt") || textKind(in.Head()) != "" {
			return format.Strong
		}
		return format.No
	},
	Read: readText,
}

// firstFields says by the first field of a text which message it is.
var firstFields = [...]struct{ field, kind string }{
	{"saved_model_schema_version", "SavedModel"}, {"meta_graphs", "SavedModel"},
	{"node", "GraphDef"}, {"library", "GraphDef"}, {"versions", "GraphDef"},
	{"meta_info_def", "MetaGraphDef"}, {"graph_def", "MetaGraphDef"}, {"saver_def", "MetaGraphDef"}, {"collection_def", "MetaGraphDef"},
	{"signature_def", "MetaGraphDef"}, {"asset_file_def", "MetaGraphDef"}, {"object_graph_def", "MetaGraphDef"},
}

// textKind is the message whose text begins like this, or "".
func textKind(head []byte) string {
	t := translator{src: head}
	t.space("")
	word := t.word()
	t.space("")
	c := t.peek()
	if c != ':' && c != '{' && c != '<' {
		return ""
	}
	for _, f := range firstFields {
		if f.field == word {
			return f.kind
		}
	}
	return ""
}

func readText(in *format.Input) format.Result {
	size := in.R.Size()
	unread := func(off int64, rule, reason string) format.Result {
		return format.Result{Spans: []format.Span{{Length: off, Kind: format.Structure}, {Offset: off, Length: size - off, Kind: format.Unread, Rule: rule, Reason: reason}}}
	}
	kind := textKind(in.Head())
	if kind == "" {
		if isLabelMap(in) {
			return format.Result{Spans: []format.Span{{Length: size, Kind: format.TextSpan}}, Facts: []finding.Fact{{Key: "tensorflow.labels", Value: "label map"}}}
		}
		return unread(0, gapUnsupported, "It is the text of a message that this version does not know: what it tells the program that reads it is not judged.")
	}
	src, err := in.R.Bytes(0, size)
	if err != nil {
		return unread(0, gapLimit, "The text is too long to be read: "+err.Error()+".")
	}
	tr := &translator{src: src, budget: in.R.Budget()}
	stopped := tr.translate(kind)
	t := &reader{in: in, kind: kind, place: tr.place}
	t.walk(bounded.NewBytes(tr.out, in.R.Budget()))
	t.finish()
	end := size
	if stopped != nil {
		end = int64(tr.pos)
		t.gapAt(gapMalformed, end, "The text cannot be read any further: "+stopped.Error()+".")
	}
	t.res.Spans = t.tiles.Spans(end)
	return t.res
}

// isLabelMap reports the list of class names that detection models come with.
func isLabelMap(in *format.Input) bool {
	p, err := in.R.Bytes(0, in.R.Size())
	if err != nil {
		return false
	}
	items := 0
	for line := range bytes.Lines(p) {
		text := strings.TrimSpace(string(line[:min(len(line), 256)]))
		word, _, _ := strings.Cut(text, ":")
		switch strings.TrimSpace(word) {
		case "item {", "item{":
			items++
		case "", "}", "id", "name", "display_name":
			if strings.ContainsAny(text, "{<") {
				return false
			}
		default:
			return false
		}
	}
	return items > 0
}
