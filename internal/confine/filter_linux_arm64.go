package confine

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_AARCH64

// deniedHere are denied calls that only some machines have.
var deniedHere = []uintptr{unix.SYS_RENAMEAT}
