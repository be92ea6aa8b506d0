package image

import (
	"encoding/binary"

	"github.com/sallyport/sallyport/internal/format"
)

// readPNG walks the chunks: length, type, data, checksum.
func readPNG(w *walker) error {
	if err := w.Skip(8); err != nil {
		return err
	}
	for first := true; ; first = false {
		head, err := w.Next(8)
		if err != nil {
			return err
		}
		length, kind := int64(binary.BigEndian.Uint32(head)), string(head[4:8])
		if err := checkChunk(kind, length, first); err != nil {
			return err
		}
		w.explain(format.Structure)
		if err := w.Skip(length); err != nil {
			return err
		}
		if kind == "IDAT" || kind == "fdAT" {
			w.explain(format.Payload)
		}
		if err := w.Skip(4); err != nil {
			return err
		}
		w.explain(format.Structure)
		if kind == "IEND" {
			return nil
		}
	}
}

func checkChunk(kind string, length int64, first bool) error {
	for i := range len(kind) {
		if c := kind[i] | 0x20; c < 'a' || c > 'z' {
			return malformed("a chunk has an impossible type")
		}
	}
	switch {
	case length > 1<<31-1:
		return malformed("a chunk has an impossible length")
	case first && (kind != "IHDR" || length != 13):
		return malformed("the header chunk is missing")
	case kind == "IEND" && length != 0:
		return malformed("the end chunk holds data")
	}
	return nil
}
