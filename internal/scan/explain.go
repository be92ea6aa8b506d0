package scan

import (
	"context"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

// Account is what a loader would do with one stream of a file.
type Account struct {
	Location finding.Location `json:"location"`
	Format   string           `json:"format"`
	Steps    []format.Step    `json:"steps"`
}

// Explain reads one file and returns, for each stream in it that a loader acts
// on, what it would do. The report is that of a scan of the same file.
func Explain(ctx context.Context, tree *artifact.Tree, formats []format.Format, opt Options) ([]Account, *finding.Report, error) {
	var accounts []Account
	told := make([]format.Format, len(formats))
	for i, f := range formats {
		told[i] = f
		if f.Explain == nil {
			continue
		}
		told[i].Read = func(in *format.Input) format.Result {
			r := f.Read(in)
			if len(r.Spans) > 0 || len(r.Findings) > 0 { // it is what it looks like
				accounts = append(accounts, Account{Location: in.Location(0, in.R.Size()), Format: f.ID, Steps: f.Explain(in)})
			}
			return r
		}
	}
	opt.Jobs = 1 // accounts come in the order of reading
	report, err := Run(ctx, tree, told, opt)
	return accounts, report, err
}
