package keras

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Metadata is keras_metadata.pb, which tf_keras writes into a SavedModel: the
// configuration of every layer as JSON.
var Metadata = format.Format{
	ID:    "keras-metadata",
	Title: "Keras metadata of a SavedModel",
	Spec:  "https://github.com/keras-team/tf-keras/blob/master/tf_keras/protobuf/saved_metadata.proto",
	Rules: []string{"SP-COV-003", "SP-COV-004", "SP-COV-012"},
	Match: func(in *format.Input) format.Confidence {
		if strings.ToLower(in.Name) == metadataName && in.R.Size() > 0 {
			return format.Strong
		}
		return format.No
	},
	Read: readMetadata,
}

const metadataName = "keras_metadata.pb"

//go:embed metadata.tsv
var metadataFields string

var metadataSchema = sync.OnceValue(func() *protobuf.Type { return protobuf.ParseSchema(metadataFields).Type("SavedMetadata") })

// maxNodes is how many layers of one SavedModel are looked at.
const maxNodes = 10_000

func readMetadata(in *format.Input) format.Result {
	r := metadataReader{in: in}
	m := protobuf.Open(in.R, metadataSchema())
	defer m.Close()
	for m.Next() {
		if m.Decl == nil {
			r.unknown(m)
			continue
		}
		var node protobuf.Message
		if m.Enter(&node) {
			r.node(&node)
			r.err(node.Err())
		}
	}
	r.err(m.Err())
	if reached := m.Reached(); reached < in.R.Size() || r.broken {
		r.res.Spans = append(r.res.Spans, format.Span{Offset: reached, Length: in.R.Size() - reached, Kind: format.Unread, Rule: "SP-COV-004", Reason: "It is not valid protobuf of Keras."})
	}
	r.res.Spans = append(r.res.Spans, format.Span{Length: m.Reached(), Kind: format.Structure})
	r.res.Facts = append(r.res.Facts, finding.Fact{Key: "keras.layers", Value: strconv.Itoa(r.nodes)})
	return r.res
}

type metadataReader struct {
	in     *format.Input
	res    format.Result
	nodes  int
	broken bool
}

func (r *metadataReader) err(err error) { r.broken = r.broken || err != nil }

// unknown is a field that no version of Keras writes.
func (r *metadataReader) unknown(m *protobuf.Message) {
	if len(r.res.Spans) < bounded.MaxGapsPerFile {
		r.res.Spans = append(r.res.Spans, format.Span{Offset: m.Offset, Length: m.Behind() - m.Offset, Kind: format.Unread, Rule: "SP-COV-012",
			Reason: fmt.Sprintf("It has the field %d, which the format does not know.", m.Number)})
	}
}

// node hands on the configuration of one layer.
func (r *metadataReader) node(m *protobuf.Message) {
	if r.nodes++; r.nodes > maxNodes {
		_ = r.in.R.Budget().Reach("items", bounded.MaxItems)
		return
	}
	name := "layer"
	for m.Next() {
		switch {
		case m.Decl == nil:
			r.unknown(m)
		case m.Number == 3:
			name = rule.Clip(m.Text())
		case m.Number == 5 && m.Length > 0:
			r.res.Children = append(r.res.Children, format.Child{Name: name, Offset: m.Data, R: m.Reader(), As: configID})
		}
	}
}
