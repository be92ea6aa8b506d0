package native

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/marshal"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/rules"
)

// inspectPyc decodes the code behind the header, whose length depends on the
// version: 8 bytes up to Python 3.2, 12 up to 3.6, then 16.
func inspectPyc(in *format.Input) *detail {
	d := &detail{}
	head := in.Head()
	for _, at := range []int64{16, 12, 8} {
		if head[at]&0x7f != 'c' {
			continue
		}
		r, err := in.R.Section(at, in.R.Size()-at)
		if err != nil {
			continue
		}
		p, err := marshal.Read(r, marshal.Any)
		if err != nil || len(p.Codes) == 0 {
			continue
		}
		names, _, imports := p.Find()
		d.needed, d.arch = nil, p.Layout.String()
		for _, m := range imports {
			d.need(m)
		}
		d.bad = gadgets(names, imports)
		d.end = at + p.End
		return d
	}
	return d
}

// gadgets are the names of code that are known from attacks, under a module that
// it imports or as builtins.
func gadgets(names, imports []string) (bad []string) {
	names, imports = names[:min(len(names), 4096)], imports[:min(len(imports), maxNames)]
	for _, n := range names {
		switch n {
		case "exec", "eval", "compile", "__import__":
			bad = keep(bad, "builtins."+n)
		}
	}
	for _, m := range imports {
		for _, n := range names {
			if !slices.Contains(imports, n) && !strings.HasPrefix(n, "__") && dangerous(m, n) {
				bad = keep(bad, m+"."+n)
			}
		}
	}
	return bad
}

// dangerous leaves out what programs use daily and only an unpickler must not:
// most of os, and whatever the lists say of a whole module.
func dangerous(module, name string) bool {
	if module == "os" || module == "posix" || module == "nt" {
		for _, start := range [...]string{"system", "popen", "exec", "spawn", "posix_spawn", "fork", "startfile"} {
			if strings.HasPrefix(name, start) {
				return true
			}
		}
		return false
	}
	switch g := rules.LookupGlobal(module, name); g.Effect {
	case "exec", "code-eval", "network", "pickle-reentry":
		return !g.Wildcard
	}
	return false
}

// inspectClass reads the constants of a Java class, which name every class that
// it uses, and walks to its end.
func inspectClass(in *format.Input) *detail {
	m := &class{Cursor: in.R.NewCursor(8), text: map[uint16]string{}}
	defer m.Close()
	d := &detail{}
	if !m.constants() {
		return d
	}
	for _, i := range m.classes {
		d.need(strings.ReplaceAll(m.text[i], "/", "."))
	}
	if !m.skip(6) || !m.skip(2*int64(m.u16())) || !m.members() || !m.members() || !m.attributes() || m.failed {
		return d
	}
	d.end = m.Offset()
	return d
}

type class struct {
	*bounded.Cursor
	text    map[uint16]string // short strings by index
	classes []uint16          // indexes of the names of classes
	failed  bool
}

func (m *class) u16() uint16 {
	p, err := m.Next(2)
	if err != nil {
		m.failed = true
		return 0
	}
	return binary.BigEndian.Uint16(p)
}

func (m *class) u32() int64 {
	p, err := m.Next(4)
	if err != nil {
		m.failed = true
		return 0
	}
	return int64(binary.BigEndian.Uint32(p))
}

func (m *class) skip(n int64) bool {
	m.failed = m.failed || m.Skip(n) != nil
	return !m.failed
}

func (m *class) constants() bool {
	for i, n := uint16(1), m.u16(); i < n && !m.failed; i++ {
		tag, err := m.Byte()
		if err != nil {
			return false
		}
		switch tag {
		case 1:
			length := int64(m.u16())
			if p, err := m.Next(length); err != nil {
				return false
			} else if length < 128 {
				m.text[i] = string(p)
			}
		case 7:
			m.classes = append(m.classes, m.u16())
		case 8, 16, 19, 20:
			m.skip(2)
		case 15:
			m.skip(3)
		case 3, 4, 9, 10, 11, 12, 17, 18:
			m.skip(4)
		case 5, 6: // take two places
			m.skip(8)
			i++
		default:
			return false
		}
	}
	return !m.failed
}

// members skips fields or methods.
func (m *class) members() bool {
	for n := m.u16(); n > 0; n-- {
		if !m.skip(6) || !m.attributes() {
			return false
		}
	}
	return !m.failed
}

func (m *class) attributes() bool {
	for n := m.u16(); n > 0; n-- {
		if !m.skip(2) || !m.skip(m.u32()) {
			return false
		}
	}
	return !m.failed
}

// inspectWasm walks the sections and lists imports and exports.
func inspectWasm(in *format.Input) *detail {
	d := &detail{end: 8}
	c := in.R.NewCursor(8)
	defer c.Close()
	for c.Remaining() > 0 {
		id, err := c.Byte()
		size, ok := leb(c)
		if err != nil || id > 13 || !ok || int64(size) > c.Remaining() {
			return d
		}
		at := c.Offset()
		if r, err := in.R.Section(at, int64(size)); err == nil && (id == 2 || id == 7) {
			wasmNames(d, r, id == 2)
		}
		if c.Skip(int64(size)) != nil {
			return d
		}
		d.end = c.Offset()
	}
	return d
}

// wasmNames reads the section of imports or exports as far as it is understood.
func wasmNames(d *detail, r *bounded.Reader, imports bool) {
	c := r.NewCursor(0)
	defer c.Close()
	n, ok := leb(c)
	for ; ok && n > 0; n-- {
		var name string
		if imports {
			module, good := wasmName(c)
			field, good2 := wasmName(c)
			name, ok = module+"."+field, good && good2
		} else if name, ok = wasmName(c); ok && (name == "_start" || name == "_initialize") {
			d.export(name)
		}
		if !ok || imports && !wasmImport(c) || !imports && !wasmExport(c) {
			return
		}
		if imports {
			d.need(name)
		}
	}
}

func wasmExport(c *bounded.Cursor) bool {
	_, err := c.Byte()
	_, ok := leb(c)
	return err == nil && ok
}

// wasmImport skips what is imported: a function, table, memory, global or tag.
func wasmImport(c *bounded.Cursor) bool {
	kind, err := c.Byte()
	if err != nil {
		return false
	}
	switch kind {
	case 1:
		if c.Skip(1) != nil {
			return false
		}
		fallthrough
	case 2:
		flags, err := c.Byte()
		_, ok := leb(c)
		if ok && flags&1 != 0 {
			_, ok = leb(c)
		}
		return err == nil && ok
	case 3:
		return c.Skip(2) == nil
	case 4:
		if c.Skip(1) != nil {
			return false
		}
	case 0:
	default:
		return false
	}
	_, ok := leb(c)
	return ok
}

func wasmName(c *bounded.Cursor) (string, bool) {
	n, ok := leb(c)
	if !ok || n > 4096 {
		return "", false
	}
	p, err := c.Next(int64(n))
	return string(p), err == nil
}

// leb reads an unsigned number of 32 bits in LEB128.
func leb(c *bounded.Cursor) (n uint64, ok bool) {
	for shift := 0; shift < 35; shift += 7 {
		b, err := c.Byte()
		if err != nil {
			return 0, false
		}
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n, n <= 0xffffffff
		}
	}
	return 0, false
}
