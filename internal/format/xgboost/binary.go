package xgboost

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// signature begins the binary format of versions 0.4 to 1.7.
const signature = "binf"

// Sizes of the structures of the binary format, in bytes.
const (
	sizeLearner = 136
	sizeTrees   = 160
	sizeTree    = 148
	sizeNode    = 20
	sizeStats   = 16
	sizeLinear  = 136
)

// Binary is the format of versions before 2.
var Binary = format.Format{
	ID:         "xgboost-binary",
	Title:      "XGBoost model (binary)",
	Spec:       "https://xgboost.readthedocs.io/en/release_1.7.0/tutorials/saving_model.html",
	Extensions: []string{".xgb"},
	Rules:      append([]string{"SP-COV-003", "SP-COV-004", "SP-COV-012"}, findings...),
	Match: func(in *format.Input) format.Confidence {
		if len(in.Head()) >= 4+sizeLearner && string(in.Head()[:4]) == signature {
			return format.Strong
		}
		return format.No
	},
	Read: readBinary,
}

type binaryReader struct {
	*walker
	c *bounded.Cursor
}

// errUnsupported is a booster that the binary format is not known for.
var errUnsupported = errors.New("a booster that is not known")

func readBinary(in *format.Input) format.Result {
	b := &binaryReader{walker: newWalker(in), c: in.R.NewCursor(0)}
	defer b.c.Close()
	err := b.learner()
	at := b.c.Offset()
	b.res.Spans = append(b.res.Spans, format.Span{Length: at, Kind: format.Structure})
	if err != nil {
		b.stopped(at, err)
	}
	b.state()
	return b.res
}

func (b *binaryReader) stopped(at int64, err error) {
	s := format.Span{Offset: at, Length: b.in.R.Size() - at, Kind: format.Unread, Rule: "SP-COV-004", Reason: "The model is not valid: it ends inside of a value, or declares more than the file holds."}
	var limit *bounded.LimitError
	switch {
	case errors.As(err, &limit):
		s.Rule, s.Reason = "SP-COV-003", fmt.Sprintf("The model was not read to its end: %s.", err)
	case errors.Is(err, errUnsupported):
		s.Rule, s.Reason = "SP-COV-012", "The model uses the booster \""+rule.Clip(b.model.name)+"\", which this reader does not know."
	case !errors.Is(err, bounded.ErrTruncated) && !errors.Is(err, io.EOF):
		s.Reason = fmt.Sprintf("The model could not be read: %s.", err)
	}
	b.res.Spans = append(b.res.Spans, s)
}

func i32(p []byte, at int) int64 { return int64(int32(binary.LittleEndian.Uint32(p[at:]))) }

func (b *binaryReader) learner() error {
	p, err := b.c.Next(4 + sizeLearner)
	if err != nil {
		return err
	}
	p = p[4:]
	m := &b.model
	m.features, m.classes = int64(binary.LittleEndian.Uint32(p[4:])), i32(p, 8)
	attributes, metrics := i32(p, 12), i32(p, 16)
	if major := i32(p, 20); major > 0 && major < 100 {
		m.version = strconv.FormatInt(major, 10) + "." + strconv.FormatInt(i32(p, 24), 10)
	}
	m.targets = i32(p, 28)
	if m.objective, err = b.text("objective"); err != nil {
		return err
	}
	if m.name, err = b.text("booster"); err != nil {
		return err
	}
	if err := b.booster(); err != nil {
		return err
	}
	if attributes != 0 {
		if err := b.texts("attribute", 2); err != nil {
			return err
		}
	}
	if metrics != 0 {
		return b.texts("metric", 1)
	}
	return nil
}

// count reads the number of things that take size bytes each at least.
func (b *binaryReader) count(size int64) (int64, error) {
	n, err := b.c.Uint64()
	if err != nil {
		return 0, err
	}
	if n > math.MaxInt64 || int64(n) > b.c.Remaining()/size {
		return 0, bounded.ErrTruncated
	}
	return int64(n), nil
}

// text reads a string, looks whether it hides anything, and clips it.
func (b *binaryReader) text(name string) (string, error) {
	n, err := b.count(1)
	if err != nil {
		return "", err
	}
	at := b.c.Offset()
	p, err := b.c.Peek(min(n, bounded.MaxStringKept))
	if err != nil {
		return "", err
	}
	b.look(named(name), &scalar{text: p, cut: n > int64(len(p)), off: at, length: n})
	out := rule.Clip(string(p))
	return out, b.c.Skip(n)
}

// named is the place of a text of the binary format.
type named string

func (n named) Depth() int     { return 1 }
func (n named) Key(int) []byte { return []byte(n) }
func (n named) Index(int) int  { return 0 }
func (n named) Path() string   { return string(n) }

func (b *binaryReader) texts(name string, each int64) error {
	n, err := b.count(8 * each)
	if err != nil {
		return err
	}
	for range n * each {
		if err := b.in.R.Budget().Items(1); err != nil {
			return err
		}
		if _, err := b.text(name); err != nil {
			return err
		}
	}
	return nil
}

func (b *binaryReader) booster() error {
	switch b.model.name {
	case "gbtree":
		return b.trees()
	case "dart":
		if err := b.trees(); err != nil || b.model.trees == 0 {
			return err
		}
		return b.floats()
	case "gblinear":
		if err := b.c.Skip(sizeLinear); err != nil {
			return err
		}
		return b.floats()
	}
	return errUnsupported
}

func (b *binaryReader) floats() error {
	n, err := b.count(4)
	if err != nil {
		return err
	}
	return b.c.Skip(4 * n)
}

func (b *binaryReader) trees() error {
	p, err := b.c.Next(sizeTrees)
	if err != nil {
		return err
	}
	n := i32(p, 0)
	if n < 0 || n > b.c.Remaining()/sizeTree {
		b.raise(ruleLengths, b.c.Offset()-sizeTrees, "num_trees", fmt.Sprintf("The model declares %d trees.", n))
		return bounded.ErrTruncated
	}
	for range n {
		if err := b.tree(); err != nil {
			return err
		}
	}
	groups := max(b.model.classes, b.model.targets, 1)
	for range n {
		p, err := b.c.Next(4)
		if err != nil {
			return err
		}
		if g := i32(p, 0); g < 0 || g >= groups {
			b.raise(ruleIndex, b.c.Offset()-4, "tree_info", fmt.Sprintf("A tree adds to output %d of %d.", g, groups))
		}
	}
	return nil
}

func (b *binaryReader) tree() error {
	at := b.c.Offset()
	p, err := b.c.Next(sizeTree)
	if err != nil {
		return err
	}
	n, features, vector := i32(p, 4), int64(binary.LittleEndian.Uint32(p[16:])), i32(p, 20)
	if n <= 0 || n > b.c.Remaining()/(sizeNode+sizeStats) {
		b.raise(ruleLengths, at, "num_nodes", fmt.Sprintf("Tree %d declares %d nodes.", b.model.trees, n))
		return bounded.ErrTruncated
	}
	if n > bounded.MaxTreeNodes {
		return b.in.R.Budget().Reach("tree-nodes", bounded.MaxTreeNodes)
	}
	if err := b.in.R.Budget().Items(n); err != nil {
		return err
	}
	b.startTree(0, at)
	t := &b.walker.tree
	t.nodes, t.features = n, features
	if b.model.features > 0 && (features == 0 || features > b.model.features) {
		t.features = b.model.features
	}
	for range n {
		p, err := b.c.Next(sizeNode)
		if err != nil {
			return err
		}
		t.node(p)
	}
	if err := b.c.Skip(n * sizeStats); err != nil {
		return err
	}
	b.model.nodes += n
	b.shape(t)
	if vector > 1 {
		return b.floats()
	}
	return nil
}

// node keeps one node of the binary format: parent, children, feature. The sign
// of the parent and the highest bit of the feature are flags.
func (t *tree) node(p []byte) {
	push := func(l *list, v int64) {
		l.count++
		l.values = append(l.values, int32(v))
	}
	parent := i32(p, 0)
	if parent != -1 {
		parent &= deleted
	}
	push(&t.parent, parent)
	push(&t.left, i32(p, 4))
	push(&t.right, i32(p, 8))
	push(&t.split, int64(binary.LittleEndian.Uint32(p[12:])&deleted))
}
