package engine

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

const ncnnMagic = "7767517"

// NCNN is the graph of an NCNN model as text.
var NCNN = format.Format{
	ID:         "ncnn",
	Title:      "NCNN graph",
	Spec:       "https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure",
	Extensions: []string{".param"},
	Textual:    true,
	Rules:      []string{ruleLibrary, ruleHidden, gapLimit, gapMalformed, gapSize},
	Match: func(in *format.Input) format.Confidence {
		if p, ok := bytes.CutPrefix(bytes.TrimLeft(in.Head(), " \t\r\n"), []byte(ncnnMagic)); ok && (len(p) == 0 || p[0] <= ' ') {
			return format.Strong
		}
		return format.No
	},
	Read: readNCNN,
}

// paramReader reads a graph line by line.
type paramReader struct {
	*judge
	c    *bounded.Cursor
	line int
	rest bool // the last line, without a line feed, was read
}

func readNCNN(in *format.Input) format.Result {
	r := &paramReader{judge: newJudge(in, "ncnn", "NCNN"), c: in.R.NewCursor(0)}
	defer r.c.Close()
	r.next() // the magic number
	layers, _ := strconv.ParseInt(first(r.next(), 0), 10, 64)
	seen := int64(0)
	for {
		start := r.c.Offset()
		f := r.next()
		if f == nil {
			break
		}
		if in.R.Budget().Items(1) != nil {
			break
		}
		seen++
		if seen <= layers {
			r.layer(f, start)
		}
	}
	end := r.c.Offset()
	if r.rest {
		end = in.R.Size()
	}
	switch {
	case end < in.R.Size():
		r.gap(gapLimit, end, in.R.Size()-end, "A line is longer than what is kept of it.")
	case seen > layers:
		r.gap(gapSize, 0, 0, "It has more lines than the "+strconv.FormatInt(layers, 10)+" layers that it declares.")
	case seen < layers:
		r.gap(gapSize, 0, 0, "It declares "+strconv.FormatInt(layers, 10)+" layers and has "+strconv.FormatInt(seen, 10)+".")
	}
	r.span(format.Span{Length: end, Kind: format.Structure})
	r.res.Facts = append(r.res.Facts, finding.Fact{Key: "ncnn.layers", Value: strconv.FormatInt(seen, 10)})
	return r.done()
}

// next reads the words of the next line that has any; nil at the end.
func (r *paramReader) next() []string {
	for !r.rest {
		p, err := r.c.Line(bounded.MaxStringKept)
		if errors.Is(err, bounded.ErrTruncated) {
			r.rest = true
			if p, err = r.c.Next(r.c.Remaining()); err != nil {
				return nil
			}
		}
		if err != nil {
			return nil
		}
		r.line++
		if f := strings.Fields(string(p)); len(f) > 0 {
			return f
		}
	}
	return nil
}

func first(f []string, i int) string {
	if i < len(f) {
		return f[i]
	}
	return ""
}

// layer judges "TYPE NAME INPUTS OUTPUTS in… out… key=value…".
func (r *paramReader) layer(f []string, off int64) {
	at := r.in.Line(off, r.line)
	r.operator(f[0], at)
	in, errIn := strconv.ParseUint(first(f, 2), 10, 31)
	out, errOut := strconv.ParseUint(first(f, 3), 10, 31)
	if errIn != nil || errOut != nil || uint64(len(f)) < 4+in+out {
		r.gap(gapMalformed, off, 0, "The layer in line "+strconv.Itoa(r.line)+" has fewer values than it declares.")
		return
	}
	for _, value := range f[4+in+out:] {
		key, v, ok := strings.Cut(value, "=")
		if _, err := strconv.ParseInt(key, 10, 32); !ok || err != nil {
			r.gap(gapMalformed, off, 0, "The layer in line "+strconv.Itoa(r.line)+" has a value without a number: "+quote(value)+".")
			return
		}
		r.text([]byte(strings.Trim(v, `"`)), "value "+key, at, nil)
	}
}

// NCNNBinary is the same graph in binary form.
var NCNNBinary = format.Format{
	ID:         "ncnn-binary",
	Title:      "NCNN graph (binary)",
	Spec:       "https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure",
	Extensions: []string{".param.bin"},
	Rules:      []string{ruleLibrary, gapMalformed, gapUnsupported},
	Match: func(in *format.Input) format.Confidence {
		if p := in.Head(); len(p) >= 12 && binary.LittleEndian.Uint32(p) == 7767517 {
			return format.Strong
		}
		return format.No
	},
	Read: readNCNNBinary,
}

const (
	ncnnEnd    = -233   // behind the values of a layer
	ncnnArray  = -23300 // and below: the value is an array
	ncnnText   = -23400 // and below: the value is a text
	ncnnCustom = 1 << 8 // in the number of a type: registered by the application
)

// binaryGraph reads such a graph, number by number.
type binaryGraph struct {
	*judge
	at  int64
	cut bool
}

func (g *binaryGraph) number() int64 {
	p, err := g.in.R.Bytes(g.at, 4)
	if err != nil {
		g.cut = true
		return 0
	}
	g.at += 4
	return int64(int32(binary.LittleEndian.Uint32(p)))
}

// skip steps over n numbers.
func (g *binaryGraph) skip(n int64) {
	if n < 0 || n > (g.in.R.Size()-g.at)/4 {
		g.cut = true
		return
	}
	g.at += 4 * n
}

func readNCNNBinary(in *format.Input) format.Result {
	g := &binaryGraph{judge: newJudge(in, "ncnn", "NCNN"), at: 4}
	if in.R.Size() < 12 {
		return g.res
	}
	layers := g.number()
	g.number()
	end := g.at
	for i := int64(0); i < layers && !g.cut && in.R.Budget().Items(1) == nil; i++ {
		if g.layer(); !g.cut {
			end = g.at
		}
	}
	if g.cut {
		g.gap(gapMalformed, end, 0, "A layer is cut off.")
	}
	g.span(format.Span{Length: end})
	g.res.Facts = append(g.res.Facts, finding.Fact{Key: "ncnn.layers", Value: strconv.FormatInt(layers, 10)})
	return g.done()
}

func (g *binaryGraph) layer() {
	start := g.at
	kind := g.number()
	in, out := g.number(), g.number()
	g.skip(in)
	g.skip(out)
	for !g.cut {
		switch id := g.number(); {
		case g.cut || id == ncnnEnd:
			if !g.cut && kind&ncnnCustom != 0 {
				g.operator("custom "+strconv.FormatInt(kind&^ncnnCustom, 10), g.in.Location(start, 4))
			}
			return
		case id <= ncnnText:
			g.skip((g.number() + 3) / 4)
		case id <= ncnnArray:
			g.skip(g.number())
		default:
			g.number()
		}
	}
}

// NCNNWeights are the weights beside a graph. Their layout is known to the layers
// of NCNN only: each reads a mark and decides how many bytes follow.
var NCNNWeights = format.Format{
	ID:    "ncnn-weights",
	Title: "NCNN weights",
	Spec:  "https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure",
	Rules: []string{gapUnsupported},
	Match: func(in *format.Input) format.Confidence {
		stem, ok := strings.CutSuffix(in.Path, ".bin")
		if ok && len(in.Inside) == 0 && !strings.HasSuffix(stem, ".param") && in.Repo.Has(stem+".param") {
			return format.Strong
		}
		return format.No
	},
	Read: func(in *format.Input) format.Result {
		return format.Result{Spans: []format.Span{{Length: in.R.Size(), Kind: format.Unread, Rule: gapUnsupported,
			Reason: "These are weights of an NCNN model, whose layout only its layers know: what else lies among them was not looked for. Convert the model again from ONNX, or ask for a signature that you trust."}}}
	},
}
