// Package render turns results into what people and other programs read: text
// for a terminal, JSON, SARIF 2.1.0, Markdown. All functions are pure: the same
// value gives the same bytes, and an error is the writer's.
//
// Threat: names, symbols and excerpts come from strangers' files. On a terminal
// they could move the cursor or hide lines, in a page they could become markup,
// in a URI another address. Every such string passes Escape; Markdown and URIs
// escape further for their own medium; JSON carries the raw string with every
// invisible character written as an escape.
//
// Not covered: what a verdict means (finding) and what a gate decides (policy).
package render

// Options are for the text forms.
type Options struct {
	Color bool // mark severities with colour as well as with words
	Width int  // columns of the terminal; 0: do not wrap
	All   bool // list everything instead of folding long lists
}
