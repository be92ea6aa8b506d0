package yaml

import (
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/rules"
)

// libraries are those whose classes configurations of Hydra usually build: they
// are layers, losses, optimizers and data sets. Their functions, and classes that
// are known to run what they are given, are not let through by this list.
var libraries = []string{"nemo", "torch", "pytorch_lightning", "lightning", "torchmetrics", "torchvision", "torchaudio", "transformers",
	"diffusers", "peft", "timm", "monai", "megatron", "omegaconf", "sklearn", "speechbrain", "hydra_plugins", "ray", "optuna", "dm_control"}

// target judges the name that Hydra's instantiate imports and calls with the
// values beside it. NeMo does so with the configuration inside of a model.
func (s *settings) target(n *yaml.Node) {
	module, name := "", n.Value
	if i := strings.LastIndexByte(n.Value, '.'); i >= 0 {
		module, name = n.Value[:i], n.Value[i+1:]
	}
	effect := rules.Effect(module, name)
	file, shipped := s.in.Repo.Module(n.Value)
	why, severity := "imports and calls what it names", finding.High
	switch {
	case effect != "":
		why, severity = "calls it, and that is known to be abused ("+effect+")", finding.Critical
	case shipped:
		why = "imports it from " + quote(file) + " in this repository"
	case rules.LookupGlobal(module, name).Tier == 'A' || inert(n.Value, name):
		return
	}
	s.raise(n, "SP-YAML-003", n.Value, "Building the model from this configuration names "+quote(n.Value)+" as _target_: the loader "+why+".")
	if k := len(s.res.Findings) - 1; s.res.Findings[k].Symbol == n.Value {
		s.res.Findings[k].Severity = severity
	}
}

// inert reports a class, by its spelling, of a library that is known.
func inert(dotted, name string) bool {
	top, _, _ := strings.Cut(dotted, ".")
	for _, l := range libraries {
		if top == l {
			return name != "" && name[0] >= 'A' && name[0] <= 'Z'
		}
	}
	return false
}
