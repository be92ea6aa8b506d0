package lightgbm

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
)

// header is what stands before the trees.
type header struct {
	version, objective     string
	features               int64 // highest index of a feature, -1: not declared
	names, infos, monotone int64 // entries of the lists; 0: absent
	classes, perIteration  int64
	sizes                  []int64 // bytes of each tree as declared
	starts                 []int64 // where each tree begins
	end                    int64   // where "end of trees" stands
	leaves                 int64
}

// header takes a line of the header.
func (r *reader) header(key string, value []byte, pair bool) {
	h := &r.head
	r.look(value)
	switch key {
	case "version":
		h.version = string(value[:min(len(value), 40)])
	case "objective":
		h.objective = string(value[:min(len(value), 160)])
	case "max_feature_idx":
		h.features, _ = number(value)
	case "num_class":
		h.classes, _ = number(value)
	case "num_tree_per_iteration":
		h.perIteration, _ = number(value)
	case "feature_names":
		h.names = r.words(value)
	case "feature_infos":
		h.infos = r.words(value)
	case "monotone_constraints":
		h.monotone = r.words(value)
	case "tree_sizes":
		h.sizes = numbers(value)
	case "label_index", "linear_tree", "average_output":
	default:
		if pair || key != "average_output" {
			r.unknown(append([]byte(key+"="), value...))
		}
	}
}

// words counts the entries of a list and looks at each of them.
func (r *reader) words(p []byte) (n int64) {
	for w := range bytes.FieldsSeq(p) {
		r.look(w)
		n++
	}
	return n
}

// number reads a decimal number.
func number(p []byte) (int64, bool) {
	if len(p) == 0 || len(p) > 20 {
		return 0, false
	}
	n, err := strconv.ParseInt(string(p), 10, 64)
	return n, err == nil
}

// numbers reads a list of whole numbers; what is none counts as one below every
// index.
func numbers(p []byte) []int64 {
	out := make([]int64, 0, min(len(p)/2+1, bounded.MaxTreeNodes))
	for w := range bytes.FieldsSeq(p) {
		n, ok := number(w)
		if !ok {
			n = none
		}
		if len(out) == bounded.MaxTreeNodes {
			break
		}
		out = append(out, n)
	}
	return out
}

const (
	none     = -1 << 62
	maxLists = 50 // lists of one tree that are compared
)

// tree is one tree while its lines are read.
type tree struct {
	open                      bool
	number                    string
	leaves, categories        int64
	left, right, split, kinds []int64
	thresholds                []int64
	boundaries                []int64
	words                     int64 // of the sets of categories
	counts                    []count
	linear                    bool
	leafFeatures, perLeaf     []int64
	coefficients              int64
}

// count is a list of which only the length matters.
type count struct {
	name string
	n    int64
	leaf bool // one entry for each leaf, else for each node
}

func (r *reader) startTree(value []byte) {
	r.tree = tree{open: true, number: string(value[:min(len(value), 20)])}
	r.head.starts = append(r.head.starts, r.at)
}

// line takes one line of a tree; false: no reader of LightGBM knows it.
func (t *tree) line(r *reader, key string, value []byte, pair bool) bool {
	n := func() int64 { return countFields(value) }
	if len(t.counts) > maxLists {
		return false
	}
	switch key {
	case "num_leaves":
		t.leaves, _ = number(value)
	case "num_cat":
		t.categories, _ = number(value)
	case "split_feature":
		t.split = numbers(value)
	case "left_child":
		t.left = numbers(value)
	case "right_child":
		t.right = numbers(value)
	case "decision_type":
		t.kinds = numbers(value)
	case "threshold":
		t.thresholds = numbers(value)
		t.counts = append(t.counts, count{key, n(), false})
	case "cat_boundaries":
		t.boundaries = numbers(value)
	case "cat_threshold":
		t.words = n()
	case "split_gain", "internal_value", "internal_weight", "internal_count":
		t.counts = append(t.counts, count{key, n(), false})
	case "leaf_value", "leaf_weight", "leaf_count", "leaf_const":
		t.counts = append(t.counts, count{key, n(), true})
	case "num_features":
		t.perLeaf = numbers(value)
		t.counts = append(t.counts, count{key, n(), true})
	case "leaf_features":
		t.leafFeatures = numbers(value)
	case "leaf_coeff":
		t.coefficients = n()
	case "is_linear":
		t.linear = strings.TrimSpace(string(value)) == "1"
	case "shrinkage", "leaf_parent", "leaf_depth", "has_categorical":
	default:
		return false
	}
	return pair
}

func countFields(p []byte) (n int64) {
	for range bytes.FieldsSeq(p) {
		n++
	}
	return n
}

func (r *reader) endTree() {
	t := &r.tree
	if !t.open {
		return
	}
	t.open = false
	r.head.leaves += max(t.leaves, 0)
	if t.leaves < 1 || t.leaves > bounded.MaxTreeNodes {
		if t.leaves > bounded.MaxTreeNodes {
			_ = r.in.R.Budget().Reach("tree-nodes", bounded.MaxTreeNodes)
		}
		r.raise(ruleLengths, "num_leaves", fmt.Sprintf("Tree %s declares %d leaves.", t.number, t.leaves))
		return
	}
	if r.lengths(t) && t.leaves > 1 {
		r.shape(t)
	}
	r.sets(t)
	r.leafModels(t)
}

// lengths compares the lists with the number of leaves.
func (r *reader) lengths(t *tree) bool {
	fine := true
	wrong := func(name string, got, want int64) {
		fine = false
		r.raise(ruleLengths, name, fmt.Sprintf("In tree %s the list %s has %d entries where %d are read.", t.number, name, got, want))
	}
	if t.leaves > 1 { // a single leaf has no nodes, and LightGBM skips their lists
		for _, l := range []struct {
			name string
			list []int64
			may  bool
		}{{"left_child", t.left, false}, {"right_child", t.right, false}, {"split_feature", t.split, false}, {"decision_type", t.kinds, true}} {
			if n := int64(len(l.list)); n != t.leaves-1 && !(l.may && n == 0) {
				wrong(l.name, n, t.leaves-1)
			}
		}
	}
	value := false
	for _, c := range t.counts {
		want := t.leaves
		if !c.leaf {
			want--
		}
		value = value || c.name == "leaf_value"
		if c.n != want && !(t.leaves == 1 && c.n <= 1) && !(c.n == 0 && c.name != "leaf_value" && c.name != "threshold") {
			wrong(c.name, c.n, want)
		}
	}
	if !value {
		wrong("leaf_value", 0, t.leaves)
	}
	return fine
}

// shape walks from the root; ^x stands for leaf x.
func (r *reader) shape(t *tree) {
	nodes := t.leaves - 1
	seen := make([]bool, nodes+t.leaves)
	seen[0] = true
	for todo := []int64{0}; len(todo) > 0; {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if f := t.split[at]; f < 0 || r.head.features >= 0 && f > r.head.features {
			r.raise(ruleIndex, "split_feature", fmt.Sprintf("In tree %s node %d asks for feature %d; the last one is %d.", t.number, at, f, r.head.features))
		}
		if len(t.kinds) > 0 && t.kinds[at]&1 == 1 && at < int64(len(t.thresholds)) {
			if c := t.thresholds[at]; c < 0 || c >= t.categories {
				r.raise(ruleIndex, "threshold", fmt.Sprintf("In tree %s node %d takes set %d of %d.", t.number, at, c, t.categories))
			}
		}
		for _, child := range []int64{t.left[at], t.right[at]} {
			place := child
			if child < 0 {
				place = nodes + ^child
			}
			switch {
			case child >= nodes || child < -t.leaves:
				r.raise(ruleIndex, "child", fmt.Sprintf("In tree %s node %d leads to %d, where the tree has %d nodes and %d leaves: prediction reads memory that is not the model's.", t.number, at, child, nodes, t.leaves))
			case seen[place]:
				r.raise(ruleCycle, "child", fmt.Sprintf("In tree %s two ways lead to %d, or it leads back to itself: prediction may never end.", t.number, child))
			default:
				seen[place] = true
				if child >= 0 {
					todo = append(todo, child)
				}
			}
		}
	}
}

// sets checks the pieces of the list of categories.
func (r *reader) sets(t *tree) {
	if t.categories <= 0 {
		return
	}
	if int64(len(t.boundaries)) != t.categories+1 {
		r.raise(ruleLengths, "cat_boundaries", fmt.Sprintf("In tree %s cat_boundaries has %d entries for %d sets.", t.number, len(t.boundaries), t.categories))
		return
	}
	if !slices.IsSorted(t.boundaries) || t.boundaries[0] != 0 || t.boundaries[t.categories] > t.words {
		r.raise(ruleIndex, "cat_boundaries", fmt.Sprintf("In tree %s the sets of categories leave their list of %d words.", t.number, t.words))
	}
}

// leafModels checks the linear models of leaves.
func (r *reader) leafModels(t *tree) {
	if !t.linear {
		return
	}
	sum := int64(0)
	for _, n := range t.perLeaf {
		if n < 0 || n > int64(len(t.leafFeatures)) {
			r.raise(ruleLengths, "num_features", fmt.Sprintf("In tree %s a leaf declares %d features.", t.number, n))
			return
		}
		sum += n
	}
	if sum != int64(len(t.leafFeatures)) || sum != t.coefficients {
		r.raise(ruleLengths, "leaf_features", fmt.Sprintf("In tree %s leaves have %d features, %d of them named and %d with a coefficient.", t.number, sum, len(t.leafFeatures), t.coefficients))
	}
	for _, f := range t.leafFeatures {
		if f < 0 || r.head.features >= 0 && f > r.head.features {
			r.raise(ruleIndex, "leaf_features", fmt.Sprintf("In tree %s a leaf asks for feature %d; the last one is %d.", t.number, f, r.head.features))
			return
		}
	}
}

// finish judges the header when all trees are known.
func (r *reader) finish() {
	h := &r.head
	if h.features >= 0 {
		for _, l := range []struct {
			name string
			n    int64
		}{{"feature_names", h.names}, {"feature_infos", h.infos}, {"monotone_constraints", h.monotone}} {
			if l.n > 0 && l.n != h.features+1 {
				r.raise(ruleLengths, l.name, fmt.Sprintf("The list %s has %d entries for %d features.", l.name, l.n, h.features+1))
			}
		}
	}
	if n := int64(len(h.starts)); h.perIteration > 0 && n%h.perIteration != 0 {
		r.raise(ruleLengths, "num_tree_per_iteration", fmt.Sprintf("There are %d trees, and %d belong to each round.", n, h.perIteration))
	}
	r.sizes()
}

// sizes compares where LightGBM looks for the trees with where they are.
func (r *reader) sizes() {
	h := &r.head
	if h.sizes == nil {
		return
	}
	if len(h.sizes) != len(h.starts) {
		r.raise(ruleLengths, "tree_sizes", fmt.Sprintf("The header lists the sizes of %d trees, and there are %d.", len(h.sizes), len(h.starts)))
		return
	}
	for i, size := range h.sizes {
		end := h.end
		if i+1 < len(h.starts) {
			end = h.starts[i+1]
		}
		if got := end - h.starts[i]; got != size {
			r.raise(ruleLengths, "tree_sizes", fmt.Sprintf("Tree %d has %d bytes and is declared with %d: LightGBM takes the next tree from somewhere else than it stands.", i, got, size))
			return
		}
	}
}

func (r *reader) state() {
	h := &r.head
	r.fact("lightgbm.version", h.version)
	r.fact("lightgbm.objective", h.objective)
	r.fact("lightgbm.trees", strconv.Itoa(len(h.starts)))
	r.fact("lightgbm.leaves", strconv.FormatInt(h.leaves, 10))
	if h.features >= 0 {
		r.fact("lightgbm.features", strconv.FormatInt(h.features+1, 10))
	}
}
