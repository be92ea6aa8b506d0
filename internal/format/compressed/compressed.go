// Package compressed opens single files that are compressed: gzip, zlib, bzip2,
// xz, LZMA, lzip, Zstandard, LZ4 and joblib's old "ZF" files.
//
// Specification: RFC 1952, RFC 1950, RFC 8878, the .xz and LZ4 frame format
// descriptions, joblib/compressor.py and joblib/numpy_pickle_compat.py.
//
// Threat: joblib, pandas and many scripts unpack whatever the first bytes say,
// under any name, so a scanner that goes by names never sees the pickle inside.
// Loaders read several members in a row, skip what they do not know, and hand on
// what came before a broken checksum. So do we: what could be unpacked is
// examined in any case, and what stands behind the end of the compressed data
// stays unexplained.
//
// Not covered: preset dictionaries, filters of xz other than LZMA2, the old LZ4
// frames, and compress (.Z): a gap each.
package compressed

import (
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

// Format is a compressed file of any kind.
var Format = format.Format{
	ID:    "compressed",
	Title: "Compressed file",
	Spec:  "https://www.rfc-editor.org/rfc/rfc1952",
	// pandas, joblib and R write compressed files under the usual names of what is inside.
	Extensions: []string{".gz", ".tgz", ".bz2", ".tbz2", ".tbz", ".xz", ".txz", ".lzma", ".lz", ".zst", ".zstd", ".lz4", ".z", ".nemo",
		".pkl", ".pickle", ".rds", ".rda", ".rdata"},
	Rules: []string{"SP-COV-003", "SP-COV-004", "SP-COV-012", "SP-COV-016"},
	Match: match,
	Read:  read,
}

// codec is one way of compressing.
type codec struct {
	name  string // for people
	match func(in *format.Input) format.Confidence
	open  func(in *format.Input, log *journal) io.Reader
	size  func(in *format.Input) int64 // decoded size as declared, -1 when it is not
}

// codecs are in the order in which their signatures are tried.
func codecs() [9]codec {
	return [...]codec{
		{"gzip", matchGzip, openGzip, sizeGzip},
		{"xz", matchXz, openXz, sizeXz},
		{"Zstandard", matchZstd, openZstd, sizeZstd},
		{"LZ4", matchLZ4, openLZ4, sizeLZ4},
		{"bzip2", matchBzip2, openBzip2, nil},
		{"lzip", matchLzip, openLzip, nil},
		{"joblib ZF", matchZF, openZF, nil},
		{"zlib", matchZlib, openZlib, nil},
		{"LZMA", matchAlone, openAlone, sizeAlone},
	}
}

func match(in *format.Input) format.Confidence {
	_, c := which(in)
	return c
}

type choice struct {
	codec codec
	sure  format.Confidence
}

func which(in *format.Input) (codec, format.Confidence) {
	c := format.Memo(in, "format/compressed", func() choice {
		for _, c := range codecs() {
			if sure := c.match(in); sure != format.No {
				return choice{c, sure}
			}
		}
		return choice{}
	})
	return c.codec, c.sure
}

// journal is what a decoder notes while it works. The last run to the end is
// the one that counts.
type journal struct {
	end    int64 // behind the last byte that belongs to the compressed data
	parts  int   // members, streams or frames
	extras []extra
	notes  []note
}

// extra is a piece of the file that decoders skip.
type extra struct {
	name        string
	off, length int64
}

// note is something wrong that does not stop the decoder.
type note struct {
	rule   string
	off    int64
	reason string
}

// maxNotes bounds the lists of a journal.
const maxNotes = 100

func (l *journal) note(rule string, off int64, reason string) {
	if len(l.notes) < maxNotes {
		l.notes = append(l.notes, note{rule, off, reason})
	}
}

func (l *journal) extra(name string, off, length int64) {
	if length > 0 && len(l.extras) < maxNotes {
		l.extras = append(l.extras, extra{name, off, length})
	} else if length > 0 {
		l.note("SP-COV-003", off, "More parts are skipped by decoders than are looked at.")
	}
}

func read(in *format.Input) format.Result {
	c, _ := which(in)
	if c.open == nil {
		return format.Result{}
	}
	u := &unpacking{in: in, codec: c}
	r, err := u.run()
	var res format.Result
	if r != nil && r.Size() > 0 {
		res.Children = append(res.Children, format.Child{Name: innerName(in.Name), R: r, Length: u.log.end, Parsed: u.parsed(r)})
	} else if u.log.end > 0 {
		res.Spans = append(res.Spans, format.Span{Length: u.log.end, Kind: format.Structure})
	}
	u.troubles(&res, err)
	res.Facts = []finding.Fact{{Key: "compressed.codec", Value: c.name}}
	return res
}

// unpacking is one file being unpacked.
type unpacking struct {
	in    *format.Input
	codec codec
	log   *journal
	guess int64
	trace *pickle.Trace
}

// worthwhile is the smallest stream whose pickle is followed while its size is
// found, so that it is not decoded twice.
const worthwhile = 1 << 20

func (u *unpacking) run() (*bounded.Reader, error) {
	u.guess = -1
	if u.codec.size != nil {
		if n := u.codec.size(u.in); n > worthwhile {
			u.guess = n
		}
	}
	u.log = &journal{}
	measuring := true
	defer func() { measuring = false }()
	return u.in.R.Budget().Unpack(func() (io.Reader, error) {
		log := &journal{}
		if measuring {
			u.log = log // the last one reaches the end
		}
		return u.codec.open(u.in, log), nil
	}, u.guess, u.first)
}

// first follows a pickle while the stream is decoded.
func (u *unpacking) first(r *bounded.Reader) {
	var head [3]byte
	if n, _ := r.ReadAt(head[:], 0); pickle.HasMagic(head[:n]) {
		u.trace = pickle.Run(r, 0, pickle.Options{Inline: true})
	}
}

// parsed is the trace of the pickle in r, if it holds for r.
func (u *unpacking) parsed(r *bounded.Reader) any {
	if u.trace == nil || r.Size() != u.guess || !u.trace.Stopped || u.trace.Err != nil {
		return nil
	}
	return u.trace
}

// troubles reports what is wrong, and offers what decoders skip.
func (u *unpacking) troubles(res *format.Result, err error) {
	size := u.in.R.Size()
	for _, x := range u.log.extras {
		if r, err := u.in.R.Section(x.off, x.length); err == nil {
			res.Children = append(res.Children, format.Child{Name: x.name, R: r, Offset: x.off})
		}
	}
	for _, n := range u.log.notes {
		off := min(n.off, size)
		res.Spans = append(res.Spans, format.Span{Offset: off, Kind: format.Unread, Rule: n.rule, Reason: n.reason})
	}
	if err != nil {
		at := min(u.log.end, size)
		rule, reason := broken(u.codec.name, err)
		res.Spans = append(res.Spans, format.Span{Offset: at, Length: size - at, Kind: format.Unread, Rule: rule, Reason: reason})
	}
}

// broken says why decoding ended.
func broken(name string, err error) (rule, reason string) {
	var limit *bounded.LimitError
	switch {
	case errors.As(err, &limit):
		return "SP-COV-003", fmt.Sprintf("Unpacking stopped at the limit %q (%d).", limit.Name, limit.Max)
	case errors.Is(err, errUnsupported):
		return "SP-COV-012", fmt.Sprintf("The %s data uses a feature that is not supported.", name)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "SP-COV-004", fmt.Sprintf("The %s data ends early; loaders still use what comes before.", name)
	}
	return "SP-COV-004", fmt.Sprintf("The %s data is broken; loaders still use what comes before.", name)
}

// errUnsupported ends data that only a rare decoder could read.
var errUnsupported = errors.New("unsupported feature")

// endings that compressing adds to a name, and what stood there before.
var endings = [...][2]string{
	{".tgz", ".tar"}, {".tbz2", ".tar"}, {".tbz", ".tar"}, {".txz", ".tar"},
	{".gz", ""}, {".bz2", ""}, {".xz", ""}, {".lzma", ""}, {".lz", ""}, {".zst", ""}, {".zstd", ""}, {".lz4", ""}, {".z", ""},
}

// innerName is the name of the content.
func innerName(name string) string {
	lower := strings.ToLower(name)
	for _, e := range endings {
		if len(lower) > len(e[0]) && strings.HasSuffix(lower, e[0]) {
			return path.Base(name[:len(name)-len(e[0])] + e[1])
		}
	}
	if name == "" {
		return "content"
	}
	return name
}
