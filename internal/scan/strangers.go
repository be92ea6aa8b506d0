package scan

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// strangers finds weights of layers that the configuration beside them does not
// have. The library that loads the model ignores them, so they can be anything.
// Configurations that say nothing of layers at their top level are left alone.
func strangers(files []finding.Node) (out []finding.Finding) {
	declared := map[string]int{} // by folder
	for i := range files {
		if path.Base(files[i].Name) == "config.json" {
			if n := declaredLayers(files[i].Facts); n > 0 {
				declared[path.Dir(files[i].Name)] = n
			}
		}
	}
	for i := range files {
		want := declared[path.Dir(files[i].Name)]
		have := number(files[i].Facts, format.FactLayers)
		if want == 0 || have <= want {
			continue
		}
		at := finding.Location{Path: files[i].Name}
		out = append(out, rule.Finding("SP-DEEP-005", at, strconv.Itoa(have),
			fmt.Sprintf("It holds weights up to layer %d; the configuration beside it has %d layers.", have, want)))
	}
	return out
}

// declaredLayers is the most layers of one kind that a configuration names, with
// those that only predict further tokens.
func declaredLayers(facts []finding.Fact) (n int) {
	for _, key := range []string{"num_hidden_layers", "num_layers", "n_layer", "decoder_layers", "encoder_layers"} {
		n = max(n, number(facts, "config."+key))
	}
	if n == 0 {
		return 0
	}
	for _, key := range []string{"num_nextn_predict_layers", "num_mtp_layers", "mtp_num_hidden_layers"} {
		n += number(facts, "config."+key)
	}
	return n
}

// number is the value of a fact; 0 when it is none.
func number(facts []finding.Fact, key string) int {
	for _, f := range facts {
		if f.Key == key {
			if n, err := strconv.Atoi(strings.TrimSpace(f.Value)); err == nil {
				return max(n, 0)
			}
		}
	}
	return 0
}
