package pickle

import (
	"bytes"
	"context"
	"encoding/binary"
	"strconv"
	"testing"

	"github.com/sallyport/sallyport/internal/bounded"
)

// benchSize is how long each stream of the benchmark is, in bytes.
const benchSize = 8 << 20

// benchStreams are what writers spend opcodes on; none holds a large byte string.
var benchStreams = []struct {
	name  string
	proto byte
	item  func(w *pickler, i int)
}{
	{"ints", 4, (*pickler).int},
	{"floats", 4, func(w *pickler, i int) { w.float(float64(i) * 0.5) }},
	{"strings", 4, func(w *pickler, i int) { w.text("token_" + strconv.Itoa(i*7919)) }},
	{"nested", 4, (*pickler).nested},
	{"records", 2, (*pickler).nested},
	{"text-protocol", 0, (*pickler).nested},
	{"state-dict", 2, (*pickler).tensor},
	{"forest", 4, (*pickler).tree},
}

// BenchmarkStreams is the speed of the machine on streams of opcodes:
//
//	go test -run - -bench Streams ./internal/decode/pickle
func BenchmarkStreams(b *testing.B) {
	for _, s := range benchStreams {
		b.Run(s.name, func(b *testing.B) {
			w := pickler{proto: s.proto, memo: map[string]int{}}
			w.open()
			for i := 0; len(w.out) < benchSize; i++ {
				w.batch(i)
				s.item(&w, i)
			}
			data := w.close()
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				// A file, not memory: what it costs to read on belongs to it.
				r := bounded.NewReader(bytes.NewReader(data), int64(len(data)), bounded.NewBudget(context.Background(), int64(len(data))))
				if t := Run(r, 0, Options{}); !t.Stopped || len(t.Desyncs) > 0 || t.Overflow != "" {
					b.Fatal(t.Err, t.Desyncs, t.Overflow)
				}
			}
		})
	}
}

// pickler writes one list of items with the opcodes that CPython's pickler takes
// for them, in frames of 64 KiB from protocol 4 on.
type pickler struct {
	proto byte
	out   []byte
	frame int            // where the open frame starts; 0 for none
	memo  map[string]int // texts and names that were written
	count int            // entries of the memo
}

func (w *pickler) op(p ...byte) { w.out = append(w.out, p...) }

func (w *pickler) open() {
	if w.proto > 0 {
		w.op(0x80, w.proto)
	}
	w.enter()
	w.empty(']', 'l')
}

// enter closes the open frame, if it is long enough, and begins another one.
func (w *pickler) enter() {
	if w.proto < 4 || w.frame > 0 && len(w.out)-w.frame < 64<<10 {
		return
	}
	w.leave()
	w.op(0x95, 0, 0, 0, 0, 0, 0, 0, 0)
	w.frame = len(w.out)
}

func (w *pickler) leave() {
	if w.frame > 0 {
		binary.LittleEndian.PutUint64(w.out[w.frame-8:], uint64(len(w.out)-w.frame))
	}
}

// batch stands before item i of the list: writers append a thousand at a time.
func (w *pickler) batch(i int) {
	if w.proto == 0 {
		if i > 0 {
			w.op('a')
		}
		return
	}
	if i%1000 == 0 {
		if i > 0 {
			w.op('e')
		}
		w.enter()
		w.op('(')
	}
}

func (w *pickler) close() []byte {
	w.op(map[bool]byte{true: 'a', false: 'e'}[w.proto == 0], '.')
	w.leave()
	return w.out
}

// put is how each protocol stores the top of the stack.
func (w *pickler) put() {
	n := w.count
	w.count++
	switch {
	case w.proto == 0:
		w.op('p')
		w.out = append(strconv.AppendInt(w.out, int64(n), 10), '\n')
	case w.proto >= 4:
		w.op(0x94)
	case n < 256:
		w.op('q', byte(n))
	default:
		w.op('r')
		w.out = binary.LittleEndian.AppendUint32(w.out, uint32(n))
	}
}

// known writes a GET for what was written before under the key.
func (w *pickler) known(key string) bool {
	n, ok := w.memo[key]
	switch {
	case !ok:
		w.memo[key] = w.count
	case w.proto == 0:
		w.op('g')
		w.out = append(strconv.AppendInt(w.out, int64(n), 10), '\n')
	case n < 256:
		w.op('h', byte(n))
	default:
		w.op('j')
		w.out = binary.LittleEndian.AppendUint32(w.out, uint32(n))
	}
	return ok
}

func (w *pickler) empty(modern, old byte) {
	if w.proto == 0 {
		w.op('(', old)
	} else {
		w.op(modern)
	}
	w.put()
}

func (w *pickler) int(i int) {
	i = i * 7919 % 100_000
	switch {
	case w.proto == 0:
		w.op('I')
		w.out = append(strconv.AppendInt(w.out, int64(i), 10), '\n')
	case i%3 == 0:
		w.op('K', byte(i))
	case i%3 == 1:
		w.op('M', byte(i), byte(i>>8))
	default:
		w.op('J')
		w.out = binary.LittleEndian.AppendUint32(w.out, uint32(i))
	}
}

func (w *pickler) float(x float64) {
	if w.proto == 0 {
		w.op('F')
		w.out = append(strconv.AppendFloat(w.out, x, 'g', -1, 64), '\n')
		return
	}
	w.op('G', 0x3f, 0xf8, byte(int(x)>>8), byte(int(x)), 0, 0, 0, 0)
}

// text writes a text that is met once, key one that is met again.
func (w *pickler) text(s string) {
	switch {
	case w.proto == 0:
		w.out = append(append(append(w.out, 'V'), s...), '\n')
	case w.proto >= 4:
		w.out = append(append(w.out, 0x8c, byte(len(s))), s...)
	default:
		w.op('X')
		w.out = append(binary.LittleEndian.AppendUint32(w.out, uint32(len(s))), s...)
	}
	w.put()
}

func (w *pickler) key(s string) {
	if !w.known(s) {
		w.text(s)
	}
}

// nested writes a record: a dict with numbers, texts, a list and a tuple in it.
func (w *pickler) nested(i int) {
	w.empty('}', 'd')
	fields := []func(){
		func() { w.key("name"); w.text("n" + strconv.Itoa(i)) },
		func() { w.key("id"); w.int(i) },
		func() { w.key("score"); w.float(float64(i) / 8) },
		func() { w.key("size"); w.pair(i, i+1) },
		func() { w.key("children"); w.empty(']', 'l') },
	}
	if w.proto > 0 {
		w.op('(')
	}
	for _, field := range fields {
		field()
		if w.proto == 0 {
			w.op('s')
		}
	}
	if w.proto > 0 {
		w.op('u')
	}
}

func (w *pickler) pair(a, b int) {
	if w.proto == 0 {
		w.op('(')
	}
	w.int(a)
	w.int(b)
	w.op(map[bool]byte{true: 't', false: 0x86}[w.proto == 0])
	w.put()
}

func (w *pickler) global(module, name string) {
	if w.known(module + "." + name) {
		return
	}
	if w.proto < 4 {
		w.out = append(w.out, "c"+module+"\n"+name+"\n"...)
		w.put()
		return
	}
	delete(w.memo, module+"."+name)
	w.key(module)
	w.key(name)
	w.op(0x93)
	w.memo[module+"."+name] = w.count
	w.put()
}

// tensor writes a name and a tensor as torch.save does.
func (w *pickler) tensor(i int) {
	w.text("layers." + strconv.Itoa(i) + ".weight")
	w.global("torch._utils", "_rebuild_tensor_v2")
	w.op('(', '(')
	w.key("storage")
	w.global("torch", "FloatStorage")
	w.text(strconv.Itoa(i))
	w.key("cpu")
	w.op('K', 64, 't')
	w.put()
	w.op('Q', 'K', 0, 'K', 64, 0x85)
	w.put()
	w.op('K', 1, 0x85)
	w.put()
	w.op(0x89)
	w.global("collections", "OrderedDict")
	w.op(')', 'R')
	w.put()
	w.op('t')
	w.put()
	w.op('R')
	w.put()
}

// tree writes a decision tree as scikit-learn does: an object with attributes,
// numbers and a small array.
func (w *pickler) tree(i int) {
	w.global("sklearn.tree._classes", "DecisionTreeClassifier")
	w.op(')', 0x81)
	w.put()
	w.empty('}', 'd')
	w.op('(')
	for _, name := range [...]string{"criterion", "splitter", "max_depth", "min_samples_split", "n_features_in_"} {
		w.key(name)
		w.int(i)
	}
	w.key("min_weight_fraction_leaf")
	w.float(float64(i))
	w.key("class_weight")
	w.op('N')
	w.key("n_classes_")
	w.array(i)
	w.op('u', 'b')
}

func (w *pickler) array(i int) {
	w.global("numpy._core.multiarray", "_reconstruct")
	w.global("numpy", "ndarray")
	w.op('K', 0, 0x85)
	w.put()
	w.bytes("b")
	w.op(0x87)
	w.put()
	w.op('R')
	w.put()
	w.op('(', 'K', 1, 'K', 2, 0x85)
	w.put()
	if !w.known("dtype") {
		delete(w.memo, "dtype")
		w.global("numpy", "dtype")
		w.text("i8")
		w.op(0x89, 0x88, 0x87)
		w.put()
		w.op('R')
		w.memo["dtype"] = w.count
		w.put()
	}
	w.op(0x89)
	w.bytes("\x02\x00\x00\x00\x00\x00\x00\x00" + strconv.Itoa(10_000_000+i%1_000_000))
	w.op('t')
	w.put()
	w.op('b')
}

func (w *pickler) bytes(s string) {
	w.out = append(append(w.out, 'C', byte(len(s))), s...)
	w.put()
}
