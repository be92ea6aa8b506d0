package image

import (
	"bytes"
	"encoding/binary"

	"github.com/sallyport/sallyport/internal/format"
)

// Markers of JPEG (T.81, table B.1), the byte behind 0xFF.
const (
	markerTEM = 0x01
	markerRST = 0xd0 // to 0xd7
	markerSOI = 0xd8
	markerEOI = 0xd9
	markerSOS = 0xda
)

// readJPEG walks the marker segments to the end of the image.
func readJPEG(w *walker) error {
	if err := w.Skip(2); err != nil {
		return err
	}
	for {
		marker, err := nextMarker(w)
		if err != nil {
			return err
		}
		switch {
		case marker == markerEOI:
			w.explain(format.Structure)
			return nil
		case marker == 0 || marker == markerSOI || marker >= markerRST && marker < markerSOI:
			return malformed("a marker stands in the wrong place")
		case marker == markerTEM:
			w.explain(format.Structure)
			continue
		}
		if err := segment(w); err != nil {
			return err
		}
		if marker == markerSOS {
			if err := scanData(w); err != nil {
				return err
			}
		}
	}
}

// nextMarker reads 0xFF, any fill bytes 0xFF, and the marker.
func nextMarker(w *walker) (byte, error) {
	b, err := one(w)
	if err != nil || b != 0xff {
		return 0, orMalformed(err, "bytes stand between two segments")
	}
	for b == 0xff && err == nil {
		b, err = one(w)
	}
	return b, err
}

// segment skips the parameters of a marker: two bytes of length, which count
// themselves.
func segment(w *walker) error {
	p, err := w.Next(2)
	if err != nil {
		return err
	}
	n := int64(binary.BigEndian.Uint16(p))
	if n < 2 {
		return malformed("a segment has an impossible length")
	}
	if err := w.Skip(n - 2); err != nil {
		return err
	}
	w.explain(format.Structure)
	return nil
}

// scanData skips entropy-coded data: it ends before a marker that is neither a
// stuffed zero nor a restart.
func scanData(w *walker) error {
	for {
		p, err := w.Window()
		if err != nil {
			return err
		}
		if len(p) == 0 {
			return errEnds
		}
		i := bytes.IndexByte(p, 0xff)
		if i < 0 {
			w.Advance(len(p))
			continue
		}
		w.Advance(i)
		two, err := w.Peek(2)
		if err != nil {
			return err
		}
		if next := two[1]; next == 0 || next >= markerRST && next < markerSOI {
			w.Advance(2)
			continue
		}
		w.explain(format.Payload)
		return nil
	}
}

func one(w *walker) (byte, error) {
	p, err := w.Next(1)
	if err != nil {
		return 0, err
	}
	return p[0], nil
}

func orMalformed(err error, what string) error {
	if err != nil {
		return err
	}
	return malformed(what)
}
