package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	detectors "github.com/sallyport/sallyport/internal/detect/all"
	"github.com/sallyport/sallyport/internal/format/all"
	"github.com/sallyport/sallyport/internal/sample"
	"github.com/sallyport/sallyport/internal/scan"
	"github.com/sallyport/sallyport/internal/source"
	"github.com/sallyport/sallyport/internal/source/local"
)

// documented is the file that docs/explain.md explains.
const documented = `PROTO 2
MARK
GLOBAL collections OrderedDict
EMPTY_TUPLE
REDUCE
GLOBAL base64 b64decode
BINUNICODE "b3M="
TUPLE1
REDUCE
BINUNICODE "system"
STACK_GLOBAL
BINUNICODE "echo"
TUPLE1
REDUCE
TUPLE
STOP
`

// What the page shows is what the program prints. It runs as a process of its
// own, since it takes rights away from itself.
func TestExplainPage(t *testing.T) {
	data, err := sample.Pickle(documented)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "model.pkl"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out, trouble bytes.Buffer
	cmd := exec.Command(self)
	cmd.Args = []string{"sallyport", "explain", "model.pkl"}
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &trouble
	if err := cmd.Run(); err != nil {
		t.Fatal(err, trouble.String())
	}
	page, err := os.ReadFile("../../docs/explain.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```console\n\\$ sallyport explain model.pkl\n(.*?)```").FindSubmatch(page)
	if block == nil {
		t.Fatal("docs/explain.md has no example")
	}
	if diff := cmp.Diff(string(block[1]), out.String()); diff != "" {
		t.Errorf("-page +program:\n%s", diff)
	}
	for _, flag := range []string{"`--format text\\|json\\|html`", "`-o`, `--output FILE`", "`--all`"} {
		if !strings.Contains(string(page), flag) {
			t.Errorf("%s is not on the page", flag)
		}
	}
}

// Asking for an explanation changes nothing of what a scan says.
func TestExplainAgreesWithScan(t *testing.T) {
	tree, err := local.Tree("../../testdata/benign", source.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Files) < 400 {
		t.Fatalf("only %d files", len(tree.Files))
	}
	opt := scan.Options{Detectors: detectors.Detectors(), Version: "test"}
	want, err := scan.Run(t.Context(), tree, all.Formats(), opt)
	if err != nil {
		t.Fatal(err)
	}
	_, _, got, err := scan.Explain(t.Context(), tree, all.Formats(), opt)
	if err != nil {
		t.Fatal(err)
	}
	want.BytesRead, got.BytesRead = 0, 0 // an account may read twice
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-scan +explain:\n%s", diff)
	}
}
