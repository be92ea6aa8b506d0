package cli

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sallyport/sallyport/internal/registry"
	"github.com/sallyport/sallyport/internal/tamper"
)

// cmdCode runs a program and insists on its exit code: code 2 sallyport gate ….
func cmdCode(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var ended *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &ended):
		got = ended.ExitCode()
	default:
		ts.Check(err)
	}
	if (got == want) == neg {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// cmdTiny copies the sample model: tiny FOLDER [TEXT]. Text makes it another one.
func cmdTiny(ts *testscript.TestScript, neg bool, args []string) {
	dst := ts.MkAbs(args[0])
	ts.Check(os.CopyFS(dst, os.DirFS(tinyModel)))
	if len(args) > 1 {
		readme := filepath.Join(dst, "README.md")
		text, err := os.ReadFile(readme)
		ts.Check(err)
		ts.Check(os.WriteFile(readme, append(text, args[1]+"\n"...), 0o644))
	}
}

// tinyModel is set when the tests start, in their own folder.
var tinyModel = func() string {
	full, err := filepath.Abs(filepath.FromSlash("../../testdata/models/tiny"))
	if err != nil {
		panic(err)
	}
	return full
}()

// cmdTamper is the attacker: tamper ATTACK ARGS…, as scripts/tamper does.
func cmdTamper(ts *testscript.TestScript, neg bool, args []string) {
	args[1] = ts.MkAbs(args[1])
	if args[0] == "poison" {
		args[2] = ts.MkAbs(args[2])
	}
	ts.Check(tamper.Run(ts.Stdout(), args))
}

// cmdMeddle writes to a file again and again until the script ends.
func cmdMeddle(ts *testscript.TestScript, neg bool, args []string) {
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_WRONLY, 0)
	ts.Check(err)
	var stop atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for b := byte('a'); !stop.Load(); b = 'a' + (b-'a'+1)%26 {
			_, _ = f.WriteAt([]byte{b}, 0)
		}
	}()
	ts.Defer(func() {
		stop.Store(true)
		<-done
		f.Close()
	})
}

// cmdKey writes a private key of a kind: key KIND FILE MODE.
func cmdKey(ts *testscript.TestScript, neg bool, args []string) {
	var k any
	var err error
	switch args[0] {
	case "ed25519":
		_, k, err = ed25519.GenerateKey(rand.Reader)
	case "p224":
		k, err = ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	case "p384":
		k, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	default:
		ts.Fatalf("unknown kind of key %q", args[0])
	}
	ts.Check(err)
	der, err := x509.MarshalPKCS8PrivateKey(k)
	ts.Check(err)
	mode, err := strconv.ParseUint(args[2], 8, 32)
	ts.Check(err)
	name := ts.MkAbs(args[1])
	ts.Check(os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	ts.Check(os.Chmod(name, os.FileMode(mode)))
}

// cmdPlant puts a manifest into a layout, as somebody who can write there would
// before gate 1 sees the files: plant LAYOUT TAG. It lists the files of the model
// behind the tag as archives to unpack, and all else goes: statements and tag.
func cmdPlant(ts *testscript.TestScript, neg bool, args []string) {
	dir := ts.MkAbs(args[0])
	index := readObject(ts, filepath.Join(dir, "index.json"))
	for _, e := range index["manifests"].([]any) {
		annotations, _ := e.(map[string]any)["annotations"].(map[string]any)
		if annotations["org.opencontainers.image.ref.name"] != args[1] {
			continue
		}
		digest := e.(map[string]any)["digest"].(string)
		m := readObject(ts, filepath.Join(dir, "blobs", "sha256", strings.TrimPrefix(digest, "sha256:")))
		for _, layer := range m["layers"].([]any) {
			layer := layer.(map[string]any)
			layer["mediaType"] = "application/vnd.cncf.model.weight.v1.tar"
			layer["annotations"].(map[string]any)["io.deis.oras.content.unpack"] = "true"
		}
		data, err := json.Marshal(m)
		ts.Check(err)
		planted := registry.DigestOf(data)
		ts.Check(os.WriteFile(filepath.Join(dir, "blobs", "sha256", strings.TrimPrefix(planted, "sha256:")), data, 0o644))
		index["manifests"] = []any{map[string]any{"mediaType": m["mediaType"], "digest": planted, "size": len(data)}}
		data, err = json.Marshal(index)
		ts.Check(err)
		ts.Check(os.WriteFile(filepath.Join(dir, "index.json"), data, 0o644))
		ts.Setenv("PLANTED", planted)
		return
	}
	ts.Fatalf("no tag %q", args[1])
}

func readObject(ts *testscript.TestScript, name string) (o map[string]any) {
	data, err := os.ReadFile(name)
	ts.Check(err)
	ts.Check(json.NewDecoder(bytes.NewReader(data)).Decode(&o))
	return o
}

// cmdFlood lists manifests in a layout that are not there: flood LAYOUT NUMBER.
func cmdFlood(ts *testscript.TestScript, neg bool, args []string) {
	name := filepath.Join(ts.MkAbs(args[0]), "index.json")
	index := readObject(ts, name)
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	for i := range n {
		index["manifests"] = append(index["manifests"].([]any), map[string]any{"mediaType": "application/vnd.oci.image.manifest.v1+json",
			"digest": registry.DigestOf([]byte(strconv.Itoa(i))), "size": 5})
	}
	data, err := json.Marshal(index)
	ts.Check(err)
	ts.Check(os.WriteFile(name, data, 0o644))
}

// cmdReplaceBlobs puts a folder or a pipe in the place of every blob: replaceblobs
// folder|pipe LAYOUT.
func cmdReplaceBlobs(ts *testscript.TestScript, neg bool, args []string) {
	dir := filepath.Join(ts.MkAbs(args[1]), "blobs", "sha256")
	entries, err := os.ReadDir(dir)
	ts.Check(err)
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		ts.Check(os.Remove(name))
		if args[0] == "folder" {
			ts.Check(os.Mkdir(name, 0o755))
			continue
		}
		cmdFifo(ts, false, []string{name})
	}
}
