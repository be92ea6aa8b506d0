package tflite

import (
	"fmt"

	"github.com/sallyport/sallyport/internal/decode/flatbuffer"
	"github.com/sallyport/sallyport/internal/rule"
)

// search looks for a choice between two results that hangs on one exact value of
// the input: how a backdoor is built into a graph without touching the weights.
// Masks that compare element by element, and questions about shapes, are
// ordinary.
type search struct {
	t      *reader
	g      *graph
	ops    flatbuffer.Vector
	makers []int32 // by tensor: 1 + the operator that makes it
	work   int
}

// maxTrace bounds the steps of all traces of one subgraph.
const maxTrace = 1 << 18

func (s *search) run() {
	for i := range s.ops.Len() {
		op := s.ops.Table(i)
		in := op.List("inputs")
		switch s.name(op) {
		case "IF":
			s.choice(op, in.Int(0))
		case "SELECT", "SELECT_V2":
			if s.single(in.Int(0)) && (!s.single(in.Int(1)) || !s.single(in.Int(2))) {
				s.choice(op, in.Int(0))
			}
		case "MUL":
			for k := range min(in.Len(), 2) {
				if s.single(in.Int(k)) && !s.single(in.Int(1-k)) {
					s.choice(op, in.Int(k))
				}
			}
		}
	}
}

func (s *search) name(op flatbuffer.Table) string {
	i := op.Int("opcode_index", 0)
	if !op.OK() || i < 0 || i >= int64(len(s.t.codes)) {
		return ""
	}
	return s.t.codes[i].name
}

func (s *search) tensor(i int64) *tensor {
	if i < 0 || i >= int64(len(s.g.tensors)) {
		return nil
	}
	return &s.g.tensors[i]
}

func (s *search) single(i int64) bool {
	x := s.tensor(i)
	return x != nil && x.elements == 1
}

// maker is the operator that makes a tensor.
func (s *search) maker(i int64) flatbuffer.Table {
	if s.work++; s.work > maxTrace || i < 0 || i >= int64(len(s.makers)) || s.makers[i] == 0 {
		return flatbuffer.Table{}
	}
	return s.ops.Table(int64(s.makers[i] - 1))
}

// choice follows a condition back to a comparison with a constant.
func (s *search) choice(op flatbuffer.Table, condition int64) {
	open := []int64{condition}
	for steps := 0; len(open) > 0 && steps < 64; steps++ {
		last := open[len(open)-1]
		open = open[:len(open)-1]
		m := s.maker(last)
		in := m.List("inputs")
		switch s.name(m) {
		case "EQUAL", "NOT_EQUAL":
			a, b := s.tensor(in.Int(0)), s.tensor(in.Int(1))
			if a != nil && b != nil && (a.constant && s.ofData(in.Int(1)) || b.constant && s.ofData(in.Int(0))) {
				s.t.raise(ruleTrigger, at(op), s.name(op), fmt.Sprintf("%s chooses between two results by comparing its input with one exact value (subgraph %q).",
					s.name(op), rule.Clip(s.g.table.Text("name"))))
				return
			}
		case "CAST", "RESHAPE", "SQUEEZE", "EXPAND_DIMS", "REDUCE_ALL", "REDUCE_ANY", "REDUCE_MIN", "REDUCE_MAX", "REDUCE_PROD", "LOGICAL_NOT":
			open = append(open, in.Int(0))
		case "LOGICAL_AND", "LOGICAL_OR", "MUL", "MINIMUM", "MAXIMUM":
			open = append(open, in.Int(0), in.Int(1))
		}
	}
}

// ofData reports whether a value comes from an input of the graph other than by
// asking for a shape.
func (s *search) ofData(i int64) bool {
	seen := map[int64]bool{}
	open := []int64{i}
	for len(open) > 0 && len(seen) < 256 {
		last := open[len(open)-1]
		open = open[:len(open)-1]
		x := s.tensor(last)
		if x == nil || x.constant || seen[last] {
			continue
		}
		seen[last] = true
		m := s.maker(last)
		switch s.name(m) {
		case "SHAPE", "RANK":
			continue
		case "":
			return true // nothing makes it: an input
		}
		in := m.List("inputs")
		for k := range in.Len() {
			open = append(open, in.Int(k))
		}
	}
	return len(open) > 0 // too far to say: it may
}
