package xgboost

import (
	"fmt"
	"strconv"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/format"
)

// deleted is the split index of a node that was pruned away.
const deleted = 1<<31 - 1

// tree is one tree while it is read. Its lists keep their memory for the next.
type tree struct {
	off                                 int64
	nodes, features, width              int64
	left, right, parent, split, kind    list
	defaultLeft                         list
	weights, losses, conditions, weight list // of floats: only their length counts
	leafWeights                         list
	categories, catNodes, catSegments   list
	catSizes                            list
}

func (t *tree) lists() []*list {
	return []*list{&t.left, &t.right, &t.parent, &t.split, &t.kind, &t.defaultLeft, &t.weights, &t.losses, &t.conditions,
		&t.weight, &t.leafWeights, &t.categories, &t.catNodes, &t.catSegments, &t.catSizes}
}

func (w *walker) startTree(depth int, off int64) {
	t := &w.tree
	for _, l := range t.lists() {
		l.count, l.values, l.wide, l.keep, l.off = 0, l.values[:0], false, false, off
	}
	for _, l := range []*list{&t.left, &t.right, &t.parent, &t.split, &t.kind, &t.defaultLeft, &t.catNodes, &t.catSegments, &t.catSizes} {
		l.keep = true
	}
	t.off, t.nodes, t.features, t.width = off, -1, -1, 0
	w.depth = depth
	if w.model.trees == 0 {
		w.model.off = off
	}
	w.model.trees++
}

func (t *tree) param(key string, n int64) {
	switch key {
	case "num_nodes":
		t.nodes = n
	case "num_feature":
		t.features = n
	case "size_leaf_vector":
		t.width = n
	}
}

func (t *tree) list(key string) *list {
	switch key {
	case "left_children":
		return &t.left
	case "right_children":
		return &t.right
	case "parents":
		return &t.parent
	case "split_indices":
		return &t.split
	case "split_type":
		return &t.kind
	case "default_left":
		return &t.defaultLeft
	case "base_weights":
		return &t.weights
	case "loss_changes":
		return &t.losses
	case "split_conditions":
		return &t.conditions
	case "sum_hessian":
		return &t.weight
	case "leaf_weights":
		return &t.leafWeights
	case "categories":
		return &t.categories
	case "categories_nodes":
		return &t.catNodes
	case "categories_segments":
		return &t.catSegments
	case "categories_sizes":
		return &t.catSizes
	}
	return nil
}

func (w *walker) endTree() {
	w.depth = -1
	t := &w.tree
	w.model.nodes += t.left.count
	if w.lengths(t) {
		w.shape(t)
		w.categories(t)
	}
}

func (w *walker) treeName() string { return "tree " + strconv.FormatInt(w.model.trees-1, 10) }

// lengths compares the lists that have one entry for each node. It reports
// whether the tree can be looked at.
func (w *walker) lengths(t *tree) bool {
	n := t.nodes
	if n < 0 {
		n = t.left.count
	}
	fine := n > 0
	if !fine {
		w.raise(ruleLengths, t.off, "num_nodes", fmt.Sprintf("In %s the number of nodes is %d; there is one at least.", w.treeName(), n))
	}
	check := func(name string, l *list, needed bool) {
		if l.count == n && !l.wide || l.count == 0 && !needed {
			return
		}
		fine = false
		if l.wide {
			w.raise(ruleIndex, l.off, name, fmt.Sprintf("In %s the list %s holds something that is no index of 32 bits.", w.treeName(), name))
			return
		}
		w.raise(ruleLengths, l.off, name, fmt.Sprintf("In %s the list %s has %d entries for %d nodes; XGBoost reads one for each.", w.treeName(), name, l.count, n))
	}
	check("left_children", &t.left, true)
	check("right_children", &t.right, true)
	check("parents", &t.parent, true)
	check("split_indices", &t.split, true)
	check("split_conditions", &t.conditions, true)
	check("default_left", &t.defaultLeft, true)
	check("split_type", &t.kind, false)
	check("loss_changes", &t.losses, false)
	check("sum_hessian", &t.weight, false)
	if t.width <= 1 {
		check("base_weights", &t.weights, false)
	} else if t.weights.count != 0 && (t.weights.count%t.width != 0 || t.weights.count/t.width != n) {
		fine = false
		w.raise(ruleLengths, t.weights.off, "base_weights", fmt.Sprintf("In %s base_weights has %d entries for %d nodes of %d values.", w.treeName(), t.weights.count, n, t.width))
	}
	if n > bounded.MaxTreeNodes {
		_ = w.in.R.Budget().Reach("tree-nodes", bounded.MaxTreeNodes)
		return false
	}
	if w.raised[ruleLengths] == 0 && t.catNodes.wide || t.catSegments.wide || t.catSizes.wide {
		w.raise(ruleIndex, t.catNodes.off, "categories", fmt.Sprintf("In %s a list of categories holds something that is no index of 32 bits.", w.treeName()))
	}
	return fine
}

// shape walks from the root: every node is reached once, from the node that it
// names as its parent.
func (w *walker) shape(t *tree) {
	n := int32(t.left.count)
	seen := make([]bool, n)
	seen[0] = true
	todo := []int32{0}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		left, right := t.left.values[at], t.right.values[at]
		if left == -1 {
			w.leaf(t, at, right)
			continue
		}
		if f := int64(t.split.values[at]); f > w.model.widest {
			w.model.widest, w.model.widestAt = f, t.split.off
		}
		if f := int64(t.split.values[at]); f < 0 || t.features > 0 && f >= t.features || f == deleted {
			w.raise(ruleIndex, t.split.off, "split_indices", fmt.Sprintf("In %s node %d asks for feature %d of %d.", w.treeName(), at, f, t.features))
		}
		for _, child := range []int32{left, right} {
			switch {
			case child < 0 || child >= n:
				w.raise(ruleIndex, t.left.off, "children", fmt.Sprintf("In %s node %d leads to node %d of %d: prediction reads memory that is not the model's.", w.treeName(), at, child, n))
			case seen[child]:
				w.raise(ruleCycle, t.left.off, "children", fmt.Sprintf("In %s two ways lead to node %d, or it leads back to itself: prediction may never end.", w.treeName(), child))
			default:
				if t.parent.values[child] != at {
					w.raise(ruleCycle, t.parent.off, "parents", fmt.Sprintf("In %s node %d says that its parent is %d, and it is %d.", w.treeName(), child, t.parent.values[child], at))
				}
				seen[child] = true
				todo = append(todo, child)
			}
		}
	}
}

// leaf checks where the values of a leaf with several of them stand.
func (w *walker) leaf(t *tree, at, index int32) {
	if t.width > 1 && t.leafWeights.count > 0 && (index < 0 || int64(index) >= t.leafWeights.count/t.width) {
		w.raise(ruleIndex, t.right.off, "leaf_weights", fmt.Sprintf("In %s leaf %d takes the values %d of %d.", w.treeName(), at, index, t.leafWeights.count/t.width))
	}
}

// categories checks the pieces of the list of categories.
func (w *walker) categories(t *tree) {
	n := t.catNodes.count
	if t.catSegments.count != n || t.catSizes.count != n {
		w.raise(ruleLengths, t.catNodes.off, "categories_nodes", fmt.Sprintf("In %s the lists of categories have %d, %d and %d entries.", w.treeName(), n, t.catSegments.count, t.catSizes.count))
		return
	}
	if int64(len(t.catNodes.values)) != n || int64(len(t.catSegments.values)) != n || int64(len(t.catSizes.values)) != n {
		return
	}
	listed := map[int32]bool{}
	for i, node := range t.catNodes.values {
		listed[node] = true
		from, size := int64(t.catSegments.values[i]), int64(t.catSizes.values[i])
		if node < 0 || int64(node) >= t.left.count {
			w.raise(ruleIndex, t.catNodes.off, "categories_nodes", fmt.Sprintf("In %s categories belong to node %d of %d.", w.treeName(), node, t.left.count))
		}
		if from < 0 || size < 0 || from+size > t.categories.count {
			w.raise(ruleIndex, t.catSegments.off, "categories_segments", fmt.Sprintf("In %s the categories of node %d are %d+%d of %d.", w.treeName(), node, from, size, t.categories.count))
		}
	}
	for i, kind := range t.kind.values {
		if kind == 1 && t.left.values[i] != -1 && t.split.values[i] != deleted && !listed[int32(i)] {
			w.raise(ruleIndex, t.kind.off, "split_type", fmt.Sprintf("In %s node %d splits by categories and has none.", w.treeName(), i))
		}
	}
}

// finish judges what needs the whole model.
func (w *walker) finish() {
	b := &w.model
	if b.declaredTrees >= 0 && b.declaredTrees != b.trees && b.listed {
		w.raise(ruleLengths, b.off, "num_trees", fmt.Sprintf("The model declares %d trees and has %d.", b.declaredTrees, b.trees))
	}
	if b.trees > 0 && b.treeInfo.count != b.trees {
		w.raise(ruleLengths, b.treeInfo.off, "tree_info", fmt.Sprintf("The list tree_info has %d entries for %d trees.", b.treeInfo.count, b.trees))
	}
	groups := max(b.classes, b.targets, 1)
	for _, g := range b.treeInfo.values {
		if int64(g) < 0 || int64(g) >= groups {
			w.raise(ruleIndex, b.treeInfo.off, "tree_info", fmt.Sprintf("A tree adds to output %d of %d.", g, groups))
			break
		}
	}
	w.rounds()
	if b.features >= 0 && b.widest >= b.features && b.trees > 0 {
		w.raise(ruleIndex, b.widestAt, "num_feature", fmt.Sprintf("A node asks for feature %d of the %d that the model has.", b.widest, b.features))
	}
	w.perFeature("feature_names", &b.featureNames)
	w.perFeature("feature_types", &b.featureTypes)
	if b.weightDrop.count > 0 && b.weightDrop.count != b.trees {
		w.raise(ruleLengths, b.weightDrop.off, "weight_drop", fmt.Sprintf("The list weight_drop has %d entries for %d trees.", b.weightDrop.count, b.trees))
	}
	if b.name == "gblinear" && b.features >= 0 && b.weights.count != (b.features+1)*groups {
		w.raise(ruleLengths, b.weights.off, "weights", fmt.Sprintf("A linear model of %d features and %d outputs has %d weights.", b.features, groups, b.weights.count))
	}
	w.state()
}

func (w *walker) perFeature(name string, l *list) {
	if n := w.model.features; l.count > 0 && n >= 0 && l.count != n {
		w.raise(ruleLengths, l.off, name, fmt.Sprintf("The list %s has %d entries for %d features.", name, l.count, n))
	}
}

// rounds checks which trees belong to which round of training.
func (w *walker) rounds() {
	last := int32(0)
	for i, at := range w.model.indptr.values {
		if at < last || i == 0 && at != 0 || int64(at) > w.model.trees {
			w.raise(ruleIndex, w.model.indptr.off, "iteration_indptr", fmt.Sprintf("Round %d begins with tree %d of %d, behind tree %d.", i, at, w.model.trees, last))
			return
		}
		last = at
	}
}

func (w *walker) state() {
	b := &w.model
	w.fact(format.FactProducer, map[bool]string{true: "XGBoost " + b.version}[b.version != ""])
	w.fact("xgboost.booster", b.name)
	w.fact("xgboost.objective", b.objective)
	if b.trees > 0 {
		w.fact("xgboost.trees", strconv.FormatInt(b.trees, 10))
		w.fact("xgboost.nodes", strconv.FormatInt(b.nodes, 10))
	}
	if b.features >= 0 {
		w.fact("xgboost.features", strconv.FormatInt(b.features, 10))
	}
	w.res.Facts = append(w.res.Facts, format.List("xgboost.other_keys", w.names, 20)...)
}
