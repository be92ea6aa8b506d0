package torch

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/format/zip"
	"github.com/sallyport/sallyport/internal/formattest"
)

func shard(t *testing.T, fill int, end string) []byte {
	return build(t, fmt.Sprintf("entry archive/data.pkl stored @asm\nPROTO 2\nEMPTY_DICT\nSTOP\n@end\nentry archive/x stored fill %d A\nentry archive/version stored \"3\\n\"\nend %s", fill, end))
}

// TestSeries reads archives that lie one behind the other as distributed
// checkpoints do, and refuses what only looks like them.
func TestSeries(t *testing.T) {
	a, b, c := shard(t, 10, "zip64"), shard(t, 300, "zip64"), shard(t, 10, "")
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	// Taken from the start of the file, the offsets of the last archive lead
	// into a tensor of the first, to a directory that is there.
	hidden := shard(t, 4000, "")
	last := shard(t, 900, "")
	at := int(binary.LittleEndian.Uint32(last[len(last)-6:]))
	copy(hidden[at:], last[at:len(last)-22])
	cases := []struct {
		name     string
		data     []byte
		archives int
	}{
		{"two", join(a, b), 2},
		{"four", join(a, b, c, a), 4},
		{"equal", join(a, a, a), 3},
		{"one", a, 0},
		{"bytes-before", join([]byte("x"), a, b), 0},
		{"bytes-between", join(a, []byte("x"), b), 0},
		{"bytes-behind", join(a, b, []byte("x")), 0},
		{"cut", join(a, b)[:len(a)+len(b)-1], 0},
		{"comment", join(a, shard(t, 10, "comment=\"x\"")), 0},
		{"no-checkpoint", join(a, build(t, "entry x stored \"1\"")), 0},
		{"directory-in-a-tensor", join(hidden, last), 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in := formattest.Input("__0_0.distcp", c.data, true)
			got := Series.Match(in) == format.Strong
			if got != (c.archives > 0) {
				t.Fatalf("match %v", got)
			}
			if !got {
				if zip.Format.Match(in) == format.No {
					t.Error("no other reader takes it")
				}
				return
			}
			if Format.Match(in) != format.No {
				t.Error("the reader of one archive takes it as well")
			}
			res := Series.Read(in)
			if len(res.Children) != c.archives || len(res.Findings) > 0 {
				t.Errorf("%d archives, findings %v", len(res.Children), res.Findings)
			}
			if n := formattest.Uncovered(res, in.R.Size()); n > 0 {
				t.Errorf("%d bytes uncovered", n)
			}
			if !slices.ContainsFunc(res.Spans, func(s format.Span) bool { return s.Rule == "SP-COV-012" }) {
				t.Error("the places in .metadata are not compared, and nothing says so")
			}
		})
	}
}

func TestSeriesUnderAnotherName(t *testing.T) {
	a := shard(t, 10, "")
	res := Series.Read(formattest.Input("model.pt", append(slices.Clip(a), a...), true))
	if len(res.Findings) != 1 || res.Findings[0].Rule != "SP-TORCH-002" {
		t.Errorf("findings %v", res.Findings)
	}
}
