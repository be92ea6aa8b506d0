package msgpack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
)

func open(data []byte) *bounded.Reader {
	return bounded.NewReader(bytes.NewReader(data), int64(len(data)), bounded.NewBudget(context.Background(), int64(len(data))))
}

// tell reads the object and says in words what it is.
func tell(data []byte) string {
	d := New(open(data))
	defer d.Close()
	var out strings.Builder
	for {
		t, err := d.Next()
		if err == io.EOF {
			fmt.Fprintf(&out, "end %d", d.Offset())
			return out.String()
		}
		if err != nil {
			out.WriteString(err.Error())
			return out.String()
		}
		if t.Key {
			out.WriteString("key ")
		}
		switch t.Kind {
		case Nil:
			out.WriteString("nil; ")
		case Bool, Int:
			fmt.Fprintf(&out, "%d; ", t.Int)
		case Float:
			fmt.Fprintf(&out, "%v; ", t.Float)
		case String:
			fmt.Fprintf(&out, "%q; ", t.Text)
		case Binary:
			fmt.Fprintf(&out, "bin %d+%d; ", t.Offset, t.Length)
		case Ext:
			fmt.Fprintf(&out, "ext %d %d+%d; ", t.Code, t.Offset, t.Length)
		case Array:
			fmt.Fprintf(&out, "array %d; ", t.Count)
		case Map:
			fmt.Fprintf(&out, "map %d; ", t.Count)
		}
	}
}

func TestTokens(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"fixints", "\x93\x00\x7f\xe0", "array 3; 0; 127; -32; end 4"},
		{"unsigned", "\x94\xcc\xff\xcd\xff\xff\xce\xff\xff\xff\xff\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "array 4; 255; 65535; 4294967295; 9223372036854775807; end 20"},
		{"signed", "\x94\xd0\x80\xd1\x80\x00\xd2\x80\x00\x00\x00\xd3\x80\x00\x00\x00\x00\x00\x00\x00", "array 4; -128; -32768; -2147483648; -9223372036854775808; end 20"},
		{"floats", "\x92\xca\x3f\xc0\x00\x00\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", "array 2; 1.5; NaN; end 15"},
		{"constants", "\x93\xc0\xc2\xc3", "array 3; nil; 0; 1; end 4"},
		{"strings", "\x94\xa1a\xd9\x01b\xda\x00\x01c\xdb\x00\x00\x00\x01d", `array 4; "a"; "b"; "c"; "d"; end 16`},
		{"binary", "\x93\xc4\x01a\xc5\x00\x01b\xc6\x00\x00\x00\x01c", "array 3; bin 3+1; bin 7+1; bin 13+1; end 14"},
		{"extensions", "\x96\xd4\x05a\xd5\x05ab\xd6\x05abcd\xd7\x05abcdefgh\xd8\x050123456789abcdef\xc7\x00\x05", "array 6; ext 5 3+1; ext 5 6+2; ext 5 10+4; ext 5 16+8; ext 5 26+16; ext 5 45+0; end 45"},
		{"wide-extensions", "\x92\xc8\x00\x01\x07a\xc9\x00\x00\x00\x01\x07b", "array 2; ext 7 5+1; ext 7 12+1; end 13"},
		{"map", "\x82\xa1a\x01\x02\x90", `map 2; key "a"; 1; key 2; array 0; end 6`},
		{"map-in-key", "\x81\x91\x05\x06", "map 1; key array 1; 5; 6; end 4"},
		{"wide-containers", "\xdc\x00\x01\xdd\x00\x00\x00\x01\xde\x00\x01\xdf\x00\x00\x00\x00\x05", "array 1; array 1; map 1; key map 0; 5; end 17"},
		{"timestamp", "\xd6\xff\x00\x00\x00\x00", "ext -1 2+4; end 6"},
		{"bad-timestamp", "\xd4\xff\x00", "a timestamp of a length that none has at byte 0"},
		{"what-follows-is-left", "\x01\x02", "1; end 1"},
		{"never-used", "\xc1", "a byte that is never used at byte 0"},
		{"huge-array", "\xdd\xff\xff\xff\xff\x00", "an item ends beyond the input at byte 0"},
		{"huge-map", "\xdf\x80\x00\x00\x00\x00", "an item ends beyond the input at byte 0"},
		{"huge-string", "\xdb\xff\xff\xff\xffx", "an item ends beyond the input at byte 0"},
		{"huge-ext", "\xc9\xff\xff\xff\xff\x01x", "an item ends beyond the input at byte 0"},
		{"cut", "\x92\x01", "an item ends beyond the input at byte 0"},
		{"cut-number", "\xcd\x01", "an item ends beyond the input at byte 0"},
		{"empty", "", "an item ends beyond the input at byte 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, tell([]byte(c.data))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNesting(t *testing.T) {
	deep := append(bytes.Repeat([]byte{0x91}, bounded.MaxRecursion), 0)
	if got := tell(deep); !strings.HasSuffix(got, fmt.Sprintf("end %d", len(deep))) {
		t.Error(got)
	}
	d := New(open(append([]byte{0x91}, deep...)))
	defer d.Close()
	var limit *bounded.LimitError
	for {
		if _, err := d.Next(); err != nil {
			if !errors.As(err, &limit) || limit.Name != "recursion" {
				t.Error(err)
			}
			return
		}
	}
}

func FuzzTokens(f *testing.F) {
	for _, s := range []string{"\x82\xa1a\x01\x02\x90", "\xdd\xff\xff\xff\xff\x00", "\xc8\x00\x01\x07a", "\xd6\xff\x00\x00\x00\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d := New(open(data))
		defer d.Close()
		for {
			tok, err := d.Next()
			if err != nil {
				break
			}
			if tok.Offset < 0 || tok.Length < 0 || tok.Offset+tok.Length > int64(len(data)) {
				t.Fatalf("%+v leaves the input", tok)
			}
		}
		if first, again := tell(data), tell(data); d.Offset() > int64(len(data)) || first != again {
			t.Fatal("another result")
		}
	})
}
