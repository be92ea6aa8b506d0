package pickle

import (
	"bufio"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	decode "github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/format"
)

const (
	maxLayers = 4     // encodings inside encodings that are undone
	maxTries  = 4_096 // strings of one file that are decoded for a look
	headSize  = 64    // bytes of a decoded string that are looked at
)

// nested offers a string that looks like a stream, or like one in an encoding,
// when a closer look confirms it: chance makes many beginnings.
func (s *streams) nested(res *format.Result, b decode.Blob) {
	sub, err := s.in.R.Section(b.Offset, b.Length)
	if err != nil {
		return
	}
	switch b.Looks {
	case "zlib", "base64", "hex", "latin1", "escaped":
		s.encoded(res, b, sub)
	case "marshal":
		s.compiled(res, b.Offset, sub)
	default:
		if confirmed(sub, b.Looks) {
			s.child(res, b.Offset, b.Length)
		}
	}
}

// confirmed looks closer at bytes that begin like a format with few signs.
func confirmed(r *bounded.Reader, looks string) bool {
	switch looks {
	case "pickle":
		t := decode.Run(r, 0, decode.Options{Inline: true, Tentative: true})
		return t.Stopped || len(t.Imports) > 0
	case "text-pickle":
		return acts(decode.Run(r, 0, decode.Options{Inline: true, Tentative: true}))
	case "pe":
		head, err := r.Bytes(0, min(r.Size(), headSize))
		if err != nil || len(head) < headSize {
			return false
		}
		sign, err := r.Bytes(int64(binary.LittleEndian.Uint32(head[0x3c:])), 4)
		return err == nil && string(sign) == "PE\x00\x00"
	}
	return true
}

// encoded undoes encodings until a stream appears, or nothing does.
func (s *streams) encoded(res *format.Result, b decode.Blob, sub *bounded.Reader) {
	if s.full(res, b.Offset) {
		return
	}
	if s.tries++; s.tries > maxTries {
		_ = s.in.R.Budget().Reach("pickle-list", maxTries)
		return
	}
	layers := []string{b.Looks}
	for len(layers) <= maxLayers {
		looks := peek(sub, layers)
		switch looks {
		case "":
			return
		case "zlib", "base64", "hex", "latin1", "escaped":
			layers = append(layers, looks)
			continue
		}
		r, err := s.in.R.Budget().NewStream(-1, func() (io.Reader, error) { return undo(sub, layers), nil })
		if err == nil && looks == "marshal" {
			s.compiled(res, b.Offset, r)
		} else if err == nil && confirmed(r, looks) {
			name := fmt.Sprintf("%s@%d", strings.Join(layers, "+"), b.Offset)
			res.Children = append(res.Children, format.Child{Name: name, R: r, Offset: b.Offset})
		}
		return
	}
}

// peek says what the decoded bytes look like.
func peek(sub *bounded.Reader, layers []string) string {
	var head [headSize]byte
	n, _ := io.ReadFull(undo(sub, layers), head[:])
	looks := ""
	if n >= 16 {
		looks = decode.Sniff(head[:n])
	}
	if looks == "" && n >= 24 {
		looks = decode.SniffText(head[:n])
	}
	return looks
}

// undo decodes. What cannot be decoded ends the stream: code that unpacks such
// strings is as lenient as its author wanted.
func undo(sub *bounded.Reader, layers []string) io.Reader {
	r := io.Reader(io.NewSectionReader(sub, 0, sub.Size()))
	for _, layer := range layers {
		switch layer {
		case "zlib":
			z, err := zlib.NewReader(r)
			if err != nil {
				return strings.NewReader("")
			}
			r = z
		case "base64":
			r = base64.NewDecoder(base64.RawStdEncoding, &alphabet{r})
		case "hex":
			r = hex.NewDecoder(r)
		case "latin1":
			r = &latin1{text: bufio.NewReader(r)}
		case "escaped":
			r = &escaped{bufio.NewReader(r)}
		}
		r = lenient{r}
	}
	return r
}

// lenient turns errors into the end of the stream.
type lenient struct{ r io.Reader }

func (l lenient) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if err != nil {
		err = io.EOF
	}
	return n, err
}

// alphabet passes on the characters of base64 up to the padding, in the
// standard alphabet. Python drops all others, too.
type alphabet struct{ r io.Reader }

func (a *alphabet) Read(p []byte) (int, error) {
	for {
		n, err := a.r.Read(p)
		kept := 0
		for _, c := range p[:n] {
			switch {
			case c == '=':
				if kept == 0 {
					return 0, io.EOF
				}
				a.r = strings.NewReader("")
				return kept, nil
			case c == '-':
				c = '+'
			case c == '_':
				c = '/'
			case c == '+', c == '/', c >= '0' && c <= '9', c|0x20 >= 'a' && c|0x20 <= 'z':
			default:
				continue
			}
			p[kept] = c
			kept++
		}
		if kept > 0 || err != nil || len(p) == 0 {
			return kept, err
		}
	}
}

// escaped turns a line of STRING or UNICODE into the bytes that its characters
// stand for.
type escaped struct{ line *bufio.Reader }

// Read implements io.Reader.
func (e *escaped) Read(p []byte) (int, error) {
	for i := range p {
		head, _ := e.line.Peek(6)
		b, n := decode.Unescape(head)
		if n == 0 {
			return i, io.EOF
		}
		_, _ = e.line.Discard(n)
		p[i] = b
	}
	return len(p), nil
}
