package sample

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// assembleZip reads one item per line:
//
//	prefix CONTENT               bytes before the first member
//	entry NAME METHOD CONTENT    a member; METHOD is stored, deflate or a number
//	end [OPTIONS]                the directory and end records, once; else they follow by themselves
//	trailer CONTENT              bytes behind them
//
// CONTENT is a quoted string, "fill COUNT BYTE", or @asm or @hex with the text
// in the following lines up to @end. Options stand behind the content of an
// entry and make its headers lie:
//
//	name= local-name= central-name=      local-flag= central-flag= flag=
//	local-size= central-size=            decoded size; local-stored= central-stored= for the stored one
//	method= local-method= crc= mode=     mode is octal, central only
//	extra= central-extra=                extra fields in hex
//	at=                                  offset of the local header as the directory tells it
//	descriptor                           sizes behind the data, zeros before it
//	unlisted                             no directory entry
//
// Options of end: count= comment="..." zip64 (a zip64 end record too), offset= (added to the directory's offset).
func assembleZip(text string) ([]byte, error) {
	z := &zipText{lines: strings.Split(text, "\n")}
	for z.next < len(z.lines) {
		line := strings.TrimSpace(uncomment(z.lines[z.next]))
		z.next++
		if line == "" {
			continue
		}
		if err := z.item(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", z.next, err)
		}
	}
	if !z.ended {
		z.end(zipOptions{})
	}
	return z.out, nil
}

type zipText struct {
	lines   []string
	next    int
	out     []byte
	central []byte
	count   int
	ended   bool
}

func (z *zipText) item(line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch verb {
	case "prefix", "trailer":
		if verb == "trailer" && !z.ended {
			z.end(zipOptions{})
		}
		data, _, err := z.content(rest)
		z.out = append(z.out, data...)
		return err
	case "entry":
		return z.entry(rest)
	case "end":
		opt, err := parseZipOptions(rest)
		z.end(opt)
		return err
	}
	return fmt.Errorf("unknown item %q", verb)
}

// content takes the bytes that a line starts with and returns what follows.
func (z *zipText) content(rest string) (data []byte, more string, err error) {
	kind, after, _ := strings.Cut(rest, " ")
	switch {
	case strings.HasPrefix(rest, `"`):
		s, more, err := word(rest, false)
		return []byte(s), more, err
	case kind == "fill":
		f := strings.SplitN(after, " ", 3)
		if len(f) < 2 {
			return nil, "", fmt.Errorf("want fill COUNT BYTE")
		}
		data, err = fillBytes(f[0] + " " + f[1])
		return data, strings.Join(f[2:], " "), err
	case kind == "@asm" || kind == "@hex":
		from := z.next
		for z.next < len(z.lines) && strings.TrimSpace(z.lines[z.next]) != "@end" {
			z.next++
		}
		body := strings.Join(z.lines[from:z.next], "\n")
		z.next++
		if kind == "@asm" {
			data, err = assemblePickle(body)
		} else {
			data, err = assembleHex(body)
		}
		return data, after, err
	}
	return nil, "", fmt.Errorf("no content in %q", rest)
}

// zipOptions are the options of an entry by name.
type zipOptions map[string]string

func parseZipOptions(s string) (zipOptions, error) {
	o := zipOptions{}
	for s = strings.TrimSpace(s); s != ""; {
		stop := strings.IndexAny(s, "= ")
		if stop < 0 || s[stop] == ' ' {
			key, more, _ := strings.Cut(s, " ")
			o[key], s = "1", strings.TrimSpace(more)
			continue
		}
		value, more, err := word(s[stop+1:], false)
		if err != nil {
			return nil, err
		}
		o[s[:stop]], s = value, more
	}
	return o, nil
}

func (o zipOptions) text(or string, keys ...string) string {
	for _, k := range keys {
		if v, ok := o[k]; ok {
			return v
		}
	}
	return or
}

func (o zipOptions) number(or int, keys ...string) uint64 {
	if v, err := strconv.ParseUint(o.text("", keys...), 0, 64); err == nil {
		return v
	}
	return uint64(or)
}

func (o zipOptions) bytes(key string) []byte {
	p, _ := hex.DecodeString(strings.ReplaceAll(o[key], " ", ""))
	return p
}

var zipMethods = map[string]int{"stored": 0, "deflate": 8}

func (z *zipText) entry(rest string) error {
	name, rest, err := word(rest, false)
	if err != nil {
		return err
	}
	how, rest, _ := strings.Cut(rest, " ")
	data, rest, err := z.content(strings.TrimSpace(rest))
	if err != nil {
		return err
	}
	o, err := parseZipOptions(rest)
	if err != nil {
		return err
	}
	method, known := zipMethods[how]
	if !known {
		if method, err = strconv.Atoi(how); err != nil {
			return fmt.Errorf("unknown method %q", how)
		}
	}
	stored := data
	if method == 8 {
		stored = deflated(data)
	}
	z.member(o, name, method, data, stored)
	return nil
}

func deflated(data []byte) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}

func (z *zipText) member(o zipOptions, name string, method int, data, stored []byte) {
	at, flag := len(z.out), int(o.number(0, "flag"))
	crc := uint32(o.number(int(crc32.ChecksumIEEE(data)), "crc"))
	sizes := [3]uint32{crc, uint32(o.number(len(stored), "local-stored")), uint32(o.number(len(data), "local-size"))}
	_, later := o["descriptor"]
	if later {
		flag |= 8
		sizes = [3]uint32{}
	}
	local := o.text(name, "local-name", "name")
	extra := o.bytes("extra")
	z.out = append(z.out, "PK\x03\x04\x14\x00"...)
	z.out = put16(z.out, o.number(flag, "local-flag"), o.number(method, "local-method", "method"), 0, 33)
	z.out = put32(z.out, sizes[:]...)
	z.out = put16(z.out, uint64(len(local)), uint64(len(extra)))
	z.out = append(append(append(z.out, local...), extra...), stored...)
	if later {
		z.out = put32(append(z.out, "PK\x07\x08"...), crc, uint32(len(stored)), uint32(len(data)))
	}
	if _, hidden := o["unlisted"]; hidden {
		return
	}
	z.count++
	listed := o.text(name, "central-name", "name")
	extra = o.bytes("central-extra")
	mode, _ := strconv.ParseUint(o["mode"], 8, 16)
	c := append(z.central, "PK\x01\x02\x14\x03\x14\x00"...)
	c = put16(c, o.number(flag, "central-flag"), o.number(method, "method"), 0, 33)
	c = put32(c, crc, uint32(o.number(len(stored), "central-stored")), uint32(o.number(len(data), "central-size")))
	c = put16(c, uint64(len(listed)), uint64(len(extra)), 0, 0, 0)
	c = put32(c, uint32(mode<<16), uint32(o.number(at, "at")))
	z.central = append(append(c, listed...), extra...)
}

func (z *zipText) end(o zipOptions) {
	z.ended = true
	start, size := len(z.out)+int(o.number(0, "offset")), len(z.central)
	count := o.number(z.count, "count")
	z.out = append(z.out, z.central...)
	if _, big := o["zip64"]; big {
		at := uint64(len(z.out))
		z.out = append(z.out, "PK\x06\x06"...)
		z.out = binary.LittleEndian.AppendUint64(z.out, 44)
		z.out = put16(z.out, 45, 45, 0, 0, 0, 0)
		for _, v := range []uint64{count, count, uint64(size), uint64(start)} {
			z.out = binary.LittleEndian.AppendUint64(z.out, v)
		}
		z.out = put32(append(z.out, "PK\x06\x07"...), 0)
		z.out = put32(binary.LittleEndian.AppendUint64(z.out, at), 1)
	}
	z.out = put16(append(z.out, "PK\x05\x06"...), 0, 0, count, count)
	z.out = put32(z.out, uint32(size), uint32(start))
	z.out = append(put16(z.out, uint64(len(o["comment"]))), o["comment"]...)
	z.central, z.count = nil, 0
}

func put16(p []byte, vs ...uint64) []byte {
	for _, v := range vs {
		p = binary.LittleEndian.AppendUint16(p, uint16(v))
	}
	return p
}

func put32(p []byte, vs ...uint32) []byte {
	for _, v := range vs {
		p = binary.LittleEndian.AppendUint32(p, v)
	}
	return p
}
