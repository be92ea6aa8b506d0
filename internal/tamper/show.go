package tamper

import (
	"encoding/json"
	"fmt"
	"io"
)

// Show prints the statements about the model behind tag as anybody can read them:
// the envelope is signed, not secret. Long lists and texts are shortened.
func Show(w io.Writer, dir, tag string) error {
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
	for _, s := range statements {
		m, err := l.manifest(s)
		if err != nil {
			return err
		}
		_, _, payload, err := l.envelope(m)
		if err != nil {
			return err
		}
		var statement object
		if payload == nil || json.Unmarshal(payload, &statement) != nil {
			continue
		}
		pretty, err := json.MarshalIndent(shorten(statement), "", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\n%s\n", text(statement, "predicateType"), pretty)
	}
	return nil
}

const (
	shownItems = 3
	shownText  = 100 // bytes
)

func shorten(v any) any {
	switch v := v.(type) {
	case string:
		if len(v) > shownText {
			return v[:shownText] + "…"
		}
	case object:
		for key := range v {
			v[key] = shorten(v[key])
		}
	case []any:
		for i := range v {
			v[i] = shorten(v[i])
		}
		if len(v) > shownItems {
			return append(v[:shownItems:shownItems], fmt.Sprintf("… and %d more", len(v)-shownItems))
		}
	}
	return v
}
