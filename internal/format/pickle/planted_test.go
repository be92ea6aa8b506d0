package pickle

import (
	"strconv"
	"strings"
	"testing"
)

// planted are streams that name nothing but what is on the list, and mean harm all
// the same: an object is given a function where code will call it as a method, a
// class or text that is run is hidden behind something harmless, memory is asked
// for. Each has the nearest look-alike that must stay silent.
var planted = []row{
	{name: "class_behind_an_identity_function", code: "PROTO 3; GLOBAL torch.jit._pickle restore_type_tag; GLOBAL torch.nn.modules.linear Linear; BINUNICODE t; TUPLE2; REDUCE; EMPTY_DICT; BINUNICODE forward; GLOBAL torch.nn.functional relu; SETITEM; BUILD; STOP", want: "008",
		benign: "PROTO 3; GLOBAL torch.jit._pickle restore_type_tag; EMPTY_LIST; BINUNICODE t; TUPLE2; REDUCE; STOP"},
	{name: "class_behind_a_scalar_of_numpy", code: "PROTO 3; GLOBAL numpy.core.multiarray scalar; GLOBAL numpy dtype; BINUNICODE O8; NEWFALSE; NEWTRUE; TUPLE3; REDUCE; GLOBAL torch.nn.modules.linear Linear; TUPLE2; REDUCE; EMPTY_DICT; BINUNICODE forward; NONE; SETITEM; BUILD; STOP", want: "008",
		benign: "PROTO 3; GLOBAL numpy.core.multiarray scalar; GLOBAL numpy dtype; BINUNICODE f8; NEWFALSE; NEWTRUE; TUPLE3; REDUCE; SHORT_BINBYTES 12345678; TUPLE2; REDUCE; STOP"},
	{name: "keys_that_dict_calls", code: "PROTO 3; GLOBAL builtins dict; @od; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BINUNICODE keys; GLOBAL xgboost.core Booster; SETITEM; BUILD; TUPLE1; REDUCE; STOP", want: "007",
		benign: "PROTO 3; GLOBAL builtins dict; EMPTY_LIST; TUPLE1; REDUCE; STOP"},
	{name: "keys_that_a_library_calls", code: "PROTO 3; GLOBAL torch._utils _rebuild_parameter; GLOBAL torch.nn.modules.linear Linear; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BINUNICODE detach; GLOBAL xgboost.core Booster; SETITEM; BUILD; NEWFALSE; NONE; TUPLE3; REDUCE; STOP", want: "007",
		benign: "PROTO 3; GLOBAL torch._utils _rebuild_parameter; " + denseTensor + "; NEWFALSE; @od; EMPTY_TUPLE; REDUCE; TUPLE3; REDUCE; STOP"},
	{name: "list_of_an_object_of_a_library", code: "PROTO 3; GLOBAL builtins list; GLOBAL gensim.corpora.dictionary Dictionary; EMPTY_TUPLE; NEWOBJ; TUPLE1; REDUCE; STOP", want: "007",
		benign: "PROTO 3; GLOBAL builtins list; GLOBAL builtins range; BININT1 3; TUPLE1; REDUCE; TUPLE1; REDUCE; STOP"},
	{name: "arguments_that_only_python_spreads", code: "PROTO 3; @od; @od; EMPTY_TUPLE; NEWOBJ; NEWOBJ; STOP", want: "005",
		benign: "PROTO 3; @od; EMPTY_TUPLE; NEWOBJ; STOP"},
	{name: "state_whose_items_python_calls", code: "PROTO 3; @od; EMPTY_TUPLE; NEWOBJ; @od; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BINUNICODE items; GLOBAL xgboost.core Booster; SETITEM; BUILD; BUILD; STOP", want: "005",
		benign: "PROTO 3; @od; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BINUNICODE items; GLOBAL xgboost.core Booster; SETITEM; BUILD; STOP"},
	{name: "item_that_is_an_attribute", code: "PROTO 3; GLOBAL scipy.optimize._optimize OptimizeResult; EMPTY_TUPLE; NEWOBJ; BINUNICODE __setstate__; GLOBAL xgboost.core Booster; SETITEM; BINUNICODE x; BUILD; STOP", want: "007",
		benign: "PROTO 3; GLOBAL scipy.optimize._optimize OptimizeResult; EMPTY_TUPLE; NEWOBJ; BINUNICODE x; BININT1 1; SETITEM; STOP"},
	{name: "append_that_a_submodule_answers", code: "PROTO 3; GLOBAL torch.nn.modules.linear Linear; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BINUNICODE _modules; EMPTY_DICT; BINUNICODE append; GLOBAL xgboost.core Booster; SETITEM; SETITEM; BUILD; BINUNICODE x; APPEND; STOP", want: "007",
		benign: "PROTO 3; GLOBAL collections deque; EMPTY_TUPLE; REDUCE; BINUNICODE x; APPEND; STOP"},
	{name: "attribute_named_by_a_str_of_numpy", code: "PROTO 3; GLOBAL torch.nn.modules.linear Linear; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; GLOBAL numpy str_; BINUNICODE __setstate__; TUPLE1; REDUCE; GLOBAL xgboost.core Booster; SETITEM; BUILD; STOP", want: "007",
		benign: "PROTO 3; EMPTY_DICT; GLOBAL numpy str_; BINUNICODE __setstate__; TUPLE1; REDUCE; GLOBAL xgboost.core Booster; SETITEM; STOP"},
	{name: "special_attribute", code: "PROTO 3; @od; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BINUNICODE __array__; GLOBAL xgboost.core Booster; SETITEM; BUILD; STOP", want: "007",
		benign: "PROTO 3; @od; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BINUNICODE __doc__; BINUNICODE text; SETITEM; BUILD; STOP"},
	{name: "attributes_by_the_constructor", code: "PROTO 3; GLOBAL types SimpleNamespace; EMPTY_DICT; BINUNICODE extend; GLOBAL xgboost.core Booster; SETITEM; TUPLE1; REDUCE; STOP", want: "009",
		benign: "PROTO 3; GLOBAL types SimpleNamespace; EMPTY_TUPLE; REDUCE; EMPTY_DICT; BINUNICODE extend; BININT1 1; SETITEM; BUILD; STOP"},
	{name: "factory_that_acts", code: "PROTO 3; GLOBAL collections defaultdict; GLOBAL accelerate.state PartialState; TUPLE1; REDUCE; STOP", want: "009",
		benign: "PROTO 3; GLOBAL collections defaultdict; GLOBAL builtins float; TUPLE1; REDUCE; STOP"},

	{name: "dtype_that_hides_objects", code: dtypeState("O8", "NONE", "NONE", "NONE", -1, 0), want: "017", benign: dtypeState("O8", "NONE", "NONE", "NONE", -1, 63)},
	{name: "dtype_that_hides_objects_in_a_field", code: dtypeState("V8", "NONE", "BINUNICODE a; TUPLE1", "EMPTY_DICT; BINUNICODE a; "+objects+"; BININT1 0; TUPLE2; SETITEM", 8, 16), want: "017",
		benign: dtypeState("V8", "NONE", "BINUNICODE a; TUPLE1", "EMPTY_DICT; BINUNICODE a; "+objects+"; BININT1 0; TUPLE2; SETITEM", 8, 27)},
	{name: "dtype_that_hides_objects_in_a_subarray", code: dtypeState("V8", objects+"; BININT1 1; TUPLE1; TUPLE2", "NONE", "NONE", 8, 0), want: "017",
		benign: dtypeState("V8", objects+"; BININT1 1; TUPLE1; TUPLE2", "NONE", "NONE", 8, 63)},
	{name: "dtype_with_a_field_outside", code: dtypeState("V8", "NONE", "BINUNICODE a; TUPLE1", "EMPTY_DICT; BINUNICODE a; "+floats+"; BININT2 1000; TUPLE2; SETITEM", 8, 16), want: "017",
		benign: dtypeState("V20", "NONE", "BINUNICODE a; TUPLE1", "EMPTY_DICT; BINUNICODE a; "+floats+"; BININT1 12; TUPLE2; SETITEM", 20, 16)},
	{name: "dtype_whose_fields_come_later", code: strings.TrimSuffix(dtypeState("V8", "NONE", "EMPTY_TUPLE", "EMPTY_DICT; BINPUT 1; BINUNICODE a; "+floats+"; BININT1 0; TUPLE2; SETITEM", 8, 16), "STOP") + "POP; BINGET 1; BINUNICODE a; " + objects + "; BININT1 0; TUPLE2; SETITEM; STOP", want: "017",
		benign: dtypeState("V8", "NONE", "BINUNICODE a; TUPLE1", "EMPTY_DICT; BINPUT 1; BINUNICODE a; "+floats+"; BININT1 0; TUPLE2; SETITEM", 8, 16)},
	{name: "dtype_without_flags", code: "PROTO 3; " + objects + "; MARK; BININT1 3; BINUNICODE |; NONE; NONE; NONE; BININT -1; BININT -1; TUPLE; BUILD; STOP", want: "017",
		benign: "PROTO 3; " + floats + "; MARK; BININT1 3; BINUNICODE <; NONE; NONE; NONE; BININT -1; BININT -1; TUPLE; BUILD; STOP"},

	{name: "dtype_by_another_way", code: strings.Replace(dtypeState("O8", "NONE", "NONE", "NONE", -1, 0), "GLOBAL numpy dtype; BINUNICODE O8; NEWFALSE; NEWTRUE; TUPLE3; REDUCE", "GLOBAL copyreg __newobj__; GLOBAL numpy dtype; BINUNICODE O8; TUPLE2; REDUCE", 1), want: "017",
		benign: strings.Replace(dtypeState("O8", "NONE", "NONE", "NONE", -1, 63), "REDUCE", "NEWOBJ", 1)},
	{name: "array_over_bytes", code: "PROTO 3; GLOBAL numpy ndarray; BININT1 1; TUPLE1; BINUNICODE O; SHORT_BINBYTES 12345678; TUPLE3; REDUCE; STOP", want: "009",
		benign: "PROTO 3; GLOBAL numpy.core.numeric _frombuffer; SHORT_BINBYTES 12345678; " + floats + "; BININT1 1; TUPLE1; TUPLE3; REDUCE; STOP"},
	{name: "instance_of_an_array_over_bytes", code: "PROTO 3; GLOBAL numpy ndarray; BININT1 1; TUPLE1; BINUNICODE O; SHORT_BINBYTES 12345678; TUPLE3; NEWOBJ; STOP", want: "009",
		benign: "PROTO 3; GLOBAL numpy ndarray; STOP"},
	{name: "table_of_a_class", code: "PROTO 3; GLOBAL builtins getattr; GLOBAL transformers.training_args TrainingArguments; BINUNICODE _VALID_DICT_FIELDS; TUPLE2; REDUCE; BINUNICODE x; NONE; SETITEM; STOP", want: "007",
		benign: "PROTO 3; GLOBAL builtins getattr; GLOBAL transformers.training_args TrainingArguments; BINUNICODE _VALID_DICT_FIELDS; TUPLE2; REDUCE; STOP"},
	{name: "class_behind_loaded_bytes", code: "PROTO 3; GLOBAL torch.storage _load_from_bytes; SHORT_BINBYTES @raw(PROTO 2 , GLOBAL torch.nn.modules.linear Linear , STOP); TUPLE1; REDUCE; EMPTY_DICT; BUILD; STOP", want: "007 child()",
		benign: "PROTO 3; SHORT_BINBYTES @raw(BININT1 1 , STOP); STOP"},
	{name: "bytes_of_a_number", code: "PROTO 3; GLOBAL builtins bytes; LONG 17592186044416; TUPLE1; REDUCE; STOP", want: "014", benign: "PROTO 3; GLOBAL builtins bytes; BININT2 4096; TUPLE1; REDUCE; STOP"},
	{name: "bytes_of_a_number_the_second_time", code: "PROTO 3; GLOBAL builtins bytearray; BININT1 4; TUPLE1; REDUCE; POP; GLOBAL builtins bytearray; BININT 2147483647; TUPLE1; REDUCE; STOP", want: "014", benign: "PROTO 3; GLOBAL builtins bytearray; BININT1 4; TUPLE1; REDUCE; POP; GLOBAL builtins bytearray; SHORT_BINBYTES ab; TUPLE1; REDUCE; STOP"},
	{name: "list_of_a_range", code: "PROTO 3; GLOBAL builtins list; GLOBAL builtins range; LONG 17592186044416; TUPLE1; REDUCE; TUPLE1; REDUCE; STOP", want: "014", benign: "PROTO 3; GLOBAL builtins range; LONG 17592186044416; TUPLE1; REDUCE; STOP"},
	{name: "array_of_a_shape", code: "PROTO 3; GLOBAL numpy.core.multiarray _reconstruct; GLOBAL numpy ndarray; LONG 17592186044416; TUPLE1; SHORT_BINBYTES b; TUPLE3; REDUCE; STOP", want: "014", benign: "PROTO 3; GLOBAL numpy.core.multiarray _reconstruct; GLOBAL numpy ndarray; BININT1 0; TUPLE1; SHORT_BINBYTES b; TUPLE3; REDUCE; STOP"},
	{name: "storage_of_a_number", code: "PROTO 3; GLOBAL torch FloatStorage; LONG 17592186044416; TUPLE1; REDUCE; STOP", want: "009 014", benign: "PROTO 3; GLOBAL torch FloatStorage; STOP"},
	{name: "number_of_many_digits", code: "PROTO 3; GLOBAL fractions Fraction; BINUNICODE 1e99999999999; TUPLE1; REDUCE; STOP", want: "014", benign: "PROTO 3; GLOBAL fractions Fraction; BINUNICODE 1e-12; TUPLE1; REDUCE; STOP"},
	{name: "text_of_nested_lists", code: "PROTO 3; GLOBAL builtins str; EMPTY_LIST; BINPUT 1; BINGET 1; APPEND; TUPLE1; REDUCE; STOP", want: "014", benign: "PROTO 3; GLOBAL builtins str; BINUNICODE abc; TUPLE1; REDUCE; STOP"},

	{name: "distribution_with_other_code", code: distribution(`"\ndef _parse_args(self,  loc=0, scale=1):\n    return (), loc, scale\n\nimport os\n"`), want: "001", benign: distribution(normal)},
	{name: "distribution_with_code_at_the_end", code: distribution(strings.TrimSuffix(normal, `"`) + `exit()\n"`), want: "001", benign: distribution(shaped)},
	{name: "distribution_with_a_pair_as_state", code: "PROTO 3; GLOBAL scipy.stats._continuous_distns norm_gen; EMPTY_TUPLE; NEWOBJ; BINUNICODE _parse_arg_template; BINUNICODE exit(); TUPLE2; BINUNICODE a; BINUNICODE b; TUPLE2; TUPLE2; BUILD; STOP", want: "001",
		benign: "PROTO 3; GLOBAL scipy.stats._continuous_distns norm_gen; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; NONE; TUPLE2; BUILD; STOP"},
	{name: "distribution_by_a_reconstructor", code: "PROTO 1; GLOBAL copy_reg _reconstructor; MARK; GLOBAL scipy.stats._continuous_distns norm_gen; GLOBAL __builtin__ object; NONE; TUPLE; REDUCE; EMPTY_DICT; BINUNICODE _parse_arg_template; BINUNICODE exit(); SETITEM; BUILD; STOP", want: "001",
		benign: "PROTO 1; GLOBAL copy_reg _reconstructor; MARK; GLOBAL scipy.stats._continuous_distns norm_gen; GLOBAL __builtin__ object; NONE; TUPLE; REDUCE; EMPTY_DICT; BINUNICODE name; BINUNICODE exit(); SETITEM; BUILD; STOP"},
	{name: "formula_of_statsmodels", code: "PROTO 3; GLOBAL statsmodels.base.data PandasData; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BINUNICODE restore_model_spec; NEWTRUE; SETITEM; BUILD; STOP", want: "001",
		benign: "PROTO 3; GLOBAL statsmodels.base.data PandasData; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BINUNICODE formula; NONE; SETITEM; BUILD; STOP"},
	{name: "class_made_by_type", code: "PROTO 3; GLOBAL builtins type; BINUNICODE X; EMPTY_TUPLE; EMPTY_DICT; TUPLE3; REDUCE; STOP", want: "001", benign: "PROTO 3; GLOBAL builtins type; NONE; TUPLE1; REDUCE; STOP"},
	{name: "type_of_code_by_its_name", code: "PROTO 3; GLOBAL dill._dill _load_type; BINUNICODE CodeType; TUPLE1; REDUCE; BININT1 1; TUPLE1; REDUCE; STOP", want: "010", benign: "PROTO 3; GLOBAL dill._dill _load_type; BINUNICODE SimpleNamespace; TUPLE1; REDUCE; EMPTY_TUPLE; NEWOBJ; STOP"},
	{name: "type_that_dill_made_earlier", code: "PROTO 3; GLOBAL dill._dill _load_type; BINUNICODE Mine; TUPLE1; REDUCE; STOP", want: "009", benign: "PROTO 3; GLOBAL dill._dill _load_type; BINUNICODE dict; TUPLE1; REDUCE; STOP"},
}

const (
	objects = "GLOBAL numpy dtype; BINUNICODE O8; NEWFALSE; NEWTRUE; TUPLE3; REDUCE"
	floats  = "GLOBAL numpy dtype; BINUNICODE f8; NEWFALSE; NEWTRUE; TUPLE3; REDUCE"
	normal  = `"\ndef _parse_args(self,  loc=0, scale=1):\n    return (), loc, scale\n\ndef _parse_args_rvs(self,  loc=0, scale=1, size=None):\n    return self._argcheck_rvs( loc, scale, size=size)\n\ndef _parse_args_stats(self,  loc=0, scale=1, moments='mv'):\n    return (), loc, scale, moments\n"`
)

// shaped is the same for a distribution with two shape parameters.
var shaped = strings.NewReplacer("self,  loc", "self, a, b,  loc", "(), loc", "(a, b, ), loc", "_rvs( loc", "_rvs(a, b,  loc").Replace(normal)

// dtypeState is a stream with a dtype and its state.
func dtypeState(kind, subarray, names, fields string, size, flags int) string {
	return "PROTO 3; GLOBAL numpy dtype; BINUNICODE " + kind + "; NEWFALSE; NEWTRUE; TUPLE3; REDUCE; MARK; BININT1 3; BINUNICODE |; " + subarray + "; " + names + "; " + fields +
		"; BININT " + strconv.Itoa(size) + "; BININT1 1; BININT1 " + strconv.Itoa(flags) + "; TUPLE; BUILD; STOP"
}

func distribution(text string) string {
	return "PROTO 3; GLOBAL scipy.stats._continuous_distns norm_gen; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BINUNICODE _parse_arg_template; BINUNICODE " + text + "; SETITEM; BUILD; STOP"
}

func TestPlanted(t *testing.T) {
	for _, c := range planted {
		t.Run(c.name, func(t *testing.T) {
			if got := verdict(t, "model.pkl", stream(t, c.code)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
		t.Run(c.name+"_look_alike", func(t *testing.T) {
			if got := verdict(t, "model.pkl", stream(t, c.benign)); got != "" {
				t.Errorf("got %q, want silence", got)
			}
		})
	}
}
