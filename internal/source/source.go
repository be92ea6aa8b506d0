// Package source says where models come from: the syntax of source references
// and the filter that selects files. Fetching is in the folders below.
//
// Threat: a reference or a pattern is typed by the user and trusted; the names
// that a source yields are not.
package source

import (
	"path"
	"strings"
)

// Filter selects files by their slash-separated path. Exclude wins over Include;
// an empty Include takes everything. A pattern without a slash matches the name
// of the file or of any folder above it; one with a slash matches the whole path
// or a folder above it, "**" standing for any number of folders.
type Filter struct {
	Include []string
	Exclude []string
}

// Check reports the first malformed pattern.
func (f Filter) Check() error {
	for _, p := range append(append([]string{}, f.Include...), f.Exclude...) {
		if _, err := path.Match(strings.ReplaceAll(p, "**", "x"), "x"); err != nil {
			return err
		}
	}
	return nil
}

// Keep reports whether the path is selected, and why not.
func (f Filter) Keep(name string) (keep bool, reason string) {
	for _, p := range f.Exclude {
		if matches(p, name) {
			return false, "excluded by pattern " + p
		}
	}
	if len(f.Include) == 0 {
		return true, ""
	}
	for _, p := range f.Include {
		if matches(p, name) {
			return true, ""
		}
	}
	return false, "matches no include pattern"
}

func matches(pattern, name string) bool {
	parts := strings.Split(name, "/")
	if !strings.Contains(pattern, "/") {
		for _, part := range parts {
			if ok, _ := path.Match(pattern, part); ok {
				return true
			}
		}
		return false
	}
	return matchParts(strings.Split(strings.Trim(pattern, "/"), "/"), parts)
}

// matchParts compares component by component; a pattern that ends early matches
// everything below the folder it names.
func matchParts(pattern, parts []string) bool {
	for len(pattern) > 0 {
		if pattern[0] == "**" {
			for i := range len(parts) + 1 {
				if matchParts(pattern[1:], parts[i:]) {
					return true
				}
			}
			return false
		}
		if len(parts) == 0 {
			return false
		}
		if ok, _ := path.Match(pattern[0], parts[0]); !ok {
			return false
		}
		pattern, parts = pattern[1:], parts[1:]
	}
	return true
}
