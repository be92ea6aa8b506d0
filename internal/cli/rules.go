package cli

import (
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/render"
	"github.com/sallyport/sallyport/internal/rule"
)

func (a *app) rulesCmd() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "rules [ID]", Short: "What a rule means and what to do about it",
		Long: `Rules lists the catalogue, or explains one rule: what an attacker does with it,
why it may be innocent, and what to do now.

Exit codes: 0 done, 2 an error, 3 no such rule, 4 wrong usage.`,
		Example: "  sallyport rules\n  sallyport rules SP-PICKLE-001",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkFormat(format, "text", "json", "markdown"); err != nil {
				return err
			}
			if len(args) == 1 {
				return a.ruleOne(strings.ToUpper(args[0]), format)
			}
			return a.ruleList(format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text, json or markdown")
	return cmd
}

func (a *app) ruleOne(id, format string) error {
	r, ok := rule.Lookup(id)
	if !ok {
		return &failure{code: exitNothing, err: usage("", "there is no rule %q", id), hint: "list them all: sallyport rules"}
	}
	switch format {
	case "json":
		return a.printJSON(r)
	case "markdown":
		return render.RuleMarkdown(a.Out, r)
	}
	return render.Rule(a.Out, r, a.textOptions("", true))
}

func (a *app) ruleList(format string) error {
	switch format {
	case "json":
		return a.printJSON(rule.All())
	case "markdown":
		return render.RulesMarkdown(a.Out, rule.All())
	}
	return render.Rules(a.Out, rule.All(), a.textOptions("", true))
}

// printJSON is the form of every JSON result that has no schema of its own.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.Out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
