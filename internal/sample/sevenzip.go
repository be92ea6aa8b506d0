package sample

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
	"unicode/utf16"
)

// assembleSevenzip reads one item per line:
//
//	prefix CONTENT                bytes before the archive
//	folder [OPTIONS]              the files behind it are packed together, stored as they are
//	file NAME CONTENT [OPTIONS]   a file
//	folderless NAME [OPTIONS]     an entry without content
//	gap CONTENT                   bytes between packed data and the list of files
//	header [OPTIONS]              the list of files, once; else it follows by itself
//	trailer CONTENT               bytes behind the archive
//
// CONTENT is as in a zipspec. Options of a folder: method=HEX (of its only coder),
// props=HEX, size=N (of its content, as declared), stored=N. Options of a file:
// mode=OCTAL attributes=N sum=N; of an entry without content also dir and anti.
// Options of header: packed=N (packed N times), files=N (as declared), packs=N,
// at=N (where packed data begins), next=N (where the list lies), wrong (its
// checksum), start-wrong (that of the first header), raw=HEX (instead of the
// list), tail=HEX (behind the list).
func assembleSevenzip(text string) ([]byte, error) {
	s := &sevenText{zipText: zipText{lines: strings.Split(text, "\n")}}
	for s.next < len(s.lines) {
		line := strings.TrimSpace(uncomment(s.lines[s.next]))
		s.next++
		if line == "" {
			continue
		}
		if err := s.item(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", s.next, err)
		}
	}
	if !s.ended {
		s.header(zipOptions{})
	}
	return s.out, nil
}

// sevenText borrows the reading of contents from the zip builder.
type sevenText struct {
	zipText
	prefix  []byte
	packed  []byte
	folders []sevenFolder
	files   []sevenFile
}

type sevenFolder struct {
	options zipOptions
	data    []byte
	sizes   []int
	sums    []uint32
}

type sevenFile struct {
	name    string
	options zipOptions
	empty   bool
}

func (s *sevenText) item(line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch verb {
	case "prefix", "gap", "trailer":
		if verb == "trailer" && !s.ended {
			s.header(zipOptions{})
		}
		data, _, err := s.content(rest)
		switch verb {
		case "prefix":
			s.prefix = data
		case "gap":
			s.packed = append(s.packed, data...)
		default:
			s.out = append(s.out, data...)
		}
		return err
	case "folder", "header":
		o, err := parseZipOptions(rest)
		if verb == "folder" {
			s.folders = append(s.folders, sevenFolder{options: o})
		} else {
			s.header(o)
		}
		return err
	case "file", "folderless":
		return s.file(verb, rest)
	}
	return fmt.Errorf("unknown item %q", verb)
}

func (s *sevenText) file(verb, rest string) error {
	name, rest, err := word(rest, false)
	if err != nil {
		return err
	}
	f := sevenFile{name: name, empty: verb == "folderless"}
	var data []byte
	if !f.empty {
		if data, rest, err = s.content(rest); err != nil {
			return err
		}
	}
	if f.options, err = parseZipOptions(rest); err != nil {
		return err
	}
	s.files = append(s.files, f)
	if f.empty {
		return nil
	}
	if len(s.folders) == 0 {
		s.folders = append(s.folders, sevenFolder{options: zipOptions{}})
	}
	to := &s.folders[len(s.folders)-1]
	to.data = append(to.data, data...)
	to.sizes = append(to.sizes, len(data))
	to.sums = append(to.sums, uint32(f.options.number(int(crc32.ChecksumIEEE(data)), "sum")))
	s.packed = append(s.packed, data...)
	return nil
}

// header writes the archive.
func (s *sevenText) header(o zipOptions) {
	list := o.bytes("raw")
	if len(list) == 0 {
		list = s.list(o)
	}
	list = append(list, o.bytes("tail")...)
	body := s.packed
	for range o.number(0, "packed") {
		list, body = sevenPacked(list, len(body)), append(body, list...)
	}
	sum := crc32.ChecksumIEEE(list)
	if _, wrong := o["wrong"]; wrong {
		sum++
	}
	start := binary.LittleEndian.AppendUint64(nil, o.number(len(body), "next"))
	start = binary.LittleEndian.AppendUint64(start, uint64(len(list)))
	start = binary.LittleEndian.AppendUint32(start, sum)
	sum = crc32.ChecksumIEEE(start)
	if _, wrong := o["start-wrong"]; wrong {
		sum++
	}
	s.out = append(s.prefix, "7z\xbc\xaf\x27\x1c\x00\x04"...)
	s.out = append(binary.LittleEndian.AppendUint32(s.out, sum), start...)
	s.out = append(append(s.out, body...), list...)
	s.ended = true
}

// sevenPacked describes a list that is stored at an offset.
func sevenPacked(list []byte, at int) []byte {
	p := seven([]byte{0x17, 6}, uint64(at), 1)
	p = append(seven(append(p, 9), uint64(len(list))), 0)
	p = append(p, 7, 0x0b, 1, 0, 1, 1, 0, 0x0c)
	p = append(seven(p, uint64(len(list))), 0x0a, 1)
	return append(binary.LittleEndian.AppendUint32(p, crc32.ChecksumIEEE(list)), 0, 0)
}

// seven appends numbers as the format writes them, the largest in nine bytes.
func seven(p []byte, vs ...uint64) []byte {
	for _, v := range vs {
		switch {
		case v < 1<<7:
			p = append(p, byte(v))
		case v < 1<<14:
			p = append(p, 0x80|byte(v>>8), byte(v))
		default:
			p = binary.LittleEndian.AppendUint64(append(p, 0xff), v)
		}
	}
	return p
}

func (s *sevenText) list(o zipOptions) []byte {
	p := []byte{1}
	if len(s.folders) > 0 {
		p = s.streams(append(p, 4), o)
	}
	p = s.properties(seven(append(p, 5), o.number(len(s.files), "files")))
	return append(p, 0, 0)
}

func (s *sevenText) streams(p []byte, o zipOptions) []byte {
	p = seven(append(p, 6), o.number(0, "at"), o.number(len(s.folders), "packs"))
	p = append(p, 9)
	for _, f := range s.folders {
		p = seven(p, f.options.number(len(f.data), "stored"))
	}
	p = seven(append(p, 0, 7, 0x0b), uint64(len(s.folders)))
	p = append(p, 0)
	for _, f := range s.folders {
		id, props := f.options.bytes("method"), f.options.bytes("props")
		if len(id) == 0 {
			id = []byte{0}
		}
		p = append(p, 1, byte(len(id))|byte(min(1, len(props)))<<5)
		if p = append(p, id...); len(props) > 0 {
			p = append(append(p, byte(len(props))), props...)
		}
	}
	p = append(p, 0x0c)
	for _, f := range s.folders {
		p = seven(p, f.options.number(len(f.data), "size"))
	}
	p = append(p, 0, 8, 0x0d)
	for _, f := range s.folders {
		p = seven(p, uint64(len(f.sizes)))
	}
	p = append(p, 9)
	for _, f := range s.folders {
		for _, n := range f.sizes[:max(1, len(f.sizes))-1] {
			p = seven(p, uint64(n))
		}
	}
	p = append(p, 0x0a, 1)
	for _, f := range s.folders {
		for _, sum := range f.sums {
			p = binary.LittleEndian.AppendUint32(p, sum)
		}
	}
	return append(p, 0, 0)
}

func (s *sevenText) properties(p []byte) []byte {
	var empty, plain, anti, attributes []byte
	names := []byte{0}
	count := 0
	for i, f := range s.files {
		empty = sevenBit(empty, i, f.empty)
		if f.empty {
			_, dir := f.options["dir"]
			_, gone := f.options["anti"]
			plain, anti = sevenBit(plain, count, !dir), sevenBit(anti, count, gone)
			count++
		}
		for _, u := range append(utf16.Encode([]rune(f.name)), 0) {
			names = binary.LittleEndian.AppendUint16(names, u)
		}
		a := uint32(f.options.number(0, "attributes"))
		if mode, err := strconv.ParseUint(f.options["mode"], 8, 16); err == nil {
			a |= 1<<15 | uint32(mode)<<16
		}
		attributes = binary.LittleEndian.AppendUint32(attributes, a)
	}
	property := func(id byte, data []byte) {
		p = append(seven(append(p, id), uint64(len(data))), data...)
	}
	if count > 0 {
		property(0x0e, empty)
		property(0x0f, plain)
		property(0x10, anti)
	}
	property(0x11, names)
	property(0x15, append([]byte{1, 0}, attributes...))
	return p
}

func sevenBit(p []byte, i int, set bool) []byte {
	if i%8 == 0 {
		p = append(p, 0)
	}
	if set {
		p[i/8] |= 0x80 >> (i % 8)
	}
	return p
}
