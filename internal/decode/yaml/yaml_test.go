package yaml

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
)

func parse(text string) (*Stream, error) {
	return Parse([]byte(text), bounded.NewBudget(context.Background(), int64(len(text))))
}

func TestTags(t *testing.T) {
	cases := map[string]struct {
		text   string
		name   string
		python bool
	}{
		"shorthand":       {"a: !!python/object/apply:os.system [1]", "!!python/object/apply:os.system", true},
		"verbatim":        {"a: !<tag:yaml.org,2002:python/name:os.system> ''", "!!python/name:os.system", true},
		"handle":          {"%TAG !p! tag:yaml.org,2002:python/\n---\na: !p!module:os ''", "!!python/module:os", true},
		"primary-handle":  {"%TAG ! tag:yaml.org,2002:python/\n---\na: !name:os.system ''", "!!python/name:os.system", true},
		"on-key":          {"? !!python/name:os.system ''\n: 1", "!!python/name:os.system", true},
		"second-document": {"a: 1\n---\n!!python/name:os.system ''", "!!python/name:os.system", true},
		"single-bang":     {"a: !python/object:os.x {}", "!python/object:os.x", true},
		"tuple":           {"a: !!python/tuple [1]", "!!python/tuple", false},
		"reference":       {"a: !ref <b>", "!ref", false},
		"in-string":       {"a: '!!python/name:os'", "", false},
		"in-comment":      {"a: 1 # !!python/name:os", "", false},
		"own-types":       {"a: !!str 1\nb: !!binary aGk=\nc: !!set {x}", "", false},
	}
	for name, c := range cases {
		s, err := parse(c.text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got Tag
		if len(s.Tags) > 0 {
			got = s.Tags[0]
		}
		if got.Name != c.name || got.Python() != c.python {
			t.Errorf("%s: tag %q python %v", name, got.Name, got.Python())
		}
	}
}

func TestRefuses(t *testing.T) {
	bomb := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := range 8 {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i), 10), ","))
	}
	cases := map[string]struct{ text, what string }{
		"not-yaml":         {"a: b: c", "line 1: mapping values are not allowed in this context"},
		"duplicate":        {"a: 1\nb:\n  c: 1\n  c: 2\n", `line 4: the key "b.c" appears twice`},
		"alias-bomb":       {bomb, `limit "alias-expansion" reached (1000000)`},
		"contains-itself":  {"a: &x [*x]", `limit "alias-expansion" reached (1000000)`},
		"too-deep":         {strings.Repeat("[", 200) + strings.Repeat("]", 200), `limit "recursion" reached (128)`},
		"too-long":         {strings.Repeat("#", MaxBytes+1), `limit "yaml-bytes" reached (1048576)`},
		"tag-and-then-end": {"a: !!python/name:os.system ''\nb: c: d", "line 2: mapping values are not allowed in this context"},
	}
	for name, c := range cases {
		if _, err := parse(c.text); err == nil || err.Error() != c.what {
			t.Errorf("%s: %v, want %s", name, err, c.what)
		}
	}
}

func TestAccepts(t *testing.T) {
	for name, text := range map[string]string{
		"empty":            "",
		"one-and-text-one": "1: a\n'1': b\n",
		"aliases":          "a: &x [1]\nb: *x\nc: *x\n",
		"merges":           "a: &x {p: 1}\nb:\n  <<: *x\n  p: 2\n",
		"sequence-key":     "? [1, 2]\n: 3\n? [1, 2]\n: 4\n",
	} {
		if _, err := parse(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLongScalarsHaveAPlace(t *testing.T) {
	s, err := parse("a:\n- short\n- b: 0123456789abcdef\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []Scalar{{"a[1].b", "0123456789abcdef", 3}}
	if diff := cmp.Diff(want, s.Long); diff != "" {
		t.Error(diff)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a: &x [1]\nb: *x\n", "a: !!python/name:os ''", "%TAG ! tag:x,\n---\n!a b", "a: 1\na: 2", "- - - a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := parse(text)
		b, again := parse(text)
		if fmt.Sprint(err) != fmt.Sprint(again) || !cmp.Equal(a.Tags, b.Tags) || !cmp.Equal(a.Long, b.Long) {
			t.Fatalf("%v, then %v", err, again)
		}
		var dup *DuplicateError
		if errors.As(err, &dup) && dup.Line < 1 {
			t.Fatalf("no line: %v", dup)
		}
	})
}
