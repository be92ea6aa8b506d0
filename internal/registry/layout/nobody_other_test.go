//go:build unix && !linux

package layout

import (
	"os"
	"testing"
)

func asNobody(t *testing.T, f func()) {
	if os.Getuid() == 0 {
		t.Fatal("run the tests as an ordinary user here")
	}
	f()
}
