package rules

import (
	"strings"
	"testing"
)

// rows returns the lines behind the header as fields.
func rows(t *testing.T, table string) [][]string {
	t.Helper()
	var out [][]string
	for line := range strings.Lines(table) {
		out = append(out, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	if len(out) < 1000 {
		t.Fatalf("only %d rows", len(out))
	}
	return out[1:]
}

func TestListsAreSortedAndUnique(t *testing.T) {
	for name, table := range map[string]string{"safe_globals": SafeGlobals, "gadgets": Gadgets} {
		t.Run(name, func(t *testing.T) {
			all := rows(t, table)
			for i := 1; i < len(all); i++ {
				if compareNames(all[i-1][0], all[i-1][1], all[i][0], all[i][1]) >= 0 {
					t.Errorf("%q does not come after %q", all[i][:2], all[i-1][:2])
				}
			}
		})
	}
}

func TestEveryRowIsFound(t *testing.T) {
	for _, row := range rows(t, SafeGlobals) {
		g := LookupGlobal(row[0], row[1])
		if string(g.Tier) != row[2] || g.Condition != row[3] {
			t.Errorf("%s %s: got tier %q condition %q, want %q %q", row[0], row[1], g.Tier, g.Condition, row[2], row[3])
		}
		if (g.Tier == 'C') != (g.Condition != "") {
			t.Errorf("%s %s: tier %q with condition %q", row[0], row[1], g.Tier, g.Condition)
		}
	}
	for _, row := range rows(t, Gadgets) {
		if g := LookupGlobal(row[0], row[1]); g.Effect != row[2] || g.Wildcard {
			t.Errorf("%s %s: got %+v, want effect %q", row[0], row[1], g, row[2])
		}
	}
}

func TestLookupGlobal(t *testing.T) {
	for _, c := range []struct {
		name, module, attr string
		want               Global
	}{
		{"unknown", "nowhere", "nothing", Global{}},
		{"empty", "", "", Global{}},
		{"before-first", "\x00", "", Global{}},
		{"behind-last", "\xff", "\xff", Global{}},
		{"wildcard", "os", "system_of_tomorrow", Global{Effect: "exec", Wildcard: true}},
		{"prefix-of-a-module", "o", "system", Global{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := LookupGlobal(c.module, c.attr); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
