package json

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/bounded"
)

// recorder writes down what it is told, one line per event.
type recorder struct{ strings.Builder }

func (r *recorder) Begin(p *Parser, object bool) { fmt.Fprintf(r, "%s begin %v\n", p.Path(), object) }
func (r *recorder) End(p *Parser)                { fmt.Fprintf(r, "%s end\n", p.Path()) }
func (r *recorder) Value(p *Parser, v *Value) {
	fmt.Fprintf(r, "%s=%d %q cut=%v [%d+%d] line %d\n", p.Path(), v.Kind, v.Bytes, v.Cut, v.Offset, v.Length, p.Line())
}

func parse(text string, inMemory bool) (string, int, error) {
	b := bounded.NewBudget(context.Background(), int64(len(text)))
	r := bounded.NewBytes([]byte(text), b)
	if !inMemory {
		r = bounded.NewReader(strings.NewReader(text), int64(len(text)), b)
	}
	var rec recorder
	n, err := Parse(r, &rec)
	return rec.String(), n, err
}

func TestEvents(t *testing.T) {
	got, n, err := parse("\ufeff{\"a\\u0062\": [1, -0.5e+3, \"x\\n\\ud83d\\ude00\"],\n \"c\": {\"d\": null, \"e\": {}}, \"f\": true}\n", true)
	const want = ` begin true
ab begin false
ab[0]=1 "1" cut=false [16+1] line 1
ab[1]=1 "-0.5e+3" cut=false [19+7] line 1
ab[2]=0 "x\n😀" cut=false [28+17] line 1
ab end
c begin true
c.d=4 "null" cut=false [60+4] line 2
c.e begin true
c.e end
c end
f=2 "true" cut=false [81+4] line 2
 end
`
	if err != nil || n != 1 || got != want {
		t.Errorf("%d values, %v:\n%s", n, err, got)
	}
}

func TestAccepts(t *testing.T) {
	deep := strings.Repeat("[", bounded.MaxRecursion) + strings.Repeat("]", bounded.MaxRecursion)
	many := "{"
	for i := range 5000 {
		many += fmt.Sprintf("%q:%d,", fmt.Sprint("key", i), i)
	}
	many += `"last":{"key1":2}}`
	cases := map[string]struct {
		text   string
		values int
	}{
		"object":               {`{}`, 1},
		"white-space":          {" \t\r\n{ } \n\n", 1},
		"scalar":               {`"x"`, 1},
		"python-numbers":       {`[NaN, Infinity, -Infinity]`, 1},
		"lone-surrogates":      {`{"\ud800":1,"\ud801":2}`, 1},
		"deepest":              {deep, 1},
		"many-keys":            {many, 1},
		"json-lines":           {"{}\n[1]\n\"x\"\n", 3},
		"equal-keys-elsewhere": {`[{"a":1},{"a":{"a":2}}]`, 1},
		"keys-differ-in-case":  {`{"a":1,"A":2}`, 1},
		"seventeen-keys-twice": {`[` + strings.Repeat(`{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"n":1,"o":1,"p":1,"q":1,"r":1},`, 3) + `0]`, 1},
		"long-string":          {`["` + strings.Repeat("aé漢\\n\\u00e9", 50_000) + `"]`, 1},
		"long-number":          {"[" + strings.Repeat("1", 60_000) + "]", 1},
	}
	for name, c := range cases {
		for _, inMemory := range []bool{true, false} {
			if _, n, err := parse(c.text, inMemory); err != nil || n != c.values {
				t.Errorf("%s (memory %v): %d values, %v", name, inMemory, n, err)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	cases := map[string]struct{ text, what string }{
		"empty":               {"", "line 1: there is no value"},
		"only-space":          {"\n\n", "line 3: there is no value"},
		"cut":                 {`{"a":`, "line 1: it ends in the middle"},
		"cut-string":          {`["a`, "line 1: a string does not end"},
		"cut-escape":          {`["a\`, "line 1: a string does not end"},
		"trailing-comma":      {`[1,]`, "line 1: a value is neither string, number nor word of JSON"},
		"trailing-comma-key":  {`{"a":1,}`, "line 1: a key must be a string"},
		"comment":             {"{\n// x\n}", "line 2: a key must be a string"},
		"single-quotes":       {`{'a':1}`, "line 1: a key must be a string"},
		"second-value":        {`{} {}`, "line 1: something follows the value"},
		"appended-archive":    {"{}\nPK\x03\x04", "line 2: a value is neither string, number nor word of JSON"},
		"mismatch":            {`[}`, "line 1: a value is neither string, number nor word of JSON"},
		"mismatch-end":        {`{"a":[1}]`, "line 1: a comma or the end of the object or array is missing"},
		"no-colon":            {`{"a" 1}`, "line 1: a colon is missing behind a key"},
		"leading-zero":        {`[01]`, "line 1: a value is neither string, number nor word of JSON"},
		"plus":                {`[+1]`, "line 1: a value is neither string, number nor word of JSON"},
		"bare-point":          {`[1.]`, "line 1: a value is neither string, number nor word of JSON"},
		"bare-minus":          {`[-]`, "line 1: a value is neither string, number nor word of JSON"},
		"bare-exponent":       {`[1e]`, "line 1: a value is neither string, number nor word of JSON"},
		"hexadecimal":         {`[0x1]`, "line 1: a value is neither string, number nor word of JSON"},
		"word":                {`[True]`, "line 1: a value is neither string, number nor word of JSON"},
		"nul":                 {"[\x00]", "line 1: a NUL byte stands between values"},
		"nul-for-bracket":     {"[1\x00", "line 1: a NUL byte stands between values"},
		"nul-for-brace":       {"{\"a\":1\x00", "line 1: a NUL byte stands between values"},
		"nul-alone":           {"\x00", "line 1: a value is neither string, number nor word of JSON"},
		"newline-in-string":   {"[\"a\nb\"]", "line 1: a string holds a control character"},
		"unknown-escape":      {`["\x41"]`, "line 1: a string holds an unknown escape"},
		"short-unicode":       {`["\u12"]`, "line 1: a string holds an unknown escape"},
		"not-utf8":            {"[\"caf\xe9\"]", "line 1: a string is not UTF-8"},
		"not-utf8-far":        {`["` + strings.Repeat("a", 200_000) + "\xe9\"]", "line 1: a string is not UTF-8"},
		"duplicate":           {"{\"a\":1,\n\"a\":2}", `line 2: the key "a" appears twice`},
		"duplicate-escaped":   {`{"x":{"a":1,"\u0061":2}}`, `line 1: the key "x.a" appears twice`},
		"duplicate-surrogate": {`{"\ud83d\ude00":1,"😀":2}`, `line 1: the key "😀" appears twice`},
		"too-deep":            {strings.Repeat("[", bounded.MaxRecursion+1), `limit "recursion" reached (128)`},
		"endless-number":      {"[" + strings.Repeat("1", 70_000) + "]", `limit "string-kept" reached (65536)`},
		"endless-key":         {`{"` + strings.Repeat("k", 70_000) + `":1}`, `limit "string-kept" reached (65536)`},
	}
	many := `{"key7":0`
	for i := range 3000 {
		many += fmt.Sprintf(",%q:0", fmt.Sprint("k", 3000-i))
	}
	cases["duplicate-among-many"] = struct{ text, what string }{many + `,"key7":1}`, `line 1: the key "key7" appears twice`}
	for name, c := range cases {
		for _, inMemory := range []bool{true, false} {
			_, _, err := parse(c.text, inMemory)
			if err == nil || err.Error() != c.what {
				t.Errorf("%s (memory %v): %v, want %s", name, inMemory, err, c.what)
			}
		}
	}
}

// TestBorders puts every kind of token across the border of the buffer.
func TestBorders(t *testing.T) {
	const token = `{"ké\u00e9\ud83d\ude00y": [-12.5e3, "v\"漢\\", true, null, {}]}`
	want := ""
	for pad := 64<<10 - len(token) - 3; pad < 64<<10+3; pad++ {
		disk, _, err := parse(strings.Repeat(" ", pad)+token, false)
		if err != nil {
			t.Fatalf("padding %d: %v", pad, err)
		}
		memory, _, _ := parse(strings.Repeat(" ", pad)+token, true)
		if disk != memory {
			t.Fatalf("padding %d: memory\n%sdisk\n%s", pad, memory, disk)
		}
		if line, _, _ := strings.Cut(disk, "["); want == "" {
			want = line
		} else if line != want {
			t.Fatalf("padding %d: %q, want %q", pad, line, want)
		}
	}
}

func TestLongStringsKeepTheSameBeginning(t *testing.T) {
	for _, n := range []int{65_534, 65_535, 65_536, 65_537, 70_000, 131_072, 200_000} {
		for _, unit := range []string{"a", "é", "漢", "😀", "\\n", "\\u00e9", "ab\\ud83d\\ude00"} {
			text := `["x` + strings.Repeat(unit, n/len(unit)+1) + `"]`
			a, _, err1 := parse(text, true)
			b, _, err2 := parse(text, false)
			if a != b || err1 != nil || err2 != nil {
				t.Fatalf("%d of %q: %v, %v, events differ: %v", n, unit, err1, err2, a != b)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,"x\u00e9\n",null,true]}`, `{"a":1,"a":2}`, "{}\n{}", `[NaN]`, `["\ud800"]`, "\ufeff[]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, n, err := parse(s, true)
		b, _, again := parse(s, false)
		if a != b || (err == nil) != (again == nil) || err != nil && err.Error() != again.Error() {
			t.Fatalf("memory: %v, disk: %v\n%s\n%s", err, again, a, b)
		}
		valid := stdjson.Valid([]byte(s))
		var duplicate *DuplicateError
		var limit *bounded.LimitError
		switch {
		case errors.As(err, &duplicate), errors.As(err, &limit):
		case err != nil && valid && utf8.ValidString(s):
			t.Fatalf("refuses JSON: %v", err)
		case err == nil && n == 1 && !valid && !strings.HasPrefix(s, "\ufeff") && !strings.Contains(s, "NaN") && !strings.Contains(s, "Infinity"):
			t.Fatal("accepts what is not JSON")
		}
	})
}

type deaf struct{}

func (deaf) Begin(*Parser, bool)   {}
func (deaf) End(*Parser)           {}
func (deaf) Value(*Parser, *Value) {}

func BenchmarkVocabulary(b *testing.B) {
	var s strings.Builder
	s.WriteString("{\n  \"vocab\": {\n")
	for i := range 150_000 {
		fmt.Fprintf(&s, "      \"Ġtoken%d\": %d,\n", i, i)
	}
	s.WriteString("      \"end\": 0\n  }\n}\n")
	text := s.String()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		r := bounded.NewReader(strings.NewReader(text), int64(len(text)), bounded.NewBudget(context.Background(), int64(len(text))))
		if _, err := Parse(r, deaf{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFile reads the file that SALLYPORT_BENCH_JSON names.
func BenchmarkFile(b *testing.B) {
	text, err := os.ReadFile(os.Getenv("SALLYPORT_BENCH_JSON"))
	if err != nil {
		b.Skip("set SALLYPORT_BENCH_JSON to a file")
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		r := bounded.NewReader(strings.NewReader(string(text)), int64(len(text)), bounded.NewBudget(context.Background(), int64(len(text))))
		if _, err := Parse(r, deaf{}); err != nil {
			b.Fatal(err)
		}
	}
}
