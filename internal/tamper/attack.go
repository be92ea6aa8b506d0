package tamper

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Annotate changes an annotation of the manifest behind tag, moves the tag to the
// new manifest and carries all statements over to it.
func Annotate(dir, tag, key, value string) error {
	l, err := open(dir)
	if err != nil {
		return err
	}
	old, err := l.tagged(tag)
	if err != nil {
		return err
	}
	m, err := l.manifest(old)
	if err != nil {
		return err
	}
	if asObject(m["annotations"]) == nil {
		m["annotations"] = object{}
	}
	asObject(m["annotations"])[key] = value
	changed, err := l.store(m, old)
	if err != nil {
		return err
	}
	if err := l.carry(old, changed); err != nil {
		return err
	}
	if err := l.retag(tag, changed); err != nil {
		return err
	}
	return l.save()
}

// carry attaches copies of all statements about one manifest to another one.
func (l *layout) carry(from, to object) error {
	statements, err := l.referrers(text(from, "digest"))
	if err != nil {
		return err
	}
	for _, s := range statements {
		copied, err := l.attach(s, to)
		if err != nil {
			return err
		}
		l.add(copied)
	}
	return nil
}

// Retag moves a tag to the model that carries another tag.
func Retag(dir, tag, other string) error {
	l, err := open(dir)
	if err != nil {
		return err
	}
	to, err := l.tagged(other)
	if err != nil {
		return err
	}
	if err := l.retag(tag, to); err != nil {
		return err
	}
	return l.save()
}

// Content flips one bit in the middle of the largest layer behind tag. The blob
// keeps its name and its size.
func Content(dir, tag string) error {
	l, err := open(dir)
	if err != nil {
		return err
	}
	d, err := l.tagged(tag)
	if err != nil {
		return err
	}
	m, err := l.manifest(d)
	if err != nil {
		return err
	}
	var digest string
	var largest float64
	layers, _ := m["layers"].([]any)
	for _, layer := range layers {
		if size, _ := asObject(layer)["size"].(float64); size > largest {
			largest, digest = size, text(asObject(layer), "digest")
		}
	}
	if digest == "" {
		return errors.New("the manifest has no layer")
	}
	return flip(l.blob(digest))
}

func flip(name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	data[len(data)/2] ^= 1
	// Blobs may be read-only; their owner can change that.
	if err := os.Chmod(name, 0o644); err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o644)
}

// Statement replaces text in the payload of every statement about the model
// behind tag whose predicate type contains kind, and keeps the signatures. It
// fails when nothing was replaced, so that a demo cannot pass by doing nothing.
func Statement(dir, tag, kind, old, new string) error {
	l, err := open(dir)
	if err != nil {
		return err
	}
	d, err := l.tagged(tag)
	if err != nil {
		return err
	}
	statements, err := l.referrers(text(d, "digest"))
	if err != nil {
		return err
	}
	var edited int
	for _, s := range statements {
		changed, err := l.edit(s, kind, old, new)
		if err != nil {
			return err
		}
		if changed != nil {
			l.drop([]object{s})
			l.add(changed)
			edited++
		}
	}
	if edited == 0 {
		return fmt.Errorf("no %s statement contains %q", kind, old)
	}
	return l.save()
}

// edit returns the descriptor of the changed referrer, nil when it is not of
// that kind or does not contain old.
func (l *layout) edit(referrer object, kind, old, new string) (object, error) {
	m, err := l.manifest(referrer)
	if err != nil {
		return nil, err
	}
	layer, bundle, payload, err := l.envelope(m)
	if err != nil || payload == nil {
		return nil, err
	}
	var head struct {
		PredicateType string `json:"predicateType"`
	}
	if json.Unmarshal(payload, &head) != nil || !strings.Contains(head.PredicateType, kind) || !bytes.Contains(payload, []byte(old)) {
		return nil, nil
	}
	payload = bytes.Replace(payload, []byte(old), []byte(new), 1)
	asObject(bundle["dsseEnvelope"])["payload"] = base64.StdEncoding.EncodeToString(payload)
	data, err := json.Marshal(bundle)
	if err != nil {
		return nil, err
	}
	digest, err := l.put(data)
	if err != nil {
		return nil, err
	}
	layer["digest"], layer["size"] = digest, len(data)
	return l.store(m, referrer)
}

// envelope finds the layer of a referrer that is a Sigstore bundle with a DSSE
// envelope; a nil payload means that there is none.
func (l *layout) envelope(m object) (layer, bundle object, payload []byte, err error) {
	layers, _ := m["layers"].([]any)
	for _, each := range layers {
		layer = asObject(each)
		data, err := os.ReadFile(l.blob(text(layer, "digest")))
		if err != nil {
			return nil, nil, nil, err
		}
		bundle = nil
		if json.Unmarshal(data, &bundle) != nil {
			continue
		}
		if encoded := text(bundle, "dsseEnvelope", "payload"); encoded != "" {
			payload, err = base64.StdEncoding.DecodeString(encoded)
			return layer, bundle, payload, err
		}
	}
	return nil, nil, nil, nil
}

// Reattach takes the statements about the model behind other, attaches them to
// the model behind tag, and removes the statements that were there.
func Reattach(dir, tag, other string) error {
	l, err := open(dir)
	if err != nil {
		return err
	}
	to, err := l.tagged(tag)
	if err != nil {
		return err
	}
	from, err := l.tagged(other)
	if err != nil {
		return err
	}
	if to["digest"] == from["digest"] {
		return fmt.Errorf("%q and %q are the same model", tag, other)
	}
	mine, err := l.referrers(text(to, "digest"))
	if err != nil {
		return err
	}
	l.drop(mine)
	if err := l.carry(from, to); err != nil {
		return err
	}
	return l.save()
}

// Withhold removes the statements about the model behind tag whose predicate
// type contains kind; all of them when kind is empty.
func Withhold(dir, tag, kind string) error {
	l, err := open(dir)
	if err != nil {
		return err
	}
	d, err := l.tagged(tag)
	if err != nil {
		return err
	}
	statements, err := l.referrers(text(d, "digest"))
	if err != nil {
		return err
	}
	before := len(l.entries())
	for _, s := range statements {
		changed, err := l.edit(s, kind, "", "")
		if err != nil {
			return err
		}
		if changed != nil || kind == "" {
			l.drop([]object{s})
		}
	}
	if len(l.entries()) == before {
		return fmt.Errorf("no %s statement to withhold", kind)
	}
	return l.save()
}
