package media

import (
	"math/bits"

	"github.com/sallyport/sallyport/internal/format"
)

// Elements of Matroska (RFC 9559, section 5).
const (
	idHeader      = 0x1a45dfa3
	idSegment     = 0x18538067
	idCluster     = 0x1f43b675
	idAttachments = 0x1941a469
	idAttached    = 0x61a7
	idFileData    = 0x465c
	idVoid        = 0xec
)

// readMatroska reads the header and the segment with the elements directly in it.
func readMatroska(w *walker) error {
	id, n, err := w.element()
	if err != nil {
		return err
	}
	if id != idHeader || n < 0 {
		return malformed("it has no header")
	}
	if err := w.skip(n, format.Structure); err != nil {
		return err
	}
	for w.Remaining() > 0 {
		id, n, err := w.element()
		switch {
		case err != nil:
			return err
		case id == idVoid && n >= 0:
			err = w.foreign("void", n)
		case id != idSegment:
			return nil // something behind the end
		default:
			end := w.in.R.Size()
			if n >= 0 {
				if n > w.Remaining() {
					return malformed("a part is longer than the file")
				}
				end = w.Offset() + n
			}
			w.explain(format.Structure)
			err = w.elements(end)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// element reads an id and a length; the length is -1 when it is not known.
func (w *walker) element() (id, n int64, err error) {
	first, err := w.Byte()
	if err != nil {
		return 0, 0, err
	}
	length := bits.LeadingZeros8(first)
	if length > 3 {
		return 0, 0, malformed("an element has no valid id")
	}
	id = int64(first)
	if id, err = w.more(id, length); err != nil {
		return 0, 0, err
	}
	if first, err = w.Byte(); err != nil {
		return 0, 0, err
	}
	length = bits.LeadingZeros8(first)
	if length > 7 {
		return 0, 0, malformed("an element has no valid length")
	}
	if n, err = w.more(int64(first)&(1<<(7-length)-1), length); err != nil {
		return 0, 0, err
	}
	if n == 1<<(7*(length+1))-1 {
		n = -1
	}
	return id, n, nil
}

func (w *walker) more(n int64, count int) (int64, error) {
	p, err := w.Next(int64(count))
	for _, b := range p {
		n = n<<8 | int64(b)
	}
	return n, err
}

func (w *walker) elements(end int64) error {
	for w.Offset() < end {
		id, n, err := w.element()
		if err != nil {
			return err
		}
		if n < 0 && id == idCluster { // a live recording: its parts follow as if they stood here
			w.explain(format.Structure)
			continue
		}
		if n < 0 || n > end-w.Offset() {
			return malformed("a part is longer than the file")
		}
		w.explain(format.Structure)
		switch id {
		case idCluster, 0xa3, 0xa0: // with the blocks of a cluster of unknown length
			err = w.skip(n, format.Payload)
		case idAttachments, idAttached:
			err = w.elements(w.Offset() + n)
		case idFileData:
			err = w.foreign("attached file", n)
		case idVoid:
			err = w.foreign("void", n)
		case 0x114d9b74, 0x1549a966, 0x1654ae6b, 0x1c53bb6b, 0x1043a770, 0x1254c367, 0xbf, // what a segment has
			0xe7, 0xa7, 0xab, 0x5854, // and a cluster
			0x467e, 0x466e, 0x4660, 0x46ae: // and an attached file
			err = w.skip(n, format.Structure)
		default:
			err = unknown("an element has an id that is not known")
		}
		if err != nil {
			return err
		}
	}
	return nil
}
