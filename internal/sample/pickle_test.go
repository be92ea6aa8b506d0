package sample

import (
	"bytes"
	"testing"
)

func TestPickle(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", ""},
		{"comment", "# nothing\nNONE # none\n", "N"},
		{"hash-in-quotes", `SHORT_BINUNICODE "a#b"`, "\x8c\x03a#b"},
		{"bare-word", "BINUNICODE os", "X\x02\x00\x00\x00os"},
		{"escapes", `SHORT_BINBYTES "\x00\n"`, "C\x02\x00\n"},
		{"global", "GLOBAL os system", "cos\nsystem\n"},
		{"global-quoted", `INST "a b" "c\r"`, "ia b\nc\r\n"},
		{"line-argument", "INT 0x10", "I0x10\n"},
		{"negative", "BININT -1", "J\xff\xff\xff\xff"},
		{"frame", "FRAME 258", "\x95\x02\x01\x00\x00\x00\x00\x00\x00"},
		{"long", "LONG1 ff 00", "\x8a\x02\xff\x00"},
		{"float", "BINFLOAT 1.5", "G\x3f\xf8\x00\x00\x00\x00\x00\x00"},
		{"hex", "hex 80 04", "\x80\x04"},
		{"fill", "fill 3 N\nfill 2 0x01", "NNN\x01\x01"},
		{"repeat", "repeat 2 BININT1 7", "K\x07K\x07"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Pickle(c.text)
			if err != nil || !bytes.Equal(got, []byte(c.want)) {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestPickleRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"unknown-opcode": "JUMP 3", "argument-too-many": "NONE 1", "no-number": "BININT1 x", "open-quote": `SHORT_BINUNICODE "a`, "bad-hex": "hex 8",
		"bad-fill": "fill x N",
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := Pickle(text); err == nil {
				t.Errorf("assembled to %q", got)
			}
		})
	}
}
