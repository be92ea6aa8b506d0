package native

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Keys of the facts about compiled code.
const (
	factKind    = "native.kind"
	factArch    = "native.arch"
	factNeeded  = "native.needed"  // libraries or modules that it asks for
	factExports = "native.exports" // entry points for hosts: PyInit_*, operator libraries
)

// Bounds of what is kept of one program: it is judged whatever it says.
const (
	maxNames = 64      // names of one list
	maxTable = 4 << 20 // bytes of one table of names that is searched
)

// detail is what the headers of compiled code say about it.
type detail struct {
	what    string // a more exact name than the magic gives; empty when there is none
	arch    string
	needed  []string
	exports []string
	bad     []string // names known from attacks
	end     int64    // behind the last byte that belongs to it; 0 when that is not known
}

func (d *detail) need(name string) { d.needed = keep(d.needed, name) }

// export notes a name that a host looks for when it loads a plug-in.
func (d *detail) export(name string) { d.exports = keep(d.exports, name) }

func keep(list []string, name string) []string {
	if name == "" || len(list) >= maxNames || slices.Contains(list, name) {
		return list
	}
	return append(list, rule.Clip(name))
}

// reach extends the program to the end of a range of the file.
func (d *detail) reach(off, length uint64) {
	if off < 1<<62 && length < 1<<62 {
		d.end = max(d.end, int64(off+length))
	}
}

// say is the sentence behind what the file is.
func (d *detail) say() string {
	var out string
	if len(d.exports) > 0 {
		out += " It offers itself as a plug-in: " + list(d.exports) + "."
	}
	if len(d.needed) > 0 {
		out += " It uses " + list(d.needed) + "."
	}
	return out
}

func list(names []string) string {
	const most = 8
	if len(names) > most {
		return strings.Join(names[:most], ", ") + " and more"
	}
	return strings.Join(names, ", ")
}

func (d *detail) facts(kind string) []finding.Fact {
	facts := []finding.Fact{{Key: factKind, Value: kind}}
	if d.arch != "" {
		facts = append(facts, finding.Fact{Key: factArch, Value: d.arch})
	}
	facts = append(facts, format.List(factNeeded, d.needed, maxNames)...)
	return append(facts, format.List(factExports, d.exports, maxNames)...)
}

// image reads numbers of one byte order; what lies outside is zero.
type image struct {
	r     *bounded.Reader
	order binary.ByteOrder
}

func (m image) bytes(off, n uint64) []byte {
	if off > 1<<62 || n > 1<<62 {
		return nil
	}
	p, err := m.r.Bytes(int64(off), int64(n))
	if err != nil {
		return nil
	}
	return p
}

func (m image) u16(off uint64) uint64 {
	if p := m.bytes(off, 2); p != nil {
		return uint64(m.order.Uint16(p))
	}
	return 0
}

func (m image) u32(off uint64) uint64 {
	if p := m.bytes(off, 4); p != nil {
		return uint64(m.order.Uint32(p))
	}
	return 0
}

// word is a number of 8 bytes where wide, else of 4.
func (m image) word(off uint64, wide bool) uint64 {
	if !wide {
		return m.u32(off)
	}
	if p := m.bytes(off, 8); p != nil {
		return m.order.Uint64(p)
	}
	return 0
}

// text is a string that a zero ends, of at most 255 bytes.
func (m image) text(off uint64) string {
	if off >= uint64(m.r.Size()) {
		return ""
	}
	p := m.bytes(off, min(256, uint64(m.r.Size())-off))
	if i := bytes.IndexByte(p, 0); i >= 0 {
		return string(p[:i])
	}
	return ""
}

// hostNames searches a table of strings for the names by which hosts find their
// plug-ins.
func (m image) hostNames(d *detail, off, n uint64) {
	table := m.bytes(off, min(n, maxTable))
	for _, mark := range hostMarks {
		for rest := table; ; {
			i := bytes.Index(rest, []byte(mark))
			if i < 0 {
				break
			}
			from := bytes.LastIndexByte(rest[:i], 0) + 1
			to := bytes.IndexByte(rest[i:], 0)
			if to < 0 {
				to = len(rest) - i
			}
			if to += i; to-from < 200 {
				d.export(string(rest[from:to]))
			}
			if rest = rest[to:]; len(d.exports) >= maxNames {
				return
			}
		}
	}
}

// hostMarks are parts of names that Python, PyTorch, ONNX Runtime, TensorFlow,
// TensorRT and Java look for.
var hostMarks = []string{"PyInit_", "TORCH_LIBRARY", "5torch7Library", "RegisterCustomOps", "TF_InitKernel", "TF_InitPlugin",
	"initLibNvInferPlugins", "JNI_OnLoad"}
