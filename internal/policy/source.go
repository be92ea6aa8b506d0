package policy

import (
	"fmt"
	"path"
	"strings"
)

// A pattern of the allow-list for sources is one of
//
//	*                       any source
//	local                   files and folders on this machine
//	layout                  a model in a layout: registry
//	SCHEME://HOST/PATH      a remote source: hf://org/model, git+https://host/group/*
//
// SCHEME and HOST are compared without case; HOST may begin with "*." for any
// name below it. PATH is compared part by part, "*" and "?" work inside a part,
// "**" as the last part takes the rest; what follows "@" in the source (a
// revision) is not compared unless the pattern has it.

func checkPattern(pattern string) error {
	switch pattern {
	case "*", "local", "layout":
		return nil
	}
	scheme, rest, ok := strings.Cut(pattern, "://")
	host, p, _ := strings.Cut(rest, "/")
	switch {
	case !ok || scheme == "" || host == "":
		return fmt.Errorf("%q is no pattern for sources; write *, local, layout, or SCHEME://HOST/PATH such as hf://our-org/*", pattern)
	case strings.ContainsAny(scheme, "*?[\\"), strings.ContainsAny(strings.TrimPrefix(host, "*."), "*?[\\@"):
		return fmt.Errorf("%q has a wildcard where none is allowed; only a leading \"*.\" of the host and the path may have one", pattern)
	}
	if _, err := path.Match(p, ""); err != nil {
		return fmt.Errorf("%q is malformed: %w", pattern, err)
	}
	return nil
}

// matchSource reports whether a source, as the user gave it, fits a pattern of
// the allow-list. A source that could be read in two ways fits only "*".
func matchSource(pattern, source string) bool {
	if pattern == "*" {
		return source != ""
	}
	scheme, rest, remote := strings.Cut(source, "://")
	switch {
	case source == "":
		return false
	case strings.HasPrefix(source, "layout:"):
		return pattern == "layout"
	case !remote:
		return pattern == "local"
	}
	wantScheme, wantRest, ok := strings.Cut(pattern, "://")
	if !ok || !strings.EqualFold(scheme, wantScheme) || ambiguous(rest) {
		return false
	}
	wantHost, wantPath, _ := strings.Cut(wantRest, "/")
	host, sourcePath, _ := strings.Cut(rest, "/")
	if !strings.Contains(wantPath, "@") {
		sourcePath, _, _ = strings.Cut(sourcePath, "@")
	}
	return matchHost(wantHost, host) && matchPath(wantPath, sourcePath)
}

// ambiguous is true for addresses that programs are known to read differently:
// user names before the host, escapes, backslashes, dot segments, white space.
func ambiguous(rest string) bool {
	host, p, _ := strings.Cut(rest, "/")
	if strings.ContainsAny(host, "@%\\?#") || strings.ContainsAny(p, "%\\?#") {
		return true
	}
	for _, r := range rest {
		if r <= ' ' || r == 0x7f || r > 0x7e {
			return true
		}
	}
	p, _, _ = strings.Cut(p, "@")
	for part := range strings.SplitSeq(p, "/") {
		if part == "." || part == ".." {
			return true
		}
	}
	return false
}

func matchHost(pattern, host string) bool {
	pattern, host = strings.ToLower(pattern), strings.ToLower(host)
	if below, ok := strings.CutPrefix(pattern, "*."); ok {
		return strings.HasSuffix(host, "."+below) && len(host) > len(below)+1
	}
	return pattern == host
}

func matchPath(pattern, p string) bool {
	want, have := strings.Split(pattern, "/"), strings.Split(p, "/")
	for i, w := range want {
		if w == "**" && i == len(want)-1 {
			return true
		}
		if i >= len(have) {
			return false
		}
		if ok, err := path.Match(w, have[i]); err != nil || !ok {
			return false
		}
	}
	return len(have) == len(want)
}
