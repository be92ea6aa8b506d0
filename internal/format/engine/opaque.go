package engine

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/rules"
)

// compiled is a kind of file that a vendor's runtime alone can read.
type compiled struct {
	title   string
	endings string // names that claim it, with spaces around each
	magic   []string
	at      int
	instead string // what to ask for
}

var compiledKinds = [...]compiled{
	{"a TensorRT engine", " .engine .plan .trt ", []string{"ftrt", "ptrt", "trtf"}, 0, "build it again from the ONNX model on a machine of yours"},
	{"a Rockchip RKNN model", " .rknn ", []string{"RKNN", "CYPTRKNN"}, 0, "convert it again from the ONNX model with the RKNN toolkit"},
	{"a Hailo program", " .hef ", []string{"\x01HEF"}, 0, "compile it again from the ONNX model with Hailo's compiler"},
	{"a Qualcomm network (DLC)", " .dlc ", []string{"\xd5\x0a\x02\x00", "\xd5\x0a\x03\x00", "\xd5\x0a\x04\x00"}, 0, "convert it again from the ONNX model with Qualcomm's tools"},
	{"a CNTK model", " .cntk .dnn ", []string{"B\x00C\x00N\x00\x00\x00"}, 0, "export it to ONNX with CNTK"},
	{"an OpenVINO model compiled for one device", " .blob ", nil, 0, "compile it again from the .xml and .bin"},
}

// Compiled is any of them. None explains its bytes to anybody but its vendor.
var Compiled = format.Format{
	ID:         "compiled-engine",
	Title:      "Model compiled for one device",
	Spec:       "https://docs.nvidia.com/deeplearning/tensorrt/latest/",
	Extensions: []string{".engine", ".plan", ".trt", ".rknn", ".hef", ".cntk"},
	Rules:      []string{gapUnsupported, ruleLibrary},
	Match: func(in *format.Input) format.Confidence {
		if kindOf(in) != nil {
			return format.Strong
		}
		return format.No
	},
	Read: readCompiled,
}

// kindOf goes by the first bytes, and by the name when they are not known: vendors
// change them.
func kindOf(in *format.Input) *compiled {
	head := in.Head()
	if bytes.HasPrefix(wrapped(head), []byte("ftrt")) {
		return &compiledKinds[0]
	}
	for i := range compiledKinds {
		for _, m := range compiledKinds[i].magic {
			if bytes.HasPrefix(head, []byte(m)) && binaryData(head) {
				return &compiledKinds[i]
			}
		}
	}
	name := strings.ToLower(in.Name)
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 || len(head) == 0 || bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		return nil
	}
	ending := " " + name[dot:] + " "
	for i := range compiledKinds {
		if strings.Contains(compiledKinds[i].endings, ending) && binaryData(head) {
			return &compiledKinds[i]
		}
	}
	return nil
}

// wrapped is what stands behind the settings that Ultralytics puts in front of an
// engine: their length, and JSON.
func wrapped(head []byte) []byte {
	if len(head) < 8 || head[3] != 0 || head[4] != '{' {
		return nil
	}
	n := int(binary.LittleEndian.Uint32(head))
	return head[min(len(head), 4+n):]
}

// binaryData reports bytes that no text has.
func binaryData(head []byte) bool {
	return bytes.IndexFunc(head, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' || r == '\ufffd' }) >= 0
}

func readCompiled(in *format.Input) format.Result {
	k := kindOf(in)
	if k == nil {
		return format.Result{}
	}
	j := newJudge(in, "", "")
	head := int64(min(4, len(in.Head())))
	if w := wrapped(in.Head()); len(w) > 0 {
		head = int64(len(in.Head())-len(w)) + 4
		if r, err := in.R.Section(4, head-8); err == nil {
			j.hand("settings", r, 4, "json")
		}
	}
	j.span(format.Span{Length: head})
	j.gap(gapUnsupported, head, in.R.Size()-head, "It is "+k.title+", opaque by nature: nobody but its vendor's runtime can read what it does. Load it only with a signature that you trust, or "+k.instead+".")
	if k == &compiledKinds[0] {
		j.plugins()
	}
	return j.done()
}

// sniffed is how much of an engine is searched for the names of plug-ins, bytes
// at its start and at its end.
const sniffed = 1 << 20

// plugins looks for the names of plug-ins: TensorRT writes them, with the name of
// each class, as plain text.
func (j *judge) plugins() {
	size := j.in.R.Size()
	for _, off := range [...]int64{0, max(sniffed, size-sniffed)} {
		p, err := j.in.R.Bytes(off, min(sniffed, size-off))
		if off >= size || err != nil {
			return
		}
		for _, mark := range [...]string{"_TRT", "Plugin"} {
			j.plugin(p, mark, off)
		}
	}
}

func (j *judge) plugin(p []byte, mark string, off int64) {
	for at := 0; ; {
		i := bytes.Index(p[at:], []byte(mark))
		if i < 0 {
			return
		}
		end := at + i + len(mark)
		start := at + i
		for start > 0 && wordByte(p[start-1]) && end-start < 80 {
			start--
		}
		for end < len(p) && wordByte(p[end]) && end-start < 80 {
			end++
		}
		at = end
		name := string(p[start:end])
		if len(name) < 8 || j.seen[name] || len(j.seen) == 100 || strings.HasPrefix(name, "Plugin") || strings.HasPrefix(name, "IPlugin") {
			continue // too short for chance, or TensorRT's own words
		}
		j.seen[name] = true
		j.custom = append(j.custom, name)
		if _, own := rules.Row(rules.RuntimeOperators, "tensorrt", name); !own {
			j.raise(ruleLibrary, j.in.Location(off+int64(start), int64(end-start)), name, "The engine names the plug-in "+quote(name)+": it runs only with the library that has it.")
		}
	}
}

func wordByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}
