package layout

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/durable"
	"github.com/sallyport/sallyport/internal/registry"
)

const (
	maxIndex   = 64 << 20 // bytes of index.json, some 100,000 manifests
	maxVersion = 4 << 10  // bytes of oci-layout
	refName    = "org.opencontainers.image.ref.name"
)

// index is index.json. What we do not know in it is kept as it is.
type index struct {
	members map[string]json.RawMessage
	entries []entry
}

type entry struct {
	registry.Descriptor
	raw json.RawMessage // as in the file; nil for a new or changed entry
}

// tag is the entry's tag, or empty: a name that is no tag belongs to others.
func (e *entry) tag() string {
	if tag := e.Annotations[refName]; registry.CheckTag(tag) == nil {
		return tag
	}
	return ""
}

// load reads oci-layout and index.json.
func (r *Repo) load() (*index, error) {
	if err := r.checkPath(); err != nil {
		return nil, err
	}
	version, err := durable.Read(r.file(layoutFile), maxVersion)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, r.absent(layoutFile)
	}
	if err != nil {
		return nil, fileError(err)
	}
	if err := checkVersion(version); err != nil {
		return nil, fmt.Errorf("%q: %w", r.file(layoutFile), err)
	}
	data, err := durable.Read(r.file(indexFile), maxIndex)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, r.absent(indexFile)
	}
	if err != nil {
		return nil, fileError(err)
	}
	idx, err := parseIndex(data)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", r.file(indexFile), err)
	}
	return idx, nil
}

// fileError marks what durable refuses as damage; other failures stay what they
// are.
func fileError(err error) error {
	if errors.Is(err, durable.ErrFile) {
		return fmt.Errorf("%w: %w", registry.ErrCorrupt, err)
	}
	return err
}

// absent tells a repository that is not there from one that lost a file.
func (r *Repo) absent(name string) error {
	empty, err := r.isEmpty()
	if err != nil {
		return err
	}
	if _, err := durable.Read(r.file(indexFile), maxIndex); name == layoutFile && !errors.Is(err, fs.ErrNotExist) {
		empty = false
	}
	if empty {
		return fmt.Errorf("%w: there is no repository %q in %q", registry.ErrNotFound, r.name, r.root)
	}
	return fmt.Errorf("%w: %q is missing; put it back from a backup", registry.ErrCorrupt, r.file(name))
}

func checkVersion(data []byte) error {
	o, err := registry.Members(data)
	if err != nil {
		return err
	}
	var version string
	if err := json.Unmarshal(o["imageLayoutVersion"], &version); err != nil || version != "1.0.0" {
		return fmt.Errorf("%w: it does not say imageLayoutVersion 1.0.0", registry.ErrCorrupt)
	}
	return nil
}

// parseIndex reads index.json and refuses one that gives a tag to two manifests.
func parseIndex(data []byte) (*index, error) {
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("%w: not UTF-8", registry.ErrCorrupt)
	}
	members, err := registry.Members(data)
	if err != nil {
		return nil, err
	}
	var schema int
	if err := json.Unmarshal(members["schemaVersion"], &schema); err != nil || schema != 2 {
		return nil, fmt.Errorf("%w: its schemaVersion is not 2", registry.ErrCorrupt)
	}
	idx := &index{members: members}
	if idx.entries, err = parseEntries(members["manifests"]); err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for i := range idx.entries {
		e := &idx.entries[i]
		tag := e.tag()
		if other, taken := tags[tag]; tag != "" && taken && other != e.Digest {
			return nil, fmt.Errorf("%w: the tag %q is given to %s and to %s", registry.ErrCorrupt, tag, other, e.Digest)
		}
		tags[tag] = e.Digest
	}
	return idx, nil
}

// parseEntries reads the list one by one: twenty million empty objects must fail
// at the first one, before they fill the memory.
func parseEntries(raw json.RawMessage) ([]entry, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	switch t, err := dec.Token(); {
	case err != nil:
		return nil, fmt.Errorf("%w: manifests: %w", registry.ErrCorrupt, err)
	case t == nil: // null, as some writers spell an empty list
		return nil, nil
	case t != json.Delim('['):
		return nil, fmt.Errorf("%w: manifests is not a list", registry.ErrCorrupt)
	}
	var entries []entry
	for dec.More() {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, fmt.Errorf("%w: manifests: %w", registry.ErrCorrupt, err)
		}
		d, err := registry.ParseDescriptor(raw)
		if err != nil {
			return nil, fmt.Errorf("manifests[%d]: %w", len(entries), err)
		}
		entries = append(entries, entry{Descriptor: d, raw: raw})
	}
	return entries, nil
}

// newIndex is the index of a layout without manifests.
func newIndex() *index {
	return &index{members: map[string]json.RawMessage{"schemaVersion": json.RawMessage("2"),
		"mediaType": json.RawMessage(`"` + registry.TypeIndex + `"`)}}
}

// encode writes index.json: members by name, entries in their order.
func (idx *index) encode() ([]byte, error) {
	raws := make([]json.RawMessage, len(idx.entries))
	for i := range idx.entries {
		var err error
		if raws[i], err = idx.entries[i].encode(); err != nil {
			return nil, err
		}
	}
	members := maps.Clone(idx.members)
	var err error
	if members["manifests"], err = encode(raws); err != nil {
		return nil, err
	}
	return encode(members)
}

func (e *entry) encode() (json.RawMessage, error) {
	if e.raw != nil {
		return e.raw, nil
	}
	return encode(e.Descriptor)
}

// encode is json.Marshal without HTML escapes.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// annotate sets or (with an empty value) removes the tag of an entry, and keeps
// its other members, known to us or not.
func (e *entry) annotate(tag string) error {
	annotations := maps.Clone(e.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	delete(annotations, refName)
	if tag != "" {
		annotations[refName] = tag
	}
	if e.raw != nil {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(e.raw, &members); err != nil {
			return err
		}
		var err error
		if members["annotations"], err = encode(annotations); err != nil {
			return err
		}
		if e.raw, err = encode(members); err != nil {
			return err
		}
	}
	e.Annotations = annotations
	return nil
}

// add lists a manifest unless it is listed.
func (idx *index) add(d registry.Descriptor) {
	if idx.find(d.Digest) < 0 {
		d.URLs, d.Data = nil, nil
		idx.entries = append(idx.entries, entry{Descriptor: d})
	}
}

func (idx *index) find(digest string) int {
	return slices.IndexFunc(idx.entries, func(e entry) bool { return e.Digest == digest })
}

func (idx *index) tagged(tag string) int {
	return slices.IndexFunc(idx.entries, func(e entry) bool { return e.tag() == tag })
}

// set makes a tag name a manifest that is listed.
func (idx *index) set(t registry.Tagging) error {
	if err := registry.CheckTag(t.Tag); err != nil {
		return err
	}
	to := idx.find(t.Digest)
	if to < 0 {
		return fmt.Errorf("%w: manifest %s, which should get the tag %q", registry.ErrNotFound, t.Digest, t.Tag)
	}
	if at := idx.tagged(t.Tag); at >= 0 {
		now := idx.entries[at].Digest
		switch {
		case now == t.Digest:
			return nil
		case !t.Force && t.Expect != now:
			return fmt.Errorf("%w: %q names %s", registry.ErrTagTaken, t.Tag, now)
		}
		if err := idx.untag(at); err != nil {
			return err
		}
	} else if t.Expect != "" && !t.Force {
		return fmt.Errorf("%w: %q names nothing any more, not %s", registry.ErrTagTaken, t.Tag, t.Expect)
	}
	return idx.place(t.Tag, t.Digest)
}

// place writes the tag on the manifest's entry, or on a copy of it when that has
// another tag.
func (idx *index) place(tag, digest string) error {
	i := slices.IndexFunc(idx.entries, func(e entry) bool { return e.Digest == digest && e.Annotations[refName] == "" })
	if i < 0 {
		idx.entries = append(idx.entries, idx.entries[idx.find(digest)])
		i = len(idx.entries) - 1
	}
	return idx.entries[i].annotate(tag)
}

// untag removes the tag at i. The manifest stays listed: statements may be about
// it.
func (idx *index) untag(i int) error {
	for j := range idx.entries {
		if j != i && idx.entries[j].Digest == idx.entries[i].Digest {
			idx.entries = slices.Delete(idx.entries, i, i+1)
			return nil
		}
	}
	return idx.entries[i].annotate("")
}
