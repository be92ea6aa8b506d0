// Package hdf5 reads HDF5 files: models and weights of Keras, tables of pandas and
// PyTables, files of h5py and MATLAB 7.3.
//
// Specification: HDF5 File Format Specification 3.0; see package decode/hdf5.
//
// Threat: a dataset can take its elements from any other file of the machine
// (external storage, virtual datasets, external links; CVE-2026-1669), declare a
// shape that exhausts the memory of its reader (CVE-2026-0897), or name a filter
// that loads a library; attributes and lists carry pickles; space that no object
// uses can hide anything. The configuration of a Keras model, which is an
// attribute, goes back to the engine as a stream of its own.
//
// Not covered: the elements of datasets, except that strings and bytes are looked
// at for a stream; chunks packed by filters other than deflate and shuffle.
package hdf5

import (
	"strings"

	"github.com/sallyport/sallyport/internal/decode/hdf5"
	"github.com/sallyport/sallyport/internal/format"
)

// Format is the HDF5 file.
var Format = format.Format{
	ID:         "hdf5",
	Title:      "HDF5",
	Spec:       "https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t4.html",
	Extensions: extensions,
	Rules: []string{ruleOutside, ruleBeside, ruleUserLink, ruleShape, ruleFilter,
		"SP-COV-003", "SP-COV-004", "SP-COV-012", "SP-COV-013", "SP-COV-016"},
	Match: match,
	Read:  read,
}

var extensions = []string{".h5", ".hdf5", ".hdf", ".he5", ".h5ad", ".loom"}

// The rules of this format; see rules/<ID>/rule.yaml.
const (
	ruleOutside  = "SP-HDF5-001"
	ruleBeside   = "SP-HDF5-002"
	ruleUserLink = "SP-HDF5-003"
	ruleShape    = "SP-HDF5-004"
	ruleFilter   = "SP-HDF5-005"
)

const signature = "\x89HDF\r\n\x1a\n"

// match looks for the signature where the library does. Beyond the head only a
// whole file is searched, or a member that goes by the name: to look further into
// a packed member means to unpack it.
func match(in *format.Input) format.Confidence {
	head := in.Head()
	for at := 0; at+len(signature) <= len(head); at = max(512, 2*at) {
		if string(head[at:at+len(signature)]) == signature {
			return format.Strong
		}
	}
	if int64(len(head)) == in.R.Size() || len(in.Inside) > 0 && !named(in.Name) {
		return format.No
	}
	if _, ok := hdf5.Find(in.R); ok {
		return format.Strong
	}
	return format.No
}

func named(name string) bool {
	name = strings.ToLower(name)
	for _, ext := range extensions {
		if strings.HasSuffix(name, ext) {
			return true
		}
	}
	return false
}
