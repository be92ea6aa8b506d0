package sevenzip

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/sevenzip"
	"github.com/sallyport/sallyport/internal/rule"
)

// Kinds of file in a Unix mode.
const (
	modeKind   = 0xf000
	modePipe   = 0x1000
	modeChar   = 0x2000
	modeDir    = 0x4000
	modeBlock  = 0x6000
	modeLink   = 0xa000
	modeSocket = 0xc000
)

// Attributes of Windows.
const (
	attrDirectory = 0x10
	attrReparse   = 0x400 // a link, or another file system mounted here
)

func (a *archive) find(id, symbol, message string) {
	if len(a.res.Findings) <= bounded.MaxFindings {
		a.res.Findings = append(a.res.Findings, rule.Finding(id, a.in.Location(a.base, 0), symbol, message))
	}
}

// judge looks at names and kinds of all files.
func (a *archive) judge() {
	if a.Encrypted || a.anyEncrypted() {
		a.find(ruleEncrypted, kind7z, "The archive is encrypted: what it holds can only be read with a password.")
	}
	names := newNames(len(a.Files))
	for i := range a.Files {
		f := &a.Files[i]
		if f.Nameless {
			continue
		}
		a.judgeName(f)
		a.judgeKind(f)
		if first, again := names.add(f, i); again && !(isFolder(f) && isFolder(&a.Files[first])) {
			a.judgeTwice(f, &a.Files[first])
		}
	}
}

func (a *archive) anyEncrypted() bool {
	for i := range a.Folders {
		if a.solids[i] == nil && errors.Is(plan(&a.Folders[i]), sevenzip.ErrEncrypted) {
			return true
		}
	}
	return false
}

func (a *archive) judgeName(f *sevenzip.File) {
	if reason := unsafeName(f.Name); reason != "" {
		name := rule.Clip(f.Name)
		a.find(ruleEscape, f.Name, fmt.Sprintf("The member name \"%s\" is not safe: %s.", name, reason))
	}
}

func (a *archive) judgeKind(f *sevenzip.File) {
	name := rule.Clip(f.Name)
	if f.Anti {
		a.find(ruleAnti, f.Name, fmt.Sprintf("Unpacking the archive deletes \"%s\".", name))
	}
	switch kind := f.Mode() & modeKind; {
	case kind == modeLink, f.Attributes&attrReparse != 0:
		a.judgeLink(f, name)
	case kind == modePipe, kind == modeChar, kind == modeBlock, kind == modeSocket:
		a.find(ruleSpecial, f.Name, fmt.Sprintf("The member \"%s\" is a device, a pipe or a socket.", name))
	}
}

// judgeLink reads where a link leads to: that is its content.
func (a *archive) judgeLink(f *sevenzip.File, name string) {
	target, ok := a.target(f)
	folder := ""
	if i := strings.LastIndexByte(strings.TrimSuffix(f.Name, "/"), '/'); i >= 0 {
		folder = f.Name[:i]
	}
	switch {
	case !ok:
		a.find(ruleSpecial, f.Name, fmt.Sprintf("The member \"%s\" is a link.", name))
	case escapes(folder, target):
		a.find(ruleEscape, f.Name, fmt.Sprintf("The member \"%s\" is a link to \"%s\", outside of its folder.", name, rule.Clip(target)))
	default:
		a.find(ruleSpecial, f.Name, fmt.Sprintf("The member \"%s\" is a link to \"%s\".", name, rule.Clip(target)))
	}
}

// target is the content of a link.
func (a *archive) target(f *sevenzip.File) (string, bool) {
	if f.Folder < 0 || a.solids[f.Folder] == nil || len(a.res.Findings) > bounded.MaxFindings {
		return "", false
	}
	off, size := a.offs[f.Folder][f.Stream], a.Folders[f.Folder].Streams[f.Stream].Size
	if size > bounded.MaxPathBytes {
		return "", false
	}
	p, err := a.solids[f.Folder].view.Bytes(off, size)
	return string(p), err == nil
}

func (a *archive) judgeTwice(f, first *sevenzip.File) {
	if f.Name == first.Name {
		a.find(ruleDuplicate, f.Name, fmt.Sprintf("The member \"%s\" is stored twice: loaders differ in which one they take.", rule.Clip(f.Name)))
		return
	}
	a.find(ruleDuplicate, f.Name, fmt.Sprintf("The names \"%s\" and \"%s\" differ only in upper and lower case: on many disks one overwrites the other.",
		rule.Clip(first.Name), rule.Clip(f.Name)))
}

// names finds files whose names are equal without regard to case.
type names map[string]int32

func newNames(n int) names { return make(names, n) }

// add enters the file with the number i; first is the one that had the name
// before.
func (n names) add(f *sevenzip.File, i int) (first int, again bool) {
	key := strings.ToLower(strings.Trim(f.Name, "/"))
	if at, ok := n[key]; ok {
		return int(at), true
	}
	n[key] = int32(i)
	return 0, false
}

// isFolder reports an entry for a folder.
func isFolder(f *sevenzip.File) bool {
	return f.Dir || f.Folder < 0 && (f.Attributes&attrDirectory != 0 || f.Mode()&modeKind == modeDir)
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

// saysModel reports whether the ending of the name is one that model loaders
// open.
func saysModel(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".pt", ".pth", ".pt2", ".bin", ".ckpt", ".pkl", ".pickle", ".joblib", ".dill", ".model", ".safetensors",
		".onnx", ".h5", ".hdf5", ".keras", ".gguf", ".ggml", ".npy", ".npz", ".pb", ".tflite", ".msgpack", ".nemo", ".mar",
		".pdparams", ".pdmodel", ".skops", ".t7", ".caffemodel", ".mlmodel", ".params", ".weights":
		return true
	}
	return false
}

// gapOf is the coverage rule for a folder that stays closed.
func gapOf(err error) string {
	switch {
	case errors.Is(err, sevenzip.ErrEncrypted):
		return gapEncrypted
	case errors.Is(err, sevenzip.ErrUnsupported):
		return gapUnsupported
	}
	return gapMalformed
}
