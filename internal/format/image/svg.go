package image

import (
	"bytes"
	"strings"

	"github.com/sallyport/sallyport/internal/decode/markup"
	"github.com/sallyport/sallyport/internal/decode/plain"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// SVG is a drawing as XML text. The text has no signature of its own, so it is
// tried only when nothing else explains the file.
var SVG = format.Format{
	ID: "svg", Title: "SVG drawing", Spec: "https://www.w3.org/TR/SVG2/",
	Extensions: []string{".svg"},
	Textual:    true,
	Rules:      []string{"SP-IMG-001"},
	Match:      matchSVG,
	Read:       readSVG,
}

// maxSVG is the longest drawing that is looked at, in bytes.
const maxSVG = 16 << 20

func matchSVG(in *format.Input) format.Confidence {
	head := in.Head()
	if len(head) == 0 || !plain.Likely(head) {
		return format.No
	}
	start := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	named := strings.HasSuffix(strings.ToLower(in.Name), ".svg")
	if bytes.HasPrefix(start, []byte("<")) && (named || isDrawing(start)) {
		return format.Weak
	}
	return format.No
}

// isDrawing reports an svg element that no other element comes before.
func isDrawing(p []byte) bool {
	i := bytes.Index(p, []byte("<svg"))
	for i > 0 {
		p = bytes.TrimLeft(p, " \t\r\n")
		switch {
		case bytes.HasPrefix(p, []byte("<svg")):
			return true
		case !bytes.HasPrefix(p, []byte("<?")) && !bytes.HasPrefix(p, []byte("<!")):
			return false
		}
		end := bytes.IndexByte(p, '>')
		if end < 0 {
			return false
		}
		p = p[end+1:]
	}
	return i == 0
}

func readSVG(in *format.Input) format.Result {
	text, err := plain.ReadAll(in.R, maxSVG, "svg-kept")
	if err != nil {
		return format.Result{Spans: []format.Span{{Length: in.R.Size(), Kind: format.Unread, Rule: "SP-COV-004",
			Reason: "The drawing cannot be read: " + err.Error() + "."}}}
	}
	res := format.Result{Spans: []format.Span{{Length: in.R.Size(), Kind: format.TextSpan}}}
	active := markup.Active(text, markup.XML)
	if len(active) > 0 {
		a := active[0]
		res.Findings = []finding.Finding{rule.Finding("SP-IMG-001", in.Line(int64(a.Offset), 1+bytes.Count(text[:a.Offset], []byte{'\n'})), a.What,
			"This drawing carries a script ("+rule.Clip(a.What)+") that runs when it is opened in a browser.")}
	}
	return res
}
