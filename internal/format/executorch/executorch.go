// Package executorch reads ExecuTorch programs (.pte), their external tensors
// (.ptd) and programs bundled with test cases (.bpte).
//
// Specification: executorch/schema/program.fbs with the extended header,
// extension/flat_tensor/serialize/flat_tensor.fbs,
// devtools/bundled_program/schema, and backends/xnnpack/serialization for what a
// delegate to XNNPACK gets. The schemas lie beside this file as data.
//
// Threat: a program names operators and backends, which are native code that the
// application brings along; what a backend gets is a program in a form of its
// own. The runtime follows offsets, indexes and sizes on small devices, mostly
// without checks. Segments behind the program have room for more.
//
// Not covered: the payload of backends other than XNNPACK (a gap); whether
// operators get arguments that suit them; which .ptd file belongs to a program.
package executorch

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/decode/flatbuffer"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/rules"
)

const (
	ruleBroken   = "SP-PTE-001" // structure that cannot be trusted
	ruleSize     = "SP-PTE-002" // sizes and bytes disagree
	ruleIndex    = "SP-PTE-003" // an index outside of its list
	ruleBackend  = "SP-PTE-004" // a backend that is not known
	ruleOperator = "SP-PTE-005" // an operator that is not known
	ruleReach    = "SP-PTE-006" // an operator that reaches files or the machine
	ruleShared   = "SP-PTE-007" // segments over the same bytes
)

// Format is any of the three kinds of file.
var Format = format.Format{
	ID:         "executorch",
	Title:      "ExecuTorch program",
	Spec:       "https://docs.pytorch.org/executorch/stable/pte-file-format.html",
	Extensions: []string{".pte", ".ptd", ".bpte"},
	Rules: append(flatbuffer.Coverage(), ruleBroken, ruleSize, ruleIndex, ruleBackend, ruleOperator, ruleReach, ruleShared,
		"SP-COV-016"),
	Match: match,
	Read:  read,
}

//go:embed program.txt
var programText string

//go:embed tensors.txt
var tensorsText string

//go:embed bundle.txt
var bundleText string

//go:embed xnnpack.txt
var xnnpackText string

var (
	programSchema = sync.OnceValue(func() *flatbuffer.Schema { return flatbuffer.Parse(programText) })
	tensorsSchema = sync.OnceValue(func() *flatbuffer.Schema { return flatbuffer.Parse(tensorsText) })
	bundleSchema  = sync.OnceValue(func() *flatbuffer.Schema { return flatbuffer.Parse(bundleText) })
	xnnpackSchema = sync.OnceValue(func() *flatbuffer.Schema { return flatbuffer.Parse(xnnpackText) })
)

// identifier is the kind of file and its version, "ET12".
func identifier(in *format.Input) string {
	head := in.Head()
	if len(head) < 8 {
		return ""
	}
	id := string(head[4:8])
	digits := id[2] >= '0' && id[2] <= '9' && id[3] >= '0' && id[3] <= '9'
	if kind := id[:2]; digits && (kind == "ET" || kind == "FT" || kind == "BP") {
		return id
	}
	return ""
}

// match goes by the identifier. Two letters and two digits are little, so those
// of other versions need the name too.
func match(in *format.Input) format.Confidence {
	switch id := identifier(in); {
	case id == "":
		return format.No
	case id == "ET12" || id == "FT01" || id == "BP08" || claims(in.Name):
		return format.Strong
	}
	return format.No
}

func read(in *format.Input) format.Result {
	t := &reader{in: in, raised: map[string]int{}, inline: map[flatbuffer.Range]bool{}}
	id := identifier(in)
	switch {
	case strings.HasPrefix(id, "FT"):
		t.tensorFile()
	case strings.HasPrefix(id, "BP"):
		t.bundle()
	case id != "":
		t.program()
	}
	if id != "" && id != "ET12" && id != "FT01" && id != "BP08" {
		t.gap(flatbuffer.Range{Length: 8}, "SP-COV-012", "The file has version "+id+", which is not known.")
	}
	t.finish()
	return t.res
}

// row looks up a backend or a namespace of operators.
func row(kind, name string) (string, bool) { return rules.Row(rules.ExecuTorchNames, kind, name) }

func claims(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".pte") || strings.HasSuffix(name, ".ptd") || strings.HasSuffix(name, ".bpte")
}
