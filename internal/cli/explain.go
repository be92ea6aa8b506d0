package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/confine"
	"github.com/sallyport/sallyport/internal/format/all"
	"github.com/sallyport/sallyport/internal/render"
	"github.com/sallyport/sallyport/internal/scan"
)

func (a *app) explainCmd() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "explain FILE", Short: "What loading this file would do, step by step",
		Long: `Explain reads a file without loading it and tells, in order and with offsets, what
a loader would do: what it would import, call and build.

Exit codes: 0 explained, 2 an error, 3 nothing in it that a loader would act on,
4 wrong usage.`,
		Example: "  sallyport explain pytorch_model.bin\n  sallyport explain --format json model.pkl",
		Args:    exactArgs(1, "sallyport explain pytorch_model.bin"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.explain(cmd.Context(), format, args[0])
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

func (a *app) explain(ctx context.Context, format, name string) error {
	if err := checkFormat(format, "text", "json"); err != nil {
		return err
	}
	tree, readable, err := a.tree([]string{name}, sourceOptions{})
	if err != nil {
		return err
	}
	if len(tree.Files) != 1 {
		return usage("name one file in it: sallyport explain FOLDER/FILE", "%q holds %d files", name, len(tree.Files))
	}
	confine.Self(confine.Rights{ReadPaths: readable})
	accounts, report, err := scan.Explain(ctx, tree, all.Formats(), scan.Options{Version: version()})
	if err != nil {
		return failed(err, "")
	}
	if format == "json" {
		return a.printJSON(map[string]any{"source": name, "verdict": report.Verdict, "accounts": accounts})
	}
	return a.tell(accounts, string(report.Verdict), name)
}

func (a *app) tell(accounts []scan.Account, verdict, name string) error {
	if len(accounts) == 0 {
		fmt.Fprintf(a.Out, "%s: loading it runs nothing that this version knows of (scan says: %s).\n", render.Escape(name), verdict)
		return exit(exitNothing)
	}
	for _, acc := range accounts {
		steps := make([]render.Step, len(acc.Steps))
		for i, s := range acc.Steps {
			steps[i] = render.Step(s)
		}
		if err := render.Steps(a.Out, acc.Location.String(), steps, a.textOptions("", true)); err != nil {
			return failed(err, "")
		}
	}
	_, err := fmt.Fprintf(a.Out, "scan says: %s\n", verdict)
	return err
}
