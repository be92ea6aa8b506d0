package hdf5

import (
	"bytes"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/encoded"
	"github.com/sallyport/sallyport/internal/decode/hdf5"
	"github.com/sallyport/sallyport/internal/decode/magic"
	"github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/format"
)

// configFormat reads configurations of Keras; see package format/keras.
const configFormat = "keras-config"

// text looks at a string: a configuration of Keras, or a stream in disguise.
func (r *reader) text(where string, text []byte, at hdf5.Range, config bool) {
	if len(text) == 0 {
		return
	}
	if config || looksLikeConfig(text) {
		r.child(where, text, at, configFormat)
		return
	}
	r.value(where, text, at)
}

// looksLikeConfig reports JSON in which a class is named.
func looksLikeConfig(text []byte) bool {
	return len(text) > 16 && (text[0] == '{' || text[0] == '[') && bytes.Contains(text, []byte(`"class_name"`))
}

// value looks at bytes that may be a stream.
func (r *reader) value(where string, p []byte, at hdf5.Range) {
	if len(p) < 16 {
		return
	}
	if r.begins(p) {
		r.child(where, p, at, "")
		return
	}
	if data, _ := encoded.Pickle(p); data != nil {
		r.child(where, data, at, "pickle")
		return
	}
	if h, ok := magic.Find(p); ok && h.What != "zlib data" {
		r.child(where, h.Data, at, "")
	}
}

// begins reports whether bytes of a value are a stream, or the beginning of one.
// Weights begin with anything, so that two or three bytes are not enough.
func (r *reader) begins(p []byte) bool {
	switch pickle.Sniff(p) {
	case "", "zlib", "pe":
		return false
	case "pickle":
		return r.isPickle(p)
	}
	return true
}

// isPickle follows the instructions: an import by a proper name, or a proper end.
func (r *reader) isPickle(p []byte) (is bool) {
	err := r.in.R.Budget().Trial(func(b *bounded.Budget) {
		t := pickle.Run(bounded.NewBytes(p[:min(len(p), firstLook)], b), 0, pickle.Options{})
		is = t.Stopped && t.Ops > 2 || slices.ContainsFunc(t.Imports, func(i pickle.Import) bool { return isName(i.Module) && isName(i.Name) })
	})
	return is && err == nil
}

// child hands on bytes that lie in a range that is explained already.
func (r *reader) child(where string, p []byte, at hdf5.Range, as string) {
	if len(r.res.Children) >= maxLooks {
		_ = r.in.R.Budget().Reach("findings", bounded.MaxFindings)
		return
	}
	r.res.Children = append(r.res.Children, format.Child{Name: where, Offset: at.Offset, As: as,
		R: bounded.NewBytes(slices.Clone(p), r.in.R.Budget())})
}

// section hands on a range of the file itself.
func (r *reader) section(where string, at hdf5.Range) {
	if len(r.res.Children) >= maxLooks {
		_ = r.in.R.Budget().Reach("findings", bounded.MaxFindings)
		return
	}
	if s, err := r.in.R.Section(at.Offset, at.Length); err == nil {
		r.res.Children = append(r.res.Children, format.Child{Name: where, Offset: at.Offset, R: s})
	}
}

// heaps looks at every value of the global heaps.
func (r *reader) heaps(f *hdf5.File) {
	budget := r.in.R.Budget()
	for _, h := range f.Heaps {
		f.HeapObjects(h, func(v hdf5.Range) bool {
			if r.taken[v.Offset] || v.Length < 16 {
				return true
			}
			p, err := r.in.R.Bytes(v.Offset, min(v.Length, bounded.MaxStringKept))
			if err != nil {
				return false
			}
			switch {
			case v.Length <= bounded.MaxStringKept:
				r.text("a value of any length", p, v, false)
			case r.begins(p) || encoded.MayBegin(p) || looksLikeConfig(p):
				r.section("a value of any length", v)
			}
			return budget.Items(1) == nil
		})
	}
}

// elements looks at datasets of bytes and strings for a stream that begins with
// their first element.
func (r *reader) elements(f *hdf5.File) {
	for _, b := range r.bytes {
		d := b.data
		switch {
		case d.Place.Length > 0:
			n := d.Place.Length
			if n > bounded.MaxStringKept {
				n = firstLook
			}
			p, err := r.in.R.Bytes(d.Place.Offset, n)
			switch {
			case err != nil:
			case n == d.Place.Length:
				r.text(b.path, bytes.TrimRight(p, "\x00"), d.Place, false)
			case r.begins(p) || encoded.MayBegin(p):
				r.section(b.path, d.Place)
			}
		case len(d.Chunks) > 0:
			r.chunked(f, b)
		}
	}
}

// chunked puts the chunks of a dataset of bytes together when the first of them
// begins like a stream.
func (r *reader) chunked(f *hdf5.File, b byteData) {
	d := b.data
	first, err := f.Chunk(d, d.Chunks[0])
	if err != nil || len(first) < 16 {
		return
	}
	if !r.begins(first) && !encoded.MayBegin(first) && !looksLikeConfig(first) {
		if data, _ := encoded.Pickle(first[:min(len(first), bounded.MaxStringKept)]); data == nil {
			return
		}
	}
	all := slices.Clone(first)
	if len(d.Dims) == 1 {
		for _, c := range d.Chunks[1:] {
			p, err := f.Chunk(d, c)
			if err != nil || len(all)+len(p) > bounded.MaxBlock {
				break
			}
			all = append(all, p...)
		}
	}
	if n := d.Declared(); n < int64(len(all)) {
		all = all[:n]
	}
	r.text(b.path, bytes.TrimRight(all, "\x00"), d.Chunks[0].Range, false)
}
