package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Places says where to look. Nothing is read that it does not name.
type Places struct {
	WorkDir string   // holds FileName; empty: not read
	UserDir string   // holds UserFileName, such as $XDG_CONFIG_HOME; empty: not read
	Environ []string // "NAME=value", as os.Environ gives it
	Sources []string // local files and folders under judgement: no settings come from inside of them
}

// Load merges the user's file, the file of the working directory and the
// variables, in rising order. A file that does not exist sets nothing; a file
// that cannot be read or understood is an error.
func Load(p Places) (*Config, error) {
	c := &Config{settings: map[string]Setting{}}
	if p.UserDir != "" {
		if err := c.load(filepath.Join(p.UserDir, filepath.FromSlash(UserFileName)), "", p.Sources); err != nil {
			return nil, err
		}
	}
	if p.WorkDir != "" {
		if err := c.load(filepath.Join(p.WorkDir, FileName), FileName, p.Sources); err != nil {
			return nil, err
		}
	}
	if err := c.environ(p.Environ); err != nil {
		return nil, err
	}
	return c, nil
}

// load reads one file. A short name marks the file of the working directory and
// stands in messages for its path.
func (c *Config) load(path, short string, sources []string) error {
	name := path
	if short != "" {
		name = short
	}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if source, inside := within(path, sources); inside {
		c.Ignored = append(c.Ignored, fmt.Sprintf("%s was not read because it lies inside the source %q.", name, source))
		return nil
	}
	data, err := readFile(path)
	if err != nil {
		return &Error{name, 0, "The file cannot be read: " + err.Error() + "."}
	}
	return c.decode(name, data, short != "")
}

// readFile reads a regular file of at most MaxSize bytes; one byte more is read
// so that Parse can refuse it.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path) // before opening: opening a pipe would wait
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxSize+1))
}

// within reports whether a file lies in one of the sources, by its own name or
// through links.
func within(path string, sources []string) (source string, inside bool) {
	for _, s := range sources {
		for _, f := range spellings(path) {
			for _, root := range spellings(s) {
				rel, err := filepath.Rel(root, f)
				if err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
					return s, true
				}
			}
		}
	}
	return "", false
}

// spellings are the absolute path as given and with links resolved.
func spellings(path string) []string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return []string{filepath.Clean(path)}
	}
	out := []string{abs}
	if real, err := filepath.EvalSymlinks(abs); err == nil && real != abs {
		out = append(out, real)
	}
	return out
}
