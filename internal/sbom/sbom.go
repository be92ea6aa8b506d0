// Package sbom writes the bill of materials of a model: what it is, which files
// it has with which digests, where it came from, and what the scan said. One
// internal model is built from the report; each writer is a view of it, so all
// forms carry the same names and digests.
//
// Specifications: CycloneDX 1.6 (ECMA-424, https://cyclonedx.org/docs/1.6/json/),
// the property names of the OWASP AIBOM taxonomy, package URLs, and our simple
// form, docs/schema/sbom-simple.schema.json.
//
// Threat: names, licences and card entries come from strangers. They are data in
// JSON, written in ASCII so that nothing invisible reaches a terminal; references
// and URLs are percent-encoded; a licence counts as an SPDX identifier only when
// it is one. Nothing is invented: what the files and the caller do not state is
// left out.
//
// Not covered: whether what a model states about itself is true.
package sbom

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
)

// Input is everything that a bill of materials is made of. Only Report and Time
// are required.
type Input struct {
	Report            *finding.Report
	Name              string              // of the model; empty: from Source
	Version           string              // empty: the commit of Source, else the content's digest
	Source            string              // "hf://org/model@revision" or a path; empty: the report's
	Digest            string              // manifest digest "sha256:…"; empty before the push
	Time              time.Time           // of the document
	ScannedOn         time.Time           // of the scan; zero: Time
	SignatureVerified *bool               // of the source's commit or model signature; nil: nobody checked
	Admission         *evidence.Admission // what gate 1 says; nil outside of admit
}

// Model is the bill of materials in no particular form.
type Model struct {
	name, version string
	source        origin
	digest        string // manifest digest; empty before the push
	content       string // digest over all files, hex; empty when one was not hashed
	written       time.Time
	scanned       time.Time
	signed        *bool
	admission     *evidence.Admission
	report        *finding.Report
	files         []file
	facts         facts
	weights       string // format of the weights; empty when there are none
	pickle        bool
}

// file is one file of the artifact; format is "unknown" when nobody could tell.
type file struct {
	path, sha256, format string
	size                 int64
	facts                []finding.Fact
}

// Build makes the bill of materials.
func Build(in Input) Model {
	r := in.Report
	m := Model{
		source: parseSource(cmp.Or(in.Source, r.Source)), digest: in.Digest, written: in.Time.UTC(), scanned: in.ScannedOn.UTC(),
		signed: in.SignatureVerified, admission: in.Admission, report: r, facts: gather(r.Files), weights: weights(r.Files),
	}
	if in.ScannedOn.IsZero() {
		m.scanned = m.written
	}
	for i := range r.Files {
		n := &r.Files[i]
		m.files = append(m.files, file{path: n.Name, sha256: n.SHA256, format: formatOf(n), size: n.Size, facts: n.Facts})
		m.pickle = m.pickle || hasPickle(n)
	}
	slices.SortStableFunc(m.files, func(a, b file) int { return strings.Compare(a.path, b.path) })
	m.content = contentDigest(m.files)
	m.name = cmp.Or(in.Name, m.source.name, "model")
	m.version = cmp.Or(in.Version, m.source.revision, short(m.content))
	return m
}

// short is a version for content that has no other: the beginning of its digest.
func short(content string) string {
	if content == "" {
		return ""
	}
	return "sha256-" + content[:12]
}

func formatOf(n *finding.Node) string {
	if len(n.Formats) == 0 {
		return "unknown"
	}
	return strings.Join(n.Formats, "+")
}

// contentDigest identifies a tree of files whatever it is stored in: SHA-256 over
// one line "SHA256 SIZE PATH" per file, sorted by path. It is empty when a file
// has no digest.
func contentDigest(files []file) string {
	h := sha256.New()
	for _, f := range files {
		if f.sha256 == "" {
			return ""
		}
		fmt.Fprintf(h, "%s %d %s\n", f.sha256, f.size, f.path)
	}
	if len(files) == 0 {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}

// serial is a UUID of version 5 over content, scan and time: the same document
// has the same number, a later one about the same content another.
func (m *Model) serial() string {
	h := sha256.New()
	for _, f := range m.files {
		fmt.Fprintf(h, "%s %d %q\n", f.sha256, f.size, f.path)
	}
	fmt.Fprintf(h, "%q %q %q %q %d %d", m.name, m.version, m.digest, m.report.Tool.Ruleset, m.written.Unix(), m.scanned.Unix())
	return uuid5(h.Sum(nil))
}

// writeASCII writes indented JSON in which every character beyond ASCII is an
// escape.
func writeASCII(w io.Writer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(ascii(b.Bytes()))
	return err
}

func ascii(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r < 0x7f:
			out = append(out, byte(r))
		case r < 0x10000:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		}
		text = text[n:]
	}
	return out
}
