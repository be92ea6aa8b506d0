//go:build heavy

package interop

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/finding"
)

// readR writes, as JSON, the class of what each file holds, or the names of the
// objects of a workspace. It touches nothing else of it.
const readR = `
q <- function(s) paste0('"', s, '"')
out <- character(0)
for (p in commandArgs(TRUE)) {
  if (grepl("[.]rds$", p)) {
    o <- readRDS(p); v <- attr(o, "class"); v <- if (is.null(v)) "" else paste(v, collapse = ",")
  } else {
    e <- new.env(); v <- paste(sort(load(p, e)), collapse = ",")
  }
  out <- c(out, paste0(q(p), ": ", q(v)))
}
cat("{", paste(out, collapse = ", "), "}")
`

// TestRSeesTheSame needs R 4 as Rscript, Debian's r-base-core.
func TestRSeesTheSame(t *testing.T) {
	client(t, "heavy/bin/python") // R comes with the heavy clients
	rscript, err := exec.LookPath("Rscript")
	if err != nil {
		t.Fatal(err)
	}
	files := append(produced(t, "rdata/testdata/clean/*.rds"), produced(t, "rdata/testdata/clean/*.r[Dd]*a")...)
	files = append(files, produced(t, "rdata/testdata/clean/*.RData")...)
	var want map[string]string
	if err := json.Unmarshal([]byte(foreign(t, rscript, append([]string{write(t, "read.R", readR)}, files...)...)), &want); err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			facts := factsOf(t, name)
			if diff := cmp.Diff(want[name], facts["r.class"]+facts["r.objects"]); diff != "" {
				t.Errorf("-R +sallyport\n%s", diff)
			}
		})
	}
}

// TestRUnpacksWhatWeUnpack writes a model in every way of compressing that R has
// and lets us find the class in it.
func TestRUnpacksWhatWeUnpack(t *testing.T) {
	client(t, "heavy/bin/python")
	rscript, err := exec.LookPath("Rscript")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	foreign(t, rscript, write(t, "write.R", `
d <- commandArgs(TRUE)
m <- lm(dist ~ speed, cars)
for (c in c("gzip", "bzip2", "xz")) saveRDS(m, file.path(d, paste0(c, ".rds")), compress = c)
save(m, file = file.path(d, "m.RData"))
`), dir)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 4 {
		t.Fatalf("%v %v", files, err)
	}
	for _, name := range files {
		var report finding.Report
		if err := json.Unmarshal([]byte(newUser(t).sallyport(t, 0, "scan", name, "--format", "json")), &report); err != nil {
			t.Fatal(err)
		}
		if f := report.Files[0]; len(f.Children) != 1 || len(f.Children[0].Facts) == 0 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
