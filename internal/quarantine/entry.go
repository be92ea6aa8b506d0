package quarantine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/durable"
)

// Entry is a sealed entry. One that Seal returned is ours alone until Close,
// Discard or the end of the process; one from Load may go away at any time.
type Entry struct {
	area   *Area
	dir    string
	record Record
	lock   *durable.Lock // nil: looked at only
}

// ID names the entry.
func (e *Entry) ID() string { return e.record.ID }

// Record is what entry.json says.
func (e *Entry) Record() Record { return e.record }

// Dir is the folder of the entry: what a confined reader must be allowed to
// read.
func (e *Entry) Dir() string { return e.dir }

// BlobPath is the file that holds the content with the digest "sha256:…". It
// exists until it is moved into a registry.
func (e *Entry) BlobPath(digest string) string {
	return filepath.Join(e.dir, blobsDir, filepath.Base(strings.TrimPrefix(digest, "sha256:")))
}

// Tree is the content as an artifact, in the order of the paths.
func (e *Entry) Tree() *artifact.Tree {
	t := &artifact.Tree{Source: e.record.Source, Omissions: slices.Clone(e.record.Omissions)}
	for _, f := range e.record.Files {
		t.Files = append(t.Files, artifact.File{Path: f.Path, Size: f.Size, SHA256: strings.TrimPrefix(f.Digest, "sha256:"),
			Open: func() (artifact.Content, error) { return openBlob(e.BlobPath(f.Digest), f.Size) }})
	}
	return t
}

func openBlob(name string, size int64) (artifact.Content, error) {
	f, err := durable.Open(name)
	if err != nil {
		return nil, err
	}
	if f.Size() != size {
		f.Close()
		return nil, fmt.Errorf("%w: %q has %d bytes, its record says %d", ErrCorrupt, name, f.Size(), size)
	}
	return f, nil
}

// Verify reads all content again and compares it with the record.
func (e *Entry) Verify(ctx context.Context) error {
	h, block := sha256.New(), make([]byte, blockSize)
	for _, f := range e.Tree().Files {
		c, err := f.Open()
		if err != nil {
			return err
		}
		h.Reset()
		_, err = io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{io.NewSectionReader(c, 0, f.Size)}, block)
		if err = errors.Join(err, c.Close(), ctx.Err()); err != nil {
			return err
		}
		if got := hex.EncodeToString(h.Sum(nil)); got != f.SHA256 {
			return fmt.Errorf("%w: the content of %q has the digest %s", ErrCorrupt, f.Path, got)
		}
	}
	return nil
}

// Conclude writes down what was decided about the entry, and why.
func (e *Entry) Conclude(decision string, reasons []string) error {
	e.record.Decision, e.record.Reasons = decision, slices.Clone(reasons)
	return e.save()
}

// Attach keeps evidence under a plain file name such as "report.json".
func (e *Entry) Attach(name string, data []byte) error {
	if !plainName(name) {
		return fmt.Errorf("%q is no name for evidence: use lower-case letters, digits, dots and dashes", name)
	}
	dir := filepath.Join(e.dir, evidenceDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := durable.Replace(filepath.Join(dir, name), data, 0o600); err != nil {
		return err
	}
	if !slices.Contains(e.record.Evidence, name) {
		e.record.Evidence = append(e.record.Evidence, name)
		slices.Sort(e.record.Evidence)
	}
	return e.save()
}

func plainName(name string) bool {
	return name != "" && len(name) <= 100 && name[0] != '.' && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
}

// maxEvidence is the largest evidence that is read back, in bytes.
const maxEvidence = 512 << 20

// ReadEvidence returns what Attach kept.
func (e *Entry) ReadEvidence(name string) ([]byte, error) {
	if !plainName(name) {
		return nil, fmt.Errorf("%w: no evidence %q", ErrNotFound, name)
	}
	return durable.Read(filepath.Join(e.dir, evidenceDir, name), maxEvidence)
}

// Close keeps the entry in quarantine and lets other processes at it.
func (e *Entry) Close() error {
	if e.lock == nil {
		return nil
	}
	lock := e.lock
	e.lock = nil
	return lock.Release()
}

// Discard removes the entry.
func (e *Entry) Discard() error {
	if e.lock == nil {
		return e.area.Discard(e.record.ID)
	}
	err := e.area.remove(e.dir)
	lock := e.lock
	e.lock = nil
	return errors.Join(err, lock.Remove())
}

func (e *Entry) save() error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(e.record); err != nil {
		return err
	}
	return durable.Replace(filepath.Join(e.dir, recordFile), b.Bytes(), 0o600)
}

// maxRecord bounds entry.json: a million files with long names.
const maxRecord = 1 << 30

func readRecord(dir string) (Record, error) {
	var r Record
	if err := durable.Folder(dir); err != nil {
		return r, err
	}
	data, err := durable.Read(filepath.Join(dir, recordFile), maxRecord)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("%w: %q: %w", ErrCorrupt, filepath.Join(dir, recordFile), err)
	}
	return r, checkRecord(&r, filepath.Base(dir))
}

func checkRecord(r *Record, id string) error {
	if r.ID != id {
		return fmt.Errorf("%w: the record of %q is that of %.100q", ErrCorrupt, id, r.ID)
	}
	for _, f := range r.Files {
		if f.Size < 0 || !isSHA256(f.Digest) {
			return fmt.Errorf("%w: the record of %q lists %.200q with the digest %.100q and the size %d", ErrCorrupt, id, f.Path, f.Digest, f.Size)
		}
	}
	return nil
}

func isSHA256(digest string) bool {
	sum, ok := strings.CutPrefix(digest, "sha256:")
	return ok && len(sum) == 64 && strings.Trim(sum, hexDigits) == ""
}

const hexDigits = "0123456789abcdef"
