package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/rule"
)

func (a *app) versionCmd() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "version", Short: "Version of the program and of its rules",
		Long:    "Version prints the program's version, the digest and sequence of its rules, and what it was built with.\n\nExit codes: 0 done, 4 wrong usage.",
		Example: "  sallyport version\n  sallyport version --format json",
		Args:    exactArgs(0, "sallyport version"),
		RunE: func(*cobra.Command, []string) error {
			if err := checkFormat(format, "text", "json"); err != nil {
				return err
			}
			if format == "json" {
				return a.printJSON(map[string]any{"version": version(), "ruleset": rule.Digest, "sequence": rule.Sequence,
					"go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH})
			}
			_, err := fmt.Fprintf(a.Out, "sallyport %s\nruleset   %s (sequence %d, %d rules)\nbuilt     %s for %s/%s\n",
				version(), rule.Digest, rule.Sequence, len(rule.All()), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}
