package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// standardLibrary is linked too, and has a licence of its own.
const standardLibrary = "std"

// licence is one licence text of a module.
type licence struct {
	file string // base name
	spdx string // identifier; empty when not recognised
	text []byte
}

// licenceSet holds the licences of every module of the build list that lies in
// the module cache.
type licenceSet map[string][]licence

// marks are phrases that only one licence has, the more special ones first.
var marks = []struct{ spdx, phrase string }{
	// MPL-2.0 names the GNU licences as secondary ones, so it comes first.
	{"MPL-2.0", "Mozilla Public License"},
	{"AGPL-3.0-only", "GNU AFFERO GENERAL PUBLIC LICENSE"},
	{"LGPL-3.0-only", "GNU LESSER GENERAL PUBLIC LICENSE"},
	{"GPL-3.0-only", "GNU GENERAL PUBLIC LICENSE"},
	{"Apache-2.0", "Apache License Version 2.0"},
	{"BSD-3-Clause", "Neither the name of"},
	{"BSD-2-Clause", "Redistributions in binary form must reproduce"},
	{"MIT", "Permission is hereby granted, free of charge"},
	{"ISC", "Permission to use, copy, modify, and/or distribute this software for any purpose"},
	{"ISC", "Permission to use, copy, modify, and distribute this software for any purpose"},
	{"Unlicense", "This is free and unencumbered software released into the public domain"},
	{"CC0-1.0", "CC0 1.0 Universal"},
}

// refused is true for what may not be linked into a binary that we give away
// under our licence.
func refused(spdx string) bool {
	return strings.HasPrefix(spdx, "AGPL-") || strings.HasPrefix(spdx, "LGPL-") || strings.HasPrefix(spdx, "GPL-")
}

var (
	choice       = regexp.MustCompile(`SPDX-License-Identifier: (\S+) OR (\S+)`)
	spaces       = regexp.MustCompile(`\s+`)
	licenceNames = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense|notice|patents)`)
)

func readLicences() (licenceSet, error) {
	set := licenceSet{}
	out, err := exec.Command("go", "list", "-m", "-json", "all").Output()
	if err != nil {
		return nil, fmt.Errorf("go list -m: %w", err)
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var m struct {
			Path, Dir string
			Main      bool
			Replace   *struct{ Dir string }
		}
		if err := dec.Decode(&m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if m.Replace != nil {
			m.Dir = m.Replace.Dir
		}
		if m.Dir == "" || m.Main {
			continue
		}
		if set[m.Path], err = inFolder(m.Dir); err != nil {
			return nil, err
		}
	}
	set[standardLibrary], err = inFolder(goroot())
	return set, err
}

func goroot() string {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// inFolder reads the licence files that lie directly in a folder.
func inFolder(dir string) ([]licence, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var found []licence
	for _, e := range entries {
		if !e.Type().IsRegular() || !licenceNames.MatchString(e.Name()) || filepath.Ext(e.Name()) == ".go" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		found = append(found, licence{e.Name(), identify(text), text})
	}
	return found, nil
}

// identify returns the SPDX identifier of a text, empty when it is not
// recognised. Where the text offers a choice, it is the one that we take.
func identify(text []byte) string {
	if offered := choice.FindSubmatch(text); offered != nil {
		for _, id := range offered[1:] {
			if !refused(string(id)) {
				return string(id)
			}
		}
	}
	plain := strings.ToLower(spaces.ReplaceAllString(string(text), " "))
	for _, m := range marks {
		if strings.Contains(plain, strings.ToLower(m.phrase)) {
			return m.spdx
		}
	}
	return ""
}

// spdx lists the recognised identifiers of a module, without repetition.
func (s licenceSet) spdx(module string) []string {
	var ids []string
	for _, l := range s[module] {
		if l.spdx != "" && !slices.Contains(ids, l.spdx) {
			ids = append(ids, l.spdx)
		}
	}
	return ids
}

// text is an overview of all linked modules, then every licence in full.
func (s licenceSet) text(linked map[string]bool) ([]byte, error) {
	var overview, full bytes.Buffer
	fmt.Fprintf(&overview, "Licences of what is linked into Sallyport (built with %s)\n\n", runtime.Version())
	for _, module := range append([]string{standardLibrary}, slices.Sorted(maps.Keys(linked))...) {
		ids := s.spdx(module)
		if len(ids) == 0 {
			return nil, fmt.Errorf("%s: no licence that is known", module)
		}
		if i := slices.IndexFunc(ids, refused); i >= 0 {
			return nil, fmt.Errorf("%s: %s may not be linked", module, ids[i])
		}
		fmt.Fprintf(&overview, "%-60s %s\n", module, strings.Join(ids, " AND "))
		for _, l := range s[module] {
			fmt.Fprintf(&full, "\n%s\n%s: %s\n\n%s\n", strings.Repeat("-", 78), module, l.file, bytes.TrimSpace(l.text))
		}
	}
	return append(overview.Bytes(), full.Bytes()...), nil
}
