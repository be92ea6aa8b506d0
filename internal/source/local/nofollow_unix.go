//go:build unix

package local

import "syscall"

// A link in the last component is refused, and opening a pipe does not wait for
// its writer.
const (
	noFollow = syscall.O_NOFOLLOW
	nonBlock = syscall.O_NONBLOCK
)
