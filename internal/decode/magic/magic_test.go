package magic

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

const elf = "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\x3e\x00\x01\x00\x00\x00"

func pe() string {
	p := make([]byte, 72)
	copy(p, "MZ")
	p[60] = 64
	copy(p[64:], "PE\x00\x00")
	return string(p)
}

func TestFind(t *testing.T) {
	zip := "PK\x03\x04\x14\x00\x00\x00\x00\x00" + strings.Repeat("\x00", 30)
	for _, c := range []struct{ name, value, what, how string }{
		{"elf", elf, "an ELF program", "plain"},
		{"elf-base64", base64.StdEncoding.EncodeToString([]byte(elf)), "an ELF program", "base64"},
		{"elf-url", base64.RawURLEncoding.EncodeToString([]byte(elf + "\xff\xff\xfe")), "an ELF program", "base64"},
		{"elf-hex", hex.EncodeToString([]byte(elf)), "an ELF program", "hexadecimal"},
		{"elf-data-uri", "data:application/x;base64," + base64.StdEncoding.EncodeToString([]byte(elf)), "an ELF program", "base64"},
		{"elf-lines", base64.StdEncoding.EncodeToString([]byte(elf))[:20] + "\n" + base64.StdEncoding.EncodeToString([]byte(elf))[20:], "an ELF program", "base64"},
		{"pe", pe(), "a PE program", "plain"},
		{"pe-base64", base64.StdEncoding.EncodeToString([]byte(pe())), "a PE program", "base64"},
		{"ape", "MZqFpD='\n" + strings.Repeat("x", 30), "an executable for all systems", "plain"},
		{"macho", "\xcf\xfa\xed\xfe\x07\x00\x00\x01\x03\x00\x00\x00\x02\x00\x00\x00", "a Mach-O program", "plain"},
		{"zip", zip, "a zip archive", "plain"},
		{"zip-base64", base64.StdEncoding.EncodeToString([]byte(zip)), "a zip archive", "base64"},
		{"gzip-base64", base64.StdEncoding.EncodeToString([]byte("\x1f\x8b\x08\x00" + strings.Repeat("x", 30))), "gzip data", "base64"},
		{"zlib-base64", base64.StdEncoding.EncodeToString([]byte("x\x9c\xcb\x48\xcd" + strings.Repeat("\xc9", 30))), "zlib data", "base64"},
		{"mz-text", "MZ is the mark of a DOS program, as everybody knows.", "", ""},
		{"elf-word", "\x7fELF", "", ""},
		{"hash", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "", ""},
		{"png", "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk", "", ""},
		{"x-text", "x^2 + y^2 = z^2 has solutions in whole numbers", "", ""},
		{"words", strings.Repeat("the quick brown fox ", 5), "", ""},
		{"empty", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, ok := Find([]byte(c.value))
			if ok != (c.what != "") || h.What != c.what || h.How != c.how {
				t.Errorf("%+v %v", h, ok)
			}
		})
	}
}

func FuzzFind(f *testing.F) {
	f.Add([]byte(elf))
	f.Add([]byte(hex.EncodeToString([]byte(elf))))
	f.Add([]byte(base64.StdEncoding.EncodeToString([]byte(pe()))))
	f.Fuzz(func(t *testing.T, value []byte) {
		h, ok := Find(value)
		again, _ := Find(value)
		if ok && (len(h.Data) == 0 || !bytes.Equal(h.Data, again.Data)) || len(h.Data) > len(value) {
			t.Fatalf("%+v", h)
		}
	})
}
