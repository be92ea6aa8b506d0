package source

import "testing"

func TestFilter(t *testing.T) {
	for _, tt := range []struct {
		name    string
		filter  Filter
		path    string
		keep    bool
		because string
	}{
		{"everything_by_default", Filter{}, "a/b.bin", true, ""},
		{"exclude_by_name_anywhere", Filter{Exclude: []string{"*.bin"}}, "a/b.bin", false, "excluded by pattern *.bin"},
		{"exclude_leaves_others", Filter{Exclude: []string{"*.bin"}}, "a/b.txt", true, ""},
		{"exclude_folder_by_name", Filter{Exclude: []string{"onnx"}}, "x/onnx/m.onnx", false, "excluded by pattern onnx"},
		{"exclude_folder_by_path", Filter{Exclude: []string{"x/onnx"}}, "x/onnx/m.onnx", false, "excluded by pattern x/onnx"},
		{"path_is_anchored", Filter{Exclude: []string{"onnx/m"}}, "x/onnx/m", true, ""},
		{"double_star", Filter{Exclude: []string{"**/m.onnx"}}, "x/y/m.onnx", false, "excluded by pattern **/m.onnx"},
		{"double_star_matches_none", Filter{Exclude: []string{"**/m.onnx"}}, "m.onnx", false, "excluded by pattern **/m.onnx"},
		{"star_stops_at_slash", Filter{Include: []string{"a/*.txt"}}, "a/b/c.txt", false, "matches no include pattern"},
		{"include_selects", Filter{Include: []string{"*.safetensors"}}, "m.safetensors", true, ""},
		{"exclude_wins", Filter{Include: []string{"*.bin"}, Exclude: []string{"b.*"}}, "b.bin", false, "excluded by pattern b.*"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			keep, why := tt.filter.Keep(tt.path)
			if keep != tt.keep || why != tt.because {
				t.Errorf("Keep(%q) = %v, %q; want %v, %q", tt.path, keep, why, tt.keep, tt.because)
			}
		})
	}
}

func TestFilterCheckRefusesMalformedPatterns(t *testing.T) {
	if err := (Filter{Include: []string{"[a"}}).Check(); err == nil {
		t.Error("a malformed pattern was accepted")
	}
	if err := (Filter{Exclude: []string{"**/*.bin", "a/[bc]"}}).Check(); err != nil {
		t.Error(err)
	}
}
