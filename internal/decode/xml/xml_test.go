package xml

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
)

type teller struct{ out strings.Builder }

func (v *teller) Start(p *Parser, e *Element) {
	fmt.Fprintf(&v.out, "<%s", e.Name)
	for _, a := range e.Attrs {
		fmt.Fprintf(&v.out, " %s=%q", a.Name, a.Value)
	}
	fmt.Fprintf(&v.out, "> %d line %d\n", e.Offset, p.Line())
}
func (v *teller) End(_ *Parser, name string) { fmt.Fprintf(&v.out, "</%s>\n", name) }
func (v *teller) Text(_ *Parser, t *Text) {
	fmt.Fprintf(&v.out, "text %d %q [%d+%d]\n", t.Kind, t.Bytes[:min(len(t.Bytes), 40)], t.Offset, t.Length)
}
func (v *teller) Doctype(_ *Parser, d *Doctype) { fmt.Fprintf(&v.out, "doctype %+v\n", *d) }

func parse(data string, onDisk bool) (string, int64, error) {
	b := bounded.NewBudget(context.Background(), int64(len(data)))
	r := bounded.NewBytes([]byte(data), b)
	if onDisk {
		r = bounded.NewReader(strings.NewReader(data), int64(len(data)), b)
	}
	v := &teller{}
	end, err := Parse(r, v)
	return v.out.String(), end, err
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"empty_element", "<a/>", "<a> 0 line 1\n</a>\n"},
		{"attributes", "<a b='1' c = \"x &lt; &#65;&#x42; &no;\"/>", "<a b=\"1\" c=\"x < AB &no;\"> 0 line 1\n</a>\n"},
		{"mark_in_quotes", "<a b='>'/>", "<a b=\">\"> 0 line 1\n</a>\n"},
		{"nested", "<a>\n<b>t</b></a>", "<a> 0 line 1\ntext 0 \"\\n\" [3+1]\n<b> 4 line 2\ntext 0 \"t\" [7+1]\n</b>\n</a>\n"},
		{"other_text", "<?xml version='1.0'?><!-- - -- c --><a><![CDATA[<b>]]]></a><?p q?>", "text 2 \" - -- c \" [25+8]\n<a> 36 line 1\ntext 1 \"<b>]\" [48+4]\n</a>\ntext 3 \"p q\" [61+3]\n"},
		{"doctype", "<!DOCTYPE a PUBLIC 'p' \"s\" [<!-- ]> --><!ENTITY e \"v\"><!ENTITY % f SYSTEM 'file:///x'>%f;]><a>&e;</a>",
			"doctype {Name:a Public:p System:s Entities:[{Name:e Parameter:false System: Value:v} {Name:f Parameter:true System:file:///x Value:}] Offset:0 Length:91}\n<a> 91 line 1\ntext 0 \"&e;\" [94+3]\n</a>\n"},
		{"byte_order_mark", "\xef\xbb\xbf<a/>", "<a> 3 line 1\n</a>\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, onDisk := range []bool{false, true} {
				got, end, err := parse(c.data, onDisk)
				if err != nil || end != int64(len(c.data)) {
					t.Errorf("end %d of %d, %v", end, len(c.data), err)
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
		{"text", "no mark", &syntax},
		{"not_closed", "<a>", &syntax},
		{"mismatch", "<a><b></a></b>", &syntax},
		{"second_root", "<a/><b/>", &syntax},
		{"text_behind", "<a/>x", &syntax},
		{"late_doctype", "<a/><!DOCTYPE a>", &syntax},
		{"attribute_without_value", "<a b>", &syntax},
		{"attribute_without_quotes", "<a b=c>", &syntax},
		{"attribute_name", "<a '=''/>", &syntax},
		{"mark_in_mark", "<a <b/>", &syntax},
		{"comment_open", "<a><!-- ", &syntax},
		{"not_utf8", "<a>\xff</a>", &syntax},
		{"nul", "<a>\x00</a>", &syntax},
		{"twice", "<a b='' b=''/>", &twice},
		{"deep", strings.Repeat("<a>", 10_001), &limit},
		{"long_mark", "<a b='" + strings.Repeat("x", 2<<20) + "'/>", &limit},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, _, err := parse(c.data, false); !errors.As(err, c.want) {
				t.Errorf("%v", err)
			}
		})
	}
	for _, data := range []string{"\xff\xfe<\x00a\x00", "<?xml version='1.0' encoding='ISO-8859-1'?><a/>"} {
		if _, _, err := parse(data, false); !errors.Is(err, ErrEncoding) {
			t.Errorf("%q: %v", data, err)
		}
	}
}

// A text that is longer than what is kept ends at the right place.
func TestLongText(t *testing.T) {
	long := strings.Repeat("é", bounded.MaxStringKept)
	for _, data := range []string{"<a>" + long + "</a>", "<a><!--" + long + "--></a>", "<a><![CDATA[" + long + "]]></a>"} {
		for _, onDisk := range []bool{false, true} {
			got, end, err := parse(data, onDisk)
			if err != nil || end != int64(len(data)) || !strings.Contains(got, fmt.Sprintf("+%d]", len(long))) {
				t.Errorf("%.20q: %d of %d, %v", data, end, len(data), err)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"<a/>", "<a b='1'>&lt;<!-- c --><![CDATA[<b>]]></a><?p q?>", "<!DOCTYPE a [<!ENTITY % f SYSTEM 'x'>%f;]><a>&e;</a>", "<a><b></a>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data string) {
		a, end, err := parse(data, false)
		b, again, err2 := parse(data, true)
		if a != b || end != again || fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Fatalf("in memory %q %d %v, on disk %q %d %v", a, end, err, b, again, err2)
		}
		if end < 0 || end > int64(len(data)) {
			t.Fatalf("end %d of %d", end, len(data))
		}
	})
}
