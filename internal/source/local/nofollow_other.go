//go:build !unix

package local

// There is no equivalent here: the walk has already left links and pipes out.
const (
	noFollow = 0
	nonBlock = 0
)
