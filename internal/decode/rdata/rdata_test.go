package rdata

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
)

func parse(data string, onDisk bool) (*Trace, int64, error) {
	b := bounded.NewBudget(context.Background(), int64(len(data)))
	r := bounded.NewBytes([]byte(data), b)
	if onDisk {
		r = bounded.NewReader(strings.NewReader(data), int64(len(data)), b)
	}
	return Parse(r, nil)
}

// text makes a stream in the notation of words, one to a line.
func text(words string) string {
	return "A\n2\n262658\n131840\n" + strings.Join(strings.Fields(words), "\n") + "\n"
}

// say is what is seen of a stream.
func say(t *Trace) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s", t.Type, t.Writer)
	for _, c := range t.Functions {
		fmt.Fprintf(&out, "; function %q calls %v with %v %v in %s, byte code %v %s", c.Name, c.Calls, c.Symbols, c.Texts, c.Home, c.Bytes, c.Broken)
	}
	for _, p := range t.Promises {
		fmt.Fprintf(&out, "; promise calls %v unbound %v in %s", p.Calls, p.Unbound, p.Home)
	}
	for _, a := range t.Active {
		fmt.Fprintf(&out, "; active %q", a.Name)
	}
	if len(t.Quoted.Calls) > 0 {
		fmt.Fprintf(&out, "; quoted %v", t.Quoted.Calls)
	}
	return out.String()
}

const (
	system = "1 262153 6 system"
	// byte code that calls system("echo"), with its source and the name as constants
	byteCode = "21 1 13 6 12 23 1 38 0 1 2 6 254 0 " + system + " 2 254 0 16 1 262153 4 echo 0 254 1 511"
	call     = "6 " + system + " 2 16 1 262153 4 echo 254"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"null", text("254"), "NULL 4.2.2"},
		{"numbers", text("13 2 1 NA"), "vector 4.2.2"},
		{"reals", text("14 3 NA Inf 1.5"), "vector 4.2.2"},
		{"complex", text("15 1 1 2"), "vector 4.2.2"},
		{"call", text(call), "language 4.2.2; quoted [system]"},
		{"call_of_package", text("6 6 1 262153 2 :: 2 1 262153 4 base 2 " + system + " 254 2 14 1 1 254"), "language 4.2.2; quoted [base::system]"},
		{"function", text("1027 253 1026 1 262153 1 x 251 254 " + call), "function 4.2.2; function \"\" calls [system] with [] [echo] in global, byte code false "},
		{"promise", text("1029 253 252 " + call), "promise 4.2.2; promise calls [system] unbound true in global"},
		{"promise_with_value", text("1029 253 14 1 1 " + call), "promise 4.2.2; promise calls [system] unbound false in global"},
		{"reference", text("2 " + system + " 2 511 254"), "list 4.2.2"},
		{"environment", text("4 0 253 1026 1 262153 1 a 254 254 254 254"), "environment 4.2.2"},
		{"active", text("4 0 253 134218754 1 262153 1 a 1027 253 254 " + call + " 254 254 254"), "environment 4.2.2; function \"a\" calls [system] with [] [echo] in global, byte code false ; active \"a\""},
		{"byte_code", text(byteCode), `function 4.2.2; function "" calls [system] with [system] [echo] in own, byte code true `},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, onDisk := range []bool{false, true} {
				got, end, err := parse(c.data, onDisk)
				if err != nil || int64(len(c.data))-end > 1 {
					t.Errorf("end %d of %d, %v", end, len(c.data), err)
				}
				if diff := cmp.Diff(c.want, say(got)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// The two notations in bytes hold the same as the one in words.
func TestNotations(t *testing.T) {
	big := "X\n\x00\x00\x00\x02\x00\x04\x02\x02\x00\x02\x03\x00" + "\x00\x00\x00\x0d\x00\x00\x00\x01\x00\x00\x00\x07"
	little := "B\n\x02\x00\x00\x00\x02\x02\x04\x00\x00\x03\x02\x00" + "\x0d\x00\x00\x00\x01\x00\x00\x00\x07\x00\x00\x00"
	for _, data := range []string{big, little} {
		if !Starts([]byte(data)) {
			t.Errorf("%q is not recognised", data[:2])
		}
		got, end, err := parse(data, false)
		if err != nil || end != int64(len(data)) || say(got) != "vector 4.2.2" {
			t.Errorf("%q: %s, %d of %d, %v", data[:2], say(got), end, len(data), err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	var syntax *SyntaxError
	var limit *bounded.LimitError
	deep := strings.Repeat("19 1 ", bounded.MaxRDepth+2) + "254"
	for _, c := range []struct {
		name, data string
		want       func(*Trace, error) bool
	}{
		{"cut", text("13 5 1"), func(_ *Trace, err error) bool { return errors.As(err, &syntax) }},
		{"no_number", text("13 x"), func(_ *Trace, err error) bool { return errors.As(err, &syntax) }},
		{"length", text("13 1000000"), func(_ *Trace, err error) bool { return errors.As(err, &syntax) }},
		{"negative_length", text("13 -7"), func(x *Trace, err error) bool { return errors.As(err, &syntax) && x.BadCount > 0 }},
		{"reference", text("511"), func(x *Trace, err error) bool { return errors.As(err, &syntax) && x.BadRef > 0 }},
		{"long_length", text("13 -1 65537 0"), func(x *Trace, err error) bool { return errors.As(err, &syntax) && x.BadCount > 0 }},
		{"type", text("99"), func(_ *Trace, err error) bool { return errors.Is(err, ErrType) }},
		{"version", "A\n4\n1\n1\n254\n", func(_ *Trace, err error) bool { return errors.Is(err, ErrType) }},
		{"deep", text(deep), func(_ *Trace, err error) bool { return errors.As(err, &limit) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, _, err := parse(c.data, false); !c.want(got, err) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestByteCode(t *testing.T) {
	for _, c := range []struct {
		name  string
		code  []int32
		names []string
		want  string
		calls int
	}{
		{"call", []int32{12, 23, 0, 38, 0, 1}, []string{"system"}, "", 1},
		{"empty", nil, nil, "it has no instructions", 0},
		{"version", []int32{99}, nil, "it is of version 99", 0},
		{"instruction", []int32{12, 129}, nil, "instruction 129 is not known", 0},
		{"negative", []int32{12, -1}, nil, "instruction -1 is not known", 0},
		{"constant", []int32{12, 16, 1}, []string{""}, "an instruction takes constant 1 of 1", 0},
		{"cut", []int32{12, 16}, nil, "its last instruction is cut off", 0},
		{"jump_forward", []int32{12, 2, 3, 1}, nil, "", 0},
		{"jump_into_operand", []int32{12, 2, 2, 1}, nil, "a jump leads to 2, where no instruction begins", 0},
		{"jump_out", []int32{12, 2, 900, 1}, nil, "a jump leads to 900, where no instruction begins", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var code Code
			if got := check(&code, c.code, c.names); got != c.want || len(code.Calls) != c.calls {
				t.Errorf("%q, calls %v", got, code.Calls)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, words := range []string{"254", call, "1029 253 252 " + call, "1027 253 1026 1 262153 1 x 251 254 " + call, "4 0 253 1026 1 262153 1 a 254 254 254 254",
		byteCode, "238 2 " + system + " 2 " + system + " 254 254 254"} {
		f.Add(text(words))
	}
	f.Fuzz(func(t *testing.T, data string) {
		a, end, err := parse(data, false)
		b, again, err2 := parse(data, true)
		if say(a) != say(b) || end != again || fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Fatalf("in memory %s %d %v, on disk %s %d %v", say(a), end, err, say(b), again, err2)
		}
		if end < 0 || end > int64(len(data)) {
			t.Fatalf("end %d of %d", end, len(data))
		}
	})
}
