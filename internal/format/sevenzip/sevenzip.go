// Package sevenzip recognises archives of kinds that no model loader opens: 7z
// and RAR. It does not unpack them.
//
// Specification: 7zFormat.txt of the LZMA SDK; RAR 5.0 archive format.
//
// Threat: "nullifAI": a pickle in a 7z archive that is named like a checkpoint.
// Scanners that follow the name fail quietly, people unpack it by hand. Such a
// file is a gap always, and a finding when its name says model.
//
// Not covered: the content. Model libraries refuse such files, and the readers
// of 7z that there are allocate on the word of a header: forty bytes end the
// process.
package sevenzip

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// ruleForeign is raised when such an archive has the name of a model.
const ruleForeign = "SP-ARC-005"

// Format is a 7z or RAR archive.
var Format = format.Format{
	ID:         "sevenzip",
	Title:      "7z or RAR archive",
	Spec:       "https://www.7-zip.org/7z.html",
	Extensions: []string{".7z", ".rar"},
	Rules:      []string{ruleForeign, "SP-COV-004", "SP-COV-012"},
	Match:      match,
	Read:       read,
}

const (
	magic7z  = "7z\xbc\xaf\x27\x1c"
	magicRar = "Rar!\x1a\x07"
	head7z   = 32 // signature header of a 7z archive, bytes
)

// kind names the archive, "" when it is none.
func kind(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte(magic7z)):
		return "7z archive"
	case bytes.HasPrefix(head, []byte(magicRar)):
		return "RAR archive"
	}
	return ""
}

func match(in *format.Input) format.Confidence {
	if kind(in.Head()) != "" {
		return format.Strong
	}
	return format.No
}

func read(in *format.Input) format.Result {
	head := in.Head()
	what := kind(head)
	if what == "" {
		return format.Result{}
	}
	var res format.Result
	length := int64(len(magicRar))
	if what == "7z archive" {
		length = min(head7z, in.R.Size())
		if reason := damage(head, in.R.Size()); reason != "" {
			res.Spans = append(res.Spans, format.Span{Length: 0, Kind: format.Unread, Rule: "SP-COV-004", Reason: reason})
		}
	}
	res.Spans = append(res.Spans,
		format.Span{Length: length, Kind: format.Structure},
		format.Span{Offset: length, Length: in.R.Size() - length, Kind: format.Unread, Rule: "SP-COV-012",
			Reason: "It is a " + what + ", which is not unpacked: what it holds is not judged."})
	if saysModel(in.Name) {
		res.Findings = append(res.Findings, rule.Finding(ruleForeign, in.Location(0, length), what,
			"Its name says model, but it is a "+what+", which model libraries do not open by themselves."))
	}
	return res
}

// damage compares the signature header of a 7z archive with its checksum and
// with the size of the file.
func damage(head []byte, size int64) string {
	if len(head) < head7z {
		return "The header of the 7z archive ends early."
	}
	if crc32.ChecksumIEEE(head[12:head7z]) != binary.LittleEndian.Uint32(head[8:]) {
		return "The checksum of the 7z header is wrong."
	}
	at, length := binary.LittleEndian.Uint64(head[12:]), binary.LittleEndian.Uint64(head[20:])
	if rest := uint64(size - head7z); at > rest || length > rest-at {
		return "The 7z archive is shorter than its header says."
	}
	return ""
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
