package artifact

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckPath(t *testing.T) {
	for _, tt := range []struct {
		name, path string
		ok         bool
	}{
		{"plain", "model.safetensors", true}, {"folder", "a/b c/d.json", true}, {"hidden", ".gitattributes", true},
		{"unicode", "模型/ü.txt", true}, {"three_dots", "a/...", true}, {"colon_inside", "abc:def", true},
		{"empty", "", false}, {"absolute", "/etc/passwd", false}, {"parent", "../x", false}, {"parent_inside", "a/../b", false},
		{"dot", "./a", false}, {"double_slash", "a//b", false}, {"trailing_slash", "a/", false}, {"backslash", `a\b`, false},
		{"nul", "a\x00b", false}, {"newline", "a\nb", false}, {"escape", "a\x1b[0m", false}, {"delete", "a\x7f", false},
		{"drive", "C:/x", false}, {"not_utf8", "a\xff", false}, {"too_long", strings.Repeat("a", 4097), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := CheckPath(tt.path)
			if (err == nil) != tt.ok || (err != nil && !errors.Is(err, ErrPath)) {
				t.Errorf("CheckPath(%q) = %v", tt.path, err)
			}
		})
	}
}

func TestCheckPathsFindsCollisions(t *testing.T) {
	for _, tt := range []struct {
		name  string
		paths []string
		ok    bool
	}{
		{"distinct", []string{"a", "b/a", "b/c"}, true},
		{"duplicate", []string{"a", "a"}, false},
		{"case", []string{"Model.bin", "model.BIN"}, false},
		{"file_is_folder", []string{"a", "a/b"}, false},
		{"file_is_folder_case", []string{"A", "a/b/c"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tree := &Tree{}
			for _, p := range tt.paths {
				tree.Files = append(tree.Files, File{Path: p})
			}
			if err := tree.CheckPaths(); (err == nil) != tt.ok {
				t.Errorf("CheckPaths(%q) = %v", tt.paths, err)
			}
		})
	}
}

func FuzzCheckPath(f *testing.F) {
	f.Add("a/b")
	f.Add("../x")
	f.Fuzz(func(t *testing.T, p string) {
		if CheckPath(p) != nil {
			return
		}
		// What is accepted stays below any folder it is joined to.
		if strings.Contains("/"+p+"/", "/../") || strings.HasPrefix(p, "/") || strings.ContainsAny(p, "\\\x00\n") {
			t.Errorf("accepted %q", p)
		}
	})
}
