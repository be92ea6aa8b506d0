package bounded

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
)

func budget(size int64) *Budget { return NewBudget(context.Background(), size) }

// readers gives the same bytes as a view in memory, a view of a file, a section
// of one, and a decoded stream: all must behave alike.
func readers(t *testing.T, data []byte) map[string]*Reader {
	t.Helper()
	b := budget(int64(len(data)))
	section, err := NewReader(bytes.NewReader(append([]byte("xx"), append(bytes.Clone(data), "yy"...)...)), int64(len(data))+4, b).Section(2, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	stream, err := b.NewStream(int64(len(data)), func() (io.Reader, error) { return iotest.OneByteReader(bytes.NewReader(data)), nil })
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*Reader{
		"memory": NewBytes(data, b), "file": NewReader(bytes.NewReader(data), int64(len(data)), b),
		"section": section, "stream": stream,
	}
}

func TestReaderStaysInside(t *testing.T) {
	for kind, r := range readers(t, []byte("0123456789")) {
		t.Run(kind, func(t *testing.T) {
			for _, tt := range []struct {
				name   string
				off, n int64
				want   string
				err    error
			}{
				{"whole", 0, 10, "0123456789", nil},
				{"middle", 3, 4, "3456", nil},
				{"nothing_at_end", 10, 0, "", nil},
				{"past_end", 8, 3, "", ErrTruncated},
				{"offset_past_end", 11, 0, "", ErrTruncated},
				{"negative_offset", -1, 1, "", ErrTruncated},
				{"negative_length", 1, -1, "", ErrTruncated},
				{"overflow", 5, math.MaxInt64, "", ErrTruncated},
			} {
				got, err := r.Bytes(tt.off, tt.n)
				if string(got) != tt.want || !errors.Is(err, tt.err) {
					t.Errorf("%s: Bytes(%d, %d) = %q, %v; want %q, %v", tt.name, tt.off, tt.n, got, err, tt.want, tt.err)
				}
				if _, err := r.Section(tt.off, tt.n); !errors.Is(err, tt.err) {
					t.Errorf("%s: Section error %v, want %v", tt.name, err, tt.err)
				}
			}
			p := make([]byte, 4)
			if n, err := r.ReadAt(p, 8); n != 2 || err != io.EOF {
				t.Errorf("ReadAt at the end: %d, %v; want 2, EOF", n, err)
			}
		})
	}
}

func TestBytesRefusesHugeBlockBeforeAllocating(t *testing.T) {
	b := budget(1 << 40)
	r := NewReader(strings.NewReader(""), 1<<40, b)
	_, err := r.Bytes(0, MaxBlock+1)
	var limit *LimitError
	if !errors.As(err, &limit) || limit.Name != "block" {
		t.Fatalf("error %v, want the limit block", err)
	}
	if got := b.Reached(); len(got) != 1 || got[0].Name != "block" {
		t.Errorf("the budget remembers %v", got)
	}
}

func TestShrunkFileIsOurTrouble(t *testing.T) {
	b := budget(10)
	r := NewReader(strings.NewReader("short"), 10, b)
	if _, err := r.Bytes(0, 10); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
	if !errors.Is(b.IOErr(), io.ErrUnexpectedEOF) {
		t.Errorf("the budget does not remember: %v", b.IOErr())
	}
}

func TestCancelledContextStopsReading(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b := NewBudget(ctx, 4)
	if _, err := NewReader(strings.NewReader("abcd"), 4, b).Bytes(0, 4); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestCursorReadsForward(t *testing.T) {
	data := []byte("line one\nab" + strings.Repeat("z", 200_000) + "\x01\x02\x03\x04\x05\x06\x07\x08end")
	for kind, r := range readers(t, data) {
		t.Run(kind, func(t *testing.T) {
			c := r.NewCursor(0)
			defer c.Close()
			line, err := c.Line(100)
			if string(line) != "line one" || err != nil {
				t.Fatalf("Line = %q, %v", line, err)
			}
			if b, err := c.Byte(); b != 'a' || err != nil {
				t.Fatalf("Byte = %q, %v", b, err)
			}
			if p, err := c.Next(100_001); len(p) != 100_001 || p[0] != 'b' || p[1] != 'z' || err != nil {
				t.Fatalf("Next: %d bytes, %v", len(p), err)
			}
			if err := c.Skip(100_000); err != nil {
				t.Fatal(err)
			}
			if v, err := c.Uint64(); v != 0x0807060504030201 || err != nil {
				t.Fatalf("Uint64 = %x, %v", v, err)
			}
			if c.Offset() != int64(len(data)-3) || c.Remaining() != 3 {
				t.Errorf("at %d, %d remain", c.Offset(), c.Remaining())
			}
			if _, err := c.Next(4); !errors.Is(err, ErrTruncated) {
				t.Errorf("Next past the end: %v", err)
			}
			if _, err := c.Line(10); !errors.Is(err, ErrTruncated) {
				t.Errorf("Line without newline: %v", err)
			}
			if err := c.Skip(4); !errors.Is(err, ErrTruncated) {
				t.Errorf("Skip past the end: %v", err)
			}
			if p, err := c.Next(3); string(p) != "end" || err != nil {
				t.Errorf("Next = %q, %v", p, err)
			}
			if _, err := c.Byte(); err != io.EOF {
				t.Errorf("Byte at the end: %v", err)
			}
		})
	}
}

func TestCursorLineLimit(t *testing.T) {
	for kind, r := range readers(t, []byte(strings.Repeat("x", 1000)+"\n")) {
		c := r.NewCursor(0)
		var limit *LimitError
		if _, err := c.Line(999); !errors.As(err, &limit) {
			t.Errorf("%s: a line over the limit gave %v", kind, err)
		}
		if line, err := c.Line(1000); len(line) != 1000 || err != nil {
			t.Errorf("%s: a line at the limit gave %d bytes, %v", kind, len(line), err)
		}
		c.Close()
	}
}

func deflated(t *testing.T, plain []byte) func() (io.Reader, error) {
	t.Helper()
	var z bytes.Buffer
	w, _ := flate.NewWriter(&z, 6)
	w.Write(plain)
	w.Close()
	return func() (io.Reader, error) { return flate.NewReader(bytes.NewReader(z.Bytes())), nil }
}

func TestStreamGoesBackAndMeasures(t *testing.T) {
	plain := make([]byte, 3*streamWindow+17)
	for i := range plain {
		plain[i] = byte(i ^ i>>8 ^ i>>16)
	}
	b := budget(1 << 20)
	r, err := b.NewStream(-1, deflated(t, plain))
	if err != nil {
		t.Fatal(err)
	}
	if r.Size() != int64(len(plain)) {
		t.Fatalf("measured %d, want %d", r.Size(), len(plain))
	}
	for _, off := range []int64{0, int64(len(plain)) - 10, 5, 2 * streamWindow, 1, int64(len(plain)) - 100} {
		got, err := r.Bytes(off, 10)
		if err != nil || !bytes.Equal(got, plain[off:off+10]) {
			t.Fatalf("at %d: %x, %v", off, got, err)
		}
	}
	if b.again == 0 {
		t.Error("going back was not charged")
	}
}

func TestStreamExcess(t *testing.T) {
	for _, tt := range []struct {
		name     string
		declared int64
		want     bool
	}{{"declared_too_small", 4, true}, {"declared_right", 5, false}} {
		b := budget(100)
		r, err := b.NewStream(tt.declared, deflated(t, []byte("hello")))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := r.Excess(); got != tt.want || err != nil {
			t.Errorf("%s: Excess = %v, %v", tt.name, got, err)
		}
	}
}

func TestExcessIsOfTheWholeStream(t *testing.T) {
	b := budget(100)
	r, err := b.NewStream(5, deflated(t, []byte("hello")))
	if err != nil {
		t.Fatal(err)
	}
	part, err := r.Section(0, 3)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := part.Excess(); got || err != nil {
		t.Errorf("a part of the stream: Excess = %v, %v", got, err)
	}
}

func TestStreamShorterThanDeclaredIsTheFilesFault(t *testing.T) {
	b := budget(100)
	r, err := b.NewStream(50, deflated(t, []byte("hello")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Bytes(0, 50); !errors.Is(err, ErrCorrupt) {
		t.Errorf("error %v, want ErrCorrupt", err)
	}
	if b.IOErr() != nil {
		t.Errorf("charged to us: %v", b.IOErr())
	}
}

func TestStreamBombReachesLimit(t *testing.T) {
	bomb := func() (io.Reader, error) { return zeros{}, nil }
	b := budget(10)
	_, err := b.NewStream(-1, bomb)
	var limit *LimitError
	if !errors.As(err, &limit) || limit.Name != "expansion-ratio" {
		t.Fatalf("error %v, want the limit expansion-ratio", err)
	}
	if b.expanded > ExpansionFloor+10*MaxExpansionRatio+streamWindow {
		t.Errorf("decoded %d bytes before stopping", b.expanded)
	}
}

func TestUnpackKeepsWhatCameBeforeTheBreak(t *testing.T) {
	plain := bytes.Repeat([]byte("0123456789abcdef"), 3*streamWindow/16)
	for _, size := range []int{100, len(plain)} {
		cut := func() (io.Reader, error) {
			return io.MultiReader(bytes.NewReader(plain[:size]), iotest.ErrReader(errors.New("broken"))), nil
		}
		r, err := budget(1<<20).Unpack(cut, -1, nil)
		if !errors.Is(err, ErrCorrupt) || r.Size() != int64(size) {
			t.Fatalf("%d bytes, %v", r.Size(), err)
		}
		if got, err := r.Bytes(int64(size)-10, 10); err != nil || !bytes.Equal(got, plain[size-10:size]) {
			t.Errorf("the end: %q, %v", got, err)
		}
		if got, err := r.Bytes(0, 10); err != nil || !bytes.Equal(got, plain[:10]) {
			t.Errorf("the beginning: %q, %v", got, err)
		}
		if more, err := r.Excess(); more || err != nil {
			t.Errorf("Excess = %v, %v", more, err)
		}
	}
}

func TestUnpackReadsForwardOnce(t *testing.T) {
	plain := bytes.Repeat([]byte("0123456789abcdef"), 3*streamWindow/16)
	b, opened := budget(1<<20), 0
	open := func() (io.Reader, error) { opened++; return bytes.NewReader(plain), nil }
	var seen int64
	r, err := b.Unpack(open, int64(len(plain)), func(r *Reader) {
		c := r.NewCursor(0)
		defer c.Close()
		for c.Skip(1000) == nil {
			if _, err := c.Byte(); err != nil {
				break
			}
		}
		seen = c.Offset()
	})
	if err != nil || r.Size() != int64(len(plain)) || opened != 1 || b.again != 0 || seen < int64(len(plain))-1000 {
		t.Errorf("%d bytes, %v; opened %d times, %d bytes again, read to %d", r.Size(), err, opened, b.again, seen)
	}
	// The end stays at hand while the beginning is read again.
	for range 5 {
		if _, err := r.Bytes(0, 10); err != nil {
			t.Fatal(err)
		}
		if got, err := r.Bytes(r.Size()-10, 10); err != nil || !bytes.Equal(got, plain[len(plain)-10:]) {
			t.Fatalf("%q, %v", got, err)
		}
	}
	if opened != 2 {
		t.Errorf("opened %d times", opened)
	}
}

func TestUnpackFindsTheSizeWhateverTheGuess(t *testing.T) {
	for _, guess := range []int64{-1, 0, 3, 5, 1 << 40} {
		r, err := budget(100).Unpack(deflated(t, []byte("hello")), guess, func(r *Reader) { _, _ = r.ReadAt(make([]byte, 10), 0) })
		if err != nil || r.Size() != 5 || r.Memory() == nil {
			t.Errorf("guess %d: %d bytes, %v", guess, r.Size(), err)
		}
	}
}

func TestUnpackedBombCanBeReadToTheLimit(t *testing.T) {
	r, err := budget(0).Unpack(func() (io.Reader, error) { return zeros{}, nil }, -1, nil)
	var limit *LimitError
	if !errors.As(err, &limit) || r.Size() < ExpansionFloor-streamWindow {
		t.Fatalf("%d bytes, %v", r.Size(), err)
	}
	for _, off := range []int64{0, r.Size() / 2, r.Size() - 100} {
		if _, err := r.Bytes(off, 100); err != nil {
			t.Errorf("at %d of %d: %v", off, r.Size(), err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func FuzzCursor(f *testing.F) {
	f.Add([]byte("ab\ncd\n"), []byte{0, 1, 2, 3, 4, 5})
	f.Fuzz(func(t *testing.T, data, script []byte) {
		var first []int64
		for kind, r := range readers(t, data) {
			c := r.NewCursor(0)
			var trail []int64
			for _, op := range script {
				switch n := int64(op >> 3); op & 7 {
				case 0:
					c.Byte()
				case 1:
					c.Next(n)
				case 2:
					c.Skip(n)
				case 3:
					c.Line(int(n) + 1)
				case 4:
					c.Uint32()
				case 5:
					c.Peek(n)
				case 6:
					if w, _ := c.Window(); len(w) > 0 {
						c.Advance(1)
					}
				default:
					c.Uint16()
				}
				if c.Offset() < 0 || c.Offset() > int64(len(data)) {
					t.Fatalf("%s: cursor at %d of %d", kind, c.Offset(), len(data))
				}
				trail = append(trail, c.Offset())
			}
			c.Close()
			if first == nil {
				first = trail
			}
			for i := range trail {
				if trail[i] != first[i] {
					t.Fatalf("%s: step %d is at %d, another kind of view at %d", kind, i, trail[i], first[i])
				}
			}
		}
	})
}
