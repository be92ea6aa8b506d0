package registry

import (
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/internal/evidence"
)

// Kinds of registry.
const (
	KindLayout = "layout" // an OCI image layout on disk, layout:DIR//REPO[:TAG][@DIGEST]
	KindOCI    = "oci"    // a registry with an address, oci://HOST/REPO[:TAG][@DIGEST]
)

const (
	schemeLayout = "layout:"
	schemeOCI    = "oci://"
)

// Reference names a repository and, optionally, a tag, a digest, or both.
type Reference struct {
	Kind       string // KindLayout or KindOCI
	Registry   string // DIR as typed, or host[:port]
	Repository string // "team/model"
	Tag        string // empty: none
	Digest     string // "sha256:…", empty: none
}

// IsReference reports whether s has the scheme of a reference. It may still be
// malformed.
func IsReference(s string) bool {
	return strings.HasPrefix(s, schemeLayout) || strings.HasPrefix(s, schemeOCI)
}

// ParseReference reads the written form. Errors wrap ErrReference and say what
// was expected.
func ParseReference(s string) (Reference, error) {
	var r Reference
	var rest string
	var err error
	switch {
	case strings.HasPrefix(s, schemeLayout):
		r.Kind = KindLayout
		r.Registry, rest, err = splitLayout(s[len(schemeLayout):])
	case strings.HasPrefix(s, schemeOCI):
		r.Kind = KindOCI
		r.Registry, rest, err = splitHost(s[len(schemeOCI):])
	default:
		err = fmt.Errorf("%w %.200q: it starts with neither %q nor %q", ErrReference, s, schemeLayout, schemeOCI)
	}
	if err != nil {
		return Reference{}, err
	}
	if err := r.parseName(rest); err != nil {
		return Reference{}, err
	}
	return r, nil
}

// splitLayout cuts DIR//REPO at the last double slash: DIR may contain others.
func splitLayout(s string) (dir, rest string, err error) {
	i := strings.LastIndex(s, "//")
	switch {
	case i < 0:
		return "", "", fmt.Errorf("%w %q: a double slash divides folder and repository, as in layout:./registry//team/model:v1", ErrReference, schemeLayout+s)
	case i == 0 && !strings.HasPrefix(s, "///"):
		return "", "", fmt.Errorf("%w %q: the folder is empty; write ./ for this one, as in layout:.//team/model:v1", ErrReference, schemeLayout+s)
	case strings.ContainsRune(s, 0):
		return "", "", fmt.Errorf("%w %q: it contains a NUL byte", ErrReference, schemeLayout+s)
	}
	return s[:i], s[i+2:], nil
}

// splitHost cuts HOST/REPO at the first slash.
func splitHost(s string) (host, rest string, err error) {
	host, rest, found := strings.Cut(s, "/")
	if !found || !isHost(host) {
		return "", "", fmt.Errorf("%w %q: expected oci://HOST/REPOSITORY", ErrReference, schemeOCI+s)
	}
	return host, rest, nil
}

// isHost accepts a host name or address with an optional port.
func isHost(s string) bool {
	name, port, found := s, "", false
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 || strings.Trim(s[1:end], "0123456789abcdefABCDEF:.") != "" || end == 1 {
			return false
		}
		name, port = "v6", s[end+1:]
		if port != "" {
			if port[0] != ':' {
				return false
			}
			port, found = port[1:], true
		}
	} else {
		name, port, found = strings.Cut(s, ":")
	}
	if found && (port == "" || len(port) > 5 || strings.Trim(port, "0123456789") != "") {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' || strings.Trim(label, alnum+upper+"-") != "" {
			return false
		}
	}
	return true
}

const (
	alnum = "abcdefghijklmnopqrstuvwxyz0123456789"
	upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// parseName reads REPO[:TAG][@DIGEST].
func (r *Reference) parseName(s string) error {
	name, digest, found := strings.Cut(s, "@")
	if found {
		if err := CheckDigest(digest); err != nil {
			return err
		}
		r.Digest = digest
	}
	name, tag, found := strings.Cut(name, ":")
	if found {
		if err := CheckTag(tag); err != nil {
			return err
		}
		r.Tag = tag
	}
	r.Repository = name
	return CheckRepository(name)
}

// CheckRepository accepts the repository names of the OCI distribution
// specification: components of lower-case letters and digits, joined inside by
// one dot, one or two underscores, or dashes; at most 255 bytes. No such name
// can leave the folder it is put in.
func CheckRepository(name string) error {
	if name == "" || len(name) > 255 {
		return fmt.Errorf("%w: the repository name %.300q must have 1 to 255 characters", ErrReference, name)
	}
	for part := range strings.SplitSeq(name, "/") {
		if !isComponent(part) {
			return fmt.Errorf("%w: the repository name %q may have only lower-case letters, digits and single separators (. _ __ -) between them, in parts divided by /", ErrReference, name)
		}
	}
	return nil
}

func isComponent(s string) bool {
	for {
		n := len(s) - len(strings.TrimLeft(s, alnum))
		if n == 0 {
			return false
		}
		if s = s[n:]; s == "" {
			return true
		}
		n = len(s) - len(strings.TrimLeft(s, "._-"))
		if sep := s[:n]; sep != "." && sep != "_" && sep != "__" && strings.Trim(sep, "-") != "" || n == 0 {
			return false
		}
		s = s[n:]
	}
}

// CheckTag accepts the tags of the OCI distribution specification.
func CheckTag(tag string) error {
	if tag == "" || len(tag) > 128 || strings.Trim(tag, alnum+upper+"._-") != "" || tag[0] == '.' || tag[0] == '-' {
		return fmt.Errorf("%w: the tag %.200q must have 1 to 128 letters, digits, dots, dashes or underscores and start with a letter, digit or underscore", ErrReference, tag)
	}
	return nil
}

// Location is the registry without the repository, as statements and decisions
// show it: "layout:DIR" or "oci://HOST".
func (r Reference) Location() string {
	if r.Kind == KindLayout {
		return schemeLayout + r.Registry
	}
	return schemeOCI + r.Registry
}

// String is the written form; ParseReference reads it back.
func (r Reference) String() string {
	s := r.Location() + "/" + r.Repository
	if r.Kind == KindLayout {
		s = r.Location() + "//" + r.Repository
	}
	if r.Tag != "" {
		s += ":" + r.Tag
	}
	if r.Digest != "" {
		s += "@" + r.Digest
	}
	return s
}

// Evidence is the reference as the gates write it down.
func (r Reference) Evidence() evidence.Reference {
	return evidence.Reference{Registry: r.Location(), Kind: r.Kind, Repository: r.Repository, Tag: r.Tag, Digest: r.Digest}
}
