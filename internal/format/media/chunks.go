package media

import (
	"encoding/binary"

	"github.com/sallyport/sallyport/internal/format"
)

func riff(form string) func([]byte) bool {
	return func(p []byte) bool { return string(p[:4]) == "RIFF" && string(p[8:12]) == form }
}

func isAIFF(p []byte) bool {
	return string(p[:4]) == "FORM" && (string(p[8:12]) == "AIFF" || string(p[8:12]) == "AIFC")
}

// readRIFF reads forms: a name, a length, a type, then chunks. AVI continues in
// more forms behind the first.
func readRIFF(w *walker) error {
	var order binary.ByteOrder = binary.LittleEndian
	first := string(w.in.Head()[:4])
	if first == "FORM" {
		order = binary.BigEndian
	}
	for w.Remaining() > 0 {
		p, err := w.Peek(min(12, w.Remaining()))
		if err != nil {
			return err
		}
		if len(p) < 12 || string(p[:4]) != first || w.at > 0 && string(p[8:12]) != "AVIX" {
			return nil // something behind the end
		}
		end := w.Offset() + 8 + int64(order.Uint32(p[4:]))
		if err := w.skip(12, format.Structure); err != nil {
			return err
		}
		if err := w.chunks(order, end); err != nil {
			return err
		}
	}
	return nil
}

// chunks reads to the end of a form, and the byte that makes an odd one even.
func (w *walker) chunks(order binary.ByteOrder, end int64) error {
	for w.Offset()+8 <= end {
		p, err := w.Next(8)
		if err != nil {
			return err
		}
		name, n := string(p[:4]), int64(order.Uint32(p[4:]))
		if n == 0xffffffff {
			return unknown("the length of a part is not known")
		}
		if w.Offset()+n > end {
			return malformed("a part is longer than the file says it is")
		}
		w.explain(format.Structure)
		if err := w.chunk(name, n); err != nil {
			return err
		}
		if n%2 != 0 && w.Offset() < end {
			if err := w.pad(); err != nil {
				return err
			}
		}
	}
	if w.Offset() != end {
		return malformed("its parts do not end where it says")
	}
	return nil
}

func (w *walker) pad() error {
	b, err := w.Byte()
	if err == nil && b == 0 {
		w.explain(format.Structure)
	}
	return err
}

// chunk reads one part by its name.
func (w *walker) chunk(name string, n int64) error {
	switch name {
	case "data", "movi", "SSND", "idx1":
		return w.skip(n, format.Payload)
	case "fmt ", "fact", "LIST", "cue ", "smpl", "inst", "bext", "iXML", "PEAK", "_PMX", "axml", "acid", "id3 ", "ID3 ",
		"COMM", "FVER", "MARK", "COMT", "INST", "NAME", "AUTH", "(c) ", "ANNO", "CHAN", "AESD", "MIDI":
		return w.skip(n, format.Payload)
	}
	return w.foreign(name, n)
}

func isBoxes(p []byte) bool {
	size := binary.BigEndian.Uint32(p)
	return string(p[4:8]) == "ftyp" && size >= 16 && size <= 4096 && size%4 == 0
}

// readBoxes reads the outermost boxes, and those of a movie whose content players
// skip.
func readBoxes(w *walker) error {
	for w.Remaining() > 0 {
		if err := w.box(); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) box() error {
	p, err := w.Next(8)
	if err != nil {
		return err
	}
	n, name := int64(binary.BigEndian.Uint32(p)), string(p[4:8])
	switch {
	case n == 1:
		if p, err = w.Next(8); err != nil {
			return err
		}
		if n = int64(binary.BigEndian.Uint64(p)); n < 16 {
			return malformed("a part has an impossible length")
		}
		n -= 16
	case n == 0 && name == "mdat": // up to the end of the file
		n = w.Remaining()
	case n < 8:
		return malformed("a part has an impossible length")
	default:
		n -= 8
	}
	if n > w.Remaining() {
		return malformed("a part is longer than the file")
	}
	switch name {
	case "mdat", "moof", "idat":
		w.explain(format.Structure)
		return w.skip(n, format.Payload)
	case "ftyp", "moov", "styp", "sidx", "ssix", "prft", "emsg", "mfra", "meta", "pdin", "udta", "meco":
		return w.skip(n, format.Structure)
	case "uuid": // a name of 16 bytes, then what it names
		if err := w.skip(min(n, 16), format.Structure); err != nil {
			return err
		}
		return w.foreign(name, n-min(n, 16))
	case "free", "skip", "wide":
		return w.foreign(name, n)
	}
	return unknown("a part has a name that is not known")
}
