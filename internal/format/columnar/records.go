package columnar

import (
	"encoding/binary"
	"hash/crc32"
	"sync"

	"github.com/sallyport/sallyport/internal/format"
)

// Records is TensorFlow's file of records: each a length with its checksum, bytes,
// and their checksum. It has no magic; the first checksum is its signature.
var Records = format.Format{
	ID:         "tfrecord",
	Title:      "TFRecord data",
	Spec:       "https://www.tensorflow.org/tutorials/load_data/tfrecord",
	Extensions: []string{".tfrecord", ".tfrecords"},
	Rules:      []string{"SP-COV-003", "SP-COV-004"},
	Match: func(in *format.Input) format.Confidence {
		if h := in.Head(); len(h) >= 16 && recordLength(h, in.R.Size()) >= 0 {
			return format.Strong
		}
		return format.No
	},
	Read: readRecords,
}

var castagnoli = sync.OnceValue(func() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) })

// recordLength is the length of a record by its first 12 bytes, -1 when these are
// none. A first length that large never is one, whatever its checksum.
func recordLength(p []byte, rest int64) int64 {
	n := binary.LittleEndian.Uint64(p)
	if n > uint64(rest) || int64(n) > rest-16 {
		return -1
	}
	sum := crc32.Checksum(p[:8], castagnoli())
	if (sum>>15|sum<<17)+0xa282ead8 != binary.LittleEndian.Uint32(p[8:]) {
		return -1
	}
	return int64(n)
}

func readRecords(in *format.Input) format.Result {
	t := &table{in: in}
	c := in.R.NewCursor(0)
	defer c.Close()
	count, done := int64(0), int64(0)
	for c.Remaining() > 0 {
		p, err := c.Peek(min(12, c.Remaining()))
		if err != nil || in.R.Budget().Items(1) != nil {
			break
		}
		n := int64(-1)
		if len(p) == 12 {
			n = recordLength(p, c.Remaining())
		}
		if n < 0 || c.Skip(16+n) != nil {
			t.gap(done, 0, "SP-COV-004", "The records cannot be followed to the end of the file.")
			break
		}
		done = c.Offset()
		count++
	}
	t.span(0, min(done, 12), format.Structure)
	t.span(min(done, 12), done-min(done, 12), format.Payload)
	t.fact(factRows, count)
	return t.res
}
