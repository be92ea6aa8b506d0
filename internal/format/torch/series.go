package torch

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/decode/zip"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Series is a file of torch.distributed.checkpoint (.distcp): one archive of
// torch.save per tensor or object, one behind the other. Each is read as a file
// of its own, as its loader does.
//
// Not covered: that loader takes the places of the archives from a pickle beside
// the file (.metadata), which could name a place inside of a tensor. The places
// in there are not compared with the archives found here, and the file says so
// with a gap.
var Series = format.Format{
	ID:         "torch-series",
	Title:      "PyTorch distributed checkpoint",
	Spec:       "https://docs.pytorch.org/docs/stable/distributed.checkpoint.html",
	Extensions: []string{endingSeries},
	Refines:    "zip",
	Rules:      []string{"SP-TORCH-002", "SP-COV-012"},
	Match: func(in *format.Input) format.Confidence {
		if len(series(in)) == 0 {
			return format.No
		}
		return format.Strong
	},
	Read: readSeries,
}

const endingSeries = ".distcp"

func series(in *format.Input) []zip.Range {
	if head := in.Head(); len(head) < 4 || string(head[:4]) != "PK\x03\x04" {
		return nil
	}
	return format.Memo(in, "decode/zip series", func() []zip.Range { return zip.Series(in.R) })
}

func readSeries(in *format.Input) (res format.Result) {
	parts := series(in)
	for i, p := range parts {
		if r, err := in.R.Section(p.Offset, p.Length); err == nil {
			res.Children = append(res.Children, format.Child{Name: "archive " + strconv.Itoa(i+1), R: r, Offset: p.Offset, Length: p.Length})
		}
	}
	if !strings.HasSuffix(strings.ToLower(in.Name), endingSeries) {
		res.Findings = append(res.Findings, rule.Finding("SP-TORCH-002", in.Location(0, 0), in.Name,
			fmt.Sprintf("The file holds %d checkpoints, one behind the other; torch.load reads one of them.", len(parts))))
	}
	res.Spans = append(res.Spans, format.Span{Kind: format.Unread, Rule: "SP-COV-012",
		Reason: "Its loader looks up places in this file in the pickle .metadata; they are not compared with the archives that are here."})
	res.Facts = []finding.Fact{{Key: "format.pickle", Value: "true"}, {Key: "torch.archives", Value: strconv.Itoa(len(parts))}}
	return res
}
