package scan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// smallFile is read into memory at once: one read call instead of several.
const smallFile = 64 << 10

type fileResult struct {
	node     finding.Node
	findings []finding.Finding
	gaps     []finding.Gap
	read     int64
	cut      bool // there were too many findings

	claims   []format.Claim // what it says of other files
	holes    []interval     // of the file itself: what no reader explains
	leftover []finding.Gap  // the gaps that say so, unless the claims of others explain it
}

// worker scans one file after the other with buffers of its own.
type worker struct {
	*engine
	small []byte
	block []byte
}

// changeTeller is what a Content may offer: whether the file was written to
// since it was opened.
type changeTeller interface{ Changed() bool }

func (w *worker) file(ctx context.Context, f *artifact.File) (res fileResult) {
	res.node = finding.Node{Name: f.Path, Size: f.Size, SHA256: f.SHA256, Formats: []string{}}
	at := finding.Location{Path: f.Path}
	if err := artifact.CheckPath(f.Path); err != nil {
		res.gaps = append(res.gaps, rule.Gap("SP-COV-015", at, "Its name is not safe to ship or to write to disk."))
	}
	if strings.ContainsFunc(f.Path, turnsAround) {
		res.findings = append(res.findings, rule.Finding("SP-NAME-003", at, f.Path, "Its name has invisible characters that show it in another order than it has."))
	}
	content, err := f.Open()
	if err != nil {
		res.unread(at, "It could not be opened: "+plain(err)+".")
		return res
	}
	defer content.Close()
	if content.Size() != f.Size {
		res.gaps = append(res.gaps, rule.Gap("SP-COV-007", at, "Its size changed between listing and reading."))
		res.node.Size = content.Size()
	}
	counted := &counter{src: content}
	budget := bounded.NewBudget(ctx, content.Size())
	budget.Deep = w.opt.Deep
	if r, err := w.view(counted, content.Size(), budget); err != nil {
		res.unread(at, "It could not be read: "+plain(err)+".")
	} else {
		x := examiner{engine: w.engine, out: &res}
		in := &format.Input{Name: path.Base(f.Path), Path: f.Path, R: r, Repo: w.repo, Names: w.names}
		res.node = x.examine(in, "", res.node, 0)
	}
	res.read = counted.n
	res.trouble(at, budget)
	if w.opt.Digest && res.node.SHA256 == "" {
		w.digest(ctx, content, at, &res)
	}
	if c, ok := content.(changeTeller); ok && c.Changed() {
		res.gaps = append(res.gaps, rule.Gap("SP-COV-007", at, "It was written to while it was read."))
	}
	res.finish()
	return res
}

// turnsAround reports the characters that embed, override or isolate the
// direction of writing.
func turnsAround(r rune) bool { return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 }

// view reads a small file into memory and views a large one in place.
func (w *worker) view(src io.ReaderAt, size int64, b *bounded.Budget) (*bounded.Reader, error) {
	if size > smallFile {
		return bounded.NewReader(src, size, b), nil
	}
	if w.small == nil {
		w.small = make([]byte, smallFile)
	}
	p := w.small[:size]
	if n, err := src.ReadAt(p, 0); n < len(p) {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return bounded.NewBytes(p, b), nil
}

// trouble turns what the budget remembers into gaps.
func (res *fileResult) trouble(at finding.Location, b *bounded.Budget) {
	for _, l := range b.Reached() {
		gap := rule.Gap("SP-COV-003", at, fmt.Sprintf("Reading stopped at the limit %q (%d).", l.Name, l.Max))
		gap.Limit = l.Name
		res.gaps = append(res.gaps, gap)
	}
	switch err := b.IOErr(); {
	case err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
	case errors.Is(err, io.ErrUnexpectedEOF):
		res.gaps = append(res.gaps, rule.Gap("SP-COV-007", at, "It became shorter while it was read."))
	default:
		res.gaps = append(res.gaps, rule.Gap("SP-COV-005", at, "Reading it failed: "+plain(err)+"."))
	}
}

// digest reads every byte of the file once more, in order.
func (w *worker) digest(ctx context.Context, c artifact.Content, at finding.Location, res *fileResult) {
	if w.block == nil {
		w.block = make([]byte, 1<<20)
	}
	h := sha256.New()
	for off := int64(0); off < c.Size(); {
		if ctx.Err() != nil {
			return
		}
		n, err := c.ReadAt(w.block[:min(int64(len(w.block)), c.Size()-off)], off)
		h.Write(w.block[:n])
		off += int64(n)
		if n == 0 {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			res.gaps = append(res.gaps, rule.Gap("SP-COV-005", at, "Its digest could not be computed: "+plain(err)+"."))
			return
		}
	}
	res.node.SHA256 = hex.EncodeToString(h.Sum(nil))
}

// finish bounds the findings of one file and writes its digest on each.
func (res *fileResult) finish() {
	if len(res.findings) > bounded.MaxFindings {
		keepWorst(res.findings)
		res.findings = res.findings[:bounded.MaxFindings]
		if !res.cut {
			gap := rule.Gap("SP-COV-003", finding.Location{Path: res.node.Name}, "It has more findings than are listed; the worst are kept.")
			gap.Limit = "findings"
			res.gaps = append(res.gaps, gap)
			res.cut = true
		}
	}
	if res.node.SHA256 == "" {
		return
	}
	for i := range res.findings {
		res.findings[i].FileSHA256 = res.node.SHA256
	}
	for i := range res.gaps {
		res.gaps[i].FileSHA256 = res.node.SHA256
	}
}

// unread is a file of which nothing could be read.
func (res *fileResult) unread(at finding.Location, reason string) {
	res.gaps = append(res.gaps, rule.Gap("SP-COV-005", at, reason))
	res.node.Coverage.Unexplained = res.node.Size
}

// plain drops the path from an error of the operating system: the location
// names the file, and machine paths do not belong into a report.
func plain(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// counter counts the bytes that readers fetch from the file.
type counter struct {
	src io.ReaderAt
	n   int64
}

func (c *counter) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.src.ReadAt(p, off)
	c.n += int64(n)
	return n, err
}
