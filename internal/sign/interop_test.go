package sign

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sallyport/sallyport/internal/artifact"
)

// client finds a program of the virtual environment that `make test` installs
// below $SALLYPORT_INTEROP. Without it the test is skipped, in CI it fails.
func client(t *testing.T, name string) string {
	t.Helper()
	found, _ := filepath.Glob(filepath.Join(os.Getenv("SALLYPORT_INTEROP"), "*", "bin", name))
	switch {
	case os.Getenv("SALLYPORT_INTEROP") != "" && len(found) > 0:
		return found[0]
	case os.Getenv("CI") == "true":
		t.Fatalf("%s is not below SALLYPORT_INTEROP; in CI it must be there", name)
	}
	t.Skipf("SKIPPED: %s is not below SALLYPORT_INTEROP: model signatures were not checked by a foreign client", name)
	return ""
}

// onDisk writes a tree below dir and lists it again.
func onDisk(t *testing.T, dir string, content map[string]string) []artifact.File {
	t.Helper()
	for name, text := range content {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return files(content)
}

type pair struct {
	k        *Key
	key, pub string
}

func newPair(t *testing.T) pair {
	t.Helper()
	base := filepath.Join(t.TempDir(), "k")
	k := mustKey(t)
	if err := Write(base, k, nil); err != nil {
		t.Fatal(err)
	}
	return pair{k, base + PrivateExt, base + PublicExt}
}

// theyAccept runs `model_signing verify key`.
func theyAccept(t *testing.T, model, sig, pub string) (bool, string) {
	t.Helper()
	cmd := exec.Command(client(t, "model_signing"), "verify", "key", model, "--signature", sig, "--public_key", pub)
	out, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	if bytes.Contains(out, []byte("Traceback")) && bytes.Contains(out, []byte("ImportError")) {
		t.Fatalf("model_signing is broken:\n%s", out)
	}
	return err == nil, string(out)
}

func theySign(t *testing.T, model, sig, key string) {
	t.Helper()
	cmd := exec.Command(client(t, "model_signing"), "sign", "key", model, "--signature", sig, "--private_key", key)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

var damages = map[string]func(map[string]string){
	"none":     func(map[string]string) {},
	"tampered": func(m map[string]string) { m["a.bin"] = "bix" },
	"missing":  func(m map[string]string) { delete(m, "empty") },
	"extra":    func(m map[string]string) { m["a/evil.pkl"] = "x" },
	"renamed":  func(m map[string]string) { m["b.bin"] = m["a.bin"]; delete(m, "a.bin") },
	"swapped":  func(m map[string]string) { m["a.bin"], m["a.txt"] = m["a.txt"], m["a.bin"] },
	"moved":    func(m map[string]string) { m["b/z"] = m["a/z"]; delete(m, "a/z") },
	"git":      func(m map[string]string) { m[".git/config"] = "x"; m[".gitattributes"] = "y" },
}

// For every damage both programs give the same answer about both programs'
// signatures.
func TestInteropModelSigning(t *testing.T) {
	client(t, "model_signing")
	p := newPair(t)
	original := filepath.Join(t.TempDir(), "model")
	sigs := map[string]string{"ours": filepath.Join(t.TempDir(), "ours.sig"), "theirs": filepath.Join(t.TempDir(), "theirs.sig")}
	onDisk(t, original, upstreamTree())
	if err := os.WriteFile(sigs["ours"], signTree(t, p.k, upstreamTree()), 0o644); err != nil {
		t.Fatal(err)
	}
	theySign(t, original, sigs["theirs"], p.key)
	for name, damage := range damages {
		for whose, sig := range sigs {
			t.Run(name+"-"+whose, func(t *testing.T) {
				tree := upstreamTree()
				damage(tree)
				model := filepath.Join(t.TempDir(), "model")
				list := onDisk(t, model, tree)
				want := name == "none" || name == "git"
				if ok, out := theyAccept(t, model, sig, p.pub); ok != want {
					t.Errorf("they accept: %v\n%s", ok, out)
				}
				bundle, err := os.ReadFile(sig)
				if err != nil {
					t.Fatal(err)
				}
				if _, _, err := VerifyModel(bundle, list, trust(p.k)); want != (err == nil) {
					t.Errorf("we say: %v", err)
				}
			})
		}
	}
}

func TestInteropForeignKey(t *testing.T) {
	client(t, "model_signing")
	p, other := newPair(t), newPair(t)
	dir := filepath.Join(t.TempDir(), "m")
	onDisk(t, dir, map[string]string{"a": "a"})
	sig := filepath.Join(dir, ModelFile) // in place, as it usually lies
	if err := os.WriteFile(sig, signTree(t, p.k, map[string]string{"a": "a"}), 0o644); err != nil {
		t.Fatal(err)
	}
	if ok, out := theyAccept(t, dir, sig, p.pub); !ok {
		t.Errorf("they refuse: %s", out)
	}
	if ok, _ := theyAccept(t, dir, sig, other.pub); ok {
		t.Error("they accept another key")
	}
}

// Random trees: same root digest on both sides, and each accepts the other.
func TestInteropRandomTrees(t *testing.T) {
	client(t, "model_signing")
	p := newPair(t)
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			tree := randomTree(rand.New(rand.NewPCG(seed, 1)))
			dir := filepath.Join(t.TempDir(), "model")
			list := onDisk(t, dir, tree)
			theirs, ours := filepath.Join(t.TempDir(), "t"), filepath.Join(t.TempDir(), "o")
			theySign(t, dir, theirs, p.key)
			bundle, err := os.ReadFile(theirs)
			if err != nil {
				t.Fatal(err)
			}
			their, match, err := VerifyModel(bundle, list, trust(p.k))
			if err != nil || len(match.Signed) != len(tree) {
				t.Fatalf("%v %+v", err, match)
			}
			mine := signTree(t, p.k, tree)
			our, err := OpenModel(mine, trust(p.k))
			if err != nil || our.RootDigest != their.RootDigest || !slices.Equal(our.parts, their.parts) {
				t.Errorf("we list %v, they list %v (%v)", our.parts, their.parts, err)
			}
			if err := os.WriteFile(ours, mine, 0o644); err != nil {
				t.Fatal(err)
			}
			if ok, out := theyAccept(t, dir, ours, p.pub); !ok {
				t.Errorf("they refuse ours: %s", out)
			}
		})
	}
}

// randomTree mixes names whose order differs between strings and components.
func randomTree(r *rand.Rand) map[string]string {
	parts := []string{"a", "a.bin", "a-b", "a b", "A1", "é", "模型", "z", "a.d", "0", "ﬀ", "𝔸", "~", "_", "a'b\"c", "#", "%20", "e\u0301x"}
	tree := map[string]string{"a/z": "1", "a.bin": ""}
	folders, leaves := []string{"", "d/", "d.x/", "d-x/", "ü/", "d/e/", "d/e.f/"}, map[string]bool{"a/z": true}
	for range 40 {
		name := folders[r.IntN(len(folders))] + parts[r.IntN(len(parts))]
		if name == "a" || leaves[name] {
			continue
		}
		leaves[name] = true
		text := make([]byte, r.IntN(3)*r.IntN(2000))
		for i := range text {
			text[i] = byte(r.Uint32())
		}
		tree[name] = string(text)
	}
	return tree
}
