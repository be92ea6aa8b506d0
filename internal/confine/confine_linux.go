package confine

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// Self confines the calling process, with all its threads, for good.
func Self(r Rights) Status {
	var s Status
	s.note("landlock", files(r))
	s.note("seccomp", calls())
	if r.NoFiles {
		s.note("limits", limits())
	}
	return s
}

func (s *Status) note(measure string, err error) {
	if err != nil {
		s.Missing = append(s.Missing, fmt.Sprintf("%s: %v", measure, err))
		return
	}
	s.Active = append(s.Active, measure)
}

// files leaves read access to the given paths. Paths that do not exist are
// dropped: they cannot be read either way.
func files(r Rights) error {
	var rules []landlock.Rule
	for _, p := range r.ReadPaths {
		info, err := os.Stat(p)
		switch {
		case err != nil:
		case info.IsDir():
			rules = append(rules, landlock.RODirs(p))
		default:
			rules = append(rules, landlock.ROFiles(p))
		}
	}
	if err := landlock.V1.RestrictPaths(rules...); err != nil {
		return err
	}
	return landlock.V5.BestEffort().RestrictNet()
}

func limits() error {
	zero := &unix.Rlimit{}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, zero); err != nil {
		return err
	}
	return unix.Setrlimit(unix.RLIMIT_FSIZE, zero)
}

// denied are the system calls that reading a file never needs.
var denied = [...]uintptr{
	unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_LISTEN, unix.SYS_ACCEPT4,
	unix.SYS_EXECVE, unix.SYS_EXECVEAT, unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV,
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_SETNS, unix.SYS_UNSHARE,
	unix.SYS_BPF, unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_PERF_EVENT_OPEN,
	unix.SYS_USERFAULTFD, unix.SYS_IO_URING_SETUP, unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_KEXEC_LOAD,
	unix.SYS_PIDFD_GETFD, unix.SYS_OPEN_BY_HANDLE_AT,
}

// Fields of struct seccomp_data, and the answers of a filter.
const (
	dataNumber = 0
	dataArch   = 4
	x32Bit     = 0x40000000
	deny       = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
)

// calls installs the filter on every thread.
func calls() error {
	arch, ok := map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}[runtime.GOARCH]
	if !ok {
		return fmt.Errorf("no filter for %s", runtime.GOARCH)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	program := filter(arch)
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

// filter answers EPERM to each denied call and to calls of a foreign
// architecture, and allows the rest.
func filter(arch uint32) []unix.SockFilter {
	load := func(off uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: off}
	}
	answer := func(k uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k} }
	equal := func(k uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: yes, Jf: no, K: k}
	}
	program := []unix.SockFilter{
		load(dataArch), equal(arch, 1, 0), answer(deny),
		load(dataNumber),
		{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, Jt: 0, Jf: 1, K: x32Bit}, answer(deny),
	}
	for _, n := range denied {
		program = append(program, equal(uint32(n), 0, 1), answer(deny))
	}
	return append(program, answer(unix.SECCOMP_RET_ALLOW))
}
