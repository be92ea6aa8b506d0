// Package markup finds what runs in a piece of HTML or SVG: script elements,
// event handlers, script addresses, and elements that pull in foreign pages.
//
// Threat: a model card or drawing that runs code in the browser of whoever opens
// it, hidden by entities, odd white space, letter case or unfinished tags.
// Not covered: style sheets; what a remote address serves.
package markup

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
)

// Syntax is how the text is read.
type Syntax int

// In HTML the content of elements such as title is text; in XML it is markup.
const (
	HTML Syntax = iota
	XML
)

// Found is one active thing.
type Found struct {
	What   string // "script element", "onload handler", "iframe element"
	Script bool   // it runs code itself; false: it pulls in a foreign page
	Offset int    // bytes from the start of the text
}

// Active lists what is active, in order of place.
func Active(text []byte, syntax Syntax) []Found {
	var found []Found
	z := html.NewTokenizer(bytes.NewReader(text))
	z.AllowCDATA(syntax == XML)
	for at := 0; ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		raw := len(z.Raw())
		if kind == html.StartTagToken || kind == html.SelfClosingTagToken {
			found = tag(found, z, at)
			if syntax == XML {
				z.NextIsNotRawText()
			}
		}
		at += raw
	}
	if syntax == XML {
		found = declarations(found, text)
	}
	return found
}

// tag looks at one start tag: its name, then its attributes.
func tag(found []Found, z *html.Tokenizer, at int) []Found {
	name, more := z.TagName()
	element := local(string(name))
	attrs := map[string]string{}
	var handlers []string
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		k, v := string(key), string(value)
		if isHandler(k, v) {
			handlers = append(handlers, k)
		}
		if !isWords(k) && IsScriptURL(v) {
			found = append(found, Found{k + " with a script address", true, at})
		}
		if _, taken := attrs[local(k)]; !taken {
			attrs[local(k)] = v
		}
	}
	for _, h := range handlers {
		found = append(found, Found{h + " handler", true, at})
	}
	if f, ok := active(element, attrs); ok {
		f.Offset = at
		found = append(found, f)
	}
	return found
}

func active(element string, attrs map[string]string) (Found, bool) {
	has := func(k string) bool { return strings.TrimSpace(attrs[k]) != "" }
	switch element {
	case "script":
		return Found{What: "script element", Script: true}, true
	case "handler":
		return Found{What: "handler element", Script: true}, true
	case "iframe", "frame":
		return Found{What: element + " element", Script: has("srcdoc")}, has("src") || has("srcdoc")
	case "object", "embed", "applet", "portal":
		return Found{What: element + " element"}, true
	case "form":
		return Found{What: "form element"}, has("action")
	case "base":
		return Found{What: "base element"}, has("href")
	case "meta":
		return Found{What: "redirect"}, strings.EqualFold(strings.TrimSpace(attrs["http-equiv"]), "refresh")
	}
	return Found{}, false
}

// local is a name without its namespace prefix.
func local(name string) string {
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		return name[i+1:]
	}
	return name
}

// isHandler reports an event handler: "on", at least three letters, and a value.
func isHandler(key, value string) bool {
	event, ok := strings.CutPrefix(strings.ToLower(key), "on")
	if !ok || len(event) < 3 || strings.TrimSpace(value) == "" {
		return false
	}
	return strings.Trim(event, "abcdefghijklmnopqrstuvwxyz") == ""
}

// isWords reports an attribute whose value is shown and never followed.
func isWords(key string) bool {
	switch key {
	case "alt", "title", "placeholder", "label", "summary", "class", "id", "name", "content":
		return true
	}
	return strings.HasPrefix(key, "aria-") || strings.HasPrefix(key, "data-")
}

// IsScriptURL reports an address that runs code when it is followed. Browsers
// skip control characters and white space in the scheme; entities must be
// decoded already.
func IsScriptURL(url string) bool {
	var scheme []byte
	for i := 0; i < len(url) && len(scheme) < 32; i++ {
		switch c := url[i]; {
		case c <= ' ' || c == 0x7f:
		case c >= 'A' && c <= 'Z':
			scheme = append(scheme, c+'a'-'A')
		default:
			scheme = append(scheme, c)
		}
	}
	s := string(scheme)
	for _, p := range []string{"javascript:", "vbscript:", "livescript:", "data:text/html", "data:application/xhtml", "data:text/xml", "data:application/xml"} {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// Unescape decodes character references.
func Unescape(s string) string { return html.UnescapeString(s) }

// declarations looks at what only XML has: entities that hold markup or outside
// content, and style sheets that are programs.
func declarations(found []Found, text []byte) []Found {
	for pos := 0; ; {
		i := bytes.Index(text[pos:], []byte("<!ENTITY"))
		if i < 0 {
			break
		}
		pos += i
		value := text[pos+len("<!ENTITY"):]
		value = value[:min(len(value), 4096)]
		if end := bytes.Index(value, []byte("<!ENTITY")); end >= 0 {
			value = value[:end]
		}
		if stop := bytes.IndexByte(value, '>'); stop >= 0 {
			value = value[:stop]
		}
		if bytes.Contains(value, []byte("<")) || bytes.Contains(value, []byte("&#")) ||
			bytes.Contains(value, []byte("SYSTEM")) || bytes.Contains(value, []byte("PUBLIC")) {
			found = append(found, Found{"entity declaration", true, pos})
		}
		pos += len("<!ENTITY")
	}
	if i := bytes.Index(text, []byte("<?xml-stylesheet")); i >= 0 && !bytes.Contains(text[i:min(len(text), i+512)], []byte("text/css")) {
		found = append(found, Found{"style sheet program", true, i})
	}
	return found
}
