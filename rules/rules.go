// Package rules embeds the lists that go with the rule catalogue. The catalogue
// itself lies beside it, one folder per rule, and is compiled into package rule.
package rules

import _ "embed"

// SafeGlobals names what a pickle may import: module, name, tier (A inert data,
// B class of a known library, C conditional on arguments), id of the condition,
// user and source, as tab-separated text with one header line, sorted bytewise by
// module and name. gen_lists.py adds to it; LookupGlobal reads it.
//
//go:embed lists/safe_globals.tsv
var SafeGlobals string

// Gadgets names what a pickle must never import: module, name ("*" for all),
// effect, sources and check, as tab-separated text with one header line, sorted
// in the same way.
//
//go:embed lists/gadgets.tsv
var Gadgets string

// UnreadFormats names the endings of model formats that this version does not
// read: ending, title, as tab-separated text with one header line.
//
//go:embed lists/unread_formats.tsv
var UnreadFormats string

// TorchOperators says what operators of PyTorch do that a TorchScript or exported
// program can call: namespace, name ("*" for all others), effect ("inert" for
// computing on tensors), as tab-separated text with one header line, sorted
// bytewise by namespace and name. The namespace "torch.classes" holds namespaces
// of custom classes.
//
//go:embed lists/torch_operators.tsv
var TorchOperators string

// SkopsLoaders says which classes a loader of a skops file can stand with: loader,
// module ("*" for any that SafeGlobals has), classes with spaces between them ("*"
// for any), as tab-separated text with one header line, sorted bytewise by loader
// and module. Loaders that call what the file names are left out.
//
//go:embed lists/skops_loaders.tsv
var SkopsLoaders string
