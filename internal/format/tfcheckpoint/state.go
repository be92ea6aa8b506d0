package tfcheckpoint

import (
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// readState reads lines of a field and its value.
func readState(in *format.Input) (res format.Result) {
	c := in.R.NewCursor(0)
	defer c.Close()
	size := in.R.Size()
	for c.Remaining() > 0 {
		off := c.Offset()
		line, err := c.Line(bounded.MaxPathBytes)
		if err != nil {
			if line, err = c.Next(c.Remaining()); err != nil || len(line) > bounded.MaxPathBytes {
				return cut(res, off, size, gapLimit, "A line is longer than a path can be.")
			}
		}
		if err := in.R.Budget().Items(1); err != nil {
			return cut(res, off, size, gapLimit, err.Error()+".")
		}
		if !stateLine(in, &res, off, strings.TrimSpace(string(line))) {
			return cut(res, off, size, gapMalformed, "It is no line of a list of checkpoints.")
		}
	}
	res.Spans = append(res.Spans, format.Span{Length: size, Kind: format.TextSpan})
	return res
}

func cut(res format.Result, off, size int64, id, reason string) format.Result {
	res.Spans = append(res.Spans, format.Span{Length: off, Kind: format.TextSpan}, format.Span{Offset: off, Length: size - off, Kind: format.Unread, Rule: id, Reason: reason})
	return res
}

// stateLine judges one line and reports whether it is one.
func stateLine(in *format.Input, res *format.Result, off int64, line string) bool {
	if line == "" || line[0] == '#' {
		return true
	}
	key, value, ok := strings.Cut(line, ":")
	value = strings.TrimSpace(value)
	if !ok {
		return false
	}
	switch key = strings.TrimSpace(key); key {
	case "all_model_checkpoint_timestamps", "last_preserved_timestamp":
		_, err := strconv.ParseFloat(value, 64)
		return err == nil
	case "model_checkpoint_path", "all_model_checkpoint_paths":
	default:
		return false
	}
	path, err := strconv.Unquote(`"` + strings.Trim(value, `"'`) + `"`)
	if err != nil || len(value) < 2 || value[0] != value[len(value)-1] || value[0] != '"' && value[0] != '\'' {
		return false
	}
	if key == "model_checkpoint_path" {
		res.Facts = append(res.Facts, finding.Fact{Key: "tensorflow.latest_checkpoint", Value: rule.Clip(path)})
	}
	judgePath(in, res, off, path)
	return true
}

// judgePath looks at where a checkpoint is said to lie. Savers write the path
// that they were given: absolute ones are ordinary, and useless elsewhere.
func judgePath(in *format.Input, res *format.Result, off int64, path string) {
	id, why := "", ""
	switch {
	case strings.Contains(path, "://"):
		id, why = ruleOutside, "is a URL"
	case strings.ContainsRune(path, 0):
		id, why = ruleOutside, "has a NUL in it"
	case climbs(path):
		id, why = ruleOutside, "leads out of its folder"
	case path != "" && (path[0] == '/' || path[0] == '\\') || len(path) > 1 && path[1] == ':':
		id, why = ruleAbsolute, "is one of the machine that wrote it"
	}
	if id != "" && len(res.Findings) <= bounded.MaxFindings {
		res.Findings = append(res.Findings, rule.Finding(id, in.Location(off, 0), path, "The path "+quote(path)+" of a checkpoint "+why+"."))
	}
}

// climbs reports a part "..", for either separator.
func climbs(path string) bool {
	for part := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' || r == '\\' }) {
		if part == ".." {
			return true
		}
	}
	return false
}
