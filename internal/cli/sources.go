package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/source"
	"github.com/sallyport/sallyport/internal/source/local"
)

// sourceOptions are the flags of every verb that reads a source.
type sourceOptions struct {
	include []string
	exclude []string
}

func (o *sourceOptions) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.include, "include", nil, "take only files that match this pattern (repeatable)")
	f.StringArrayVar(&o.exclude, "exclude", nil, "leave out files that match this pattern; they are listed (repeatable)")
}

// needArgs demands at least n arguments and says how to write them.
func needArgs(n int, hint string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < n {
			return usage(hint, "%s needs an argument", cmd.CommandPath())
		}
		return nil
	}
}

// exactArgs demands exactly n arguments.
func exactArgs(n int, hint string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usage(hint, "%s takes %d argument(s), got %d", cmd.CommandPath(), n, len(args))
		}
		return nil
	}
}

func checkFormat(name string, known ...string) error {
	if slices.Contains(known, name) {
		return nil
	}
	return usage("--format "+known[0], "unknown format %q (want %s)", name, strings.Join(known, ", "))
}

// remoteSchemes are source references that the design has and this version has not.
var remoteSchemes = []string{"hf://", "hf-cache:", "git+https://", "git+file://", "https://", "http://", "oci://", "az://", "azureml://"}

// tree lists the sources as one artifact and names the paths that reading it
// needs. A single source keeps its own relative paths; with several, each path
// begins with the source as the user typed it.
func (a *app) tree(args []string, o sourceOptions) (tree *artifact.Tree, readable []string, err error) {
	filter := source.Filter{Include: o.include, Exclude: o.exclude}
	if err := filter.Check(); err != nil {
		return nil, nil, usage(`--exclude "*.onnx"`, "malformed pattern: %w", err)
	}
	sources, list, err := a.expand(args)
	if err != nil {
		return nil, nil, err
	}
	if len(sources) == 1 && !list {
		return a.one(sources[0], filter)
	}
	merged := &artifact.Tree{Source: strings.Join(args, " ")}
	for _, s := range sources {
		t, paths, err := a.one(s, filter)
		if err != nil {
			return nil, nil, err
		}
		mergeTree(merged, t, s)
		readable = append(readable, paths...)
	}
	merged.Sort()
	return merged, readable, nil
}

// expand replaces "-" by the lines of standard input.
func (a *app) expand(args []string) (sources []string, list bool, err error) {
	for _, s := range args {
		if s != "-" {
			sources = append(sources, s)
			continue
		}
		list = true
		lines := bufio.NewScanner(a.In)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if line := strings.TrimSuffix(lines.Text(), "\r"); line != "" {
				sources = append(sources, line)
			}
		}
		if err := lines.Err(); err != nil {
			return nil, false, failed(err, "write one path per line")
		}
	}
	if len(sources) > bounded.MaxFiles {
		return nil, false, usage("scan a folder instead", "more than %d sources", bounded.MaxFiles)
	}
	return sources, list, nil
}

// one lists a single source.
func (a *app) one(name string, filter source.Filter) (*artifact.Tree, []string, error) {
	if strings.HasPrefix(name, layoutScheme) {
		return a.layoutTree(name, filter)
	}
	for _, scheme := range remoteSchemes {
		if strings.HasPrefix(name, scheme) {
			return nil, nil, usage("download it first, then name the folder: sallyport scan ./model",
				"sources of the kind %q are not part of this version", scheme)
		}
	}
	t, err := local.Tree(name, filter)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, failed(fmt.Errorf("no such file or folder: %q", name), "check the path; a source is a file, a folder, or layout:DIR//REPO:TAG")
	case errors.Is(err, local.ErrNotFile):
		return nil, nil, failed(fmt.Errorf("%q is neither a regular file nor a folder", name), "name a file or a folder")
	case err != nil:
		return nil, nil, failed(err, "check that you may read it")
	}
	return t, absolute([]string{name}), nil
}

func mergeTree(into, t *artifact.Tree, prefix string) {
	prefix = strings.TrimPrefix(path.Clean(filepath.ToSlash(prefix)), "/")
	single := len(t.Files)+len(t.Omissions) == 1 && len(t.Files) == 1 && t.Files[0].Path == path.Base(prefix)
	under := func(p string) string {
		if single {
			return prefix
		}
		return path.Join(prefix, p)
	}
	for _, f := range t.Files {
		f.Path = under(f.Path)
		into.Files = append(into.Files, f)
	}
	for _, o := range t.Omissions {
		o.Path = under(o.Path)
		into.Omissions = append(into.Omissions, o)
	}
}
