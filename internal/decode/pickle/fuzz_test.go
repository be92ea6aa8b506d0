package pickle

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/sample"
)

// run follows data from memory, or through ReadAt as from a disk.
func run(data []byte, inMemory bool, opt Options) *Trace {
	b := bounded.NewBudget(context.Background(), int64(len(data)))
	r := bounded.NewBytes(data, b)
	if !inMemory {
		r = bounded.NewReader(strings.NewReader(string(data)), int64(len(data)), b)
	}
	return Run(r, 0, opt)
}

func FuzzRun(f *testing.F) {
	for _, c := range streams {
		data, err := sample.Pickle(strings.ReplaceAll(c.code, "; ", "\n"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, true)
	}
	f.Fuzz(func(t *testing.T, data []byte, inline bool) {
		opt := Options{Inline: inline}
		got, again := run(data, true, opt), run(data, false, opt)
		if !reflect.DeepEqual(got, again) {
			t.Fatalf("memory and disk differ:\n%+v\n%+v", got, again)
		}
		opt.Account = true
		steady := run(data, true, opt) // without the fast path
		if steady.Account = nil; !reflect.DeepEqual(got, steady) {
			t.Fatalf("the fast path differs:\n%+v\n%+v", got, steady)
		}
		if got.End < got.Start || got.End > int64(len(data)) {
			t.Fatalf("ends at %d of %d", got.End, len(data))
		}
		if got.Stopped != (got.Err == nil) {
			t.Fatalf("stopped %v with error %v", got.Stopped, got.Err)
		}
		for _, b := range got.Blobs {
			if b.Offset < 0 || b.Offset+b.Length > int64(len(data)) {
				t.Fatalf("blob %+v leaves the %d bytes", b, len(data))
			}
		}
		for _, c := range got.Calls {
			if c.Callee.Import >= len(got.Imports) {
				t.Fatalf("callee %d of %d imports", c.Callee.Import, len(got.Imports))
			}
		}
	})
}
