package sign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/evidence"
)

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

// short claims more bytes than it has.
type short struct{ memory }

func (short) Size() int64 { return 9 }

// files builds a tree in memory, unhashed.
func files(content map[string]string) []artifact.File {
	var out []artifact.File
	for name, text := range content {
		out = append(out, artifact.File{Path: name, Size: int64(len(text)),
			Open: func() (artifact.Content, error) { return memory{bytes.NewReader([]byte(text))}, nil }})
	}
	slices.SortFunc(out, func(a, b artifact.File) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// upstreamTree is what testdata/upstream/make.py signs.
func upstreamTree() map[string]string {
	return map[string]string{
		"a/z": strings.Repeat("z", 2500), "a.bin": "bin", "a.txt": "text\n", "grüße/模型.txt": "ü\n",
		"colon:1:2.bin": strings.Repeat("c", 1000), "empty": "",
	}
}

func signTree(t testing.TB, k *Key, content map[string]string, ignore ...string) []byte {
	t.Helper()
	b, err := SignModel(context.Background(), k, ModelInput{Name: "model", Files: files(content), IgnorePaths: ignore})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func trust(k *Key) ModelTrust { return ModelTrust{Keys: []crypto.PublicKey{k.Public()}} }

func TestComparePaths(t *testing.T) {
	// The order of Python's sorted() over PurePosixPath.
	want := []string{".git", "A", "a", "a/b", "a/b/c", "a/z", "a/z.b", "a-b", "a.bin", "a.txt", "ab/a", "b", "é", "模"}
	for i, a := range want {
		for j, b := range want {
			if got := comparePaths(a, b); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("comparePaths(%q, %q) = %d", a, b, got)
			}
		}
	}
}

// The root digest that upstream computed for the same tree: order and hash agree.
func TestRootDigestEqualsUpstream(t *testing.T) {
	k := rfcKey(t)
	m, err := OpenModel(signTree(t, k, upstreamTree()), trust(k))
	if err != nil {
		t.Fatal(err)
	}
	// testdata/upstream/p256.sig
	if want := "5de0f543048bf9b081d58b743c5a2c8cdff2956e31ee91415bed73a4713db66c"; m.RootDigest != want {
		t.Errorf("root %s, upstream has %s", m.RootDigest, want)
	}
}

func TestSignModelGolden(t *testing.T) {
	k := rfcKey(t)
	got := signTree(t, k, map[string]string{"b.txt": "", "a/z": "z", "model.sig": "old", ".gitattributes": "x", "cache/x": "y"}, "cache")
	b, err := ParseBundle(got)
	if err != nil {
		t.Fatal(err)
	}
	empty, z := sha256.Sum256(nil), sha256.Sum256([]byte("z"))
	root := sha256.Sum256(append(z[:], empty[:]...))
	want := `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"model","digest":{"sha256":"` + hex.EncodeToString(root[:]) + `"}}],` +
		`"predicateType":"https://model_signing/signature/v1.0","predicate":{"serialization":{"method":"files","hash_type":"sha256","allow_symlinks":false,` +
		`"ignore_paths":[".git",".gitattributes",".github",".gitignore","cache","model.sig"]},"resources":[` +
		`{"name":"a/z","algorithm":"sha256","digest":"` + hex.EncodeToString(z[:]) + `"},` +
		`{"name":"b.txt","algorithm":"sha256","digest":"` + hex.EncodeToString(empty[:]) + `"}]}}`
	if string(b.Payload) != want {
		t.Errorf("got  %s\nwant %s", b.Payload, want)
	}
	text, _ := MarshalPublic(k.Public())
	if sum := sha256.Sum256(text); b.Hint != hex.EncodeToString(sum[:]) {
		t.Errorf("hint %q is not the SHA-256 of the PEM text", b.Hint)
	}
}

func TestVerifyModel(t *testing.T) {
	k := rfcKey(t)
	sig := signTree(t, k, upstreamTree(), "cache")
	change := func(f func(map[string]string)) map[string]string {
		tree := upstreamTree()
		f(tree)
		return tree
	}
	cases := map[string]struct {
		tree  map[string]string
		allow []string
		want  Match
	}{
		"same":    {tree: upstreamTree()},
		"changed": {tree: change(func(m map[string]string) { m["a.bin"] = "bix" }), want: Match{Changed: []string{"a.bin"}}},
		"missing": {tree: change(func(m map[string]string) { delete(m, "empty") }), want: Match{Missing: []string{"empty"}}},
		"extra":   {tree: change(func(m map[string]string) { m["a/evil.pkl"] = "" }), want: Match{Extra: []string{"a/evil.pkl"}}},
		"renamed": {tree: change(func(m map[string]string) { m["b.bin"] = m["a.bin"]; delete(m, "a.bin") }),
			want: Match{Missing: []string{"a.bin"}, Extra: []string{"b.bin"}}},
		"swapped": {tree: change(func(m map[string]string) { m["a.bin"], m["a.txt"] = m["a.txt"], m["a.bin"] }),
			want: Match{Changed: []string{"a.bin", "a.txt"}}},
		"ignored-is-listed":    {tree: change(func(m map[string]string) { m[".git/evil.pkl"] = "x" }), want: Match{Unsigned: []string{".git/evil.pkl"}}},
		"ignore-not-a-prefix":  {tree: change(func(m map[string]string) { m[".gitevil"] = "x" }), want: Match{Extra: []string{".gitevil"}}},
		"signer-wish-refused":  {tree: change(func(m map[string]string) { m["cache/evil.pkl"] = "x" }), want: Match{Extra: []string{"cache/evil.pkl"}}},
		"signer-wish-accepted": {tree: change(func(m map[string]string) { m["cache/x"] = "x" }), allow: []string{"cache"}, want: Match{Unsigned: []string{"cache/x"}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, got, err := VerifyModel(sig, files(c.tree), trust(k), c.allow...)
			bad := len(c.want.Changed)+len(c.want.Missing)+len(c.want.Extra) > 0
			if bad != errors.Is(err, ErrModel) || !bad && err != nil {
				t.Fatalf("error %v, want one: %v", err, bad)
			}
			for _, p := range slices.Concat(c.want.Changed, c.want.Missing, c.want.Extra) {
				if !strings.Contains(err.Error(), fmt.Sprintf("%q", p)) {
					t.Errorf("the error does not list %q: %v", p, err)
				}
			}
			if c.allow == nil {
				c.want.RefusedIgnores = []string{"cache"}
			}
			got.Signed = nil
			if d := cmp.Diff(&c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// resign makes a model signature over any predicate, as a careless or hostile
// holder of a trusted key could.
func resign(t testing.TB, k *Key, edit func(*modelPredicate, *Statement)) []byte {
	t.Helper()
	b, err := ParseBundle(signTree(t, k, map[string]string{"a": "a", "b": "b"}))
	if err != nil {
		t.Fatal(err)
	}
	st, err := ParseStatement(b.Payload)
	if err != nil {
		t.Fatal(err)
	}
	var p modelPredicate
	if err := DecodeStrict(st.Predicate, &p); err != nil {
		t.Fatal(err)
	}
	edit(&p, st)
	st.Predicate, _ = MarshalJSON(p)
	payload, _ := MarshalJSON(st)
	m, _ := modelMaterial(k, nil)
	out, err := seal(context.Background(), payload, k, m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func reroot(p *modelPredicate, st *Statement) {
	root, _ := rootDigest(p.Resources)
	st.Subject[0].Digest = map[string]string{"sha256": root}
}

func TestOpenModelRefuses(t *testing.T) {
	k := rfcKey(t)
	sum := strings.Repeat("0", 64)
	cases := map[string]func(*modelPredicate, *Statement){
		"root-digest":       func(_ *modelPredicate, st *Statement) { st.Subject[0].Digest = map[string]string{"sha256": sum} },
		"file-dropped":      func(p *modelPredicate, _ *Statement) { p.Resources = p.Resources[:1] },
		"digest-changed":    func(p *modelPredicate, _ *Statement) { p.Resources[0].Digest = sum },
		"no-files":          func(p *modelPredicate, st *Statement) { p.Resources = nil; reroot(p, st) },
		"listed-twice":      func(p *modelPredicate, st *Statement) { p.Resources[1].Name = "a"; reroot(p, st) },
		"absolute-path":     func(p *modelPredicate, st *Statement) { p.Resources[0].Name = "/a" },
		"climbing-path":     func(p *modelPredicate, st *Statement) { p.Resources[0].Name = "../a" },
		"doubled-slash":     func(p *modelPredicate, st *Statement) { p.Resources[0].Name = "a//b" },
		"two-subjects":      func(_ *modelPredicate, st *Statement) { st.Subject = append(st.Subject, st.Subject[0]) },
		"other-predicate":   func(_ *modelPredicate, st *Statement) { st.PredicateType = evidence.TypeScan },
		"unknown-hash":      func(p *modelPredicate, _ *Statement) { p.Serialization.HashType = "md5" },
		"blake3":            func(p *modelPredicate, _ *Statement) { p.Serialization.HashType = "blake3" },
		"algorithm-differs": func(p *modelPredicate, _ *Statement) { p.Resources[0].Algorithm = "blake2b" },
		"unknown-method":    func(p *modelPredicate, _ *Statement) { p.Serialization.Method = "chunks" },
		"short-digest":      func(p *modelPredicate, st *Statement) { p.Resources[0].Digest = "00"; reroot(p, st) },
		"not-hex":           func(p *modelPredicate, st *Statement) { p.Resources[0].Digest = strings.Repeat("x", 64) },
		"upper-hex":         func(p *modelPredicate, st *Statement) { p.Resources[0].Digest = strings.ToUpper(p.Resources[0].Digest) },
		"shard-of-nothing":  func(p *modelPredicate, _ *Statement) { p.Serialization.Method = methodShard },
		"shard-fraction":    func(p *modelPredicate, _ *Statement) { p.Serialization = shardType(0.5) },
		"v0.1":              func(_ *modelPredicate, st *Statement) { st.PredicateType = modelV01 },
	}
	for name, edit := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := OpenModel(resign(t, k, edit), trust(k)); !errors.Is(err, ErrModel) {
				t.Errorf("%v, want ErrModel", err)
			}
		})
	}
	if _, err := OpenModel(resign(t, k, reroot), trust(k)); err != nil {
		t.Errorf("the untouched signature is refused: %v", err)
	}
}

func shardType(size float64) serialization {
	return serialization{Method: methodShard, HashType: hashSHA256, ShardSize: size}
}

func TestOpenModelShardLists(t *testing.T) {
	k, sum := rfcKey(t), strings.Repeat("0", 64)
	cases := map[string]struct {
		names []string
		ok    bool
	}{
		"one":              {[]string{"a:0:7"}, true},
		"two":              {[]string{"a:0:10", "a:10:12"}, true},
		"colons":           {[]string{"ab:1:2:0:10"}, true},
		"hole":             {[]string{"a:0:5", "a:6:9"}, false},
		"overlap":          {[]string{"a:0:5", "a:4:9"}, false},
		"late-start":       {[]string{"a:5:9"}, false},
		"backwards":        {[]string{"a:0:-5"}, false},
		"empty":            {[]string{"a:0:0"}, false},
		"larger-than-size": {[]string{"a:0:11"}, false},
		"no-range":         {[]string{"a"}, false},
		"half-range":       {[]string{"a:5"}, false},
		"no-path":          {[]string{":0:5"}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			sig := resign(t, k, func(p *modelPredicate, st *Statement) {
				p.Serialization, p.Resources = shardType(10), nil
				for _, n := range c.names {
					p.Resources = append(p.Resources, resource{n, "sha256-sharded-10", sum})
				}
				reroot(p, st)
			})
			if _, err := OpenModel(sig, trust(k)); c.ok != (err == nil) || err != nil && !errors.Is(err, ErrModel) {
				t.Errorf("accepted should be %v, error %v", c.ok, err)
			}
		})
	}
}

func TestOpenModelForeignKey(t *testing.T) {
	k, other := rfcKey(t), mustKey(t)
	sig := signTree(t, other, map[string]string{"a": "a"})
	if _, err := OpenModel(sig, trust(k)); !errors.Is(err, ErrSignature) {
		t.Errorf("%v, want ErrSignature", err)
	}
	if _, err := OpenModel(sig, ModelTrust{}); !errors.Is(err, ErrSignature) {
		t.Errorf("without keys: %v, want ErrSignature", err)
	}
	hint, _ := modelHint(other.Public())
	wrong, _ := modelHint(k.Public())
	swapped := bytes.Replace(sig, []byte(hint), []byte(wrong), 1)
	if _, err := OpenModel(swapped, trust(other)); !errors.Is(err, ErrSignature) {
		t.Errorf("hint of another key: %v, want ErrSignature", err)
	}
}

func mustKey(t testing.TB) *Key {
	t.Helper()
	k, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSignModelRefuses(t *testing.T) {
	cases := map[string]ModelInput{
		"no-files":     {Name: "m"},
		"all-ignored":  {Name: "m", Files: files(map[string]string{".git/a": "x", "model.sig": "y"})},
		"bad-path":     {Name: "m", Files: files(map[string]string{"../a": "x"})},
		"twice":        {Name: "m", Files: append(files(map[string]string{"a": "x"}), files(map[string]string{"a": "y"})...)},
		"case-twins":   {Name: "m", Files: files(map[string]string{"a": "x", "A": "y"})},
		"ignore-all":   {Name: "m", Files: files(map[string]string{"a": "x"}), IgnorePaths: []string{"."}},
		"wrong-digest": {Name: "m", Files: []artifact.File{{Path: "a", SHA256: "ABC"}}},
		"no-content":   {Name: "m", Files: []artifact.File{{Path: "a"}}},
		"size-lies": {Name: "m", Files: []artifact.File{{Path: "a", Size: 3,
			Open: func() (artifact.Content, error) { return memory{bytes.NewReader([]byte("ab"))}, nil }}}},
		"grown": {Name: "m", Files: []artifact.File{{Path: "a", Size: 1,
			Open: func() (artifact.Content, error) { return memory{bytes.NewReader([]byte("ab"))}, nil }}}},
		"ends-early": {Name: "m", Files: []artifact.File{{Path: "a", Size: 9,
			Open: func() (artifact.Content, error) { return short{memory{bytes.NewReader([]byte("ab"))}}, nil }}}},
		"read-error": {Name: "m", Files: []artifact.File{{Path: "a", Size: 2,
			Open: func() (artifact.Content, error) { return nil, io.ErrClosedPipe }}}},
	}
	for name, in := range cases {
		t.Run(name, func(t *testing.T) {
			if out, err := SignModel(context.Background(), rfcKey(t), in); err == nil {
				t.Errorf("signed: %s", out)
			}
		})
	}
}

// A known digest is used, so that content is not read again.
func TestDigestIsNotRecomputed(t *testing.T) {
	k := rfcKey(t)
	sum := sha256.Sum256([]byte("a"))
	known := []artifact.File{{Path: "a", Size: 1, SHA256: hex.EncodeToString(sum[:])}}
	if _, _, err := VerifyModel(signTree(t, k, map[string]string{"a": "a"}), known, trust(k)); err != nil {
		t.Error(err)
	}
}

func FuzzOpenModel(f *testing.F) {
	k := rfcKey(f)
	b, err := ParseBundle(signTree(f, k, map[string]string{"a/z": "z", "a.bin": ""}, "cache"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b.Payload)
	shards, err := ParseBundle(resign(f, k, func(p *modelPredicate, _ *Statement) {
		p.Serialization = shardType(1)
		for i := range p.Resources {
			p.Resources[i].Name += ":0:1"
			p.Resources[i].Algorithm = "sha256-sharded-1"
		}
	}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(shards.Payload)
	f.Fuzz(func(t *testing.T, payload []byte) {
		// Whatever a trusted key signs, reading it ends, and nothing unlisted is signed.
		m := &Model{}
		if err := m.open(payload, true); err != nil {
			return
		}
		match, err := m.Match(files(map[string]string{"a/z": "z", "evil.pkl": "x"}))
		if err != nil {
			t.Fatal(err)
		}
		if match.Err() == nil && !slices.Contains(match.Signed, "evil.pkl") {
			t.Fatal("an unsigned file passed")
		}
	})
}
