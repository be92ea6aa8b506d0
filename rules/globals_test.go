package rules

import (
	"strings"
	"testing"
)

// rows returns the lines behind the header as fields.
func rows(t *testing.T, table string) [][]string {
	t.Helper()
	var out [][]string
	for line := range strings.Lines(table) {
		out = append(out, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	if len(out) < 1000 {
		t.Fatalf("only %d rows", len(out))
	}
	return out[1:]
}

func TestListsAreSortedAndUnique(t *testing.T) {
	for name, table := range map[string]string{"safe_globals": SafeGlobals, "gadgets": Gadgets} {
		t.Run(name, func(t *testing.T) {
			all := rows(t, table)
			for i := 1; i < len(all); i++ {
				if compareNames(all[i-1][0], all[i-1][1], all[i][0], all[i][1]) >= 0 {
					t.Errorf("%q does not come after %q", all[i][:2], all[i-1][:2])
				}
			}
		})
	}
}

func TestEveryRowIsFound(t *testing.T) {
	for _, row := range rows(t, SafeGlobals) {
		g := LookupGlobal(row[0], row[1])
		if string(g.Tier) != row[2] || g.Condition != row[3] {
			t.Errorf("%s %s: got tier %q condition %q, want %q %q", row[0], row[1], g.Tier, g.Condition, row[2], row[3])
		}
		if g.Tier == 'C' && g.Condition == "" || g.Tier != 'C' && g.Condition != "" && g.Condition != "uncalled" {
			t.Errorf("%s %s: tier %q with condition %q", row[0], row[1], g.Tier, g.Condition)
		}
	}
	for _, row := range rows(t, Gadgets) {
		if g := LookupGlobal(row[0], row[1]); g.Effect != row[2] || g.Wildcard {
			t.Errorf("%s %s: got %+v, want effect %q", row[0], row[1], g, row[2])
		}
	}
}

// TestNoAllowedNameIsAGadget keeps the two lists apart: precedence would let the
// allowed one win.
func TestNoAllowedNameIsAGadget(t *testing.T) {
	for _, row := range rows(t, SafeGlobals) {
		if row[2] == "C" {
			continue // under a condition that keeps the gadget away: getattr, partial
		}
		if _, ok := Row(Gadgets, row[0], row[1]); ok {
			t.Errorf("%s %s: is allowed in tier %s and a gadget", row[0], row[1], row[2])
		}
	}
}

// dangerous are names that must never be allowed, most of them seen in attacks or
// on the allow lists of other scanners. What stands behind each runs code, loads
// more, opens something, or hands its arguments to what they bring along.
var dangerous = []string{
	"os system", "posix system", "nt system", "subprocess Popen", "subprocess run", "builtins eval", "builtins exec", "builtins compile", "builtins open",
	"builtins __import__", "builtins map", "builtins filter", "builtins sorted", "builtins min", "builtins max", "builtins iter", "builtins next",
	"builtins setattr", "builtins globals", "builtins print", "builtins input", "builtins super", "builtins property", "builtins memoryview",
	"__builtin__ eval", "__builtin__ apply", "__builtin__ file", "__builtin__ reduce", "__builtin__ execfile",
	"importlib import_module", "runpy run_path", "code interact", "pdb run", "timeit timeit", "cProfile run", "webbrowser open", "ctypes CDLL", "marshal loads",
	"types FunctionType", "types CodeType", "operator attrgetter", "operator methodcaller", "operator call", "operator itemgetter", "functools reduce", "functools cached_property",
	"itertools starmap", "itertools accumulate", "copyreg add_extension", "pickle loads", "pickle load", "_pickle loads", "dill loads", "cloudpickle loads", "joblib load", "shelve open",
	"socket create_connection", "urllib.request urlopen", "http.client HTTPConnection", "ftplib FTP", "smtplib SMTP", "shutil rmtree", "tempfile mktemp", "pathlib Path.write_text",
	"logging.config dictConfig", "logging FileHandler", "multiprocessing Process", "threading Thread", "asyncio run", "pty spawn", "signal signal", "gc get_objects", "sys modules", "sys exit",
	"numpy load", "numpy fromfile", "numpy memmap", "numpy save", "numpy savetxt", "numpy genfromtxt", "numpy fromfunction", "numpy frompyfunc", "numpy piecewise",
	"numpy apply_along_axis", "numpy apply_over_axes", "numpy.testing._private.utils runstring", "numpy.f2py.crackfortran getlincoef", "numpy.distutils exec_command", "numpy.lib.npyio load", "numpy DataSource",
	"pandas read_pickle", "pandas read_csv", "pandas eval", "pandas read_sql", "pandas.core.computation.eval eval", "pandas.io.pickle read_pickle", "pandas ExcelWriter", "pandas HDFStore",
	"scipy LowLevelCallable", "scipy.io loadmat",
	"sklearn.datasets fetch_openml", "sklearn.datasets load_files", "sklearn.utils.fixes parse_version", "sklearn.externals.joblib load",
	"torch load", "torch.jit load", "torch.hub load", "torch.serialization load", "torch.package PackageImporter", "torch.utils.cpp_extension load", "torch.utils.data DataLoader", "torch.utils.data DataPipe",
	"torch.utils.data.dataloader DataLoader", "torch.ops load_library", "torch.nn.functional triplet_margin_with_distance_loss", "torch.fx.graph_module _deserialize_graph_module", "torch.fx.graph_module reduce_graph_module",
	"torch.jit._script RecursiveScriptModule", "torch.storage _load_from_file", "torch.multiprocessing.reductions rebuild_storage_filename", "torch.distributed.rpc init_rpc", "torch.utils.bottleneck.__main__ run_cprofile",
	"torch._dynamo.guards GuardBuilder.get", "torch.utils._config_module ConfigModule.load_config", "torch.utils.collect_env run", "torch.nn.modules.lazy LazyModuleMixin",
	"transformers AutoModel.from_pretrained", "transformers pipeline", "transformers.dynamic_module_utils get_class_from_dynamic_module", "transformers.tools PythonInterpreterTool",
	"xgboost DMatrix", "lightgbm Dataset", "lightgbm.basic Dataset", "ultralytics YOLO", "models.yolo Model", "models.common Conv", "fsspec open", "yaml load", "yaml unsafe_load", "jinja2 Template",
	"omegaconf OmegaConf.load", "hydra.utils instantiate", "pytorch_lightning LightningModule.load_from_checkpoint", "tensorflow function", "keras.models load_model", "keras.layers Lambda",
	"gensim.utils unpickle", "gensim.utils SaveLoad.load", "gensim.utils smart_open", "pyarrow fs", "pyarrow.lib deserialize", "dask.base compute", "cloudpickle.cloudpickle _make_function", "pip main", "pydoc pipepager", "zoneinfo ZoneInfo.from_file",
	"random _os.system", "random SystemRandom", "uuid _popen", "uuid os.system", "collections abc", "re sys", "datetime sys", "pathlib os.system", "fractions sys", "builtins str.format", "builtins object.__getattribute__",
}

func TestDangerousNamesAreNotAllowed(t *testing.T) {
	for _, d := range dangerous {
		module, name, _ := strings.Cut(d, " ")
		if g := LookupGlobal(module, name); g.Tier != 0 {
			t.Errorf("%s.%s is allowed in tier %c", module, name, g.Tier)
		}
	}
}

// TestNamesUnderAStrictCondition: each of these runs text or calls what it is
// given, so that only the named look at the arguments lets it pass.
func TestNamesUnderAStrictCondition(t *testing.T) {
	for name, condition := range map[string]string{
		"builtins type": "type-of-constant", "numpy vectorize": "function-attributes", "statsmodels.base.data ModelData": "no-formula",
		"scipy.stats._continuous_distns norm_gen": "generated-code", "scipy.stats._distn_infrastructure rv_continuous": "generated-code",
		"scipy.stats._distn_infrastructure rv_continuous_frozen": "uncalled",
	} {
		module, last, _ := strings.Cut(name, " ")
		if g := LookupGlobal(module, last); g.Condition != condition {
			t.Errorf("%s stands under %q, not %q", name, g.Condition, condition)
		}
	}
}

// TestClassesOfLibrariesAreNotCalled samples what only "uncalled" keeps safe:
// each of these constructors reads a file, evaluates its argument, starts
// something, or calls what it is given.
func TestClassesOfLibrariesAreNotCalled(t *testing.T) {
	for _, d := range []string{
		"ultralytics.nn.tasks DetectionModel", "ultralytics.nn.tasks SegmentationModel", "xgboost.core Booster", "lightgbm.basic Booster", "accelerate.state PartialState",
		"torch.distributed.device_mesh DeviceMesh", "transformers.training_args TrainingArguments", "tokenizers BertWordPieceTokenizer", "torch.optim.lr_scheduler LambdaLR",
		"numpy transpose", "numpy sum", "numpy clip", "torch.nn.functional relu", "sklearn.metrics._classification accuracy_score", "pytorch_lightning.callbacks.model_checkpoint ModelCheckpoint",
		"sklearn.compose._column_transformer ColumnTransformer", "torch.nn.modules.container Sequential", "gensim.models.word2vec Word2Vec", "transformers BertModel", "accelerate.utils.deepspeed HfDeepSpeedConfig",
	} {
		module, name, _ := strings.Cut(d, " ")
		g := LookupGlobal(module, name)
		if g.Tier == 0 {
			continue // not listed is stricter
		}
		if g.Condition != "uncalled" {
			t.Errorf("%s.%s may be called while loading (tier %c, condition %q)", module, name, g.Tier, g.Condition)
		}
	}
}

func TestLookupGlobal(t *testing.T) {
	for _, c := range []struct {
		name, module, attr string
		want               Global
	}{
		{"unknown", "nowhere", "nothing", Global{}},
		{"empty", "", "", Global{}},
		{"before-first", "\x00", "", Global{}},
		{"behind-last", "\xff", "\xff", Global{}},
		{"wildcard", "os", "system_of_tomorrow", Global{Effect: "exec", Wildcard: true}},
		{"prefix-of-a-module", "o", "system", Global{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := LookupGlobal(c.module, c.attr); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
