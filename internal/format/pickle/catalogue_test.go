package pickle

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// row is one row of the catalogue of attacks: an inert fixture, the rules that
// it must raise (see verdict), and the nearest look-alike that must stay silent.
type row struct {
	name   string // row of the catalogue and what it shows
	code   string
	want   string
	benign string
	file   string   // file name of both; model.pkl when empty
	repo   []string // other files of the repository
}

// stream assembles instructions separated by "; ". "@g MODULE NAME" imports with
// STACK_GLOBAL, "@od" a class of tier A; "@os" and "@call" are those of assemble.
// "@zlib(…)", "@base64(…)" and "@hex(…)" encode what their code assembles to.
func stream(t testing.TB, code string) []byte {
	code = nested.ReplaceAllStringFunc(code, func(s string) string {
		m := nested.FindStringSubmatch(s)
		return m[1] + " " + fmt.Sprintf("%q", wrapped(t, strings.Split(m[2], "+"), stream(t, strings.ReplaceAll(m[3], " , ", "; "))))
	})
	parts := strings.Split(code, "; ")
	for i, p := range parts {
		if f := strings.Fields(p); len(f) == 3 && f[0] == "@g" {
			parts[i] = "SHORT_BINUNICODE " + f[1] + "; SHORT_BINUNICODE " + f[2] + "; STACK_GLOBAL"
		}
	}
	return assemble(t, strings.ReplaceAll(strings.Join(parts, "; "), "@od", "GLOBAL collections OrderedDict"))
}

// nested is an opcode with a string that holds encoded code.
var nested = regexp.MustCompile(`([A-Z_0-9]+) @([a-z0-9+]+)\(([^)]*)\)`)

func wrapped(t testing.TB, layers []string, data []byte) string {
	t.Helper()
	for _, layer := range slices.Backward(layers) {
		switch layer {
		case "raw":
		case "zlib":
			var b bytes.Buffer
			z := zlib.NewWriter(&b)
			z.Write(data)
			z.Close()
			data = b.Bytes()
		case "base64":
			data = []byte(base64.StdEncoding.EncodeToString(data))
		case "base64url":
			data = []byte(base64.RawURLEncoding.EncodeToString(data))
		case "hex":
			data = []byte(hex.EncodeToString(data))
		case "latin1":
			var b strings.Builder
			for _, c := range data {
				b.WriteRune(rune(c))
			}
			data = []byte(b.String())
		default:
			t.Fatalf("no layer %q", layer)
		}
	}
	return string(data)
}

const (
	sparseParts = "GLOBAL torch._utils _rebuild_sparse_tensor; GLOBAL torch sparse_coo; " +
		"GLOBAL torch._utils _rebuild_tensor_v2; MARK; MARK; BINUNICODE storage; GLOBAL torch LongStorage; BINUNICODE 0; BINUNICODE cpu; BININT1 4; TUPLE; BINPERSID; BININT1 0; BININT1 2; BININT1 2; TUPLE2; BININT1 2; BININT1 1; TUPLE2; NEWFALSE; @od; EMPTY_TUPLE; REDUCE; TUPLE; REDUCE; " +
		"GLOBAL torch._utils _rebuild_tensor_v2; MARK; MARK; BINUNICODE storage; GLOBAL torch FloatStorage; BINUNICODE 1; BINUNICODE cpu; BININT1 9; TUPLE; BINPERSID; BININT1 0; "
	sparseRest   = "; TUPLE1; BININT1 1; TUPLE1; NEWFALSE; @od; EMPTY_TUPLE; REDUCE; TUPLE; REDUCE; BININT1 2; BININT1 2; TUPLE2; TUPLE3; TUPLE2; REDUCE; STOP"
	denseTensor  = "GLOBAL torch._utils _rebuild_tensor_v2; MARK; MARK; BINUNICODE storage; GLOBAL torch FloatStorage; BINUNICODE 0; BINUNICODE cpu; BININT1 4; TUPLE; BINPERSID; BININT1 0; BININT1 4; TUPLE1; BININT1 1; TUPLE1; NEWFALSE; @od; EMPTY_TUPLE; REDUCE; TUPLE; REDUCE"
	joblibArray  = "PROTO 4; MARK; @g joblib.numpy_pickle NumpyArrayWrapper; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; MARK; SHORT_BINUNICODE subclass; @g numpy ndarray; SHORT_BINUNICODE shape; BININT1 4; TUPLE1; SHORT_BINUNICODE order; SHORT_BINUNICODE C; SHORT_BINUNICODE dtype; @g numpy dtype; SHORT_BINUNICODE f4; NEWFALSE; NEWTRUE; TUPLE3; REDUCE; SHORT_BINUNICODE allow_mmap; NEWTRUE; SHORT_BINUNICODE numpy_array_alignment_bytes; BININT1 16; SETITEMS; BUILD; hex 02 ff ff; fill 16 0xfe; "
	withHooks    = "PROTO 2; GLOBAL torch.nn.modules.linear Linear; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BINUNICODE _forward_hooks; @od; EMPTY_TUPLE; REDUCE; BININT1 0; GLOBAL torch.nn.functional relu; SETITEM; SETITEM; BUILD; STOP"
	withoutHooks = "PROTO 2; GLOBAL torch.nn.modules.linear Linear; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BINUNICODE _forward_hooks; @od; EMPTY_TUPLE; REDUCE; SETITEM; BUILD; STOP"
)

// catalogue has a row for each mechanism of pickles (P) and each class of
// gadgets (G). Numbers 17 to 19 do not exist.
var catalogue = []row{
	{name: "P01_global_and_reduce", code: "GLOBAL os system; MARK; STRING 'echo'; TUPLE; REDUCE; STOP", want: "001",
		benign: "PROTO 2; @od; EMPTY_TUPLE; REDUCE; STOP"},
	{name: "P02_stack_global", code: "PROTO 4; @g os system; @call; STOP", want: "001",
		benign: "PROTO 4; @g collections OrderedDict; EMPTY_TUPLE; REDUCE; STOP"},
	{name: "P03_inst", code: "MARK; STRING 'echo'; INST os system; STOP", want: "001",
		benign: "MARK; INST collections OrderedDict; STOP"},
	{name: "P04_obj_and_pop", code: "PROTO 2; MARK; GLOBAL os system; BINUNICODE echo; OBJ; POP; NONE; STOP", want: "001",
		benign: "PROTO 2; MARK; @od; OBJ; POP; NONE; STOP"},
	{name: "P05_newobj", code: "PROTO 4; @g subprocess Popen; SHORT_BINUNICODE echo; TUPLE1; NEWOBJ; STOP", want: "001",
		benign: "PROTO 4; @g collections OrderedDict; EMPTY_TUPLE; NEWOBJ; STOP"},
	{name: "P05_newobj_ex", code: "PROTO 4; @g subprocess Popen; SHORT_BINUNICODE echo; TUPLE1; EMPTY_DICT; NEWOBJ_EX; STOP", want: "001",
		benign: "PROTO 4; @g collections OrderedDict; EMPTY_TUPLE; EMPTY_DICT; NEWOBJ_EX; STOP"},
	{name: "P06_reduce_of_a_result", code: "PROTO 2; @od; EMPTY_TUPLE; REDUCE; EMPTY_TUPLE; REDUCE; STOP", want: "007",
		benign: "PROTO 2; @od; EMPTY_TUPLE; REDUCE; EMPTY_TUPLE; TUPLE2; STOP"},
	{name: "P07_extension_registered_here", code: "PROTO 4; @g copyreg add_extension; SHORT_BINUNICODE os; SHORT_BINUNICODE system; BININT1 240; TUPLE3; REDUCE; POP; EXT1 240; @call; STOP", want: "001 006",
		benign: "PROTO 4; SHORT_BINUNICODE os; SHORT_BINUNICODE system; BININT1 240; TUPLE3; STOP"},
	{name: "P08_persistent_id", code: "PERSID os.system; STOP", want: "011",
		benign: "PROTO 2; MARK; BINUNICODE storage; GLOBAL torch FloatStorage; BINUNICODE 0; BINUNICODE cpu; BININT1 4; TUPLE; BINPERSID; STOP"},
	{name: "P09_build_on_something_older", code: "PROTO 2; @od; EMPTY_TUPLE; REDUCE; BINPUT 1; POP; NONE; POP; BINGET 1; EMPTY_DICT; BUILD; STOP", want: "007",
		benign: "PROTO 2; @od; EMPTY_TUPLE; REDUCE; EMPTY_DICT; BUILD; STOP"},
	{name: "P10_slots_of_a_class", code: "PROTO 2; @od; NONE; EMPTY_DICT; BINUNICODE update; NONE; SETITEM; TUPLE2; BUILD; STOP", want: "008",
		benign: "PROTO 2; @od; EMPTY_TUPLE; NEWOBJ; NONE; EMPTY_DICT; BINUNICODE update; NONE; SETITEM; TUPLE2; BUILD; STOP"},
	{name: "P11_items_of_sys_modules", code: "PROTO 4; @g sys modules; SHORT_BINUNICODE x; SHORT_BINUNICODE y; SETITEM; STOP", want: "001 008",
		benign: "PROTO 4; EMPTY_DICT; SHORT_BINUNICODE sys.modules; SHORT_BINUNICODE y; SETITEM; STOP"},
	{name: "P12_result_thrown_away", code: "PROTO 4; MARK; @os; @call; POP_MARK; NONE; STOP", want: "001",
		benign: "PROTO 4; MARK; SHORT_BINUNICODE os; SHORT_BINUNICODE system; POP_MARK; NONE; STOP"},
	{name: "P13_strings_juggled", code: "PROTO 4; SHORT_BINUNICODE os; DUP; POP; SHORT_BINUNICODE zz; POP; SHORT_BINUNICODE system; STACK_GLOBAL; @call; STOP", want: "001",
		benign: "PROTO 4; SHORT_BINUNICODE collections; DUP; POP; SHORT_BINUNICODE system; POP; SHORT_BINUNICODE OrderedDict; STACK_GLOBAL; STOP"},
	{name: "P14_memo_overwritten", code: "PROTO 4; SHORT_BINUNICODE collections; BINPUT 0; POP; SHORT_BINUNICODE OrderedDict; BINPUT 1; POP; SHORT_BINUNICODE os; BINPUT 0; POP; SHORT_BINUNICODE system; BINPUT 1; POP; BINGET 0; BINGET 1; STACK_GLOBAL; @call; STOP", want: "001",
		benign: "PROTO 4; SHORT_BINUNICODE os; BINPUT 0; POP; SHORT_BINUNICODE system; BINPUT 1; POP; SHORT_BINUNICODE collections; BINPUT 0; POP; SHORT_BINUNICODE OrderedDict; BINPUT 1; POP; BINGET 0; BINGET 1; STACK_GLOBAL; STOP"},
	{name: "P15_get_of_nothing", code: "PROTO 4; @os; @call; BINGET 9; STOP", want: "SP-COV-004 001 uncovered",
		benign: "PROTO 4; SHORT_BINUNICODE os; BINPUT 9; POP; BINGET 9; STOP"},
	{name: "P16_name_that_is_a_number", code: "PROTO 4; @os; @call; BININT1 1; BINPUT 0; SHORT_BINUNICODE system; STACK_GLOBAL; STOP", want: "SP-COV-004 001",
		benign: "PROTO 4; BININT1 1; BINPUT 0; SHORT_BINUNICODE system; TUPLE2; STOP"},
	{name: "P20_memoize_after_get", code: "PROTO 4; SHORT_BINUNICODE os; MEMOIZE; POP; SHORT_BINUNICODE system; MEMOIZE; POP; BINGET 0; MEMOIZE; POP; BINGET 1; MEMOIZE; POP; BINGET 2; BINGET 3; STACK_GLOBAL; @call; STOP", want: "001",
		benign: "PROTO 4; SHORT_BINUNICODE collections; MEMOIZE; POP; SHORT_BINUNICODE OrderedDict; MEMOIZE; POP; BINGET 0; MEMOIZE; POP; BINGET 1; MEMOIZE; POP; BINGET 2; BINGET 3; STACK_GLOBAL; STOP"},
	{name: "P21_memoize_after_pop", code: "PROTO 4; SHORT_BINUNICODE os; SHORT_BINUNICODE x; POP; MEMOIZE; SHORT_BINUNICODE system; SHORT_BINUNICODE x; POP; MEMOIZE; POP; POP; BINGET 0; BINGET 1; STACK_GLOBAL; @call; STOP", want: "001",
		benign: "PROTO 4; SHORT_BINUNICODE collections; SHORT_BINUNICODE os; POP; MEMOIZE; SHORT_BINUNICODE OrderedDict; SHORT_BINUNICODE x; POP; MEMOIZE; POP; POP; BINGET 0; BINGET 1; STACK_GLOBAL; STOP"},
	{name: "P22_computed_operand", code: "PROTO 4; @g _codecs decode; SHORT_BINUNICODE bf; SHORT_BINUNICODE rot13; TUPLE2; REDUCE; SHORT_BINUNICODE system; STACK_GLOBAL; @call; STOP", want: "001 003 014",
		benign: "PROTO 2; GLOBAL _codecs encode; BINUNICODE bf; BINUNICODE latin1; TUPLE2; REDUCE; STOP"},
	{name: "P22_computed_operand_unknown", code: "PROTO 4; @g collections OrderedDict; EMPTY_TUPLE; REDUCE; SHORT_BINUNICODE system; STACK_GLOBAL; STOP", want: "002 003",
		benign: "PROTO 4; @g collections OrderedDict; EMPTY_TUPLE; REDUCE; SHORT_BINUNICODE system; TUPLE2; STOP"},
	{name: "P23_names_stored_in_a_function", code: "PROTO 4; @g numpy log1p; EMPTY_DICT; SHORT_BINUNICODE x; SHORT_BINUNICODE os; SETITEM; BUILD; POP; @g numpy log1p.x; SHORT_BINUNICODE system; STACK_GLOBAL; STOP", want: "002 003 008",
		benign: "PROTO 4; @g numpy log1p; STOP"},
	{name: "P24_operand_at_the_very_start", code: "SHORT_BINUNICODE os; SHORT_BINUNICODE system; STACK_GLOBAL; @call; STOP", want: "001",
		benign: "SHORT_BINUNICODE collections; SHORT_BINUNICODE OrderedDict; STACK_GLOBAL; EMPTY_TUPLE; REDUCE; STOP"},
	{name: "P25_escaped_unicode", code: `PROTO 4; UNICODE "\\u006fs"; UNICODE "\\u0073ystem"; STACK_GLOBAL; @call; STOP`, want: "001",
		benign: `PROTO 4; UNICODE "\\u0063ollections"; UNICODE OrderedDict; STACK_GLOBAL; STOP`},
	{name: "P25_escaped_string", code: `PROTO 4; STRING "'\\x6fs'"; STRING "'sys\\164em'"; STACK_GLOBAL; @call; STOP`, want: "001",
		benign: `PROTO 4; STRING "'\\x63ollections'"; STRING 'OrderedDict'; STACK_GLOBAL; STOP`},
	{name: "P26_binstring_operands", code: "PROTO 4; SHORT_BINSTRING os; BINSTRING system; STACK_GLOBAL; @call; STOP", want: "001",
		benign: "PROTO 4; SHORT_BINSTRING collections; BINSTRING OrderedDict; STACK_GLOBAL; STOP"},
	{name: "P27_escape_in_a_line", code: `GLOBAL "\\x6fs" system; MARK; STRING 'echo'; TUPLE; REDUCE; STOP`, want: "002",
		benign: `PROTO 2; BINUNICODE "\\x6fs"; STOP`},
	{name: "P28_dotted_name", code: "PROTO 4; @g pathlib os.system; @call; STOP", want: "001",
		benign: "PROTO 4; @g zoneinfo ZoneInfo._unpickle; STOP"},
	{name: "P28_dotted_name_in_inst", code: "PROTO 4; MARK; SHORT_BINUNICODE echo; INST pathlib os.system; STOP", want: "001",
		benign: "PROTO 4; MARK; INST collections OrderedDict; STOP"},
	{name: "P29_protocol_moves", code: "PROTO 4; NONE; POP; PROTO 0; GLOBAL __builtin__ eval; MARK; STRING 'echo'; TUPLE; REDUCE; STOP", want: "001 013",
		benign: "PROTO 0; GLOBAL __builtin__ list; STOP"},
	{name: "P30_python_2_name", code: "GLOBAL commands getoutput; MARK; STRING 'echo'; TUPLE; REDUCE; STOP", want: "001",
		benign: "GLOBAL copy_reg _reconstructor; MARK; @od; GLOBAL __builtin__ object; NONE; TUPLE; REDUCE; STOP"},
	{name: "P31_dangerous_child", code: "PROTO 4; @g asyncio.unix_events os.system; @call; STOP", want: "001",
		benign: "PROTO 4; @g collections OrderedDict; STOP"},
	{name: "P31_dunder_of_an_allowed_class", code: "PROTO 4; @g collections OrderedDict.__init__.__globals__; STOP", want: "001",
		benign: "PROTO 4; SHORT_BINUNICODE OrderedDict.__init__.__globals__; STOP"},
	{name: "P32_appends_to_what_is_no_list", code: "PROTO 4; @g types SimpleNamespace; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; SHORT_BINUNICODE extend; @os; SETITEM; BUILD; MARK; SHORT_BINUNICODE echo; APPENDS; STOP", want: "001 007 009",
		benign: "PROTO 4; EMPTY_LIST; MARK; SHORT_BINUNICODE echo; APPENDS; STOP"},
	{name: "P32_appends_of_nothing", code: "PROTO 4; @g types SimpleNamespace; EMPTY_TUPLE; NEWOBJ; MARK; APPENDS; STOP", want: "007",
		benign: "PROTO 4; EMPTY_LIST; MARK; APPENDS; STOP"},
	{name: "P33_additems_to_what_is_no_set", code: "PROTO 4; @g types SimpleNamespace; EMPTY_TUPLE; NEWOBJ; MARK; NONE; ADDITEMS; STOP", want: "007",
		benign: "PROTO 4; EMPTY_SET; MARK; NONE; ADDITEMS; STOP"},
	{name: "P34_setstate_of_an_instance", code: "PROTO 4; @g types SimpleNamespace; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; SHORT_BINUNICODE __setstate__; @g numpy log1p; SETITEM; BUILD; SHORT_BINUNICODE echo; BUILD; STOP", want: "007 009",
		benign: "PROTO 4; @g types SimpleNamespace; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; SHORT_BINUNICODE state; SHORT_BINUNICODE echo; SETITEM; BUILD; STOP"},
	{name: "P35_setitem_of_a_class", code: "PROTO 4; @g types SimpleNamespace; EMPTY_TUPLE; NEWOBJ; SHORT_BINUNICODE a; NONE; SETITEM; STOP", want: "007",
		benign: "PROTO 4; @g collections OrderedDict; EMPTY_TUPLE; REDUCE; SHORT_BINUNICODE a; NONE; SETITEM; STOP"},
	{name: "P36_code_of_an_unknown_class", code: "PROTO 4; @g acme.models Net; EMPTY_TUPLE; NEWOBJ; STOP", want: "002",
		benign: "PROTO 4; @g sklearn.svm._classes SVC; EMPTY_TUPLE; NEWOBJ; STOP"},
	{name: "P37_trampoline_reconstructor", code: "PROTO 3; GLOBAL copyreg _reconstructor; MARK; GLOBAL acme C; GLOBAL builtins object; NONE; TUPLE; REDUCE; STOP", want: "002 009",
		benign: "PROTO 3; GLOBAL copyreg _reconstructor; MARK; @od; GLOBAL builtins object; NONE; TUPLE; REDUCE; STOP"},
	{name: "P37_trampoline_partial", code: "PROTO 3; GLOBAL functools partial; GLOBAL os system; TUPLE1; REDUCE; STOP", want: "001 009",
		benign: "PROTO 3; GLOBAL functools partial; GLOBAL numpy log1p; TUPLE1; REDUCE; STOP"},
	{name: "P37_trampoline_defaultdict", code: "PROTO 3; GLOBAL collections defaultdict; GLOBAL acme f; TUPLE1; REDUCE; STOP", want: "002 009",
		benign: "PROTO 3; GLOBAL collections defaultdict; GLOBAL builtins list; TUPLE1; REDUCE; STOP"},
	{name: "P37_trampoline_tensor_type", code: "PROTO 3; GLOBAL torch._tensor _rebuild_from_type_v2; MARK; GLOBAL os system; GLOBAL torch.nn.parameter Parameter; EMPTY_TUPLE; NONE; TUPLE; REDUCE; STOP", want: "001 009",
		benign: "PROTO 3; GLOBAL torch._tensor _rebuild_from_type_v2; MARK; GLOBAL torch._utils _rebuild_tensor_v2; GLOBAL torch.nn.parameter Parameter; EMPTY_TUPLE; NONE; TUPLE; REDUCE; STOP"},
	{name: "P37_trampoline_numpy", code: "PROTO 3; GLOBAL numpy.core.multiarray _reconstruct; @od; BININT1 0; TUPLE1; BINUNICODE b; TUPLE3; REDUCE; STOP", want: "009",
		benign: "PROTO 3; GLOBAL numpy.core.multiarray _reconstruct; GLOBAL numpy ndarray; BININT1 0; TUPLE1; BINUNICODE b; TUPLE3; REDUCE; STOP"},
	{name: "P38_call_carrier", code: "PROTO 4; @g builtins map; @os; EMPTY_LIST; TUPLE2; REDUCE; STOP", want: "001",
		benign: "PROTO 4; @g builtins list; EMPTY_LIST; TUPLE1; REDUCE; STOP"},
	{name: "P39_method_of_a_builtin", code: "PROTO 4; @g builtins dict.get; @call; STOP", want: "001",
		benign: "PROTO 4; @g builtins dict; EMPTY_TUPLE; REDUCE; STOP"},
	{name: "P40_import_of_a_shipped_module", code: "PROTO 4; @g helper anything; STOP", want: "004", repo: []string{"helper.py"},
		benign: "PROTO 4; @g collections OrderedDict; STOP"},
	{name: "P40_import_of_a_module_that_acts", code: "PROTO 4; @g antigravity x; STOP", want: "001",
		benign: "PROTO 4; SHORT_BINUNICODE antigravity; SHORT_BINUNICODE x; TUPLE2; STOP"},
	{name: "P40_shipped_module_in_a_broken_text", code: "GLOBAL helper anything; hex 7a 7a", want: "SP-COV-004 004 uncovered", file: "weights", repo: []string{"helper.py"},
		benign: "GLOBAL collections OrderedDict; STOP"},
	{name: "P41_name_of_the_script", code: "PROTO 2; GLOBAL __main__ Net; STOP", want: "002", file: "run/training_args.bin",
		benign: "PROTO 2; GLOBAL __main__ TrainingArguments; EMPTY_TUPLE; NEWOBJ; STOP"},
	{name: "P42_no_stop", code: "PROTO 4; @os; @call", want: "SP-COV-004 001",
		benign: "PROTO 4; SHORT_BINUNICODE os; SHORT_BINUNICODE system; TUPLE2; STOP"},
	{name: "P43_broken_behind_the_payload", code: "PROTO 4; @os; @call; hex ff ff", want: "SP-COV-004 001 uncovered",
		benign: `PROTO 4; SHORT_BINBYTES "\xff\xff"; STOP`},
	{name: "P44_junk_before_the_payload", code: "hex ff ff 00; PROTO 4; @os; @call; STOP", want: "001 uncovered",
		benign: "PROTO 4; NONE; STOP"},
	{name: "P45_second_stream", code: "PROTO 4; EMPTY_LIST; STOP; PROTO 4; @os; @call; STOP", want: "001",
		benign: "PROTO 4; EMPTY_LIST; STOP; PROTO 4; EMPTY_DICT; STOP"},
	{name: "P46_second_stream_behind_junk", code: "PROTO 4; EMPTY_LIST; STOP; hex 00 00 fe; PROTO 4; @os; @call; STOP", want: "001 uncovered",
		benign: "PROTO 4; EMPTY_LIST; STOP; PROTO 4; NONE; STOP"},
	{name: "P47_base_0_int", code: "INT 0x10; POP; @os; @call; STOP", want: "001 005",
		benign: "PROTO 0; INT 16; STOP"},
	{name: "P48_base_0_long", code: "LONG 0x10L; POP; @os; @call; STOP", want: "001 005",
		benign: "PROTO 0; LONG 16L; STOP"},
	{name: "P49_float_with_underscore", code: "FLOAT 1_0; POP; @os; @call; STOP", want: "001 005",
		benign: "PROTO 0; FLOAT 10; STOP"},
	{name: "P50_odd_ints", code: `INT " 1_2 "; POP; LONG 12; POP; INT 01; POP; @os; @call; STOP`, want: "001",
		benign: `PROTO 0; INT 01; STOP`},
	{name: "P51_odd_memo_index", code: `SHORT_BINUNICODE os; PUT " +1_0"; POP; GET 10; SHORT_BINUNICODE system; STACK_GLOBAL; @call; STOP`, want: "001",
		benign: `PROTO 0; UNICODE os; PUT 10; POP; GET 10; STOP`},
	{name: "P51_negative_memo_index", code: `@os; @call; PUT -1; STOP`, want: "SP-COV-004 001",
		benign: `PROTO 0; UNICODE os; PUT 1; STOP`},
	{name: "P52_module_that_is_not_ascii", code: `PROTO 4; GLOBAL "\xc3\xa9" x; POP; @os; @call; STOP`, want: "001 002",
		benign: `PROTO 4; BINUNICODE "\xc3\xa9"; STOP`},
	{name: "P53_frame_beyond_the_end", code: "PROTO 4; FRAME 4096; @os; @call; STOP", want: "001 005",
		benign: "PROTO 4; FRAME 2; NONE; STOP"},
	{name: "P54_frame_too_short", code: "PROTO 4; FRAME 2; @os; @call; STOP", want: "001 005",
		benign: "PROTO 4; FRAME 1; NONE; FRAME 1; STOP"},
	{name: "P54_frame_in_a_frame", code: "PROTO 4; FRAME 11; FRAME 2; NONE; STOP", want: "005",
		benign: "PROTO 4; FRAME 2; NONE; STOP"},
	{name: "P55_frame_straddle", code: "PROTO 5; NONE; hex 56; fill 131055 a; hex 0a; POP; MARK; FRAME 2; hex 42 07 01 00 00 00 00; GLOBAL os system; UNICODE echo; TUPLE1; REDUCE; MARK; fill 241 N; POP_MARK; STOP", want: "005",
		benign: "PROTO 5; NONE; hex 56; fill 131055 a; hex 0a; POP; FRAME 19; BINBYTES \"cos\\nsystem\\n\"; POP; NONE; STOP"},
	{name: "P56_frame_that_python_refuses", code: "PROTO 4; FRAME 2; BININT 1; STOP", want: "005",
		benign: "PROTO 4; FRAME 6; BININT 1; STOP"},
	{name: "P57_buffer_that_is_elsewhere", code: "PROTO 5; @os; @call; NEXT_BUFFER; STOP", want: "SP-COV-004 001",
		benign: "PROTO 5; BYTEARRAY8 abc; STOP"},
	{name: "P58_protocol_6", code: "PROTO 6; @os; @call; STOP", want: "001 013",
		benign: "PROTO 5; NONE; STOP"},
	{name: "P59_lone_surrogate", code: `PROTO 4; SHORT_BINUNICODE "\xed\xa0\x80"; POP; @os; @call; STOP`, want: "001",
		benign: `PROTO 4; SHORT_BINUNICODE "\xed\xa0\x80"; STOP`},
	{name: "P60_carriage_return_in_a_name", code: `GLOBAL "os\r" "system\r"; MARK; STRING 'echo'; TUPLE; REDUCE; STOP`, want: "002",
		benign: `PROTO 0; STRING "'os\r'"; STOP`},
	{name: "P61_pickle_in_bytes", code: "PROTO 4; BINBYTES @raw(PROTO 4 , @os , @call , STOP); STOP", want: "child(001)",
		benign: "PROTO 4; BINBYTES @raw(SHORT_BINUNICODE os , SHORT_BINUNICODE system , SHORT_BINUNICODE echo); STOP"},
	{name: "P61_text_pickle_in_bytes", code: "PROTO 4; BINBYTES @raw(GLOBAL os system , MARK , STRING 'echo' , TUPLE , REDUCE , STOP); STOP", want: "child(001)",
		benign: `PROTO 4; BINBYTES "cost\nsystems\n(estimate)\nof the year"; STOP`},
	{name: "P61_pickle_in_base64", code: "PROTO 4; BINUNICODE @base64(PROTO 4 , @os , @call , STOP); STOP", want: "child(001)",
		benign: "PROTO 4; BINUNICODE @base64(hex 80 04 ff fe , fill 40 z); STOP"},
	{name: "P61_pickle_in_base64_of_a_url", code: "PROTO 4; SHORT_BINUNICODE @base64url(PROTO 2 , GLOBAL os system , BINUNICODE echo , TUPLE1 , REDUCE , STOP); STOP", want: "child(001)",
		benign: "PROTO 4; SHORT_BINUNICODE gAAAAABl_this-is_a-token-of-some-service; STOP"},
	{name: "P61_text_pickle_in_base64", code: "PROTO 4; BINUNICODE @base64(GLOBAL os system , MARK , STRING 'echo' , TUPLE , REDUCE , STOP); STOP", want: "child(001)",
		benign: "PROTO 4; SHORT_BINUNICODE Y29zdCBvZiB0aGUgc3lzdGVtcw==; STOP"},
	{name: "P61_pickle_in_zlib", code: "PROTO 4; BINBYTES @zlib(PROTO 4 , @os , @call , STOP); STOP", want: "child(001)",
		benign: "PROTO 4; BINBYTES @zlib(fill 4000 z); STOP"},
	{name: "P61_pickle_in_base64_of_zlib", code: "PROTO 0; UNICODE @base64+zlib(PROTO 4 , @os , @call , STOP); STOP", want: "child(001)",
		benign: "PROTO 0; UNICODE @base64+zlib(fill 4000 z); STOP"},
	{name: "P61_pickle_in_hex", code: "PROTO 4; BINUNICODE @hex(PROTO 4 , @os , @call , STOP); STOP", want: "child(001)",
		benign: "PROTO 4; BINUNICODE 8004956c9bdc18c1c3a8e3d5a3b1f0e2d4c6b8aa9c8e7f60; STOP"},
	{name: "P61_pickle_as_characters", code: "PROTO 2; BINUNICODE @latin1(PROTO 4 , @os , @call , STOP , fill 9 z); STOP", want: "child(001 uncovered)",
		benign: `PROTO 2; BINUNICODE "\u0080\u0081 is no letter, nor are others"; STOP`},
	{name: "P61_zlib_as_characters", code: "PROTO 2; BINUNICODE @latin1+zlib(PROTO 4 , @os , @call , STOP); STOP", want: "child(001)",
		benign: `PROTO 2; BINUNICODE "x\xc2\x9cylophones and other instruments"; STOP`},
	{name: "P61_text_pickle_in_a_text", code: "PROTO 4; SHORT_BINUNICODE @raw(GLOBAL os system , MARK , STRING 'echo echo' , TUPLE , REDUCE , STOP); STOP", want: "child(001)",
		benign: `PROTO 4; SHORT_BINUNICODE "cost\nand system\nare words on lines."; STOP`},
	{name: "P61_zip_in_bytes", code: `PROTO 4; BINBYTES "PK\x03\x04............"; STOP`, want: "child(no pickle)",
		benign: `PROTO 4; BINBYTES "PKZIP was written by one man"; STOP`},
	{name: "P61_program_in_base64", code: "PROTO 4; BINUNICODE @base64(hex 7f 45 4c 46 02 01 01 00 , fill 56 0x00); STOP", want: "child(no pickle)",
		benign: "PROTO 4; BINUNICODE @base64(hex 89 50 4e 47 0d 0a 1a 0a , fill 56 0x00); STOP"},
	{name: "P61_program_in_bytes", code: "PROTO 4; BINBYTES @raw(hex 4d 5a , fill 58 0x00 , hex 40 00 00 00 50 45 00 00 , fill 20 0x00); STOP", want: "child(no pickle)",
		benign: "PROTO 4; BINBYTES @raw(hex 4d 5a , fill 90 M); STOP"},
	{name: "P61_compiled_code", code: "PROTO 3; hex 42 d8 00 00 00; hex 63 00 00 00 00 00 00 00 00 00 00 00 00 03 00 00 00 00 00 00 00 73 2e 00; hex 00 00 97 00 64 00 64 01 6c 00 5a 00 02 00 65 00 6a 01 00 00 00 00 00 00; hex 00 00 64 02 a6 01 00 00 ab 01 00 00 00 00 00 00 00 00 01 00 64 01 53 00; hex 28 03 00 00 00 69 00 00 00 00 4e 75 04 00 00 00 65 63 68 6f 28 02 00 00; hex 00 75 02 00 00 00 6f 73 75 06 00 00 00 73 79 73 74 65 6d 28 00 00 00 00; hex 73 00 00 00 00 75 08 00 00 00 3c 6c 61 6d 62 64 61 3e 75 08 00 00 00 3c; hex 6d 6f 64 75 6c 65 3e 75 08 00 00 00 3c 6d 6f 64 75 6c 65 3e 01 00 00 00; hex 73 26 00 00 00 f0 03 01 01 01 d8 00 09 80 09 80 09 80 09 d8 00 09 80 02; hex 84 09 88 26 d1 00 11 d4 00 11 d0 00 11 d0 00 11 d0 00 11 73 00 00 00 00; STOP", want: "010",
		benign: "PROTO 3; hex 42 49 00 00 00; hex 63 00 00 00 00 00 00 00 00 02 00 00 00 00 01 02 03 04 05 06 07 08 09 0a; hex 0b 0c 0d 0e 0f 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f 20 21 22; hex 23 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f 30 31 32 33 34 35 36 37 38 39 3a; hex 3b; STOP"},
	{name: "P61_bytes_that_are_loaded", code: "PROTO 3; GLOBAL torch.storage _load_from_bytes; SHORT_BINBYTES @raw(GLOBAL os system , MARK , STRING 'echo' , TUPLE , REDUCE , STOP); TUPLE1; REDUCE; STOP", want: "child(001)",
		benign: "PROTO 3; SHORT_BINBYTES @raw(BININT1 1 , STOP); STOP"},
	{name: "P62_companion_elsewhere", code: "PROTO 3; GLOBAL joblib.numpy_pickle NDArrayWrapper; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BINUNICODE filename; BINUNICODE ../x.npy; SETITEM; BUILD; STOP", want: "009", repo: []string{"x.npy"},
		benign: "PROTO 3; GLOBAL joblib.numpy_pickle NDArrayWrapper; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BINUNICODE filename; BINUNICODE x.npy; SETITEM; BUILD; STOP"},
	{name: "P62_loader_of_another_file", code: "PROTO 4; @g torch load; SHORT_BINUNICODE other.pt; TUPLE1; REDUCE; STOP", want: "001",
		benign: "PROTO 4; SHORT_BINUNICODE torch.load; SHORT_BINUNICODE other.pt; TUPLE2; STOP"},
	{name: "P63_inspectors_stop_before_the_payload", code: `GLOBAL "\xc3\xa9" x; POP; INT 0o17; POP; @os; @call; STOP`, want: "001 002 005",
		benign: `PROTO 0; UNICODE "\xe9"; STOP`},
	{name: "P64_found_by_comparison", code: `INT "\x001"; POP; @os; @call; STOP`, want: "001 005",
		benign: `PROTO 0; INT 0; STOP`},
	{name: "P65_names_in_another_encoding", code: `PROTO 4; SHORT_BINSTRING "\xf3s"; SHORT_BINSTRING system; STACK_GLOBAL; STOP`, want: "002",
		benign: `PROTO 2; SHORT_BINSTRING "\xf3s"; STOP`},
	{name: "P66_relative_module", code: "GLOBAL .x y; MARK; STRING 'echo'; TUPLE; REDUCE; STOP", want: "002",
		benign: "PROTO 0; UNICODE .x; STOP"},
	{name: "P66_empty_module", code: `PROTO 4; SHORT_BINUNICODE ""; SHORT_BINUNICODE system; STACK_GLOBAL; STOP`, want: "002",
		benign: `PROTO 4; SHORT_BINUNICODE ""; STOP`},
	{name: "P67_module_of_another_system", code: "GLOBAL nt system; MARK; STRING 'echo'; TUPLE; REDUCE; STOP", want: "001",
		benign: "PROTO 0; UNICODE nt; STOP"},
	{name: "P68_storage_of_an_unknown_module", code: "PROTO 2; MARK; BINUNICODE storage; GLOBAL acme EvilStorage; BINUNICODE 0; BINUNICODE cpu; BININT1 4; TUPLE; BINPERSID; STOP", want: "002",
		benign: "PROTO 2; MARK; BINUNICODE storage; GLOBAL torch LongStorage; BINUNICODE 0; BINUNICODE cpu; BININT1 4; TUPLE; BINPERSID; STOP"},
	{name: "P69_opcodes_of_weights_only", code: "PROTO 2; GLOBAL torch.hub load; BINUNICODE x; TUPLE1; REDUCE; STOP", want: "001",
		benign: "PROTO 2; @od; EMPTY_TUPLE; REDUCE; BINUNICODE weight; " + denseTensor + "; SETITEM; STOP"},
	{name: "P70_items_of_a_tensor", code: "PROTO 2; " + denseTensor + "; BININT1 9; BININT1 1; SETITEM; STOP", want: "007",
		benign: "PROTO 2; EMPTY_DICT; BININT1 9; " + denseTensor + "; SETITEM; STOP"},
	{name: "P71_sparse_tensor_that_does_not_fit", code: "PROTO 2; " + sparseParts + "BININT1 9" + sparseRest, want: "015",
		benign: "PROTO 2; " + sparseParts + "BININT1 2" + sparseRest},
	{name: "P72_scanner_tampered_with", code: "GLOBAL picklescan.scanner _safe_globals; EMPTY_DICT; BUILD; STOP", want: "001 008",
		benign: "PROTO 0; UNICODE picklescan.scanner; STOP"},
	{name: "P73_lazy_call", code: "PROTO 4; @g builtins tuple; @g builtins map; @os; EMPTY_LIST; TUPLE2; NEWOBJ; TUPLE1; REDUCE; STOP", want: "001",
		benign: "PROTO 4; @g builtins tuple; EMPTY_LIST; TUPLE1; REDUCE; STOP"},
	{name: "P74_method_installed_in_a_class", code: "PROTO 2; @od; EMPTY_DICT; BINUNICODE append; GLOBAL numpy log1p; SETITEM; BUILD; STOP", want: "008",
		benign: "PROTO 2; @od; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BINUNICODE name; BINUNICODE append; SETITEM; BUILD; STOP"},
	{name: "P75_behind_the_magic_of_gif", code: "hex 47 49 46 38 39 61 00 00 00; GLOBAL os system; MARK; STRING 'echo'; TUPLE; REDUCE; STOP", want: "001", file: "x.gif",
		benign: "PROTO 2; BINUNICODE GIF89a; STOP"},
	{name: "P75_behind_the_magic_of_gguf", code: "hex 47 47 55 46 03 00 00 00 00; GLOBAL os system; MARK; STRING 'echo'; TUPLE; REDUCE; STOP", want: "001", file: "x.gguf",
		benign: "PROTO 2; BINUNICODE GGUF; STOP"},
	{name: "P76_name_by_inert_codecs", code: `PROTO 4; @g builtins str.join; SHORT_BINUNICODE ""; SHORT_BINUNICODE o; SHORT_BINUNICODE s; TUPLE2; TUPLE2; REDUCE; SHORT_BINUNICODE system; STACK_GLOBAL; @call; STOP`, want: "001 003",
		benign: `PROTO 4; SHORT_BINUNICODE ""; SHORT_BINUNICODE o; SHORT_BINUNICODE s; TUPLE2; TUPLE2; STOP`},
	{name: "P77_behind_an_array_of_joblib", code: joblibArray + "@os; @call; LIST; STOP", want: "001",
		benign: joblibArray + "NONE; LIST; STOP"},

	{name: "G01_direct_execution", code: "PROTO 4; @g multiprocessing.util spawnv_passfds; @call; STOP", want: "001",
		benign: "PROTO 4; @g pathlib PosixPath; SHORT_BINUNICODE echo; TUPLE1; REDUCE; STOP"},
	{name: "G02_hidden_execution", code: "PROTO 4; @g uuid _get_command_stdout; @call; STOP", want: "001",
		benign: "PROTO 4; @g uuid UUID; EMPTY_TUPLE; NEWOBJ; STOP"},
	{name: "G03_code_evaluated", code: "PROTO 4; @g timeit timeit; @call; STOP", want: "001",
		benign: "PROTO 4; @g builtins complex; BININT1 1; TUPLE1; REDUCE; STOP"},
	{name: "G04_code_objects", code: "PROTO 4; @g types CodeType; @call; STOP", want: "010",
		benign: "PROTO 4; @g types SimpleNamespace; EMPTY_TUPLE; NEWOBJ; STOP"},
	{name: "G05_import_machinery", code: "PROTO 4; @g pydoc locate; @call; STOP", want: "001",
		benign: "PROTO 4; @g datetime datetime; SHORT_BINBYTES 0123456789; TUPLE1; REDUCE; STOP"},
	{name: "G06_getattr", code: "PROTO 4; @g operator attrgetter; @call; STOP", want: "001",
		benign: "PROTO 3; GLOBAL builtins getattr; @od; BINUNICODE keys; TUPLE2; REDUCE; STOP"},
	{name: "G07_evaluation_in_numpy", code: "PROTO 4; @g numpy.testing._private.utils runstring; @call; STOP", want: "001",
		benign: "PROTO 4; @g numpy log1p; STOP"},
	{name: "G08_torch_internals", code: "PROTO 4; @g torch.utils.cpp_extension load; @call; STOP", want: "001",
		benign: "PROTO 4; @g torch.nn.modules.linear Linear; EMPTY_TUPLE; NEWOBJ; STOP"},
	{name: "G09_pickle_again", code: "PROTO 4; @g pandas.io.pickle read_pickle; @call; STOP", want: "001",
		benign: "PROTO 4; @g pandas.core.frame DataFrame; EMPTY_TUPLE; NEWOBJ; STOP"},
	{name: "G10_file_written", code: "PROTO 4; @g pathlib Path.write_text; @call; STOP", want: "001",
		benign: "PROTO 4; @g pathlib PosixPath; SHORT_BINUNICODE a; TUPLE1; REDUCE; STOP"},
	{name: "G11_file_read", code: "PROTO 4; @g linecache getline; @call; STOP", want: "014",
		benign: "PROTO 4; SHORT_BINUNICODE /etc/hostname; STOP"},
	{name: "G12_network", code: "PROTO 4; @g socket create_connection; @call; STOP", want: "001",
		benign: "PROTO 4; SHORT_BINUNICODE https://example.org/; STOP"},
	{name: "G13_deferred", code: "PROTO 4; @g weakref finalize; @call; STOP", want: "001",
		benign: "PROTO 4; @g collections deque; EMPTY_TUPLE; REDUCE; STOP"},
	{name: "G14_loader_with_a_configuration", code: "PROTO 4; @g logging.config dictConfig; EMPTY_DICT; TUPLE1; REDUCE; STOP", want: "001",
		benign: "PROTO 4; @g argparse Namespace; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BUILD; STOP"},
	{name: "G15_environment", code: "PROTO 4; @g os environ; SHORT_BINUNICODE PYTHONSTARTUP; SHORT_BINUNICODE /x; SETITEM; STOP", want: "001 008",
		benign: "PROTO 4; EMPTY_DICT; SHORT_BINUNICODE PYTHONSTARTUP; SHORT_BINUNICODE /x; SETITEM; STOP"},
	{name: "G16_denial_of_service", code: "PROTO 4; @g time sleep; BININT1 1; TUPLE1; REDUCE; STOP", want: "014",
		benign: "PROTO 4; @g datetime timedelta; BININT1 1; TUPLE1; REDUCE; STOP"},
	{name: "G16_memory_for_nothing", code: "PROTO 4; @g builtins bytes; LONG1 000000000010; TUPLE1; REDUCE; STOP", want: "014",
		benign: "PROTO 4; @g builtins bytes; BININT2 4096; TUPLE1; REDUCE; STOP"},
	{name: "G17_obfuscation", code: "PROTO 4; @g base64 b64decode; SHORT_BINUNICODE ZWNobw==; TUPLE1; REDUCE; STOP", want: "014",
		benign: "PROTO 2; GLOBAL _codecs encode; BINUNICODE echo; BINUNICODE latin1; TUPLE2; REDUCE; STOP"},
	{name: "G18_loader_that_peers_allow", code: "PROTO 4; @g dill loads; @call; STOP", want: "001",
		benign: "PROTO 4; @g xgboost.core Booster; EMPTY_TUPLE; NEWOBJ; STOP"},
	{name: "G19_joblib_path", code: "PROTO 4; @os; @call; STOP", want: "001", file: "model.joblib",
		benign: "PROTO 4; NONE; STOP"},
	{name: "G19_checkpoint_path", code: "GLOBAL os system; MARK; STRING 'echo'; TUPLE; REDUCE; STOP", want: "001", file: "pytorch_model.bin",
		benign: "PROTO 0; NONE; STOP"},
	{name: "G20_behaviour_rewritten", code: withHooks, want: "016", benign: withoutHooks},
}

func TestCatalogue(t *testing.T) {
	for _, c := range catalogue {
		file := c.file
		if file == "" {
			file = "model.pkl"
		}
		t.Run(c.name, func(t *testing.T) {
			if got := verdict(t, file, stream(t, c.code), c.repo...); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
		t.Run(c.name+"_look_alike", func(t *testing.T) {
			if got := verdict(t, file, stream(t, c.benign), c.repo...); got != "" {
				t.Errorf("got %q, want silence", got)
			}
		})
	}
}

// TestCatalogueIsComplete counts the rows: none may go missing.
func TestCatalogueIsComplete(t *testing.T) {
	var have, want []string
	for _, c := range catalogue {
		if id, _, _ := strings.Cut(c.name, "_"); !slices.Contains(have, id) {
			have = append(have, id)
		}
	}
	for i := 1; i <= 77; i++ {
		if i < 17 || i > 19 {
			want = append(want, fmt.Sprintf("P%02d", i))
		}
	}
	for i := 1; i <= 20; i++ {
		want = append(want, fmt.Sprintf("G%02d", i))
	}
	if !slices.Equal(have, want) {
		t.Errorf("rows are %v", have)
	}
}

// TestCatalogueIsDocumented compares the tables of docs/pickle.md with the rows.
func TestCatalogueIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/pickle.md")
	if err != nil {
		t.Fatal(err)
	}
	number := regexp.MustCompile(`\b(\d{3}|SP-COV-\d{3})\b`)
	for _, c := range catalogue {
		id, _, _ := strings.Cut(c.name, "_")
		_, line, found := strings.Cut(string(doc), "\n| "+id+" | ")
		line, _, _ = strings.Cut(line, "\n")
		if !found {
			t.Errorf("%s has no line", id)
		}
		for _, rule := range number.FindAllString(c.want, -1) {
			if !strings.Contains(line, rule+".md") {
				t.Errorf("%s: the line of %s does not name %s", c.name, id, rule)
			}
		}
	}
}
