package pickle

import (
	"strings"
	"testing"
)

// uses are single ideas: peers' bypasses, names that peers allow, conditions of
// tier C just met and just not met. "@od" is a class of tier A.
var uses = []struct{ name, code, want string }{
	{"peer-allows-dill-loads", "GLOBAL dill loads; @call; STOP", "001"},
	{"peer-allows-yolo", "GLOBAL ultralytics YOLO; @call; STOP", "001"},
	{"peer-allows-dmatrix", "GLOBAL xgboost DMatrix; @call; STOP", "014"},
	{"peer-allows-dataloader", "GLOBAL torch.utils.data DataLoader; @call; STOP", "001"},
	{"peer-allows-filter", "GLOBAL builtins filter; @call; STOP", "001"},
	{"peer-allows-type", "GLOBAL builtins type; @call; STOP", "001"},
	{"peer-allows-joblib-load", "GLOBAL joblib load; @call; STOP", "001"},
	{"peer-allows-torch-load", "GLOBAL torch load; @call; STOP", "001"},
	{"peer-allows-torch-jit-load", "GLOBAL torch.jit load; @call; STOP", "001"},
	{"peer-allows-tensorflow-function", "GLOBAL tensorflow function; @call; STOP", "002"},
	{"builtins-unlisted", "GLOBAL builtins unheard_of; STOP", "001"},
	{"dunder-of-an-allowed-module", "PROTO 4; SHORT_BINUNICODE collections; SHORT_BINUNICODE OrderedDict.__init__.__globals__; STACK_GLOBAL; STOP", "001"},
	{"module-through-an-allowed-module", "PROTO 4; SHORT_BINUNICODE logging; SHORT_BINUNICODE os; STACK_GLOBAL; STOP", "001"},
	{"submodule-by-dots", "PROTO 4; SHORT_BINUNICODE torch; SHORT_BINUNICODE hub.load; STACK_GLOBAL; @call; STOP", "001"},
	{"nested-class-unknown", "PROTO 4; SHORT_BINUNICODE collections; SHORT_BINUNICODE OrderedDict.Inner; STACK_GLOBAL; STOP", "002"},
	{"lazy-map-consumed", "PROTO 4; SHORT_BINUNICODE builtins; SHORT_BINUNICODE map; STACK_GLOBAL; @os; EMPTY_LIST; TUPLE2; NEWOBJ; STOP", "001"},
	{"main-name", "GLOBAL __main__ Net; STOP", "002"},
	{"main-training-arguments-elsewhere", "GLOBAL __main__ TrainingArguments; STOP", "002"},
	{"name-joined-at-run-time", "PROTO 4; SHORT_BINUNICODE builtins; SHORT_BINUNICODE str.join; STACK_GLOBAL; SHORT_BINUNICODE \"\"; SHORT_BINUNICODE o; SHORT_BINUNICODE s; TUPLE2; TUPLE2; REDUCE; SHORT_BINUNICODE system; STACK_GLOBAL; @call; STOP", "001 003"},
	{"stored-in-an-allowed-function", "GLOBAL numpy log1p; EMPTY_DICT; BINUNICODE x; BINUNICODE os; SETITEM; BUILD; STOP", "008"},
	{"slot-state-on-a-class", "@od; NONE; EMPTY_DICT; BINUNICODE update; NONE; SETITEM; TUPLE2; BUILD; STOP", "008"},
	{"items-of-an-import", "GLOBAL collections OrderedDict; BINUNICODE a; NONE; SETITEM; STOP", "008"},
	{"append-on-a-namespace", "GLOBAL types SimpleNamespace; EMPTY_TUPLE; NEWOBJ; NONE; APPEND; STOP", "007"},
	{"append-on-a-deque", "GLOBAL collections deque; EMPTY_TUPLE; REDUCE; NONE; APPEND; STOP", ""},
	{"state-set-twice", "GLOBAL collections OrderedDict; EMPTY_TUPLE; REDUCE; PUT 1; NONE; BUILD; POP; GET 1; EMPTY_DICT; BUILD; STOP", "007"},
	{"call-of-a-result", "GLOBAL collections OrderedDict; EMPTY_TUPLE; REDUCE; EMPTY_TUPLE; REDUCE; STOP", "007"},
	{"scanner-tamper", "GLOBAL picklescan.scanner scan; STOP", "001"},

	{"codec-latin1", "GLOBAL _codecs encode; BINUNICODE x; BINUNICODE latin1; TUPLE2; REDUCE; STOP", ""},
	{"codec-rot13", "GLOBAL _codecs encode; BINUNICODE x; BINUNICODE rot13; TUPLE2; REDUCE; STOP", "009"},
	{"codec-unknown-argument", "GLOBAL _codecs encode; BINUNICODE x; GLOBAL collections OrderedDict; EMPTY_TUPLE; REDUCE; TUPLE2; REDUCE; STOP", "009"},
	{"codec-good-then-bad", "GLOBAL _codecs encode; PUT 0; BINUNICODE x; BINUNICODE latin1; TUPLE2; REDUCE; POP; GET 0; BINUNICODE x; BINUNICODE zlib; TUPLE2; REDUCE; STOP", "009"},
	{"getattr-of-a-known-class", "GLOBAL builtins getattr; @od; BINUNICODE keys; TUPLE2; REDUCE; STOP", ""},
	{"getattr-then-call", "GLOBAL builtins getattr; @od; BINUNICODE keys; TUPLE2; REDUCE; EMPTY_TUPLE; REDUCE; STOP", "007"},
	{"getattr-of-an-unknown-class", "GLOBAL builtins getattr; GLOBAL acme C; BINUNICODE keys; TUPLE2; REDUCE; STOP", "002 009"},
	{"getattr-by-computed-name", "GLOBAL builtins getattr; @od; GLOBAL acme C; EMPTY_TUPLE; REDUCE; TUPLE2; REDUCE; STOP", "002 009"},
	{"partial-of-a-known-function", "GLOBAL functools partial; GLOBAL numpy log1p; TUPLE1; REDUCE; STOP", ""},
	{"partial-of-a-gadget", "GLOBAL functools partial; GLOBAL os system; TUPLE1; REDUCE; STOP", "001 009"},
	{"partial-with-another-function-in-its-state", "GLOBAL functools partial; GLOBAL numpy log1p; TUPLE1; REDUCE; MARK; GLOBAL os system; EMPTY_TUPLE; EMPTY_DICT; NONE; TUPLE; BUILD; STOP", "001 009"},
	{"partial-called", "GLOBAL functools partial; GLOBAL numpy log1p; TUPLE1; REDUCE; EMPTY_TUPLE; REDUCE; STOP", "007"},
	{"defaultdict-of-list", "GLOBAL collections defaultdict; GLOBAL builtins list; TUPLE1; REDUCE; STOP", ""},
	{"defaultdict-of-unknown", "GLOBAL collections defaultdict; GLOBAL acme f; TUPLE1; REDUCE; STOP", "002 009"},
	{"reconstructor-of-a-known-class", "GLOBAL copy_reg _reconstructor; MARK; @od; GLOBAL __builtin__ object; NONE; TUPLE; REDUCE; STOP", ""},
	{"reconstructor-of-an-unknown-class", "GLOBAL copy_reg _reconstructor; MARK; GLOBAL acme C; GLOBAL __builtin__ object; NONE; TUPLE; REDUCE; STOP", "002 009"},
	{"numpy-array", "GLOBAL numpy.core.multiarray _reconstruct; GLOBAL numpy ndarray; BININT1 0; TUPLE1; BINUNICODE b; TUPLE3; REDUCE; STOP", ""},
	{"numpy-array-of-another-class", "GLOBAL numpy.core.multiarray _reconstruct; @od; BININT1 0; TUPLE1; BINUNICODE b; TUPLE3; REDUCE; STOP", "009"},
	{"numpy-array-arguments-hidden", "GLOBAL numpy.core.multiarray _reconstruct; @od; EMPTY_TUPLE; REDUCE; REDUCE; STOP", "005 009"},
	{"tensor-of-a-known-type", "GLOBAL torch._tensor _rebuild_from_type_v2; MARK; GLOBAL torch._utils _rebuild_tensor_v2; GLOBAL torch.nn.parameter Parameter; EMPTY_TUPLE; NONE; TUPLE; REDUCE; STOP", ""},
	{"tensor-by-a-gadget", "GLOBAL torch._tensor _rebuild_from_type_v2; MARK; GLOBAL os system; GLOBAL torch.nn.parameter Parameter; EMPTY_TUPLE; NONE; TUPLE; REDUCE; STOP", "001 009"},
	{"companion-file-missing", "GLOBAL joblib.numpy_pickle NDArrayWrapper; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BINUNICODE filename; BINUNICODE ../x.npy; SETITEM; BUILD; STOP", "009"},
	{"companion-file-beside", "GLOBAL joblib.numpy_pickle NDArrayWrapper; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BINUNICODE filename; BINUNICODE x.npy; SETITEM; BUILD; STOP", ""},
	{"function-transformer", "GLOBAL sklearn.preprocessing._function_transformer FunctionTransformer; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BINUNICODE func; GLOBAL numpy log1p; SETITEM; BUILD; STOP", ""},
	{"function-transformer-of-unknown", "GLOBAL sklearn.preprocessing._function_transformer FunctionTransformer; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BINUNICODE func; GLOBAL acme f; SETITEM; BUILD; STOP", "002 009"},
	{"bytes-that-load", "GLOBAL torch.storage _load_from_bytes; SHORT_BINBYTES \"\\x80\\x02N.\"; TUPLE1; REDUCE; STOP", "child()"},
	{"bytes-that-load-computed", "GLOBAL torch.storage _load_from_bytes; @od; EMPTY_TUPLE; REDUCE; TUPLE1; REDUCE; STOP", "009"},
	{"bytes-spelled-as-text", "GLOBAL torch.storage _load_from_bytes; GLOBAL _codecs encode; BINUNICODE \"\\u0080\\x02cos\\nsystem\\n.\"; BINUNICODE latin1; TUPLE2; REDUCE; TUPLE1; REDUCE; STOP", "child(001)"},
	{"bytes-with-a-zip", "SHORT_BINBYTES \"PK\\x03\\x04............\"; STOP", "child(no pickle)"},
	{"bytes-with-a-pickle", "SHORT_BINBYTES \"\\x80\\x04\\x8c\\x02os\\x8c\\x06system\\x93.\"; STOP", "child(001)"},
	{"bytes-with-half-a-magic", "SHORT_BINBYTES \"\\x80\\x04]\\x00.............\"; STOP", ""},
}

func TestUses(t *testing.T) {
	for _, c := range uses {
		t.Run(c.name, func(t *testing.T) {
			code := strings.ReplaceAll(c.code, "@od", "GLOBAL collections OrderedDict")
			if !strings.HasPrefix(code, "PROTO") {
				code = "PROTO 3; " + code // some writer that uses GLOBAL
			}
			code = strings.ReplaceAll(strings.ReplaceAll(code, "copy_reg", "copyreg"), "__builtin__", "builtins")
			if got := verdict(t, "model.pkl", assemble(t, code), "model.pkl", "x.npy"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestRepositoryModules(t *testing.T) {
	for _, c := range []struct {
		name, code string
		repo       []string
		want       string
	}{
		{"unlisted-and-shipped", "GLOBAL modeling_x Net; STOP", []string{"code/modeling_x.py"}, "004"},
		{"unlisted-not-shipped", "GLOBAL modeling_x Net; STOP", []string{"modeling_y.py"}, "002"},
		{"known-and-shadowed", "GLOBAL collections OrderedDict; STOP", []string{"collections.py"}, "004"},
		{"known-package-shadowed", "GLOBAL sklearn.svm._classes SVC; STOP", []string{"sklearn/__init__.py"}, "004"},
		{"known-and-a-namesake-deep-inside", "GLOBAL torch FloatStorage; STOP", []string{"examples/torch.py"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := verdict(t, "model.pkl", assemble(t, "PROTO 3; "+c.code), c.repo...); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestTrainingArguments(t *testing.T) {
	code := assemble(t, "PROTO 2; GLOBAL __main__ TrainingArguments; EMPTY_TUPLE; NEWOBJ; STOP")
	for path, want := range map[string]string{"run/training_args.bin": "", "run/model.bin": "002"} {
		if got := verdict(t, path, code); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}
