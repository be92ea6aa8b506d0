package quarantine

import (
	"bytes"
	"errors"
	"testing"

	"github.com/sallyport/sallyport/internal/artifact"
)

// moving is a file of the right size that somebody writes to meanwhile.
type moving struct {
	*bytes.Reader
	changed bool
}

func (m *moving) Size() int64   { return m.Reader.Size() }
func (m *moving) Changed() bool { return m.changed }
func (m *moving) Close() error  { return nil }

func TestFileWrittenToWhileItIsRead(t *testing.T) {
	for _, changed := range []bool{false, true} {
		d, err := At(t.TempDir(), Options{}).Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.AddFile(t.Context(), artifact.File{Path: "a", Size: 4, Open: func() (artifact.Content, error) {
			return &moving{bytes.NewReader([]byte("text")), changed}, nil
		}})
		if errors.Is(err, ErrChanged) != changed {
			t.Errorf("changed %v: %v", changed, err)
		}
		if err := d.Drop(); err != nil {
			t.Error(err)
		}
	}
}
