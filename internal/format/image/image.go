// Package image reads PNG, JPEG, GIF, WebP, BMP, TIFF and icon files to their end, and SVG
// drawings as the text they are. It decodes no pixel: it walks chunks, markers
// and blocks, so that every byte is either structure, declared image data, or a
// gap.
//
// Threat: an archive, program or second image appended to a picture or placed
// between its parts; a drawing that carries a script.
// Not covered: what metadata and pixels say; checksums of chunks; hidden writing
// in pixel values.
package image

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/format"
)

// Format is PNG, JPEG, GIF, WebP, BMP, icons and TIFF: the magic decides which.
var Format = format.Format{
	ID:         "image",
	Title:      "Image (PNG, JPEG, GIF, WebP, BMP, ICO, TIFF)",
	Spec:       "https://www.w3.org/TR/png-3/ https://www.w3.org/Graphics/JPEG/itu-t81.pdf https://www.w3.org/Graphics/GIF/spec-gif89a.txt https://www.rfc-editor.org/rfc/rfc9649",
	Extensions: []string{".png", ".apng", ".jpg", ".jpeg", ".jfif", ".gif", ".webp", ".bmp", ".ico", ".cur", ".tif", ".tiff"},
	Match: func(in *format.Input) format.Confidence {
		if reader(in.Head()) != nil || isTIFF(in.Head()) {
			return format.Strong
		}
		return format.No
	},
	Read: func(in *format.Input) format.Result {
		if read := reader(in.Head()); read != nil {
			return walk(in, read)
		}
		if isTIFF(in.Head()) {
			return readTIFF(in)
		}
		return format.Result{}
	},
}

// reader picks by the magic; nil when it is none of ours.
func reader(head []byte) func(*walker) error {
	begins := func(magic string) bool { return len(head) > len(magic) && string(head[:len(magic)]) == magic }
	switch {
	case begins("\x89PNG\r\n\x1a\n"):
		return readPNG
	case begins("\xff\xd8\xff"):
		return readJPEG
	case begins("GIF87a"), begins("GIF89a"):
		return readGIF
	case begins("RIFF") && len(head) >= 12 && string(head[8:12]) == "WEBP":
		return readWebP
	case isBMP(head):
		return readBMP
	case isIcon(head):
		return readIcon
	}
	return nil
}

// walker collects spans while a cursor moves over the file.
type walker struct {
	*bounded.Cursor
	spans []format.Span
}

// malformed is a fault of the file, in words for a person.
type malformed string

func (m malformed) Error() string { return string(m) }

// errEnds is a file that stops before its end marker.
const errEnds = malformed("it ends before its end marker")

// walk runs a reader. Where the file is not what it should be, the rest of it
// is unread; what lies behind the end marker is nobody's.
func walk(in *format.Input, read func(*walker) error) format.Result {
	w := &walker{Cursor: in.R.NewCursor(0)}
	defer w.Close()
	err := read(w)
	if err == nil {
		w.blank()
		return format.Result{Spans: w.spans}
	}
	if errors.Is(err, bounded.ErrTruncated) {
		err = errEnds
	}
	at := w.end()
	return format.Result{Spans: append(w.spans, format.Span{Offset: at, Length: in.R.Size() - at, Kind: format.Unread,
		Rule: "SP-COV-004", Reason: fmt.Sprintf("The image cannot be read from byte %d on: %s.", at, err)})}
}

// maxBlank is how many bytes without meaning may follow the end marker: cameras
// and web servers leave a zero or the end of a line there.
const maxBlank = 16

// blank takes a few zeros or ends of lines behind the end to the file.
func (w *walker) blank() {
	n := w.Remaining()
	if n == 0 || n > maxBlank {
		return
	}
	p, err := w.Next(n)
	if err == nil && !slices.ContainsFunc(p, func(b byte) bool { return b != 0 && b != '\n' && b != '\r' }) {
		w.explain(format.Structure)
	}
}

// end is the end of what is explained so far.
func (w *walker) end() int64 {
	if len(w.spans) == 0 {
		return 0
	}
	last := w.spans[len(w.spans)-1]
	return last.Offset + last.Length
}

// explain says what everything from the last span to the cursor is. Neighbours
// of one kind become one span.
func (w *walker) explain(kind format.SpanKind) {
	from := w.end()
	if n := w.Offset() - from; n > 0 {
		if last := len(w.spans) - 1; last >= 0 && w.spans[last].Kind == kind {
			w.spans[last].Length += n
			return
		}
		w.spans = append(w.spans, format.Span{Offset: from, Length: n, Kind: kind})
	}
}
