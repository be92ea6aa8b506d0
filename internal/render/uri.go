package render

import "strings"

// uri turns a path of an artifact into a relative URI reference. Bytes that are
// not unreserved are percent-encoded, so a name cannot become a scheme, an
// authority, a query or a fragment. Slashes around an empty component are encoded
// too, and the dots of "." and ".." twice, so that nobody who resolves the
// reference climbs.
func uri(path string) string {
	parts := strings.Split(path, "/")
	var b strings.Builder
	for i, part := range parts {
		if i > 0 {
			if part == "" || parts[i-1] == "" {
				b.WriteString("%2F")
			} else {
				b.WriteByte('/')
			}
		}
		if part == "." || part == ".." {
			b.WriteString(strings.ReplaceAll(part, ".", "%252E"))
			continue
		}
		percentEncode(&b, part)
	}
	return b.String()
}

func percentEncode(b *strings.Builder, s string) {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteString("%" + string(hex[c>>4]) + string(hex[c&15]))
	}
}
