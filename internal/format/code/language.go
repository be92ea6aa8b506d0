package code

import (
	"bytes"
	"path"
	"strings"
)

// byExtension lists languages with the name endings of their files.
var byExtension = []struct {
	language string
	endings  string
}{
	{"python", ".py .pyi .pyw .pth"},
	{"cython", ".pyx .pxd .pxi"},
	{"jinja", ".jinja .j2 .jinja2"},
	{"shell", ".sh .bash .zsh .ksh .fish .command"},
	{"batch", ".bat .cmd"},
	{"powershell", ".ps1 .psm1 .psd1"},
	{"javascript", ".js .mjs .cjs .jsx"},
	{"typescript", ".ts .mts .cts .tsx"},
	{"html", ".html .htm .xhtml .hta"},
	{"lua", ".lua"},
	{"r", ".r .rmd .qmd .rprofile"},
	{"julia", ".jl"},
	{"ruby", ".rb .gemspec"},
	{"perl", ".pl .pm"},
	{"php", ".php"},
	{"java", ".java .jsp"},
	{"kotlin", ".kt .kts"},
	{"scala", ".scala"},
	{"groovy", ".groovy .gradle"},
	{"c", ".c .h .cc .cpp .cxx .hpp .hh .cu .cuh .cl .m .mm"},
	{"c#", ".cs .csx .fsx"},
	{"go", ".go"},
	{"rust", ".rs"},
	{"swift", ".swift"},
	{"visual basic", ".vbs .vbe .vb .wsf"},
	{"make", ".mk .mak .cmake"},
	{"starlark", ".bzl .bazel .star"},
	{"sql", ".sql"},
	{"nix", ".nix"},
	{"applescript", ".applescript"},
}

// byName lists languages with the whole names of their files, lower case.
var byName = []struct {
	language string
	names    string
}{
	{"make", "makefile gnumakefile cmakelists.txt justfile"},
	{"docker", "dockerfile containerfile"},
	{"python", "sconstruct sconscript"},
	{"groovy", "jenkinsfile"},
	{"ruby", "rakefile gemfile podfile vagrantfile"},
	{"starlark", "build workspace tiltfile"},
	{"shell", ".bashrc .bash_profile .profile .zshrc .envrc"},
}

// byInterpreter lists languages with the programs that a first line "#!" names.
var byInterpreter = []struct {
	language string
	prefixes string
}{
	{"python", "python pypy uv"},
	{"shell", "sh bash dash ash ksh zsh fish"},
	{"javascript", "node deno bun"},
	{"perl", "perl"}, {"ruby", "ruby"}, {"lua", "lua luajit texlua"}, {"r", "rscript"},
	{"julia", "julia"}, {"php", "php"}, {"powershell", "pwsh"}, {"make", "make"},
}

func extensions() []string {
	var all []string
	for _, l := range byExtension {
		all = append(all, strings.Fields(l.endings)...)
	}
	return all
}

// language is the language a file is written in, or "" when it is not code.
func language(name string, head []byte) string {
	name = strings.ToLower(name)
	if ext := path.Ext(name); ext != "" {
		for _, l := range byExtension {
			if hasWord(l.endings, ext) {
				return l.language
			}
		}
	}
	stem, _, _ := strings.Cut(name, ".")
	for _, l := range byName {
		if hasWord(l.names, name) || l.language == "docker" && hasWord(l.names, stem) {
			return l.language
		}
	}
	return interpreter(head)
}

// interpreter reads the first line of a script: "#!/usr/bin/env -S python3 -u".
func interpreter(head []byte) string {
	line, _, _ := bytes.Cut(head, []byte{'\n'})
	line, ok := bytes.CutPrefix(bytes.TrimPrefix(line, []byte("\ufeff")), []byte("#!"))
	if !ok {
		return ""
	}
	for _, word := range strings.Fields(string(line)) {
		program := strings.ToLower(path.Base(word))
		if program == "env" || strings.HasPrefix(word, "-") || strings.Contains(word, "=") {
			continue
		}
		program = strings.TrimRight(program, "0123456789.-")
		for _, l := range byInterpreter {
			if hasWord(l.prefixes, program) {
				return l.language
			}
		}
		if strings.HasPrefix(word, "/") {
			return "script"
		}
		break // no path: a comment that happens to begin like this
	}
	return ""
}

func hasWord(list, word string) bool {
	for w := range strings.FieldsSeq(list) {
		if w == word {
			return true
		}
	}
	return false
}
