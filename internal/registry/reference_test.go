package registry

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var someDigest = "sha256:" + strings.Repeat("0a", 32)

func TestParseReference(t *testing.T) {
	layout := func(dir, repo, tag, digest string) Reference { return Reference{KindLayout, dir, repo, tag, digest} }
	oci := func(host, repo, tag, digest string) Reference { return Reference{KindOCI, host, repo, tag, digest} }
	for _, c := range []struct {
		in   string
		want Reference
	}{
		{"layout:registry//team/model", layout("registry", "team/model", "", "")},
		{"layout:./registry//team/model:v1-scanned", layout("./registry", "team/model", "v1-scanned", "")},
		{"layout:../r//m@" + someDigest, layout("../r", "m", "", someDigest)},
		{"layout:/srv/r//a/b/c:v1@" + someDigest, layout("/srv/r", "a/b/c", "v1", someDigest)},
		{"layout:/srv//r//m:v1", layout("/srv//r", "m", "v1", "")}, // the last double slash divides
		{"layout:///m:v1", layout("/", "m", "v1", "")},
		{"layout:r///m", layout("r/", "m", "", "")},
		{`layout:C:\models//m:v1`, layout(`C:\models`, "m", "v1", "")},
		{"layout:/with space/@home:x//m:v1", layout("/with space/@home:x", "m", "v1", "")},
		{"layout:r//a.b_c__d-e---f/0", layout("r", "a.b_c__d-e---f/0", "", "")},
		{"layout:r//m:_V.1-x", layout("r", "m", "_V.1-x", "")},
		{"oci://registry.example/team/model:v1@" + someDigest, oci("registry.example", "team/model", "v1", someDigest)},
		{"oci://localhost:5000/m", oci("localhost:5000", "m", "", "")},
		{"oci://[::1]:5000/m:v1", oci("[::1]:5000", "m", "v1", "")},
		{"oci://127.0.0.1/m:v1", oci("127.0.0.1", "m", "v1", "")},
	} {
		got, err := ParseReference(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.in, diff)
		}
		if got.String() != c.in {
			t.Errorf("%s is written as %s", c.in, got)
		}
		if !IsReference(c.in) {
			t.Errorf("%s is not recognised", c.in)
		}
	}
}

func TestParseReferenceRefuses(t *testing.T) {
	for _, in := range []string{
		"", "registry//m:v1", "file:r//m", "layout:", "layout:r", "layout:r/m:v1", "layout://m:v1", "layout:r//", "layout:r//:v1", "layout:r//m:",
		"layout:r//m@", "layout:r//m@sha256:12", "layout:r//m@" + strings.ToUpper(someDigest), "layout:r//m@sha512:" + strings.Repeat("0", 128),
		"layout:r//m@" + someDigest + "@" + someDigest, "layout:r//m:v1:v2", "layout:r//m@" + someDigest + ":v1",
		"layout:r//..", "layout:r//../x", "layout:r//a/../b", "layout:r//./m", "layout:r//m/", "layout:r//a\\b", "layout:r//M",
		"layout:r//a..b", "layout:r//-a", "layout:r//a-", "layout:r//a___b", "layout:r//a._b", "layout:r//.sallyport", "layout:r//ä", "layout:r//a b",
		"layout:r//m:.v1", "layout:r//m:-v1", "layout:r//m:v/1", "layout:r//m:" + strings.Repeat("v", 129), "layout:r//" + strings.Repeat("a", 256),
		"layout:r\x00//m", "layout:r//m\x00", "oci://", "oci://host", "oci://host/", "oci:///m", "oci://user@host/m", "oci://host:/m", "oci://host:port/m",
		"oci://host:123456/m", "oci://ho st/m", "oci://-host/m", "oci://host./m", "oci://[::1/m", "oci://[x]/m", "oci://[]/m", "oci://[::1]5/m", "oci://host//m", "OCI://host/m",
	} {
		if r, err := ParseReference(in); !errors.Is(err, ErrReference) {
			t.Errorf("%q: %+v, %v", in, r, err)
		} else if strings.ContainsRune(err.Error(), 0) {
			t.Errorf("%q: the message has control characters", in)
		}
	}
}

func TestReferenceEvidence(t *testing.T) {
	r, err := ParseReference("layout:./reg//team/m:v1@" + someDigest)
	if err != nil {
		t.Fatal(err)
	}
	e := r.Evidence()
	if e.Registry != "layout:./reg" || e.Kind != KindLayout || e.Repository != "team/m" || e.Tag != "v1" || e.Digest != someDigest {
		t.Errorf("%+v", e)
	}
	if r.Registry, r.Kind = "host", KindOCI; r.Location() != "oci://host" {
		t.Error(r.Location())
	}
}

func FuzzReference(f *testing.F) {
	for _, s := range []string{"layout:a//b:c@" + someDigest, "oci://h:1/r/s:t", "layout:///a", "layout:a//../b", "oci://[::1]:5/x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseReference(s)
		if err != nil {
			if !errors.Is(err, ErrReference) {
				t.Fatalf("%v does not wrap ErrReference", err)
			}
			return
		}
		if r.String() != s {
			t.Fatalf("%q is written as %q", s, r)
		}
		if !filepath.IsLocal(r.Repository) || strings.ContainsAny(r.Repository, "\\:@\x00") || r.Repository != filepath.ToSlash(filepath.Clean(r.Repository)) {
			t.Fatalf("repository %q leaves its folder", r.Repository)
		}
		if strings.ContainsAny(r.Tag, "/\\\x00") || r.Registry == "" || r.Kind == KindOCI && strings.ContainsAny(r.Registry, "/@ ") {
			t.Fatalf("%+v", r)
		}
	})
}
