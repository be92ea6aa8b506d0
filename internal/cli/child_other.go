//go:build !linux

package cli

import "os/exec"

// isolate relies on the closed pipe here: the child ends when it writes.
func isolate(*exec.Cmd) {}
