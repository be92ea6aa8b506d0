package finding

import "fmt"

// Severity says what a finding means for the verdict (design: CRITICAL and HIGH
// flag, MEDIUM wants a look, LOW and INFO are recorded).
type Severity int

// The severities, in rising order.
const (
	Info Severity = iota
	Low
	Medium
	High
	Critical
)

var severityNames = [...]string{"INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"}

// String is the upper-case name; an unknown value prints as CRITICAL so that a
// mistake never looks harmless.
func (s Severity) String() string {
	if s < Info || s > Critical {
		return severityNames[Critical]
	}
	return severityNames[s]
}

// ParseSeverity reads a name in any case.
func ParseSeverity(name string) (Severity, error) {
	for i, n := range severityNames {
		if equalFold(n, name) {
			return Severity(i), nil
		}
	}
	return Critical, fmt.Errorf("unknown severity %q (want INFO, LOW, MEDIUM, HIGH or CRITICAL)", name)
}

// MarshalText implements encoding.TextMarshaler.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Severity) UnmarshalText(b []byte) error {
	v, err := ParseSeverity(string(b))
	*s = v
	return err
}

func equalFold(upper, name string) bool {
	if len(upper) != len(name) {
		return false
	}
	for i := range len(name) {
		if c := name[i]; c != upper[i] && (c < 'a' || c > 'z' || c-'a'+'A' != upper[i]) {
			return false
		}
	}
	return true
}
