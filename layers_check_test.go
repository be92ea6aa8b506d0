package sallyport

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// in makes a package of this module from its folder and its imports; an import
// that starts with "internal/" or "rules" is one of this module.
func in(dir string, imports ...string) pkg {
	p := pkg{dir: dir, name: dir[strings.LastIndexByte(dir, '/')+1:]}
	for _, imp := range imports {
		if strings.HasPrefix(imp, "internal/") || imp == "rules" {
			imp = module + "/" + imp
		}
		p.imports = append(p.imports, imp)
	}
	return p
}

// chain makes n packages that each import the next one.
func chain(n int) []pkg {
	var pkgs []pkg
	for i := range n {
		pkgs = append(pkgs, in("scripts/"+string(rune('a'+i))))
		if i > 0 {
			pkgs[i-1].imports = []string{module + "/" + pkgs[i].dir}
		}
	}
	return pkgs
}

func TestCheckFindsEachBreach(t *testing.T) {
	for _, test := range []struct {
		name string
		pkgs []pkg
		want string // part of the only problem; empty: none
	}{
		{"good", []pkg{in("internal/scan", "io", "internal/format", "internal/finding")}, ""},
		{"words_go_right", []pkg{in("internal/finding", "internal/artifact")}, ""},
		{"words_go_left", []pkg{in("internal/artifact", "internal/finding")}, "(words): imports internal/finding"},
		{"rule_reads_rules", []pkg{in("internal/rule", "rules")}, ""},
		{"own_row", []pkg{in("internal/bounded", "internal/rule")}, "(ground): imports internal/rule (ground)"},
		{"row_below", []pkg{in("internal/policy", "internal/attest")}, "(contracts): imports internal/attest (parts)"},
		{"scan_knows_no_format", []pkg{in("internal/scan", "internal/format/torch")}, "imports internal/format/torch (parts)"},
		{"scan_knows_no_list", []pkg{in("internal/scan", "internal/format/all")}, "imports internal/format/all (gates)"},
		{"gates_know_the_list", []pkg{in("internal/cli", "internal/format/all")}, ""},
		{"gate_row", []pkg{in("internal/gate/admit", "internal/format/all")}, "(gates): imports internal/format/all (gates)"},
		{"unknown_package", []pkg{in("internal/novelty")}, "internal/novelty: not in the table"},
		{"unknown_nested", []pkg{in("internal/format/torch/deep")}, "internal/format/torch/deep: not in the table"},
		{"unknown_import", []pkg{in("internal/scan", "internal/novelty")}, "internal/novelty, which is in no row"},
		{"root_import", []pkg{in("internal/scan", module)}, "imports ., which is in no row"},
		{"support_in_product", []pkg{in("internal/scan", "internal/sample")}, "internal/sample, which is for tests only"},
		{"support_suite_in_product", []pkg{in("internal/cli", "internal/registry/registrytest")}, "registrytest, which is for tests only"},
		{"support_in_support", []pkg{in("internal/registry/registrytest", "internal/sample", "net/http/httptest")}, ""},
		{"support_in_command", []pkg{in("scripts/tamper", "internal/sample", "os")}, ""},
		{"reader_os", []pkg{in("internal/format/torch", "os")}, "internal/format/torch: imports os,"},
		{"reader_exec", []pkg{in("internal/decode/pickle", "os/exec")}, "imports os/exec,"},
		{"reader_url", []pkg{in("internal/detect/markup", "net/url")}, "imports net/url,"},
		{"reader_http", []pkg{in("internal/provenance", "net/http")}, "imports net/http, but"},
		{"reader_httptest", []pkg{in("internal/dataset", "net/http/httptest")}, "imports net/http/httptest, but"},
		{"reader_cgo", []pkg{in("internal/decode/zip", "C")}, "imports C,"},
		{"reader_unsafe", []pkg{in("internal/decode/zip", "unsafe")}, "imports unsafe,"},
		{"reader_gob", []pkg{in("internal/decode/zip", "encoding/gob")}, "imports encoding/gob,"},
		{"reader_plugin", []pkg{in("internal/decode/zip", "plugin")}, "imports plugin,"},
		{"reader_syscall", []pkg{in("internal/decode/zip", "syscall")}, "imports syscall,"},
		{"reader_same_ending", []pkg{in("internal/decode/zip", "example.org/os", "golang.org/x/net/html")}, ""},
		{"source_may_os", []pkg{in("internal/source/local", "os", "syscall")}, ""},
		{"guard_direct", []pkg{in("internal/gate/deploy", "internal/scan")}, "reaches a parser: internal/gate/deploy → internal/scan"},
		{"guard_through_other", []pkg{
			in("internal/gate/deploy", "internal/attest"),
			in("internal/attest", "internal/format"),
		}, "internal/gate/deploy → internal/attest → internal/format"},
		{"guard_clean", []pkg{in("internal/gate/deploy", "internal/attest", "internal/policy"), in("internal/attest", "internal/sign")}, ""},
		{"admit_may_scan", []pkg{in("internal/gate/admit", "internal/scan")}, ""},
		{"network_elsewhere", []pkg{in("internal/registry/remote", "net/http")}, "only internal/outbound"},
		{"network_listen", []pkg{in("internal/cli", "net")}, "only internal/outbound"},
		{"network_pprof", []pkg{in("internal/cli", "net/http/pprof")}, "only internal/outbound"},
		{"network_outbound", []pkg{in("internal/outbound", "net/http", "net")}, ""},
		{"network_embedded", []pkg{in("internal/registry/embedded", "net/http")}, ""},
		{"url_everywhere", []pkg{in("internal/sbom", "net/url")}, ""},
		{"depth_at_limit", chain(maxDepth), ""},
		{"depth_above_limit", chain(maxDepth + 1), "a chain of 11 imports"},
		{"vague_folder", []pkg{in("scripts/utils")}, "says nothing"},
		{"vague_package", []pkg{{dir: "scripts/thing", name: "helpers"}}, "says nothing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := check(test.pkgs)
			switch {
			case test.want == "" && len(got) > 0:
				t.Errorf("unexpected: %q", got)
			case test.want != "" && (len(got) != 1 || !strings.Contains(got[0], test.want)):
				t.Errorf("got %q, want one problem with %q", got, test.want)
			}
		})
	}
}

// A circle cannot compile, but the checker meets it before the compiler does.
func TestCheckSurvivesCircles(t *testing.T) {
	pkgs := []pkg{in("internal/sign", "internal/policy"), in("internal/policy", "internal/sign")}
	if got := check(pkgs); len(got) != 2 {
		t.Errorf("got %q, want both directions", got)
	}
}

func TestCheckFiles(t *testing.T) {
	for _, test := range []struct {
		name string
		file goFile
		want bool
	}{
		{"at_limit", goFile{"internal/scan/scan.go", maxLines, false}, false},
		{"above_limit", goFile{"internal/scan/scan.go", maxLines + 1, false}, true},
		{"above_limit_test", goFile{"internal/scan/scan_test.go", maxLines + 1, false}, true},
		{"generated", goFile{"internal/rule/catalog_gen.go", 9000, true}, false},
		{"main_at_limit", goFile{mainFile, maxMain, false}, false},
		{"main_above_limit", goFile{mainFile, maxMain + 1, false}, true},
		{"other_main", goFile{"cmd/other/main.go", 100, false}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := checkFiles([]goFile{test.file}); (len(got) > 0) != test.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	text := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	root := fstest.MapFS{
		"root_test.go":                 text("package root\nimport \"os\"\n"),
		"internal/a/a.go":              text("package a\nimport (\n\t\"io\"\n\tx \"" + module + "/internal/b\"\n)\n"),
		"internal/a/a_windows.go":      text("package a\nimport _ \"syscall\"\nimport \"io\"\n"),
		"internal/a/a_test.go":         text("package a\nimport \"net/http\"\n"),
		"internal/a/list.go":           text("// Code generated by gen; DO NOT EDIT.\n\npackage a\n"),
		"internal/a/write.go":          text("//go:build ignore\n\npackage main\nimport \"os\"\n"),
		"internal/a/testdata/x/x.go":   text("package x\nimport \"os\"\n"),
		"internal/nested/go.mod":       text("module nested\n"),
		"internal/nested/n.go":         text("package nested\n"),
		"internal/nested/deep/n.go":    text("package deep\n"),
		".interop/node_modules/x/x.go": text("package broken {"),
		"internal/only/only_test.go":   text("package only\n"),
	}
	pkgs, files, err := load(root)
	if err != nil {
		t.Fatal(err)
	}
	want := []pkg{{"internal/a", "a", []string{"io", module + "/internal/b", "syscall"}}}
	if diff := cmp.Diff(want, pkgs, cmp.AllowUnexported(pkg{})); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	if len(files) != 7 {
		t.Errorf("files: %v", files)
	}
	for _, f := range files {
		if want := f.path == "internal/a/list.go"; f.generated != want {
			t.Errorf("%s: generated %v, want %v", f.path, f.generated, want)
		}
	}
	if _, _, err := load(fstest.MapFS{"bad.go": text("package {")}); err == nil {
		t.Error("a file that does not parse passes")
	}
}
