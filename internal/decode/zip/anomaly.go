package zip

import (
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/rule"
)

// Kind is a way in which an archive is odd.
type Kind int

// The kinds. Entry, Offset and Detail of an Anomaly say where and what.
const (
	Duplicate          Kind = iota // two members of one name; Detail is the first's
	CaseDuplicate                  // two names that differ in case; Detail is the first's
	NameMismatch                   // Detail is the other name
	MethodMismatch                 // compression methods disagree
	SizeMismatch                   // sizes disagree, or run over the end
	NoLocalHeader                  // the directory points to something else
	EncryptionFlag                 // flagged as encrypted, whether it is or not
	Prefix                         // bytes before the first member
	UnsafeName                     // Detail says why
	Link                           // a symbolic link or another special file
	Overlap                        // a member overlaps another or the directory
	SeveralDirectories             // loaders can choose between directories
	DirectoryMismatch              // the end records contradict themselves or the directory
	HiddenMember                   // listed by no directory
	WrongSum                       // the first member whose checksum does not fit; Detail says why
	NoDirectory                    // no readable directory at all
)

// Anomaly is one oddity. Entry is its index, or -1.
type Anomaly struct {
	Kind   Kind
	Entry  int
	Offset int64
	Detail string
}

func (a *Archive) anomaly(k Kind, entry int, off int64, detail string) {
	if len(a.Anomalies) <= bounded.MaxFindings {
		a.Anomalies = append(a.Anomalies, Anomaly{k, entry, off, detail})
	}
}

// judged maps each kind to its rule and message. Every format that is a zip raises the same rules through Findings.
var judged = [...]struct{ rule, text string }{
	Duplicate:          {"SP-ZIP-001", `The member "{member}" is stored twice: loaders differ in which one they take.`},
	CaseDuplicate:      {"SP-ZIP-002", `The names "{member}" and "{detail}" differ only in upper and lower case: some loaders take one for the other.`},
	NameMismatch:       {"SP-ZIP-003", `The member "{member}" has a second name, "{detail}": loaders differ in which one they use.`},
	MethodMismatch:     {"SP-ZIP-003", `The two headers of "{member}" disagree: {detail}.`},
	SizeMismatch:       {"SP-ZIP-009", `The sizes of "{member}" disagree: {detail}.`},
	NoLocalHeader:      {"SP-ZIP-003", `The directory says that "{member}" is at a place where no member starts.`},
	EncryptionFlag:     {"SP-ZIP-004", `The member "{member}" is marked as encrypted.`},
	Prefix:             {"SP-ZIP-005", `Bytes lie before the first member of the archive.`},
	UnsafeName:         {"SP-ZIP-006", `The member name "{member}" is not safe: {detail}.`},
	Link:               {"SP-ZIP-007", `The member "{member}" is not a plain file but {detail}.`},
	Overlap:            {"SP-ZIP-008", `The member "{member}" shares bytes with another part of the archive.`},
	SeveralDirectories: {"SP-ZIP-010", `The archive has more than one directory: loaders differ in which one they use.`},
	DirectoryMismatch:  {"SP-ZIP-010", `The end of the archive contradicts itself: {detail}.`},
	WrongSum:           {"SP-ZIP-012", `The checksum of "{member}" does not fit ({detail}): some loaders refuse it, others do not look.`},
	HiddenMember:       {"SP-ZIP-011", `The member "{member}" is in the archive but not in its directory.`},
}

// Findings turns the anomalies into findings of the catalogue. at makes a
// location of an offset and a length. NoDirectory is a gap, not a finding.
func (a *Archive) Findings(at func(off, length int64) finding.Location) []finding.Finding {
	var out []finding.Finding
	for _, an := range a.Anomalies {
		if an.Kind == NoDirectory {
			continue
		}
		name := ""
		if an.Entry >= 0 && an.Entry < len(a.Entries) {
			name = rule.Clip(a.Entries[an.Entry].Name)
		}
		j := judged[an.Kind]
		text := strings.NewReplacer("{member}", name, "{detail}", rule.Clip(an.Detail)).Replace(j.text)
		out = append(out, rule.Finding(j.rule, at(an.Offset, 0), name, text))
	}
	return out
}

// FindingRules lists every rule that Findings can raise.
func FindingRules() []string {
	return []string{"SP-ZIP-001", "SP-ZIP-002", "SP-ZIP-003", "SP-ZIP-004", "SP-ZIP-005", "SP-ZIP-006",
		"SP-ZIP-007", "SP-ZIP-008", "SP-ZIP-009", "SP-ZIP-010", "SP-ZIP-011", "SP-ZIP-012"}
}
