package gguf

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// facts are what the keys say about the model, for the bill of materials.
type facts struct {
	list    []finding.Fact
	arch    string
	context []finding.Fact // context lengths by key: only that of the architecture counts
	unknown []string
}

// maxFacts bounds what one file can have listed.
const maxFacts = 200

func (f *facts) add(key, value string) {
	if len(f.list) < maxFacts {
		f.list = append(f.list, finding.Fact{Key: key, Value: rule.Clip(value)})
	}
}

// common says which keys have a fact of their own that all formats share.
var common = map[string]string{
	"general.architecture": format.FactArchitecture,
	"general.name":         format.FactModelName,
}

// told are the keys beside those below "general." that are stated as they are.
var told = []string{"adapter.type", "adapter.lora.alpha", "adapter.lora.task_name", "clip.projector_type", "controlvector.model_hint",
	"split.count", "split.no", "tokenizer.ggml.model", "tokenizer.ggml.pre"}

// value states a scalar, and the number of tokens.
func (f *facts) value(key string, v *value) {
	text := string(v.head)
	if v.kind != kString {
		text = strconv.FormatInt(v.number, 10)
	}
	switch {
	case key == "tokenizer.ggml.tokens" && v.kind == kArray:
		f.add("gguf.tokens", strconv.FormatInt(v.count, 10))
	case v.kind == kArray || v.float:
	case common[key] != "":
		f.add(common[key], text)
		if key == "general.architecture" {
			f.arch = text
		}
	case key == "general.file_type":
		f.add(format.FactQuantization, fileType(v.number))
	case strings.HasSuffix(key, ".context_length") && len(f.context) < maxFacts:
		f.context = append(f.context, finding.Fact{Key: key, Value: text})
	case strings.HasPrefix(key, "general."), slices.Contains(told, key):
		f.add("gguf."+key, text)
	}
	if _, known := schema(key); !known && len(f.unknown) < 1000 {
		f.unknown = append(f.unknown, rule.Clip(key))
	}
}

// all completes the list at the end.
func (f *facts) all() []finding.Fact {
	for _, c := range f.context {
		if c.Key == f.arch+".context_length" {
			f.add(format.FactContextLength, c.Value)
		}
	}
	return append(f.list, format.List("gguf.other_keys", f.unknown, 20)...)
}

// fileTypes are the names of llama.cpp's mixtures (enum llama_ftype), by number.
var fileTypes = [...]string{0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
	13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS",
	23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16",
	36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4_MOE", 39: "NVFP4", 40: "Q1_0"}

func fileType(n int64) string {
	if n >= 0 && n < int64(len(fileTypes)) && fileTypes[n] != "" {
		return fileTypes[n]
	}
	return "file type " + strconv.FormatInt(n, 10)
}
