// Package zip reads zip archives that no more special format claims.
//
// Specification: PKWARE APPNOTE 6.3.10, as lenient as miniz and Python's zipfile.
//
// Threat: loaders differ in which copy of a name, size or directory they
// believe; package decode/zip reads all of them and reports where they part.
// Every member goes back to the engine, duplicates and unlisted ones too.
//
// Not covered: checksums of large members, archives split over several files, methods other
// than stored, deflate and bzip2 (a gap each).
package zip

import (
	"github.com/sallyport/sallyport/internal/decode/zip"
	"github.com/sallyport/sallyport/internal/format"
)

// Format is the zip archive.
var Format = format.Format{
	ID:         "zip",
	Title:      "Zip archive",
	Spec:       "https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT",
	Extensions: []string{".zip", ".npz", ".mar", ".whl", ".egg", ".jar"},
	Rules:      append(zip.FindingRules(), "SP-COV-003", "SP-COV-004", "SP-COV-010", "SP-COV-012", "SP-COV-016"),
	Match:      match,
	Read:       read,

	Signatures: signatures,
}

func match(in *format.Input) format.Confidence {
	if zip.Match(in.R, in.Head()) {
		return format.Strong
	}
	return format.No
}
