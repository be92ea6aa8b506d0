package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/finding"
)

func copyFile(w io.Writer, path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

func TestEscape(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"plain", "model.bin", "model.bin"},
		{"backslash_stays", `a\b\x1b`, `a\b\x1b`},
		{"scripts_stay", "größe 模型 модель ไทย हिन्दी 😀", "größe 模型 модель ไทย हिन्दी 😀"},
		{"controls", "a\x00\x07\t\r\n\x7f", `a\x00\x07\t\r\n\x7f`},
		{"ansi", "\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		{"c1_control", "a\u009b31m", `a\u009b31m`},
		{"right_to_left_override", "gnp\u202efdp.exe\u202c", `gnp\u202efdp.exe\u202c`},
		{"isolates", "\u2066a\u2069", `\u2066a\u2069`},
		{"zero_width", "a\u200bb\u200d\ufeff", `a\u200bb\u200d\ufeff`},
		{"line_separator", "a\u2028b", `a\u2028b`},
		{"no_break_space", "a\u00a0b", `a\u00a0b`},
		{"hangul_filler", "a\u3164\u115f\uffa0", `a\u3164\u115f\uffa0`},
		{"braille_blank", "a\u2800", `a\u2800`},
		{"tag_characters", "a\U000e0041", `a\U000e0041`},
		{"variation_selector", "a\ufe0f\U000e0100", `a\ufe0f\U000e0100`},
		{"private_use", "\ue000", `\ue000`},
		{"invalid_utf8", "a\xff\xc3", `a\xff\xc3`},
		{"surrogate_bytes", "\xed\xa0\x80", `\xed\xa0\x80`},
		{"replacement_character_stays", "\ufffd", "\ufffd"},
		{"mark_at_start", "\u0301a", `\u0301a`},
		{"pile_of_marks", "a" + strings.Repeat("\u0301", 5), "a\u0301\u0301\u0301" + `\u0301\u0301`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Escape(test.in); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if got := Escape(Escape(test.in)); got != test.want {
				t.Errorf("escaping twice: %q", got)
			}
		})
	}
}

func FuzzEscape(f *testing.F) {
	f.Add(hostile)
	f.Add("plain")
	f.Fuzz(func(t *testing.T, s string) {
		got := Escape(s)
		if !utf8.ValidString(got) {
			t.Fatalf("%q is not UTF-8", got)
		}
		for _, r := range got {
			if hidden(r) {
				t.Fatalf("%q has an invisible %U", got, r)
			}
		}
		if again := Escape(got); again != got {
			t.Fatalf("escaping twice: %q, then %q", got, again)
		}
		u := uri(s)
		if back, err := url.PathUnescape(u); err != nil || !strings.Contains(u, "%252E") && back != s {
			t.Fatalf("uri %q is not %q", u, s)
		}
		if parsed, err := url.Parse(u); err != nil || parsed.Scheme != "" || parsed.Host != "" || parsed.RawQuery != "" || parsed.Fragment != "" {
			t.Fatalf("uri %q is more than a path: %+v, %v", u, parsed, err)
		}
		if code := mdCode(s); strings.ContainsAny(code, "\n|") || strings.Contains(strings.Trim(code, "`"), "`") {
			t.Fatalf("%q breaks out of its span", code)
		}
		if text := mdText(s); strings.ContainsAny(text, "\n|<>") {
			t.Fatalf("%q breaks out of its cell", text)
		}
	})
}

// Whatever is written: no control characters but line breaks, nothing invisible,
// valid UTF-8. JSON writes such characters as escapes.
func TestNothingInvisibleIsWritten(t *testing.T) {
	for _, o := range outputs() {
		t.Run(o.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := o.write(&b); err != nil {
				t.Fatal(err)
			}
			if !utf8.Valid(b.Bytes()) {
				t.Error("not UTF-8")
			}
			text := b.String()
			if o.name == "colour.txt" {
				if !strings.Contains(text, "\x1b[") {
					t.Error("no colour although asked for")
				}
				text = regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(text, "")
			}
			text = strings.ReplaceAll(text, "⚠️", "") // our own sign has a variation selector
			for _, r := range text {
				if r != '\n' && hidden(r) {
					t.Fatalf("invisible character %U", r)
				}
			}
		})
	}
}

// Colour adds nothing but colour.
func TestColourCarriesNoMeaning(t *testing.T) {
	var plain, colour bytes.Buffer
	if err := errors.Join(Text(&plain, flaggedReport(), Options{Width: 80}), Text(&colour, flaggedReport(), Options{Width: 80, Color: true})); err != nil {
		t.Fatal(err)
	}
	if got := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(colour.String(), ""); got != plain.String() {
		t.Errorf("without its colour:\n%s\nwant:\n%s", got, plain.String())
	}
}

// No line is wider than the terminal, unless a single word is, or it is a label:
// the name of a file stays in one piece.
func TestWidth(t *testing.T) {
	for _, width := range []int{60, 80, 120} {
		for _, name := range []string{"clean", "flagged", "incomplete", "nothing"} {
			t.Run(fmt.Sprintf("%s_%d", name, width), func(t *testing.T) {
				var b bytes.Buffer
				if err := Text(&b, reports[name](), Options{Width: width}); err != nil {
					t.Fatal(err)
				}
				for line := range strings.Lines(b.String()) {
					if w := textWidth(strings.TrimSuffix(line, "\n")); w > width {
						t.Errorf("%d columns: %q", w, line)
					}
				}
			})
		}
	}
}

// The first column belongs to us: a name can never look like a verdict.
func TestFirstColumnIsOurs(t *testing.T) {
	fake := "CLEAN  ./model  (all fine) " + strings.Repeat("CLEAN ", 40)
	r := flaggedReport()
	r.Source = "./model"
	for i := range r.Findings {
		r.Findings[i].Location.Path, r.Findings[i].Message, r.Findings[i].Evidence = fake, fake, fake
	}
	r.Files[0].Name, r.Gaps[0].Location.Path, r.Gaps[0].Reason, r.Excluded[0].Path = fake, fake, fake, fake
	for _, width := range []int{0, 20, 80} {
		var b bytes.Buffer
		if err := Text(&b, r, Options{Width: width}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if strings.HasPrefix(line, "CLEAN") {
				t.Errorf("width %d: %q", width, line)
			}
		}
	}
}

func TestAllShowsEverything(t *testing.T) {
	var b bytes.Buffer
	r := longReport()
	if err := Text(&b, r, Options{Width: 80, All: true}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "file-"); n < len(r.Gaps) {
		t.Errorf("%d of %d gaps", n, len(r.Gaps))
	}
	if strings.Contains(b.String(), "--all") {
		t.Error("something is folded")
	}
}

// A reader that goes away (head, less) gives an error back, at every point.
func TestWriteErrorsAreReturned(t *testing.T) {
	for _, o := range outputs() {
		t.Run(o.name, func(t *testing.T) {
			var whole bytes.Buffer
			if err := o.write(&whole); err != nil {
				t.Fatal(err)
			}
			for _, after := range []int{0, whole.Len() / 2, whole.Len() - 1} {
				if err := o.write(&failing{left: after}); !errors.Is(err, errGone) {
					t.Errorf("after %d bytes: %v", after, err)
				}
			}
		})
	}
}

var errGone = errors.New("the reader is gone")

type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if len(p) > f.left {
		return f.left, errGone
	}
	f.left -= len(p)
	return len(p), nil
}

func TestMarkdownIsCut(t *testing.T) {
	var r finding.Report
	r.Source = "./many"
	for i := range 20_000 {
		r.Files = append(r.Files, finding.Node{Name: fmt.Sprintf("folder/file-%06d.bin", i), Formats: []string{}})
		r.Gaps = append(r.Gaps, finding.Gap{Rule: "SP-COV-002", Location: finding.Location{Path: r.Files[i].Name}, Reason: "No reader recognises its content."})
	}
	var b bytes.Buffer
	if err := Markdown(&b, sealed(r)); err != nil {
		t.Fatal(err)
	}
	if b.Len() > maxMarkdown+200 || !strings.Contains(b.String(), "**Cut at 900 KiB") || !strings.HasPrefix(b.String(), "## ⚠️ INCOMPLETE") {
		t.Errorf("%d bytes, ending %q", b.Len(), b.String()[b.Len()-200:])
	}
}

func TestURI(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"plain", "a/b.bin", "a/b.bin"},
		{"space_and_percent", "a b%20", "a%20b%2520"},
		{"scheme", "javascript:alert(1)", "javascript%3Aalert%281%29"},
		{"authority", "//evil.example/x", "%2F%2Fevil.example/x"},
		{"absolute", "/etc/passwd", "%2Fetc/passwd"},
		{"climb", "../../x", "%252E%252E/%252E%252E/x"},
		{"query_fragment", "a?b#c", "a%3Fb%23c"},
		{"backslash", `a\b`, "a%5Cb"},
		{"bytes", "a\xff\u202e\n", "a%FF%E2%80%AE%0A"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := uri(test.in); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestMarkdownText(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"sentence", "Its name says SHA-256.", "Its name says SHA-256."},
		{"html", "<img src=x onerror=alert(1)>&lt;", `&lt;img src=x onerror=alert(1)&gt;&amp;lt;`},
		{"table", "a | b\nc", `a &#124; b\\nc`},
		{"mention", "@octocat #12", "@&#8203;octocat #&#8203;12"},
		{"address", "https://evil.example www.evil.example", "https&#58;//evil.example www&#46;evil.example"},
		{"emphasis", "__init__ *a* `b`", "\\_\\_init\\_\\_ \\*a\\* \\`b\\`"},
		{"list_and_rule", "- a - b", `\- a - b`},
		{"link", "[a](b)![c](d)", `\[a\](b)!\[c\](d)`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := mdText(test.in); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestWords(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{size(0), "0 bytes"}, {size(1), "1 byte"}, {size(999), "999 bytes"}, {size(1000), "1.0 kB"}, {size(999_949), "999.9 kB"},
		{size(999_960), "1.0 MB"}, {size(91_600_000), "91.6 MB"}, {size(1 << 62), "4611.7 PB"},
		{grouped(0), "0"}, {grouped(999), "999"}, {grouped(1000), "1,000"}, {grouped(-1_234_567), "-1,234,567"},
		{percent(0, 0), "100 %"}, {percent(999_999, 1_000_000), "99.9 %"}, {percent(1, 1), "100 %"}, {percent(1<<53-1, 1<<53), "99.9 %"}, {percent(0, 5), "0.0 %"},
		{argument("./model"), "./model"}, {argument("a b"), "SOURCE"}, {argument("$(x)"), "SOURCE"}, {argument("-x"), "SOURCE"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestSARIFIsBounded(t *testing.T) {
	r := finding.Report{Source: "./x", Files: []finding.Node{{Name: "a", Formats: []string{}}}}
	for i := range maxResults + 5 {
		r.Findings = append(r.Findings, finding.Finding{Rule: "SP-NAME-001", Severity: finding.Medium, Symbol: fmt.Sprint(i), Location: finding.Location{Path: "a", Offset: int64(i)}})
	}
	var b bytes.Buffer
	if err := SARIF(&b, sealed(r)); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Runs []struct {
			Results     []struct{ RuleID string }
			Invocations []struct {
				ExecutionSuccessful        bool
				ToolExecutionNotifications []struct{ Message struct{ Text string } }
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if len(run.Results) != maxResults || run.Invocations[0].ExecutionSuccessful || !strings.Contains(run.Invocations[0].ToolExecutionNotifications[0].Message.Text, "5 findings") {
		t.Errorf("%d results, %+v", len(run.Results), run.Invocations)
	}
}

func TestSARIFUnder(t *testing.T) {
	var b bytes.Buffer
	if err := SARIFUnder(&b, flaggedReport(), "models/my bert/"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `"uri": "models/my%20bert/pytorch_model.bin"`) {
		t.Error("the folder of the artifact is missing")
	}
}
