package ubjson

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
)

// teller writes what it is told.
type teller struct {
	out   strings.Builder
	whole bool
}

func (v *teller) Begin(p *Parser, object bool) {
	fmt.Fprintf(&v.out, "begin %s %v\n", p.Path(), object)
}
func (v *teller) End(p *Parser) { fmt.Fprintf(&v.out, "end %s\n", p.Path()) }
func (v *teller) Value(p *Parser, x *Value) {
	fmt.Fprintf(&v.out, "%s %d %d %q [%d+%d]\n", p.Path(), x.Kind, x.Number, x.Bytes, x.Offset, x.Length)
}
func (v *teller) Block(p *Parser, integers bool, off, count, size int64) bool {
	fmt.Fprintf(&v.out, "block %s %v [%d] %d×%d\n", p.Path(), integers, off, count, size)
	return !v.whole
}

func parse(data string, onDisk, whole bool) (string, int64, error) {
	b := bounded.NewBudget(context.Background(), int64(len(data)))
	r := bounded.NewBytes([]byte(data), b)
	if onDisk {
		r = bounded.NewReader(strings.NewReader(data), int64(len(data)), b)
	}
	v := &teller{whole: whole}
	end, err := Parse(r, v)
	return v.out.String(), end, err
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"scalars", "[ZTFi\xffU\xffI\xff\xfel\xff\xff\xff\xfdCaSi\x02hi]", "begin  false\n[0] 5 0 \"\" [2+0]\n[1] 3 0 \"\" [3+0]\n[2] 4 0 \"\" [4+0]\n[3] 1 -1 \"\" [5+1]\n[4] 1 255 \"\" [7+1]\n[5] 1 -2 \"\" [9+2]\n[6] 1 -3 \"\" [12+4]\n[7] 0 0 \"a\" [17+1]\n[8] 0 0 \"hi\" [21+2]\nend \n"},
		{"object", "{i\x01aTi\x01b{}}", "begin  true\na 3 0 \"\" [5+0]\nbegin b true\nend b\nend \n"},
		{"counted", "[#i\x02TF", "begin  false\n[0] 3 0 \"\" [5+0]\n[1] 4 0 \"\" [6+0]\nend \n"},
		{"typed", "[$i#i\x02\x01\x02", "begin  false\nblock [0] true [6] 2×1\n[0] 1 1 \"\" [6+1]\n[1] 1 2 \"\" [7+1]\nend \n"},
		{"typed_object", "{$i#i\x01i\x01a\x05", "begin  true\na 1 5 \"\" [9+1]\nend \n"},
		{"typed_strings", "[$S#i\x01i\x01a", "begin  false\n[0] 0 0 \"a\" [8+1]\nend \n"},
		{"nothings", "[NTN]", "begin  false\n[0] 3 0 \"\" [3+0]\nend \n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, onDisk := range []bool{false, true} {
				got, end, err := parse(c.data, onDisk, false)
				if err != nil || end != int64(len(c.data)) {
					t.Errorf("end %d, %v", end, err)
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	var syntax *SyntaxError
	var twice *DuplicateError
	var limit *bounded.LimitError
	for _, c := range []struct {
		name, data string
		want       any
	}{
		{"empty", "", &syntax},
		{"type", "x", &syntax},
		{"cut_number", "L\x00\x00", &syntax},
		{"cut_object", "{i\x01a", &syntax},
		{"length_beyond", "SI\x7f\xffabc", &syntax},
		{"length_negative", "Si\xffabc", &syntax},
		{"length_no_integer", "SZabc", &syntax},
		{"count_overflow", "[$L#L\x20\x00\x00\x00\x00\x00\x00\x00", &syntax},
		{"count_of_nothing", "[$T#L\x00\x00\x00\x00\x00\x00\x00\x01", &syntax},
		{"typed_without_count", "[$i]", &syntax},
		{"twice", "{i\x01aTi\x01aF}", &twice},
		{"deep", strings.Repeat("[", 200), &limit},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, _, err := parse(c.data, false, false); !errors.As(err, c.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestBlocksCanBeSkipped(t *testing.T) {
	got, end, err := parse("[$d#i\x02aaaabbbb", false, true)
	if err != nil || end != 14 || got != "begin  false\nblock [0] false [6] 2×4\nend \n" {
		t.Errorf("%q %d %v", got, end, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"[ZTFi\xffU\xff]", "{i\x01aTi\x01b{}}", "[$i#i\x02\x01\x02", "[$S#i\x01i\x01a", "{$i#i\x01i\x01a\x05"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data string) {
		a, end, err := parse(data, false, false)
		b, again, err2 := parse(data, true, false)
		if a != b || end != again || fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Fatalf("in memory %q %d %v, on disk %q %d %v", a, end, err, b, again, err2)
		}
		if end < 0 || end > int64(len(data)) {
			t.Fatalf("end %d of %d", end, len(data))
		}
	})
}
