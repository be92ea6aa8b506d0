package pickle

import (
	decode "github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/rules"
)

// signatures find a pickle inside of tensor data. Protocols 0 and 1 begin like
// anything else and are not looked for.
var signatures = []format.Signature{
	{Magic: "\x80\x02", Is: embedded}, {Magic: "\x80\x03", Is: embedded},
	{Magic: "\x80\x04", Is: embedded}, {Magic: "\x80\x05", Is: embedded},
}

// embedded names a stream that imports a known gadget: harmless streams are
// short by chance, and nobody loads either from there.
func embedded(in *format.Input) string {
	if p := in.Head(); len(p) < 4 || !decode.IsOpcode(p[2]) {
		return ""
	}
	t := decode.Run(in.R, 0, decode.Options{})
	for _, i := range t.Imports {
		if plausible(i) && rules.LookupGlobal(i.RealModule, i.RealName).Effect != "" {
			return "a pickle that imports " + rule.Clip(i.RealModule+"."+i.RealName)
		}
	}
	return ""
}
