package cli

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/render"
	"github.com/sallyport/sallyport/internal/sign"
	"github.com/sallyport/sallyport/internal/source"
	"github.com/sallyport/sallyport/internal/source/local"
)

type signOptions struct {
	key            string
	passphraseFile string
	signature      string
	ignore         []string
}

func (a *app) signCmd() *cobra.Command {
	var o signOptions
	cmd := &cobra.Command{
		Use: "sign FOLDER", Short: "Sign a model folder (OpenSSF Model Signing)",
		Long: `Sign writes an OpenSSF Model Signing signature over every file of the folder. The
Python client model_signing verifies it. Version control files (.git,
.gitattributes, .github, .gitignore) and the signature itself are not covered, as
in every client of that standard.

Without --key the admit key of this user signs.

Exit codes: 0 signed, 2 an error, 4 wrong usage.`,
		Example: "  sallyport sign ./model\n  sallyport sign ./model --key team.key --signature ./model.sig",
		Args:    exactArgs(1, "sallyport sign ./model"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.sign(cmd.Context(), o, args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&o.key, "key", "", "private key, PEM (default: the admit key of this user)")
	f.StringVar(&o.passphraseFile, "passphrase-file", "", "file whose first line decrypts the key")
	f.StringVar(&o.signature, "signature", "", "where to write the signature (default: FOLDER/model.sig)")
	f.StringArrayVar(&o.ignore, "ignore", nil, "path below the folder that is not signed (repeatable)")
	return cmd
}

// wholeFolder lists a folder for signing: whatever could not be listed as a
// file makes it fail, since a signature must not suggest that it covers it.
func (a *app) wholeFolder(name string) (*artifact.Tree, error) {
	tree, _, err := a.one(name, source.Filter{})
	if err != nil {
		return nil, err
	}
	for _, o := range tree.Omissions {
		if o.Kind != artifact.OmittedExcluded {
			return nil, failed(fmt.Errorf("%q is a %s and cannot be signed", o.Path, o.Kind), "replace links by the files they point to")
		}
	}
	if len(tree.Files) == 0 {
		return nil, &failure{code: exitNothing, err: fmt.Errorf("there is no file in %q", name), hint: "name the folder that holds the model"}
	}
	return tree, nil
}

func (a *app) sign(ctx context.Context, o signOptions, folder string) error {
	tree, err := a.wholeFolder(folder)
	if err != nil {
		return err
	}
	key, err := loadKey(evidence.RoleAdmit, o.key, o.passphraseFile, strangers([]string{folder}))
	if err != nil {
		return err
	}
	name := o.signature
	if name == "" {
		name = filepath.Join(folder, sign.ModelFile)
	}
	bundle, err := sign.SignModel(ctx, key, sign.ModelInput{Name: baseOf(folder), Files: tree.Files, IgnorePaths: append(o.ignore, inside(folder, name)...)})
	if err != nil {
		return failed(err, "rename the file, then sign again")
	}
	if err := writeWhole(name, bundle); err != nil {
		return failed(err, "--signature FILE in a folder that you may write to")
	}
	model, err := sign.OpenModel(bundle, sign.ModelTrust{Keys: []crypto.PublicKey{key.Public()}})
	if err != nil {
		return failed(err, "")
	}
	signed, _, _ := model.Files() // fewer than lie there: some are never covered
	_, err = fmt.Fprintf(a.Out, "signed %d files: %s\n", len(signed), render.Escape(name))
	return err
}

func (a *app) verifyCmd() *cobra.Command {
	var o signOptions
	var keys []string
	cmd := &cobra.Command{
		Use: "verify FOLDER", Short: "Verify the signature of a model folder",
		Long: `Verify checks an OpenSSF Model Signing signature: that one of the given keys made
it, and that the folder holds exactly the files that were signed.

Without --key the admit key of this user must have signed.

Exit codes: 0 holds, 1 does not hold, 2 an error, 4 wrong usage.`,
		Example: "  sallyport verify ./model --key publisher.pub\n  sallyport verify ./model --key team.pub --signature ./model.sig",
		Args:    exactArgs(1, "sallyport verify ./model --key publisher.pub"),
		RunE:    func(_ *cobra.Command, args []string) error { return a.verify(o, keys, args[0]) },
	}
	f := cmd.Flags()
	f.StringArrayVar(&keys, "key", nil, "public key, PEM (repeatable)")
	f.StringVar(&o.signature, "signature", "", "the signature (default: FOLDER/model.sig)")
	f.StringArrayVar(&o.ignore, "ignore", nil, "path that the signature may leave out besides version control files (repeatable)")
	return cmd
}

func (a *app) verify(o signOptions, keyFiles []string, folder string) error {
	tree, err := a.wholeFolder(folder)
	if err != nil {
		return err
	}
	name := o.signature
	if name == "" {
		name = filepath.Join(folder, sign.ModelFile)
	}
	bundle, err := readLimited(name, sign.MaxBundle)
	if err != nil {
		return failed(err, "--signature FILE, when it does not lie in the folder as model.sig")
	}
	trust, err := modelTrust(keyFiles, strangers([]string{folder}))
	if err != nil {
		return err
	}
	model, match, err := sign.VerifyModel(bundle, tree.Files, trust, append(o.ignore, inside(folder, name)...)...)
	switch {
	case errors.Is(err, sign.ErrModel) || errors.Is(err, sign.ErrSignature) || errors.Is(err, sign.ErrBundle) || errors.Is(err, sign.ErrStatement):
		fmt.Fprintf(a.Out, "DOES NOT HOLD  %s\n", render.Escape(folder))
		for _, line := range lines(err) {
			fmt.Fprintln(a.Out, render.Escape(line))
		}
		return exit(exitFlagged)
	case err != nil:
		return failed(err, "")
	}
	fmt.Fprintf(a.Out, "HOLDS  %s\nsigned by key %s\n", render.Escape(folder), model.KeyID)
	for _, p := range match.Unsigned {
		fmt.Fprintf(a.Out, "not signed: %s\n", render.Escape(p))
	}
	return nil
}

func modelTrust(files, strange []string) (sign.ModelTrust, error) {
	if len(files) == 0 {
		folder, err := keysFolder()
		if err != nil {
			return sign.ModelTrust{}, err
		}
		files = []string{filepath.Join(folder, evidence.RoleAdmit+sign.PublicExt)}
	}
	var trust sign.ModelTrust
	for _, f := range files {
		if err := notFrom(f, strange); err != nil {
			return trust, err
		}
		pub, err := sign.LoadPublic(f)
		if err != nil {
			return trust, failed(err, "name the publisher's public key: --key publisher.pub")
		}
		trust.Keys = append(trust.Keys, pub)
	}
	return trust, nil
}

// inside is the path of the signature within the folder, when it lies there
// under a name of its own: a signature does not cover itself.
func inside(folder, signature string) []string {
	rel, err := filepath.Rel(folder, signature)
	if err != nil || !filepath.IsLocal(rel) || rel == sign.ModelFile {
		return nil
	}
	return []string{filepath.ToSlash(rel)}
}

// baseOf is the name of a folder, also for "." and "..".
func baseOf(folder string) string {
	if abs, err := filepath.Abs(folder); err == nil {
		folder = abs
	}
	return filepath.Base(folder)
}

// writeWhole replaces a file in one step.
func writeWhole(name string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".sallyport-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
	return err
}

// readLinked is readLimited for a file of the user's own, which may be a link:
// that is how Kubernetes mounts configuration.
func readLinked(name string, limit int64) ([]byte, error) {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	return readLimited(name, limit)
}

// readLimited reads a file that must not be larger than limit bytes.
func readLimited(name string, limit int64) ([]byte, error) {
	f, err := local.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if f.Size() > limit {
		return nil, fmt.Errorf("%q is larger than %d bytes", name, limit)
	}
	p := make([]byte, f.Size())
	if n, err := f.ReadAt(p, 0); n < len(p) {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	return p, nil
}
