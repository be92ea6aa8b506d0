package cli

import (
	"math"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// isolate makes the kernel end the child when this process ends, and keeps files
// from it that whoever started this process left open: shells and CI runners do.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	_ = unix.CloseRange(3, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC) // older kernels cannot
}
