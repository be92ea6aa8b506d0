package registry

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestVerifier(t *testing.T) {
	d := NewBlob("x", []byte("expected")).Descriptor
	broken := errors.New("broken")
	for _, c := range []struct {
		name string
		r    io.Reader
		want error
	}{
		{"good", strings.NewReader("expected"), nil},
		{"byte_by_byte", iotest.OneByteReader(strings.NewReader("expected")), nil},
		{"end_with_data", iotest.DataErrReader(strings.NewReader("expected")), nil},
		{"changed", strings.NewReader("expectee"), ErrCorrupt},
		{"short", strings.NewReader("expecte"), ErrCorrupt},
		{"empty", strings.NewReader(""), ErrCorrupt},
		{"long", strings.NewReader("expected!"), ErrCorrupt},
		{"long_byte_by_byte", iotest.OneByteReader(strings.NewReader("expected!")), ErrCorrupt},
		{"broken", io.MultiReader(strings.NewReader("exp"), iotest.ErrReader(broken)), broken},
		{"broken_at_the_end", io.MultiReader(strings.NewReader("expected"), iotest.ErrReader(broken)), broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := NewVerifier(c.r, d)
			_, err := io.ReadAll(v)
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if n, again := v.Read(make([]byte, 1)); n != 0 || c.want != nil && !errors.Is(again, c.want) || c.want == nil && again != io.EOF {
				t.Errorf("afterwards: %d, %v", n, again)
			}
		})
	}
}

func TestCopyChecksEmptyContent(t *testing.T) {
	empty := NewBlob("x", nil).Descriptor
	if err := Copy(t.Context(), io.Discard, strings.NewReader(""), empty); err != nil {
		t.Error(err)
	}
	if err := Copy(t.Context(), io.Discard, strings.NewReader("x"), empty); !errors.Is(err, ErrCorrupt) {
		t.Error(err)
	}
	full := errors.New("disk full")
	d := NewBlob("x", []byte("abc")).Descriptor
	if err := Copy(t.Context(), failingWriter{full}, strings.NewReader("abc"), d); !errors.Is(err, full) {
		t.Error(err)
	}
}

type failingWriter struct{ err error }

func (f failingWriter) Write([]byte) (int, error) { return 0, f.err }
