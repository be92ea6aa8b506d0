package rules

import (
	"strings"
	"sync"
)

// Global is what the lists say of a Python name that a file asks a loader to
// import. The zero value is a name that no list knows.
type Global struct {
	Tier      byte   // 'A' inert data, 'B' class of a known library, 'C' inert under Condition, 0 not allowed
	Condition string // id of the condition of tier C; each judge knows the ids it can check
	User      string // who writes this name into files
	Effect    string // what a gadget is good for: "exec", "network", …; "" when it is not one
	Wildcard  bool   // Effect is said of the whole module
}

// LookupGlobal looks a name up by its exact spelling. Precedence is the
// caller's: allowed under a condition that holds, then gadget, then unknown.
func LookupGlobal(module, name string) Global {
	key := [2]string{module, name}
	if g, ok := seen.Load(key); ok {
		return g.(Global)
	}
	g := lookup(module, name)
	if g.Tier != 0 || g.Effect != "" && !g.Wildcard {
		seen.Store(key, g)
	}
	return g
}

// Effect is what a name is good for when it is a gadget, by whatever way it is
// spelled: its own row, that of its module, modules that a dotted name passes
// through, special attributes, and the packages around the module. Empty when
// none of them is one.
func Effect(module, name string) string {
	if e := LookupGlobal(module, name).Effect; e != "" {
		return e
	}
	parts := strings.Split(name, ".")
	for i, p := range parts {
		if strings.HasPrefix(p, "__") && strings.HasSuffix(p, "__") {
			return "indirect-getattr"
		}
		head, rest := strings.Join(parts[:i], "."), strings.Join(parts[i:], ".")
		if head == "" {
			continue
		}
		for _, m := range [...]string{head, parts[i-1], module + "." + head} {
			if e := LookupGlobal(m, rest).Effect; e != "" {
				return e
			}
		}
		if e := LookupGlobal(module, head).Effect; e != "" {
			return e
		}
	}
	for {
		i := strings.LastIndexByte(module, '.')
		if i < 0 {
			return ""
		}
		module = module[:i]
		if g := LookupGlobal(module, "*"); g.Effect != "" {
			return g.Effect
		}
	}
}

// seen keeps answers for names that stand in a list, since files repeat a few of
// them; so it never grows beyond the lists.
var seen sync.Map

func lookup(module, name string) Global {
	var g Global
	if row, ok := Row(SafeGlobals, module, name); ok {
		tier, rest, _ := strings.Cut(row, "\t")
		g.Condition, rest, _ = strings.Cut(rest, "\t")
		g.User, _, _ = strings.Cut(rest, "\t")
		if tier != "" {
			g.Tier = tier[0]
		}
	}
	if row, ok := Row(Gadgets, module, name); ok {
		g.Effect, _, _ = strings.Cut(row, "\t")
	} else if row, ok := Row(Gadgets, module, "*"); ok {
		g.Effect, _, _ = strings.Cut(row, "\t")
		g.Wildcard = true
	}
	return g
}

// Row searches tab-separated lines that are sorted bytewise by their first two
// fields and returns what follows these in the line of module and name. It
// allocates nothing and needs no index: a program that looks at no pickle pays
// nothing at start.
func Row(table, module, name string) (row string, ok bool) {
	lo, hi := strings.IndexByte(table, '\n')+1, len(table) // behind the header; both at line starts
	for lo < hi {
		mid := lo + (hi-lo)/2
		start := mid + strings.IndexByte(table[mid:hi], '\n') + 1
		if start >= hi || start == mid {
			start = lo // the rest is one line, or mid lies in the last one: look from its start
			if i := strings.LastIndexByte(table[lo:mid], '\n'); i >= 0 {
				start = lo + i + 1
			}
		}
		end := start + strings.IndexByte(table[start:hi], '\n')
		if end < start {
			end = hi
		}
		line := table[start:end]
		m, rest, _ := strings.Cut(line, "\t")
		n, rest, _ := strings.Cut(rest, "\t")
		switch c := compareNames(module, name, m, n); {
		case c == 0:
			return rest, true
		case c < 0:
			hi = start
		default:
			lo = min(end+1, hi)
		}
	}
	return "", false
}

func compareNames(module, name, m, n string) int {
	if c := strings.Compare(module, m); c != 0 {
		return c
	}
	return strings.Compare(name, n)
}
