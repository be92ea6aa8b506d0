// Package native recognises machine code and compiled bytecode: ELF, PE, Mach-O,
// WebAssembly, archives of objects, Java and Python bytecode, LLVM bitcode. It
// checks enough of each header that weights which happen to begin with "MZ" are
// not mistaken for it. Of the common kinds it reads the headers: for which
// machine, which libraries it needs, for which host it is a plug-in, and where it
// ends, so that what is appended to it stays unexplained.
//
// Specification: System V ABI (ELF), Microsoft PE/COFF, mach-o/loader.h, the
// WebAssembly core specification 3.0, JVMS 4, Lib/importlib of CPython.
//
// Threat: a library or program beside the weights runs with the rights of
// whoever loads the model.
// Not covered: what the code does; executables inside other files' payload.
package native

import (
	"encoding/binary"
	"fmt"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Format is compiled code of any kind.
var Format = format.Format{
	ID:    "native",
	Title: "Compiled code",
	Spec:  "https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html",
	Extensions: []string{".so", ".dll", ".exe", ".dylib", ".pyd", ".pyc", ".pyo", ".node", ".wasm", ".class",
		".o", ".a", ".ko", ".sys", ".scr", ".llamafile"},
	Rules: []string{ruleCode, ruleGadget, "SP-COV-012"},
	Match: match,
	Read:  read,

	Signatures: signatures,
}

func match(in *format.Input) format.Confidence {
	if kind(in) != "" {
		return format.Strong
	}
	return format.No
}

const (
	ruleCode   = "SP-NATIVE-001" // compiled code
	ruleGadget = "SP-NATIVE-002" // compiled code that names functions known from attacks
)

func read(in *format.Input) (res format.Result) {
	k := kindOf(in)
	if k == nil {
		return res
	}
	d := &detail{}
	if k.inspect != nil {
		d = k.inspect(in)
	}
	name := k.name
	if d.what != "" {
		name = d.what
	}
	end := in.R.Size()
	if d.end > 0 && d.end < end {
		end = d.end
	}
	message := "This file is " + name + ": it runs as it is, with the rights of whoever loads or starts it." + d.say()
	if rest := in.R.Size() - end; rest > 0 {
		message += fmt.Sprintf(" Behind its end stand %d bytes more.", rest)
	}
	at := in.Location(0, end)
	res.Findings = append(res.Findings, rule.Finding(ruleCode, at, k.name, message))
	if len(d.bad) > 0 {
		res.Findings = append(res.Findings, rule.Finding(ruleGadget, at, d.bad[0], "This compiled code refers to "+list(d.bad)+", known from attacks."))
	}
	res.Facts = d.facts(name)
	// What lies behind the end is nobody's: the engine looks into it.
	res.Spans = []format.Span{{Length: end, Kind: format.Unread, Rule: "SP-COV-012",
		Reason: "Compiled code is recognised, and what it does is not judged."}}
	return res
}

// kind names the compiled code an input holds, or is "".
func kind(in *format.Input) string {
	if k := kindOf(in); k != nil {
		return k.name
	}
	return ""
}

func kindOf(in *format.Input) *codeKind {
	head := in.Head()
	for i := range kinds {
		if kinds[i].is(head, in) {
			return &kinds[i]
		}
	}
	return nil
}

// codeKind is one kind of compiled code.
type codeKind struct {
	name    string
	is      func(head []byte, in *format.Input) bool
	inspect func(in *format.Input) *detail // nil: only recognised
}

var kinds = []codeKind{
	{"an ELF program or library (Linux)", isELF, inspectELF},
	{"a PE program or library (Windows)", isPE, inspectPE},
	{"an Actually Portable Executable (all systems)", begins("MZqFpD='", 8), nil},
	{"a Mach-O program or library (macOS)", isMachO, inspectMachO},
	{"a universal Mach-O program or library (macOS)", isFat, inspectFat},
	{"a Java class", isClass, inspectClass},
	{"a WebAssembly module", begins("\x00asm\x01\x00\x00\x00", 8), inspectWasm},
	{"an archive of compiled objects", begins("!<arch>\n", 8), nil},
	{"a thin archive of compiled objects", begins("!<thin>\n", 8), nil},
	{"LLVM bitcode", isBitcode, nil},
	{"compiled Python code", isPyc, inspectPyc},
	{"compiled Lua code", begins("\x1bLua", 5), nil},
	{"an Android executable", begins("dex\n0", 8), nil},
}

// begins makes a check for a magic in a file of at least size bytes.
func begins(magic string, size int) func([]byte, *format.Input) bool {
	return func(head []byte, _ *format.Input) bool {
		return len(head) >= size && string(head[:len(magic)]) == magic
	}
}

// isELF checks the identification: class, byte order and version have two or
// fewer legal values each.
func isELF(p []byte, _ *format.Input) bool {
	return len(p) >= 16 && string(p[:4]) == "\x7fELF" && p[4] <= 2 && p[5] <= 2 && p[6] <= 1
}

// isPE follows the offset of the new header, wherever in the file it lies.
func isPE(p []byte, in *format.Input) bool {
	if len(p) < 64 || p[0] != 'M' || p[1] != 'Z' {
		return false
	}
	at := int64(binary.LittleEndian.Uint32(p[0x3c:]))
	sign, err := in.R.Bytes(at, 4)
	return err == nil && string(sign) == "PE\x00\x00"
}

// isMachO checks magic and file type in either byte order.
func isMachO(p []byte, _ *format.Input) bool {
	if len(p) < 28 {
		return false
	}
	var order binary.ByteOrder = binary.LittleEndian
	if p[0] == 0xfe {
		order = binary.BigEndian
	}
	magic, fileType := order.Uint32(p), order.Uint32(p[12:])
	return (magic == 0xfeedface || magic == 0xfeedfacf) && fileType >= 1 && fileType <= 16
}

// isFat tells a universal binary, with its few architectures, from a Java class,
// which shares the magic and has its version (45 or more) in the same place.
func isFat(p []byte, _ *format.Input) bool {
	if len(p) < 28 {
		return false
	}
	magic, n := binary.BigEndian.Uint32(p), binary.BigEndian.Uint32(p[4:])
	return (magic == 0xcafebabe || magic == 0xcafebabf) && n >= 1 && n < 45
}

func isClass(p []byte, _ *format.Input) bool {
	return len(p) >= 24 && binary.BigEndian.Uint32(p) == 0xcafebabe && binary.BigEndian.Uint16(p[6:]) >= 45
}

func isBitcode(p []byte, _ *format.Input) bool {
	if len(p) < 20 {
		return false
	}
	magic := binary.LittleEndian.Uint32(p)
	return magic == 0xdec04342 || magic == 0x0b17c0de
}

// isPyc checks the magic of CPython or PyPy (a number up to 4095, or near 62200
// for Python 2, and "\r\n"), and the marshalled code object behind the header of
// 8, 12 or 16 bytes. The number keeps a table with short lines apart.
func isPyc(p []byte, _ *format.Input) bool {
	if len(p) < 24 || p[2] != '\r' || p[3] != '\n' || p[1] > 0x0f && p[1]&0xfe != 0xf2 {
		return false
	}
	for _, at := range []int{8, 12, 16} {
		if p[at]&0x7f == 'c' {
			return true
		}
	}
	return false
}
