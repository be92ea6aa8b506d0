package tar

import (
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/internal/rule"
)

// judge looks at the name and kind of a member.
func (a *archive) judge(m *member) {
	name := rule.Clip(m.name)
	if why := unsafeName(m.name); why != "" {
		a.find(ruleEscape, m, fmt.Sprintf("The member name \"%s\" is not safe: %s.", name, why))
	}
	switch m.kind {
	case kindSymlink, kindHardLink:
		a.judgeLink(m, name)
	case kindChar, kindBlock, kindFifo:
		a.find(ruleSpecial, m, fmt.Sprintf("The member \"%s\" is a device or a pipe.", name))
	}
	key := strings.TrimSuffix(m.name, "/")
	first, again := a.names[key]
	if !again {
		a.names[key] = len(a.members)
		return
	}
	if m.kind != kindDir || a.members[first].kind != kindDir {
		a.find(ruleDuplicate, m, fmt.Sprintf("The member \"%s\" is stored twice: loaders differ in which one they take.", name))
	}
}

func (a *archive) judgeLink(m *member, name string) {
	folder := ""
	if m.kind == kindSymlink { // a hard link counts from the top of the archive
		if i := strings.LastIndexByte(strings.TrimSuffix(m.name, "/"), '/'); i >= 0 {
			folder = m.name[:i]
		}
	}
	if escapes(folder, m.link) {
		a.find(ruleEscape, m, fmt.Sprintf("The member \"%s\" is a link to \"%s\", outside of its folder.", name, rule.Clip(m.link)))
		return
	}
	a.find(ruleSpecial, m, fmt.Sprintf("The member \"%s\" is a link to \"%s\".", name, rule.Clip(m.link)))
}

// unsafeName says why unpacking the name could write outside of the target
// folder, or be read as another name; empty when it could not.
func unsafeName(name string) string {
	switch {
	case strings.IndexByte(name, 0) >= 0:
		return "it holds a NUL byte, where some readers stop"
	case strings.IndexByte(name, '\\') >= 0:
		return "it holds a backslash, which Windows reads as a folder"
	case strings.HasPrefix(name, "/"):
		return "it is absolute"
	case len(name) > 1 && name[1] == ':':
		return "it starts with a drive letter"
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return "it climbs out of its folder"
		}
	}
	return ""
}

// escapes reports whether a link in the folder leads out of the archive. Paths
// are compared part by part: "base_evil" is not inside of "base".
func escapes(folder, target string) bool {
	if strings.HasPrefix(target, "/") || strings.ContainsAny(target, "\\\x00") || len(target) > 1 && target[1] == ':' {
		return true
	}
	depth := 0
	for part := range strings.SplitSeq(folder+"/"+target, "/") {
		switch part {
		case "", ".":
		case "..":
			if depth--; depth < 0 {
				return true
			}
		default:
			depth++
		}
	}
	return false
}
