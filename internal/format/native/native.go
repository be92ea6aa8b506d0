// Package native recognises machine code and compiled bytecode: ELF, PE, Mach-O,
// WebAssembly, archives of objects, Java and Python bytecode, LLVM bitcode. It
// checks enough of each header that weights which happen to begin with "MZ" are
// not mistaken for it, and reads nothing more.
//
// Threat: a library or program beside the weights runs with the rights of
// whoever loads the model.
// Not covered: what the code does; executables inside other files' payload.
package native

import (
	"encoding/binary"

	"github.com/sallyport/sallyport/internal/finding"
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
	Rules: []string{"SP-NATIVE-001"},
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

func read(in *format.Input) format.Result {
	k := kind(in)
	if k == "" {
		return format.Result{}
	}
	return format.Result{
		Findings: []finding.Finding{rule.Finding("SP-NATIVE-001", in.Location(0, 0), k,
			"This file is "+k+": it runs as it is, with the rights of whoever loads or starts it.")},
		Spans: []format.Span{{Length: in.R.Size(), Kind: format.Unread, Rule: "SP-COV-012",
			Reason: "Compiled code is recognised and not read."}},
	}
}

// kind names the compiled code an input holds, or is "".
func kind(in *format.Input) string {
	head := in.Head()
	for _, k := range kinds {
		if k.is(head, in) {
			return k.name
		}
	}
	return ""
}

var kinds = []struct {
	name string
	is   func(head []byte, in *format.Input) bool
}{
	{"an ELF program or library (Linux)", isELF},
	{"a PE program or library (Windows)", isPE},
	{"an Actually Portable Executable (all systems)", begins("MZqFpD='", 8)},
	{"a Mach-O program or library (macOS)", isMachO},
	{"a universal Mach-O program or library (macOS)", isFat},
	{"a Java class", isClass},
	{"a WebAssembly module", begins("\x00asm\x01\x00\x00\x00", 8)},
	{"an archive of compiled objects", begins("!<arch>\n", 8)},
	{"a thin archive of compiled objects", begins("!<thin>\n", 8)},
	{"LLVM bitcode", isBitcode},
	{"compiled Python code", isPyc},
	{"compiled Lua code", begins("\x1bLua", 5)},
	{"an Android executable", begins("dex\n0", 8)},
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
