//go:build unix

package durable

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestOwn(t *testing.T) {
	dir := t.TempDir()
	if err := Own(dir); err != nil {
		t.Error(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if err := Own(link); !errors.Is(err, ErrFile) {
		t.Errorf("a link: %v", err)
	}
	foreign := "/" // of root
	if os.Geteuid() == 0 {
		foreign = filepath.Join(dir, "foreign")
		if err := errors.Join(os.Mkdir(foreign, 0o700), os.Chown(foreign, 65534, 65534)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Own(foreign); !errors.Is(err, ErrFile) {
		t.Errorf("somebody else's folder: %v", err)
	}
}
