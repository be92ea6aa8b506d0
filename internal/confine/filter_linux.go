//go:build amd64 || arm64

package confine

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// denied are the system calls that reading a file never needs, whatever their
// arguments. The older names that only some architectures have stand in
// deniedHere.
var denied = [...]uintptr{
	// connections and messages
	unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_LISTEN, unix.SYS_ACCEPT, unix.SYS_ACCEPT4,
	unix.SYS_SHMGET, unix.SYS_MSGGET, unix.SYS_SEMGET, unix.SYS_MQ_OPEN,
	// programs and other processes
	unix.SYS_EXECVE, unix.SYS_EXECVEAT, unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PROCESS_MADVISE,
	unix.SYS_KILL, unix.SYS_TKILL, unix.SYS_RT_SIGQUEUEINFO, unix.SYS_RT_TGSIGQUEUEINFO, unix.SYS_PIDFD_OPEN, unix.SYS_PIDFD_GETFD,
	unix.SYS_PIDFD_SEND_SIGNAL, unix.SYS_KCMP, unix.SYS_SETPRIORITY, unix.SYS_PRLIMIT64, unix.SYS_SETRLIMIT,
	// what Landlock leaves open: content, rights and times of files
	unix.SYS_TRUNCATE, unix.SYS_FTRUNCATE, unix.SYS_FALLOCATE, unix.SYS_FCHMOD, unix.SYS_FCHMODAT, unix.SYS_FCHMODAT2, unix.SYS_FCHOWN,
	unix.SYS_FCHOWNAT, unix.SYS_SETXATTR, unix.SYS_LSETXATTR, unix.SYS_FSETXATTR, unix.SYS_SETXATTRAT, unix.SYS_REMOVEXATTR,
	unix.SYS_LREMOVEXATTR, unix.SYS_FREMOVEXATTR, unix.SYS_UTIMENSAT, unix.SYS_MKNODAT, unix.SYS_MKDIRAT, unix.SYS_LINKAT,
	unix.SYS_SYMLINKAT, unix.SYS_RENAMEAT2, unix.SYS_UNLINKAT, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_NAME_TO_HANDLE_AT,
	// the system, for a process that runs as root
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_SETNS, unix.SYS_UNSHARE, unix.SYS_MOUNT_SETATTR,
	unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE, unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK,
	unix.SYS_REBOOT, unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME, unix.SYS_CLOCK_SETTIME, unix.SYS_SETTIMEOFDAY, unix.SYS_ADJTIMEX,
	unix.SYS_CLOCK_ADJTIME, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_ACCT, unix.SYS_SYSLOG, unix.SYS_QUOTACTL, unix.SYS_FANOTIFY_INIT,
	unix.SYS_BPF, unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
	unix.SYS_IO_URING_SETUP, unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD,
}

// Fields of struct seccomp_data, on the little-endian machines we know, and the
// answers of a filter.
const (
	dataNumber = 0
	dataArch   = 4
	dataArgs   = 16 // eight bytes each; we look at the lower four
	x32Bit     = 0x40000000
	deny       = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	unknown    = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
	allow      = unix.SECCOMP_RET_ALLOW
)

// calls installs the filter on every thread.
func calls() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	program := filter(auditArch)
	fprog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&fprog)))
	switch {
	case errno != 0:
		return errno
	case thread != 0:
		return fmt.Errorf("thread %d could not be confined", thread)
	}
	return nil
}

func load(off uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: off}
}

func answer(k uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k}
}

func jump(test uint16, k uint32, yes, no uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | test | unix.BPF_K, Jt: yes, Jf: no, K: k}
}

// filter answers EPERM to each denied call and to calls of a foreign
// architecture, and allows the rest.
func filter(arch uint32) []unix.SockFilter {
	program := []unix.SockFilter{
		load(dataArch), jump(unix.BPF_JEQ, arch, 1, 0), answer(deny),
		load(dataNumber), jump(unix.BPF_JGE, x32Bit, 0, 1), answer(deny),
	}
	for _, list := range [][]uintptr{denied[:], deniedHere} {
		for _, n := range list {
			program = append(program, jump(unix.BPF_JEQ, uint32(n), 0, 1), answer(deny))
		}
	}
	for _, c := range conditions() {
		program = append(program, c.code()...)
	}
	return append(program, answer(allow))
}

// condition is a call that is needed with some arguments and denied with others.
type condition struct {
	call  uintptr
	arg   uint32 // which argument
	test  uint16 // BPF_JEQ or BPF_JSET
	value []uint32
	yes   uint32 // the answer when the test holds for one of the values
	no    uint32
}

func conditions() []condition {
	return []condition{
		// Threads are needed, processes are not. A libc falls back to clone.
		{unix.SYS_CLONE, 0, unix.BPF_JSET, []uint32{unix.CLONE_THREAD}, allow, deny},
		{unix.SYS_CLONE3, 0, unix.BPF_JEQ, nil, deny, unknown},
		// The runtime interrupts its own threads.
		{unix.SYS_TGKILL, 0, unix.BPF_JEQ, []uint32{uint32(os.Getpid())}, allow, deny},
		// Signals sent by way of a file, and keystrokes pushed into a terminal.
		{unix.SYS_FCNTL, 1, unix.BPF_JEQ, []uint32{unix.F_SETOWN, unix.F_SETSIG, unix.F_SETOWN_EX}, deny, allow},
		{unix.SYS_IOCTL, 1, unix.BPF_JEQ, []uint32{unix.TIOCSTI, tioclinux, fiosetown, siocspgrp}, deny, allow},
	}
}

// Requests of ioctl that x/sys does not name.
const (
	tioclinux = 0x541c
	fiosetown = 0x8901
	siocspgrp = 0x8902
)

// code ends in an answer on every path, so that the number of the call is still
// loaded when the next condition looks at it.
func (c condition) code() []unix.SockFilter {
	n := len(c.value)
	out := []unix.SockFilter{jump(unix.BPF_JEQ, uint32(c.call), 0, uint8(n+3)), load(dataArgs + 8*c.arg)}
	for i, v := range c.value {
		out = append(out, jump(c.test, v, uint8(n-i), 0))
	}
	return append(out, answer(c.no), answer(c.yes))
}
