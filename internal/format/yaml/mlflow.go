package yaml

import (
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/sallyport/sallyport/internal/format"
)

// mlflow judges an MLmodel file (https://mlflow.org/docs/latest/ml/model/): which
// loader it names, which folder it puts on the import path, where its parts lie.
type mlflow struct {
	folder string // of the model in the artifact
	code   []string
	at     *yaml.Node
}

func newMLflow(in *format.Input) *mlflow {
	if !strings.EqualFold(in.Name, "MLmodel") { // file systems exist that do not tell them apart
		return nil
	}
	return &mlflow{folder: path.Dir(in.Path)}
}

// loaders are the modules by which MLflow itself loads a flavor; they import the
// library of the flavor and read the files beside the MLmodel.
var loaders = []string{"mlflow.sklearn", "mlflow.pytorch", "mlflow.tensorflow", "mlflow.keras", "mlflow.xgboost", "mlflow.lightgbm",
	"mlflow.catboost", "mlflow.onnx", "mlflow.spark", "mlflow.statsmodels", "mlflow.spacy", "mlflow.h2o", "mlflow.prophet", "mlflow.pmdarima",
	"mlflow.transformers", "mlflow.sentence_transformers", "mlflow.langchain", "mlflow.llama_index", "mlflow.openai", "mlflow.dspy",
	"mlflow.pyfunc.model", "mlflow.pyfunc.loaders.code_model", "mlflow.pyfunc.loaders.chat_model", "mlflow.pyfunc.loaders.responses_agent",
	"mlflow.paddle", "mlflow.shap", "mlflow.johnsnowlabs", "mlflow.diviner", "mlflow.promptflow", "mlflow.gluon", "mlflow.fastai", "mlflow.mleap"}

// parts are the keys whose values MLflow joins with the folder of the model and
// opens.
var parts = []string{"data", "code", "path", "model_data", "model_path", "pickled_model", "model_file", "python_model", "model_binary",
	"model_code_path", "keras_model", "saved_model_dir", "xgb_model", "lgb_model", "catboost_model", "onnx_file", "pickle_module_info",
	"model_config", "requirements_file", "extra_files", "signature_file", "conda", "virtualenv", "uri", "tokenizer_path", "pipeline_path"}

func (m *mlflow) value(s *settings, n *yaml.Node, keys []string) {
	if m == nil {
		return
	}
	last := keys[len(keys)-1]
	if last == "loader_module" || last == "keras_module" && !slices.Contains(modules, n.Value) {
		m.loader(s, n)
		return
	}
	if keys[0] != "flavors" || !slices.Contains(parts, last) {
		return
	}
	if leaves(n.Value) {
		s.raise(n, "SP-MLFLOW-002", n.Value, "The value of "+quote(strings.Join(keys, "."))+" is "+quote(n.Value)+": MLflow would open something outside of the model's folder.")
		return
	}
	switch last {
	case "code":
		m.code, m.at = append(m.code, n.Value), n
	case "model_code_path":
		s.raise(n, "SP-MLFLOW-004", n.Value, "Loading this model runs the script "+quote(n.Value)+".")
	}
}

// loader judges the module whose _load_pyfunc MLflow calls.
func (m *mlflow) loader(s *settings, n *yaml.Node) {
	if slices.Contains(loaders, n.Value) {
		return
	}
	where := ""
	if file, ok := s.in.Repo.Module(n.Value); ok {
		where = " (" + quote(file) + " in this repository)"
	}
	s.raise(n, "SP-MLFLOW-001", n.Value, "Loading this model imports the module "+quote(n.Value)+where+" and calls its _load_pyfunc.")
}

// covers are packages that a folder on the import path must not replace.
var covers = []string{"numpy", "pandas", "scipy", "sklearn", "torch", "tensorflow", "keras", "transformers", "xgboost", "lightgbm", "catboost",
	"mlflow", "cloudpickle", "joblib", "pickle", "json", "os", "sys", "logging", "yaml", "requests", "azure", "azureml", "typing", "random",
	"onnx", "onnxruntime", "spacy", "statsmodels", "h5py", "PIL", "tokenizers", "safetensors", "langchain", "pydantic", "flask", "fastapi"}

// finish judges the folders of code, once their names are known: MLflow puts them
// first on the import path before it loads anything.
func (m *mlflow) finish(s *settings) {
	if m == nil {
		return
	}
	for _, dir := range m.code {
		s.raise(m.at, "SP-MLFLOW-004", dir, "Loading this model puts its folder "+quote(dir)+" first on the import path, so that code in it runs.")
		for _, name := range covers {
			base := path.Join(m.folder, dir, name)
			if s.in.Repo.Has(base+".py") || s.in.Repo.Has(path.Join(base, "__init__.py")) {
				s.raise(m.at, "SP-MLFLOW-003", name, "The folder "+quote(dir)+" brings its own "+quote(name)+", which every import of "+quote(name)+" would load in the place of the real one.")
			}
		}
	}
}

// leaves reports a path that is not below the folder it is joined with: absolute,
// with a drive or a scheme, or climbing out.
func leaves(p string) bool {
	clean := path.Clean(strings.ReplaceAll(p, `\`, "/"))
	return strings.HasPrefix(clean, "/") || clean == ".." || strings.HasPrefix(clean, "../") || strings.Contains(p, "://") ||
		len(p) > 1 && p[1] == ':' || strings.HasPrefix(p, "~") || strings.ContainsRune(p, 0)
}
