package pickle

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

// TestNamesOfThePolicy: an addition makes an unknown name known, in its tier, and
// nothing else.
func TestNamesOfThePolicy(t *testing.T) {
	names := format.NewNames([]finding.Name{
		{Module: "acme.nets", Name: "Net", Tier: "B", Reason: "read", Expires: "2099-01-31"},
		{Module: "acme.acts", Name: "make", Tier: "A", Reason: "read", Expires: "2099-01-31"},
		{Module: "os", Name: "system", Tier: "A", Reason: "a policy that got past its own check", Expires: "2099-01-31"},
		{Module: "functools", Name: "partial", Tier: "A", Reason: "the same", Expires: "2099-01-31"},
	})
	for _, c := range []struct{ name, code, want string }{
		{"class-made-empty", "GLOBAL acme.nets Net; EMPTY_TUPLE; NEWOBJ; EMPTY_DICT; BUILD; STOP", "012"},
		{"class-called", "GLOBAL acme.nets Net; NONE; TUPLE1; REDUCE; STOP", "009 012"},
		{"function-called", "GLOBAL acme.acts make; NONE; TUPLE1; REDUCE; STOP", "012"},
		{"another-name-of-the-module", "GLOBAL acme.nets Other; STOP", "002"},
		{"a-module-below", "GLOBAL acme.nets.deep Net; STOP", "002"},
		{"gadget-stays", "GLOBAL os system; @call; STOP", "001"},
		{"condition-stays", "GLOBAL functools partial; GLOBAL acme Other; TUPLE1; REDUCE; STOP", "002 009"},
		{"in-a-partial-when-it-may-be-called", "GLOBAL functools partial; GLOBAL acme.acts make; TUPLE1; REDUCE; STOP", "012"},
		{"not-in-a-partial-when-it-may-not", "GLOBAL functools partial; GLOBAL acme.nets Net; TUPLE1; REDUCE; STOP", "009 012"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := formattest.Input("model.pkl", assemble(t, "PROTO 3; "+c.code), true)
			in.Names = names
			found := map[string]bool{}
			for _, f := range Format.Read(in).Findings {
				found[strings.TrimPrefix(f.Rule, "SP-PICKLE-")] = true
			}
			var got []string
			for _, id := range []string{"001", "002", "007", "008", "009", "012"} {
				if found[id] {
					got = append(got, id)
				}
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %q, want %q", strings.Join(got, " "), c.want)
			}
		})
	}
}
