//go:build !linux

package confine

import "runtime"

// Self confines nothing on this system and says so.
func Self(Rights) Status {
	return Status{Missing: []string{"confinement: not available on " + runtime.GOOS}}
}
