package markdown

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

func TestSamples(t *testing.T) { formattest.Samples(t, Format) }

func readText(text string) []finding.Finding {
	return read(formattest.Input("README.md", []byte(text), true)).Findings
}

func TestActiveMarkup(t *testing.T) {
	cases := map[string]struct{ text, rule, what string }{
		"script-block":          {"# T\n\n<script>\n1\n</script>\n", "SP-TEXT-003", "script element"},
		"script-in-paragraph":   {"a <b onclick=\"1\">b</b>\n", "SP-TEXT-003", "onclick handler"},
		"script-in-list":        {"- a\n- <img src=x onerror=1>\n", "SP-TEXT-003", "onerror handler"},
		"script-in-quote":       {"> <img src=x\n> onerror=1>\n", "SP-TEXT-003", "onerror handler"},
		"script-in-raw-table":   {"<table><tr><td onclick=1>\n", "SP-TEXT-003", "onclick handler"},
		"unclosed-across-block": {"<div onload=\"1\n\ntext\n\n<p class=\"\">\n", "SP-TEXT-003", "onload handler"},
		"link":                  {"[a](javascript:1)\n", "SP-TEXT-003", "link with a script address"},
		"link-with-entity":      {"[a](java&#115;cript:1)\n", "SP-TEXT-003", "link with a script address"},
		"link-by-reference":     {"[a][b]\n\n[b]: <javascript:1>\n", "SP-TEXT-003", "link with a script address"},
		"autolink":              {"<javascript:alert(1)>\n", "SP-TEXT-003", "link with a script address"},
		"frame":                 {"<iframe src=\"https://x\"></iframe>\n", "SP-TEXT-004", "iframe element"},
		"ends-a-code-span":      {"`\n<script>1</script>\n`\n", "SP-TEXT-003", "script element"},
		"fence":                 {"```html\n<script>1</script>\n```\n", "", ""},
		"tilde-fence":           {"~~~\n<script>1</script>\n~~~\n", "", ""},
		"indented":              {"a\n\n    <script>1</script>\n", "", ""},
		"inline-code":           {"use `<script>` and ``<img onerror=`1`>``\n", "", ""},
		"fence-in-list":         {"- a\n\n  ```\n  <script>\n  ```\n", "", ""},
		"words":                 {"javascript: is refused, onload=1 too\n", "", ""},
		"escaped":               {"\\<script> and &lt;script>\n", "", ""},
		"comment":               {"<!-- <script>1</script> -->\n", "", ""},
		"ordinary-html":         {"<p align=\"center\"><img src=\"a.png\" width=3><br></p>\n\n<details><summary>a</summary></details>\n", "", ""},
	}
	for name, c := range cases {
		got := readText(c.text)
		switch {
		case c.rule == "" && len(got) > 0:
			t.Errorf("%s: %s %s", name, got[0].Rule, got[0].Symbol)
		case c.rule != "" && (len(got) == 0 || got[0].Rule != c.rule || got[0].Symbol != c.what):
			t.Errorf("%s: %+v, want %s %s", name, got, c.rule, c.what)
		}
	}
}

func TestFrontMatter(t *testing.T) {
	cases := map[string]struct{ text, yaml string }{
		"usual":       {"---\na: 1\n---\nbody", "a: 1\n"},
		"crlf":        {"---\r\na: 1\r\n---\r\nbody", "a: 1\r\n"},
		"blank-first": {"\n\n---\na: 1\n---\n", "a: 1\n"},
		"mark-first":  {"\ufeff---\na: 1\n---", "a: 1\n"},
		"unclosed":    {"---\na: 1\n", ""},
		"none":        {"# Title\n---\n", ""},
		"rule":        {"----\na\n----\n", ""},
		"empty":       {"", ""},
	}
	for name, c := range cases {
		from, to, _ := frontMatter([]byte(c.text))
		if got := c.text[from:to]; got != c.yaml {
			t.Errorf("%s: %q, want %q", name, got, c.yaml)
		}
	}
}

func TestDecorationIsNoFrontMatter(t *testing.T) {
	text := "---\na: b: c\n---\n"
	for name, want := range map[string]int64{"README.md": int64(len(text)), "notes.md": 0} {
		in := formattest.Input(name, []byte(text), true)
		if got := formattest.Uncovered(read(in), in.R.Size()); got != want {
			t.Errorf("%s: %d bytes uncovered, want %d", name, got, want)
		}
	}
}

func TestLongDocumentIsAGap(t *testing.T) {
	in := formattest.Input("README.md", []byte(strings.Repeat("a", maxDocument+1)), true)
	if res := read(in); len(res.Spans) != 1 || res.Spans[0].Kind != format.Unread {
		t.Fatalf("%+v", res.Spans)
	}
}

// A small document must not cost minutes: pairing marks takes quadratic time.
func TestManyMarksAreALimit(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		gap  bool
	}{
		"emphasis":       {strings.Repeat("*a_", 500_000), true},
		"brackets":       {strings.Repeat("[", 3_000_000), true},
		"code":           {strings.Repeat("`a", 100_000), true},
		"quotes":         {strings.Repeat(strings.Repeat("> ", 2000)+"\n", 20), true},
		"many-blocks":    {strings.Repeat(strings.Repeat("*a_", 9000)+"\n\n", 140), true},
		"nested-lists":   {strings.Repeat("1. ", 1000) + "a", true},
		"nested-items":   {strings.Repeat("- ", 1000) + "a", true},
		"long-list":      {strings.Repeat("- a\n", 1000), false},
		"rule-of-dashes": {strings.Repeat("-", 1000) + "\n" + strings.Repeat("*", 1000) + "\n" + strings.Repeat("1", 1000), false},
		"open-comments":  {strings.Repeat("a <!-- ", 100_000), true},
		"at-the-limit":   {strings.Repeat("[", 20_000), false},
		"several-blocks": {strings.Repeat(strings.Repeat("*a ", 1000)+"\n \n", 300), false},
	} {
		res := read(formattest.Input("README.md", []byte(c.text), true))
		if gap := res.Spans[0].Kind == format.Unread; gap != c.gap {
			t.Errorf("%s: limit %v, want %v", name, gap, c.gap)
		}
	}
}
