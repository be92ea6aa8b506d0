package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
)

const goodName = "{module: acme.nets, name: Net, tier: B, reason: read by the platform team, expires: 2099-01-31}"

func TestNamesAreParsedAndSorted(t *testing.T) {
	p, err := Parse("p.yaml", []byte("apiVersion: sallyport/v1\nnames:\n- "+goodName+"\n- {module: acme.acts, name: swish.Fast, tier: A, reason: pure, expires: \"2030-12-01\"}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []finding.Name{
		{Module: "acme.acts", Name: "swish.Fast", Tier: "A", Reason: "pure", Expires: "2030-12-01"},
		{Module: "acme.nets", Name: "Net", Tier: "B", Reason: "read by the platform team", Expires: "2099-01-31"},
	}
	if diff := cmp.Diff(want, p.Names); diff != "" {
		t.Error(diff)
	}
	plain, err := Parse("p.yaml", []byte("apiVersion: sallyport/v1\n"), nil)
	if err != nil || plain.Digest() == p.Digest() {
		t.Errorf("additions do not change the digest of the policy (%v)", err)
	}
	lines, err := p.Explain(evidence.Production)
	if err != nil || !strings.Contains(strings.Join(lines, "\n"), "Files may import acme.nets.Net, which may be made empty and filled (tier B), until 2099-01-31: read by the platform team.") {
		t.Errorf("the account lacks the addition: %v\n%s", err, strings.Join(lines, "\n"))
	}
}

func TestNamesAreStrict(t *testing.T) {
	for name, c := range map[string]struct{ entry, want string }{
		"gadget":                       {"{module: os, name: system, tier: B, reason: r, expires: 2099-01-31}", "known to be abused (exec)"},
		"gadget-by-wildcard":           {"{module: subprocess, name: anything_new, tier: B, reason: r, expires: 2099-01-31}", "known to be abused"},
		"gadget-through-a-package":     {"{module: os.path, name: join, tier: B, reason: r, expires: 2099-01-31}", "known to be abused"},
		"gadget-through-dots":          {"{module: acme, name: os.system, tier: B, reason: r, expires: 2099-01-31}", "known to be abused"},
		"gadget-in-builtins":           {"{module: builtins, name: eval, tier: A, reason: r, expires: 2099-01-31}", "known to be abused"},
		"gadget-of-python-2":           {"{module: __builtin__, name: eval, tier: A, reason: r, expires: 2099-01-31}", "__builtin__"},
		"distribution-of-scipy":        {"{module: scipy.stats._continuous_distns, name: norm_gen, tier: B, reason: r, expires: 2099-01-31}", "under a condition"},
		"shell-of-ipython":             {"{module: IPython, name: embed, tier: B, reason: r, expires: 2099-01-31}", "known to be abused (code-eval)"},
		"conditional":                  {"{module: functools, name: partial, tier: A, reason: r, expires: 2099-01-31}", "under a condition"},
		"main":                         {"{module: __main__, name: Net, tier: B, reason: r, expires: 2099-01-31}", "whatever program loads the file"},
		"special-attribute":            {"{module: acme, name: Net.__init__, tier: B, reason: r, expires: 2099-01-31}", "Patterns are not possible"},
		"wildcard":                     {"{module: acme, name: \"*\", tier: B, reason: r, expires: 2099-01-31}", "Patterns are not possible"},
		"wildcard-module":              {"{module: \"acme.*\", name: Net, tier: B, reason: r, expires: 2099-01-31}", "Patterns are not possible"},
		"no-module":                    {"{name: Net, tier: B, reason: r, expires: 2099-01-31}", "\"module\" is \"\""},
		"line-break-in-a-name":         {"{module: \"acme\\nos\", name: Net, tier: B, reason: r, expires: 2099-01-31}", "\"module\" is"},
		"look-alike-letters":           {"{module: \"\u0430cme\", name: Net, tier: B, reason: r, expires: 2099-01-31}", "\"module\" is"},
		"tier-c":                       {"{module: acme, name: Net, tier: C, reason: r, expires: 2099-01-31}", "\"tier\" is \"C\""},
		"no-tier":                      {"{module: acme, name: Net, reason: r, expires: 2099-01-31}", "\"tier\" is \"\""},
		"no-reason":                    {"{module: acme, name: Net, tier: B, reason: \"  \", expires: 2099-01-31}", "has no reason"},
		"reason-of-two-lines":          {"{module: acme, name: Net, tier: B, reason: \"a\\nb\", expires: 2099-01-31}", "one line"},
		"no-last-day":                  {"{module: acme, name: Net, tier: B, reason: r}", "\"expires\" is \"\""},
		"last-day-that-does-not-exist": {"{module: acme, name: Net, tier: B, reason: r, expires: 2099-02-30}", "\"expires\" is"},
		"last-day-with-a-time":         {"{module: acme, name: Net, tier: B, reason: r, expires: 2099-01-31T00:00:00Z}", "\"expires\" is"},
		"never":                        {"{module: acme, name: Net, tier: B, reason: r, expires: never}", "\"expires\" is \"never\""},
		"unknown-key":                  {"{module: acme, name: Net, tier: B, reason: r, expires: 2099-01-31, forever: true}", "Unknown key \"forever\""},
		"twice":                        {goodName + "\n- " + goodName, "listed twice"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("p.yaml", []byte("apiVersion: sallyport/v1\nnames:\n- "+c.entry+"\n"), nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "p.yaml:") {
				t.Errorf("got %v, want something with %q, file and line", err, c.want)
			}
		})
	}
}

func TestNamesExpire(t *testing.T) {
	p := &Policy{Names: []finding.Name{{Module: "a", Name: "b", Tier: "B", Reason: "r", Expires: "2026-03-31"}}}
	for at, want := range map[string]int{"2026-03-30T00:00:00Z": 1, "2026-03-31T23:59:59Z": 1, "2026-04-01T00:00:00Z": 0, "2026-04-01T01:00:00+02:00": 1, "2030-01-01T00:00:00Z": 0} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		inForce, expired := p.NamesAt(when)
		if len(inForce) != want || len(inForce)+len(expired) != 1 {
			t.Errorf("%s: %d in force, %d expired, want %d in force", at, len(inForce), len(expired), want)
		}
	}
	if bad := (&finding.Name{Expires: "soon"}); !bad.Expired(time.Time{}) {
		t.Error("a day that cannot be read still counts")
	}
}

// A scan that was told to allow something passes only a gate that allows it too.
func TestGateKnowsTheNamesOfTheScan(t *testing.T) {
	name := func(tier, expires string) finding.Name {
		return finding.Name{Module: "acme", Name: "Net", Tier: tier, Reason: "read", Expires: expires}
	}
	day := func(n int) string { return now.AddDate(0, 0, n).UTC().Format(time.DateOnly) }
	for _, c := range []struct {
		name       string
		scan, gate []finding.Name
		deny       bool
	}{
		{"none", nil, nil, false},
		{"gate-has-more", nil, []finding.Name{name("B", day(9))}, false},
		{"gate-has-it", []finding.Name{name("B", day(9))}, []finding.Name{name("B", day(9))}, false},
		{"gate-has-it-for-longer", []finding.Name{name("B", day(1))}, []finding.Name{name("B", day(99))}, false},
		{"gate-has-it-until-today", []finding.Name{name("B", day(9))}, []finding.Name{name("B", day(0))}, false},
		{"gate-had-it-until-yesterday", []finding.Name{name("B", day(9))}, []finding.Name{name("B", day(-1))}, true},
		{"gate-lacks-it", []finding.Name{name("B", day(9))}, nil, true},
		{"gate-has-another", []finding.Name{name("B", day(9))}, []finding.Name{{Module: "acme", Name: "Other", Tier: "B", Reason: "r", Expires: day(9)}}, true},
		{"gate-has-the-wider-tier", []finding.Name{name("B", day(9))}, []finding.Name{name("A", day(9))}, false},
		{"gate-has-the-narrower-tier", []finding.Name{name("A", day(9))}, []finding.Name{name("B", day(9))}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := testPolicy()
			p.Names = c.gate
			ev := good()
			for i := range ev.Statements {
				if ev.Statements[i].Scan != nil {
					ev.Statements[i].Scan.Names = c.scan
				}
			}
			d := Decide(p, evidence.Production, ev, now)
			want := []string(nil)
			if c.deny {
				want = []string{clauseScanNames}
			}
			if diff := cmp.Diff(want, clauses(d, true)); diff != "" || d.Allow == c.deny {
				t.Errorf("%s%s", diff, explain(d))
			}
			checkReasons(t, d)
			r := report()
			r.Names = c.scan
			in := DecideAdmission(p, []string{"production"}, r, "./model", now)
			checkReasons(t, in)
			if in.Allow == c.deny {
				t.Errorf("gate 1 decides otherwise\n%s", explain(in))
			}
		})
	}
}
