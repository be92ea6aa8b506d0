package image

import (
	"encoding/binary"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/format"
)

// readWebP walks the RIFF chunks up to the size that the container declares.
func readWebP(w *walker) error {
	head, err := w.Next(12)
	if err != nil {
		return err
	}
	end := 8 + int64(binary.LittleEndian.Uint32(head[4:]))
	if end > w.Offset()+w.Remaining() {
		return bounded.ErrTruncated
	}
	w.explain(format.Structure)
	for first := true; w.Offset() < end; first = false {
		if err := riffChunk(w, end, first); err != nil {
			return err
		}
	}
	return nil
}

func riffChunk(w *walker, end int64, first bool) error {
	if end-w.Offset() < 8 {
		return malformed("the container's size cuts a chunk")
	}
	head, err := w.Next(8)
	if err != nil {
		return err
	}
	kind, size := string(head[:4]), int64(binary.LittleEndian.Uint32(head[4:]))
	image := kind == "VP8 " || kind == "VP8L" || kind == "ALPH" || kind == "ANMF"
	if first && !image && kind != "VP8X" {
		return malformed("the first chunk is no image")
	}
	size += size & 1 // chunks are padded to an even length
	if size > end-w.Offset() {
		return malformed("a chunk is longer than the container")
	}
	w.explain(format.Structure)
	if err := w.Skip(size); err != nil {
		return err
	}
	if image {
		w.explain(format.Payload)
	} else {
		w.explain(format.Structure)
	}
	return nil
}
