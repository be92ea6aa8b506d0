// Package coreml reads Core ML: models (.mlmodel), packages (.mlpackage) with
// their list of files and their weights, and says of compiled models (.mlmodelc)
// that nobody can judge them.
//
// Specification: https://apple.github.io/coremltools/mlmodel/index.html, the
// protocol buffers of coremltools 9.0 (schema.tsv), MILBlob/Blob/StorageFormat.hpp
// for weights and modelpackage/src/ModelPackage.cpp for packages.
//
// Threat: custom layers and custom models name a class of native code that the
// application must bring along; linked models and weights name files by a path;
// programs can call operators that Core ML does not have; a package lists files by
// paths; word taggers, gazetteers and embeddings hold models in a form that Apple
// keeps to itself.
//
// Not covered: what the weights make of ordinary input; whether operators get
// arguments that suit them; the content of compiled models (a gap).
package coreml

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/format"
)

const (
	ruleCustom   = "SP-COREML-001" // a class of native code
	ruleOutside  = "SP-COREML-002" // a path out of the model's folder
	ruleLinked   = "SP-COREML-003" // another model
	ruleOperator = "SP-COREML-004" // an operator that is not known
	ruleHidden   = "SP-COREML-005" // a pickle in a text

	gapLimit       = "SP-COV-003"
	gapMalformed   = "SP-COV-004"
	gapUnsupported = "SP-COV-012"
	gapTwice       = "SP-COV-014"
	gapSize        = "SP-COV-016"
)

const ending = ".mlmodel"

// Format is the model itself.
var Format = format.Format{
	ID:         "coreml",
	Title:      "Core ML model",
	Spec:       "https://apple.github.io/coremltools/mlmodel/Format/Model.html",
	Extensions: []string{ending},
	Rules: []string{ruleCustom, ruleOutside, ruleLinked, ruleOperator, ruleHidden,
		gapLimit, gapMalformed, gapUnsupported, gapTwice, gapSize},
	Match: match,
	Read:  read,
}

//go:embed schema.tsv
var schemaTable string

// model is the type of the outermost message.
var model = sync.OnceValue(func() *protobuf.Type { return protobuf.ParseSchema(schemaTable).Type("Model") })

// Numbers of fields that are looked at. All others are walked by the schema.
const (
	modelVersion = 1
	modelKinds   = 200 // the first field that says what kind of model it is
)

// looks is how many fields the outermost message may have.
const looks = 1 << 10

// match walks the outermost message: the encoding has no magic number, but a
// version, a kind of model, nothing unknown, and an end at the last byte are more
// than chance. A name that says it is one needs a first field that fits.
func match(in *format.Input) format.Confidence {
	head := in.Head()
	if len(head) < 2 || head[0] != modelVersion<<3 {
		return format.No
	}
	if strings.HasSuffix(strings.ToLower(in.Name), ending) {
		return format.Strong
	}
	m := protobuf.Open(in.R, model())
	defer m.Close()
	kinds := 0
	for n := 0; m.Next(); n++ {
		if n == looks || m.Decl == nil {
			return format.No
		}
		if m.Number >= modelKinds {
			kinds++
		}
	}
	if m.Err() == nil && kinds > 0 {
		return format.Strong
	}
	return format.No
}
