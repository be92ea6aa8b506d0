package sign

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"golang.org/x/crypto/blake2b"

	"github.com/sallyport/sallyport/internal/artifact"
)

// Match is the outcome of comparing a signed model with the files at hand. All
// lists are sorted.
type Match struct {
	Signed   []string // files whose digests equal the signed ones
	Missing  []string // signed, not there
	Extra    []string // there, not signed, and not under an accepted ignored path
	Changed  []string // signed with another digest
	Unsigned []string // there under an accepted ignored path, or empty where shards cannot list them: not covered
	// RefusedIgnores are ignored paths that the signer wished for and the caller
	// did not allow. They were not applied: files below them count as Extra.
	RefusedIgnores []string
}

// Err is nil when every file is either signed and unchanged, or not covered with
// the caller's consent. It lists every other file and wraps ErrModel.
func (m *Match) Err() error {
	var errs []error
	add := func(what string, paths []string) {
		for _, p := range paths {
			errs = append(errs, fmt.Errorf("%w: %s: %q", ErrModel, what, p))
		}
	}
	add("file changed since signing", m.Changed)
	add("signed file is missing", m.Missing)
	add("file is not signed", m.Extra)
	if len(m.Extra) > 0 {
		add("the signature asks to ignore this path, which is not allowed here", m.RefusedIgnores)
	}
	return errors.Join(errs...)
}

// Match compares the files at hand with the signed ones. Ignored paths of the
// signature are applied only when they are among DefaultIgnored or allowed.
// Files are hashed through Open where SHA256 is empty or another hash is
// needed. The error is trouble with reading; what differs is in the result and
// its Err.
func (m *Model) Match(files []artifact.File, allowed ...string) (*Match, error) {
	accepted := append(DefaultIgnored(), allowed...)
	var ignore []string
	out := &Match{}
	for _, p := range m.IgnorePaths {
		if slices.Contains(accepted, p) {
			ignore = append(ignore, p)
		} else {
			out.RefusedIgnores = append(out.RefusedIgnores, p)
		}
	}
	// Verifiers leave these out whatever the signature says.
	ignore = append(ignore, accepted...)
	listed := m.byPath()
	for _, f := range files {
		parts, signed := listed[f.Path]
		delete(listed, f.Path)
		if err := m.matchFile(out, f, parts, signed, under(f.Path, ignore)); err != nil {
			return nil, err
		}
	}
	for path := range listed {
		out.Missing = append(out.Missing, path)
	}
	for _, l := range [][]string{out.Signed, out.Missing, out.Extra, out.Changed, out.Unsigned, out.RefusedIgnores} {
		slices.Sort(l)
	}
	return out, nil
}

func (m *Model) byPath() map[string][]part {
	listed := make(map[string][]part, len(m.parts))
	for _, p := range m.parts {
		listed[p.path] = append(listed[p.path], p)
	}
	return listed
}

func (m *Model) matchFile(out *Match, f artifact.File, parts []part, signed, ignored bool) error {
	switch {
	case signed:
		// A signed file is compared also where it could be ignored.
		same, err := m.same(f, parts)
		if err != nil {
			return err
		}
		if same {
			out.Signed = append(out.Signed, f.Path)
		} else {
			out.Changed = append(out.Changed, f.Path)
		}
	case ignored, f.Size == 0 && m.sharded():
		out.Unsigned = append(out.Unsigned, f.Path)
	default:
		out.Extra = append(out.Extra, f.Path)
	}
	return nil
}

func (m *Model) sharded() bool { return len(m.parts) > 0 && m.parts[0].end > 0 }

func (m *Model) same(f artifact.File, parts []part) (bool, error) {
	if !m.sharded() && m.hash == hashSHA256 {
		sum, err := fileSHA256(f)
		return sum == parts[0].digest, err
	}
	if m.sharded() && parts[len(parts)-1].end != f.Size {
		return false, nil
	}
	for _, p := range parts {
		if p.end == 0 {
			p.end = f.Size
		}
		sum, err := hashRange(f, newHash(m.hash), p.start, p.end-p.start)
		if err != nil || sum != p.digest {
			return false, err
		}
	}
	return true, nil
}

func newHash(name string) hash.Hash {
	if name == hashBLAKE2b {
		h, _ := blake2b.New512(nil) // fails for a key that is too long only
		return h
	}
	return sha256.New()
}

func fileSHA256(f artifact.File) (string, error) {
	if f.SHA256 != "" {
		if !isSHA256(f.SHA256) {
			return "", fmt.Errorf("digest of %q is not SHA-256 in lower-case hex", f.Path)
		}
		return f.SHA256, nil
	}
	return hashRange(f, sha256.New(), 0, f.Size)
}

const hashBlock = 1 << 20 // bytes read at once

func hashRange(f artifact.File, h hash.Hash, start, length int64) (sum string, err error) {
	if f.Open == nil {
		return "", fmt.Errorf("%q has no content to hash", f.Path)
	}
	c, err := f.Open()
	if err != nil {
		return "", fmt.Errorf("hashing %q: %w", f.Path, err)
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if c.Size() != f.Size {
		return "", fmt.Errorf("hashing %q: size changed from %d to %d bytes", f.Path, f.Size, c.Size())
	}
	// Hide WriterTo and friends, so that the buffer below is really used.
	src := struct{ io.Reader }{io.NewSectionReader(c, start, length)}
	n, err := io.CopyBuffer(h, src, make([]byte, min(hashBlock, length+1)))
	if err != nil {
		return "", fmt.Errorf("hashing %q: %w", f.Path, err)
	}
	if n != length {
		return "", fmt.Errorf("hashing %q: %d bytes, want %d", f.Path, n, length)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// VerifyModel opens a model signature and compares the files with it. The model
// and the match are returned also when the match fails, for reports; then the
// error wraps ErrModel and lists every file that differs.
func VerifyModel(bundle []byte, files []artifact.File, trust ModelTrust, allowIgnored ...string) (*Model, *Match, error) {
	tree := artifact.Tree{Files: files}
	if err := tree.CheckPaths(); err != nil {
		return nil, nil, err
	}
	m, err := OpenModel(bundle, trust)
	if err != nil {
		return nil, nil, err
	}
	match, err := m.Match(files, allowIgnored...)
	if err != nil {
		return m, nil, err
	}
	return m, match, match.Err()
}

// Files lists what was signed, as path and "sha256:…" digest, when whole files
// were signed with SHA-256; otherwise ok is false.
func (m *Model) Files() (paths, digests []string, ok bool) {
	if m.sharded() || m.hash != hashSHA256 {
		return nil, nil, false
	}
	for _, p := range m.parts {
		paths = append(paths, p.path)
		digests = append(digests, "sha256:"+p.digest)
	}
	return paths, digests, true
}
