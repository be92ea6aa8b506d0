package zip

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// signatures find an archive inside of tensor data by its first member.
var signatures = []format.Signature{{Magic: "PK\x03\x04", Is: embedded}}

// methods of APPNOTE 4.4.5 that are in use.
var methods = []uint16{0, 1, 6, 8, 9, 12, 14, 18, 19, 20, 93, 94, 95, 96, 97, 98, 99}

// embedded checks the local header field by field: version, method, time, and a
// name of readable characters.
func embedded(in *format.Input) string {
	p := in.Head()
	if len(p) < 31 {
		return ""
	}
	u16 := func(at int) uint16 { return binary.LittleEndian.Uint16(p[at:]) }
	name := int(u16(26))
	if u16(4)&0xff > 63 || u16(6)&0xd000 != 0 || !slices.Contains(methods, u16(8)) || name == 0 || name > 1024 || 30+name > len(p) {
		return ""
	}
	if month := u16(12) >> 5 & 15; month > 12 || u16(10)>>11 > 23 {
		return ""
	}
	text := string(p[30 : 30+name])
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return ""
	}
	return "a zip archive (" + rule.Clip(text) + ")"
}
