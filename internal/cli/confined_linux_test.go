package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sallyport/sallyport/internal/artifact"
	detectors "github.com/sallyport/sallyport/internal/detect/all"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format/all"
	"github.com/sallyport/sallyport/internal/registry"
	"github.com/sallyport/sallyport/internal/scan"
)

// honestJob is a job about two files, one that was excluded and a link, with the
// answer that an honest child gives.
func honestJob(t *testing.T) (confinedJob, confinedAnswer) {
	t.Helper()
	dir := t.TempDir()
	job := confinedJob{Folder: dir, Source: "model", Version: "1", Omissions: []artifact.Omission{
		{Path: "left.txt", Kind: artifact.OmittedExcluded, Detail: "excluded by pattern"}, {Path: "link", Kind: artifact.OmittedSymlink}}}
	for _, name := range []string{"a.txt", "b.txt"} {
		text := []byte("text of " + name + "\n")
		blob := filepath.Join(dir, name)
		if err := os.WriteFile(blob, text, 0o600); err != nil {
			t.Fatal(err)
		}
		job.Files = append(job.Files, confinedFile{Path: name, Size: int64(len(text)), SHA256: strings.TrimPrefix(registry.DigestOf(text), "sha256:"), Blob: blob})
	}
	report, err := scan.Run(t.Context(), job.tree(), all.Formats(), scan.Options{Detectors: detectors.Detectors(), Version: job.Version})
	if err != nil {
		t.Fatal(err)
	}
	return job, confinedAnswer{Report: report}
}

// child puts a shell script in the place of the confined child.
func child(t *testing.T, script string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "child")
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	before := executable
	executable = func() (string, error) { return name, nil }
	t.Cleanup(func() { executable = before })
}

func answering(t *testing.T, answer any) {
	t.Helper()
	data, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "answer")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	child(t, "/bin/cat > /dev/null; /bin/cat "+name)
}

func TestHonestChild(t *testing.T) {
	job, answer := honestJob(t)
	answering(t, answer)
	got, err := scanConfined(t.Context(), job)
	if err != nil || got.Report.Verdict != finding.Incomplete {
		t.Fatalf("%v, %v", got, err)
	}
}

// What a child that was taken over may answer, and what is not believed.
func TestLyingChild(t *testing.T) {
	tests := []struct {
		name string
		lie  func(r *finding.Report)
		want string
	}{
		{"other_file", func(r *finding.Report) { r.Files[0].Name = "c.txt" }, "does not match"},
		{"other_content", func(r *finding.Report) { r.Files[0].SHA256 = r.Files[1].SHA256 }, "does not match"},
		{"other_order", func(r *finding.Report) { r.Files[0], r.Files[1] = r.Files[1], r.Files[0] }, "does not match"},
		{"fewer_files", func(r *finding.Report) { r.Files = r.Files[:1] }, "1 files of 2"},
		{"more_files", func(r *finding.Report) { r.Files = append(r.Files, r.Files[0]) }, "3 files of 2"},
		{"bytes_not_covered", func(r *finding.Report) { r.Files[0].Coverage = finding.Coverage{} }, "does not match"},
		{"clean_with_a_gap", func(r *finding.Report) { r.Verdict = finding.Clean }, "it is"},
		{"gap_forgotten", func(r *finding.Report) { r.Gaps, r.Verdict = nil, finding.Clean }, `"link" was not read`},
		{"excluded_forgotten", func(r *finding.Report) { r.Excluded = nil }, "other excluded files"},
		{"newer_ruleset", func(r *finding.Report) { r.Tool.Sequence++ }, "another version"},
		{"other_ruleset", func(r *finding.Report) { r.Tool.Ruleset = "sha256:" + strings.Repeat("0", 64) }, "another version"},
		{"other_source", func(r *finding.Report) { r.Source = "hf://our-org/model" }, "another question"},
		{"other_limits", func(r *finding.Report) { r.Limits = nil }, "another question"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			job, answer := honestJob(t)
			tt.lie(answer.Report)
			answering(t, answer)
			if _, err := scanConfined(t.Context(), job); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// Bytes that nothing explains make no clean result.
func TestChildLeavesBytesUnexplained(t *testing.T) {
	job, answer := honestJob(t)
	job.Omissions, answer.Report.Gaps, answer.Report.Excluded = nil, nil, nil
	answer.Report.Verdict = finding.Clean
	answer.Report.Files[0].Coverage = finding.Coverage{Unexplained: job.Files[0].Size}
	answering(t, answer)
	if _, err := scanConfined(t.Context(), job); err == nil || !strings.Contains(err.Error(), "unexplained") {
		t.Errorf("error %v", err)
	}
}

func TestBrokenChild(t *testing.T) {
	tests := []struct{ name, script, want string }{
		{"killed", "kill -9 $$", "died"},
		{"killed_in_the_middle", `printf '{"status":{'; kill -9 $$`, "died"},
		{"fails", "echo 'out of memory' >&2; exit 2", "out of memory"},
		{"silent", "exit 0", "unreadable"},
		{"garbage", "echo hello", "unreadable"},
		{"no_report", "echo '{}'", "no report"},
		{"unknown_member", `echo '{"report":null,"more":1}'`, "unreadable"},
		{"deep", "/usr/bin/head -c 1000000 /dev/zero | /usr/bin/tr '\\0' '['", "unreadable"},
		{"two_answers", `echo '{"status":{"Active":[],"Missing":[]},"report":{}} {}'`, "does not end"},
		{"never_ends", "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", "unreadable"},
		{"not_a_program", "", "unreadable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			job, _ := honestJob(t)
			child(t, tt.script)
			_, err := scanConfined(t.Context(), job)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestChildEndsWithTheContext(t *testing.T) {
	job, _ := honestJob(t)
	child(t, "echo started > started; while :; do :; done")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for {
			if _, err := os.Stat(filepath.Join(job.Folder, "started")); err == nil {
				cancel()
				return
			}
		}
	}()
	if _, err := scanConfined(ctx, job); err != context.Canceled {
		t.Errorf("error %v", err)
	}
}

// The child inherits neither the environment nor files that somebody left open.
func TestChildInheritsNothing(t *testing.T) {
	t.Setenv("AZURE_CLIENT_SECRET", "secret")
	job, _ := honestJob(t)
	leaked, err := unix.Open(job.Files[0].Blob, unix.O_RDONLY, 0) // without close-on-exec, as a shell leaves it
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(leaked)
	child(t, fmt.Sprintf("/usr/bin/env > env; if [ -e /proc/self/fd/%d ]; then echo leaked > leak; fi", leaked))
	if _, err := scanConfined(t.Context(), job); err == nil {
		t.Error("a silent child was believed")
	}
	env, err := os.ReadFile(filepath.Join(job.Folder, "env"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(env)) {
		// A shell adds some of its own.
		name, _, _ := strings.Cut(line, "=")
		if name != "GOMEMLIMIT" && name != "PWD" && name != "OLDPWD" && name != "SHLVL" && name != "_" {
			t.Errorf("the child has %s", line)
		}
	}
	if _, err := os.Stat(filepath.Join(job.Folder, "leak")); err == nil {
		t.Error("the child has an open file of its parent's parent")
	}
}
