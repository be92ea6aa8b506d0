package code

import "bytes"

type saying bool

const (
	nothing   saying = false
	something saying = true
)

// says reports whether code of the language can do anything. An empty file
// cannot in any language; a Python file of comments cannot either. When in
// doubt, it can.
func says(lang string, p []byte) saying {
	p = bytes.TrimPrefix(p, []byte("\ufeff"))
	if len(bytes.Trim(p, " \t\r\n\f")) == 0 {
		return nothing
	}
	if lang != "python" || declaresEncoding(p) {
		return something
	}
	for len(p) > 0 {
		// Python ends a line at \n, \r\n and \r, and at nothing else.
		end := bytes.IndexAny(p, "\r\n")
		if end < 0 {
			end = len(p)
		}
		line := bytes.TrimLeft(p[:end], " \t\f")
		if len(line) > 0 && line[0] != '#' {
			return something
		}
		p = p[min(end+1, len(p)):]
	}
	return nothing
}

// declaresEncoding reports a declaration (PEP 263) of another encoding than
// UTF-8 in the first two lines: under UTF-7 a comment can hold a line end.
func declaresEncoding(p []byte) bool {
	for range 2 {
		end := bytes.IndexAny(p, "\r\n")
		if end < 0 {
			end = len(p)
		}
		if namesEncoding(bytes.ToLower(p[:end])) {
			return true
		}
		p = bytes.TrimPrefix(p[end:], []byte("\r"))
		p = bytes.TrimPrefix(p, []byte("\n"))
	}
	return false
}

// namesEncoding looks at every "coding:" of a line, since readers differ in which
// one they take.
func namesEncoding(line []byte) bool {
	for {
		_, rest, found := bytes.Cut(line, []byte("coding"))
		if !found {
			return false
		}
		line = rest
		if len(rest) == 0 || rest[0] != ':' && rest[0] != '=' {
			continue
		}
		value := bytes.TrimLeft(rest[1:], " \t")
		if !bytes.HasPrefix(value, []byte("utf-8")) && !bytes.HasPrefix(value, []byte("utf8")) {
			return true
		}
	}
}
