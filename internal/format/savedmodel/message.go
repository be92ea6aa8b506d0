package savedmodel

import (
	"cmp"
	"strings"

	"github.com/sallyport/sallyport/internal/format"
)

// Message is one of the small messages that lie beside a SavedModel, known by
// their names: fingerprint.pb, which numbers its parts, and tfhub_module.pb.
var Message = format.Format{
	ID:    "tfmessage",
	Title: "TensorFlow message",
	Spec:  specification + "#the_savedmodel_format_on_disk",
	Rules: append([]string{ruleHidden, ruleGraph}, rulesOfMessages...),
	Match: func(in *format.Input) format.Confidence {
		if messageKind(in.Name) != "" {
			return format.Strong
		}
		return format.No
	},
	Read: func(in *format.Input) format.Result { return read(in, cmp.Or(messageKind(in.Name), "FingerprintDef")) },
}

func messageKind(name string) string {
	switch strings.ToLower(name) {
	case "fingerprint.pb":
		return "FingerprintDef"
	case "tfhub_module.pb":
		return "ModuleDef"
	}
	return ""
}
