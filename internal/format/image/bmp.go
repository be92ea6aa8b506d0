package image

import (
	"encoding/binary"

	"github.com/sallyport/sallyport/internal/format"
)

// isBMP wants a header of a known size and pixels behind it: "BM" alone begins
// many a text.
func isBMP(p []byte) bool {
	if len(p) < 30 || string(p[:2]) != "BM" || binary.LittleEndian.Uint32(p[6:]) != 0 {
		return false
	}
	pixels, header := binary.LittleEndian.Uint32(p[10:]), binary.LittleEndian.Uint32(p[14:])
	switch header {
	case 12, 40, 52, 56, 64, 108, 124:
		return pixels >= 14+header && pixels < 1<<20
	}
	return false
}

// readBMP takes the pixels to be as many as the size of the image needs; what is
// compressed goes to the end that the header declares.
func readBMP(w *walker) error {
	p, err := w.Peek(34)
	if err != nil {
		return err
	}
	size, pixels, header := int64(binary.LittleEndian.Uint32(p[2:])), int64(binary.LittleEndian.Uint32(p[10:])), binary.LittleEndian.Uint32(p[14:])
	var width, height, bits int64
	compressed := false
	if header == 12 {
		width, height, bits = int64(binary.LittleEndian.Uint16(p[18:])), int64(binary.LittleEndian.Uint16(p[20:])), int64(binary.LittleEndian.Uint16(p[24:]))
	} else {
		width, height, bits = int64(int32(binary.LittleEndian.Uint32(p[18:]))), int64(int32(binary.LittleEndian.Uint32(p[22:]))), int64(binary.LittleEndian.Uint16(p[28:]))
		method := binary.LittleEndian.Uint32(p[30:])
		compressed = method != 0 && method != 3 && method != 6
	}
	if height < 0 { // rows from top to bottom
		height = -height
	}
	need := (width*bits + 31) / 32 * 4 * height // below 2^31 × 2^16 × 2^31: may overflow, hence the checks
	switch {
	case width <= 0 || width > 1<<20 || height > 1<<20 || bits > 64:
		return malformed("it has an impossible size")
	case compressed:
		need = size - pixels
	}
	if err := w.Skip(pixels); err != nil {
		return err
	}
	w.explain(format.Structure)
	if err := w.Skip(need); err != nil {
		return err
	}
	w.explain(format.Payload)
	return nil
}

// isIcon wants a directory whose first entry lies right behind it.
func isIcon(p []byte) bool {
	if len(p) < 22 || p[0] != 0 || p[1] != 0 || p[2] != 1 && p[2] != 2 || p[3] != 0 {
		return false
	}
	n := uint32(binary.LittleEndian.Uint16(p[4:]))
	return n > 0 && n <= 256 && p[9] == 0 && binary.LittleEndian.Uint32(p[18:]) == 6+16*n
}

// readIcon reads the images one behind the other; each is a bitmap without its
// file header, or a PNG.
func readIcon(w *walker) error {
	p, err := w.Next(6)
	if err != nil {
		return err
	}
	n := int64(binary.LittleEndian.Uint16(p[4:]))
	if p, err = w.Next(16 * n); err != nil {
		return err
	}
	entries := append([]byte{}, p...)
	w.explain(format.Structure)
	for ; len(entries) > 0; entries = entries[16:] {
		size, off := int64(binary.LittleEndian.Uint32(entries[8:])), int64(binary.LittleEndian.Uint32(entries[12:]))
		if off != w.Offset() {
			return malformed("its images do not follow each other")
		}
		head, err := w.Peek(min(size, 8))
		if err != nil {
			return err
		}
		if string(head) == "\x89PNG\r\n\x1a\n" {
			end := off + size
			if err := readPNG(w); err != nil {
				return err
			}
			if w.Offset() != end {
				return malformed("something follows an image in it")
			}
			continue
		}
		if len(head) < 4 || binary.LittleEndian.Uint32(head) != 40 {
			return malformed("an image in it is neither a bitmap nor a PNG")
		}
		if err := w.Skip(size); err != nil {
			return err
		}
		w.explain(format.Payload)
	}
	return nil
}
