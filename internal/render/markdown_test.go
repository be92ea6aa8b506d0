package render

import (
	"bytes"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	gmhtml "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"
)

// A renderer that lets raw HTML through shows what our escaping is worth: only
// elements that we wrote, only links that we made.
func TestMarkdownSurvivesARenderer(t *testing.T) {
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(gmhtml.WithUnsafe()))
	allowedTags := map[string]bool{"html": true, "head": true, "body": true, "h1": true, "h2": true, "h3": true, "p": true, "table": true, "thead": true, "tbody": true,
		"tr": true, "th": true, "td": true, "code": true, "a": true, "ul": true, "li": true, "strong": true}
	for _, o := range outputs() {
		if !strings.HasSuffix(o.name, ".md") {
			continue
		}
		t.Run(o.name, func(t *testing.T) {
			var text, page bytes.Buffer
			if err := o.write(&text); err != nil {
				t.Fatal(err)
			}
			if err := md.Convert(text.Bytes(), &page); err != nil {
				t.Fatal(err)
			}
			doc, err := html.Parse(&page)
			if err != nil {
				t.Fatal(err)
			}
			for n := range doc.Descendants() {
				if n.Type != html.ElementNode {
					continue
				}
				if !allowedTags[n.Data] {
					t.Errorf("element %q", n.Data)
				}
				for _, a := range n.Attr {
					if a.Key == "href" && !ours(a.Val) || strings.HasPrefix(a.Key, "on") {
						t.Errorf("%s: %s=%q", n.Data, a.Key, a.Val)
					}
				}
			}
			checkMentions(t, doc)
		})
	}
}

func ours(address string) bool {
	for _, prefix := range []string{rulePages, "https://cwe.mitre.org/", "https://atlas.mitre.org/", "https://example.org/a", "SP-"} {
		if strings.HasPrefix(address, prefix) {
			return true
		}
	}
	return false
}

// checkMentions wants every mention in code, where nobody is notified.
func checkMentions(t *testing.T, doc *html.Node) {
	t.Helper()
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && strings.Contains(n.Data, "@octocat") && n.Parent.Data != "code" {
			t.Errorf("a mention outside of code: %q", n.Data)
		}
	}
}
