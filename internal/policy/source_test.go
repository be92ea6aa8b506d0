package policy

import "testing"

func TestMatchSource(t *testing.T) {
	tests := []struct {
		name, pattern, source string
		want                  bool
	}{
		{"any", "*", "https://x.example/m", true},
		{"any-needs-a-source", "*", "", false},
		{"local-folder", "local", "./model", true},
		{"local-absolute", "local", "/srv/model", true},
		{"local-windows", "local", `C:\model`, true},
		{"local-is-not-remote", "local", "hf://org/model", false},
		{"layout", "layout", "layout:./r//team/m:v1", true},
		{"layout-is-not-local", "local", "layout:./r//team/m:v1", false},
		{"local-is-not-layout", "layout", "./layout", false},
		{"org", "hf://good/*", "hf://good/model", true},
		{"org-with-revision", "hf://good/*", "hf://good/model@0a1b", true},
		{"org-in-other-case", "hf://Good/*", "HF://good/model", true},
		{"other-org", "hf://good/*", "hf://goodish/model", false},
		{"org-as-suffix", "hf://good/*", "hf://notgood/model", false},
		{"one-part-only", "hf://good/*", "hf://good/a/b", false},
		{"one-model", "hf://good/model", "hf://good/model@main", true},
		{"one-model-is-not-prefix", "hf://good/model", "hf://good/model2", false},
		{"one-revision", "hf://good/model@abc", "hf://good/model@abc", true},
		{"other-revision", "hf://good/model@abc", "hf://good/model@abd", false},
		{"revision-missing", "hf://good/model@abc", "hf://good/model", false},
		{"revision-with-slash", "hf://good/model", "hf://good/model@refs/pr/1", true},
		{"everything-below", "https://x.example/**", "https://x.example/a/b/c", true},
		{"subdomain", "https://*.example.com/**", "https://models.example.com/a", true},
		{"subdomain-needs-one", "https://*.example.com/**", "https://example.com/a", false},
		{"subdomain-faked", "https://*.example.com/**", "https://evilexample.com/a", false},
		{"other-scheme", "https://x.example/**", "http://x.example/a", false},
		{"port-is-part-of-host", "https://x.example/**", "https://x.example:8443/a", false},
		{"user-name-before-host", "https://x.example/**", "https://x.example@evil.example/a", false},
		{"user-name-with-right-host", "https://x.example/**", "https://a@x.example/a", false},
		{"dot-segments", "hf://good/*", "hf://good/../evil", false},
		{"dot-segments-below", "https://x.example/a/**", "https://x.example/a/../b", false},
		{"escaped-dot-segments", "https://x.example/a/**", "https://x.example/a/%2e%2e/b", false},
		{"backslash", "https://x.example/**", `https://x.example/a\b`, false},
		{"query", "https://x.example/*", "https://x.example/a?b", false},
		{"tab-in-host", "https://x.example/**", "https://x.exam\tple/a", false},
		{"look-alike-letters", "https://x.example/**", "https://х.example/a", false},
		{"no-path", "https://x.example/**", "https://x.example", true},
		{"git", "git+https://host.example/group/*", "git+https://host.example/group/repo@abc", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := checkPattern(tt.pattern); err != nil {
				t.Fatal(err)
			}
			if got := matchSource(tt.pattern, tt.source); got != tt.want {
				t.Errorf("matchSource(%q, %q) = %v", tt.pattern, tt.source, got)
			}
		})
	}
}

func TestCheckPattern(t *testing.T) {
	for _, p := range []string{"", "**", "hf", "hf://", "://x", "https:///a", "https://*/a", "https://a.*.example/x", "h*://x/a", "https://u@x/a", "https://x/[a"} {
		t.Run("refused-"+p, func(t *testing.T) {
			if checkPattern(p) == nil {
				t.Errorf("%q accepted", p)
			}
		})
	}
}

// FuzzMatchSource holds that no source fits a pattern of another host.
func FuzzMatchSource(f *testing.F) {
	for _, s := range []string{"hf://good/m", "hf://evil/m", "hf://good@evil/m", "hf://good/../evil/m", "HF://GOOD/x", "hf:///good/m", "hf://good"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if matchSource("hf://good/**", source) && (len(source) < 9 || !equalASCII(source[:9], "hf://good")) {
			t.Errorf("%q fits", source)
		}
	})
}

func equalASCII(a, lower string) bool {
	for i := range len(a) {
		c := a[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
