package sstable

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/s2"

	"github.com/sallyport/sallyport/internal/bounded"
)

// build writes a table of one block for each list of key and value pairs.
func build(snappy bool, blocks ...[]string) []byte {
	var file, index []byte
	put := func(body []byte, kind byte) Handle {
		h := Handle{int64(len(file)), int64(len(body))}
		body = append(body, kind)
		sum := crc32.Checksum(body, castagnoli())
		file = append(file, body...)
		file = binary.LittleEndian.AppendUint32(file, (sum>>15|sum<<17)+maskDelta)
		return h
	}
	appendHandle := func(p []byte, h Handle) []byte {
		return binary.AppendUvarint(binary.AppendUvarint(p, uint64(h.Offset)), uint64(h.Size))
	}
	var at []string
	for _, pairs := range blocks {
		body, kind := entries(pairs...), byte(0)
		if snappy {
			body, kind = s2.EncodeSnappy(nil, body), 1
		}
		h := put(body, kind)
		at = append(at, pairs[len(pairs)-2], string(appendHandle(nil, h)))
	}
	meta := put(entries(), 0)
	index = entries(at...)
	footer := appendHandle(appendHandle(nil, meta), put(index, 0))
	footer = append(footer, make([]byte, 40-len(footer))...)
	return binary.LittleEndian.AppendUint64(append(file, footer...), magic)
}

// entries writes a block; keys share what they have in common.
func entries(pairs ...string) (out []byte) {
	last := ""
	for i := 0; i < len(pairs); i += 2 {
		k, v := pairs[i], pairs[i+1]
		shared := 0
		for shared < min(len(k), len(last)) && k[shared] == last[shared] {
			shared++
		}
		for _, n := range [...]int{shared, len(k) - shared, len(v)} {
			out = binary.AppendUvarint(out, uint64(n))
		}
		out, last = append(append(out, k[shared:]...), v...), k
	}
	return append(out, 0, 0, 0, 0, 1, 0, 0, 0)
}

func view(p []byte) *bounded.Reader {
	return bounded.NewBytes(p, bounded.NewBudget(context.Background(), int64(len(p))))
}

// all lists keys and values of a table.
func all(r *bounded.Reader) (pairs []string, err error) {
	t, err := Open(r)
	if err != nil {
		return nil, err
	}
	handles, bad := t.Blocks()
	for _, h := range handles {
		b, err := t.Block(h)
		if err != nil {
			bad = errors.Join(bad, err)
		}
		for b != nil && b.Next() {
			pairs = append(pairs, string(b.Key), string(b.Value))
			if b.InFile >= 0 {
				if p, err := r.Bytes(b.InFile, int64(len(b.Value))); err != nil || !bytes.Equal(p, b.Value) {
					return pairs, errors.New("InFile is wrong")
				}
			}
		}
		if b != nil && b.Err() != nil {
			bad = errors.Join(bad, b.Err())
		}
	}
	return pairs, bad
}

func TestTables(t *testing.T) {
	long := strings.Repeat("abcd", 1000)
	want := []string{"", "head", "layer/bias", long, "layer/kernel", "v", "z", ""}
	for _, snappy := range []bool{false, true} {
		got, err := all(view(build(snappy, want[:6], want[6:])))
		if err != nil {
			t.Errorf("snappy %v: %v", snappy, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("snappy %v: %s", snappy, diff)
		}
	}
}

func TestBroken(t *testing.T) {
	whole := build(false, []string{"a", "1", "ab", "2"})
	change := func(at int, b byte) []byte {
		p := bytes.Clone(whole)
		if at < 0 {
			at += len(p)
		}
		p[at] = b
		return p
	}
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "the footer is missing"},
		{"cut", whole[:len(whole)-1], "the footer is missing"},
		{"meta_outside", change(-48, 0x7f), "the footer points outside"},
		{"value_changed", change(4, 'x'), "checksum"},
		{"shared_more_than_there_is", change(0, 9), "longer than its block"},
		{"kind_unknown", change(0x12, 7), "unknown type 7"},
		{"restarts", change(0x0f, 0xff), "more restarts than bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := all(view(c.file)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestSnappyLimits(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"empty", nil},
		{"grows_too_much", binary.AppendUvarint(nil, 1<<40)},
		{"literal_too_long", []byte{4, 3 << 2, 'a'}},
		{"literal_length_cut", []byte{4, 60 << 2}},
		{"copy_of_nothing", []byte{4, 1 | 0<<2, 1}},
		{"copy_too_long", []byte{2, 0, 'a', 1, 1}},
		{"too_short", []byte{9, 0, 'a'}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if out, err := unsnap(c.data, bounded.NewBudget(context.Background(), 100)); err == nil {
				t.Errorf("decoded %q", out)
			}
		})
	}
}

func FuzzTable(f *testing.F) {
	f.Add(build(false, []string{"", "head", "k", "v"}))
	f.Add(build(true, []string{"", "head", "k", strings.Repeat("v", 100)}, []string{"l", ""}))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := all(view(data))
		again, other := all(bounded.NewReader(bytes.NewReader(data), int64(len(data)), bounded.NewBudget(context.Background(), int64(len(data)))))
		if diff := cmp.Diff(got, again); diff != "" || (err == nil) != (other == nil) {
			t.Errorf("read from a disk it differs: %v %v %s", err, other, diff)
		}
	})
}

func FuzzSnappy(f *testing.F) {
	f.Add(s2.EncodeSnappy(nil, bytes.Repeat([]byte("snappy "), 50)))
	f.Fuzz(func(t *testing.T, data []byte) {
		out, err := unsnap(data, bounded.NewBudget(context.Background(), int64(len(data))))
		if err != nil {
			return
		}
		back, err := unsnap(s2.EncodeSnappy(nil, out), bounded.NewBudget(context.Background(), int64(len(out))))
		if err != nil || !bytes.Equal(out, back) {
			t.Errorf("%q became %q, %v", out, back, err)
		}
	})
}
