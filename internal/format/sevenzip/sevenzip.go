// Package sevenzip opens 7z archives, also those at the end of a self-extracting
// program, and recognises RAR archives, which it does not unpack.
//
// Specification: 7zFormat.txt and Methods.txt of the LZMA SDK; RAR 4 and RAR 5.0
// archive format.
//
// Threat: "nullifAI": a pickle in a 7z archive that is named like a checkpoint.
// Scanners that follow the name fail quietly, people unpack it by hand. Names
// and links lead out of the folder, anti-items delete what is there, a small
// file unpacks to gigabytes, and a file at the end of a solid folder costs as
// much as all before it. Every file goes back to the engine as a range of its
// folder, and a folder is decoded once for all of them.
//
// Not covered, a gap each: encryption, Brotli, Lizard, swapped bytes, archives
// split over several files, RAR.
package sevenzip

import (
	"bytes"
	"strconv"

	"github.com/sallyport/sallyport/internal/decode/sevenzip"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

// The rules of this format; see rules/<ID>/rule.yaml.
const (
	ruleEscape    = "SP-ARC-001"
	ruleSpecial   = "SP-ARC-002"
	ruleDuplicate = "SP-ARC-003"
	ruleForeign   = "SP-ARC-005"
	ruleEncrypted = "SP-ARC-006"
	rulePrefix    = "SP-ARC-007"
	ruleAnti      = "SP-ARC-008"

	gapUnexplained = "SP-COV-001"
	gapLimit       = "SP-COV-003"
	gapMalformed   = "SP-COV-004"
	gapEncrypted   = "SP-COV-010"
	gapUnsupported = "SP-COV-012"
	gapShared      = "SP-COV-013"
	gapSizes       = "SP-COV-016"
)

var raised = []string{ruleEscape, ruleSpecial, ruleDuplicate, ruleForeign, ruleEncrypted, rulePrefix, ruleAnti,
	gapUnexplained, gapLimit, gapMalformed, gapEncrypted, gapUnsupported, gapShared, gapSizes}

// Format is a 7z or RAR archive.
var Format = format.Format{
	ID:         "sevenzip",
	Title:      "7z or RAR archive",
	Spec:       "https://www.7-zip.org/7z.html",
	Extensions: []string{".7z", ".7z.001", ".cb7", ".rar"},
	Rules:      raised,
	Match:      match,
	Read:       read,
	Signatures: []format.Signature{{Magic: sevenzip.Magic, Is: embedded}},
}

// place is where an archive begins.
type place struct {
	off  int64
	kind string // for people, "" when there is none
}

const (
	kind7z  = "7z archive"
	kindRar = "RAR archive"
)

func match(in *format.Input) format.Confidence {
	head := in.Head()
	if !bytes.HasPrefix(head, []byte(sevenzip.Magic)) && rarSize(head) == 0 && !isStub(head) {
		return format.No // the usual case needs no memory
	}
	if find(in).kind != "" {
		return format.Strong
	}
	return format.No
}

// embedded recognises an archive inside of other data.
func embedded(in *format.Input) string {
	if sevenzip.Valid(in.Head()) {
		return "a 7z archive"
	}
	return ""
}

// find looks at the beginning, and behind a program that unpacks itself.
func find(in *format.Input) place {
	return format.Memo(in, "format/sevenzip", func() place {
		head := in.Head()
		switch {
		case bytes.HasPrefix(head, []byte(sevenzip.Magic)):
			return place{0, kind7z}
		case rarSize(head) > 0:
			return place{0, kindRar}
		case isStub(head):
			return behindStub(in)
		}
		return place{}
	})
}

// stubs are how programs begin that unpack themselves.
func isStub(head []byte) bool {
	for _, s := range [...]string{"MZ", "\x7fELF", "#!", "\xca\xfe\xba\xbe", "\xcf\xfa\xed\xfe"} {
		if bytes.HasPrefix(head, []byte(s)) {
			return true
		}
	}
	return false
}

const (
	maxStub    = 4 << 20 // how far behind the beginning an archive is looked for, bytes
	searchStep = 64 << 10
)

// behindStub looks for the signature of an archive whose header is valid.
func behindStub(in *format.Input) (found place) {
	const overlap = 256
	for at := int64(0); at < min(maxStub, in.R.Size()); at += searchStep {
		p, err := in.R.Bytes(at, min(searchStep+overlap, in.R.Size()-at))
		if err != nil {
			return found
		}
		for i := 0; i < min(len(p), searchStep); i++ {
			k := bytes.IndexAny(p[i:], "7R")
			if k < 0 || i+k >= searchStep {
				break
			}
			i += k
			switch {
			case sevenzip.Valid(p[i:]):
				return place{at + int64(i), kind7z}
			case found.kind == "" && rarBlock(p[i:]):
				found = place{at + int64(i), kindRar} // a 7z archive may still come
			}
		}
	}
	return found
}

func read(in *format.Input) format.Result {
	at := find(in)
	var res format.Result
	switch at.kind {
	case kind7z:
		res = read7z(in, at)
	case kindRar:
		res = readRar(in, at)
	default:
		return res
	}
	judgePlace(in, at, &res)
	return res
}

// read7z hands every file to the engine.
func read7z(in *format.Input, at place) format.Result {
	body, err := in.R.Section(at.off, in.R.Size()-at.off)
	if err != nil {
		return format.Result{}
	}
	a := &archive{in: in, base: at.off, body: body, Archive: sevenzip.Read(body, openHeader)}
	a.spans()
	a.contents()
	a.judge()
	a.res.Facts = []finding.Fact{{Key: "7z.files", Value: strconv.Itoa(len(a.Files))}}
	return a.res
}
