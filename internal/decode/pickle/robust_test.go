package pickle

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/bounded"
)

// tiled is a file of any size that takes no memory: head, then the tile again and
// again, then tail.
type tiled struct {
	head, tile, tail string
	tiles            int64
}

func (f tiled) size() int64 {
	return int64(len(f.head)) + int64(len(f.tile))*f.tiles + int64(len(f.tail))
}

func (f tiled) ReadAt(p []byte, off int64) (int, error) {
	middle, end := int64(len(f.head)), int64(len(f.head))+int64(len(f.tile))*f.tiles
	for i := 0; i < len(p); {
		at := off + int64(i)
		switch {
		case at < middle:
			i += copy(p[i:], f.head[at:])
		case at < end:
			i += copy(p[i:min(len(p), int(int64(i)+end-at))], f.tile[(at-middle)%int64(len(f.tile)):])
		case at < f.size():
			i += copy(p[i:], f.tail[at-end:])
		default:
			return i, io.EOF
		}
	}
	return len(p), nil
}

// measure follows a stream from a disk and tells what it allocated in all, in
// bytes, and which limits it reached.
func measure(f tiled) (t *Trace, allocated uint64, limits string) {
	b := bounded.NewBudget(context.Background(), f.size())
	r := bounded.NewReader(f, f.size(), b)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	t = Run(r, 0, Options{})
	runtime.ReadMemStats(&after)
	var names []string
	for _, l := range b.Reached() {
		names = append(names, l.Name)
	}
	return t, after.TotalAlloc - before.TotalAlloc, strings.Join(names, " ")
}

const payload = "cos\nsystem\n(S'echo'\ntR0" // nothing of it stays on the stack

// TestHostileStreams runs streams made to exhaust a reader, each behind a call
// that must be found all the same. Memory is counted, never time.
func TestHostileStreams(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name   string
		file   tiled
		limits string
		broken string // kind of problem; "" when the stream ends well
		most   uint64 // bytes that may be allocated in all, small ones and those freed again included
	}{
		{"ten-million-opcodes", tiled{payload, "N0", "N.", 5_000_000}, "", "", mib},
		{"opcodes-beyond-the-budget", tiled{payload, "N0", "N.", 110_000_000}, "items", LimitHit, mib},
		{"dup-doubling", tiled{payload + "]", "2\x86\x94", ".", 1_000_000}, "", "", 32 * mib},
		{"dup-of-a-large-tuple", tiled{payload + "(", "2\x86", "t.", 100_000}, "", Underflow, mib},
		{"lists-in-lists", tiled{payload + "]", "]a", ".", 1_000_000}, "", "", mib},
		{"tuples-in-tuples", tiled{payload + ")", "\x85", ".", 1_000_000}, "", "", 2 * mib},
		{"dicts-in-dicts", tiled{payload + "N", "}N\x86", ".", 1_000_000}, "", "", 64 * mib},
		{"ten-thousand-marks", tiled{payload, "(", "N.", 9_999}, "", "", mib},
		{"a-million-marks", tiled{payload, "(", "N.", 1_000_000}, "pickle-depth", "", 64 * mib},
		{"a-stack-without-end", tiled{payload, "N", ".", 10_000_000}, "pickle-stack", LimitHit, 100 * mib},
		{"a-memo-without-end", tiled{payload + "N", "\x94", ".", 10_000_000}, "memo-bytes", "", 40 * mib},
		{"more-memo-than-indices", tiled{payload + "N", "\x94", ".", 1<<24 + 9}, "memo-bytes memo-index", "", 40 * mib},
		{"calls-without-end", tiled{payload + "cm\nf\n", ")R", ".", 1_000_000}, "", "", mib},
		{"writes-without-end", tiled{payload + "cm\nf\n)R", "}b", ".", 1_000_000}, "", "", mib},
		{"keys-without-end", tiled{payload + "}(", "C\x06appendcm\nf\n", "u.", 300_000}, "pickle-list", "", 200 * mib},
		{"desyncs-without-end", tiled{payload, "I0x1\n0", "N.", 200_000}, "", "", 16 * mib},
		{"extensions-without-end", tiled{payload, "\x82\x010", "N.", 200_000}, "", "", 4 * mib},
		{"persistent-ids-without-end", tiled{payload, "Px\n0", "N.", 200_000}, "", "", 32 * mib},
		{"protocols-without-end", tiled{payload, "\x80\x04", "N.", 200_000}, "", "", 4 * mib},
		{"frames-without-end", tiled{payload, "\x95\x00\x00\x00\x00\x00\x00\x00\x00", "N.", 200_000}, "", "", 4 * mib},
		{"folded-names-without-end", tiled{payload, "c_codecs\ndecode\n(S'os'\nS'rot13'\ntR0", "N.", 20_000}, "", "", 16 * mib},
		{"nested-streams-without-end", tiled{payload, "B\x10\x00\x00\x00\x80\x04]]]]]]]]]]]]]]0", "N.", 100_000}, "pickle-list", "", 32 * mib},
		{"one-line", tiled{payload + "V", "a", "\n.", 50_000_000}, "", "", 2 * mib},
		{"one-line-without-end", tiled{payload + "V", "a", "", 50_000_000}, "", Truncated, 2 * mib},
		{"one-name", tiled{payload + "c", "a", "\nb\n.", 50_000_000}, "", "", 2 * mib},
		{"one-number", tiled{payload + "I", "9", "\n.", 50_000_000}, "", "", 2 * mib},
		{"one-index", tiled{payload + "Np", "0", "\n.", 50_000_000}, "string-kept", LimitHit, 2 * mib},
		{"one-index-of-64-KiB", tiled{payload + "Np", "9", "\n.", 65_000}, "memo-index", "", 2 * mib},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr, allocated, limits := measure(c.file)
			if len(tr.Imports) == 0 || tr.Imports[0].Module != "os" || len(tr.Calls) == 0 {
				t.Errorf("the call before the attack is lost: %+v", tr.Imports)
			}
			broken := ""
			if tr.Err != nil {
				broken = tr.Err.Kind
			}
			if c.name == "more-memo-than-indices" && len(tr.Desyncs) > 0 {
				t.Errorf("a full memo is taken for a trick: %+v", tr.Desyncs[0])
			}
			if limits != c.limits || broken != c.broken {
				t.Errorf("limits %q, problem %q; want %q, %q", limits, broken, c.limits, c.broken)
			}
			if allocated > c.most {
				t.Errorf("allocates %d bytes, more than %d", allocated, c.most)
			}
		})
	}
}

// TestHostileLengths gives every opcode that has a length one that lies.
func TestHostileLengths(t *testing.T) {
	for op, size := range map[byte]int{
		'U': 1, 'C': 1, 0x8a: 1, 0x8c: 1,
		'B': 4, 'T': 4, 'X': 4, 0x8b: 4,
		0x8d: 8, 0x8e: 8, 0x96: 8, 0x95: 8,
	} {
		for _, n := range []uint64{100, 1<<7 + 100, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 40, 1<<63 - 1, 1 << 63, 1<<64 - 1} {
			length := binary.LittleEndian.AppendUint64(nil, n)[:size]
			t.Run(fmt.Sprintf("%#x_%d", op, n), func(t *testing.T) {
				tr, allocated, _ := measure(tiled{head: payload + string([]byte{op}) + string(length), tile: "N", tiles: 50})
				if len(tr.Imports) != 1 || tr.Stopped || tr.Err.Kind != Truncated && tr.Err.Kind != BadNumber {
					t.Errorf("imports %+v, stopped %v, %+v", tr.Imports, tr.Stopped, tr.Err)
				}
				if allocated > 1<<18 {
					t.Errorf("allocates %d bytes", allocated)
				}
			})
		}
	}
}

// TestEveryOpcodeAlone runs each byte with nothing, little and much before it.
func TestEveryOpcodeAlone(t *testing.T) {
	for op := range 256 {
		for _, before := range []string{"", "N", "(", "(N", "NNNN", "cm\nn\n", "cm\nn\n)", "](NN", "\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xff"} {
			for _, behind := range []string{"", "\x00", "\n", "\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\n\n\n\n\n\n\n\n\n\n"} {
				data := []byte(before + string([]byte{byte(op)}) + behind)
				tr := run(data, true, Options{Inline: true})
				if !tr.Stopped && tr.Err == nil || tr.End > int64(len(data)) {
					t.Fatalf("%q: stopped %v, %+v, end %d", data, tr.Stopped, tr.Err, tr.End)
				}
			}
		}
	}
}

// TestCutAnywhere cuts streams at every byte: what was imported before the cut
// stays, and only the whole stream ends well.
func TestCutAnywhere(t *testing.T) {
	for _, c := range streams {
		if strings.HasPrefix(c.name, "frame-left") || strings.HasPrefix(c.name, "protocol") || !strings.HasSuffix(c.want, "stop") {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			data := assembled(t, c.code)
			whole := run(data, true, Options{})
			for n := range data {
				cut := run(data[:n:n], true, Options{})
				if cut.Stopped {
					t.Fatalf("stops when cut at %d of %d", n, len(data))
				}
				for i, imp := range whole.Imports {
					done := int64(n) > imp.Offset && bytes.HasPrefix(data[imp.Offset:], []byte{0x93})
					if done && len(cut.Imports) <= i {
						t.Fatalf("cut at %d the import at %d is lost", n, imp.Offset)
					}
				}
			}
		})
	}
}

// TestMachinesAreReused makes sure that a small stream costs little more than
// its trace, also after one that was large.
func TestMachinesAreReused(t *testing.T) {
	measure(tiled{payload + "N", "N\x94", ".", 3_000_000})
	data := []byte("\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04echo\x85R.")
	if n := testing.AllocsPerRun(100, func() { run(data, true, Options{}) }); n > 20 {
		t.Errorf("%v allocations", n)
	}
}
