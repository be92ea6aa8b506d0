package policy

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/evidence"
)

// Which scan decides. Time is given in days before now.
func TestScanOrder(t *testing.T) {
	const (
		clean = iota
		flagged
		incomplete
	)
	type scan struct {
		kind, sequence, age int
	}
	tests := []struct {
		name  string
		scans []scan
		deny  []string
	}{
		{"clean", []scan{{clean, 5, 1}}, nil},
		{"flagged", []scan{{flagged, 5, 1}}, []string{clauseScanFinding}},
		{"incomplete", []scan{{incomplete, 5, 1}}, []string{clauseScanGap}},
		{"flagged-then-clean-same-ruleset", []scan{{flagged, 5, 3}, {clean, 5, 1}}, nil},
		{"clean-then-flagged-same-ruleset", []scan{{clean, 5, 3}, {flagged, 5, 1}}, []string{clauseScanFinding}},
		{"same-ruleset-same-time", []scan{{clean, 5, 1}, {flagged, 5, 1}}, []string{clauseScanFinding}},
		{"clean-by-older-ruleset-later", []scan{{flagged, 5, 3}, {clean, 4, 1}}, []string{clauseScanFinding}},
		{"clean-by-newer-ruleset-later", []scan{{flagged, 5, 3}, {clean, 6, 1}}, nil},
		{"clean-by-newer-ruleset-earlier", []scan{{flagged, 5, 1}, {clean, 6, 3}}, nil},
		{"flagged-by-newer-ruleset-later", []scan{{clean, 5, 3}, {flagged, 6, 1}}, []string{clauseScanFinding}},
		{"flagged-by-newer-ruleset-earlier", []scan{{clean, 5, 1}, {flagged, 6, 3}}, []string{clauseScanFinding}},
		{"incomplete-is-sticky", []scan{{clean, 5, 3}, {incomplete, 5, 1}}, []string{clauseScanGap}},
		{"incomplete-is-superseded", []scan{{incomplete, 5, 3}, {clean, 5, 1}}, nil},
		{"incomplete-does-not-lift-flagged", []scan{{flagged, 5, 3}, {incomplete, 6, 1}}, []string{clauseScanFinding, clauseScanGap}},
		{"two-flagged-one-superseded", []scan{{flagged, 5, 3}, {flagged, 7, 3}, {clean, 6, 1}}, []string{clauseScanFinding}},
		{"two-flagged-both-superseded", []scan{{flagged, 5, 3}, {flagged, 7, 3}, {clean, 7, 1}}, nil},
		{"stale-clean-lifts-nothing", []scan{{flagged, 5, 40}, {clean, 5, 30}}, []string{clauseScanAge}},
		{"fresh-old-rules-beside-stale-new-rules", []scan{{clean, 6, 30}, {clean, 5, 1}}, nil},
		{"fresh-old-rules-do-not-lift-what-new-rules-found", []scan{{flagged, 6, 40}, {clean, 6, 30}, {clean, 5, 1}}, []string{clauseScanAge}},
		{"order-of-the-list-is-nothing", []scan{{clean, 6, 1}, {flagged, 5, 3}, {clean, 5, 2}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ev := good()
			ev.Statements = ev.Statements[1:]
			for _, s := range tt.scans {
				at := now.Add(-time.Duration(s.age) * day)
				ev.Statements = append(ev.Statements, statement([]*evidence.Scan{scanOf(s.sequence, at), flaggedOf(s.sequence, at), incompleteOf(s.sequence, at)}[s.kind]))
			}
			want := Decide(testPolicy(), evidence.Production, ev, now)
			if diff := cmp.Diff(tt.deny, clauses(want, true)); diff != "" {
				t.Errorf("%s%s", diff, explain(want))
			}
			checkReasons(t, want)
			slices.Reverse(ev.Statements)
			if d := Decide(testPolicy(), evidence.Production, ev, now); d.Allow != want.Allow {
				t.Errorf("another order of statements gives another answer\n%s", explain(d))
			}
		})
	}
}

func TestSupersededIsTold(t *testing.T) {
	ev := good()
	ev.Statements = append(ev.Statements, statement(flaggedOf(4, now.Add(-time.Hour))))
	d := Decide(testPolicy(), evidence.Production, ev, now)
	if !d.Allow || !slices.Contains(clauses(d, false), clauseScanOld) {
		t.Errorf("allow = %v\n%s", d.Allow, explain(d))
	}
}
