package image

import "github.com/sallyport/sallyport/internal/format"

// readGIF walks header, colour tables, extensions and images to the trailer.
func readGIF(w *walker) error {
	head, err := w.Next(13)
	if err != nil {
		return err
	}
	if err := colours(w, head[10]); err != nil {
		return err
	}
	for {
		w.explain(format.Structure)
		b, err := one(w)
		if err != nil {
			return err
		}
		switch b {
		case 0x3b:
			w.explain(format.Structure)
			return nil
		case 0x21: // extension: a label, then blocks
			err = w.Skip(1)
			if err == nil {
				err = blocks(w)
			}
		case 0x2c:
			err = picture(w)
		default:
			err = malformed("a block has an unknown type")
		}
		if err != nil {
			return err
		}
	}
}

// colours skips a colour table that the flags declare.
func colours(w *walker, flags byte) error {
	if flags&0x80 == 0 {
		return nil
	}
	return w.Skip(3 << (flags&7 + 1))
}

func picture(w *walker) error {
	desc, err := w.Next(9)
	if err != nil {
		return err
	}
	if err := colours(w, desc[8]); err != nil {
		return err
	}
	if err := w.Skip(1); err != nil { // code size
		return err
	}
	w.explain(format.Structure)
	if err := blocks(w); err != nil {
		return err
	}
	w.explain(format.Payload)
	return nil
}

// blocks skips sub-blocks, each a length and that many bytes, to the empty one.
func blocks(w *walker) error {
	for {
		n, err := one(w)
		if err != nil || n == 0 {
			return err
		}
		if err := w.Skip(int64(n)); err != nil {
			return err
		}
	}
}
