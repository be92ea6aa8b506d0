package render

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

//go:embed explain.css
var explainStyle string

// How much one page holds. What lies beyond is counted, and the JSON form has it.
const (
	maxPage     = 4 << 20 // bytes after which no more rows are written
	pageTensors = 500     // rows of one group of tensors
	pageGroups  = 60
	pageDangers = 20
	pageText    = 1_000 // bytes of one text
)

// ExplainHTML writes an explanation as one page that needs nothing else: no
// script, no address is loaded, and the browser is told to refuse both. What
// comes from the file stands in elements that are isolated from the direction of
// the text around, with every invisible character written out.
func ExplainHTML(w io.Writer, e *Explanation) error {
	h := &sheet{w: bufio.NewWriterSize(w, 32<<10)}
	h.head(e)
	h.summary(e)
	for i := range e.Accounts {
		if h.full() {
			h.raw(`<p class="note">`)
			h.text(count(len(e.Accounts)-i, "more stream") + " did not fit this page; the JSON form has them.")
			h.raw("</p>\n")
			break
		}
		h.account(i, &e.Accounts[i])
	}
	h.raw("</main>\n<footer><p>")
	h.text(fmt.Sprintf("Written by %s %s with ruleset %s. The file was read, not loaded: nothing in it has run.", e.Report.Tool.Name, e.Report.Tool.Version, e.Report.Tool.Ruleset))
	h.raw("</p></footer>\n</body>\n</html>\n")
	return h.w.Flush()
}

// sheet writes HTML. Everything but our own markup goes through text or stranger.
type sheet struct {
	w    *bufio.Writer
	size int
}

// markup is HTML of our own: a constant, or put together from numbers.
type markup string

func (h *sheet) raw(m markup) {
	h.size += len(m)
	h.w.WriteString(string(m))
}

// text writes what we say; names in it are escaped all the same.
func (h *sheet) text(s string) { h.raw(markup(html.EscapeString(Escape(clipped(s))))) }

// stranger writes what the file says, as code, with a break allowed in long words.
func (h *sheet) stranger(s string) {
	h.raw("<code>")
	h.text(s)
	h.raw("</code>")
}

func (h *sheet) full() bool { return h.size > maxPage }

// clipped keeps a text short enough for a page.
func clipped(s string) string {
	if len(s) <= pageText {
		return s
	}
	return strings.ToValidUTF8(s[:pageText], "\uFFFD") + "…"
}

func (h *sheet) head(e *Explanation) {
	sum := sha256.Sum256([]byte(explainStyle))
	h.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
	h.raw(markup(fmt.Sprintf(`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'">`+"\n",
		base64.StdEncoding.EncodeToString(sum[:]))))
	h.raw(`<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>`)
	h.text("What loading " + shorten(Escape(e.Report.Source)) + " would do")
	h.raw("</title>\n<style>")
	h.raw(markup(explainStyle))
	h.raw("</style>\n</head>\n<body>\n<header>\n")
	h.verdict(e.Report.Verdict)
	h.raw("<h1>What loading ")
	h.stranger(shorten(Escape(e.Report.Source)))
	h.raw(" would do</h1>\n</header>\n<main>\n")
}

func (h *sheet) verdict(v finding.Verdict) {
	class := markup("unsure")
	switch v {
	case finding.Clean:
		class = "clean"
	case finding.Flagged:
		class = "flagged"
	}
	h.raw(`<p class="verdict ` + class + `">`)
	h.text(verdictWord(v))
	h.raw("</p>\n")
}

// summary says first what is dangerous, in all streams and beside them.
func (h *sheet) summary(e *Explanation) {
	other, gaps := besides(e)
	type danger struct {
		account int
		step    format.Step
	}
	var list []danger
	for i := range e.Accounts {
		for _, s := range dangers(&e.Accounts[i]) {
			list = append(list, danger{i, s})
		}
	}
	slices.SortStableFunc(list, func(a, b danger) int { return int(b.step.Severity - a.step.Severity) })
	if len(list)+len(other)+len(gaps) == 0 {
		h.calm(e)
		return
	}
	h.raw("<section class=\"dangers\">\n<h2>What to know before you load it</h2>\n<ul class=\"findings\">\n")
	for _, d := range list[:min(len(list), pageDangers)] {
		h.raw("<li>")
		h.severity(d.step.Severity)
		h.sentence(upper(does(d.step)))
		h.raw(markup(fmt.Sprintf(` <span class="where"><a href="#s%d-%d">byte %d</a> of `, d.account+1, d.step.Offset, d.step.Offset)))
		h.stranger(shorten(Escape(e.Accounts[d.account].Location.String())))
		h.raw(", ")
		h.text(d.step.Rule)
		h.raw("</span></li>\n")
	}
	for _, f := range other[:min(len(other), pageDangers)] {
		h.raw("<li>")
		h.severity(f.Severity)
		h.sentence(about(f.Location, f.Message))
		h.raw(` <span class="where">beside the steps below, `)
		h.text(f.Rule)
		h.raw("</span></li>\n")
	}
	for _, g := range gaps[:min(len(gaps), pageDangers)] {
		h.raw(`<li><b class="sev gap">NOT UNDERSTOOD</b> `)
		h.sentence(about(g.Location, g.Reason))
		h.raw(` <span class="where">`)
		h.text(g.Rule)
		h.raw("</span></li>\n")
	}
	h.raw("</ul>\n")
	if n := max(0, len(list)-pageDangers) + max(0, len(other)-pageDangers) + max(0, len(gaps)-pageDangers); n > 0 {
		h.raw(`<p class="note">`)
		h.text("… and " + count(n, "more reason") + ".")
		h.raw("</p>\n")
	}
	h.raw("</section>\n")
}

// sentence writes a sentence that may name things of the file.
func (h *sheet) sentence(s string) {
	h.raw("<bdi>")
	h.text(s)
	h.raw("</bdi>")
}

// upper begins a sentence of ours with a capital letter.
func upper(s string) string {
	if s != "" && s[0] >= 'a' && s[0] <= 'z' {
		return string(s[0]-'a'+'A') + s[1:]
	}
	return s
}

// calm is the summary when there is nothing to warn of.
func (h *sheet) calm(e *Explanation) {
	h.raw("<p>")
	switch {
	case len(e.Accounts) == 0 && e.Report.Verdict == finding.Clean:
		h.text("Loading it runs nothing: there is no pickle in it.")
	case len(e.Accounts) == 0:
		h.text("There is no pickle in it to explain.")
	default:
		h.text("No step of it is known to do anything but to build what is listed below.")
	}
	h.raw("</p>\n")
}

func (h *sheet) severity(s finding.Severity) {
	h.raw(`<b class="sev ` + severityClass(s) + `">` + markup(s.String()) + "</b> ")
}

func severityClass(s finding.Severity) markup {
	return [...]markup{"info", "low", "medium", "high", "critical"}[min(max(s, finding.Info), finding.Critical)]
}

func (h *sheet) account(i int, a *format.Account) {
	h.raw(markup(fmt.Sprintf("<section id=\"s%d\">\n<h2>", i+1)))
	h.stranger(shorten(Escape(a.Location.String())))
	h.raw("</h2>\n")
	if a.Title != "" {
		h.raw(`<p class="note">`)
		h.text(upper(strings.TrimSpace(title(a))))
		h.raw("</p>\n")
	}
	h.raw("<ul class=\"does\">\n")
	for _, line := range buildLines(a, false) {
		h.raw("<li>")
		h.sentence(upper(line))
		h.raw("</li>\n")
	}
	h.raw("</ul>\n")
	h.graph(i, a)
	h.tensors(a)
	h.classes(a)
	h.steps(i, a)
	for _, c := range a.Cuts {
		h.raw(`<p class="note">`)
		h.text(cutText(c))
		h.raw("</p>\n")
	}
	h.raw("</section>\n")
}

// group is the tensors below one name.
type group struct {
	name    string
	tensors []format.Tensor
	values  int64
	whole   bool // all there are
}

// groups sorts tensors by the first part of their names, or by the first two
// when they have one in common. A few, and those with little in common, stay
// together.
func groups(list []format.Tensor) []group {
	out := byName(list)
	if len(list) > foldSteps && len(out) <= len(list)/2 {
		return out
	}
	whole := group{tensors: list, whole: true}
	for _, g := range out {
		whole.values = min(whole.values+g.values, 1<<62)
	}
	return []group{whole}
}

func byName(list []format.Tensor) []group {
	for depth := 1; ; depth++ {
		var out []group
		index := map[string]int{}
		for _, t := range list {
			name := parts(t.Name, depth)
			k, ok := index[name]
			if !ok {
				k = len(out)
				index[name] = k
				out = append(out, group{name: name})
			}
			out[k].tensors = append(out[k].tensors, t)
			out[k].values = min(out[k].values+values(t), 1<<62)
		}
		if len(out) > 1 || depth == 3 {
			return out
		}
	}
}

func parts(name string, n int) string {
	all := strings.SplitN(name, ".", n+1)
	return strings.Join(all[:min(n, len(all))], ".")
}

// values is how many values a tensor holds, 0 when that is not known.
func values(t format.Tensor) int64 {
	if t.Shape == nil {
		return 0
	}
	n := int64(1)
	for _, d := range t.Shape {
		if d < 0 || d > 0 && n > (1<<62)/d {
			return 0
		}
		n *= d
	}
	return n
}

func (h *sheet) tensors(a *format.Account) {
	list := a.Builds.Listed
	if len(list) == 0 {
		return
	}
	all := groups(list)
	noun, _ := nouns(a)
	h.raw("<h3>What it builds</h3>\n")
	for _, g := range all[:min(len(all), pageGroups)] {
		if h.full() {
			break
		}
		h.raw("<details><summary>")
		switch {
		case g.whole:
			h.text("All of it")
		case g.name == "":
			h.text("Without a name")
		default:
			h.stranger(g.name)
		}
		h.raw(` <span class="where">`)
		h.text(count(len(g.tensors), noun) + ", " + count(g.values, "value"))
		h.raw("</span></summary>\n<table><thead><tr><th>Name</th><th>Type</th><th>Shape</th></tr></thead>\n<tbody>\n")
		for _, t := range g.tensors[:min(len(g.tensors), pageTensors)] {
			h.raw("<tr><td>")
			h.stranger(t.Name)
			h.raw("</td><td>")
			h.stranger(t.Dtype)
			h.raw("</td><td>")
			h.text(shapeText(t.Shape))
			h.raw("</td></tr>\n")
		}
		h.raw("</tbody></table>\n")
		h.more(len(g.tensors)-pageTensors, "more of them")
		h.raw("</details>\n")
	}
	h.more(len(all)-pageGroups, "more groups")
}

func shapeText(shape []int64) string {
	switch {
	case shape == nil:
		return "unknown"
	case len(shape) == 0:
		return "one value"
	}
	out := make([]string, len(shape))
	for i, d := range shape {
		out[i] = grouped(d)
	}
	return strings.Join(out, " × ")
}

func (h *sheet) more(n int, what string) {
	if n > 0 {
		h.raw(`<p class="note">`)
		h.text(fmt.Sprintf("… and %s %s; the JSON form has them.", grouped(int64(n)), what))
		h.raw("</p>\n")
	}
}

func (h *sheet) classes(a *format.Account) {
	list := a.Builds.Classes
	if len(list) <= foldClasses { // the line above has them
		return
	}
	h.raw("<details><summary>")
	h.text(pluralOf(len(list), "class", "classes"))
	h.raw("</summary>\n<table><thead><tr><th>Class</th><th>Objects</th></tr></thead>\n<tbody>\n")
	for _, c := range list {
		h.raw("<tr><td>")
		h.stranger(c.Name)
		h.raw("</td><td>")
		h.text(grouped(int64(c.Count)))
		h.raw("</td></tr>\n")
	}
	h.raw("</tbody></table>\n</details>\n")
}

// steps writes the table of steps. Long runs of harmless ones are folded away,
// with those shown that lead up to one that is not.
func (h *sheet) steps(account int, a *format.Account) {
	if len(a.Steps) == 0 {
		return
	}
	h.raw("<h3>Steps</h3>\n")
	for i, part := range segments(a.Steps) {
		switch {
		case h.full():
			h.raw(`<p class="note">The rest did not fit this page; the JSON form has it.</p>` + "\n")
			return
		case part.folded:
			h.raw("<details><summary>")
			h.text(count(len(part.steps), "more harmless step"))
			h.raw("</summary>\n")
			h.table(account, part.steps, true)
			h.raw("</details>\n")
		default:
			h.table(account, part.steps, i > 0)
		}
	}
}

func (h *sheet) table(account int, steps []format.Step, headless bool) {
	h.raw(`<table class="steps">`)
	if !headless {
		h.raw("<thead><tr><th>Offset</th><th>Step</th></tr></thead>")
	}
	h.raw("\n<tbody>\n")
	var last int64 = -1
	for _, s := range steps {
		if h.full() {
			break
		}
		h.raw("<tr")
		if s.Severity >= finding.Medium && s.Offset != last {
			last = s.Offset
			h.raw(markup(fmt.Sprintf(` id="s%d-%d"`, account+1, s.Offset)))
		}
		h.raw(` class="` + severityClass(s.Severity) + `"><td>`)
		if s.Offset >= 0 {
			h.text(strconv.FormatInt(s.Offset, 10))
		}
		h.raw("</td><td>")
		if s.Severity >= finding.Medium {
			h.severity(s.Severity)
		}
		if s.Kind == format.StepRemark || s.Kind == format.StepBreak {
			h.sentence(s.Text)
		} else {
			h.stranger(s.Text)
		}
		if s.Count > 1 {
			h.raw(` <span class="where">`)
			h.text("the first of " + grouped(int64(s.Count)))
			h.raw("</span>")
		}
		h.raw("</td></tr>\n")
	}
	h.raw("</tbody></table>\n")
}
