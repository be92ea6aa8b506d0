package yaml

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Module is the file in which MLflow keeps the name of a module that it imports
// to load the model: that of the pickle module of the pytorch flavor, that of
// Keras in the keras flavor.
var Module = format.Format{
	ID:      "mlflow-module",
	Title:   "Name of a module in an MLflow model",
	Spec:    "https://mlflow.org/docs/latest/ml/model/",
	Textual: true,
	Rules:   []string{"SP-MLFLOW-001"},
	Match: func(in *format.Input) format.Confidence {
		if slices.Contains(moduleFiles, strings.ToLower(in.Name)) {
			return format.Strong
		}
		return format.No
	},
	Read: readModule,
}

var moduleFiles = []string{"pickle_module_info.txt", "keras_module.txt"}

// modules are those that MLflow writes into such a file by itself.
var modules = []string{"mlflow.pytorch.pickle_module", "pickle", "cloudpickle", "torch", "keras", "tensorflow.keras", "tf_keras"}

func readModule(in *format.Input) (res format.Result) {
	text := in.Head()
	if in.R.Size() > int64(len(text)) {
		res.Spans = []format.Span{{Length: in.R.Size(), Kind: format.Unread, Rule: "SP-COV-004", Reason: "It is too long for the name of a module."}}
		return res
	}
	res.Spans = []format.Span{{Length: in.R.Size(), Kind: format.TextSpan}}
	if name := strings.TrimSpace(string(text)); name != "" && !slices.Contains(modules, name) {
		res.Findings = []finding.Finding{rule.Finding("SP-MLFLOW-001", in.Location(0, 0), name,
			"Loading this model imports the module "+quote(name)+", which this file names.")}
	}
	return res
}
