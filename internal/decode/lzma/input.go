package lzma

import "io"

// input hands packed bytes to the range coder, from a buffer where that is
// possible: a call for each byte costs more than the decoding.
type input struct {
	src  io.ByteReader // where the bytes come from; nil when buf is all there is
	view peeker        // src, when it can show its buffer
	buf  []byte        // bytes of the buffer
	at   int           // how many of them were used
	end  error         // what comes behind buf when src is nil
}

// peeker is the part of bufio.Reader that lends its buffer.
type peeker interface {
	Buffered() int
	Peek(n int) ([]byte, error)
	Discard(n int) (int, error)
}

func newInput(src io.ByteReader) input {
	view, _ := src.(peeker)
	return input{src: src, view: view}
}

// fetch is the next byte when the buffer is used up.
func (i *input) fetch() (byte, error) {
	switch {
	case i.src == nil:
		return 0, i.end
	case i.view == nil:
		return i.src.ReadByte()
	}
	i.giveBack()
	b, err := i.src.ReadByte()
	i.borrow()
	return b, err
}

// borrow takes what src has buffered.
func (i *input) borrow() {
	if i.view != nil {
		i.buf, _ = i.view.Peek(i.view.Buffered())
	}
}

// giveBack tells src how many bytes were used, so that whoever reads on finds
// the byte behind the stream.
func (i *input) giveBack() {
	if i.view != nil {
		_, _ = i.view.Discard(i.at)
		i.buf, i.at = nil, 0
	}
}
