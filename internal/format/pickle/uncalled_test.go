package pickle

import (
	"strings"
	"testing"
)

// TestUncalled keeps constructors and functions of known libraries out of reach
// of the file: held or made empty they are what libraries write, called they
// are how an allow list is turned around.
func TestUncalled(t *testing.T) {
	const yolo = "PROTO 3; GLOBAL ultralytics.nn.tasks DetectionModel; "
	for _, c := range []struct{ name, code, want string }{
		{"class-made-empty", yolo + "EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BUILD; STOP", ""},
		{"class-called-with-configuration", yolo + "EMPTY_DICT; BINUNICODE activation; BINUNICODE \"1\"; SETITEM; TUPLE1; REDUCE; STOP", "009"},
		{"class-called-with-nothing", yolo + "EMPTY_TUPLE; REDUCE; STOP", "009"},
		{"class-called-after-many-new", yolo + "PUT 0; EMPTY_TUPLE; NEWOBJ; POP; GET 0; EMPTY_TUPLE; NEWOBJ; POP; GET 0; NONE; TUPLE1; REDUCE; STOP", "009"},
		{"class-by-obj", "PROTO 3; MARK; GLOBAL ultralytics.nn.tasks DetectionModel; NONE; OBJ; STOP", "009"},
		{"class-through-newobj-of-copyreg", "PROTO 3; GLOBAL copyreg __newobj__; GLOBAL ultralytics.nn.tasks DetectionModel; TUPLE1; REDUCE; STOP", ""},
		{"class-as-the-base-of-reconstructor", "PROTO 3; GLOBAL copyreg _reconstructor; MARK; GLOBAL ultralytics.nn.tasks DetectionModel; GLOBAL ultralytics.nn.tasks DetectionModel; EMPTY_DICT; TUPLE; REDUCE; STOP", "009"},
		{"class-through-rebuild-from-type", "PROTO 3; GLOBAL torch._tensor _rebuild_from_type_v2; MARK; GLOBAL ultralytics.nn.tasks DetectionModel; GLOBAL torch.nn.parameter Parameter; EMPTY_DICT; TUPLE1; NONE; TUPLE; REDUCE; STOP", "009"},
		{"class-through-numpy-random", "PROTO 3; GLOBAL numpy.random._pickle __generator_ctor; EMPTY_DICT; GLOBAL ultralytics.nn.tasks DetectionModel; TUPLE2; REDUCE; STOP", "009"},
		{"class-in-a-partial", "PROTO 3; GLOBAL functools partial; GLOBAL ultralytics.nn.tasks DetectionModel; TUPLE1; REDUCE; STOP", "009"},
		{"layer-in-a-partial", "PROTO 3; GLOBAL functools partial; GLOBAL torch.nn.modules.normalization LayerNorm; TUPLE1; REDUCE; STOP", ""},
		{"function-held", "PROTO 3; GLOBAL numpy transpose; STOP", ""},
		{"function-that-calls-a-method-of-its-argument", "PROTO 3; GLOBAL numpy transpose; GLOBAL types SimpleNamespace; EMPTY_TUPLE; NEWOBJ; NONE; TUPLE2; REDUCE; STOP", "007 009"},
		{"generator-of-numpy", "PROTO 3; GLOBAL numpy.random._pickle __generator_ctor; BINUNICODE PCG64; GLOBAL numpy.random._pickle __bit_generator_ctor; TUPLE2; REDUCE; STOP", ""},
		{"bound-constructor", "PROTO 3; GLOBAL builtins getattr; GLOBAL zoneinfo ZoneInfo; BINUNICODE _unpickle; TUPLE2; REDUCE; BINUNICODE UTC; BININT1 1; TUPLE2; REDUCE; STOP", ""},
		{"bound-constructor-twice", "PROTO 3; GLOBAL builtins getattr; GLOBAL zoneinfo ZoneInfo; BINUNICODE _unpickle; TUPLE2; REDUCE; BINUNICODE UTC; BININT1 1; TUPLE2; REDUCE; POP; " +
			"GLOBAL builtins getattr; GLOBAL zoneinfo ZoneInfo; BINUNICODE _unpickle; TUPLE2; REDUCE; BINUNICODE UTC; BININT1 1; TUPLE2; REDUCE; STOP", ""},
		{"bound-method-called", "PROTO 3; GLOBAL builtins getattr; GLOBAL zoneinfo ZoneInfo; BINUNICODE from_file; TUPLE2; REDUCE; NONE; TUPLE1; REDUCE; STOP", "007 009"},
		{"bound-method-called-beside-a-constructor", "PROTO 3; GLOBAL builtins getattr; GLOBAL zoneinfo ZoneInfo; BINUNICODE _unpickle; TUPLE2; REDUCE; BINUNICODE UTC; BININT1 1; TUPLE2; REDUCE; POP; " +
			"GLOBAL builtins getattr; GLOBAL zoneinfo ZoneInfo; BINUNICODE from_file; TUPLE2; REDUCE; NONE; TUPLE1; REDUCE; STOP", "007 009"},
		{"old-torch-class-with-source", "PROTO 2; MARK; BINUNICODE module; GLOBAL torch.nn.modules.linear Linear; BINUNICODE linear.py; BINUNICODE \"class Linear\"; TUPLE; BINPERSID; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BUILD; STOP", ""},
		{"old-torch-class-unknown", "PROTO 2; MARK; BINUNICODE module; GLOBAL acme Net; BINUNICODE net.py; BINUNICODE \"class Net\"; TUPLE; BINPERSID; EMPTY_TUPLE; NEWOBJ; STOP", "002"},
		{"old-torch-gadget", "PROTO 2; MARK; BINUNICODE module; GLOBAL os system; BINUNICODE net.py; BINUNICODE x; TUPLE; BINPERSID; BINUNICODE echo; TUPLE1; REDUCE; STOP", "001"},
		{"zip-read-as-a-pickle", "PERSID \"K\\x03\\x04\\u00ff\"; @os; @call; STOP", "no pickle"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if strings.HasPrefix(c.code, "PERSID") {
				if got := verdict(t, "model.dat", []byte("PK\x03\x04\x80\xff\ncos\nsystem\n(S'echo'\ntR."), "model.dat"); got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
				return
			}
			if got := verdict(t, "model.pkl", assemble(t, c.code), "model.pkl"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
