package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/confine"
	detectors "github.com/sallyport/sallyport/internal/detect/all"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format/all"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/internal/scan"
	"github.com/sallyport/sallyport/internal/source/local"
)

// confinedVerb is the hidden first argument of the child in which strangers'
// bytes are parsed. The parent holds keys and never parses a model; the child
// parses and holds nothing: an empty environment, read access to the blobs, and
// two pipes.
const confinedVerb = "confined-scan"

// executable finds the program that becomes the child: this one. Tests put a
// hostile child in its place.
var executable = os.Executable

// maxReport is the most a child may answer, in bytes.
const maxReport = 512 << 20

// confinedJob is what the parent writes to the child's standard input.
type confinedJob struct {
	Folder    string              `json:"folder"` // where the blobs lie
	Source    string              `json:"source"`
	Version   string              `json:"version"`
	Jobs      int                 `json:"jobs"`
	Deep      bool                `json:"deep,omitempty"`
	Files     []confinedFile      `json:"files"`
	Omissions []artifact.Omission `json:"omissions"`
	Names     []finding.Name      `json:"names,omitempty"` // additions of the policy that are in force
}

type confinedFile struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	Blob   string `json:"blob"` // absolute path of the bytes
}

// confinedAnswer is what the child writes to its standard output.
type confinedAnswer struct {
	Status confine.Status  `json:"status"`
	Report *finding.Report `json:"report"`
}

// confinedMain is the child.
func confinedMain(ctx context.Context, s Streams) int {
	var job confinedJob
	if err := json.NewDecoder(s.In).Decode(&job); err != nil {
		fmt.Fprintln(s.Err, "sallyport: the confined reader got no job:", err)
		return exitIncomplete
	}
	status := confine.Self(confine.Rights{ReadPaths: []string{job.Folder}, NoFiles: true})
	allowMemory(len(job.Files), job.Jobs)
	report, err := scan.Run(ctx, job.tree(), all.Formats(), scan.Options{Detectors: detectors.Detectors(), Jobs: job.Jobs, Deep: job.Deep, Version: job.Version, Names: job.Names})
	if err == nil {
		err = json.NewEncoder(s.Out).Encode(confinedAnswer{Status: status, Report: report})
	}
	if err != nil {
		fmt.Fprintln(s.Err, "sallyport: the confined reader stopped:", err)
		return exitIncomplete
	}
	return exitOK
}

func (j *confinedJob) tree() *artifact.Tree {
	t := &artifact.Tree{Source: j.Source, Omissions: j.Omissions}
	for _, f := range j.Files {
		t.Files = append(t.Files, artifact.File{Path: f.Path, Size: f.Size, SHA256: f.SHA256,
			Open: func() (artifact.Content, error) { return local.Open(f.Blob) }})
	}
	return t
}

// scanConfined runs the job in a confined child and checks that the answer is
// about the files that were asked for.
func scanConfined(ctx context.Context, job confinedJob) (*confinedAnswer, error) {
	exe, err := executable()
	if err != nil {
		return nil, err
	}
	question, err := json.Marshal(job)
	if err != nil {
		return nil, err
	}
	var complaint bytes.Buffer
	cmd := exec.CommandContext(ctx, exe)
	cmd.Args = []string{os.Args[0], confinedVerb}
	cmd.Env = []string{} // not nil: nothing of ours is inherited
	cmd.Dir = job.Folder
	cmd.Stdin = bytes.NewReader(question)
	cmd.Stderr = &limitedWriter{w: &complaint, left: 4096}
	isolate(cmd)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the confined reader: %w", err)
	}
	answer, readErr := readAnswer(out)
	if readErr != nil {
		_ = cmd.Process.Kill() // it may never end by itself
	}
	_, _ = io.Copy(io.Discard, out)
	if err := cmd.Wait(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if ended := errors.Is(readErr, io.EOF) || errors.Is(readErr, io.ErrUnexpectedEOF); readErr != nil && !ended {
			return nil, readErr // and so we killed it
		}
		return nil, fmt.Errorf("the confined reader died (%w): %s", err, bytes.TrimSpace(complaint.Bytes()))
	}
	if readErr != nil {
		return nil, readErr
	}
	return answer, job.check(answer.Report)
}

func readAnswer(r io.Reader) (*confinedAnswer, error) {
	var answer confinedAnswer
	dec := json.NewDecoder(io.LimitReader(r, maxReport))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&answer); err != nil {
		return nil, fmt.Errorf("the confined reader's answer is unreadable: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("the confined reader's answer does not end")
	}
	if answer.Report == nil {
		return nil, errors.New("the confined reader gave no report")
	}
	return &answer, nil
}

// check refuses an answer that is not about exactly the files of the job, or
// whose verdict does not follow from what it lists: the child is not trusted
// with more than its findings.
func (j *confinedJob) check(r *finding.Report) error {
	if err := j.checkFrame(r); err != nil {
		return err
	}
	if len(r.Files) != len(j.Files) {
		return fmt.Errorf("the confined reader reported %d files of %d", len(r.Files), len(j.Files))
	}
	for i, f := range j.Files {
		n := r.Files[i]
		if n.Name != f.Path || n.SHA256 != f.SHA256 || n.Coverage.Total() != f.Size {
			return fmt.Errorf("the confined reader's report on %q does not match the file", f.Path)
		}
		if n.Coverage.Unexplained > 0 && len(r.Gaps) == 0 {
			return fmt.Errorf("the confined reader left bytes of %q unexplained without saying so", f.Path)
		}
	}
	if want := finding.Judge(len(r.Files), r.Findings, r.Gaps); r.Verdict != want {
		return fmt.Errorf("the confined reader called the result %q, it is %q", r.Verdict, want)
	}
	return nil
}

// checkFrame compares what we know ourselves: the rules that were used decide
// between scans, and what was left out must not be forgotten.
func (j *confinedJob) checkFrame(r *finding.Report) error {
	if want := (finding.Tool{Name: "sallyport", Version: j.Version, Ruleset: rule.Digest, Sequence: rule.Sequence}); r.Tool != want {
		return errors.New("the confined reader is another version than this program; was it replaced in between?")
	}
	if r.Source != j.Source || !maps.Equal(r.Limits, bounded.Limits()) {
		return errors.New("the confined reader answered another question")
	}
	if !slices.Equal(r.Names, j.Names) {
		return errors.New("the confined reader allowed other names than the policy does")
	}
	var excluded []finding.Excluded
	for _, o := range j.Omissions {
		if o.Kind == artifact.OmittedExcluded {
			excluded = append(excluded, finding.Excluded{Path: o.Path, Reason: o.Detail})
		} else if !slices.ContainsFunc(r.Gaps, func(g finding.Gap) bool { return g.Location.Path == o.Path }) {
			return fmt.Errorf("the confined reader does not say that %q was not read", o.Path)
		}
	}
	if !slices.Equal(r.Excluded, excluded) {
		return errors.New("the confined reader lists other excluded files than those that were left out")
	}
	return nil
}

// limitedWriter keeps the first bytes and drops the rest.
type limitedWriter struct {
	w    io.Writer
	left int
}

func (l *limitedWriter) Write(p []byte) (int, error) {
	keep := min(len(p), l.left)
	l.left -= keep
	_, err := l.w.Write(p[:keep])
	return len(p), err
}
