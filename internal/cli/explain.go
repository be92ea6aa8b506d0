package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/confine"
	detectors "github.com/sallyport/sallyport/internal/detect/all"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format/all"
	"github.com/sallyport/sallyport/internal/render"
	"github.com/sallyport/sallyport/internal/scan"
)

const explainHelp = `Explain reads a file without loading it and tells what a loader would do: what it
would import, call, change and build, in order and with offsets, as Python would
write it. What is dangerous comes first. Pickles are explained wherever they lie:
alone, in a PyTorch or NumPy archive, compressed, or inside of a string.

An explanation is no verdict: use scan to decide in a script.

Exit codes: 0 explained, 2 an error, or nothing could be explained and the scan
is not clean, 3 nothing in it that a loader would act on, 4 wrong usage.`

type explainOptions struct {
	format string
	output string
	all    bool
}

func (a *app) explainCmd() *cobra.Command {
	var o explainOptions
	cmd := &cobra.Command{
		Use: "explain FILE", Short: "What loading this file would do, step by step", Long: explainHelp,
		Example: `  sallyport explain pytorch_model.bin
  sallyport explain --all model.pkl | less
  sallyport explain --format html --output model.html model.joblib
  sallyport explain --format json model.pkl`,
		Args: exactArgs(1, "sallyport explain pytorch_model.bin"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.explain(cmd.Context(), o, args[0])
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "text", "text, json or html")
	f.StringVarP(&o.output, "output", "o", "", "write the explanation to this file instead of standard output")
	f.BoolVar(&o.all, "all", false, "text format: list every step instead of folding harmless ones")
	return cmd
}

func (a *app) explain(ctx context.Context, o explainOptions, name string) error {
	if err := checkFormat(o.format, "text", "json", "html"); err != nil {
		return err
	}
	tree, readable, err := a.explainTree(name)
	if err != nil {
		return err
	}
	out, closeOut, err := a.output(o.output)
	if err != nil {
		return err
	}
	confine.Self(confine.Rights{ReadPaths: readable})
	e, err := explanation(ctx, tree)
	if err != nil {
		return failed(err, "")
	}
	if err := a.writeExplanation(out, e, o); err != nil {
		return failed(err, "")
	}
	if err := closeOut(); err != nil {
		return failed(err, "")
	}
	return exit(explainCode(e))
}

// explainTree lists the one file that is to be explained.
func (a *app) explainTree(name string) (*artifact.Tree, []string, error) {
	tree, readable, err := a.tree([]string{name}, sourceOptions{})
	if err != nil {
		return nil, nil, err
	}
	switch n := len(tree.Files); {
	case n == 0:
		return nil, nil, usage("name a file: sallyport explain pytorch_model.bin", "%q holds no file", name)
	case n > 1:
		return nil, nil, usage("name one file in it: sallyport explain FOLDER/"+tree.Files[0].Path+"\nto judge all of them: sallyport scan FOLDER", "%q holds %d files", name, n)
	}
	return tree, readable, nil
}

func explanation(ctx context.Context, tree *artifact.Tree) (*render.Explanation, error) {
	accounts, cuts, report, err := scan.Explain(ctx, tree, all.Formats(), scan.Options{Detectors: detectors.Detectors(), Version: version()})
	if err != nil {
		return nil, err
	}
	return &render.Explanation{Report: report, Accounts: accounts, Cuts: cuts}, nil
}

func (a *app) writeExplanation(out io.Writer, e *render.Explanation, o explainOptions) error {
	switch {
	case o.format == "json":
		return render.ExplainJSON(out, e)
	case o.format == "html":
		return render.ExplainHTML(out, e)
	case len(e.Accounts) == 0:
		if e.Report.Verdict == finding.Clean {
			_, err := fmt.Fprintf(out, "Loading %s runs nothing: there is no pickle in it.\n", render.Escape(e.Report.Source))
			return err
		}
		if _, err := fmt.Fprintf(out, "There is no pickle in %s to explain, but the scan is not clean.\n", render.Escape(e.Report.Source)); err != nil {
			return err
		}
	}
	return render.Explain(out, e, a.textOptions(o.output, o.all))
}

// explainCode never says that a file without an account is harmless when a scan
// would not.
func explainCode(e *render.Explanation) int {
	switch {
	case len(e.Accounts) > 0:
		return exitOK
	case e.Report.Verdict == finding.Clean:
		return exitNothing
	}
	return exitIncomplete
}
