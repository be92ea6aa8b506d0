package zip

import (
	"hash/crc32"
	"sync"

	"github.com/sallyport/sallyport/internal/bounded"
)

var sumBuffers = sync.Pool{New: func() any { p := make([]byte, 32<<10); return &p }}

// sumOf reads the content to its end.
func sumOf(r *bounded.Reader) (sum uint32, err error) {
	buf := sumBuffers.Get().(*[]byte)
	defer sumBuffers.Put(buf)
	for off := int64(0); off < r.Size(); {
		p := (*buf)[:min(int64(len(*buf)), r.Size()-off)]
		if _, err := r.ReadAt(p, off); err != nil {
			return 0, err
		}
		sum = crc32.Update(sum, crc32.IEEETable, p)
		off += int64(len(p))
	}
	return sum, nil
}

// compareSum holds the checksum of the content against the directory. A member
// that no directory lists has none that counts.
func (a *Archive) compareSum(i int, sum uint32) {
	if e := &a.Entries[i]; !e.Hidden && sum != e.sum {
		a.wrongSum(i, "it is not that of the content")
	}
}

// wrongSum reports the first member with a wrong checksum. Writers leave it out
// of all members or of none.
func (a *Archive) wrongSum(i int, why string) {
	if !a.wrong {
		a.wrong = true
		a.anomaly(WrongSum, i, a.Entries[i].Header, why)
	}
}
