// Package scan is the engine: it takes an artifact and a list of formats,
// identifies each file by content, reads it, recurses into what is nested,
// derives which bytes nobody explained, and yields a Report.
//
// Threat: the files. One hostile file must not hide another: a reader that
// panics, a limit that is reached, a file that changes or cannot be read each
// become a named gap of that file, findings made before stay, and the walk goes
// on. The engine knows the contract of a format, not one format.
//
// Not covered: where files come from (source), confinement (confine), and what
// a verdict is used for (policy).
package scan

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/detect"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Options say how to scan. The zero value scans with every core and no digests.
type Options struct {
	Jobs      int                      // files read at the same time; 0: one per core
	Digest    bool                     // read every byte and compute SHA-256 of each file
	Deep      bool                     // look into declared payload too
	Version   string                   // program version for the report
	Names     []finding.Name           // what the user's policy adds to the list of inert Python names; in force now
	Detectors []detect.Detector        // judge texts by language; a language without one is a gap
	Done      func(files, bytes int64) // called after each file, from any goroutine; may be nil
}

// Run scans the tree with the formats, in their order. The error is for our own
// trouble (the context ended); everything wrong with the artifact is in the
// report.
func Run(ctx context.Context, tree *artifact.Tree, formats []format.Format, opt Options) (*finding.Report, error) {
	report := &finding.Report{
		Tool:   finding.Tool{Name: "sallyport", Version: opt.Version, Ruleset: rule.Digest, Sequence: rule.Sequence},
		Source: tree.Source,
		Limits: bounded.Limits(),
		Size:   tree.Size(),
		Names:  opt.Names,
		Deep:   opt.Deep,
	}
	omissions(report, tree)
	files := tree.Files
	if len(files) > bounded.MaxFiles {
		gap := rule.Gap("SP-COV-003", finding.Location{Path: files[bounded.MaxFiles].Path}, "The artifact has more files than one scan looks at.")
		gap.Limit = "files"
		report.Gaps = append(report.Gaps, gap)
		files = files[:bounded.MaxFiles]
	}
	results := make([]fileResult, len(files))
	e := &engine{formats: formats, repo: newRepo(tree), names: format.NewNames(opt.Names), opt: opt}
	e.all(ctx, files, results)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	report.Files = slices.Grow(report.Files, len(results))
	for i := range results {
		r := &results[i]
		report.Files = append(report.Files, r.node)
		report.Findings = append(report.Findings, r.findings...)
		report.Gaps = append(report.Gaps, r.gaps...)
		report.BytesRead += r.read
	}
	if opt.Deep {
		report.Findings = append(report.Findings, strangers(report.Files)...)
	}
	report.Seal()
	return report, nil
}

// omissions turns what the source left out into exclusions and gaps.
func omissions(report *finding.Report, tree *artifact.Tree) {
	for _, o := range tree.Omissions {
		at := finding.Location{Path: o.Path}
		switch o.Kind {
		case artifact.OmittedExcluded:
			report.Excluded = append(report.Excluded, finding.Excluded{Path: o.Path, Reason: o.Detail})
		case artifact.OmittedUnreadable:
			report.Gaps = append(report.Gaps, rule.Gap("SP-COV-005", at, "It could not be read: "+o.Detail+"."))
		default:
			report.Gaps = append(report.Gaps, rule.Gap("SP-COV-006", at, "It is a "+o.Kind+", not a regular file; nobody followed it."))
		}
	}
}

type engine struct {
	formats []format.Format
	repo    *repo
	names   *format.Names
	opt     Options
	files   atomic.Int64
	bytes   atomic.Int64
}

// all scans the files.
func (e *engine) all(ctx context.Context, files []artifact.File, results []fileResult) {
	e.each(ctx, len(files), func(w *worker, i int) {
		results[i] = w.file(ctx, &files[i])
		if e.opt.Done != nil {
			e.opt.Done(e.files.Add(1), e.bytes.Add(files[i].Size))
		}
	})
	if ctx.Err() == nil {
		e.settleClaims(ctx, files, results)
	}
}

// each does n pieces of work with a few workers; each takes the next in order.
func (e *engine) each(ctx context.Context, n int, do func(w *worker, i int)) {
	jobs := e.opt.Jobs
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(jobs, n) {
		wg.Go(func() {
			w := worker{engine: e}
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				do(&w, i)
			}
		})
	}
	wg.Wait()
}
