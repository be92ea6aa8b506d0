// Package quarantine is the holding area in which fetched bytes wait: nothing
// leaves it unjudged.
//
// An entry is a folder with a random name while it is filled and, once sealed,
// with a name derived from its content:
//
//	DIR/.sallyport/quarantine/      mode 0700
//	    <id>/entry.json             source, files by name, decision
//	    <id>/blobs/<sha256>         the bytes, mode 0600, never executable
//	    <id>/evidence/<name>        reports and reasons kept for people
//	    .locks/                     who is working on what
//
// Threat: names, sizes and content are a stranger's. A name never becomes a path
// in the file system: blobs are named by their digest. A source that changes
// while it is read is refused. Every byte is read once, and what is scanned,
// signed and pushed afterwards is this copy.
//
// Not covered: whoever can write to the folder as the same user; judging
// (package scan), and moving blobs into a registry (packages registry/…), which
// lies beside the area so that a move is a rename.
package quarantine

import (
	"errors"
	"path/filepath"
	"time"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/evidence"
)

// Errors that callers tell apart.
var (
	ErrNotFound = errors.New("not in quarantine")
	ErrBusy     = errors.New("another process is working on this entry")
	ErrQuota    = errors.New("quarantine is full")
	ErrChanged  = errors.New("source changed while it was read")
	ErrCorrupt  = errors.New("quarantine entry is damaged")
)

// Options of an area. The zero value means no quota and silent waiting.
type Options struct {
	Quota   int64           // bytes of all entries together; 0: no limit
	Waiting func(id string) // called once before waiting for another process that works on the same content
}

// Area is the quarantine of one registry folder. Its methods may be called
// concurrently, by several processes too.
type Area struct {
	dir     string
	options Options
}

// At is the area that belongs to the registry folder dir. Nothing is made on
// disk before the first Begin.
func At(dir string, o Options) *Area {
	return &Area{dir: filepath.Join(dir, ".sallyport", "quarantine"), options: o}
}

// Meta is what the caller knows about an entry when it is complete.
type Meta struct {
	Source    string              // as the user gave it
	CreatedOn time.Time           // the caller's clock
	Omissions []artifact.Omission // what lies in the source and was not taken in
}

// Record is what entry.json says.
type Record struct {
	ID        string              `json:"id"`
	Content   string              `json:"content"` // "sha256:…" over the sorted list of path, size and digest
	Source    string              `json:"source"`
	CreatedOn time.Time           `json:"createdOn"`
	Size      int64               `json:"size"` // bytes of all files, identical ones counted each
	Decision  string              `json:"decision,omitempty"`
	Reasons   []string            `json:"reasons,omitempty"`
	Evidence  []string            `json:"evidence,omitempty"` // names given to Attach
	Omissions []artifact.Omission `json:"omissions,omitempty"`
	Files     []evidence.File     `json:"files"` // sorted by path
}

// Dir is the folder of the area: DIR/.sallyport/quarantine.
func (a *Area) Dir() string { return a.dir }

const (
	blobsDir    = "blobs"
	evidenceDir = "evidence"
	locksDir    = ".locks"
	recordFile  = "entry.json"
	areaLock    = "area"
)

func (a *Area) lockPath(name string) string { return filepath.Join(a.dir, locksDir, name+".lock") }
