package onnx

import (
	"path"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// place says where the data of a tensor lies. Keys may stand there twice; the
// last one counts, but every location is judged.
type place struct {
	location string
	offset   string
	length   string
	others   []string // locations that a later one replaced
	twice    bool
	seen     map[string]bool
}

func (t *reader) placeEntry(m *protobuf.Message, p *place) {
	var key, value string
	t.each(m, func() bool {
		switch m.Number {
		case entryKey:
			key = m.Text()
		case entryValue:
			value = m.Text()
		}
		return false
	})
	if p.seen[key] {
		p.twice = true
		if key == "location" {
			p.others = append(p.others, p.location)
		}
	}
	if p.seen == nil {
		p.seen = map[string]bool{}
	}
	switch key {
	case "location":
		p.location = value
	case "offset":
		p.offset = value
	case "length":
		p.length = value
	default:
		return // checksum and basepath are read by nobody
	}
	p.seen[key] = true
}

// memory marks tensors whose "offset" is an address in the memory of the runtime.
// It is meant for models that the runtime builds itself.
const memory = "*/_ORT_MEM_ADDR_/*"

// elsewhere judges the place of a tensor with n elements in another file.
func (t *reader) elsewhere(x *tensor, n int64, e element) {
	if !t.located(x) {
		return
	}
	p := &x.place
	claim := format.Claim{Path: path.Join(path.Dir(t.in.Path), p.location), Name: x.name, At: t.in.Location(x.off, 0)}
	claim.Type, claim.Row = x.layout()
	size, known := sizeOf(n, e.bits)
	var ok, given bool
	if claim.Offset, _, ok = decimal(p.offset); ok {
		claim.Length, given, ok = decimal(p.length)
	}
	switch {
	case !ok:
		t.gap(gapMalformed, x.off, 0, `The place of the tensor "`+rule.Clip(x.name)+`" is not a number.`)
		return
	case !known || e.bits == 0:
		t.gap(gapSize, x.off, 0, `The tensor "`+rule.Clip(x.name)+`" cannot lie in another file: its size is not known.`)
		return
	case given && claim.Length != size:
		t.gap(gapSize, x.off, 0, `The shape of the tensor "`+rule.Clip(x.name)+`" does not fit the length of its data.`)
	case !given:
		claim.Length = size
	}
	t.claim(claim, p.location)
}

// located judges every path that the place of a tensor names, and reports whether
// the one that counts can be followed.
func (t *reader) located(x *tensor) bool {
	p := &x.place
	if p.twice {
		t.gap(gapTwice, x.off, 0, `The place of the tensor "`+rule.Clip(x.name)+`" is given twice.`)
	}
	for _, location := range p.others {
		t.badLocation(location, x.name, x.off)
	}
	return !t.badLocation(p.location, x.name, x.off)
}

// claim hands a claim to the engine. A model inside of another file has no
// files beside it that could be asked for.
func (t *reader) claim(c format.Claim, location string) {
	if len(t.in.Inside) == 0 {
		t.res.Claims = append(t.res.Claims, c)
		return
	}
	if !t.stored[location] && len(t.stored) < 100 {
		t.stored[location] = true
		t.gap(gapAbsent, c.At.Offset, 0, `It keeps tensors in the file "`+rule.Clip(location)+`", and lies inside of another file itself.`)
	}
}

// decimal reads digits only: loaders disagree on everything else.
func decimal(s string) (v int64, given, ok bool) {
	if s == "" {
		return 0, false, true
	}
	if strings.Trim(s, "0123456789") != "" {
		return 0, true, false
	}
	v, err := strconv.ParseInt(s, 10, 64)
	return v, true, err == nil
}

// badLocation judges a path from the model: it must stay below the folder of the
// model on every system. It returns true when there is nothing to claim.
func (t *reader) badLocation(location, name string, off int64) bool {
	what := ""
	switch {
	case location == "":
		t.gap(gapMalformed, off, 0, `The tensor "`+rule.Clip(name)+`" lies in another file that is not named.`)
		return true
	case location == memory:
		t.raise(ruleMemory, off, location, `The data of "`+rule.Clip(name)+`" is an address in the memory of the program that loads the model.`)
		return true
	case strings.ContainsRune(location, 0):
		what = "has a NUL in it"
	case location[0] == '/' || location[0] == '\\':
		what = "is absolute"
	case len(location) > 1 && location[1] == ':':
		what = "names a drive"
	case strings.Contains(location, "://") || strings.HasPrefix(strings.ToLower(location), "file:"):
		what = "is a URL"
	case climbs(location):
		what = "leads out of the folder of the model"
	default:
		return false
	}
	t.raise(ruleOutside, off, location, `The path "`+rule.Clip(location)+`", from which "`+rule.Clip(name)+`" is read, `+what+`.`)
	return true
}

// climbs reports a path that leaves its folder, for those who take a backslash
// for a separator and for those who do not.
func climbs(location string) bool {
	for _, p := range [...]string{location, strings.ReplaceAll(location, `\`, "/")} {
		depth := 0
		for part := range strings.SplitSeq(p, "/") {
			switch part {
			case "", ".":
			case "..":
				if depth--; depth < 0 {
					return true
				}
			default:
				depth++
			}
		}
	}
	return false
}

// compiled judges a node that holds a program for one device, or names its file.
func (t *reader) compiled(n *node, a *attributes) {
	t.raise(ruleEngine, n.off, n.op.name, "The node "+quote(n.label)+" ("+n.op.name+") runs a program that was compiled for one device; nobody can read what it does.")
	if a.file && !t.badLocation(a.engine, n.label, a.off) {
		if file := path.Join(path.Dir(t.in.Path), a.engine); !t.in.Repo.Has(file) || len(t.in.Inside) > 0 {
			t.gap(gapAbsent, a.off, 0, "Its compiled program lies in the file "+quote(a.engine)+", which is not part of what was scanned.")
		}
	}
}

func quote(s string) string { return `"` + rule.Clip(s) + `"` }
