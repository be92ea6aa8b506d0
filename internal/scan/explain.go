package scan

import (
	"context"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

// Bounds of an explanation. Streams are counted apart by their worst step, so
// that no flood of harmless ones hides one that is not.
const (
	maxAccounts = 500    // streams of one severity
	maxListed   = 50_000 // their steps, nodes and edges together; the first one past it is still told
)

// Explain reads one file and returns, for each stream in it that a loader acts
// on, what it would do. The report is that of a scan of the same file; cuts name
// the limits that kept streams from being told.
func Explain(ctx context.Context, tree *artifact.Tree, formats []format.Format, opt Options) (accounts []format.Account, cuts []format.Cut, report *finding.Report, err error) {
	var list shelf
	told := make([]format.Format, len(formats))
	for i, f := range formats {
		told[i] = f
		if f.Explain == nil {
			continue
		}
		told[i].Read = func(in *format.Input) format.Result {
			in.Told = true
			r := f.Read(in)
			if len(r.Spans) > 0 || len(r.Findings) > 0 { // it is what it looks like
				f.Explain(in, func(a format.Account) {
					a.Format = f.ID
					list.put(a)
				})
			}
			return r
		}
	}
	opt.Jobs = 1 // accounts come in the order of reading
	report, err = Run(ctx, tree, told, opt)
	if list.left > 0 {
		cuts = append(cuts, format.Cut{Limit: "explain-accounts", Most: maxAccounts, Left: list.left})
	}
	return list.accounts, cuts, report, err
}

// shelf holds accounts as long as there is room for those of their severity.
type shelf struct {
	accounts []format.Account
	used     [finding.Critical + 1]struct{ accounts, listed int }
	left     int64
}

func (s *shelf) put(a format.Account) {
	u := &s.used[a.Worst()]
	if u.accounts == maxAccounts || u.listed > maxListed {
		s.left++
		return
	}
	u.accounts++
	u.listed += len(a.Steps) + len(a.Graph.Nodes) + len(a.Graph.Edges) + len(a.Builds.Listed)
	s.accounts = append(s.accounts, a)
}
