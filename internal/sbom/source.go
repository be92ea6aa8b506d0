package sbom

import (
	"net/url"
	"path"
	"strings"
)

// origin is a source reference taken apart. Only what the reference states is
// filled in.
type origin struct {
	reference string // as given
	owner     string // namespace on the hub; empty when there is none
	name      string // last part of the model's name
	revision  string // as given: a commit, a tag or a branch
	hub       bool   // the Hugging Face hub
	vcs       string // address of the repository, when it has one
}

// parseSource understands hf:// and git+https:// references; anything else is a
// name for people.
func parseSource(s string) origin {
	o := origin{reference: s}
	if rest, ok := strings.CutPrefix(s, "hf://"); ok {
		rest, o.revision, _ = strings.Cut(rest, "@")
		owner, model, found := strings.Cut(rest, "/")
		if !found {
			owner, model = "", rest
		}
		if !plain(model) || found && !plain(owner) {
			return origin{reference: s, name: lastPart(rest)}
		}
		o.owner, o.name, o.hub = owner, model, true
		o.vcs = "https://huggingface.co/" + rest
		return o
	}
	if rest, ok := strings.CutPrefix(s, "git+https://"); ok {
		return gitSource(rest)
	}
	o.name = lastPart(s)
	return o
}

// gitSource takes what follows "git+https://". A user name or password in the
// address is dropped: the document is published.
func gitSource(rest string) origin {
	var o origin
	if i := strings.LastIndexByte(rest, '@'); i > strings.LastIndexByte(rest, '/') {
		rest, o.revision = rest[:i], rest[i+1:]
	}
	u, err := url.Parse("https://" + rest)
	if err != nil || u.Host == "" {
		return origin{reference: "git+https (unreadable address)"}
	}
	u.User = nil
	o.vcs, o.name = u.String(), strings.TrimSuffix(lastPart(u.Path), ".git")
	o.reference = "git+" + o.vcs
	if o.revision != "" {
		o.reference += "@" + o.revision
	}
	return o
}

// lastPart is the name at the end of a path; empty for one that has none.
func lastPart(s string) string {
	base := path.Base(strings.ReplaceAll(s, `\`, "/"))
	if base == "." || base == ".." || base == "/" {
		return ""
	}
	return base
}

// plain accepts the names that the hub gives out.
func plain(s string) bool {
	for _, c := range s {
		if c != '.' && c != '_' && c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return s != "" && s != "." && s != ".."
}

// commit is the revision when it is a commit: 40 or 64 hexadecimal digits.
func (o origin) commit() string {
	if len(o.revision) != 40 && len(o.revision) != 64 {
		return ""
	}
	for _, c := range o.revision {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return ""
		}
	}
	return o.revision
}

// purl is the package URL of a model on the hub; empty for other sources. The
// case of namespace and name is kept: the hub's names differ in case.
func (o origin) purl() string {
	if !o.hub {
		return ""
	}
	s := "pkg:huggingface/"
	if o.owner != "" {
		s += o.owner + "/"
	}
	s += o.name
	if c := o.commit(); c != "" {
		s += "@" + c
	}
	return s
}
