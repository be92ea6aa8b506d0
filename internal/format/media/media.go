// Package media reads sound, video and fonts by their structure, to the end: it
// decodes no sample, frame or glyph. Every byte is structure, media data that the
// structure declares, an attached file, or a gap.
//
// Specification: RIFF and AIFF (EA IFF 85), RFC 9639 (FLAC), RFC 3533 (Ogg),
// ISO/IEC 11172-3 (MP3) with ID3v2.4, ISO/IEC 13818-7 (AAC), ISO/IEC 14496-12
// (MP4, HEIC, AVIF), RFC 9559 (Matroska), OpenType 1.9, WOFF 1 and 2.
//
// Threat: an archive or program appended to a medium, placed between its parts,
// or put into parts that players skip; files attached to a video or a tag.
//
// Not covered: what media data decodes to, and errors in it; what metadata says;
// streams whose length nobody knows, which are gaps.
package media

import (
	"errors"
	"fmt"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Format is sound and video.
var Format = format.Format{
	ID:    "media",
	Title: "Sound or video",
	Spec:  "https://www.rfc-editor.org/rfc/rfc9639 https://www.rfc-editor.org/rfc/rfc3533 https://www.rfc-editor.org/rfc/rfc9559 ISO/IEC 14496-12",
	Extensions: []string{".wav", ".avi", ".aiff", ".aif", ".aifc", ".flac", ".ogg", ".oga", ".ogv", ".opus", ".mp3", ".aac", ".mp4", ".m4a", ".m4v",
		".mov", ".3gp", ".heic", ".heif", ".avif", ".mkv", ".mka", ".webm"},
	Rules: []string{"SP-COV-003", "SP-COV-004", "SP-COV-012"},
	Match: func(in *format.Input) format.Confidence { return match(in, sounds) },
	Read:  func(in *format.Input) format.Result { return read(in, sounds) },
}

// Font is TrueType and OpenType, alone or in collections, and WOFF.
var Font = format.Format{
	ID:         "font",
	Title:      "Font",
	Spec:       "https://learn.microsoft.com/typography/opentype/spec/otff https://www.w3.org/TR/WOFF2/",
	Extensions: []string{".ttf", ".otf", ".ttc", ".otc", ".woff", ".woff2"},
	Rules:      []string{"SP-COV-003", "SP-COV-004", "SP-COV-013"},
	Match:      func(in *format.Input) format.Confidence { return match(in, fonts) },
	Read:       func(in *format.Input) format.Result { return read(in, fonts) },
}

// kind is one kind of medium.
type kind struct {
	name string
	is   func(head []byte) bool
	read func(w *walker) error
}

var sounds = []kind{
	{"WAVE sound", riff("WAVE"), readRIFF},
	{"AVI video", riff("AVI "), readRIFF},
	{"AIFF sound", isAIFF, readRIFF},
	{"FLAC sound", begins("fLaC"), readFLAC},
	{"Ogg stream", begins("OggS\x00"), readOgg},
	{"MP3 sound", isMP3, readMP3},
	{"AAC sound", isAAC, readAAC},
	{"MP4 family", isBoxes, readBoxes},
	{"Matroska video", begins("\x1a\x45\xdf\xa3"), readMatroska},
}

var fonts = []kind{
	{"OpenType font", isFont, readFont},
	{"OpenType collection", begins("ttcf\x00"), readCollection},
	{"WOFF font", begins("wOFF"), readWOFF},
	{"WOFF 2 font", begins("wOF2"), readWOFF2},
}

func begins(magic string) func([]byte) bool {
	return func(p []byte) bool { return len(p) > len(magic) && string(p[:len(magic)]) == magic }
}

func match(in *format.Input, kinds []kind) format.Confidence {
	if find(in, kinds) != nil {
		return format.Strong
	}
	return format.No
}

func find(in *format.Input, kinds []kind) *kind {
	head := in.Head()
	for i := range kinds {
		if len(head) >= 12 && kinds[i].is(head) {
			return &kinds[i]
		}
	}
	return nil
}

// walker moves over the file and collects what it consists of.
type walker struct {
	*bounded.Cursor
	in  *format.Input
	res format.Result
	at  int64 // behind what is explained
}

// malformed is a fault of the file, in words for a person.
type malformed string

func (m malformed) Error() string { return string(m) }

// unknown is a part that this version does not read.
type unknown string

func (u unknown) Error() string { return string(u) }

func read(in *format.Input, kinds []kind) format.Result {
	k := find(in, kinds)
	if k == nil {
		return format.Result{}
	}
	w := &walker{Cursor: in.R.NewCursor(0), in: in}
	defer w.Close()
	w.res.Facts = []finding.Fact{{Key: "media.kind", Value: k.name}}
	if err := k.read(w); err != nil {
		w.failed(err)
	}
	return w.res
}

// failed says from where on the file could not be read. The bytes stay nobody's,
// so that they are looked into.
func (w *walker) failed(err error) {
	var limit *bounded.LimitError
	id := "SP-COV-004"
	switch {
	case errors.As(err, &limit):
		return
	case errors.As(err, new(unknown)):
		id = "SP-COV-012"
	case !errors.As(err, new(malformed)):
		err = malformed("it ends before its end")
	}
	w.res.Spans = append(w.res.Spans, format.Span{Offset: w.at, Kind: format.Unread, Rule: id,
		Reason: fmt.Sprintf("The file cannot be read from byte %d on: %s.", w.at, err)})
}

// maxSpans is how many ranges of one file are told apart by kind.
const maxSpans = 100_000

// explain says what everything from what is explained to the cursor is.
func (w *walker) explain(k format.SpanKind) {
	n := w.Offset() - w.at
	if n <= 0 {
		return
	}
	last := len(w.res.Spans) - 1
	if last >= 0 && (w.res.Spans[last].Kind == k || last > maxSpans) && w.res.Spans[last].Offset+w.res.Spans[last].Length == w.at {
		w.res.Spans[last].Length += n
	} else {
		w.res.Spans = append(w.res.Spans, format.Span{Offset: w.at, Length: n, Kind: k})
	}
	w.at = w.Offset()
}

// skip passes n bytes and says what they are.
func (w *walker) skip(n int64, k format.SpanKind) error {
	if err := w.in.R.Budget().Items(1); err != nil {
		return err
	}
	if err := w.Skip(n); err != nil {
		return err
	}
	w.explain(k)
	return nil
}

// foreign passes n bytes that players skip: zeros are filling, anything else is
// handed on to be identified.
func (w *walker) foreign(name string, n int64) error {
	from := w.Offset()
	r, err := w.in.R.Section(from, n)
	if err != nil {
		return err
	}
	w.explain(format.Structure)
	if n <= bounded.MaxFreeSpace && w.filling(n) {
		w.explain(format.Structure)
		return nil
	}
	if err := w.Skip(from + n - w.Offset()); err != nil {
		return err
	}
	if len(w.res.Children) >= bounded.MaxFindings {
		return w.in.R.Budget().Reach("archive-entries", bounded.MaxFindings)
	}
	w.res.Children = append(w.res.Children, format.Child{Name: rule.Clip(name), R: r, Offset: from, Length: n})
	w.at = w.Offset()
	return nil
}

// filling reports whether the next n bytes are zeros; it may leave the cursor
// among them when they are not.
func (w *walker) filling(n int64) bool {
	for n > 0 {
		p, err := w.Window()
		if err != nil || len(p) == 0 {
			return false
		}
		p = p[:min(int64(len(p)), n)]
		for _, b := range p {
			if b != 0 {
				return false
			}
		}
		w.Advance(len(p))
		n -= int64(len(p))
	}
	return true
}
