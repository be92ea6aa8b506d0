// Package pickle judges Python pickle streams: what loading one would import,
// call and change, and whether that is known to be inert.
//
// Specification: CPython Lib/pickle.py and Lib/pickletools.py, protocols 0 to 5.
//
// Threat: loading a pickle runs code by design. The judge is an allow list
// first: a name passes when rules/lists/safe_globals.tsv has it and its
// condition holds for the arguments seen; everything else is HIGH at least, and
// names known to be abused are CRITICAL. Imports count without a call, calls
// count without REDUCE, and bytes that are streams of their own are handed back
// to the engine.
//
// Not covered: what the code of a known library does with hostile data (tier B
// is recorded as INFO), and loaders that give persistent ids a meaning of their
// own.
package pickle

import (
	"path"
	"slices"
	"strings"

	decode "github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/format"
)

// Format reads pickles of every protocol, alone or stacked.
var Format = format.Format{
	ID:         "pickle",
	Title:      "Python pickle",
	Spec:       "https://docs.python.org/3/library/pickletools.html",
	Extensions: extensions,
	Rules: []string{ruleGadget, ruleUnknown, ruleComputed, ruleRepository, ruleDisagree, ruleExtension, ruleDispatch,
		rulePatch, ruleCondition, ruleCode, rulePersistent, ruleClass, ruleOdd, ruleEffect, ruleSparse, ruleHook, ruleForged},
	Match:   match,
	Read:    read,
	Explain: Explain,

	Signatures: signatures,
}

// extensions claim to be a pickle; torch writes archives under some of them too.
var extensions = []string{".pkl", ".pickle", ".pk", ".p", ".pt", ".pth", ".ckpt", ".sav"}

// The rules of this format; see rules/<ID>/rule.yaml.
const (
	ruleGadget     = "SP-PICKLE-001"
	ruleUnknown    = "SP-PICKLE-002"
	ruleComputed   = "SP-PICKLE-003"
	ruleRepository = "SP-PICKLE-004"
	ruleDisagree   = "SP-PICKLE-005"
	ruleExtension  = "SP-PICKLE-006"
	ruleDispatch   = "SP-PICKLE-007"
	rulePatch      = "SP-PICKLE-008"
	ruleCondition  = "SP-PICKLE-009"
	ruleCode       = "SP-PICKLE-010"
	rulePersistent = "SP-PICKLE-011"
	ruleClass      = "SP-PICKLE-012"
	ruleOdd        = "SP-PICKLE-013"
	ruleEffect     = "SP-PICKLE-014"
	ruleSparse     = "SP-PICKLE-015"
	ruleHook       = "SP-PICKLE-016"
	ruleForged     = "SP-PICKLE-017"
)

const (
	gapMalformed = "SP-COV-004"
	gapLimit     = "SP-COV-003"
)

// match is Strong on the magic of protocol 2 and later. Protocols 0 and 1 have
// none: any first opcode is worth a try, and so is any file with the name of one,
// since a stream may lie behind junk.
func match(in *format.Input) format.Confidence {
	head := in.Head()
	switch {
	case len(head) == 0:
		return format.No
	case decode.HasMagic(head), in.Parsed != nil:
		return format.Strong
	case decode.IsOpcode(head[0]), named(in):
		return format.Weak
	}
	return format.No
}

// named reports whether the name is that of a pickle. Whoever gets such a file
// loads it, so that its first import counts, however the stream ends.
func named(in *format.Input) bool {
	return slices.Contains(extensions, strings.ToLower(path.Ext(in.Name)))
}

// hinted reports whether the name is one that pickles go by. Some of these
// endings are shared with other formats, so they claim nothing.
func hinted(in *format.Input) bool {
	if named(in) {
		return true
	}
	switch strings.ToLower(path.Ext(in.Name)) {
	case ".bin", ".dat", ".data", ".model", ".joblib", ".pdparams", ".pdopt", ".npy":
		return true
	}
	return false
}

func read(in *format.Input) format.Result {
	s := collect(in)
	if s == nil {
		return format.Result{}
	}
	j := judges.Get().(*judge)
	j.in = in
	for _, t := range s.traces {
		j.trace(t)
	}
	for _, t := range s.inner {
		j.trace(t)
	}
	for _, t := range s.other {
		j.otherReading(t)
	}
	s.cover(&j.res)
	j.res.Facts = append(j.res.Facts, compatible(in, s.traces[0])...)
	if in.Told {
		s.remember(j.res.Children)
	}
	res := j.res
	j.forget()
	judges.Put(j)
	return res
}
