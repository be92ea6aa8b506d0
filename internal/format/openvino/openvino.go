// Package openvino reads OpenVINO's intermediate representation: a network of
// layers as XML, with the constants in a file of the same name beside it (.bin).
//
// Specification: https://docs.openvino.ai/2026/documentation/openvino-ir-format.html,
// versions 10 and 11; what the reader of OpenVINO 2026.4 loads.
//
// Threat: layers that OpenVINO does not have, at any depth of bodies, whose code a
// plug-in library brings along; constants that lie elsewhere in the file of
// weights than they say, or over each other; entities that make an XML parser read
// other files; kernels in OpenCL for the graphics plug-in; payloads and templates
// in the notes of the converter.
//
// Not covered: what the weights make of ordinary input; whether layers get inputs
// that suit them; models that were compiled and exported (.blob); versions before
// 10, which OpenVINO does not load any more.
package openvino

import (
	"bytes"
	"strings"

	"github.com/sallyport/sallyport/internal/format"
)

const (
	ruleLayer    = "SP-OV-001" // a layer that needs somebody's library
	ruleEntity   = "SP-OV-002" // a document type
	ruleLibrary  = "SP-OV-003" // a note names a library
	ruleKernel   = "SP-OV-004" // OpenCL for the graphics plug-in
	ruleHidden   = "SP-OV-005" // a pickle in a text
	ruleKnown    = "SP-OV-006" // a layer of a known library
	ruleOverflow = "SP-OV-007" // numbers that overflow

	gapLimit       = "SP-COV-003"
	gapMalformed   = "SP-COV-004"
	gapAbsent      = "SP-COV-009"
	gapUnsupported = "SP-COV-012"
	gapTwice       = "SP-COV-014"
	gapSize        = "SP-COV-016"
)

const ending = ".xml"

// Format is the network. Other XML has the same ending, so the name says nothing.
var Format = format.Format{
	ID:      "openvino",
	Title:   "OpenVINO model",
	Spec:    "https://docs.openvino.ai/2026/documentation/openvino-ir-format.html",
	Textual: true,
	Rules: []string{ruleLayer, ruleEntity, ruleLibrary, ruleKernel, ruleHidden, ruleKnown, ruleOverflow,
		gapLimit, gapMalformed, gapAbsent, gapUnsupported, gapTwice, gapSize},
	Match: match,
	Read:  read,
}

// match takes any XML of the usual name, since anything can stand in front of the
// first element. Reading it says what it is.
func match(in *format.Input) format.Confidence {
	head := bytes.TrimLeft(bytes.TrimPrefix(in.Head(), []byte("\ufeff")), " \t\r\n")
	if len(head) == 0 || head[0] != '<' {
		return format.No
	}
	if strings.HasSuffix(strings.ToLower(in.Name), ending) || bytes.Contains(head, []byte("<net")) && bytes.Contains(head, []byte("<layers")) {
		return format.Strong
	}
	return format.No
}
