package native

import (
	"encoding/binary"
	"strings"

	"github.com/sallyport/sallyport/internal/format"
)

// signatures find programs inside of tensor data. Four bytes occur by chance in
// every few gigabytes of weights, so whole headers are checked.
var signatures = []format.Signature{
	{Magic: "\x7fELF", Is: embeddedELF},
	{Magic: "MZ", Is: embeddedPE},
	{Magic: "\xcf\xfa\xed\xfe", Is: embeddedMachO},
	{Magic: "\xce\xfa\xed\xfe", Is: embeddedMachO},
	{Magic: "\xca\xfe\xba\xbe", Is: embeddedClass},
	{Magic: "\x00asm\x01\x00\x00\x00", Is: says("a WebAssembly module")},
	{Magic: "MZqFpD='", Is: says("an Actually Portable Executable")},
	{Magic: "!<arch>\n", Is: says("an archive of compiled objects")},
	{Magic: "#!/bin/", Is: embeddedScript},
	{Magic: "#!/usr/bin/", Is: embeddedScript},
}

func says(what string) func(*format.Input) string {
	return func(*format.Input) string { return what }
}

// embeddedELF checks every field of the header that has few legal values.
func embeddedELF(in *format.Input) string {
	p := in.Head()
	if !isELF(p, in) || len(p) < 64 || p[4] == 0 || p[5] == 0 || p[6] != 1 {
		return ""
	}
	var order binary.ByteOrder = binary.LittleEndian
	if p[5] == 2 {
		order = binary.BigEndian
	}
	header, size := 40, uint16(52)
	if p[4] == 2 {
		header, size = 52, 64
	}
	if kind := order.Uint16(p[16:]); kind < 1 || kind > 4 || order.Uint32(p[20:]) != 1 || order.Uint16(p[header:]) != size {
		return ""
	}
	return "an ELF program or library (Linux)"
}

// embeddedPE wants the signature where the old header points to, and a number of
// sections and a size of the optional header that programs have.
func embeddedPE(in *format.Input) string {
	p := in.Head()
	if !isPE(p, in) {
		return ""
	}
	coff, err := in.R.Bytes(int64(binary.LittleEndian.Uint32(p[0x3c:]))+4, 20)
	if err != nil {
		return ""
	}
	sections, optional := binary.LittleEndian.Uint16(coff[2:]), binary.LittleEndian.Uint16(coff[16:])
	if sections == 0 || sections > 96 || optional > 1024 {
		return ""
	}
	return "a PE program or library (Windows)"
}

func embeddedMachO(in *format.Input) string {
	p := in.Head()
	if !isMachO(p, in) || p[6] != 0 { // the type of processor is a small number with one flag byte
		return ""
	}
	if commands := binary.LittleEndian.Uint32(p[16:]); commands == 0 || commands > 1000 {
		return ""
	}
	return "a Mach-O program or library (macOS)"
}

// embeddedClass wants a version that exists and a first constant of a known kind.
func embeddedClass(in *format.Input) string {
	p := in.Head()
	if !isClass(p, in) || p[4] != 0 || p[5] > 3 && p[5] != 0xff || p[6] != 0 || p[7] > 80 || p[10] == 0 || p[10] > 20 {
		return ""
	}
	return "a Java class"
}

// embeddedScript wants a line of readable characters.
func embeddedScript(in *format.Input) string {
	line, _, ended := strings.Cut(string(in.Head()[:min(len(in.Head()), 128)]), "\n")
	if !ended || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return "a script (" + line + ")"
}
