package sample

import (
	"fmt"
	"strings"
)

// assembleTar reads one item per line:
//
//	entry NAME CONTENT [OPTIONS]   a member
//	pax KEY=VALUE ...              a header about the next member
//	global KEY=VALUE ...           a header about all members behind it
//	long NAME, longlink NAME       GNU's headers for long names
//	raw CONTENT                    bytes as they stand
//	end [N]                        N zero blocks, 2 by default; without it they follow by themselves
//
// CONTENT is as in a zipspec. Options of an entry:
//
//	type=5 link=TARGET prefix=FOLDER mode=755   fields of the header
//	size=N                                      the size that the header declares
//	sum=N                                       the checksum
//	old                                         no magic number
func assembleTar(text string) ([]byte, error) {
	t := &tarText{zipText: zipText{lines: strings.Split(text, "\n")}}
	for t.next < len(t.lines) {
		line := strings.TrimSpace(uncomment(t.lines[t.next]))
		t.next++
		if line == "" {
			continue
		}
		if err := t.item(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", t.next, err)
		}
	}
	if !t.ended {
		t.zeros(2)
	}
	return t.out, nil
}

// tarText borrows the reading of contents from the zip builder.
type tarText struct{ zipText }

func (t *tarText) item(line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch verb {
	case "entry":
		return t.entry(rest)
	case "pax", "global":
		o, err := parseZipOptions(rest)
		t.member(map[string]string{"type": map[string]string{"pax": "x", "global": "g"}[verb]}, "pax", paxRecords(rest, o))
		return err
	case "long", "longlink":
		name, _, err := word(rest, true)
		t.member(map[string]string{"type": map[string]string{"long": "L", "longlink": "K"}[verb]}, "././@LongLink", append([]byte(name), 0))
		return err
	case "raw":
		data, _, err := t.content(rest)
		t.out, t.ended = append(t.out, data...), true
		return err
	case "end":
		n := 2
		_, _ = fmt.Sscan(rest, &n)
		t.zeros(n)
		return nil
	}
	return fmt.Errorf("unknown item %q", verb)
}

func (t *tarText) zeros(blocks int) {
	t.out, t.ended = append(t.out, make([]byte, 512*blocks)...), true
}

// paxRecords writes the options in the order in which they stand in the line.
func paxRecords(line string, o zipOptions) (out []byte) {
	for field := range strings.FieldsSeq(line) {
		key, _, ok := strings.Cut(field, "=")
		if !ok {
			continue
		}
		body := " " + key + "=" + o[key] + "\n"
		n := len(body) + 1
		for len(fmt.Sprint(n))+len(body) != n {
			n++
		}
		out = fmt.Appendf(out, "%d%s", n, body)
	}
	return out
}

func (t *tarText) entry(rest string) error {
	name, rest, err := word(rest, false)
	if err != nil {
		return err
	}
	data, rest, err := t.content(rest)
	if err != nil {
		return err
	}
	o, err := parseZipOptions(rest)
	t.member(o, name, data)
	return err
}

func (t *tarText) member(o zipOptions, name string, data []byte) {
	h := make([]byte, 512)
	copy(h, name)
	copy(h[100:], fmt.Sprintf("%07s", o.text("644", "mode")))
	copy(h[108:], "0000000\x000000000")
	copy(h[124:], fmt.Sprintf("%011o", o.number(len(data), "size")))
	copy(h[136:], "00000000000")
	h[156] = o.text("0", "type")[0]
	copy(h[157:257], o["link"])
	if _, old := o["old"]; !old {
		copy(h[257:], "ustar\x0000")
	}
	copy(h[345:500], o["prefix"])
	copy(h[148:156], "        ")
	sum := 0
	for _, b := range h {
		sum += int(b)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00", o.number(sum, "sum")))
	t.out, t.ended = append(append(t.out, h...), data...), false
	t.out = append(t.out, make([]byte, -len(data)&511)...)
}
