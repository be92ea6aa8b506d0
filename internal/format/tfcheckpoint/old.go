package tfcheckpoint

import (
	"bytes"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/encoded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	metaTensor = 1 // SavedTensorSliceMeta

	sliceName  = 1 // SavedSliceMeta
	sliceShape = 2
	sliceType  = 3

	shortestHidden = 16
)

// oldEntry walks an entry of a checkpoint of version 1.
func (t *reader) oldEntry(value []byte) {
	t.message(value, "SavedTensorSlices", func(m *protobuf.Message) bool {
		if m.Number != slicesMeta {
			return false
		}
		t.into(m, func(sub *protobuf.Message) bool {
			if sub.Number != metaTensor {
				return false
			}
			var name string
			var kind uint64
			var dims []int64
			t.into(sub, func(f *protobuf.Message) bool {
				switch f.Number {
				case sliceName:
					name = f.Text()
				case sliceType:
					kind = f.Value
				case sliceShape:
					dims = t.shape(f)
					return true
				}
				return false
			})
			t.entries++
			t.note(name, elementOf(kind).name, dims)
			return true
		})
		return true
	})
}

// text judges a string in the table: text, or something that is handed on.
func (t *reader) text(m *protobuf.Message) {
	what := m.Decl.Name
	switch {
	case m.Decl.Kind == protobuf.Text:
		if m.Length <= bounded.MaxBlock && !utf8.Valid(m.Head(m.Length)) {
			t.gap(gapMalformed, t.off, 0, "The value of "+what+" is not UTF-8.")
		}
	case what == "tensor_content" || m.Length < shortestHidden || m.Length > bounded.MaxBlock:
		return
	case !m.IsText():
		t.hand(what, bytes.Clone(m.Head(m.Length)), "")
		return
	}
	if m.Length < shortestHidden || m.Length > bounded.MaxBlock {
		return
	}
	if data, how := encoded.Pickle(m.Head(m.Length)); data != nil {
		t.res.Findings = append(t.res.Findings, rule.Finding(ruleHidden, t.in.Location(t.off, 0), what, "The value of "+quote(what)+" is a pickle ("+how+")."))
		t.hand(what, bytes.Clone(data), "pickle")
	}
}

// hand gives bytes back to the engine.
func (t *reader) hand(name string, data []byte, as string) {
	if len(t.res.Children) == bounded.MaxGapsPerFile {
		_ = t.in.R.Budget().Reach("gaps-per-file", bounded.MaxGapsPerFile)
		return
	}
	t.res.Children = append(t.res.Children, format.Child{Name: name, R: bounded.NewBytes(data, t.in.R.Budget()), Offset: min(t.off, t.in.R.Size()), As: as})
}
