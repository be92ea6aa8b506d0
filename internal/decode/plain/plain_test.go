package plain

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/bounded"
)

func reader(s string, inMemory bool) *bounded.Reader {
	b := bounded.NewBudget(context.Background(), int64(len(s)))
	if inMemory {
		return bounded.NewBytes([]byte(s), b)
	}
	return bounded.NewReader(strings.NewReader(s), int64(len(s)), b)
}

const bufferSize = 64 << 10 // of bounded.Cursor

func TestCheckFindsWhereTextEnds(t *testing.T) {
	cases := map[string]struct {
		text string
		at   int64 // -1: it is text
	}{
		"ascii":                  {"hello\n", -1},
		"control-characters":     {"a\x01\x7f\f", -1},
		"byte-order-mark":        {"\ufeffhello", -1},
		"nul":                    {"ab\x00c", 2},
		"latin1":                 {"caf\xe9 au lait", 3},
		"cut-at-end":             {"abc\xe2\x82", 3},
		"only-lead-byte":         {"\xf0", 0},
		"surrogate":              {"a\xed\xa0\x80", 1},
		"overlong":               {"\xc0\x80", 0},
		"utf16":                  {"\xff\xfeh\x00", 3},
		"character-on-border":    {strings.Repeat("a", bufferSize-1) + "é" + strings.Repeat("b", bufferSize), -1},
		"four-byte-on-border":    {strings.Repeat("a", bufferSize-3) + "😀" + "b", -1},
		"cut-on-border":          {strings.Repeat("a", bufferSize-1) + "\xe2" + "b", bufferSize - 1},
		"nul-in-second-buffer":   {strings.Repeat("a", 2*bufferSize) + "\x00", 2 * bufferSize},
		"four-kilobytes-of-wide": {strings.Repeat("é", lookAhead), -1},
		"many-wide-characters":   {strings.Repeat("漢", 100_000), -1},
	}
	for name, c := range cases {
		for _, inMemory := range []bool{true, false} {
			for _, watch := range []bool{true, false} {
				_, err := Check(reader(c.text, inMemory), watch)
				at := int64(-1)
				if not := (*NotText)(nil); errors.As(err, &not) {
					at = not.Offset
				} else if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if at != c.at {
					t.Errorf("%s (memory %v, watch %v): text ends at %d, want %d", name, inMemory, watch, at, c.at)
				}
			}
		}
	}
}

func TestHiddenCharacters(t *testing.T) {
	far := strings.Repeat("line\n", bufferSize/5+3)
	cases := map[string]struct {
		text, name string
		line       int
	}{
		"plain":              {"a\nb", "", 0},
		"override":           {"a\nb \u202e c", "direction override", 2},
		"isolate":            {"\u2066", "direction override", 1},
		"left-to-right-mark": {"a\u200e\u200f\u200d", "", 0},
		"dashes":             {"a – b — c … “d”", "", 0},
		"colour":             {"x\n\n\x1b[31mred \x1b[1;38;5;208m \x1b[m \x1b[0;41m", "", 0},
		"conceal":            {"x\n\n\x1b[1;8mred", "terminal escape", 3},
		"black":              {"\x1b[30m", "terminal escape", 1},
		"black-of-256":       {"\x1b[38;5;16m", "terminal escape", 1},
		"black-of-millions":  {"\x1b[38;2;1;2;3m", "terminal escape", 1},
		"red-on-red":         {"\x1b[31;41m", "terminal escape", 1},
		"line-erased":        {"\x1b[31m \x1b[2K", "terminal escape", 1},
		"cursor-up":          {"\n\x1b[A", "terminal escape", 2},
		"put-together":       {"s = '\x1b[' + x", "", 0},
		"long-parameters":    {"\x1b[" + strings.Repeat("1;", 40) + "m", "terminal escape", 1},
		"link-escape":        {"\x1b]8;;x", "terminal escape", 1},
		"escape-alone":       {"\x1b x", "", 0},
		"tags":               {"a" + tags("ignore"), "invisible tag character", 1},
		"flag-of-england":    {"\U0001F3F4" + tags("gbeng") + "\U000E007F!", "", 0},
		"flag-without-end":   {"\U0001F3F4" + tags("gbeng"), "invisible tag character", 1},
		"flag-too-long":      {"\U0001F3F4" + tags("ignoreall") + "\U000E007F", "invisible tag character", 1},
		"tags-behind-flag":   {"\U0001F3F4" + tags("gbeng") + "\U000E007F" + tags("x"), "invisible tag character", 1},
		"in-second-buffer":   {far + "\u202e", "direction override", bufferSize/5 + 4},
		"on-border":          {strings.Repeat("a", bufferSize-2) + "\u202e", "direction override", 1},
		"flag-on-border":     {strings.Repeat("a", bufferSize-9) + " \U0001F3F4" + tags("gbeng") + "\U000E007F", "", 0},
		"first-of-two":       {"\x1b[1A \u202e", "terminal escape", 1},
		"variation-selector": {"\u2764\ufe0f \U000E0100", "", 0},
	}
	for name, c := range cases {
		for _, inMemory := range []bool{true, false} {
			h, err := Check(reader(c.text, inMemory), true)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if h == nil {
				h = &Hidden{}
			}
			if h.Name != c.name || h.Line != c.line {
				t.Errorf("%s (memory %v): %q on line %d, want %q on line %d", name, inMemory, h.Name, h.Line, c.name, c.line)
			}
		}
	}
}

// tags writes ASCII in invisible tag characters.
func tags(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(0xE0000 + r)
	}
	return b.String()
}

func TestLikely(t *testing.T) {
	if !Likely([]byte("caf\xc3")) {
		t.Error("a character cut at the end of the head is still text")
	}
	if Likely([]byte("caf\xc3 ")) || Likely([]byte("a\x00")) {
		t.Error("binary heads pass as text")
	}
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte("hello \u202e\x1b[1m"))
	f.Add([]byte("\xf3\xa0\x81\xa7"))
	f.Fuzz(func(t *testing.T, p []byte) {
		h1, err1 := Check(reader(string(p), true), true)
		h2, err2 := Check(reader(string(p), false), true)
		if (err1 == nil) != (err2 == nil) || (h1 == nil) != (h2 == nil) {
			t.Fatalf("memory: %v %v, disk: %v %v", h1, err1, h2, err2)
		}
		if err1 == nil != (strings.ToValidUTF8(string(p), "") == string(p) && !strings.Contains(string(p), "\x00")) {
			t.Fatalf("text? %v", err1)
		}
	})
}

func BenchmarkCheckASCII(b *testing.B) {
	s := strings.Repeat("the quick brown fox jumps over the lazy dog\n", 100_000)
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		if _, err := Check(reader(s, false), false); err != nil {
			b.Fatal(err)
		}
	}
}
