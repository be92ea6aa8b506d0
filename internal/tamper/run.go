package tamper

import (
	"fmt"
	"io"
	"strings"
)

// attacks by name: the names of their arguments and what they do. A layout is
// the folder of one repository: REGISTRY/team/model.
var attacks = []struct {
	name string
	args []string
	run  func(w io.Writer, a []string) error
}{
	{"poison", []string{"SRC", "DST"}, func(_ io.Writer, a []string) error { return Poison(a[0], a[1]) }},
	{"annotate", []string{"LAYOUT", "TAG", "KEY", "VALUE"}, func(_ io.Writer, a []string) error { return Annotate(a[0], a[1], a[2], a[3]) }},
	{"retag", []string{"LAYOUT", "TAG", "OTHERTAG"}, func(_ io.Writer, a []string) error { return Retag(a[0], a[1], a[2]) }},
	{"content", []string{"LAYOUT", "TAG"}, func(_ io.Writer, a []string) error { return Content(a[0], a[1]) }},
	{"statement", []string{"LAYOUT", "TAG", "KIND", "OLD", "NEW"}, func(_ io.Writer, a []string) error {
		return Statement(a[0], a[1], a[2], a[3], a[4])
	}},
	{"reattach", []string{"LAYOUT", "TAG", "OTHERTAG"}, func(_ io.Writer, a []string) error { return Reattach(a[0], a[1], a[2]) }},
	{"show", []string{"LAYOUT", "TAG"}, func(w io.Writer, a []string) error { return Show(w, a[0], a[1]) }},
	{"withhold", []string{"LAYOUT", "TAG", "KIND"}, func(_ io.Writer, a []string) error { return Withhold(a[0], a[1], a[2]) }},
}

// Run carries out one attack, given as its name and its arguments. Only show, the
// harmless one, writes to w.
func Run(w io.Writer, args []string) error {
	for _, attack := range attacks {
		if len(args) == len(attack.args)+1 && args[0] == attack.name {
			return attack.run(w, args[1:])
		}
	}
	return fmt.Errorf("want one of:\n%s", Usage())
}

// Usage lists the attacks with their arguments, one per line.
func Usage() string {
	var b strings.Builder
	for _, attack := range attacks {
		fmt.Fprintf(&b, "  %s %s\n", attack.name, strings.Join(attack.args, " "))
	}
	return b.String()
}
