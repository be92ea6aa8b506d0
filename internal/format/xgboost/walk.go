package xgboost

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/encoded"
	"github.com/sallyport/sallyport/internal/decode/magic"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// place is where the walk stands: a parser of either notation.
type place interface {
	Depth() int
	Key(depth int) []byte
	Index(depth int) int
	Path() string
}

// scalar is a value of either notation. text is nil for numbers.
type scalar struct {
	text        []byte
	number      int64
	integer     bool
	numeric     bool
	cut         bool
	off, length int64
}

// list is an array of which the length, or the numbers too, are kept.
type list struct {
	off    int64
	count  int64
	values []int32
	keep   bool
	wide   bool // a number did not fit, or was none
}

func (l *list) add(s *scalar) {
	l.count++
	if !l.keep {
		return
	}
	if !s.numeric || s.text != nil || s.number < -1<<31 || s.number >= 1<<31 {
		l.wide = true
	}
	if len(l.values) < bounded.MaxTreeNodes {
		l.values = append(l.values, int32(s.number))
	}
}

// walker follows one model.
type walker struct {
	in     *format.Input
	res    format.Result
	raised map[string]int
	hidden int

	tree  tree
	depth int // of the open tree, -1: none
	into  *list
	model booster
	names []string // keys that XGBoost does not read
}

// booster is what is told outside of the trees.
type booster struct {
	name, objective, version string
	features, classes        int64
	targets                  int64
	declaredTrees            int64
	trees                    int64
	off                      int64 // of the first tree
	listed                   bool  // there is a list of trees
	nodes                    int64
	treeInfo, indptr         list
	featureNames             list
	featureTypes             list
	weightDrop, weights      list
	widest                   int64 // highest feature that a node asks for, and where
	widestAt                 int64
}

func newWalker(in *format.Input) *walker {
	w := &walker{in: in, raised: map[string]int{}, depth: -1}
	w.model.features, w.model.declaredTrees, w.model.widest = -1, -1, -1
	w.model.treeInfo.keep, w.model.indptr.keep = true, true
	return w
}

// begin opens an object or array that stands at the place.
func (w *walker) begin(p place, object bool, off int64) {
	d := p.Depth()
	w.into = nil
	if object {
		if d >= 2 && p.Key(d-1) == nil && string(p.Key(d-2)) == "trees" && w.depth < 0 {
			w.startTree(d, off)
		} else {
			w.known(p, off)
		}
		return
	}
	if d == 0 {
		return
	}
	if w.depth >= 0 {
		if d == w.depth+1 {
			w.into = w.tree.list(string(p.Key(d - 1)))
		}
	} else {
		w.into = w.model.list(p, d)
		w.known(p, off)
	}
	if w.into != nil {
		w.into.off = off
	}
}

// list picks the lists beside the trees.
func (b *booster) list(p place, d int) *list {
	switch string(p.Key(d - 1)) {
	case "trees":
		b.listed = true
	case "tree_info":
		return &b.treeInfo
	case "iteration_indptr":
		return &b.indptr
	case "weight_drop":
		return &b.weightDrop
	case "weights":
		return &b.weights
	case "feature_names":
		return &b.featureNames
	case "feature_types":
		return &b.featureTypes
	}
	return nil
}

func (w *walker) end(p place) {
	w.into = nil
	if p.Depth() == w.depth {
		w.endTree()
	}
}

// block takes an array of numbers as a whole when only its length matters.
func (w *walker) block(integers bool, _, count, _ int64) bool {
	if w.into != nil && w.into.keep && integers {
		return true
	}
	if w.into != nil {
		w.into.count += count
		w.into.wide = w.into.wide || w.into.keep
	}
	return false
}

func (w *walker) value(p place, s *scalar) {
	if s.text != nil {
		w.look(p, s)
	}
	if w.into != nil && p.Key(p.Depth()-1) == nil {
		w.into.add(s)
		return
	}
	d := p.Depth()
	if d < 2 {
		w.known(p, s.off)
		return
	}
	if w.depth >= 0 {
		if d == w.depth+2 && string(p.Key(d-2)) == "tree_param" {
			w.tree.param(string(p.Key(d-1)), s.int())
		}
		return
	}
	w.model.value(string(p.Key(d-2)), p.Key(d-1), p, s)
	w.known(p, s.off)
}

// int is a number, or a text that spells one; -1 for others.
func (s *scalar) int() int64 {
	if s.text == nil {
		return s.number
	}
	if n, ok := integer(s.text); ok {
		return n
	}
	return -1
}

func (b *booster) value(in string, key []byte, p place, s *scalar) {
	k := string(key)
	switch {
	case in == "version" || k == "" && string(p.Key(p.Depth()-2)) == "version":
		if p.Index(p.Depth()-1) < 3 && len(b.version) < 40 {
			b.version = strings.TrimPrefix(b.version+"."+strconv.FormatInt(s.int(), 10), ".")
		}
	case in == "gradient_booster" && k == "name":
		b.name = rule.Clip(string(s.text))
	case in == "objective" && k == "name":
		b.objective = rule.Clip(string(s.text))
	case in == "learner_model_param":
		switch k {
		case "num_feature":
			b.features = s.int()
		case "num_class":
			b.classes = s.int()
		case "num_target":
			b.targets = s.int()
		}
	case in == "gbtree_model_param" && k == "num_trees":
		b.declaredTrees = s.int()
	}
}

// knownKeys are those below the objects named, which XGBoost reads or writes.
// Parameters of objectives and of training come and go with versions and are let
// through: their texts are looked at like all others.
var knownKeys = map[string]string{
	"":                 " learner version Model Config ",
	"learner":          " attributes feature_names feature_types gradient_booster learner_model_param objective generic_param learner_train_param metrics cats ",
	"gradient_booster": " model name gbtree weight_drop gbtree_train_param gbtree_model_param tree_train_param specified_updater updater dart_train_param linear_train_param ",
	"model":            " gbtree_model_param trees tree_info iteration_indptr cats weights boosted_rounds param model_param ",
}

// known reports a key that has no meaning to XGBoost.
func (w *walker) known(p place, off int64) {
	d := p.Depth()
	if d == 0 || d > 5 || p.Key(d-1) == nil {
		return
	}
	in := ""
	for i := range d - 1 {
		if p.Key(i) == nil {
			return
		}
		if k := string(p.Key(i)); k != "Model" && k != "Config" {
			in = k
		}
	}
	keys, listed := knownKeys[in]
	key := string(p.Key(d - 1))
	if !listed || strings.Contains(keys, " "+key+" ") {
		return
	}
	if len(w.names) < 100 {
		w.names = append(w.names, p.Path())
	}
	w.raise(ruleUnknown, off, p.Path(), fmt.Sprintf("The model has the key %q, which XGBoost does not read.", rule.Clip(p.Path())))
}

const (
	perRule   = 20  // how often one rule is raised for one file
	maxHidden = 100 // streams found in texts and handed on
)

func (w *walker) raise(id string, off int64, symbol, message string) {
	if w.raised[id]++; w.raised[id] <= perRule {
		w.res.Findings = append(w.res.Findings, rule.Finding(id, w.in.Location(min(off, w.in.R.Size()), 0), symbol, message))
	}
}

// look searches a text for a pickle or a program and hands on what it finds.
func (w *walker) look(p place, s *scalar) {
	if len(s.text) < 16 {
		return
	}
	data, how := encoded.Pickle(s.text)
	what := "a pickle"
	if data == nil {
		h, ok := magic.Find(s.text)
		if !ok {
			if s.cut && encoded.MayBegin(s.text) {
				_ = w.in.R.Budget().Reach("string-kept", bounded.MaxStringKept)
			}
			return
		}
		data, how, what = h.Data, h.How, h.What
	}
	if s.cut || w.hidden == maxHidden {
		_ = w.in.R.Budget().Reach("string-kept", bounded.MaxStringKept)
	}
	path := p.Path()
	w.raise(ruleHidden, s.off, path, fmt.Sprintf("The value of %q holds %s (%s).", rule.Clip(path), what, how))
	if w.hidden < maxHidden {
		w.hidden++
		w.res.Children = append(w.res.Children, format.Child{Name: path, Offset: s.off, R: bounded.NewBytes(slices.Clone(data), w.in.R.Budget())})
	}
}

func (w *walker) fact(key, value string) {
	if value != "" {
		w.res.Facts = append(w.res.Facts, finding.Fact{Key: key, Value: rule.Clip(value)})
	}
}
