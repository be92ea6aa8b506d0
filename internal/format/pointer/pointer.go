// Package pointer recognises files that stand in for content kept elsewhere: Git
// LFS pointers (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md), those
// of Xet (https://huggingface.co/docs/xet), and the pointer files of git-annex.
//
// Threat: the scanner sees a hundred harmless bytes, the loader later fetches a
// model that nobody looked at. A pointer is therefore a gap, never text.
// Not covered: fetching what it points to (package source).
package pointer

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/sallyport/sallyport/internal/format"
)

// Format is a pointer to content that is not here.
var Format = format.Format{
	ID:    "pointer",
	Title: "Pointer to content stored elsewhere",
	Spec:  "https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md",
	Match: match,
	Read:  read,
}

// longest is how many bytes a pointer has at most: the specification says fewer
// than 1024.
const longest = 1024

func match(in *format.Input) format.Confidence {
	if in.R.Size() <= longest && target(in.Head()) != "" {
		return format.Strong
	}
	return format.No
}

func read(in *format.Input) format.Result {
	what := target(in.Head())
	if what == "" || in.R.Size() > longest {
		return format.Result{}
	}
	return format.Result{Spans: []format.Span{{Length: in.R.Size(), Kind: format.Unread, Rule: "SP-COV-009",
		Reason: "It is a pointer to " + what + ", which is not here."}}}
}

// target says what a pointer stands for, or "".
func target(p []byte) string {
	if len(p) == 0 || p[0] != 'v' && p[0] != '/' && p[0] != '#' {
		return "" // asked of every file
	}
	if name, ok := annex(p); ok {
		return fmt.Sprintf("the git-annex content %q", name)
	}
	if hash := xet(p); hash != "" {
		return "the Xet content " + hash
	}
	for _, version := range []string{"https://git-lfs.github.com/spec/v1", "https://hawser.github.com/spec/v1"} {
		rest, ok := bytes.CutPrefix(p, []byte("version "+version+"\n"))
		if !ok {
			continue
		}
		oid, size := fields(rest)
		if oid != "" && size >= 0 {
			return fmt.Sprintf("%d bytes with the digest %s", size, oid)
		}
	}
	return ""
}

// fields reads the lines "oid METHOD:HEX" and "size N".
func fields(p []byte) (oid string, size int64) {
	size = -1
	for line := range bytes.Lines(p) {
		key, value, _ := bytes.Cut(bytes.TrimSuffix(line, []byte{'\n'}), []byte{' '})
		switch string(key) {
		case "oid":
			if _, hex, ok := bytes.Cut(value, []byte{':'}); ok && isHex(hex) {
				oid = string(value)
			}
		case "size":
			if n, err := strconv.ParseInt(string(value), 10, 64); err == nil {
				size = n
			}
		}
	}
	return oid, size
}

func isHex(p []byte) bool {
	for _, b := range p {
		if (b < '0' || b > '9') && (b < 'a' || b > 'f') {
			return false
		}
	}
	return len(p) > 0
}

// annex reads the one line of a git-annex pointer: "/annex/objects/KEY".
func annex(p []byte) (key string, ok bool) {
	rest, ok := bytes.CutPrefix(p, []byte("/annex/objects/"))
	rest = bytes.TrimSuffix(rest, []byte{'\n'})
	return string(rest), ok && len(rest) > 0 && !bytes.ContainsAny(rest, "\n\x00")
}

// xet reads the three lines of a Xet pointer: version, filesize and hash.
func xet(p []byte) (hash string) {
	if !bytes.HasPrefix(p, []byte("# xet version ")) {
		return ""
	}
	for line := range bytes.Lines(p) {
		key, value, ok := bytes.Cut(bytes.TrimSpace(line), []byte{'='})
		value = bytes.Trim(bytes.TrimSpace(value), `'"`)
		if ok && string(bytes.TrimSpace(key)) == "hash" && isHex(value) {
			hash = string(value)
		}
	}
	return hash
}
