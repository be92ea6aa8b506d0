package policy

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/evidence"
)

// unsigned lists what OpenSSF model signatures leave out by convention, each
// with all that lies below it. These files stay bound: the scan statement and
// the manifest list them with their digests.
var unsigned = []string{".git", ".gitattributes", ".github", ".gitignore", "model.sig"}

// models wants one model signature over exactly the files of the manifest. A
// signature that does not fit is of another model; the caller may have attached
// it by mistake, so it matters only when no other fits.
func (d *decider) models(trusted []*evidence.Statement) {
	var against []string
	for _, s := range trusted {
		if s.Model == nil {
			continue
		}
		diff := d.modelDifferences(s.Model)
		if len(diff) == 0 {
			return
		}
		against = append(against, diff...)
	}
	for _, difference := range shorten(against) {
		d.deny(clauseModel, "The signature is of another model; admit the model again with \"sallyport admit\".", "%s", period(difference))
	}
}

// modelDifferences compares paths and digests; the format has no sizes.
func (d *decider) modelDifferences(m *evidence.Model) []string {
	stated := byPath(m.Files)
	for i := range stated {
		stated[i].Size = 0
	}
	var manifest []evidence.File
	for _, f := range d.files {
		f.Size = 0
		if lists(stated, f.Path) || !leftOut(f.Path) {
			manifest = append(manifest, f)
		}
	}
	return differences(manifest, stated, "model signature")
}

// leftOut is true for a path that model signatures do not cover.
func leftOut(path string) bool {
	top, _, _ := strings.Cut(path, "/")
	return slices.Contains(unsigned, top)
}
