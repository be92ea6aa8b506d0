package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"sync"

	"github.com/sallyport/sallyport/internal/format"
)

// readFLAC reads the metadata blocks, then frames. A frame does not say how long
// it is; its checksum makes the CRC of all of it zero, so the end of the file must
// be such a place, and frames begin at such places only.
func readFLAC(w *walker) error {
	if err := w.Skip(4); err != nil {
		return err
	}
	for last := false; !last; {
		p, err := w.Next(4)
		if err != nil {
			return err
		}
		n, t := int64(p[1])<<16|int64(p[2])<<8|int64(p[3]), p[0]&0x7f
		last = p[0]&0x80 != 0
		switch {
		case t == 0 && n != 34 || t == 127:
			return malformed("a block of metadata has an impossible type")
		case t == 1 || t == 2 || t > 6: // padding, of an application, not defined
			w.explain(format.Structure)
			err = w.foreign("metadata block", n)
		default:
			err = w.skip(n, format.Structure)
		}
		if err != nil {
			return err
		}
	}
	return w.flacFrames()
}

func (w *walker) flacFrames() error {
	p, err := w.Peek(min(2, w.Remaining()))
	if err != nil || len(p) == 0 {
		return err
	}
	if len(p) < 2 || p[0] != 0xff || p[1]&0xfe != 0xf8 {
		return malformed("what follows the metadata is no sound")
	}
	var sum, good int64
	crc, table := uint16(0), flacTable()
	for {
		p, err := w.Window()
		if err != nil {
			return err
		}
		if len(p) == 0 {
			break
		}
		for i, b := range p {
			if crc == 0 && b == 0xff {
				good = sum + int64(i)
			}
			crc = crc<<8 ^ table[byte(crc>>8)^b]
		}
		sum += int64(len(p))
		w.Advance(len(p))
	}
	if crc == 0 {
		w.explain(format.Payload)
		return nil
	}
	// The last frame is not whole, or something follows it.
	if good > 0 {
		w.res.Spans = append(w.res.Spans, format.Span{Offset: w.at, Length: good, Kind: format.Payload})
		w.at += good
	}
	return malformed("the last frame does not end where the file ends")
}

// flacTable is CRC-16 with the polynomial 0x8005.
var flacTable = sync.OnceValue(func() *[256]uint16 {
	var t [256]uint16
	for i := range t {
		c := uint16(i) << 8
		for range 8 {
			if c&0x8000 != 0 {
				c = c<<1 ^ 0x8005
			} else {
				c <<= 1
			}
		}
		t[i] = c
	}
	return &t
})

// readOgg reads pages: a header with the lengths of what follows.
func readOgg(w *walker) error {
	ended := false
	for w.Remaining() > 0 {
		p, err := w.Peek(min(27, w.Remaining()))
		if err != nil {
			return err
		}
		if len(p) < 27 || string(p[:5]) != "OggS\x00" || p[5] > 7 {
			if ended {
				return nil // something behind the end
			}
			return malformed("a page does not begin where the one before it ends")
		}
		ended = p[5]&4 != 0
		lengths := int64(p[26])
		if err := w.Skip(27); err != nil {
			return err
		}
		if p, err = w.Next(lengths); err != nil {
			return err
		}
		n := int64(0)
		for _, b := range p {
			n += int64(b)
		}
		if err := w.skip(n, format.Payload); err != nil { // with its header: there are very many pages
			return err
		}
	}
	return nil
}

// mp3Rates are the bit rates of layer III in kbit/s, for MPEG 1 and 2.
var mp3Rates = [2][16]int64{
	{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0},
	{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0},
}

// mp3Frame is the length of a frame of MPEG layer III by its header, 0 when it is
// none.
func mp3Frame(p []byte) int64 {
	if len(p) < 4 || p[0] != 0xff || p[1]&0xe6 != 0xe2 || p[1]&0x18 == 0x08 {
		return 0
	}
	version := p[1] >> 3 & 3 // 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
	rate, hertz := int64(0), [4]int64{44100, 48000, 32000, 0}[p[2]>>2&3]
	samples := int64(144)
	switch version {
	case 3:
		rate = mp3Rates[0][p[2]>>4]
	case 2:
		rate, hertz, samples = mp3Rates[1][p[2]>>4], hertz/2, 72
	default:
		rate, hertz, samples = mp3Rates[1][p[2]>>4], hertz/4, 72
	}
	if rate == 0 || hertz == 0 {
		return 0
	}
	return samples*rate*1000/hertz + int64(p[2]>>1&1)
}

// isMP3 wants a tag, or three frames one behind the other: two bytes of a sync
// word are no signature.
func isMP3(p []byte) bool {
	if string(p[:3]) == "ID3" {
		return p[3] >= 2 && p[3] <= 4 && (p[6]|p[7]|p[8]|p[9])&0x80 == 0
	}
	return run(p, mp3Frame)
}

func isAAC(p []byte) bool { return run(p, aacFrame) }

// aacFrame is the length of an ADTS frame.
func aacFrame(p []byte) int64 {
	if len(p) < 7 || p[0] != 0xff || p[1]&0xf6 != 0xf0 || p[2]>>2&15 > 12 {
		return 0
	}
	n := int64(p[3]&3)<<11 | int64(p[4])<<3 | int64(p[5]>>5)
	if n < 7 {
		return 0
	}
	return n
}

// run wants three frames.
func run(p []byte, frame func([]byte) int64) bool {
	for range 3 {
		n := frame(p)
		if n == 0 || n > int64(len(p)) {
			return false
		}
		p = p[n:]
	}
	return true
}

func readAAC(w *walker) error { return w.frames(aacFrame, 7) }

func readMP3(w *walker) error {
	if string(w.in.Head()[:3]) == "ID3" {
		if err := w.tag(); err != nil {
			return err
		}
	}
	return w.frames(mp3Frame, 4)
}

// frames reads to the end, or to a tag at the end.
func (w *walker) frames(frame func([]byte) int64, header int64) error {
	for n := 0; w.Remaining() > 0; n++ {
		p, err := w.Peek(min(header, w.Remaining()))
		if err != nil {
			return err
		}
		length := frame(p)
		if length == 0 {
			if n == 0 {
				return malformed("it holds no sound")
			}
			return w.trailer()
		}
		if err := w.skip(length, format.Payload); err != nil {
			return err
		}
	}
	return nil
}

// trailer reads a tag of 128 bytes (ID3v1) or one of APE at the end.
func (w *walker) trailer() error {
	p, err := w.Peek(min(32, w.Remaining()))
	if err != nil {
		return err
	}
	switch {
	case string(p[:min(3, len(p))]) == "TAG" && w.Remaining() >= 128:
		return w.skip(128, format.Structure)
	case len(p) == 32 && string(p[:8]) == "APETAGEX":
		if err := w.foreign("APE tag", min(w.Remaining(), 32+int64(binary.LittleEndian.Uint32(p[12:])))); err != nil {
			return err
		}
		if w.Remaining() == 128 {
			return w.trailer()
		}
	}
	return nil // something behind the end
}

// tag reads an ID3v2 tag: frames that hold texts and pictures, and whole files.
func (w *walker) tag() error {
	p, err := w.Next(10)
	if err != nil {
		return err
	}
	version, flags := p[3], p[5]
	end := 10 + synchsafe(p[6:])
	w.explain(format.Structure)
	if flags&0xc0 != 0 || version == 2 { // frames are encoded, or have another header
		return w.foreign("ID3 tag", end-10)
	}
	for w.Offset()+10 <= end {
		p, err := w.Peek(10)
		if err != nil {
			return err
		}
		if p[0] == 0 {
			break
		}
		name, n := string(p[:4]), int64(binary.BigEndian.Uint32(p[4:]))
		if version == 4 {
			n = synchsafe(p[4:])
		}
		if n < 0 || w.Offset()+10+n > end {
			return malformed("a part of the tag is longer than the tag")
		}
		if err := w.skip(10, format.Structure); err != nil {
			return err
		}
		if err := w.tagFrame(name, n); err != nil {
			return err
		}
	}
	if err := w.foreign("ID3 padding", end-w.Offset()); err != nil {
		return err
	}
	if flags&0x10 != 0 {
		return w.skip(10, format.Structure)
	}
	return nil
}

// tagFrame reads one frame. Of a picture or a file only the part behind its
// description is the file.
func (w *walker) tagFrame(name string, n int64) error {
	if name[0] == 'T' || name[0] == 'W' || name == "COMM" || name == "USLT" || name == "UFID" || name == "POPM" || name == "PCNT" {
		return w.skip(n, format.Payload)
	}
	if name != "APIC" && name != "GEOB" {
		return w.foreign(name, n)
	}
	p, err := w.Peek(min(n, 1024))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for _, magic := range [...]string{"\xff\xd8\xff", "\x89PNG", "GIF8"} {
		if i := bytes.Index(p, []byte(magic)); i > 0 && name == "APIC" {
			if err := w.skip(int64(i), format.Structure); err != nil {
				return err
			}
			return w.foreign(name, n-int64(i))
		}
	}
	return w.foreign(name, n)
}

func synchsafe(p []byte) int64 {
	return int64(p[0]&0x7f)<<21 | int64(p[1]&0x7f)<<14 | int64(p[2]&0x7f)<<7 | int64(p[3]&0x7f)
}
