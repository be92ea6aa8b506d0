package tamper

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// registry writes a layout with two tagged models, each with a scan and an
// admission statement, and returns its folder.
func registry(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "blobs", "sha256"), 0o755); err != nil {
		t.Fatal(err)
	}
	l := &layout{dir: dir, index: object{"schemaVersion": 2}}
	for _, tag := range []string{"v1", "v2"} {
		model := l.testManifest(t, object{
			"layers":      []any{l.testLayer(t, "small "+tag), l.testLayer(t, "the largest layer of "+tag)},
			"annotations": object{"security.scan.result": "waived"},
		})
		model["annotations"] = object{refName: tag}
		l.add(model)
		for _, kind := range []string{"scan", "admission"} {
			statement, _ := json.Marshal(object{"predicateType": "https://example.org/" + kind + "/v0.1", "tag": tag})
			bundle, _ := json.Marshal(object{"dsseEnvelope": object{
				"payload": base64.StdEncoding.EncodeToString(statement), "signatures": []any{object{"sig": "MEUC"}}}})
			l.add(l.testManifest(t, object{
				"layers":  []any{l.testLayer(t, string(bundle))},
				"subject": object{"digest": model["digest"], "size": model["size"], "mediaType": manifestType},
			}))
		}
	}
	if err := l.save(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func (l *layout) testLayer(t *testing.T, data string) object {
	t.Helper()
	digest, err := l.put([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return object{"digest": digest, "size": len(data)}
}

func (l *layout) testManifest(t *testing.T, m object) object {
	t.Helper()
	d, err := l.store(m, object{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// state is what a layout says: per tag the annotation, the layers' text, and the
// statements found through the subject, as "predicate type tag signature".
func state(t *testing.T, dir string) map[string][]string {
	t.Helper()
	l, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, e := range l.entries() {
		tag := text(e, "annotations", refName)
		if tag == "" {
			continue
		}
		m, err := l.manifest(e)
		if err != nil {
			t.Fatal(err)
		}
		all[tag] = append(all[tag], text(m, "annotations", "security.scan.result"))
		for _, layer := range m["layers"].([]any) {
			data, err := os.ReadFile(l.blob(text(asObject(layer), "digest")))
			if err != nil {
				t.Fatal(err)
			}
			all[tag] = append(all[tag], string(data))
		}
		referrers, _ := l.referrers(text(e, "digest"))
		for _, r := range referrers {
			m, err := l.manifest(r)
			if err != nil {
				t.Fatal(err)
			}
			_, bundle, payload, err := l.envelope(m)
			if err != nil {
				t.Fatal(err)
			}
			var s struct{ PredicateType, Tag string }
			if err := json.Unmarshal(payload, &s); err != nil {
				t.Fatal(err)
			}
			sig := asObject(bundle["dsseEnvelope"])["signatures"].([]any)[0]
			all[tag] = append(all[tag], s.PredicateType+" "+s.Tag+" "+text(asObject(sig), "sig"))
		}
	}
	return all
}

// wrongBlobs lists blobs whose name is not their digest.
func wrongBlobs(t *testing.T, dir string) (wrong []string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "blobs", "sha256", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != filepath.Base(name) {
			wrong = append(wrong, string(data))
		}
	}
	return wrong
}

const (
	scan      = "https://example.org/scan/v0.1 "
	admission = "https://example.org/admission/v0.1 "
)

func TestAttacks(t *testing.T) {
	v1 := []string{"waived", "small v1", "the largest layer of v1", scan + "v1 MEUC", admission + "v1 MEUC"}
	v2 := []string{"waived", "small v2", "the largest layer of v2", scan + "v2 MEUC", admission + "v2 MEUC"}
	for _, test := range []struct {
		name  string
		args  []string
		want  map[string][]string // what changes
		wrong int                 // blobs that no longer have their digest
	}{
		{"annotate", []string{"annotate", "v1", "security.scan.result", "clean"},
			map[string][]string{"v1": {"clean", "small v1", "the largest layer of v1", scan + "v1 MEUC", admission + "v1 MEUC"}}, 0},
		{"retag", []string{"retag", "v1", "v2"}, map[string][]string{"v1": v2}, 0},
		{"content", []string{"content", "v1"},
			map[string][]string{"v1": {"waived", "small v1", "the largest\x21layer of v1", scan + "v1 MEUC", admission + "v1 MEUC"}}, 1},
		{"statement", []string{"statement", "v1", "admission", `"v1"`, `"v9"`},
			map[string][]string{"v1": {"waived", "small v1", "the largest layer of v1", scan + "v1 MEUC", admission + "v9 MEUC"}}, 0},
		{"reattach", []string{"reattach", "v1", "v2"},
			map[string][]string{"v1": {"waived", "small v1", "the largest layer of v1", scan + "v2 MEUC", admission + "v2 MEUC"}}, 0},
		{"withhold", []string{"withhold", "v1", "scan"},
			map[string][]string{"v1": {"waived", "small v1", "the largest layer of v1", admission + "v1 MEUC"}}, 0},
		{"withhold_all", []string{"withhold", "v1", ""},
			map[string][]string{"v1": {"waived", "small v1", "the largest layer of v1"}}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := registry(t)
			if err := Run(io.Discard, append([]string{test.args[0], dir}, test.args[1:]...)); err != nil {
				t.Fatal(err)
			}
			want := map[string][]string{"v1": v1, "v2": v2}
			maps.Copy(want, test.want)
			if diff := cmp.Diff(want, state(t, dir)); diff != "" {
				t.Errorf("layout (-want +got):\n%s", diff)
			}
			if wrong := wrongBlobs(t, dir); len(wrong) != test.wrong {
				t.Errorf("blobs without their digest: %q", wrong)
			}
		})
	}
}

// An attack that changes nothing must not look like one that was survived.
func TestAttacksThatChangeNothingFail(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"unknown"},
		{"retag", "DIR", "v1"},
		{"retag", "DIR", "v1", "v9"},
		{"retag", "DIR", "v9", "v1"},
		{"annotate", "DIR", "v9", "a", "b"},
		{"content", "DIR", "v9"},
		{"statement", "DIR", "v1", "admission", "absent", "x"},
		{"statement", "DIR", "v1", "waiver", "v1", "x"},
		{"reattach", "DIR", "v1", "v1"},
		{"withhold", "DIR", "v1", "waiver"},
	} {
		t.Run(strings.Join(append(args, "-"), "_"), func(t *testing.T) {
			dir := registry(t)
			args := append([]string{}, args...)
			if len(args) > 1 {
				args[1] = dir
			}
			if err := Run(io.Discard, args); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestPoison(t *testing.T) {
	src := filepath.Join("..", "..", "testdata", "models", "tiny")
	dst := filepath.Join(t.TempDir(), "copy")
	if err := Poison(src, dst); err != nil {
		t.Fatal(err)
	}
	good, bad := members(t, filepath.Join(src, weights)), members(t, filepath.Join(dst, weights))
	for name, data := range good {
		if changed := bad[name] != data; changed != strings.HasSuffix(name, "/data.pkl") {
			t.Errorf("%s: changed %v", name, changed)
		}
	}
	const member = "pytorch_model/data.pkl"
	if got, want := bad[member], "\x80\x02cos\nsystem\nX\x04\x00\x00\x00echo\x85R0"+good[member][2:]; got != want {
		t.Errorf("pickle %q, want %q", got, want)
	}
	if len(bad) != len(good) {
		t.Errorf("%d members, want %d", len(bad), len(good))
	}
	card, err := os.ReadFile(filepath.Join(dst, "README.md"))
	if err != nil || !strings.Contains(string(card), "random weights") {
		t.Errorf("the rest of the tree is missing: %v", err)
	}
	if Poison(src, dst) == nil {
		t.Error("an existing copy is overwritten")
	}
}

func members(t *testing.T, name string) map[string]string {
	t.Helper()
	r, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all := map[string]string{}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		in.Close()
		all[f.Name] = string(data)
	}
	return all
}

func TestShow(t *testing.T) {
	var out strings.Builder
	if err := Run(&out, []string{"show", registry(t), "v1"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"https://example.org/scan/v0.1\n", "https://example.org/admission/v0.1\n", `"tag": "v1"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), `"v2"`) {
		t.Error("statements about another model are shown")
	}
}

func TestShorten(t *testing.T) {
	got := shorten(object{"list": []any{"a", strings.Repeat("b", 101), "c", "d", "e"}, "short": []any{1.0, 2.0}})
	want := object{"list": []any{"a", strings.Repeat("b", 100) + "…", "c", "… and 2 more"}, "short": []any{1.0, 2.0}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
