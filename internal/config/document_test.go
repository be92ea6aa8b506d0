package config

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type inner struct {
	Color string `yaml:"color"`
	Depth int    `yaml:"depth"`
}

type stamp struct{ t time.Time }

func (s *stamp) UnmarshalText(b []byte) (err error) {
	s.t, err = time.Parse(time.DateOnly, string(b))
	return err
}

type sampleFile struct {
	Name  string   `yaml:"name"`
	On    *bool    `yaml:"on"`
	Count int      `yaml:"count"`
	Tags  []string `yaml:"tags"`
	Inner *inner   `yaml:"inner"`
	Many  []inner  `yaml:"many"`
	Until *stamp   `yaml:"until"`
}

func TestDecodeStrict(t *testing.T) {
	var got sampleFile
	text := "# first\nname: a\non: true\ncount: 3\ntags: [x, y]\ninner:\n  color: red\n  depth: 2\nmany:\n- color: blue\nuntil: \"2026-02-01\"\n"
	if err := DecodeStrict("f.yaml", []byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if got.Until == nil || got.Until.t.Month() != time.February {
		t.Errorf("until = %v", got.Until)
	}
	got.Until = nil
	on := true
	want := sampleFile{Name: "a", On: &on, Count: 3, Tags: []string{"x", "y"}, Inner: &inner{"red", 2}, Many: []inner{{Color: "blue"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeStrictKeepsDefaults(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "comments": "# nothing\n\n", "other-key": "count: 1\n"} {
		t.Run(name, func(t *testing.T) {
			got := sampleFile{Name: "default"}
			if err := DecodeStrict("f.yaml", []byte(text), &got); err != nil {
				t.Fatal(err)
			}
			if got.Name != "default" {
				t.Errorf("name = %q", got.Name)
			}
		})
	}
}

func TestDecodeStrictRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"unknown-key", "name: a\ncolour: red\n", `f.yaml:2: Unknown key "colour"; known keys are count, inner`},
		{"unknown-nested-key", "inner:\n  colour: red\n", `f.yaml:2: Unknown key "colour"; did you mean "color"?`},
		{"unknown-key-of-item", "many:\n- color: x\n- depht: 1\n", `f.yaml:3: Unknown key "depht"; did you mean "depth"?`},
		{"key-in-other-case", "Name: a\n", `f.yaml:1: Unknown key "Name"; did you mean "name"?`},
		{"duplicate-key", "name: a\ncount: 1\nname: b\n", `f.yaml:3: `},
		{"duplicate-nested-key", "inner:\n  color: a\n  color: b\n", `f.yaml:3: `},
		{"second-document", "name: a\n---\nname: b\n", "more than one YAML document"},
		{"empty-second-document", "name: a\n---\n", "more than one YAML document"},
		{"text-for-number", "count: many\n", `f.yaml:1: "count" must be a whole number.`},
		{"fraction-for-number", "count: 1.5\n", `f.yaml:1: "count" must be a whole number.`},
		{"list-for-text", "name: [a]\n", `f.yaml:1: "name" must be a text.`},
		{"text-for-list", "tags: a\n", `f.yaml:1: "tags" must be a list.`},
		{"mapping-in-list", "tags:\n- a\n- b: c\n", `f.yaml:3: Each item of "tags" must be a text.`},
		{"text-for-bool", "on: maybe\n", `f.yaml:1: "on" must be true or false.`},
		{"list-at-the-top", "- a\n", "f.yaml:1: The file must be a set of keys and values."},
		{"bad-text", "until: yesterday\n", "f.yaml:1: "},
		{"alias", "inner: &x\n  color: red\nmany: [*x]\n", "refused"},
		{"anchor", "name: &x a\n", `f.yaml:1: The anchor "&x" is refused`},
		{"merge-key", "inner:\n  <<: {color: red}\n", "f.yaml:2: The merge key << is refused"},
		{"explicit-tag", "name: !!binary aGk=\n", "f.yaml:1: The explicit tag"},
		{"custom-tag", "name: !secret a\n", "f.yaml:1: The explicit tag"},
		{"key-that-is-no-word", "? [a]\n: b\n", "f.yaml:1: "},
		{"broken-yaml", "name: a\n  b: [\n", "f.yaml:"},
		{"too-deep", "name: " + strings.Repeat("[", 100) + strings.Repeat("]", 100), "depth"},
		{"too-large", strings.Repeat("#", MaxSize+1), "are refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var into sampleFile
			err := DecodeStrict("f.yaml", []byte(tt.text), &into)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v\nwant %q in it", err, tt.want)
			}
			var e *Error
			if !errors.As(err, &e) || e.File != "f.yaml" {
				t.Errorf("%T is not an *Error with the file", err)
			}
		})
	}
}

func TestEveryProblemIsReported(t *testing.T) {
	var into sampleFile
	err := DecodeStrict("f.yaml", []byte("nam: a\ncount: x\ntags: b\n"), &into)
	if got := strings.Count(err.Error(), "f.yaml:"); got != 3 {
		t.Errorf("%d problems reported, want 3:\n%v", got, err)
	}
}

// An alias bomb ends at once, before anything is expanded.
func TestAliasBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x]\n")
	for i := 1; i < 30; i++ {
		n, m := string(rune('0'+i%10))+strings.Repeat("z", i/10), string(rune('0'+(i-1)%10))+strings.Repeat("z", (i-1)/10)
		b.WriteString("a" + n + ": &a" + n + " [*a" + m + ", *a" + m + "]\n")
	}
	var into sampleFile
	if err := DecodeStrict("f.yaml", []byte(b.String()), &into); err == nil {
		t.Error("accepted")
	}
}

func TestErrorf(t *testing.T) {
	d, err := Parse("p.yaml", []byte("a:\n  b:\n  - c: 1\n  - c: 2\n"))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		path []string
		want string
	}{
		{[]string{"a"}, "p.yaml:1: no"},
		{[]string{"a", "b"}, "p.yaml:2: no"},
		{[]string{"a", "b", "1", "c"}, "p.yaml:4: no"},
		{[]string{"a", "b", "7"}, "p.yaml:2: no"},
		{[]string{"missing"}, "p.yaml:1: no"},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.path, "-"), func(t *testing.T) {
			if got := d.Errorf(tt.path, "no").Error(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNearest(t *testing.T) {
	names := []string{"blockSeverity", "maxScanAge", "env"}
	for key, want := range map[string]string{
		"block-severity": "blockSeverity", "BLOCKSEVERITY": "blockSeverity", "maxScanAg": "maxScanAge",
		"maxScanAgee": "maxScanAge", "maxScnaAge": "maxScanAge", "maxSkanAge": "maxScanAge",
		"envs": "env", "x": "", "colour": "", "": "", "en": "",
	} {
		t.Run("key-"+key, func(t *testing.T) {
			if got := nearest(key, names); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// FuzzParse holds that any text either parses or fails with an error that names
// the file, the same way twice, and that what parses decodes or fails the same
// way.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "a: 1", "name: a\ninner: {color: x}\n", "a: &b [*b]", "? {}\n: x", "--- a\n--- b", "<<: *x", "\xff\xfe", "%YAML 9.9\n---\n", "name: !!null x", "tags: [a, [b]]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var one, two sampleFile
		e1, e2 := DecodeStrict("f", data, &one), DecodeStrict("f", data, &two)
		if (e1 == nil) != (e2 == nil) || e1 != nil && e1.Error() != e2.Error() {
			t.Fatalf("first %v, then %v", e1, e2)
		}
		var e *Error
		if e1 != nil && !errors.As(e1, &e) {
			t.Fatalf("%T: %v", e1, e1)
		}
	})
}
