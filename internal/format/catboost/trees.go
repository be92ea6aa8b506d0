package catboost

import (
	"encoding/binary"
	"fmt"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/flatbuffer"
)

// maxDepth is how deep a symmetric tree can be.
const maxDepth = 31

// trees checks the lists of all trees.
func (r *reader) trees(t flatbuffer.Table) {
	sizes, starts, splits := t.List("TreeSizes"), t.List("TreeStartOffsets"), t.List("TreeSplits")
	if starts.Len() > 0 && starts.Len() != sizes.Len() {
		r.raise(ruleLengths, r.at(starts), "TreeStartOffsets", fmt.Sprintf("There are %d trees and %d places where they begin.", sizes.Len(), starts.Len()))
		return
	}
	symmetric := t.List("NonSymmetricStepNodes").Len() == 0
	dim := max(t.Int("ApproxDimension", 1), 1)
	at, leaves := int64(0), int64(0)
	for i := range sizes.Len() {
		n := sizes.Int(i)
		if n < 0 || n > splits.Len()-at || symmetric && n > maxDepth || r.in.R.Budget().Items(1) != nil {
			r.raise(ruleLengths, r.at(sizes), "TreeSizes", fmt.Sprintf("Tree %d declares %d splits, and %d are left.", i, n, splits.Len()-at))
			return
		}
		if starts.Len() > 0 && starts.Int(i) != at {
			r.raise(ruleLengths, r.at(starts), "TreeStartOffsets", fmt.Sprintf("Tree %d begins with split %d and is declared to begin with %d.", i, at, starts.Int(i)))
			return
		}
		at += n
		if symmetric {
			leaves += 1 << n
		}
	}
	if at != splits.Len() {
		r.raise(ruleLengths, r.at(splits), "TreeSplits", fmt.Sprintf("The trees have %d splits, and %d are listed.", at, splits.Len()))
	}
	r.splits(t, splits)
	if symmetric {
		r.leaves(t, leaves, dim)
		return
	}
	r.steps(t, sizes, dim)
}

func (r *reader) at(v flatbuffer.Vector) int64 { return r.base + v.Range().Offset }

// conditions is how many things a split can ask: the borders and values of all
// features, one behind the other.
func conditions(t flatbuffer.Table) (n int64) {
	for _, l := range [][2]string{{"FloatFeatures", "Borders"}, {"EstimatedFeatures", "Borders"}, {"OneHotFeatures", "Values"}, {"CtrFeatures", "Borders"}} {
		list := t.List(l[0])
		for i := range list.Len() {
			n += list.Table(i).List(l[1]).Len()
		}
	}
	return n
}

func (r *reader) splits(t flatbuffer.Table, splits flatbuffer.Vector) {
	n := conditions(t)
	for i := range splits.Len() {
		if s := splits.Int(i); s < 0 || s >= n {
			r.raise(ruleIndex, r.at(splits), "TreeSplits", fmt.Sprintf("Split %d asks for condition %d of %d: prediction reads memory that is not the model's.", i, s, n))
			return
		}
	}
}

// leaves compares the values of symmetric trees with their number.
func (r *reader) leaves(t flatbuffer.Table, leaves, dim int64) {
	if v := t.List("LeafValues"); v.Len()%dim != 0 || v.Len()/dim != leaves {
		r.raise(ruleLengths, r.at(v), "LeafValues", fmt.Sprintf("The trees have %d leaves of %d values, and %d values are listed.", leaves, dim, v.Len()))
	}
	if v := t.List("LeafWeights"); v.Len() != 0 && v.Len() != leaves {
		r.raise(ruleLengths, r.at(v), "LeafWeights", fmt.Sprintf("The trees have %d leaves, and %d weights are listed.", leaves, v.Len()))
	}
}

// steps checks trees whose nodes say how far on their children stand.
func (r *reader) steps(t flatbuffer.Table, sizes flatbuffer.Vector, dim int64) {
	nodes, leaf, values := t.List("NonSymmetricStepNodes"), t.List("NonSymmetricNodeIdToLeafId"), t.List("LeafValues").Len()
	if n := t.List("TreeSplits").Len(); nodes.Len() != n || leaf.Len() != n {
		r.raise(ruleLengths, r.at(nodes), "NonSymmetricStepNodes", fmt.Sprintf("The trees have %d splits, %d nodes and %d numbers of leaves.", n, nodes.Len(), leaf.Len()))
		return
	}
	c := r.in.R.NewCursor(r.at(nodes))
	defer c.Close()
	for tree := range sizes.Len() {
		n := sizes.Int(tree)
		for i := range n {
			if r.in.R.Budget().Items(1) != nil || !r.step(c, tree, i, n) {
				return
			}
		}
	}
	for i := range leaf.Len() {
		if v := leaf.Int(i); v != 1<<32-1 && (v < 0 || v > values-dim) {
			r.raise(ruleIndex, r.at(leaf), "NonSymmetricNodeIdToLeafId", fmt.Sprintf("Node %d takes value %d of %d.", i, v, values))
			return
		}
	}
}

// step checks one node; a distance of 0 stands for a leaf.
func (r *reader) step(c *bounded.Cursor, tree, i, n int64) bool {
	p, err := c.Next(4)
	if err != nil {
		return false
	}
	for _, d := range []int64{int64(binary.LittleEndian.Uint16(p)), int64(binary.LittleEndian.Uint16(p[2:]))} {
		if d >= n-i && d != 0 {
			r.raise(ruleIndex, c.Offset()-4, "NonSymmetricStepNodes", fmt.Sprintf("In tree %d node %d leads %d nodes on, and %d are left: prediction reads memory that is not the model's.", tree, i, d, n-i-1))
			return false
		}
	}
	return true
}
