package sample

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

func TestProtobufText(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"varint", "1: 300 # comment", "08ac02"},
		{"negative", "1: -1", "08ffffffffffffffffff01"},
		{"text_and_hex", `2: "a;#:{" h"00 ff" fill(2,7)`, "1209613b233a7b00ff0707"},
		{"empty", "2:", "1200"},
		{"fixed", "3: f32 1.5\n4: u64 1", "1d0000c03f210100000000000000"},
		{"packed", "5: [1 300]\n5: [f32 1]", "2a0301ac022a040000803f"},
		{"message", "6 {\n 1: 2\n 6 {\n }\n}", "320408023200"},
		{"one_line", `6 { 1: 2; 6 { 1: 1; 1: 2 }; 2: ";}" }`, "320c080232040801080212023b7d"},
		{"group", "7 group {\n 1: 2\n}", "3b08023c"},
		{"lies", "2 len=+3: \"a\"\n2 len=5: \"a\"\n6 len=-1 { 1: 2 }", "1204611205613201" + "0802"},
		{"padding", "1 pad=1: 8\n1 tagpad=2: 8\n2 pad=1: \"a\"", "088800" + "88800008" + "12810061"},
		{"wire", "1 wire=7: 8", "0f08"},
		{"raw", `raw "a" h"ff"`, "61ff"},
		{"repeat", "repeat 3 {\n 1: 1\n}", "080108010801"},
		{"nest", "nest 2 6 { 1: 1 }", "320432020801"},
	} {
		t.Run(c.name, func(t *testing.T) {
			name, got, err := Build("m.pb.pbtext", []byte(c.text))
			want, _ := hex.DecodeString(c.want)
			if err != nil || name != "m.pb" || !bytes.Equal(got, want) {
				t.Errorf("%s: %x, want %s (%v)", name, got, c.want, err)
			}
		})
	}
}

func TestProtobufTextErrorsNameTheLine(t *testing.T) {
	for _, text := range []string{"\n: 1", "\nx: 1", "\n1 y: 1", "\n1: f16 2", "\n6 {", "\n6 { 1: 2", "\n2: \"a", "\n1 pad=x: 1", "\nrepeat x {\n}"} {
		if _, _, err := Build("m.pbtext", []byte(text)); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
