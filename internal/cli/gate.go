package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/attest"
	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/gate/deploy"
	"github.com/sallyport/sallyport/internal/registry"
	"github.com/sallyport/sallyport/internal/render"
)

const gateHelp = `Gate is gate 2: may this admitted model be used in this environment? It resolves
the tag once, works by digest, verifies every signed statement about it against
the signers of the policy, recomputes the verdict from what the scanner listed,
and prints every reason. Annotations and tags are hints; they decide nothing.

It reads manifests and statements only; --content hashes every layer as well.

Exit codes: 0 allowed, 1 denied, 2 no decision was possible.`

type gateOptions struct {
	env        string
	policy     string
	content    bool
	explain    bool
	format     string
	output     string
	vsa        string
	attest     bool
	key        string
	passphrase string
	now        string
}

func (a *app) gateCmd() *cobra.Command {
	var o gateOptions
	cmd := &cobra.Command{
		Use: "gate REF", Short: "Gate 2: may this model be deployed here?", Long: gateHelp,
		Example: `  sallyport gate layout:./registry//team/model:v1-scanned --env production
  sallyport gate layout:./registry//team/model:v1-scanned --content --format json --explain
  sallyport gate layout:./registry//team/model:v1-scanned --vsa decision.json`,
		Args: exactArgs(1, "sallyport gate layout:DIR//REPO:TAG --env production"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.defaults(cmd, args...); err != nil {
				return err
			}
			return a.gate(cmd.Context(), o, args[0])
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.env, "env", evidence.Production, "environment: sandbox, staging or production")
	f.StringVar(&o.policy, "policy", "", "policy file (default: ./sallyport-policy.yaml, else the built-in profiles)")
	f.BoolVar(&o.content, "content", false, "read and hash every layer")
	f.BoolVar(&o.explain, "explain", false, "print everything the decision was made from")
	f.StringVar(&o.format, "format", "text", "text, json or markdown")
	f.StringVarP(&o.output, "output", "o", "", "write the decision to this file instead of standard output")
	f.StringVar(&o.vsa, "vsa", "", "write the decision as a signed SLSA verification summary to this file (- for standard output)")
	f.BoolVar(&o.attest, "attest", false, "attach the signed verification summary to the model in the registry")
	f.StringVar(&o.key, "key", "", "private key for --vsa and --attest (default: the log key of this user)")
	f.StringVar(&o.passphrase, "passphrase-file", "", "file whose first line decrypts the key")
	f.StringVar(&o.now, "now", "", "decide as of this time (RFC 3339); for rehearsals, said in the decision")
	return cmd
}

func (a *app) gate(ctx context.Context, o gateOptions, name string) error {
	if err := checkFormat(o.format, "text", "json", "markdown"); err != nil {
		return err
	}
	now, err := decisionTime(o.now)
	if err != nil {
		return err
	}
	if o.now != "" && (o.vsa != "" || o.attest) {
		return usage("leave --now out, or --vsa and --attest", "a rehearsal with --now is not signed: others would take it for a decision of today")
	}
	ref, err := parseRef(name)
	if err != nil {
		return err
	}
	p, err := a.loadPolicy(o.policy, "", name)
	if err != nil {
		return err
	}
	keys, err := trustedKeys(p, o.env, ref.Kind, strangers([]string{name}))
	if err != nil {
		return err
	}
	if ref.Tag == "" && ref.Digest == "" {
		return usage(refHint, "the reference %q has neither tag nor digest", name)
	}
	store, err := a.openStore(ref)
	if err != nil {
		return err
	}
	out, closeOut, err := a.output(o.output)
	if err != nil {
		return err
	}
	if o.vsa == "-" && o.output == "" {
		out = a.Err // the summary alone goes to standard output
	}
	d, ev, err := deploy.Run(ctx, deploy.Request{Registry: store, Reference: ref.Evidence(), Env: o.env, Policy: p, Keys: keys, Now: now, Content: o.content})
	if err != nil {
		return registryError(err)
	}
	if o.now != "" {
		d.Reasons = append(d.Reasons, evidence.Reason{Clause: "time.rehearsal", Text: "The decision was made as of " + now.Format(time.RFC3339) + ", not as of now."})
	}
	if err := errors.Join(a.writeDecision(out, o, &d, ev), closeOut()); err != nil {
		return failed(err, "")
	}
	err = a.attestDecision(ctx, o, ref, d, ev)
	if d.Allow {
		return err
	}
	if err != nil { // a denial stands whether it could be signed or not
		fmt.Fprintf(a.Err, "sallyport: the decision was not signed: %s\n", render.Escape(err.Error()))
	}
	return exit(exitFlagged)
}

func (a *app) writeDecision(w io.Writer, o gateOptions, d *evidence.Decision, ev *evidence.Evidence) error {
	switch {
	case o.format == "json" && o.explain:
		return render.DecisionJSON(w, d, ev)
	case o.format == "json":
		return render.DecisionJSON(w, d, nil)
	case o.format == "markdown":
		return render.DecisionMarkdown(w, d)
	}
	if err := render.Decision(w, d, a.textOptions(o.output, true)); err != nil || !o.explain {
		return err
	}
	return render.Evidence(w, ev)
}

// attestDecision signs the decision when the user asked for it. A gate itself
// needs no private key.
func (a *app) attestDecision(ctx context.Context, o gateOptions, ref registry.Reference, d evidence.Decision, ev *evidence.Evidence) error {
	if o.vsa == "" && !o.attest {
		return nil
	}
	key, err := loadKey(evidence.RoleLog, o.key, o.passphrase, strangers([]string{ref.String()}))
	if err != nil {
		return err
	}
	bundle, err := attest.BuildVSA(ctx, key, d, version(), ev.Statements)
	if err != nil {
		return failed(err, "")
	}
	switch o.vsa {
	case "":
	case "-":
		if _, err := a.Out.Write(append(bundle, '\n')); err != nil {
			return failed(err, "")
		}
	default:
		if err := writeWhole(o.vsa, bundle); err != nil {
			return failed(err, "--vsa FILE in a folder that you may write to")
		}
	}
	if !o.attest {
		return nil
	}
	return a.attach(ctx, ref, d.Reference.Digest, evidence.TypeVSA, "decision.sigstore.json", bundle, d.DecidedOn)
}

func decisionTime(text string) (time.Time, error) {
	if text == "" {
		return time.Now().UTC(), nil
	}
	now, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return now, usage("--now 2026-12-31T00:00:00Z", "malformed time %q", text)
	}
	return now.UTC(), nil
}
