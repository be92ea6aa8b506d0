package scan

import (
	"testing"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

// A flood of streams of one severity takes no room from another.
func TestShelfKeepsRoomForEachSeverity(t *testing.T) {
	account := func(s finding.Severity, steps int) format.Account {
		a := format.Account{Steps: make([]format.Step, steps)}
		a.Steps[0].Severity = s
		return a
	}
	for _, flood := range []struct {
		name         string
		count, steps int
		kept         int
	}{
		{"many", maxAccounts + 10, 1, maxAccounts},
		{"large", 10, maxListed/2 + 1, 2},
	} {
		t.Run(flood.name, func(t *testing.T) {
			var s shelf
			for _, sev := range []finding.Severity{finding.Info, finding.Medium, finding.High} {
				for range flood.count {
					s.put(account(sev, flood.steps))
				}
			}
			s.put(account(finding.Critical, flood.steps))
			if got := s.accounts[len(s.accounts)-1].Worst(); got != finding.Critical {
				t.Errorf("the last one told is %s", got)
			}
			if want := 3*flood.kept + 1; len(s.accounts) != want || s.left != int64(3*(flood.count-flood.kept)) {
				t.Errorf("%d told, %d left; want %d", len(s.accounts), s.left, want)
			}
		})
	}
}
