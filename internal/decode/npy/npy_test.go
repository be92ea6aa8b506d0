package npy

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
)

func view(p []byte) *bounded.Reader {
	return bounded.NewBytes(p, bounded.NewBudget(context.Background(), int64(len(p))))
}

func array(literal string) []byte {
	return append(binary.LittleEndian.AppendUint16([]byte(Magic+"\x01\x00"), uint16(len(literal))), literal...)
}

func TestItemTypes(t *testing.T) {
	for _, c := range []struct {
		name, descr string
		size        int64
		object      bool
		err         error
	}{
		{"float", "'<f4'", 4, false, nil},
		{"big-endian", "'>c16'", 16, false, nil},
		{"bool", "'|b1'", 1, false, nil},
		{"text-counts-characters", "'<U10'", 40, false, nil},
		{"empty-bytes", "'|S0'", 0, false, nil},
		{"time", "'<M8[ns]'", 8, false, nil},
		{"time-step", "'<m8[25s]'", 8, false, nil},
		{"void", "'|V7'", 7, false, nil},
		{"fields", "[('a', '<f4'), ('b', '<U2', (2, 3))]", 4 + 48, false, nil},
		{"fields-of-fields", "[('a', [('b', '<i8'), ('c', '<i8')], 2)]", 32, false, nil},
		{"titled-field", "[(('Title', 'a'), '<f4')]", 4, false, nil},
		{"padding", "[('a', '|i1'), ('', '|V7'), ('b', '<f8')]", 16, false, nil},
		{"subarray", "('<f4', (2, 2))", 16, false, nil},
		{"no-fields", "[]", 0, false, nil},
		{"object", "'|O'", 0, true, nil},
		{"old-object", "'|O8'", 0, true, nil},
		{"object-deep-inside", "[('a', [('b', [('c', '|O')])])]", 0, true, nil},
		{"object-in-subarray", "[('a', ('|O', (2,)))]", 0, true, nil},
		{"object-after-a-type-not-known", "[('a', '<q9'), ('b', '|O')]", 0, true, ErrType},
		{"object-by-its-long-name", "'object'", 0, true, ErrType},
		{"object-in-a-comma-list", "'f4,O'", 0, true, ErrType},
		{"name-of-a-type", "'float32'", 0, false, ErrType},
		{"two-orders", "'<<f4'", 0, false, ErrType},
		{"odd-width", "'<f3'", 0, false, ErrType},
		{"sign", "'|S+5'", 0, false, ErrType},
		{"unit-of-a-float", "'<f8[ns]'", 0, false, ErrType},
		{"empty", "''", 0, false, ErrType},
		{"negative-subarray", "[('a', '<f4', -1)]", 0, false, ErrMalformed},
		{"field-too-large", "[('a', '|S2147483647', (2147483647, 2147483647, 2147483647))]", 0, false, ErrMalformed},
		{"field-without-type", "[('a',)]", 0, false, ErrMalformed},
		{"number", "4", 0, false, ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, err := Read(view(array("{'descr': "+c.descr+", 'fortran_order': False, 'shape': (1,), }\n")), 0)
			if !errors.Is(err, c.err) || h == nil || h.Object != c.object || err == nil && !c.object && h.Data != c.size {
				t.Errorf("got %+v, %v", h, err)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	for _, c := range []struct {
		name, literal string
		data          int64
		err           error
	}{
		{"as-written", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }   \n", 48, nil},
		{"scalar", "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 4, nil},
		{"nothing-inside", "{'descr': '<f4', 'fortran_order': True, 'shape': (0, 9223372036854775807, 9), }", 0, nil},
		{"python-2", "{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 4L), }", 48, nil},
		{"double-quotes", `{"descr": "<f4", "fortran_order": False, "shape": (3,)}`, 12, nil},
		{"escape", `{'\x64escr': '<f4', 'fortran_order': False, 'shape': (3,)}`, 12, nil},
		{"lines", "{'descr':\n'<f4',\n'fortran_order': False,\n'shape': (3,)}", 12, nil},
		{"twice", "{'descr': '<f4', 'descr': '|O', 'fortran_order': False, 'shape': (3,)}", 0, ErrMalformed},
		{"twice-in-disguise", `{'descr': '<f4', 'd\x65scr': '|O', 'fortran_order': False, 'shape': (3,)}`, 0, ErrMalformed},
		{"missing", "{'descr': '<f4', 'shape': (3,)}", 0, ErrMalformed},
		{"extra", "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'x': 1}", 0, ErrMalformed},
		{"shape-is-a-number", "{'descr': '<f4', 'fortran_order': False, 'shape': (3)}", 0, ErrMalformed},
		{"shape-is-a-list", "{'descr': '<f4', 'fortran_order': False, 'shape': [3]}", 0, ErrMalformed},
		{"negative", "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", 0, ErrMalformed},
		{"order-is-a-number", "{'descr': '<f4', 'fortran_order': 0, 'shape': (3,)}", 0, ErrMalformed},
		{"product-wraps", "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 0, ErrMalformed},
		{"call", "{'descr': exec('1'), 'fortran_order': False, 'shape': (3,)}", 0, ErrMalformed},
		{"joined-strings", "{'descr': '<f' '4', 'fortran_order': False, 'shape': (3,)}", 0, ErrMalformed},
		{"octal", "{'descr': '<f4', 'fortran_order': False, 'shape': (0o7,)}", 0, ErrMalformed},
		{"underscore", "{'descr': '<f4', 'fortran_order': False, 'shape': (1_0,)}", 0, ErrMalformed},
		{"comment", "{'descr': '<f4', # }\n'fortran_order': False, 'shape': (3,)}", 0, ErrMalformed},
		{"something-behind", "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}, 1", 0, ErrMalformed},
		{"open", "{'descr': '<f4', 'fortran_order': False, 'shape': (3,", 0, ErrMalformed},
		{"deep", "{'descr': " + strings.Repeat("[", 5000), 0, ErrMalformed},
		{"empty", "", 0, ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, err := Read(view(array(c.literal)), 0)
			if !errors.Is(err, c.err) || err == nil && h.Data != c.data {
				t.Errorf("got %+v, %v", h, err)
			}
		})
	}
}

func TestVersions(t *testing.T) {
	const literal = "{'descr': '<f4', 'fortran_order': True, 'shape': (3,), }\n"
	long := append(binary.LittleEndian.AppendUint32([]byte(Magic+"\x03\x00"), uint32(len(literal))), literal...)
	h, err := Read(view(append([]byte("junk"), long...)), 4)
	want := &Header{Major: 3, Length: int64(len(long)), Shape: []int64{3}, Fortran: true, Type: "<f4", Data: 12}
	if diff := cmp.Diff(want, h); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for cut := range long {
		if _, err := Read(view(long[:cut]), 0); err == nil {
			t.Fatalf("cut at %d it is still a header", cut)
		}
	}
	var limit *bounded.LimitError
	huge := append([]byte(Magic+"\x02\x00\xff\xff\xff\xff"), bytes.Repeat([]byte{' '}, 64)...)
	if _, err := Read(view(huge), 0); !errors.As(err, &limit) {
		t.Errorf("a header of 4 GiB gave %v", err)
	}
	if _, err := Read(view([]byte(Magic+"\x01\x01\x02\x00{}")), 0); !errors.Is(err, ErrVersion) {
		t.Errorf("version 1.1 gave %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(array("{'descr': [('a', '<f4', (2,)), (('t', 'b'), '|S3')], 'fortran_order': False, 'shape': (3L, 4), }\n"))
	f.Add(array(`{'descr': ('\u00e9<M8[ns]', 2), "shape": ()}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := Read(view(data), 0)
		if err == nil && (h.Length > int64(len(data)) || h.Data < 0) {
			t.Fatalf("%+v of %d bytes", h, len(data))
		}
	})
}
