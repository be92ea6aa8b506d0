// Command bill writes what released binaries are made of: for each binary a
// CycloneDX bill of materials beside it (BINARY.cdx.json), and one text with the
// licences of every module that any of them links. It reads the build
// information inside the binaries, so it lists what was linked, not what was
// required.
//
// It fails when a binary is too big or links too many modules, and when a
// module has no licence, or one that may not be linked.
//
//	go run ./scripts/bill -licences dist/LICENSES.txt dist/sallyport_*
package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
)

// The limits of the design.
const (
	maxSize    = 50 << 20 // bytes of a binary
	maxModules = 170      // modules linked into a binary, the program's own included
)

// binary is one program with what it says about itself.
type binary struct {
	path    string
	size    int64
	sha256  string
	info    *debug.BuildInfo
	version string
}

func main() {
	licences := flag.String("licences", "", "write the licences of all linked modules to this `file`")
	version := flag.String("version", "", "version of the program; taken from the build information when empty")
	flag.Parse()
	if err := run(flag.Args(), *version, *licences); err != nil {
		fmt.Fprintln(os.Stderr, "bill:", err)
		os.Exit(1)
	}
}

func run(paths []string, version, licences string) error {
	if len(paths) == 0 {
		return fmt.Errorf("no binary given")
	}
	found, err := readLicences()
	if err != nil {
		return err
	}
	linked := map[string]bool{}
	for _, path := range paths {
		b, err := read(path, version)
		if err != nil {
			return err
		}
		for _, m := range modules(b.info) {
			linked[m.Path] = true
		}
		if err := os.WriteFile(path+".cdx.json", bill(b, found), 0o644); err != nil {
			return err
		}
		fmt.Printf("%-45s %5.1f MB  %d modules\n", filepath.Base(path), float64(b.size)/1e6, len(b.info.Deps)+1)
		if err := b.check(); err != nil {
			return err
		}
	}
	if licences == "" {
		return nil
	}
	text, err := found.text(linked)
	if err != nil {
		return err
	}
	return os.WriteFile(licences, text, 0o644)
}

func read(path, version string) (*binary, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if version == "" {
		version = info.Main.Version
	}
	sum := sha256.Sum256(data)
	return &binary{path: path, size: int64(len(data)), sha256: hex.EncodeToString(sum[:]), info: info, version: version}, nil
}

func (b *binary) check() error {
	if b.size > maxSize {
		return fmt.Errorf("%s has %d bytes, more than %d", b.path, b.size, maxSize)
	}
	if n := len(b.info.Deps) + 1; n > maxModules {
		return fmt.Errorf("%s links %d modules, more than %d", b.path, n, maxModules)
	}
	return nil
}

// modules are the dependencies as they were linked: replacements replaced.
func modules(info *debug.BuildInfo) []debug.Module {
	var all []debug.Module
	for _, m := range info.Deps {
		for m.Replace != nil {
			m = m.Replace
		}
		all = append(all, *m)
	}
	slices.SortFunc(all, func(a, b debug.Module) int { return strings.Compare(a.Path, b.Path) })
	return all
}
