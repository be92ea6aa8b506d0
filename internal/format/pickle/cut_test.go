package pickle

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCutPayloads cuts fixtures of the catalogue at every byte behind the import
// of os.system: it stays a finding, and the file is incomplete.
func TestCutPayloads(t *testing.T) {
	for _, name := range []string{"P01_global_and_reduce", "P20_memoize_after_get", "P25_escaped_string", "P32_appends_to_what_is_no_list", "P77_behind_an_array_of_joblib"} {
		t.Run(name, func(t *testing.T) {
			data := stream(t, fixture(t, name))
			for n := 1; n < len(data); n++ {
				got := verdict(t, "model.pkl", data[:n:n])
				if got == "" {
					t.Errorf("cut at %d of %d it passes", n, len(data))
				}
				// The import is the last thing before the call in each of them.
				if n >= len(data)-3 && !strings.Contains(got, "001") {
					t.Errorf("cut at %d of %d the finding is lost: %s", n, len(data), got)
				}
			}
		})
	}
}

func fixture(t *testing.T, name string) string {
	t.Helper()
	for _, c := range catalogue {
		if c.name == name {
			return c.code
		}
	}
	t.Fatalf("the catalogue has no %s", name)
	return ""
}

// TestCutProducers cuts real files at every byte: none passes, and none is
// more than incomplete for its frames alone.
func TestCutProducers(t *testing.T) {
	files, err := filepath.Glob("testdata/producers/*.pkl")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > 4096 {
			continue
		}
		seen++
		t.Run(filepath.Base(file), func(t *testing.T) {
			for n := 1; n < len(data); n++ {
				got := verdict(t, "model.pkl", data[:n:n])
				if got == "" {
					t.Fatalf("cut at %d of %d it passes", n, len(data))
				}
				if strings.Contains(got, "005") {
					t.Fatalf("cut at %d of %d it is called a lie: %s", n, len(data), got)
				}
			}
		})
	}
	if seen < 10 {
		t.Errorf("only %d files are small enough", seen)
	}
}
