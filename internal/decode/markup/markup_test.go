package markup

import (
	"strings"
	"testing"
)

func TestActive(t *testing.T) {
	cases := map[string]struct {
		syntax     Syntax
		text, want string
	}{
		"script":              {HTML, "a <script>1</script>", "script element!"},
		"upper-case":          {HTML, "<SCRIPT>", "script element!"},
		"slash-for-space":     {HTML, `<img/src="x"/onerror=1>`, "onerror handler!"},
		"newline-in-tag":      {HTML, "<img\nsrc=x\nonerror\n=\n1>", "onerror handler!"},
		"entity-in-scheme":    {HTML, `<a href="java&#115;cript:1">`, "href with a script address!"},
		"tab-in-scheme":       {HTML, "<a href=\" java\tscript:1\">", "href with a script address!"},
		"page-as-data":        {HTML, `<a href="data:text/html;base64,AA">`, "href with a script address!"},
		"srcdoc":              {HTML, `<iframe srcdoc="x">`, "iframe element!"},
		"frame":               {HTML, `<iframe src="https://x">`, "iframe element"},
		"redirect":            {HTML, `<meta HTTP-EQUIV=Refresh content=0>`, "redirect"},
		"picture":             {HTML, `<img src="a.png" alt="javascript:1" width=3>`, ""},
		"charset":             {HTML, `<meta charset=utf-8><a href=https://x>y</a>`, ""},
		"comment":             {HTML, "<!-- <script> -->", ""},
		"words":               {HTML, "onload = 3 < 4, javascript: is a scheme", ""},
		"attribute-online":    {HTML, "<p only one online>", ""},
		"picture-as-data":     {HTML, `<img src="data:image/png;base64,AA">`, ""},
		"drawing-script":      {XML, "<svg><script/></svg>", "script element!"},
		"script-inside-title": {XML, "<svg><title><script>1</script></title></svg>", "script element!"},
		"prefixed-script":     {XML, `<s:svg xmlns:s="x"><s:script>1</s:script></s:svg>`, "script element!"},
		"text-section":        {XML, "<svg><style><![CDATA[ <script> ]]></style></svg>", ""},
		"animated-link":       {XML, `<a><animate attributeName="href" values="javascript:1"/></a>`, "values with a script address!"},
		"entity-with-markup":  {XML, `<!DOCTYPE svg [<!ENTITY x "<script>1</script>">]><svg>&x;</svg>`, "entity declaration!"},
		"entity-with-address": {XML, `<!DOCTYPE svg [<!ENTITY ns "http://x">]><svg/>`, ""},
		"entity-from-outside": {XML, `<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///x">]><svg/>`, "entity declaration!"},
		"style-program":       {XML, `<?xml-stylesheet type="text/xsl" href="#a"?><svg/>`, "style sheet program!"},
		"style-sheet":         {XML, `<?xml-stylesheet type="text/css" href="a.css"?><svg/>`, ""},
		"foreign-text":        {XML, `<foreignObject><div>label</div></foreignObject>`, ""},
	}
	for name, c := range cases {
		var got []string
		for _, f := range Active([]byte(c.text), c.syntax) {
			if f.Script {
				f.What += "!"
			}
			got = append(got, f.What)
		}
		if s := strings.Join(got, ","); s != c.want {
			t.Errorf("%s: %q, want %q", name, s, c.want)
		}
	}
}

func FuzzActive(f *testing.F) {
	f.Add("<svg><script a=b>&amp;</script><!ENTITY")
	f.Fuzz(func(t *testing.T, s string) {
		for _, syntax := range []Syntax{HTML, XML} {
			for _, found := range Active([]byte(s), syntax) {
				if found.Offset < 0 || found.Offset >= len(s) {
					t.Fatalf("%+v lies outside of %d bytes", found, len(s))
				}
			}
		}
	})
}
