package ggml

import (
	"errors"
	"testing"
)

func TestLookup(t *testing.T) {
	for id, want := range map[uint32]Type{
		0: {"F32", 1, 4}, 2: {"Q4_0", 32, 18}, 12: {"Q4_K", 256, 144}, 30: {"BF16", 1, 2}, 39: {"MXFP4", 32, 17},
	} {
		if got, ok := Lookup(id); !ok || got != want {
			t.Errorf("%d: %+v %v", id, got, ok)
		}
	}
	for _, id := range []uint32{4, 5, 200, 1<<32 - 1} {
		if got, ok := Lookup(id); ok {
			t.Errorf("%d is %+v", id, got)
		}
	}
}

func TestSize(t *testing.T) {
	f32, q4k := Type{"F32", 1, 4}, Type{"Q4_K", 256, 144}
	for _, c := range []struct {
		name     string
		t        Type
		dims     []uint64
		elements int64
		bytes    int64
		err      error
	}{
		{"scalar", f32, nil, 1, 4, nil},
		{"matrix", f32, []uint64{4, 3}, 12, 48, nil},
		{"blocks", q4k, []uint64{512, 2}, 1024, 576, nil},
		{"half-a-block", q4k, []uint64{128, 2}, 256, 0, ErrBlock},
		{"product", f32, []uint64{1 << 32, 1 << 32}, 0, 0, ErrOverflow},
		{"sign", f32, []uint64{1 << 63}, 0, 0, ErrOverflow},
		{"bytes", f32, []uint64{1 << 62}, 1 << 62, 0, ErrOverflow},
		{"wraps-to-small", f32, []uint64{4194305, 4194305, 211106198978564}, 0, 0, ErrOverflow},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, size, err := c.t.Size(c.dims)
			if n != c.elements || size != c.bytes || !errors.Is(err, c.err) {
				t.Errorf("%d %d %v", n, size, err)
			}
		})
	}
}
