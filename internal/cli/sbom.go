package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/confine"
	detectors "github.com/sallyport/sallyport/internal/detect/all"
	"github.com/sallyport/sallyport/internal/sbom"
	"github.com/sallyport/sallyport/internal/scan"
)

type sbomOptions struct {
	source  sourceOptions
	format  string
	output  string
	name    string
	version string
}

func (a *app) sbomCmd() *cobra.Command {
	var o sbomOptions
	cmd := &cobra.Command{
		Use: "sbom SOURCE", Short: "Write the bill of materials of a model",
		Long: `Sbom reads a model and writes what it consists of: every file with its SHA-256,
what the files themselves state about architecture, licence and origin, and the
result of the scan. What the files do not state is left out, never invented.

Formats: cyclonedx (CycloneDX 1.6 ML-BOM) and sallyport (a simple JSON).

Exit codes: 0 written, 2 an error, 3 nothing to look at, 4 wrong usage.`,
		Example: "  sallyport sbom ./model\n  sallyport sbom layout:./registry//team/model:v1-scanned --format sallyport --output sbom.json",
		Args:    exactArgs(1, "sallyport sbom ./model"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.sbom(cmd.Context(), o, args[0])
		},
	}
	f := cmd.Flags()
	o.source.flags(f)
	f.StringVar(&o.format, "format", "cyclonedx", "cyclonedx or sallyport")
	f.StringVarP(&o.output, "output", "o", "", "write to this file instead of standard output")
	f.StringVar(&o.name, "name", "", "name of the model (default: the name of its folder)")
	f.StringVar(&o.version, "model-version", "", "version of the model")
	return cmd
}

func (a *app) sbom(ctx context.Context, o sbomOptions, src string) error {
	if err := checkFormat(o.format, "cyclonedx", "sallyport"); err != nil {
		return err
	}
	tree, readable, err := a.tree([]string{src}, o.source)
	if err != nil {
		return err
	}
	if len(tree.Files) == 0 {
		return exit(exitNothing)
	}
	out, closeOut, err := a.output(o.output)
	if err != nil {
		return err
	}
	if o.name == "" {
		o.name = modelName(src)
	}
	now := time.Now().UTC()
	confine.Self(confine.Rights{ReadPaths: readable})
	report, err := a.runScan(ctx, tree, scan.Options{Detectors: detectors.Detectors(), Digest: true, Version: version()})
	if err != nil {
		return failed(err, "")
	}
	m := sbom.Build(sbom.Input{Report: report, Name: o.name, Version: o.version, Source: src, Time: now})
	write := sbom.WriteSimple
	if o.format == "cyclonedx" {
		write = writeCycloneDX
	}
	if err := write(out, m); err != nil {
		return failed(err, "")
	}
	return failed(closeOut(), "")
}
