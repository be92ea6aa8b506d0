package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/confine"
	detectors "github.com/sallyport/sallyport/internal/detect/all"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format/all"
	"github.com/sallyport/sallyport/internal/render"
	"github.com/sallyport/sallyport/internal/scan"
)

const scanHelp = `Scan reads a model and says whether loading it is safe: what was found, what
could not be judged, and how much of every file was understood. It never loads,
imports or runs what it reads.

A source is a file, a folder, an admitted model (layout:DIR//REPO:TAG), or "-"
for a list of paths on standard input, one per line.

Tensor and media data is declared by the structure around it and not read.
--deep reads it: programs, pickles and archives at any offset, and values that no
trained model has.

--policy FILE adds the names of its section "names" to the list of inert Python
names; the report carries them. Without it no policy is read.

The verdict is "flagged" with a finding at HIGH or above, else "incomplete" when
something was not read or not understood, else "clean". --fail-on changes the
exit code and nothing else.

Exit codes: 0 clean, 1 flagged, 2 incomplete or an error of our own, 3 nothing to
look at, 4 wrong usage. A finding wins over 2.`

type scanOptions struct {
	source  sourceOptions
	policy  string
	format  string
	output  string
	failOn  string
	jobs    int
	digest  bool
	deep    bool
	all     bool
	noGuard bool
}

func (a *app) scanCmd() *cobra.Command {
	var o scanOptions
	cmd := &cobra.Command{
		Use: "scan SOURCE...", Short: "Judge a model: findings, verdict, coverage", Long: scanHelp,
		Example: `  sallyport scan ./model
  sallyport scan --format sarif --output scan.sarif model.safetensors tokenizer.json
  git ls-files | sallyport scan -`,
		Args: needArgs(1, "name a file or a folder: sallyport scan ./model"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.defaults(cmd, args...); err != nil {
				return err
			}
			return a.scan(cmd.Context(), o, args)
		},
	}
	f := cmd.Flags()
	o.source.flags(f)
	f.StringVar(&o.policy, "policy", "", "policy file whose \"names\" are added to the list of inert Python names (default: none)")
	f.StringVar(&o.format, "format", "text", "text, json, sarif or markdown")
	f.StringVarP(&o.output, "output", "o", "", "write the report to this file instead of standard output")
	f.StringVar(&o.failOn, "fail-on", "HIGH", "lowest severity that makes the exit code 1")
	f.IntVar(&o.jobs, "jobs", 0, "files read at the same time (0: one per core)")
	f.BoolVar(&o.digest, "digest", false, "read every byte and report SHA-256 of each file")
	f.BoolVar(&o.deep, "deep", false, "look into tensor and media data too, for programs, pickles and archives (reads every byte)")
	f.BoolVar(&o.all, "all", false, "text format: list everything instead of folding long lists")
	f.BoolVar(&o.noGuard, "no-confinement", false, "do not take rights away from this process before reading")
	return cmd
}

func (a *app) scan(ctx context.Context, o scanOptions, args []string) error {
	threshold, err := finding.ParseSeverity(o.failOn)
	if err != nil {
		return usage("sallyport scan --fail-on MEDIUM SOURCE", "%w", err)
	}
	if err := checkFormat(o.format, "text", "json", "sarif", "markdown"); err != nil {
		return err
	}
	names, err := a.scanNames(o.policy, args)
	if err != nil {
		return err
	}
	tree, readable, err := a.tree(args, o.source)
	if err != nil {
		return err
	}
	out, closeOut, err := a.output(o.output)
	if err != nil {
		return err
	}
	if !o.noGuard {
		confine.Self(confine.Rights{ReadPaths: readable})
	}
	report, err := a.runScan(ctx, tree, scan.Options{Detectors: detectors.Detectors(), Jobs: o.jobs, Digest: o.digest, Deep: o.deep, Version: version(), Names: names})
	if err != nil {
		return failed(err, "")
	}
	if err := writeReport(out, report, o.format, a.textOptions(o.output, o.all)); err != nil {
		return failed(err, "")
	}
	if err := closeOut(); err != nil {
		return failed(err, "")
	}
	return exit(scanCode(report, threshold))
}

// runScan scans with progress on a terminal.
func (a *app) runScan(ctx context.Context, tree *artifact.Tree, opt scan.Options) (*finding.Report, error) {
	allowMemory(len(tree.Files), opt.Jobs)
	p := a.progress("scanning", int64(len(tree.Files)), tree.Size())
	opt.Done = p.set
	defer p.stop()
	return scan.Run(ctx, tree, all.Formats(), opt)
}

func writeReport(w io.Writer, r *finding.Report, format string, text render.Options) error {
	switch format {
	case "json":
		return render.JSON(w, r)
	case "sarif":
		return render.SARIF(w, r)
	case "markdown":
		return render.Markdown(w, r)
	}
	return render.Text(w, r, text)
}

// scanCode is the exit code: findings at the threshold win over trouble, and
// nothing but a clean scan is 0.
func scanCode(r *finding.Report, threshold finding.Severity) int {
	if worst, ok := r.Worst(); ok && worst >= threshold {
		return exitFlagged
	}
	switch {
	case len(r.Gaps) > 0:
		return exitIncomplete
	case r.Verdict == finding.Nothing:
		return exitNothing
	}
	return exitOK
}

// absolute makes paths that stay readable whatever the working directory is.
func absolute(paths []string) []string {
	out := make([]string, 0, len(paths))
	for _, p := range paths {
		if abs, err := filepath.Abs(p); err == nil {
			p = abs
		}
		if real, err := filepath.EvalSymlinks(p); err == nil {
			out = append(out, real)
		}
		out = append(out, p)
	}
	return out
}

// textOptions decides on colour and width: both only for a terminal.
func (a *app) textOptions(output string, all bool) render.Options {
	o := render.Options{Width: 80, All: all}
	if f, ok := a.Out.(*os.File); ok && output == "" {
		if width, tty := terminal(f); tty {
			o.Width, o.Color = width, os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		}
	}
	return o
}
