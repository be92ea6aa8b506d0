package pickle

import (
	"fmt"
	"strings"

	decode "github.com/sallyport/sallyport/internal/decode/pickle"
)

// torch judges what is peculiar to objects of PyTorch: sparse tensors that
// nobody checks, and modules that call functions of their own accord.
func (j *judge) torch() {
	for _, off := range j.t.Sparse {
		j.raise(ruleSparse, off, "torch._utils._rebuild_sparse_tensor",
			"Loading this file makes a sparse tensor of parts that do not fit each other, and PyTorch may use it without a check.")
	}
	for i := range j.t.Writes {
		if w := &j.t.Writes[i]; w.Op == 'b' && w.Target.Kind == decode.Object && w.Target.Import >= 0 {
			j.hooks(w)
		}
	}
}

// hooks reports registries of hooks that are not empty. Their functions are
// called whenever the module works, and may change what it computes.
func (j *judge) hooks(w *decode.Write) {
	for _, e := range w.Keys {
		if !strings.HasPrefix(e.Key, "_") || !strings.HasSuffix(e.Key, "hooks") || !e.Value.Filled && e.Value.Kind == decode.Object {
			continue
		}
		switch e.Value.Kind {
		case decode.Object, decode.Dict, decode.Imported, decode.Computed:
			symbol := j.classes[w.Target.Import].symbol + "." + e.Key
			j.raise(ruleHook, w.Offset, symbol, fmt.Sprintf(
				"The %s in this file has functions in %s, which it calls whenever it works.", show(j.classes[w.Target.Import].symbol), show(e.Key)))
		}
	}
}

// writtenTensor reports items set on what one of torch's or NumPy's functions
// made of storage: it writes into memory at places that the file chooses.
func (j *judge) writtenTensor(w *decode.Write, does string) {
	n := &j.t.Imports[w.Target.Import]
	switch {
	case n.RealModule == "torch._utils" && strings.HasPrefix(n.RealName, "_rebuild_"):
	case n.RealModule == "torch._tensor" && strings.HasPrefix(n.RealName, "_rebuild_"):
	case strings.HasPrefix(n.RealModule, "numpy") && (n.RealName == "_reconstruct" || n.RealName == "scalar" || n.RealName == "_frombuffer"):
	default:
		return
	}
	symbol := n.RealModule + "." + n.RealName
	j.raise(ruleDispatch, w.Offset, symbol, fmt.Sprintf("Loading this file %s of a tensor that it has just made, which no writer does.", does))
}
