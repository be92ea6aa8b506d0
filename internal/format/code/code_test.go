package code

import (
	"testing"

	"github.com/sallyport/sallyport/internal/formattest"
)

func TestSamples(t *testing.T) { formattest.Samples(t, Format) }

func TestLanguage(t *testing.T) {
	cases := []struct{ name, head, want string }{
		{"modeling_x.py", "", "python"},
		{"SETUP.PY", "", "python"},
		{"chat_template.jinja", "", "jinja"},
		{"Dockerfile", "", "docker"},
		{"Dockerfile.gpu", "", "docker"},
		{"Makefile", "", "make"},
		{"model.R", "", "r"},
		{"run", "#!/bin/sh\n", "shell"},
		{"run", "#!/usr/bin/env -S python3 -u\n", "python"},
		{"run", "#!/usr/bin/env python3.11\n", "python"},
		{"run", "#! /opt/strange/thing\n", "script"},
		{"Cargo.toml", "#![allow(x)]\n", ""},
		{"run.txt", "#!/bin/sh\n", "shell"},
		{"index.html", "", "html"},
		{"README.md", "", ""},
		{"vocab.txt", "#!\n", ""},
		{"tokens", "#version: 0.2\n", ""},
		{"requirements.txt", "numpy\n", ""},
		{"py", "", ""},
		{".py", "", "python"},
	}
	for _, c := range cases {
		if got := language(c.name, []byte(c.head)); got != c.want {
			t.Errorf("language(%q, %q) = %q, want %q", c.name, c.head, got, c.want)
		}
	}
}

func TestSays(t *testing.T) {
	cases := map[string]struct {
		lang, text string
		want       saying
	}{
		"blank":                      {"shell", " \n\t\r\n\f", nothing},
		"comments":                   {"python", "# a\n  # b\r\n\n#c", nothing},
		"comment-with-utf8-line":     {"python", "# -*- coding: utf-8 -*-\n# b\n", nothing},
		"byte-order-mark":            {"python", "\ufeff# a\n", nothing},
		"code-behind-comment":        {"python", "# a\nimport os\n", something},
		"code-behind-return":         {"python", "# a\rimport os", something},
		"docstring":                  {"python", "\"\"\"text\"\"\"\n", something},
		"utf7-hides-a-line-end":      {"python", "# coding: utf-7\n# +AAo-import os\n", something},
		"utf7-on-second-line":        {"python", "#!/x\n# vim: set fileencoding=utf7 :\n", something},
		"second-declaration-counts":  {"python", "# coding utf-8 coding: utf-7\n", something},
		"word-coding":                {"python", "# about coding in general\n", nothing},
		"comments-of-other-language": {"shell", "# a\n", something},
		"vertical-tab-is-no-space":   {"python", "\v# a", something},
	}
	for name, c := range cases {
		if got := says(c.lang, []byte(c.text)); got != c.want {
			t.Errorf("%s: says = %v", name, got)
		}
	}
}
