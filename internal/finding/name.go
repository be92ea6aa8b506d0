package finding

import (
	"cmp"
	"slices"
	"time"
)

// Name is a Python name that the user's policy lets files import although the
// list of inert names does not have it. A report and a scan statement carry those
// in force, because the verdict rests on them.
type Name struct {
	Module  string `json:"module"`
	Name    string `json:"name"`
	Tier    string `json:"tier"` // "A": may be called; "B": may be held or made empty
	Reason  string `json:"reason"`
	Expires string `json:"expires"` // last day it counts, UTC: "2027-01-31"
}

// Expired reports whether the last day is over. A day that cannot be read is.
func (n *Name) Expired(now time.Time) bool {
	day, err := time.Parse(time.DateOnly, n.Expires)
	return err != nil || !now.UTC().Before(day.AddDate(0, 0, 1))
}

// SortNames orders by module and name.
func SortNames(names []Name) {
	slices.SortFunc(names, func(a, b Name) int { return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.Name, b.Name)) })
}
