package confine

import (
	"fmt"
	"os"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// Self confines the calling process, with all its threads, for good.
func Self(r Rights) Status {
	var s Status
	s.note("landlock", files(r))
	var limited error
	if r.NoFiles {
		limited = limits() // before the filter, which forbids to change limits
	}
	s.note("seccomp", calls())
	if r.NoFiles {
		s.note("limits", limited)
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
	// The first version knows neither truncating nor controlling devices.
	if err := landlock.V5.BestEffort().RestrictPaths(rules...); err != nil {
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
