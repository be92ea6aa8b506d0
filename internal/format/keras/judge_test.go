package keras

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

// judged lists what reading a configuration raises: rule and symbol.
func judged(t *testing.T, text string, repo ...string) string {
	t.Helper()
	res := Config.Read(formattest.Input("model_config", []byte(text), true, repo...))
	var out []string
	for _, f := range res.Findings {
		out = append(out, f.Rule[len("SP-KERAS-"):]+" "+f.Symbol)
	}
	return strings.Join(out, ", ")
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ module, class, registered, want string }{
		{"keras.layers", "Dense", "", ""},
		{"keras.src.models.functional", "Functional", "Functional", ""},
		{"tf_keras.src.engine.functional", "Functional", "Functional", ""},
		{"tensorflow.keras.layers", "Dense", "", ""},
		{"keras_nlp.src.models.x", "Backbone", "keras_nlp>Backbone", ""},
		{"", "Dense", "", ""},
		{"", "Custom>Adam", "", ""},
		{"", "Addons>AdamW", "", ""},
		{"", "Custom>Mine", "", "012 Custom>Mine"},
		{"", "Mine", "pack>Mine", "012 pack>Mine"},
		{"__main__", "Mine", "", "012 Mine"},
		{"keras.layers", "Mine", "", "004 keras.layers.Mine"},
		{"keras.utils", "get_file", "", "005 keras.utils.get_file"},
		{"keras.src.utils.file_utils", "extract_archive", "", "005 keras.src.utils.file_utils.extract_archive"},
		{"keras_evil", "Dense", "", "004 keras_evil.Dense"},
		{"kerasx.layers", "Dense", "", "004 kerasx.layers.Dense"},
		{"os", "system", "", "003 os.system"},
		{"builtins", "exec", "", "003 builtins.exec"},
		{"importlib", "import_module", "", "003 importlib.import_module"},
		{"local", "Net", "", "003 local.Net"},
		{"keras_hub.src.utils", "get_file", "", "004 keras_hub.src.utils.get_file"},
	} {
		t.Run(c.module+"."+c.class, func(t *testing.T) {
			text := fmt.Sprintf(`{"config": {}, "class_name": %q, "module": %q, "registered_name": %q}`, c.class, c.module, c.registered)
			if diff := cmp.Diff(c.want, judged(t, text, "local.py")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFunctions(t *testing.T) {
	for _, c := range []struct{ module, name, want string }{
		{"builtins", "relu", ""},
		{"builtins", "mean_squared_error", ""},
		{"keras.activations", "gelu", ""},
		{"keras.ops", "sum", ""},
		{"keras.src.losses.losses", "mean_squared_error", ""},
		{"builtins", "my_loss", "012 my_loss"},
		{"__main__", "my_loss", "012 my_loss"},
		{"builtins", "eval", "003 builtins.eval"},
		{"builtins", "open", "003 builtins.open"},
		{"os", "system", "003 os.system"},
		{"keras.ops", "map", "005 keras.ops.map"},
		{"keras.config", "set_floatx", "005 keras.config.set_floatx"},
		{"acme", "loss", "004 acme.loss"},
	} {
		text := fmt.Sprintf(`{"module": %q, "class_name": "function", "config": %q, "registered_name": "x"}`, c.module, c.name)
		if diff := cmp.Diff(c.want, judged(t, text)); diff != "" {
			t.Errorf("%s.%s: %s", c.module, c.name, diff)
		}
	}
}

// TestOrderOfKeys has the parts of a hostile layer in every order.
func TestOrderOfKeys(t *testing.T) {
	parts := []string{`"class_name": "StringLookup"`, `"config": {"vocabulary": "/etc/passwd", "name": "x"}`, `"module": "keras.layers"`}
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		text := "{" + parts[order[0]] + "," + parts[order[1]] + "," + parts[order[2]] + "}"
		if got := judged(t, text); got != "009 /etc/passwd" {
			t.Errorf("%v: %s", order, got)
		}
	}
}

// TestClaims has the weights of a model of TensorFlow.js.
func TestClaims(t *testing.T) {
	const text = `{"modelTopology": {}, "weightsManifest": [
		{"paths": ["a.bin"], "weights": [{"name": "k", "shape": [2, 3], "dtype": "float32"}, {"name": "b", "shape": [3], "dtype": "float32", "quantization": {"dtype": "uint8"}}]},
		{"paths": ["b1.bin", "b2.bin"], "weights": [{"name": "c", "shape": [], "dtype": "int32"}]},
		{"paths": ["words.bin"], "weights": [{"name": "w", "shape": [2], "dtype": "string"}]},
		{"paths": ["../out.bin"], "weights": [{"name": "x", "shape": [1], "dtype": "int32"}]}]}`
	res := TFJS.Read(formattest.Input("web/model.json", []byte(text), true))
	var got []string
	for _, c := range res.Claims {
		got = append(got, fmt.Sprintf("%s %d+%d", c.Path, c.Offset, c.Length))
	}
	want := []string{"web/a.bin 0+27", "web/b1.bin 0+-1", "web/b2.bin 0+-1", "web/words.bin 0+-1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(res.Findings) != 1 || res.Findings[0].Rule != ruleTraversal {
		t.Errorf("%+v", res.Findings)
	}
}

func TestMatchConfig(t *testing.T) {
	for _, c := range []struct {
		name, text string
		repo       []string
		want       format.Confidence
	}{
		{"model.json", `{"class_name": "Sequential", "config": {}}`, nil, format.Strong},
		{"config.json", `{"model_type": "bert"}`, nil, format.No},
		{"config.json", strings.Repeat(" ", 70000) + `{"class_name": "Sequential", "config": {}}`, nil, format.No},
		{"config.json", `{` + strings.Repeat(" ", 70000) + `"class_name": "Sequential", "config": {}}`, []string{"model.weights.h5"}, format.Strong},
		{"m.weights.json", `{"weight_map": {}}`, nil, format.Strong},
		{"tfjs.json", `{"modelTopology": {"class_name": 1, "config": 2}}`, nil, format.No},
		{"text", `class_name" "config"`, nil, format.No},
	} {
		if got := Config.Match(formattest.Input(c.name, []byte(c.text), len(c.text) < 60000, c.repo...)); got != c.want {
			t.Errorf("%s %.40s: %v", c.name, c.text, got)
		}
	}
}
