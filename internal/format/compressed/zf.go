package compressed

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/format"
)

// Header of joblib's files before 0.9.3: "ZF", the decoded size in hexadecimal
// padded with spaces, and one more space from Python 2.
const (
	zfMagic  = "ZF"
	zfHeader = len(zfMagic) + len("0x10000000000000000")
)

func matchZF(in *format.Input) format.Confidence {
	if _, _, ok := zfStart(in.Head()); ok {
		return format.Strong
	}
	return format.No
}

// zfStart is where the zlib data begins and the size that the header declares.
func zfStart(head []byte) (off, size int64, ok bool) {
	if !bytes.HasPrefix(head, []byte(zfMagic)) || len(head) < zfHeader+2 {
		return 0, 0, false
	}
	text := strings.ToLower(strings.TrimSpace(string(head[len(zfMagic):zfHeader])))
	text = strings.TrimSuffix(strings.TrimPrefix(text, "0x"), "l")
	n, err := strconv.ParseUint(text, 16, 62)
	if err != nil {
		return 0, 0, false
	}
	off = int64(zfHeader)
	if head[off] == ' ' {
		off++
	}
	return off, int64(n), true
}

// zfReader compares the length of the content with the header.
type zfReader struct {
	*zlibReader
	want, got int64
}

func openZF(in *format.Input, log *journal) io.Reader {
	off, size, _ := zfStart(in.Head())
	return &zfReader{newZlib(in, log, off), size, 0}
}

// Read implements io.Reader.
func (z *zfReader) Read(p []byte) (int, error) {
	n, err := z.zlibReader.Read(p)
	z.got += int64(n)
	if err == io.EOF && z.got != z.want {
		z.log.note("SP-COV-016", 0, "The header declares another size than the content has.")
		z.want = z.got
	}
	return n, err
}
