// Package confine takes rights away from the process that reads strangers'
// bytes: after Self it can read the given paths and nothing else, write, cut off
// or rename no file, change no rights, open no connection, start no program or
// process, and signal nobody.
//
// Threat: a bug in a reader that hostile bytes turn into code execution. The
// measures are Landlock (files, TCP) and a seccomp filter (sockets, programs,
// signals, what Landlock leaves open) on Linux, and resource limits on every Unix. They degrade: what the
// kernel does not offer is named in Status.Missing so that callers can say so.
//
// Not covered: time and memory used within the limits; bytes already read.
package confine

// Rights is what a confined process keeps.
type Rights struct {
	ReadPaths []string // files and folders that stay readable
	NoFiles   bool     // no file may be created or grow, beyond descriptors already open
}

// Status says which measures are in force.
type Status struct {
	Active  []string // "landlock", "seccomp", "limits"
	Missing []string // with the reason, for people
}
