package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/attest"
	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/gate/admit"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/quarantine"
	"github.com/sallyport/sallyport/internal/registry"
	"github.com/sallyport/sallyport/internal/render"
	"github.com/sallyport/sallyport/internal/sign"
)

const admitHelp = `Admit is gate 1: it copies a model into quarantine while hashing it, reads it in a
confined process that never runs any of it, and, when the policy allows it, writes
the model into the registry with its bill of materials, its signature and signed
statements about scan and admission. Otherwise nothing is pushed, every reason is
printed, and the copy waits in quarantine for somebody to look at it.

The model becomes eligible for the environment of --env and for those below it
(production, staging, sandbox), under the conditions of all of them.

Exit codes: 0 allowed and written, 1 denied, 2 no decision was possible.`

type admitOptions struct {
	source     sourceOptions
	to         string
	env        string
	policy     string
	key        string
	passphrase string
	format     string
	output     string
	jobs       int
	deep       bool
	all        bool
}

func (a *app) admitCmd() *cobra.Command {
	var o admitOptions
	cmd := &cobra.Command{
		Use: "admit SOURCE --to REF", Short: "Gate 1: examine a model and admit it into the registry", Long: admitHelp,
		Example: `  sallyport admit ./model --to layout:./registry//team/model:v1-scanned
  sallyport admit ./model --to layout:./registry//team/model:v1-scanned --env staging --exclude "*.onnx"`,
		Args: exactArgs(1, "sallyport admit ./model --to layout:./registry//team/model:v1-scanned"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.defaults(cmd, append(args, o.to)...); err != nil {
				return err
			}
			return a.admit(cmd.Context(), o, args[0])
		},
	}
	f := cmd.Flags()
	o.source.flags(f)
	f.StringVar(&o.to, "to", "", "where to: layout:DIR//REPO:TAG")
	f.StringVar(&o.env, "env", evidence.Production, "highest environment that the model is to be eligible for")
	f.StringVar(&o.policy, "policy", "", "policy file (default: ./sallyport-policy.yaml, else the built-in profiles)")
	f.StringVar(&o.key, "key", "", "private key that signs (default: the admit key of this user)")
	f.StringVar(&o.passphrase, "passphrase-file", "", "file whose first line decrypts the key")
	f.StringVar(&o.format, "format", "text", "text, json or markdown")
	f.StringVarP(&o.output, "output", "o", "", "write the result to this file instead of standard output")
	f.IntVar(&o.jobs, "jobs", 0, "files read at the same time (0: one per core)")
	f.BoolVar(&o.deep, "deep", false, "look into tensor and media data too (reads every byte; the policy can ask for it)")
	f.BoolVar(&o.all, "all", false, "text format: list everything instead of folding long lists")
	return cmd
}

// admission is one run of gate 1 with everything that was settled before the
// first byte is copied.
type admission struct {
	*app
	options admitOptions
	source  string
	ref     registry.Reference
	tree    *artifact.Tree
	policy  *policy.Policy
	key     *sign.Key

	out      io.Writer // opened before anything is admitted
	closeOut func() error
}

func (a *app) admit(ctx context.Context, o admitOptions, src string) error {
	if err := checkFormat(o.format, "text", "json", "markdown"); err != nil {
		return err
	}
	g := &admission{app: a, options: o, source: src}
	if err := g.settle(); err != nil {
		return err
	}
	out, closeOut, err := a.output(o.output)
	if err != nil {
		return err
	}
	g.out, g.closeOut = out, closeOut
	entry, err := g.hold(ctx)
	if err != nil {
		return err
	}
	defer entry.Close()
	c, err := g.examine(ctx, entry)
	if err != nil {
		return errors.Join(err, entry.Discard())
	}
	d, err := admit.Judge(*c)
	if err != nil {
		return errors.Join(failed(err, ""), entry.Discard())
	}
	result := &render.Admission{Decision: &d, Source: src, Verdict: c.Report.Verdict, Files: len(c.Files), Size: c.Report.Size}
	if !d.Allow {
		return g.holdBack(entry, c, result)
	}
	if err := g.push(ctx, entry, c, result); err != nil {
		return errors.Join(err, entry.Discard())
	}
	return errors.Join(g.write(result), entry.Discard())
}

// settle checks everything that can be wrong before bytes are copied.
func (g *admission) settle() (err error) {
	if g.options.to == "" {
		return usage("sallyport admit ./model --to layout:./registry//team/model:v1-scanned", "--to is missing: where should the model go?")
	}
	if g.ref, err = parseRef(g.options.to); err != nil {
		return err
	}
	if g.ref.Tag == "" || g.ref.Digest != "" {
		return usage(refHint, "--to needs a tag and no digest: %q", g.options.to)
	}
	if !slices.Contains(environments, g.options.env) {
		return usage("--env production", "unknown environment %q (want sandbox, staging or production)", g.options.env)
	}
	if g.policy, err = g.loadPolicy(g.options.policy, g.source, g.options.to); err != nil {
		return err
	}
	if g.key, err = loadKey(evidence.RoleAdmit, g.options.key, g.options.passphrase, g.strangers()); err != nil {
		return err
	}
	if err = g.list(); err != nil {
		return err
	}
	if !strings.HasSuffix(g.ref.Tag, "-scanned") && !g.quiet {
		fmt.Fprintf(g.Err, "sallyport: the tag %q does not end in -scanned, which policies on names may expect\n", g.ref.Tag)
	}
	return nil
}

// list lists the files and refuses what could not be pushed in the end.
func (g *admission) list() (err error) {
	if g.source != "-" && !registry.IsReference(g.source) && holder(g.ref.Registry, []string{g.source}) != "" {
		return usage("name a registry outside of the source: --to layout:../registry//team/model:v1-scanned",
			"the registry %q lies inside the source %q and would become part of the model", g.ref.Registry, g.source)
	}
	if g.tree, _, err = g.app.tree([]string{g.source}, g.options.source); err != nil {
		return err
	}
	if len(g.tree.Files) == 0 {
		return &failure{code: exitIncomplete, err: fmt.Errorf("there is no file to admit in %q", g.source), hint: "name the folder that holds the model"}
	}
	if err := g.tree.CheckPaths(); err != nil {
		return failed(err, "rename the file, or leave it out with --exclude")
	}
	return failed(g.fits(), "pack the small files into one, or leave some out with --exclude")
}

// fits refuses more files than a manifest can list, before they are copied and
// read. The manifest that it builds is not larger than the real one.
func (g *admission) fits() error {
	m := registry.Model{Files: make([]registry.ModelFile, len(g.tree.Files))}
	for i, f := range g.tree.Files {
		m.Files[i] = registry.ModelFile{Role: registry.RoleDoc, File: evidence.File{Path: f.Path, Size: f.Size, Digest: registry.Empty().Digest}}
	}
	_, err := registry.BuildModel(m)
	return err
}

// strangers are the places from which neither keys nor rules may come.
func (g *admission) strangers() []string { return strangers([]string{g.source, g.options.to}) }

// environments are all there are, the lowest first.
var environments = []string{evidence.Sandbox, evidence.Staging, evidence.Production}

// eligible lists the environment and those below it for which the policy has a
// profile.
func (g *admission) eligible() (list []string) {
	for _, env := range environments {
		if _, err := g.policy.Profile(env); err == nil || env == g.options.env {
			list = append(list, env)
		}
		if env == g.options.env {
			break
		}
	}
	return list
}

// hold copies the files into quarantine, each byte read once.
func (g *admission) hold(ctx context.Context) (*quarantine.Entry, error) {
	area := quarantine.At(g.ref.Registry, quarantine.Options{Waiting: func(id string) {
		fmt.Fprintf(g.Err, "sallyport: waiting for another admission of the same content (%s)\n", id)
	}})
	draft, err := area.Begin(ctx)
	if err != nil {
		return nil, failed(err, "the folder of the registry must be yours and writable")
	}
	p := g.progress("copying into quarantine", int64(len(g.tree.Files)), g.tree.Size())
	defer p.stop()
	var done int64
	for i, f := range g.tree.Files {
		if _, err := draft.AddFile(ctx, f); err != nil {
			return nil, errors.Join(failed(fmt.Errorf("copying %q into quarantine: %w", f.Path, err), copyHint(err)), draft.Drop())
		}
		done += f.Size
		p.set(int64(i+1), done)
	}
	entry, err := draft.Seal(ctx, quarantine.Meta{Source: g.source, CreatedOn: time.Now().UTC(), Omissions: g.tree.Omissions})
	return entry, failed(err, "")
}

func copyHint(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return "nothing was changed in the registry; free some space there, or discard what quarantine holds: sallyport quarantine list"
	case errors.Is(err, quarantine.ErrChanged):
		return "wait until nothing writes to the model any more, then admit it again"
	}
	return "nothing was changed in the registry; make the file readable, or leave it out with --exclude"
}

// examine scans the copy in a confined child.
func (g *admission) examine(ctx context.Context, entry *quarantine.Entry) (*admit.Candidate, error) {
	record := entry.Record()
	job := confinedJob{Folder: absolutePath(entry.Dir()), Source: g.source, Version: version(), Jobs: g.options.jobs, Deep: g.options.deep || g.policy.WantsDeepScan(g.eligible()), Omissions: record.Omissions, Names: g.namesInForce(g.policy)}
	for _, f := range record.Files {
		job.Files = append(job.Files, confinedFile{Path: f.Path, Size: f.Size, SHA256: strings.TrimPrefix(f.Digest, "sha256:"), Blob: absolutePath(entry.BlobPath(f.Digest))})
	}
	started := time.Now().UTC()
	answer, err := scanConfined(ctx, job)
	if err != nil {
		return nil, failed(err, "nothing was pushed; please report this as a bug, with the digest of the file")
	}
	for _, m := range answer.Status.Missing {
		fmt.Fprintf(g.Err, "sallyport: the reader ran with less confinement: %s\n", render.Escape(m))
	}
	return &admit.Candidate{Files: record.Files, Report: answer.Report, Started: started, Finished: time.Now().UTC(),
		Source: g.source, Reference: g.ref.Evidence(), Environments: g.eligible(), Policy: g.policy}, nil
}

// holdBack keeps a denied copy with the evidence about it.
func (g *admission) holdBack(entry *quarantine.Entry, c *admit.Candidate, result *render.Admission) error {
	var report bytes.Buffer
	if err := render.JSON(&report, c.Report); err != nil {
		return failed(err, "")
	}
	decision, err := json.MarshalIndent(result.Decision, "", "  ")
	if err != nil {
		return failed(err, "")
	}
	var reasons []string
	for _, r := range result.Decision.Reasons {
		if r.Deny {
			reasons = append(reasons, r.Text)
		}
	}
	if err := errors.Join(entry.Attach("report.json", report.Bytes()), entry.Attach("decision.json", decision), entry.Conclude("deny", reasons)); err != nil {
		return failed(err, "")
	}
	result.Quarantine = entry.ID()
	if err := g.write(result); err != nil {
		return err
	}
	return exit(exitFlagged)
}

// push writes the model and everything about it in one step.
func (g *admission) push(ctx context.Context, entry *quarantine.Entry, c *admit.Candidate, result *render.Admission) error {
	store, err := g.openStore(g.ref)
	if err != nil {
		return err
	}
	w, err := store.Begin(ctx)
	if err != nil {
		return registryError(err)
	}
	defer w.Close()
	trusted, err := g.trusted()
	if err != nil {
		return err
	}
	reuse, err := admit.Known(ctx, store, c.Files, trusted)
	if err != nil {
		return registryError(err)
	}
	if err := freeTag(ctx, store, g.ref.Tag, reuse); err != nil {
		return err
	}
	p, err := admit.Describe(ctx, *c, *result.Decision, g.key, reuse)
	if err != nil {
		return failed(err, "")
	}
	pushed := map[string]bool{}
	for _, f := range c.Files {
		if pushed[f.Digest] {
			continue // the same content under another name
		}
		pushed[f.Digest] = true
		err := w.PushBlobFile(ctx, registry.Descriptor{Digest: f.Digest, Size: f.Size}, entry.BlobPath(f.Digest))
		if err != nil {
			return registryError(fmt.Errorf("storing %q: %w", f.Path, err))
		}
	}
	p.Transaction.Tags = append(p.Transaction.Tags, registry.Tagging{Tag: g.ref.Tag, Digest: p.Digest})
	if err := w.Commit(ctx, p.Transaction); err != nil {
		return registryError(err)
	}
	result.Decision.Reference.Digest = p.Digest
	result.Reused = p.Reused
	result.Written = append([]render.Written{{What: "model", Digest: p.Digest}}, p.Written...)
	return nil
}

// trusted lists the keys whose admissions make a manifest ours: those of the
// policy, and the one that signs now.
func (g *admission) trusted() ([]attest.TrustedKey, error) {
	keys, err := trustedKeys(g.policy, g.options.env, g.ref.Kind, g.strangers())
	if err != nil {
		return nil, err
	}
	id, err := sign.KeyID(g.key.Public())
	if err != nil {
		return nil, failed(err, "")
	}
	return append(keys, attest.TrustedKey{Public: g.key.Public(), Key: evidence.Key{ID: id, Roles: []string{evidence.RoleAdmit}, Origin: "the key that signs"}}), nil
}

// freeTag refuses a tag that names other content before any blob is moved.
func freeTag(ctx context.Context, store registry.Reader, tag string, reuse *registry.Descriptor) error {
	d, err := store.Resolve(ctx, tag)
	switch {
	case errors.Is(err, registry.ErrNotFound):
		return nil
	case err != nil:
		return registryError(err)
	case reuse != nil && d.Digest == reuse.Digest:
		return nil
	}
	return registryError(fmt.Errorf("%w: %q is %s", registry.ErrTagTaken, tag, d.Digest))
}

func (g *admission) write(result *render.Admission) error {
	write := func(w io.Writer) error {
		return render.AdmissionText(w, result, g.textOptions(g.options.output, g.options.all))
	}
	switch g.options.format {
	case "json":
		write = func(w io.Writer) error { return render.AdmissionJSON(w, result) }
	case "markdown":
		write = func(w io.Writer) error { return render.AdmissionMarkdown(w, result) }
	}
	return failed(errors.Join(write(g.out), g.closeOut()), "")
}

func absolutePath(name string) string {
	if abs, err := filepath.Abs(name); err == nil {
		return abs
	}
	return name
}
