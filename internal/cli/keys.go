package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/render"
	"github.com/sallyport/sallyport/internal/sign"
)

var roles = []string{evidence.RoleAdmit, evidence.RoleWaive, evidence.RoleLog}

// keysFolder is where the role keys of this user lie.
func keysFolder() (string, error) {
	base, err := os.UserConfigDir()
	if err != nil {
		return "", failed(err, "set XDG_CONFIG_HOME or HOME")
	}
	return filepath.Join(base, "sallyport", "keys"), nil
}

func (a *app) keysCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "keys", Short: "Make and list the signing keys of this user",
		Long: `Keys signs what the gates say. Each role has a key pair of its own: admit signs
what gate 1 found, waive signs exceptions, log signs decisions. They lie in
$XDG_CONFIG_HOME/sallyport/keys as <role>.key (private, mode 0600) and <role>.pub.

Exit codes: 0 done, 2 an error, 4 wrong usage.`,
		Example: "  sallyport keys init\n  sallyport keys list",
		Args:    exactArgs(0, "sallyport keys init"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.keysInitCmd(), a.keysListCmd())
	return cmd
}

func (a *app) keysInitCmd() *cobra.Command {
	var passphraseFile string
	cmd := &cobra.Command{
		Use: "init", Short: "Make the role keys that do not exist yet",
		Long: `Init makes a P-256 key pair for each role. Keys that exist are kept as they are.

Exit codes: 0 done, 2 an error, 4 wrong usage.`,
		Example: "  sallyport keys init\n  sallyport keys init --passphrase-file ./passphrase",
		Args:    exactArgs(0, "sallyport keys init"),
		RunE: func(*cobra.Command, []string) error {
			passphrase, err := readPassphrase(passphraseFile)
			if err != nil {
				return err
			}
			return a.keysInit(passphrase)
		},
	}
	cmd.Flags().StringVar(&passphraseFile, "passphrase-file", "", "encrypt the private keys with the first line of this file")
	return cmd
}

func (a *app) keysInit(passphrase []byte) error {
	folder, err := keysFolder()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return failed(err, "set XDG_CONFIG_HOME to a folder that you may write to")
	}
	for _, role := range roles {
		base := filepath.Join(folder, role)
		key, err := sign.Generate()
		if err != nil {
			return failed(err, "")
		}
		switch err := sign.Write(base, key, passphrase); {
		case errors.Is(err, sign.ErrKeyExists):
			if err := whole(base); err != nil {
				return err
			}
			fmt.Fprintf(a.Out, "kept  %s\n", render.Escape(base+sign.PrivateExt))
		case err != nil:
			return failed(err, "")
		default:
			fmt.Fprintf(a.Out, "made  %s\n", render.Escape(base+sign.PrivateExt))
		}
	}
	return nil
}

// whole refuses half a key pair, as an interruption can leave it: calling it
// kept would send the user in a circle.
func whole(base string) error {
	for missing, there := range map[string]string{base + sign.PrivateExt: base + sign.PublicExt, base + sign.PublicExt: base + sign.PrivateExt} {
		if _, err := os.Lstat(missing); errors.Is(err, fs.ErrNotExist) {
			return failed(fmt.Errorf("%q is there and %q is not", there, missing), "put the missing file back, or move the other one away, then: sallyport keys init")
		}
	}
	return nil
}

func (a *app) keysListCmd() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Show the role keys and their fingerprints",
		Long: `List prints role, fingerprint (SHA-256 of the public key) and file.

Exit codes: 0 done, 2 an error, 3 no key yet, 4 wrong usage.`,
		Example: "  sallyport keys list",
		Args:    exactArgs(0, "sallyport keys list"),
		RunE: func(*cobra.Command, []string) error {
			folder, err := keysFolder()
			if err != nil {
				return err
			}
			found := false
			for _, role := range roles {
				pub, err := sign.LoadPublic(filepath.Join(folder, role+sign.PublicExt))
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				if err != nil {
					return failed(err, "")
				}
				id, err := sign.KeyID(pub)
				if err != nil {
					return failed(err, "")
				}
				found = true
				fmt.Fprintf(a.Out, "%-6s %s  %s\n", role, id, render.Escape(filepath.Join(folder, role+sign.PublicExt)))
			}
			if !found {
				return &failure{code: exitNothing, err: errors.New("there are no keys yet"), hint: "sallyport keys init"}
			}
			return nil
		},
	}
}

// readPassphrase takes the first line of a file; an empty name means none.
func readPassphrase(name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name) // may be a pipe
	if err != nil {
		return nil, failed(err, "write the passphrase into a file that only you can read")
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, sign.MaxKeyFile))
	if err != nil {
		return nil, failed(err, "write the passphrase into a file that only you can read")
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) == 0 {
		return nil, usage("put the passphrase on the first line", "the passphrase file %q is empty", name)
	}
	return line, nil
}

// loadKey reads the private key of a role, from the given file or from the
// user's own folder, but from no place of strangers: a key that lies in a model
// would be shipped with it.
func loadKey(role, file, passphraseFile string, strange []string) (*sign.Key, error) {
	hint := "sallyport keys init"
	if file == "" {
		folder, err := keysFolder()
		if err != nil {
			return nil, err
		}
		file = filepath.Join(folder, role+sign.PrivateExt)
	} else {
		hint = "name a PEM file with a P-256 private key, or make one: sallyport keys init"
	}
	if err := notFrom(file, strange); err != nil {
		return nil, err
	}
	passphrase, err := readPassphrase(passphraseFile)
	if err != nil {
		return nil, err
	}
	key, err := sign.Load(file, passphrase)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, failed(fmt.Errorf("there is no %s key at %q", role, file), hint)
	case errors.Is(err, sign.ErrPassphrase):
		return nil, failed(err, "--passphrase-file FILE")
	case err != nil:
		return nil, failed(err, hint)
	}
	return key, nil
}
