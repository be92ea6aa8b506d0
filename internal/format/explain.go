package format

import (
	"encoding/json"

	"github.com/sallyport/sallyport/internal/finding"
)

// Account is what a loader would do with one stream of an input: the steps in
// order, what they build, and how they hang together. It is written for a
// person who decides; nothing in it is a judgement of its own. All texts come
// from the file: escape them on output.
type Account struct {
	Location finding.Location `json:"location"`        // the input
	Format   string           `json:"format"`          // what it was read as
	Title    string           `json:"title,omitempty"` // which stream it is, when the input has several
	Offset   int64            `json:"offset"`          // where the stream starts, in bytes of the input
	Builds   Builds           `json:"builds"`
	Steps    []Step           `json:"steps"`
	Graph    Graph            `json:"graph"`
	Cuts     []Cut            `json:"cuts,omitempty"` // limits reached; empty when everything is listed
}

// Kinds of Step.
const (
	StepImport   = "import"   // a name is imported
	StepCall     = "call"     // something is called
	StepBuild    = "build"    // a tensor or an array is made
	StepWrite    = "write"    // attributes or items of an object are set
	StepExternal = "external" // something outside of the file is referred to
	StepStream   = "stream"   // bytes that are a stream of their own
	StepRemark   = "remark"   // something odd about the stream
	StepBreak    = "break"    // reading cannot go on
	StepReturn   = "return"   // what the caller gets
)

// Step is one act of a loader, as Python would write it.
type Step struct {
	Offset   int64            `json:"offset"` // bytes from the start of the input; -1: no place of its own
	Kind     string           `json:"kind"`   // one of the Step constants
	Text     string           `json:"text"`   // "os.system('echo')"; raw, so escape it on output
	Severity finding.Severity `json:"severity"`
	Rule     string           `json:"rule,omitempty"`    // rule that gives the severity
	Message  string           `json:"message,omitempty"` // what that rule says of it
	Count    int              `json:"count,omitempty"`   // how many steps differ from it in their data only, itself included; missing: 1
	Node     int              `json:"node,omitempty"`    // id in the graph; missing: none
}

// Builds says what a stream makes.
type Builds struct {
	Returns  string   `json:"returns,omitempty"` // "a dict of 46 items"
	Tensors  int64    `json:"tensors"`           // tensors and arrays
	Elements int64    `json:"elements"`          // of all tensors together
	Listed   []Tensor `json:"listed,omitempty"`
	Classes  []Class  `json:"classes,omitempty"` // the most frequent first
}

// Tensor is a tensor or an array.
type Tensor struct {
	Name   string  `json:"name,omitempty"` // keys that lead to it, joined by dots
	Dtype  string  `json:"dtype,omitempty"`
	Shape  []int64 `json:"shape"` // null when it is not known
	Offset int64   `json:"offset"`
}

// Class counts objects of one class.
type Class struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// Cut is a limit of the account that was reached.
type Cut struct {
	Limit string `json:"limit"` // its name
	Most  int64  `json:"most"`  // its value
	Left  int64  `json:"left"`  // how many are not listed
}

// Kinds of Node.
const (
	NodeImport   = "import"
	NodeCall     = "call"
	NodeObject   = "object" // objects of one class
	NodeTensor   = "tensor"
	NodeWrite    = "write"
	NodeConstant = "constant" // a text or bytes that a call with a severity is given
	NodeExternal = "external"
	NodeStream   = "stream"
	NodeResult   = "result" // what the caller gets
)

// Node is a thing that a loader handles. Ids count from 1 in each account.
type Node struct {
	ID       int              `json:"id"`
	Kind     string           `json:"kind"`           // one of the Node constants
	Name     string           `json:"name,omitempty"` // dotted name, class, or key
	Text     string           `json:"text"`           // as Python would write it; raw, so escape it on output
	Args     []string         `json:"args,omitempty"` // calls: the arguments, each as text
	Dtype    string           `json:"dtype,omitempty"`
	Shape    []int64          `json:"shape,omitempty"`
	Offset   int64            `json:"offset"`
	Count    int              `json:"count,omitempty"` // as for Step
	Severity finding.Severity `json:"severity"`
	Rule     string           `json:"rule,omitempty"`
}

// Kinds of Edge.
const (
	EdgeCalls    = "calls"    // from an import, or what a call returned, to the call of it
	EdgeArgument = "argument" // from a value to the call, write or import that takes it
	EdgeWrites   = "writes"   // from a write to what it changes
	EdgeBuilds   = "builds"   // from a call to the object or tensor that it makes
	EdgeContains = "contains" // from a container to its content
)

// Edge leads from one node to another, by id.
type Edge struct {
	From int    `json:"from"`
	To   int    `json:"to"`
	Kind string `json:"kind"` // one of the Edge constants
}

// Graph is how the things of one stream hang together. Nodes are in the order of
// the stream, edges in the order of the nodes that they lead to.
type Graph struct {
	Nodes []Node `json:"nodes"`
	Edges []Edge `json:"edges"`
}

// Worst is the highest severity of the steps.
func (a *Account) Worst() finding.Severity {
	worst := finding.Info
	for i := range a.Steps {
		worst = max(worst, a.Steps[i].Severity)
	}
	return worst
}

// MarshalJSON adds whether something is missing. Lists are never null.
func (a Account) MarshalJSON() ([]byte, error) {
	type plain Account
	if a.Steps == nil {
		a.Steps = []Step{}
	}
	if a.Graph.Nodes == nil {
		a.Graph.Nodes = []Node{}
	}
	if a.Graph.Edges == nil {
		a.Graph.Edges = []Edge{}
	}
	return json.Marshal(struct {
		plain
		Worst     finding.Severity `json:"worst"`
		Truncated bool             `json:"truncated"`
	}{plain(a), a.Worst(), len(a.Cuts) > 0})
}
