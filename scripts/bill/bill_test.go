package main

import (
	"encoding/json"
	"runtime/debug"
	"strings"
	"testing"
)

func TestIdentify(t *testing.T) {
	for text, want := range map[string]string{
		"                                 Apache License\n                           Version 2.0, January 2004":                                    "Apache-2.0",
		"MIT License\n\nPermission is hereby granted, free of\ncharge, to any person":                                                              "MIT",
		"Redistributions in binary form must reproduce the above\n * Neither the name of Google Inc. nor":                                          "BSD-3-Clause",
		"Redistributions in binary form must reproduce the above copyright notice":                                                                 "BSD-2-Clause",
		"Mozilla Public License Version 2.0\n1.12. \"Secondary License\" means either the GNU General Public License, Version 2.0, the GNU Lesser": "MPL-2.0",
		"/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */\nGNU GENERAL PUBLIC LICENSE":                                                  "BSD-3-Clause",
		"/* SPDX-License-Identifier: GPL-2.0-only OR MIT */":                                                                                       "MIT",
		"GNU GENERAL PUBLIC LICENSE\nVersion 3":                                                                                                    "GPL-3.0-only",
		"Permission to use, copy, modify, and/or distribute this software for any\npurpose with or without fee":                                    "ISC",
		"All rights reserved.": "",
	} {
		if got := identify([]byte(text)); got != want {
			t.Errorf("%.40q: %q, want %q", text, got, want)
		}
	}
}

func TestTextRefuses(t *testing.T) {
	std := []licence{{"LICENSE", "BSD-3-Clause", []byte("text")}}
	for _, test := range []struct {
		name string
		set  licenceSet
		want string
	}{
		{"good", licenceSet{"std": std, "m": {{"LICENSE", "MIT", []byte("the text")}}}, ""},
		{"missing", licenceSet{"std": std}, "no licence"},
		{"unknown", licenceSet{"std": std, "m": {{"LICENSE", "", []byte("mine")}}}, "no licence"},
		{"copyleft", licenceSet{"std": std, "m": {{"LICENSE", "MIT", nil}, {"COPYING", "GPL-3.0-only", nil}}}, "may not be linked"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := test.set.text(map[string]bool{"m": true})
			if test.want == "" && (err != nil || !strings.Contains(string(text), "the text")) {
				t.Errorf("%s %v", text, err)
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestCheckLimits(t *testing.T) {
	many := make([]*debug.Module, maxModules)
	for _, test := range []struct {
		name string
		b    binary
		bad  bool
	}{
		{"good", binary{size: maxSize, info: &debug.BuildInfo{Deps: many[1:]}}, false},
		{"big", binary{size: maxSize + 1, info: &debug.BuildInfo{}}, true},
		{"modules", binary{info: &debug.BuildInfo{Deps: many}}, true},
	} {
		if err := test.b.check(); (err != nil) != test.bad {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestBillListsReplacements(t *testing.T) {
	b := &binary{path: "dist/tool", sha256: strings.Repeat("ab", 32), version: "v1.0.0", info: &debug.BuildInfo{
		GoVersion: "go1.26.8",
		Main:      debug.Module{Path: "example.org/tool"},
		Deps: []*debug.Module{
			{Path: "example.org/z", Version: "v1.0.0", Sum: "h1:zzz"},
			{Path: "example.org/a", Version: "v1.0.0", Replace: &debug.Module{Path: "example.org/fork", Version: "v1.1.0"}},
		},
	}}
	var doc cyclonedx
	first := bill(b, licenceSet{"example.org/z": {{"LICENSE", "MIT", nil}}})
	if err := json.Unmarshal(first, &doc); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range doc.Components {
		got = append(got, c.PackageURL)
	}
	want := "pkg:golang/std@1.26.8 pkg:golang/example.org/fork@v1.1.0 pkg:golang/example.org/z@v1.0.0"
	if strings.Join(got, " ") != want {
		t.Errorf("components %q, want %q", got, want)
	}
	if doc.Components[2].Licenses[0].License.ID != "MIT" || doc.Components[2].Properties[0].Value != "h1:zzz" {
		t.Errorf("component %+v", doc.Components[2])
	}
	if again := bill(b, licenceSet{"example.org/z": {{"LICENSE", "MIT", nil}}}); string(again) != string(first) {
		t.Error("two bills of one binary differ")
	}
}
