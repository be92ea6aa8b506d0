package registry

import (
	"context"
	"io"

	"github.com/sallyport/sallyport/internal/artifact"
)

// Reader reads one repository. All methods may be called concurrently.
type Reader interface {
	// Resolve returns the descriptor of the manifest that the tag names now;
	// ErrNotFound when there is no such tag.
	Resolve(ctx context.Context, tag string) (Descriptor, error)
	// Tags lists all tags in byte order.
	Tags(ctx context.Context) ([]string, error)
	// Manifests lists every manifest that the repository lists, tagged or not, each
	// once, as described there: nothing of it is verified.
	Manifests(ctx context.Context) ([]Descriptor, error)
	// FetchManifest returns the bytes of a manifest or index, at most MaxManifest,
	// that have exactly the digest.
	FetchManifest(ctx context.Context, digest string) ([]byte, error)
	// OpenBlob opens a blob of the given size for reading in any order. Its
	// content is not verified: see NewVerifier, ReadBlob and Rehash. A blob of
	// another size is ErrCorrupt, unless size is AnySize.
	OpenBlob(ctx context.Context, digest string, size int64) (artifact.Content, error)
	// Referrers lists every manifest whose subject is digest, in the order of
	// their digests, as read from the manifests themselves, and every manifest that
	// could not be read and so may be one, with Err set. MaxReferrers or more is
	// ErrTooMany.
	Referrers(ctx context.Context, digest string) ([]Referrer, error)
}

// AnySize opens a blob of which only the digest is known.
const AnySize = -1

// Referrer is one manifest about another. Descriptor.ArtifactType comes from its
// own manifest, or is its config's media type; Annotations are the manifest's.
type Referrer struct {
	Descriptor
	Err error // why it could not be read; then only Digest is reliable
}

// Store is a repository that can be read and written.
type Store interface {
	Reader
	// Begin starts writing. Writers take turns: where the backend has a lock, the
	// writer holds it until Close. The error wraps ErrReadOnly when nothing can be
	// written here.
	Begin(ctx context.Context) (Writer, error)
}

// Writer puts content into a repository. It belongs to one goroutine.
type Writer interface {
	// PushBlob stores what r yields, which must have the digest and size of d. What
	// already lies under the digest is rehashed: good content is kept and r is not
	// read; other content is replaced.
	PushBlob(ctx context.Context, d Descriptor, r io.Reader) error
	// PushBlobFile stores a file whose content the caller has hashed to d.Digest
	// since nobody else could write to it. It moves the file where that is possible:
	// afterwards the file at path may be gone. On an error it is as before.
	PushBlobFile(ctx context.Context, d Descriptor, path string) error
	// Commit makes manifests and tags visible together: after a failure or a crash
	// a reader sees all of them or none. Blobs that a manifest names must have been
	// pushed, or be in the repository.
	Commit(ctx context.Context, tx Transaction) error
	// Close gives the turn to the next writer.
	Close() error
}

// Transaction is what becomes visible at once. Blobs are small ones, from memory:
// configurations, statements, reports.
type Transaction struct {
	Blobs     []Blob
	Manifests []Blob // manifests and indexes, subjects before their referrers
	Tags      []Tagging
}

// Add puts manifests with their blobs into the transaction.
func (tx *Transaction) Add(artifacts ...Artifact) {
	for _, a := range artifacts {
		tx.Blobs = append(tx.Blobs, a.Blobs...)
		tx.Manifests = append(tx.Manifests, a.Manifest)
	}
}

// Tagging makes a tag name a manifest of the transaction or of the repository. A
// tag that names another manifest stays, and Commit returns ErrTagTaken, unless
// Force is set or Expect is the digest that the tag names now.
type Tagging struct {
	Tag    string
	Digest string
	Expect string
	Force  bool
}

// Remover is implemented by a Writer that can forget things.
type Remover interface {
	// Untag removes a tag; the manifest stays. ErrNotFound when there is none.
	Untag(ctx context.Context, tag string) error
}
