// Package orbax reads the parts of a checkpoint that Orbax writes and that are
// neither JSON nor chunks of numbers: the database of OCDBT (manifest, version
// tree, B+tree), in which small files lie as values, and the metadata of Zarr
// arrays, which says how chunks become values.
//
// Specification: https://google.github.io/tensorstore/kvstore/ocdbt/index.html,
// https://zarr-specs.readthedocs.io (versions 2 and 3).
//
// Threat: an array of Zarr names the codecs that decode it, and one of them
// unpickles; a database names other files by their path; sums and lengths that
// lie.
//
// Not covered: data files that do not begin with a node (values come first in
// large ones: what nodes of other files say about them is told to the engine, the
// rest is a gap); the content of chunks.
package orbax

import (
	"encoding/binary"

	"github.com/sallyport/sallyport/internal/format"
)

// Format is OCDBT.
var Format = format.Format{
	ID:         "orbax",
	Title:      "Orbax database (OCDBT)",
	Spec:       "https://google.github.io/tensorstore/kvstore/ocdbt/index.html",
	Extensions: []string{".ocdbt"},
	Rules:      []string{rulePath, "SP-COV-003", "SP-COV-004", "SP-COV-009", "SP-COV-012", "SP-COV-016"},
	Match:      match,
	Read:       read,
}

const (
	rulePickle = "SP-ORBAX-001"
	ruleCodec  = "SP-ORBAX-002"
	rulePath   = "SP-ORBAX-003"
)

// Magic numbers of what stands in a file of the database.
const (
	magicManifest = 0x0cdb3a2a
	magicVersions = 0x0cdb1234
	magicNode     = 0x0cdb20de
)

const least = 4 + 8 + 1 + 1 + 4 // bytes of a header and its checksum

func match(in *format.Input) format.Confidence {
	head := in.Head()
	if len(head) < least {
		return format.No
	}
	switch binary.BigEndian.Uint32(head) {
	case magicManifest, magicVersions, magicNode:
		return format.Strong
	}
	return format.No
}
