// Package tamper is the attacker of the demo and of the tests: it poisons a copy
// of a model, and it changes an OCI image layout the way somebody with write
// access to the registry would, with all digests recomputed so that the layout
// stays valid. It holds no key and forges no signature; every change must
// therefore end in a denial.
//
// Layout: https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md.
// It is used by tests and by scripts/tamper only.
package tamper

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// object is a JSON object of which only some members matter here; the others
// are kept as they are.
type object = map[string]any

const (
	refName      = "org.opencontainers.image.ref.name"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
)

// layout is one OCI image layout on disk.
type layout struct {
	dir   string
	index object
}

func open(dir string) (*layout, error) {
	l := &layout{dir: dir}
	return l, readJSON(filepath.Join(dir, "index.json"), &l.index)
}

func readJSON(name string, into any) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (l *layout) save() error {
	data, err := json.Marshal(l.index)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(l.dir, "index.json"), data, 0o644)
}

func (l *layout) blob(digest string) string {
	return filepath.Join(l.dir, "blobs", "sha256", filepath.Base(digest[len("sha256:"):]))
}

// put stores data under its digest.
func (l *layout) put(data []byte) (digest string, err error) {
	sum := sha256.Sum256(data)
	digest = "sha256:" + hex.EncodeToString(sum[:])
	return digest, os.WriteFile(l.blob(digest), data, 0o644)
}

// entries are the descriptors of the index.
func (l *layout) entries() []object {
	var all []object
	list, _ := l.index["manifests"].([]any)
	for _, e := range list {
		if o, ok := e.(object); ok {
			all = append(all, o)
		}
	}
	return all
}

func (l *layout) setEntries(entries []object) {
	list := make([]any, len(entries))
	for i, e := range entries {
		list[i] = e
	}
	l.index["manifests"] = list
}

func text(o object, keys ...string) string {
	for _, key := range keys[:len(keys)-1] {
		o, _ = o[key].(object)
	}
	s, _ := o[keys[len(keys)-1]].(string)
	return s
}

// tagged returns the descriptor that carries a tag.
func (l *layout) tagged(tag string) (object, error) {
	for _, e := range l.entries() {
		if text(e, "annotations", refName) == tag {
			return e, nil
		}
	}
	return nil, fmt.Errorf("%s: no tag %q", l.dir, tag)
}

// retag moves a tag to another manifest; the old manifest stays, untagged.
func (l *layout) retag(tag string, to object) error {
	old, err := l.tagged(tag)
	if err != nil {
		return err
	}
	moved := clone(to)
	moved["annotations"] = clone(asObject(to["annotations"]))
	asObject(moved["annotations"])[refName] = tag
	untagged := clone(old)
	untagged["annotations"] = clone(asObject(old["annotations"]))
	delete(asObject(untagged["annotations"]), refName)
	entries := slices.DeleteFunc(l.entries(), func(e object) bool {
		return text(e, "annotations", refName) == tag
	})
	l.setEntries(append(entries, untagged, moved))
	return nil
}

func (l *layout) manifest(descriptor object) (object, error) {
	var m object
	return m, readJSON(l.blob(text(descriptor, "digest")), &m)
}

// store writes a manifest and returns a descriptor for it that keeps artifact
// type and annotations of the one it replaces.
func (l *layout) store(m, replaces object) (object, error) {
	data, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	digest, err := l.put(data)
	if err != nil {
		return nil, err
	}
	descriptor := clone(replaces)
	descriptor["digest"], descriptor["size"], descriptor["mediaType"] = digest, len(data), manifestType
	return descriptor, nil
}

// referrers are the descriptors of the manifests that name subject.
func (l *layout) referrers(subject string) ([]object, error) {
	var found []object
	for _, e := range l.entries() {
		m, err := l.manifest(e)
		if err != nil {
			return nil, err
		}
		if text(m, "subject", "digest") == subject {
			found = append(found, e)
		}
	}
	if len(found) == 0 {
		return nil, errors.New("no referrers of " + subject + " in the index")
	}
	return found, nil
}

// attach points a referrer at another subject: its manifest is not signed, so
// nothing stops an attacker from doing so.
func (l *layout) attach(referrer, subject object) (object, error) {
	m, err := l.manifest(referrer)
	if err != nil {
		return nil, err
	}
	m["subject"] = object{"mediaType": manifestType, "digest": subject["digest"], "size": subject["size"]}
	return l.store(m, referrer)
}

// drop removes descriptors from the index, by digest.
func (l *layout) drop(gone []object) {
	l.setEntries(slices.DeleteFunc(l.entries(), func(e object) bool {
		return slices.ContainsFunc(gone, func(g object) bool { return g["digest"] == e["digest"] })
	}))
}

func (l *layout) add(descriptors ...object) { l.setEntries(append(l.entries(), descriptors...)) }

func clone(o object) object {
	c := object{}
	for k, v := range o {
		c[k] = v
	}
	return c
}

func asObject(v any) object {
	o, _ := v.(object)
	return o
}
