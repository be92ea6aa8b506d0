package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
)

// Several scans of one manifest may lie in the registry, and an attacker would
// like to choose the one that suits him. So a result that blocks is sticky:
//
//   - A scan that blocks stands until a clean scan supersedes it.
//   - A clean scan supersedes one with an older ruleset, whenever it ran; with
//     the same ruleset, only when it finished later. Equal times leave the
//     blocking one standing.
//   - The scan that decides is clean, fresh, of a ruleset that is new enough, and
//     supersedes every blocking one by itself. A fresh clean scan with old rules
//     therefore never hides what newer rules have found.
//
// "Blocks" means anything but clean under the profile: findings, gaps, other
// files than the manifest's, a stated result that its own content contradicts.

// reading is one trusted scan statement with what is wrong with it.
type reading struct {
	*evidence.Scan
	statement *evidence.Statement
	against   reasons // denying reasons; empty for a clean scan
}

func (r *reading) clean() bool { return len(r.against.list) == 0 }

// supersedes reports whether a clean scan lifts what a blocking one says.
func (r *reading) supersedes(blocking *reading) bool {
	return r.Scanner.Sequence > blocking.Scanner.Sequence ||
		r.Scanner.Sequence == blocking.Scanner.Sequence && r.FinishedOn.After(blocking.FinishedOn)
}

// scans reports whether a scan was accepted, and says why or why not.
func (d *decider) scans(trusted []*evidence.Statement) bool {
	var clean, blocking []*reading
	for _, s := range trusted {
		if s.Scan == nil {
			continue
		}
		if d.ahead(s.Scan.FinishedOn) {
			d.deny(clauseScanTime, "Set the clock of the machine that scanned, and scan again; or wait.", "A scan of %s is from the future: by this clock it is %s.", clock(s.Scan.FinishedOn), clock(d.now))
			continue
		}
		r := d.read(s)
		if r.clean() {
			clean = append(clean, r)
		} else {
			blocking = append(blocking, r)
		}
	}
	// The best one comes first: the newest ruleset, then the latest.
	slices.SortStableFunc(clean, func(a, b *reading) int {
		return cmp.Or(cmp.Compare(b.Scanner.Sequence, a.Scanner.Sequence), b.FinishedOn.Compare(a.FinishedOn))
	})
	for _, r := range clean {
		if d.decides(r, blocking) {
			d.accept(r, blocking)
			return true
		}
	}
	d.refuse(clean, blocking)
	return false
}

func (d *decider) decides(r *reading, blocking []*reading) bool {
	return d.fresh(r) && r.Scanner.Sequence >= d.profile.MinRuleset && d.deepEnough(r) &&
		!slices.ContainsFunc(blocking, func(b *reading) bool { return !r.supersedes(b) })
}

func (d *decider) deepEnough(r *reading) bool { return r.Deep || !d.profile.RequireDeepScan }

func (d *decider) fresh(r *reading) bool {
	return d.now.Sub(r.FinishedOn) <= time.Duration(d.profile.MaxScanAge)
}

// ahead is true for a time further in the future than clocks may differ.
func (d *decider) ahead(t time.Time) bool {
	return t.Sub(d.now) > time.Duration(d.profile.MaxClockSkew)
}

func (d *decider) accept(r *reading, blocking []*reading) {
	d.note(clauseScanOK, "The scan of %s with ruleset %d, signed by key %s, found nothing that blocks in %s.",
		clock(r.FinishedOn), r.Scanner.Sequence, shortID(r.statement.KeyID), count(len(r.Files), "file"))
	for _, e := range r.Excluded[:min(len(r.Excluded), listed)] {
		d.note(clauseScanLeft, "%q was left out of the scan and is not part of the model: %s", clip(e.Path), period(e.Reason))
	}
	if more := len(r.Excluded) - listed; more > 0 {
		d.note(clauseScanLeft, "%d more files were left out.", more)
	}
	for _, b := range blocking {
		d.note(clauseScanOld, "The scan of %s with ruleset %d blocked (%s) and was superseded.",
			clock(b.FinishedOn), b.Scanner.Sequence, strings.TrimSuffix(b.against.list[0].Text, "."))
	}
}

// refuse says what the best clean scan lacks, and all that stands against it.
func (d *decider) refuse(clean, blocking []*reading) {
	if len(clean) == 0 {
		for _, b := range blocking {
			d.list = append(d.list, b.against.list...)
		}
		return
	}
	best := clean[0]
	if !d.fresh(best) {
		d.deny(clauseScanAge, "Admit the model again with \"sallyport admit\": the same files keep their digest and get a new scan.",
			"The scan of %s is %s old; %s allows %s.", clock(best.FinishedOn), age(d.now.Sub(best.FinishedOn)), d.env, d.profile.MaxScanAge)
	}
	if best.Scanner.Sequence < d.profile.MinRuleset {
		d.deny(clauseScanRuleset, "Admit the model again with a current version of sallyport.",
			"The scan used ruleset %d; %s wants %d or newer.", best.Scanner.Sequence, d.env, d.profile.MinRuleset)
	}
	if !d.deepEnough(best) {
		d.deny(clauseScanDeep, "Admit the model again with \"sallyport admit --deep\".", "The scan did not look into tensor and media data; %s wants that.", d.env)
	}
	for _, b := range blocking {
		if !best.supersedes(b) {
			d.list = append(d.list, b.against.list...)
		}
	}
}

// read judges one scan by what it lists, not by what it concludes.
func (d *decider) read(s *evidence.Statement) *reading {
	r := &reading{Scan: s.Scan, statement: s}
	if s.Scan.FinishedOn.Before(s.Scan.StartedOn) || s.Scan.FinishedOn.IsZero() {
		r.against.deny(clauseScanTime, "Scan again.", "The scan says that it began on %s and finished on %s.", clock(s.Scan.StartedOn), clock(s.Scan.FinishedOn))
	}
	d.sameFiles(r)
	for _, e := range s.Scan.Excluded {
		if lists(d.files, e.Path) {
			r.against.deny(clauseScanLeft, "Admit the model again without excluding the file.", "%q was left out of the scan, but it is part of the model.", clip(e.Path))
		}
	}
	findings(&r.against, clauseScanFinding, s.Scan.Findings, d.profile.BlockSeverity)
	gaps(&r.against, clauseScanGap, s.Scan.Gaps)
	d.names(r)
	d.result(r)
	return r
}

// sameFiles demands that the scan was of exactly the files of the manifest.
func (d *decider) sameFiles(r *reading) {
	const hint = "Admit the model again with \"sallyport admit\"; the scan was of other files."
	for _, difference := range differences(d.files, byPath(r.Files), "scan") {
		r.against.deny(clauseScanFiles, hint, "%s", period(difference))
	}
}

// result compares what the scan says with what its lists give.
func (d *decider) result(r *reading) {
	if r.Result == waived {
		r.against.deny(clauseScanWaived, "Remove what was found, or wait for a version with waivers.", "The scan relies on waivers, which are not part of this version.")
		return
	}
	if want := finding.Judge(len(r.Files), r.Findings, r.Gaps); r.Result != want {
		r.against.deny(clauseScanResult, "Do not trust this signer until it is clear why it signed this; then scan again.",
			"The scan of %s says %q, but what it lists makes it %q.", clock(r.FinishedOn), clip(string(r.Result)), want)
	}
}

// waived is the result that waivers would give.
const waived = "waived"

// findings denies for each finding that blocks. A severity that does not exist
// blocks too.
func findings(to *reasons, clause string, list []finding.Finding, block finding.Severity) {
	n := 0
	for i := range list {
		f := &list[i]
		if f.Severity < block && f.Severity >= finding.Info {
			continue
		}
		if n++; n <= listed {
			to.deny(clause, "See what it means and what to do: sallyport rules "+clip(f.Rule), "%s %s in %s: %s", f.Severity, clip(f.Rule), place(f.Location), period(f.Message))
		}
	}
	if n > listed {
		to.deny(clause, "The report lists all of them.", "%s more at %s or above.", count(n-listed, "finding"), block)
	}
}

// gaps denies for each gap.
func gaps(to *reasons, clause string, list []finding.Gap) {
	for _, g := range list[:min(len(list), listed)] {
		to.deny(clause, "See what it means and what to do: sallyport rules "+clip(g.Rule), "Not read or not understood (%s) in %s: %s", clip(g.Rule), place(g.Location), period(g.Reason))
	}
	if more := len(list) - listed; more > 0 {
		to.deny(clause, "The report lists all of them.", "%s more.", count(more, "gap"))
	}
}

// place says where, for a person.
func place(l finding.Location) string {
	switch {
	case l.Path == "":
		return "the model as a whole"
	case l.Line > 0:
		return fmt.Sprintf("%q, line %d", clip(l.String()), l.Line)
	case l.Offset > 0:
		return fmt.Sprintf("%q, byte %d", clip(l.String()), l.Offset)
	}
	return fmt.Sprintf("%q", clip(l.String()))
}

// lists reports whether a sorted list has a path.
func lists(files []evidence.File, path string) bool {
	_, found := slices.BinarySearchFunc(files, path, func(f evidence.File, path string) int { return cmp.Compare(f.Path, path) })
	return found
}

// differences says how the files of a statement differ from those of the
// manifest; the first ones in words, the rest as a number. Both lists are sorted
// by path.
func differences(manifest, stated []evidence.File, what string) (out []string) {
	i, j, more := 0, 0, 0
	for i < len(manifest) || j < len(stated) {
		c := compareAt(manifest, stated, i, j)
		switch {
		case c == 0 && manifest[i] == stated[j]:
		case len(out) == listed:
			more++
		case c < 0:
			out = append(out, fmt.Sprintf("%q is part of the model, and the %s does not list it", clip(manifest[i].Path), what))
		case c > 0:
			out = append(out, fmt.Sprintf("The %s lists %q, which is not part of the model", what, clip(stated[j].Path)))
		default:
			out = append(out, fmt.Sprintf("The %s saw other bytes under the name %q (%s)", what, clip(manifest[i].Path), unlike(stated[j], manifest[i])))
		}
		if c <= 0 {
			i++
		}
		if c >= 0 {
			j++
		}
	}
	if more > 0 {
		out = append(out, fmt.Sprintf("And %s more", count(more, "difference")))
	}
	return out
}

// unlike says how two files of one name differ.
func unlike(stated, manifest evidence.File) string {
	if stated.Digest == manifest.Digest {
		return fmt.Sprintf("%s, not %d", count(int(stated.Size), "byte"), manifest.Size)
	}
	return shortDigest(stated.Digest) + ", not " + shortDigest(manifest.Digest)
}

// compareAt orders two places of two lists; the end of a list comes last.
func compareAt(a, b []evidence.File, i, j int) int {
	switch {
	case i == len(a):
		return 1
	case j == len(b):
		return -1
	}
	return cmp.Compare(a[i].Path, b[j].Path)
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// age is a duration in days, or hours when it is short.
func age(d time.Duration) string {
	if d >= 2*day {
		return count(int(d/day), "day")
	}
	return count(int(d/time.Hour), "hour")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
