package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/quarantine"
	"github.com/sallyport/sallyport/internal/render"
)

func (a *app) quarantineCmd() *cobra.Command {
	var folder string
	cmd := &cobra.Command{
		Use: "quarantine", Short: "What was held back, and why",
		Long: `Quarantine shows what gate 1 held back: refused models wait beside the registry
with the report about them until somebody discards them.

Exit codes: 0 done, 2 an error, 3 no such entry, 4 wrong usage.`,
		Example: "  sallyport quarantine list --registry layout:./registry\n  sallyport quarantine show 3f2a9c0d1b7e --registry layout:./registry",
		Args:    exactArgs(0, "sallyport quarantine list --registry layout:./registry"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&folder, "registry", "", "the registry's folder: layout:DIR")
	area := func(cmd *cobra.Command) (*quarantine.Area, error) {
		if err := a.defaults(cmd, folder); err != nil {
			return nil, err
		}
		dir, ok := strings.CutPrefix(folder, layoutScheme)
		dir = layoutFolder(dir)
		if !ok || dir == "" {
			return nil, usage("--registry layout:./registry", "--registry must name the registry's folder")
		}
		return quarantine.At(dir, quarantine.Options{}), nil
	}
	cmd.AddCommand(a.quarantineListCmd(area), a.quarantineShowCmd(area), a.quarantineDiscardCmd(area))
	return cmd
}

type areaOf func(*cobra.Command) (*quarantine.Area, error)

func (a *app) quarantineListCmd(area areaOf) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "list", Short: "List what is held back",
		Long:    "List prints one line per entry: id, time, number of files, source, decision.\n\nExit codes: 0 done, 2 an error, 4 wrong usage.",
		Example: "  sallyport quarantine list --registry layout:./registry",
		Args:    exactArgs(0, "sallyport quarantine list --registry layout:./registry"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkFormat(format, "text", "json"); err != nil {
				return err
			}
			ar, err := area(cmd)
			if err != nil {
				return err
			}
			list, err := ar.List()
			if err != nil {
				return failed(err, "")
			}
			if format == "json" {
				return a.printJSON(list)
			}
			for _, s := range list {
				fmt.Fprintf(a.Out, "%s  %s  %d files, %s  %s  %s\n", s.ID, s.CreatedOn.Format("2006-01-02 15:04"), len(s.Files), size(s.Size), render.Escape(state(s)), render.Escape(s.Source))
			}
			if len(list) == 0 {
				fmt.Fprintln(a.Out, "nothing is held back")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

func state(s quarantine.Summary) string {
	switch {
	case s.Problem != "":
		return "damaged"
	case s.InUse:
		return "in use"
	case s.Decision == "":
		return "undecided"
	}
	return s.Decision
}

func (a *app) quarantineShowCmd(area areaOf) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show one entry: files, reasons, and the report about it",
		Long:    "Show prints what is known about an entry. --format json prints the scan report.\n\nExit codes: 0 done, 2 an error, 3 no such entry, 4 wrong usage.",
		Example: "  sallyport quarantine show 3f2a9c0d1b7e --registry layout:./registry",
		Args:    exactArgs(1, "sallyport quarantine show ID --registry layout:./registry"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFormat(format, "text", "json"); err != nil {
				return err
			}
			ar, err := area(cmd)
			if err != nil {
				return err
			}
			e, err := ar.Load(args[0])
			if err != nil {
				return entryError(err)
			}
			if format == "json" {
				report, err := e.ReadEvidence("report.json")
				if err != nil {
					return entryError(err)
				}
				_, err = a.Out.Write(report)
				return err
			}
			return a.showEntry(e.Record())
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text, or json for the scan report")
	return cmd
}

func (a *app) showEntry(r quarantine.Record) error {
	fmt.Fprintf(a.Out, "%s  %s\nsource    %s\nheld on   %s\ncontent   %s\n", r.ID, render.Escape(r.Decision), render.Escape(r.Source), r.CreatedOn.Format("2006-01-02 15:04:05 MST"), render.Escape(r.Content))
	for _, f := range r.Files {
		fmt.Fprintf(a.Out, "file      %s  %s  %s\n", f.Digest, size(f.Size), render.Escape(f.Path))
	}
	for _, reason := range r.Reasons {
		fmt.Fprintf(a.Out, "reason    %s\n", render.Escape(reason))
	}
	_, err := fmt.Fprintf(a.Out, "next: sallyport quarantine show %s --format json, or sallyport quarantine discard %s\n", r.ID, r.ID)
	return err
}

func (a *app) quarantineDiscardCmd(area areaOf) *cobra.Command {
	return &cobra.Command{
		Use: "discard ID...", Short: "Delete entries with everything in them",
		Long:    "Discard deletes entries for good.\n\nExit codes: 0 done, 2 an error, 3 no such entry, 4 wrong usage.",
		Example: "  sallyport quarantine discard 3f2a9c0d1b7e --registry layout:./registry",
		Args:    needArgs(1, "sallyport quarantine discard ID --registry layout:./registry"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ar, err := area(cmd)
			if err != nil {
				return err
			}
			for _, id := range args {
				if err := ar.Discard(id); err != nil {
					return entryError(err)
				}
				fmt.Fprintf(a.Out, "discarded %s\n", render.Escape(id))
			}
			return nil
		},
	}
}

func entryError(err error) error {
	hint := "sallyport quarantine list --registry layout:DIR"
	if errors.Is(err, quarantine.ErrNotFound) {
		return &failure{code: exitNothing, err: err, hint: hint}
	}
	return failed(err, hint)
}
