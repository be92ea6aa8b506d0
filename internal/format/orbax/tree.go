package orbax

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// reader works on one file of a database.
type reader struct {
	in    *format.Input
	res   format.Result
	root  string // folder of the database in the artifact
	keys  int
	asked map[string]bool // paths that were looked for
}

func read(in *format.Input) format.Result {
	r := &reader{in: in, root: rootOf(in.Path), asked: map[string]bool{}}
	pos := int64(0)
	for pos < in.R.Size() {
		b, err := readBlock(in.R, pos)
		if err != nil && b.length == 0 && pos > 0 {
			break // what follows the last block stays unexplained
		}
		if err == nil {
			err = r.block(&b)
		}
		if err != nil {
			r.broken(&b, err)
			break
		}
		r.res.Spans = append(r.res.Spans, format.Span{Offset: pos, Length: b.length, Kind: format.Structure})
		pos += b.length
	}
	if r.keys > 0 {
		r.res.Facts = append(r.res.Facts, finding.Fact{Key: "orbax.keys", Value: fmt.Sprint(r.keys)})
	}
	return r.res
}

// rootOf is the folder of the database: data files lie in a folder d of it.
func rootOf(name string) string {
	dir := path.Dir(name)
	if path.Base(dir) == "d" {
		return path.Dir(dir)
	}
	return dir
}

func (r *reader) broken(b *block, err error) {
	n := r.in.R.Size() - b.off
	if b.length > 0 {
		n = b.length
	}
	id := "SP-COV-004"
	var limit *bounded.LimitError
	switch {
	case errors.As(err, &limit):
		id = "SP-COV-003"
	case errors.Is(err, errVersion), errors.Is(err, errCompression):
		id = "SP-COV-012"
	}
	r.res.Spans = append(r.res.Spans, format.Span{Offset: b.off, Length: n, Kind: format.Unread, Rule: id,
		Reason: "A part of the database cannot be read: " + err.Error() + "."})
}

func (r *reader) block(b *block) error {
	d := &decoder{p: b.body, budget: r.in.R.Budget()}
	switch b.magic {
	case magicManifest:
		r.manifest(d)
	case magicVersions:
		d.byte()
		height := d.byte()
		files := d.files()
		if height == 0 {
			r.roots(d, files)
		} else {
			r.versions(d, files)
		}
	case magicNode:
		r.node(b, d)
	default:
		return errShort
	}
	if d.err == nil && len(d.p) > 0 {
		return errors.New("bytes follow its end")
	}
	return d.err
}

func (r *reader) manifest(d *decoder) {
	d.take(16) // its number
	kind := d.varint()
	d.varint()
	d.varint()
	d.byte()
	if d.varint() == 1 {
		d.take(4) // level of compression
	}
	if kind == 1 && len(d.p) == 0 {
		return // the versions are in numbered manifests
	}
	files := d.files()
	r.roots(d, files)
	n := r.versions(d, files)
	d.take(n) // heights
}

// roots reads references to the trees.
func (r *reader) roots(d *decoder, files []string) {
	n := d.count(8)
	d.column(n)
	heights := d.take(n)
	ids, _, lengths := d.column(n), d.column(n), d.column(n)
	for range 3 {
		d.column(n)
	}
	d.take(8 * n)
	if d.err == nil && len(heights) == int(n) {
		r.refer(files, ids, lengths)
	}
}

// versions reads references to nodes of older versions.
func (r *reader) versions(d *decoder, files []string) uint64 {
	n := d.count(6)
	d.column(n)
	ids, _, lengths := d.column(n), d.column(n), d.column(n)
	d.column(n)
	d.take(8 * n)
	if d.err == nil {
		r.refer(files, ids, lengths)
	}
	return n
}

// refer looks for the files that hold other nodes.
func (r *reader) refer(files []string, ids, lengths []uint64) {
	for i, id := range ids {
		if lengths[i] > 0 {
			r.file(files, id)
		}
	}
}

// file is the path of a data file in the artifact; ok is false when it must not
// be looked at or is not there.
func (r *reader) file(files []string, id uint64) (name string, ok bool) {
	if id >= uint64(len(files)) || len(r.in.Inside) > 0 {
		return "", false
	}
	rel := files[id]
	clean := path.Clean(rel)
	if clean == "." || clean == ".." || strings.HasPrefix(clean, "../") || strings.HasPrefix(clean, "/") || strings.ContainsAny(rel, "\\:\x00") {
		if !r.asked[rel] && len(r.asked) <= bounded.MaxFindings {
			r.asked[rel] = true
			r.res.Findings = append(r.res.Findings, rule.Finding(rulePath, r.in.Location(0, 0), rel,
				fmt.Sprintf("The database keeps values in the file %q, which leads out of the checkpoint.", rule.Clip(rel))))
		}
		return "", false
	}
	name = path.Join(r.root, clean)
	if r.in.Repo.Has(name) {
		return name, true
	}
	if !r.asked[rel] && len(r.asked) < bounded.MaxGapsPerFile {
		r.asked[rel] = true
		r.res.Spans = append(r.res.Spans, format.Span{Kind: format.Unread, Rule: "SP-COV-009",
			Reason: fmt.Sprintf("The database refers to the file %q, which is not here.", rule.Clip(rel))})
	}
	return "", false
}

// node reads a node of the B+tree.
func (r *reader) node(b *block, d *decoder) {
	height := d.byte()
	files := d.files()
	n := d.count(3)
	if height > 0 {
		d.texts(n, func() { d.column(n) })
		ids, _, lengths := d.column(n), d.column(n), d.column(n)
		for range 3 {
			d.column(n)
		}
		if d.err == nil {
			r.refer(files, ids, lengths)
		}
		return
	}
	r.leaf(b, d, files, n)
}

// leaf reads keys with their values, or where these are.
func (r *reader) leaf(b *block, d *decoder, files []string, n uint64) {
	keys := d.texts(n, func() {})
	lengths, kinds := d.column(n), d.column(n)
	outside := uint64(0)
	for _, k := range kinds {
		outside += min(k, 1)
	}
	ids, offsets := d.column(outside), d.column(outside)
	if d.err != nil {
		return
	}
	values := make([][]byte, len(keys))
	for i := range keys {
		if kinds[i] == 0 {
			values[i] = d.take(lengths[i])
		}
	}
	if d.err != nil {
		return
	}
	r.keys += len(keys)
	chunks := arraysIn(r.in.R.Budget(), keys, values)
	for i, k := 0, 0; i < len(keys); i++ {
		if kinds[i] != 0 {
			r.elsewhere(b, keys[i], files, ids[k], offsets[k], lengths[i])
			k++
			continue
		}
		if len(values[i]) > 0 && !chunks.explain(keys[i], values[i]) {
			r.res.Children = append(r.res.Children, format.Child{Name: keys[i], Offset: b.off, R: bounded.NewBytes(values[i], r.in.R.Budget())})
		}
	}
}

// elsewhere tells the engine what lies in another file. Metadata is never
// claimed: whoever claims it says that nobody need read it.
func (r *reader) elsewhere(b *block, key string, files []string, id, off, length uint64) {
	name, ok := r.file(files, id)
	if !ok || name == r.in.Path || isMetadata(path.Base(key)) || off > 1<<62 || length > 1<<62 || len(r.res.Claims) >= bounded.MaxTensorNames {
		return
	}
	r.res.Claims = append(r.res.Claims, format.Claim{Path: name, Offset: int64(off), Length: int64(length), Name: rule.Clip(key), At: r.in.Location(b.off, b.length)})
}
