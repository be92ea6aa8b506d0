package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/render"
)

func (a *app) policyCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "policy", Short: "Make and check the admission policy",
		Long: `Policy deals with the file that says what the gates demand and whom they trust. It
is read from --policy, else from sallyport-policy.yaml in the working directory;
without one the built-in profiles apply.

Exit codes: 0 done, 2 an error, 4 wrong usage.`,
		Example: "  sallyport policy init\n  sallyport policy check sallyport-policy.yaml\n  sallyport policy explain --env production",
		Args:    exactArgs(0, "sallyport policy init"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.policyInitCmd(), a.policyCheckCmd(), a.policyExplainCmd())
	return cmd
}

func (a *app) policyInitCmd() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "init", Short: "Write a commented policy with the built-in values",
		Long:    "Init writes a policy file that says what is in force without one. It never overwrites.\n\nExit codes: 0 written, 2 an error, 4 wrong usage.",
		Example: "  sallyport policy init\n  sallyport policy init --output -",
		Args:    exactArgs(0, "sallyport policy init"),
		RunE: func(*cobra.Command, []string) error {
			text := []byte(policy.Init())
			if output == "-" {
				_, err := a.Out.Write(text)
				return err
			}
			f, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			if errors.Is(err, os.ErrExist) {
				return failed(fmt.Errorf("%q exists and is not overwritten", output), "sallyport policy init --output other.yaml")
			}
			if err != nil {
				return failed(err, "--output FILE in a folder that you may write to")
			}
			_, err = f.Write(text)
			if err = errors.Join(err, f.Close()); err != nil {
				return failed(err, "")
			}
			_, err = fmt.Fprintf(a.Out, "wrote %s\nnext: edit it, then run: sallyport policy check %s\n", render.Escape(output), render.Escape(output))
			return err
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", policyFile, "file to write (- for standard output)")
	return cmd
}

func (a *app) policyCheckCmd() *cobra.Command {
	return &cobra.Command{
		Use: "check [FILE]", Short: "Check a policy and print its digest",
		Long:    "Check reads a policy and names every mistake with file and line. The digest it\nprints is the one that statements carry and that production may pin.\n\nExit codes: 0 correct, 2 it has mistakes or cannot be read, 4 wrong usage.",
		Example: "  sallyport policy check\n  sallyport policy check team-policy.yaml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			name := policyFile
			if len(args) == 1 {
				name = args[0]
			}
			p, err := a.loadPolicy(name, "", "")
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.Out, "correct: %s\n%d signers\ndigest %s\n", render.Escape(name), len(p.Signers), p.Digest())
			return err
		},
	}
}

func (a *app) policyExplainCmd() *cobra.Command {
	var env, file string
	cmd := &cobra.Command{
		Use: "explain", Short: "Say in words what the policy demands",
		Long:    "Explain prints, one sentence per line, what the policy in force demands for an\nenvironment.\n\nExit codes: 0 done, 2 an error, 4 wrong usage.",
		Example: "  sallyport policy explain\n  sallyport policy explain --env staging --policy team-policy.yaml",
		Args:    exactArgs(0, "sallyport policy explain --env production"),
		RunE: func(*cobra.Command, []string) error {
			p, err := a.loadPolicy(file, "", "")
			if err != nil {
				return err
			}
			lines, err := p.Explain(env)
			if err != nil {
				return usage("--env production", "%w", err)
			}
			for _, line := range lines {
				fmt.Fprintln(a.Out, render.Escape(line))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&env, "env", evidence.Production, "environment: sandbox, staging or production")
	cmd.Flags().StringVar(&file, "policy", "", "policy file (default: ./sallyport-policy.yaml, else the built-in profiles)")
	return cmd
}
