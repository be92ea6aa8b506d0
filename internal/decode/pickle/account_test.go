package pickle

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/sample"
)

// Asking for an account changes nothing else of the trace.
func checkAccount(t *testing.T, data []byte) {
	t.Helper()
	plain := run(data, true, Options{Inline: true})
	told := run(data, true, Options{Inline: true, Account: true})
	a := told.Account
	if a == nil || plain.Account != nil {
		t.Fatal("an account comes when it is asked for, and only then")
	}
	told.Account = nil
	if diff := cmp.Diff(plain, told); diff != "" {
		t.Errorf("the trace differs (-plain +told):\n%s", diff)
	}
	if int64(len(a.Built)) > a.Count || len(a.Built) > MaxBuilt {
		t.Errorf("%d listed of %d", len(a.Built), a.Count)
	}
	for _, b := range a.Built {
		if b.Maker < 0 || b.Maker >= len(told.Imports) || b.Storage >= len(told.Storages) || b.Class >= len(told.Imports) || len(b.Name) > maxPath*(maxKey+8) {
			t.Errorf("points beyond the trace: %+v", b)
		}
	}
	for _, m := range a.Made {
		if m.Import < 0 || m.Import >= len(told.Imports) || m.Count < 1 {
			t.Errorf("points beyond the trace: %+v", m)
		}
	}
	if a.Array >= len(a.Built) || a.Result.Import >= len(told.Imports) {
		t.Errorf("points beyond the trace: %+v", a)
	}
	if again := run(data, true, Options{Inline: true, Account: true}); !cmp.Equal(a, again.Account) {
		t.Errorf("a second time it differs:\n%s", cmp.Diff(a, again.Account))
	}
}

// storage is a torch storage of four floats, tensor what is made of it.
const (
	storage = "MARK; BINUNICODE storage; GLOBAL torch FloatStorage; BINUNICODE 0; BINUNICODE cpu; BININT1 4; TUPLE; BINPERSID; "
	tensor  = "GLOBAL torch._utils _rebuild_tensor_v2; MARK; " + storage + "BININT1 0; BININT1 2; BININT1 2; TUPLE2; BININT1 2; BININT1 1; TUPLE2; NEWFALSE; NONE; TUPLE; REDUCE; "
)

func TestAccount(t *testing.T) {
	for _, c := range []struct {
		name, code string
		want       []string // name, dtype, shape of what is built
		returns    Kind
		items      int64
	}{
		{"tensor-in-dict", "PROTO 2; EMPTY_DICT; BINUNICODE w; " + tensor + "SETITEM; STOP", []string{"w storage 0 [2 2]"}, Dict, 1},
		{"nested-dicts", "PROTO 2; EMPTY_DICT; BINUNICODE state; EMPTY_DICT; BINUNICODE w; " + tensor + "SETITEM; SETITEM; STOP", []string{"state.w storage 0 [2 2]"}, Dict, 1},
		{"no-name", "PROTO 2; " + tensor + "STOP", []string{" storage 0 [2 2]"}, Object, 0},
		{"parameter", "PROTO 2; EMPTY_DICT; BINUNICODE p; GLOBAL torch._utils _rebuild_parameter; " + tensor + "NEWTRUE; NONE; TUPLE3; REDUCE; SETITEM; STOP",
			[]string{"p storage 0 [2 2]"}, Dict, 1},
		{"dtype-of-v3", "PROTO 2; GLOBAL torch._utils _rebuild_tensor_v3; MARK; " + storage +
			"BININT1 0; BININT1 3; TUPLE1; BININT1 1; TUPLE1; NEWFALSE; NONE; GLOBAL torch float8_e4m3fn; TUPLE; REDUCE; STOP", []string{" torch.float8_e4m3fn 0 [3]"}, Object, 0},
		{"attribute", "PROTO 2; GLOBAL acme Model; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BINUNICODE w; " + tensor + "SETITEM; BUILD; STOP", []string{"w storage 0 [2 2] of acme.Model"}, Object, 0},
		{"shape-not-known", "PROTO 2; GLOBAL torch._utils _rebuild_tensor_v2; MARK; " + storage + "BININT1 0; NONE; NONE; NEWFALSE; NONE; TUPLE; REDUCE; STOP",
			[]string{" storage 0 unknown"}, Object, 0},
		{"too-few-arguments", "PROTO 2; GLOBAL torch._utils _rebuild_tensor_v2; EMPTY_TUPLE; REDUCE; STOP", nil, Object, 0},
		{"key-is-no-text", "PROTO 2; EMPTY_DICT; EMPTY_LIST; " + tensor + "SETITEM; STOP", []string{"? storage 0 [2 2]"}, Dict, 1},
		{"dict-in-itself", "PROTO 2; EMPTY_DICT; BINPUT 0; BINUNICODE a; BINGET 0; SETITEM; BINUNICODE w; " + tensor + "SETITEM; STOP",
			[]string{"a.a.a.a.a.a.a.w storage 0 [2 2]"}, Dict, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := assembled(t, c.code)
			checkAccount(t, data)
			trace := run(data, true, Options{Account: true})
			a := trace.Account
			var got []string
			for _, b := range a.Built {
				dtype, shape := b.Dtype, "unknown"
				if b.Storage >= 0 && dtype == "" {
					dtype = "storage"
				}
				if b.Known {
					shape = fmt.Sprint(b.Shape)
				}
				line := fmt.Sprintf("%s %s %d %s", b.Name, dtype, b.Storage, shape)
				if b.Class >= 0 {
					line += " of " + trace.Imports[b.Class].Module + "." + trace.Imports[b.Class].Name
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if a.Result.Kind != c.returns || a.Items != c.items {
				t.Errorf("returns kind %d of %d items", a.Result.Kind, a.Items)
			}
		})
	}
}

// However many tensors there are, all are counted and the first are listed.
func TestAccountIsBounded(t *testing.T) {
	const n = MaxBuilt + 50
	trace := run(assembled(t, "PROTO 2; "+strings.Repeat(tensor+"POP; ", n)+"NONE; STOP"), true, Options{Account: true})
	if a := trace.Account; a.Count != n || len(a.Built) != MaxBuilt || a.Elements != 4*n {
		t.Errorf("%d of %d with %d elements", len(a.Built), a.Count, a.Elements)
	}
}

func FuzzAccount(f *testing.F) {
	for _, c := range streams {
		data, err := sample.Pickle(strings.ReplaceAll(c.code, "; ", "\n"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkAccount(t, data) })
}

// A key that stands far back is not worth decoding the stream again.
func TestAccountDoesNotGoBack(t *testing.T) {
	data := assembled(t, "PROTO 2; BINUNICODE far; BINPUT 0; POP; hex 42 00 00 20 00; fill 2097152 x; POP; "+
		"EMPTY_DICT; "+strings.Repeat("BINGET 0; "+tensor+"SETITEM; ", 20)+"STOP")
	for _, decoded := range []bool{false, true} {
		b := bounded.NewBudget(t.Context(), int64(len(data)))
		r := bounded.NewReader(strings.NewReader(string(data)), int64(len(data)), b)
		if decoded {
			var err error
			if r, err = b.NewStream(int64(len(data)), func() (io.Reader, error) { return strings.NewReader(string(data)), nil }); err != nil {
				t.Fatal(err)
			}
		}
		want := map[bool]string{false: "far", true: "?"}[decoded]
		trace := Run(r, 0, Options{Account: true})
		if !trace.Stopped || len(b.Reached()) > 0 || len(trace.Account.Built) != 20 || trace.Account.Built[19].Name != want {
			t.Errorf("decoded %v: stopped %v, limits %v, %+v", decoded, trace.Stopped, b.Reached(), trace.Account.Built)
		}
	}
}
