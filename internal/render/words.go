package render

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/finding"
)

// size writes bytes for people, in powers of 1000 as the hubs do.
func size(n int64) string {
	if n < 1000 {
		return count(n, "byte")
	}
	v, unit := float64(n), ""
	for _, unit = range []string{"kB", "MB", "GB", "TB", "PB"} {
		if v /= 1000; v < 999.95 {
			break
		}
	}
	return strconv.FormatFloat(v, 'f', 1, 64) + " " + unit
}

// grouped writes a number with commas: 1,234,567.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// count writes a number with its noun, which forms its plural with an s.
func count[N int | int64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(int64(n)) + " " + noun + "s"
}

// percent is rounded down: 100 % means all.
func percent(part, whole int64) string {
	if part >= whole {
		return "100 %"
	}
	tenths := int64(float64(part) / float64(whole) * 1000)
	return fmt.Sprintf("%d.%d %%", min(tenths, 999)/10, min(tenths, 999)%10)
}

// inside is the part of a location behind the path, as it continues the path:
// "!archive/data.pkl @34" or " line 7".
func inside(l finding.Location) string {
	var b strings.Builder
	for _, m := range l.Inside {
		b.WriteString("!" + Escape(m))
	}
	switch {
	case l.Line > 0:
		b.WriteString(" line " + strconv.Itoa(l.Line))
	case l.Offset > 0:
		b.WriteString(" @" + strconv.FormatInt(l.Offset, 10))
	}
	return b.String()
}

// where is a whole location for people: "model.pt!archive/data.pkl @34".
func where(l finding.Location) string { return Escape(l.Path) + inside(l) }

// member is a location without its offset.
func member(l finding.Location) string {
	return where(finding.Location{Path: l.Path, Inside: l.Inside})
}

// about turns the message of a finding or gap into a sentence that stands alone:
// it names the file instead of pointing to it.
func about(l finding.Location, message string) string {
	message, place := Escape(message), shorten(member(l))
	if strings.Contains(place, " ") {
		place = `"` + place + `"` // else nobody sees where the name ends
	}
	if rest, ok := strings.CutPrefix(message, "This file "); ok {
		return place + " " + rest
	}
	if before, after, ok := strings.Cut(message, "this file"); ok {
		return before + place + after
	}
	return place + ": " + message
}

// shorten cuts the middle out of a name that would fill the first screen.
func shorten(s string) string {
	const most = 120
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most/2]) + "…" + string(runes[len(runes)-most/2:])
}

// verdictWord is the first word of a report.
func verdictWord(v finding.Verdict) string {
	if v == finding.Nothing {
		return "NOTHING TO SCAN"
	}
	return strings.ToUpper(Escape(string(v)))
}

// bySeverity counts findings: "1 CRITICAL, 2 MEDIUM".
func bySeverity(findings []finding.Finding) string {
	var n [finding.Critical + 1]int
	for _, f := range findings {
		n[min(max(f.Severity, finding.Info), finding.Critical)]++
	}
	var parts []string
	for s := finding.Critical; s >= finding.Info; s-- {
		if n[s] > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", grouped(int64(n[s])), s))
		}
	}
	return strings.Join(parts, ", ")
}
