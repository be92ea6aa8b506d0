package rule

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/finding"
)

func TestCatalogueIsSortedAndComplete(t *testing.T) {
	if !slices.IsSortedFunc(catalog, func(a, b Rule) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("the catalogue is not sorted")
	}
	for _, r := range catalog {
		if got, ok := Lookup(r.ID); !ok || got.ID != r.ID {
			t.Errorf("%s cannot be looked up", r.ID)
		}
		if (r.Kind == "coverage") != strings.HasPrefix(r.ID, "SP-COV-") {
			t.Errorf("%s is of kind %s", r.ID, r.Kind)
		}
	}
	if _, ok := Lookup("SP-NOPE-001"); ok {
		t.Error("an unknown rule was found")
	}
}

// TestCatalogueIsFresh compiles the catalogue again and compares.
func TestCatalogueIsFresh(t *testing.T) {
	cmd := exec.Command("go", "run", "./gen", "-check")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("run go generate ./internal/rule: %v\n%s", err, out)
	}
}

func TestWrongKindIsABug(t *testing.T) {
	for name, raise := range map[string]func(){
		"finding_with_coverage_rule": func() { Finding("SP-COV-001", finding.Location{}, "", "") },
		"gap_with_finding_rule":      func() { Gap("SP-NAME-001", finding.Location{}, "") },
		"unknown_rule":               func() { Finding("SP-NOPE-001", finding.Location{}, "", "") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was accepted", name)
				}
			}()
			raise()
		}()
	}
}

func TestClip(t *testing.T) {
	for in, want := range map[string]string{"short": "short", "bad\xff": "bad\uFFFD", strings.Repeat("a", 200): strings.Repeat("a", clipped) + "…"} {
		if got := Clip(in); got != want {
			t.Errorf("Clip(%q) = %q", in, got)
		}
	}
}
