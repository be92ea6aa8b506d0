// Package torch reads PyTorch's zip archives: checkpoints (torch.save since 1.6),
// TorchScript (torch.jit.save), exported programs (torch.export.save) and
// packages (torch.package).
//
// Specification: caffe2/serialize/inline_container.cc and torch/serialization.py:
// one folder, whose name is that of the first member, holds data.pkl, a record
// per storage in data/, and small records (version, byteorder, ...). The other
// three have a program: code/ with TorchScript, models/ with serialized graphs,
// or Python modules.
//
// Threat: data.pkl is a program. Its records are tensor data only if it says
// so with the right size: anything else in the archive is examined as what it
// is. Lookups disregard case, as torch's do; duplicates are all read.
//
// Not covered: legacy checkpoints (a pickle followed by storages) and tar
// checkpoints, which other formats read; what TorchScript code does.
package torch

import (
	"strings"

	"github.com/sallyport/sallyport/internal/decode/zip"
	"github.com/sallyport/sallyport/internal/format"
)

// Format is the zip-based torch checkpoint.
var Format = format.Format{
	ID:         "torch",
	Title:      "PyTorch checkpoint (zip)",
	Spec:       "https://docs.pytorch.org/docs/stable/notes/serialization.html",
	Extensions: []string{".pt", ".pth", ".ckpt", ".pt2", ".ptl"},
	Refines:    "zip",
	Rules: append(zip.FindingRules(), "SP-TORCH-001", "SP-TORCH-002", ruleOperator, ruleForeign, ruleComment, ruleModules, ruleExpression,
		"SP-COV-003", "SP-COV-004", "SP-COV-010", "SP-COV-012", "SP-COV-016"),
	Match: match,
	Read:  read,
}

func match(in *format.Input) format.Confidence {
	if !zip.Match(in.R, in.Head()) || len(series(in)) > 0 {
		return format.No
	}
	a := archive(in)
	_, exported := exportedRoot(a)
	_, packed := packedRoot(a)
	if len(roots(a)) == 0 && !exported && !packed {
		return format.No
	}
	return format.Strong
}

// exportedRoot is the folder of an exported program.
func exportedRoot(a *zip.Archive) (string, bool) { return rootWith(a, formatRecord) }

// packedRoot is the folder of an archive of torch.package.
func packedRoot(a *zip.Archive) (string, bool) { return rootWith(a, externModules) }

func rootWith(a *zip.Archive, record string) (string, bool) {
	root, ok := effectiveRoot(a)
	return root, ok && a.Find([]byte(root+record)) >= 0
}

func archive(in *format.Input) *zip.Archive {
	return format.Memo(in, "decode/zip", func() *zip.Archive { return zip.Read(in.R) })
}

const (
	mainPickle = "/data.pkl"
	maxRoots   = 16 // checkpoints explained in one archive; members of others are plain children
)

// roots lists the folders that look like a checkpoint, the one that torch reads
// first, if it is among them.
func roots(a *zip.Archive) []string {
	var out []string
	if top, ok := effectiveRoot(a); ok && a.Find([]byte(top+mainPickle)) >= 0 {
		out = append(out, top)
	}
	seen := map[string]bool{}
	for i := range a.Entries {
		name := a.Entries[i].Name
		cut := len(name) - len(mainPickle)
		if len(out) == maxRoots {
			break
		}
		if cut <= 0 || !strings.EqualFold(name[cut:], mainPickle) {
			continue
		}
		root := name[:cut]
		if fold := strings.ToLower(root); !seen[fold] && (len(out) == 0 || fold != strings.ToLower(out[0])) {
			seen[fold] = true
			if a.Find([]byte(root+"/version")) >= 0 || a.Find([]byte(root+"/data/0")) >= 0 {
				out = append(out, root)
			}
		}
	}
	return out
}

// effectiveRoot is the folder that torch opens: the first member's.
func effectiveRoot(a *zip.Archive) (string, bool) {
	if len(a.Entries) == 0 || a.Entries[0].Hidden {
		return "", false
	}
	root, _, ok := strings.Cut(a.Entries[0].Name, "/")
	return root, ok
}
