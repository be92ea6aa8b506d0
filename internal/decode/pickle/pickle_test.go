package pickle

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/sample"
)

// streams are opcode sequences with a one-line summary of their trace: imports,
// calls, writes, desyncs, and how they end.
var streams = []struct{ name, code, want string }{
	{"none", "NONE; STOP", "stop"},
	{"global", "GLOBAL os system; STOP", "import os.system; stop"},
	{"stack-global", "PROTO 4; SHORT_BINUNICODE os; SHORT_BINUNICODE system; STACK_GLOBAL; STOP", "import os.system; stop"},
	{"memo-overwrite", "PROTO 4; SHORT_BINUNICODE a; BINPUT 0; POP; SHORT_BINUNICODE os; BINPUT 0; POP; BINGET 0; SHORT_BINUNICODE x; STACK_GLOBAL; STOP", "import os.x; stop"},
	{"memoize-counts-entries", "PROTO 4; NONE; BINPUT 7; POP; SHORT_BINUNICODE os; MEMOIZE; POP; BINGET 1; SHORT_BINUNICODE x; STACK_GLOBAL; STOP", "import os.x; stop"},
	{"memoize-counts-huge-entries", "PROTO 4; NONE; LONG_BINPUT 4000000000; POP; SHORT_BINUNICODE os; MEMOIZE; POP; BINGET 1; SHORT_BINUNICODE x; STACK_GLOBAL; STOP", "import os.x; desync memo index beyond the limit; stop"},
	{"python2-name", "GLOBAL __builtin__ reduce; STOP", "import functools.reduce; stop"},
	{"python2-module", "GLOBAL copy_reg _reconstructor; STOP", "import copyreg._reconstructor; stop"},
	{"python2-name-under-protocol-4", "PROTO 4; GLOBAL __builtin__ reduce; STOP", "import __builtin__.reduce; stop"},
	{"protocol-falls", "PROTO 4; NONE; POP; PROTO 2; GLOBAL __builtin__ map; STOP", "import builtins.map; desync protocol changed on the way; stop"},
	{"reduce", "GLOBAL a b; EMPTY_TUPLE; REDUCE; STOP", "import a.b; call R import 0; stop"},
	{"reduce-of-result", "GLOBAL a b; EMPTY_TUPLE; REDUCE; EMPTY_TUPLE; REDUCE; STOP", "import a.b; call R import 0; call R object 0; stop"},
	{"reduce-of-result-of-result", "GLOBAL a b; EMPTY_TUPLE; REDUCE; EMPTY_TUPLE; REDUCE; EMPTY_TUPLE; REDUCE; STOP", "import a.b; call R import 0; call R object 0; call R computed; stop"},
	{"obj", "MARK; GLOBAL a b; NONE; OBJ; STOP", "import a.b; call o import 0; stop"},
	{"inst", "MARK; NONE; INST a b; STOP", "import a.b; call i import 0; stop"},
	{"inst-without-mark-imports-first", "INST a b; STOP", "import a.b; no-mark"},
	{"build", "GLOBAL a b; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BUILD; STOP", "import a.b; call \x81 import 0; write b object 0; stop"},
	{"build-on-import", "GLOBAL a b; EMPTY_DICT; BUILD; STOP", "import a.b; write b import 0; stop"},
	{"build-on-shared", "GLOBAL a b; EMPTY_TUPLE; REDUCE; PUT 0; POP; GET 0; NONE; BUILD; STOP", "import a.b; call R import 0; write b shared object 0; stop"},
	{"append-to-list", "EMPTY_LIST; NONE; APPEND; STOP", "stop"},
	{"append-to-import", "GLOBAL a b; NONE; APPEND; STOP", "import a.b; write a import 0; stop"},
	{"add-to-object", "GLOBAL a b; EMPTY_TUPLE; REDUCE; MARK; NONE; ADDITEMS; STOP", "import a.b; call R import 0; write \x90 object 0; stop"},
	{"append-nothing", "GLOBAL a b; MARK; APPENDS; STOP", "import a.b; write e import 0; stop"},
	{"folded-name", "GLOBAL _codecs decode; BINUNICODE bf; BINUNICODE rot13; TUPLE2; REDUCE; BINUNICODE system; STACK_GLOBAL; STOP",
		"import _codecs.decode; import os.system computed; call R import 0; stop"},
	{"joined-name", "GLOBAL __builtin__ str.join; BINUNICODE \"\"; BINUNICODE o; BINUNICODE s; TUPLE2; TUPLE2; REDUCE; BINUNICODE x; STACK_GLOBAL; STOP",
		"import builtins.str.join; import os.x computed; call R import 0; stop"},
	{"unknown-name", "GLOBAL a b; EMPTY_TUPLE; REDUCE; BINUNICODE x; STACK_GLOBAL; STOP", "import a.b; import ?.x computed unknown; call R import 0; stop"},
	{"name-that-is-no-string", "NONE; BINUNICODE x; STACK_GLOBAL; STOP", "desync import of a non-string name; stop"},
	{"escapes", "UNICODE \"\\\\u006fs\"; STRING \"'sys\\\\x74em'\"; STACK_GLOBAL; STOP", "import os.system; stop"},
	{"base-0", "INT 0x10; STOP", "desync base-0 number; stop"},
	{"decimal", "INT 16; LONG 99999999999999999999L; TUPLE2; STOP", "stop"},
	{"leading-zero", "INT 010; STOP", "desync number with a leading zero; stop"},
	{"booleans", "INT 00; INT 01; TUPLE2; STOP", "stop"},
	{"number-with-nul", "INT \"5\\x00x\"; STOP", "desync number with a zero byte; stop"},
	{"number-that-is-none", "INT x; STOP", "bad-number"},
	{"float-forms", "FLOAT inf; FLOAT -nan; FLOAT 1e308; FLOAT .5; MARK; TUPLE; STOP", "stop"},
	{"float-too-large", "FLOAT 1e400; STOP", "desync loose float; stop"},
	{"number-of-zero-bytes", "INT \"\\x001\"; STOP", "desync number with a zero byte; stop"},
	{"backslashes-escape-nothing", `UNICODE "\\\\u006fs"; BINUNICODE x; STACK_GLOBAL; STOP`, `import \\u006fs.x; stop`},
	{"lone-surrogate", `UNICODE "\\ud800"; BINUNICODE x; STACK_GLOBAL; STOP`, "import \xed\xa0\x80.x; stop"},
	{"odd-items-of-an-import", "GLOBAL a b; MARK; NONE; NONE; NONE; SETITEMS; STOP", "import a.b; write u import 0; underflow"},
	{"indices-beyond-64-bits", "BINUNICODE a; PUT 36893488147419103232; POP; BINUNICODE b; PUT 9223372036854775807; POP; GET 0036893488147419103232; GET 9223372036854775807; STACK_GLOBAL; STOP",
		"import a.b; desync memo index beyond the limit; desync memo index beyond the limit; stop"},
	{"float-underscore", "FLOAT 1_0; STOP", "desync loose float; stop"},
	{"frame", "PROTO 4; FRAME 2; NONE; STOP", "stop"},
	{"frame-long", "PROTO 4; FRAME 99; NONE; STOP", "desync frame beyond the end; stop"},
	{"frame-crossed", "PROTO 4; FRAME 2; BININT 1; STOP", "desync argument crosses a frame; stop"},
	{"frame-nested", "PROTO 4; FRAME 11; FRAME 2; NONE; STOP", "desync frame inside a frame; stop"},
	{"frame-left", "PROTO 4; FRAME 5; NONE; STOP; NONE; NONE; NONE", "desync stop before the frame's end; stop"},
	{"extension", "EXT1 7; STOP", "extension 7; stop"},
	{"persistent-text", "PERSID x; STOP", "persistent; stop"},
	{"storage", "MARK; BINUNICODE storage; GLOBAL torch FloatStorage; BINUNICODE 0; BINUNICODE cpu; BININT1 4; TUPLE; BINPERSID; STOP",
		"import torch.FloatStorage; storage torch.FloatStorage 0 cpu 4; stop"},
	{"storage-without-count", "MARK; BINUNICODE storage; GLOBAL torch FloatStorage; BINUNICODE 0; BINUNICODE cpu; NONE; TUPLE; BINPERSID; STOP",
		"import torch.FloatStorage; persistent; stop"},
	{"content-that-is-a-stream", "hex 42 10 00 00 00 63 30 0a 30 30 30 30 30 30 30 30 30 30 30 30 30; STOP", "blob text-pickle; stop"},
	{"content-beyond-the-end", "hex 42 30 30 00 00 63 30 0a 30 30 30 30 30 30 30 30 30 30 30 30 30", "truncated"},
	{"short-numbers", "INT 7; PUT 123456; POP; GET 123456; INT -1; PUT -1; PUT 1_0; PUT 007; INT 10; GET 10; GET 7; STOP", "desync negative memo index; stop"},
	{"stack-empty", "STOP", "underflow"},
	{"fence", "NONE; MARK; BUILD; STOP", "underflow"},
	{"pop-takes-mark", "NONE; MARK; POP; STOP", "stop"},
	{"get-of-nothing", "GET 3; STOP", "no-memo"},
	{"open-line", "hex 63 6f 73 0a 73 79 73 74 65 6d 58", "import os.system; desync line without end; truncated"},
	{"open-line-empty", "hex 63 6f 73 0a", "import os.; desync line without end; truncated"},
	{"cut-string", "hex 8c 05 61", "truncated"},
	{"lying-length", "hex 8e ff ff ff ff ff ff ff 7f 61", "truncated"},
	{"no-opcode", "NONE; hex ff", "bad-opcode"},
	{"dup-is-shared", "GLOBAL a b; EMPTY_TUPLE; REDUCE; DUP; NONE; BUILD; STOP", "import a.b; call R import 0; write b shared object 0; stop"},
	{"odd-items", "EMPTY_DICT; MARK; NONE; SETITEMS; STOP", "underflow"},
}

func TestRun(t *testing.T) {
	for _, c := range streams {
		t.Run(c.name, func(t *testing.T) {
			data := assembled(t, c.code)
			for _, inMemory := range []bool{true, false} {
				if diff := cmp.Diff(c.want, summary(run(data, inMemory, Options{}))); diff != "" {
					t.Errorf("in memory %v (-want +got):\n%s", inMemory, diff)
				}
			}
		})
	}
}

func assembled(t *testing.T, code string) []byte {
	t.Helper()
	data, err := sample.Pickle(strings.ReplaceAll(code, "; ", "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func summary(tr *Trace) string {
	var out []string
	add := func(format string, args ...any) { out = append(out, strings.TrimSpace(fmt.Sprintf(format, args...))) }
	word := func(on bool, text string) string { return map[bool]string{true: " " + text}[on] }
	for _, i := range tr.Imports {
		add("import %s.%s%s%s", i.RealModule, i.RealName, word(i.Computed, "computed"), word(i.Unknown, "unknown"))
	}
	value := func(v Value) string {
		switch v.Kind {
		case Imported:
			return fmt.Sprintf("import %d", v.Import)
		case Object:
			return fmt.Sprintf("%sobject %d", strings.TrimPrefix(word(v.Shared, "shared "), " "), v.Import)
		case Computed:
			return "computed"
		}
		return "other"
	}
	for _, c := range tr.Calls {
		add("call %s %s", string([]byte{byte(c.Op)}), value(c.Callee))
	}
	for _, w := range tr.Writes {
		add("write %s %s", string([]byte{byte(w.Op)}), value(w.Target))
	}
	for _, s := range tr.Storages {
		add("storage %s.%s %s %s %d", s.Module, s.Type, s.Key, s.Location, s.Numel)
	}
	for range tr.Persistent {
		add("persistent")
	}
	for _, e := range tr.Extensions {
		add("extension %d", e.Code)
	}
	for _, d := range tr.Desyncs {
		add("desync %s", d.Kind)
	}
	for _, b := range tr.Blobs {
		add("blob %s", b.Looks)
	}
	if tr.Stopped {
		add("stop")
	} else {
		add("%s", tr.Err.Kind)
	}
	return strings.Join(out, "; ")
}

// TestHostileSizes runs streams made to exhaust a reader. Each must end, and
// must not allocate in proportion to what it claims.
func TestHostileSizes(t *testing.T) {
	head := []byte{0x80, 4}
	for _, c := range []struct {
		name  string
		data  []byte
		limit string
	}{
		{"billion-laughs", append(append(append(head, ']'), bytes.Repeat([]byte("2\x86\x94"), 100_000)...), '.'), ""},
		{"deep-tuples", append(append(append(head, ')'), bytes.Repeat([]byte{0x85}, 1_000_000)...), '.'), ""},
		{"marks", append(append(head, bytes.Repeat([]byte{'('}, 20_000)...), "N."...), "pickle-depth"},
		{"stack", append(append(head, bytes.Repeat([]byte{'N'}, bounded.MaxPickleStack+10_000)...), '.'), "pickle-stack"},
		{"many-names", append(bytes.Repeat(nil, 0), manyGlobals(maxNames+10)...), "pickle-list"},
		{"sparse-memo", append(append(append(head, 'N'), memoPuts(100_000, 160)...), '.'), ""},
		{"scattered-memo", append(append(append(head, 'N'), memoPuts(300_000, 4096*7919+1)...), '.'), "memo-bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := bounded.NewBudget(context.Background(), int64(len(c.data)))
			Run(bounded.NewBytes(c.data, b), 0, Options{})
			got := ""
			for _, l := range b.Reached() {
				got = l.Name
			}
			if got != c.limit {
				t.Errorf("reached %q, want %q", got, c.limit)
			}
		})
	}
}

func manyGlobals(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "cm\nn%d\n0", i)
	}
	b.WriteString("N.")
	return b.Bytes()
}

func memoPuts(n, step int) []byte {
	var b bytes.Buffer
	for i := range n {
		v := uint32(i*step) % bounded.MaxMemoIndex
		b.Write([]byte{'r', byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)})
	}
	return b.Bytes()
}

func TestRepeatedCallsAreCounted(t *testing.T) {
	var code strings.Builder
	code.WriteString("PROTO 2\nGLOBAL collections OrderedDict\nPUT 0\nPOP\n")
	for range 1000 {
		code.WriteString("GET 0\nEMPTY_TUPLE\nREDUCE\nPOP\n")
	}
	code.WriteString("NONE\nSTOP\n")
	data, err := sample.Pickle(code.String())
	if err != nil {
		t.Fatal(err)
	}
	tr := run(data, true, Options{})
	if len(tr.Calls) != 1 || tr.Calls[0].Count != 1000 {
		t.Errorf("got %d calls: %+v", len(tr.Calls), tr.Calls[:min(len(tr.Calls), 2)])
	}
}

func TestLargeStringsAreRanges(t *testing.T) {
	data := append([]byte{0x80, 4, 'B', 0, 0, 2, 0}, make([]byte, 1<<17)...)
	data = append(data, '.')
	tr := run(data, false, Options{})
	want := []Blob{{Offset: 7, Length: 1 << 17}}
	if diff := cmp.Diff(want, tr.Blobs); diff != "" || !tr.Stopped {
		t.Errorf("stopped %v, blobs (-want +got):\n%s", tr.Stopped, diff)
	}
}
