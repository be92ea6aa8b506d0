package json

import (
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/rule"

	decode "github.com/sallyport/sallyport/internal/decode/json"
)

// factKeys are the top-level keys that tell something about the model, by file.
var factKeys = []struct{ file, prefix, keys string }{
	{"config.json", "config", " model_type architectures torch_dtype dtype vocab_size hidden_size num_hidden_layers" +
		" num_attention_heads max_position_embeddings transformers_version _name_or_path num_layers n_layer decoder_layers encoder_layers" +
		" num_nextn_predict_layers num_mtp_layers mtp_num_hidden_layers "},
	{"tokenizer_config.json", "tokenizer", " tokenizer_class model_max_length "},
	{"adapter_config.json", "adapter", " base_model_name_or_path peft_type "},
	{"model_index.json", "pipeline", " _class_name _diffusers_version "},
}

// fact keeps a scalar of the top-level object, or the first of a list.
func (c *collector) fact(p *decode.Parser, v *decode.Value) {
	if !c.root || v.Kind == decode.Null {
		return
	}
	for _, f := range factKeys {
		if f.file == c.name && hasWord(f.keys, p.Key(0)) {
			c.addFact(f.prefix, string(p.Key(0)), string(v.Bytes))
		}
	}
}

func (c *collector) addFact(prefix, key, value string) {
	if key == "base_model_name_or_path" {
		key = "base"
	}
	c.res.Facts = append(c.res.Facts, finding.Fact{Key: prefix + "." + key, Value: rule.Clip(value)})
}

// hasWord reports whether a list of words, a space around each, holds the word.
func hasWord(list string, word []byte) bool {
	for i := 0; i+len(word)+1 < len(list); i++ {
		if list[i] == ' ' && list[i+len(word)+1] == ' ' && list[i+1:i+1+len(word)] == string(word) {
			return len(word) > 0
		}
	}
	return false
}
