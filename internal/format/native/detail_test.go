package native

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

// TestOwnProgram reads the program that runs this test, whatever the system.
func TestOwnProgram(t *testing.T) {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	k := kindOf(formattest.Input("x", data, false))
	if k == nil || k.inspect == nil {
		t.Fatalf("%s is not recognised on %s", path, runtime.GOOS)
	}
	d := k.inspect(formattest.Input("x", data, false))
	if d.end != int64(len(data)) || d.arch == "" {
		t.Errorf("it ends at %d of %d, for %q", d.end, len(data), d.arch)
	}
	tail := "PK\x03\x04 something appended"
	res := Format.Read(formattest.Input("x", append(data, tail...), false))
	if n := res.Spans[0].Length; n != int64(len(data)) {
		t.Errorf("with a tail it ends at %d of %d", n, len(data))
	}
	if !strings.Contains(res.Findings[0].Message, "bytes more") {
		t.Errorf("the tail is not told: %s", res.Findings[0].Message)
	}
}

func TestGadgetsOfBytecode(t *testing.T) {
	cases := map[string]struct {
		names, imports, want []string
	}{
		"system":       {[]string{"os", "system"}, []string{"os"}, []string{"os.system"}},
		"popen":        {[]string{"subprocess", "Popen"}, []string{"subprocess"}, []string{"subprocess.Popen"}},
		"eval":         {[]string{"eval"}, nil, []string{"builtins.eval"}},
		"listing":      {[]string{"os", "listdir", "path", "join"}, []string{"os"}, nil},
		"cache":        {[]string{"functools", "lru_cache"}, []string{"functools"}, nil},
		"other_module": {[]string{"system"}, []string{"math"}, nil},
		"two_modules":  {[]string{"os", "logging"}, []string{"logging", "os"}, nil},
	}
	for name, c := range cases {
		if got := gadgets(c.names, c.imports); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestLyingHeaders reads headers with every number at its largest.
func TestLyingHeaders(t *testing.T) {
	high := strings.Repeat("\xff", 400)
	cases := map[string]string{
		"elf64":     "\x7fELF\x02\x01\x01" + high,
		"elf32":     "\x7fELF\x01\x02\x01" + high,
		"pe":        "MZ" + strings.Repeat("\x00", 58) + "\x40\x00\x00\x00PE\x00\x00" + high,
		"macho":     "\xcf\xfa\xed\xfe\x07\x00\x00\x01\x03\x00\x00\x00\x02\x00\x00\x00" + high,
		"universal": "\xca\xfe\xba\xbe\x00\x00\x00\x2c" + high,
		"class":     "\xca\xfe\xba\xbe\x00\x00\x00\x34\xff\xff" + high,
		"wasm":      "\x00asm\x01\x00\x00\x00\x02" + high,
	}
	for name, text := range cases {
		in := formattest.Input("x", []byte(text), true)
		if Format.Match(in) != format.Strong {
			t.Errorf("%s is not recognised", name)
			continue
		}
		res := Format.Read(in)
		if s := res.Spans[0]; s.Length <= 0 || s.Length > int64(len(text)) || len(res.Findings) != 1 {
			t.Errorf("%s: %+v", name, res)
		}
	}
}
