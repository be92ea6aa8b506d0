package sevenzip

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// rarSize is the length of the signature of a RAR archive, 0 when p does not
// begin with one.
func rarSize(p []byte) int {
	for _, magic := range [...]string{"Rar!\x1a\x07\x01\x00", "Rar!\x1a\x07\x00", "RE~^"} {
		if bytes.HasPrefix(p, []byte(magic)) {
			return len(magic)
		}
	}
	if bytes.HasPrefix(p, []byte("Rar!\x1a\x07")) {
		return 6 // of a version that does not exist yet
	}
	return 0
}

// rarBlock reports whether a main header, or one about encryption, follows the
// signature, with its checksum: a program that unpacks RAR archives knows the
// signature as well.
func rarBlock(p []byte) bool {
	switch n := rarSize(p); {
	case n == 7 && len(p) >= 20:
		return p[9] == 0x73 && uint16(crc32.ChecksumIEEE(p[9:20])) == binary.LittleEndian.Uint16(p[7:])
	case n == 8 && len(p) >= 14 && p[12] < 0x80:
		end := 13 + int(p[12])
		return (p[13] == 1 || p[13] == 4) && end <= len(p) && crc32.ChecksumIEEE(p[12:end]) == binary.LittleEndian.Uint32(p[8:])
	}
	return false
}

// rarEncrypted reports whether even the names are encrypted.
func rarEncrypted(p []byte) bool {
	switch n := rarSize(p); {
	case n == 7 && len(p) >= 12:
		return p[9] == 0x73 && binary.LittleEndian.Uint16(p[10:])&0x80 != 0
	case n == 8 && len(p) >= 14:
		return p[13] == 4
	}
	return false
}

// readRar reports a RAR archive: nothing in it is read.
func readRar(in *format.Input, at place) (res format.Result) {
	head, err := in.R.Bytes(at.off, min(32, in.R.Size()-at.off))
	if err != nil {
		return res
	}
	n := int64(rarSize(head))
	body := format.Span{Offset: at.off + n, Length: in.R.Size() - at.off - n, Kind: format.Unread, Rule: gapUnsupported,
		Reason: "It is a RAR archive, which is not unpacked: what it holds is not judged."}
	if rarEncrypted(head) {
		body.Rule, body.Reason = gapEncrypted, "It is a RAR archive that is encrypted, its list of files included."
		res.Findings = append(res.Findings, rule.Finding(ruleEncrypted, in.Location(at.off, n), kindRar,
			"The archive is encrypted: what it holds can only be read with a password."))
	}
	res.Spans = []format.Span{{Offset: at.off, Length: n, Kind: format.Structure}, body}
	return res
}
