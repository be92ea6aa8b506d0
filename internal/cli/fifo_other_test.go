//go:build !unix

package cli

import "github.com/rogpeppe/go-internal/testscript"

// cmdFifo has no counterpart here: scripts with named pipes say [unix].
func cmdFifo(ts *testscript.TestScript, neg bool, args []string) {
	ts.Fatalf("no named pipes on this system")
}
