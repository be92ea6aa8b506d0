package sbom

import (
	"crypto/sha1" //nolint:gosec // UUIDv5 is defined over SHA-1; it names, it does not protect
	"encoding/hex"
)

// namespaceURL is the namespace of RFC 9562 for names that are URLs.
var namespaceURL = [16]byte{0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}

// uuid5 is the UUID of version 5 of our name for the digest.
func uuid5(digest []byte) string {
	h := sha1.New()
	h.Write(namespaceURL[:])
	h.Write([]byte("https://github.com/sallyport/sallyport/sbom/" + hex.EncodeToString(digest)))
	u := h.Sum(nil)[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	s := hex.EncodeToString(u)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
