package pickle

import (
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/marshal"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// mostNames is how many names of compiled code a message tells.
const mostNames = 8

// compiled reports a byte string that is compiled Python code. Nothing in the file
// needs to load it: the program that reads the file may.
func (s *streams) compiled(res *format.Result, off int64, r *bounded.Reader) {
	if s.tries++; s.tries > maxTries {
		_ = s.in.R.Budget().Reach("pickle-list", maxTries)
		return
	}
	p, err := marshal.Read(r, marshal.Any)
	if err != nil || len(p.Codes) == 0 {
		return
	}
	symbol := "compiled " + rule.Clip(p.Codes[0].Name)
	if s.told[symbol] {
		return
	}
	if s.told == nil {
		s.told = map[string]bool{}
	}
	s.told[symbol] = true
	names, _, imports := p.Find()
	message := fmt.Sprintf("A byte string of this file is compiled Python code (%s, %s)", show(p.Codes[0].Name), p.Layout)
	for _, about := range []struct {
		says string
		list []string
	}{{"which imports ", imports}, {"which uses ", names}} {
		if list := about.list; len(list) > 0 {
			message += ", " + about.says + rule.Clip(strings.Join(list[:min(len(list), mostNames)], ", "))
			break
		}
	}
	res.Findings = append(res.Findings, rule.Finding(ruleCode, s.in.Location(off, 0), symbol, message+"."))
}
