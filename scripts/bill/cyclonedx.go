package main

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// The members of CycloneDX 1.6 that are needed here:
// https://cyclonedx.org/docs/1.6/json/.
type cyclonedx struct {
	BOMFormat    string       `json:"bomFormat"`
	SpecVersion  string       `json:"specVersion"`
	SerialNumber string       `json:"serialNumber"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type       string         `json:"type"`
	Ref        string         `json:"bom-ref"`
	Name       string         `json:"name"`
	Version    string         `json:"version,omitempty"`
	Hashes     []hash         `json:"hashes,omitempty"`
	Licenses   []licenceEntry `json:"licenses,omitempty"`
	PackageURL string         `json:"purl,omitempty"`
	Properties []property     `json:"properties,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type licenceEntry struct {
	License licenceID `json:"license"`
}

type licenceID struct {
	ID string `json:"id"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

// bill is the same for the same binary: no time, and an identifier that is made
// from the binary's digest.
func bill(b *binary, licences licenceSet) []byte {
	self := component{
		Type: "application", Ref: "pkg:golang/" + b.info.Main.Path + "@" + b.version, Name: filepath.Base(b.path), Version: b.version,
		Hashes: []hash{{"SHA-256", b.sha256}}, PackageURL: "pkg:golang/" + b.info.Main.Path + "@" + b.version,
	}
	for _, s := range b.info.Settings {
		self.Properties = append(self.Properties, property{"go:build:" + s.Key, s.Value})
	}
	doc := cyclonedx{
		BOMFormat: "CycloneDX", SpecVersion: "1.6", Version: 1,
		SerialNumber: "urn:uuid:" + uuid(b.sha256),
		Metadata:     metadata{self},
	}
	direct := dependency{Ref: self.Ref}
	std := debug.Module{Path: standardLibrary, Version: strings.TrimPrefix(b.info.GoVersion, "go")}
	for _, m := range append([]debug.Module{std}, modules(b.info)...) {
		c := module(m, licences.spdx(m.Path))
		doc.Components = append(doc.Components, c)
		direct.DependsOn = append(direct.DependsOn, c.Ref)
	}
	doc.Dependencies = []dependency{direct}
	data, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		panic(err) // plain structs of strings
	}
	return append(data, '\n')
}

func module(m debug.Module, licences []string) component {
	c := component{Type: "library", Name: m.Path, Version: m.Version, PackageURL: "pkg:golang/" + m.Path + "@" + m.Version}
	c.Ref = c.PackageURL
	for _, id := range licences {
		c.Licenses = append(c.Licenses, licenceEntry{licenceID{id}})
	}
	if m.Sum != "" {
		// A hash of a tree, not of a file: no CycloneDX algorithm names it.
		c.Properties = []property{{"go:sum", m.Sum}}
	}
	return c
}

// uuid is a version 5 UUID of name in the URL name space (RFC 9562).
func uuid(name string) string {
	space, _ := hex.DecodeString("6ba7b8119dad11d180b400c04fd430c8")
	sum := sha1.Sum(append(space, name...))
	u := sum[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
