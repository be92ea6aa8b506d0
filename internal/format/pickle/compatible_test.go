package pickle

import (
	"testing"

	decode "github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/formattest"
)

// TestCompatible: what the restricted reader of PyTorch takes, and the first
// reason for which it does not.
func TestCompatible(t *testing.T) {
	for _, c := range []struct{ name, code, want string }{
		{"state-dict", "PROTO 2; @od; EMPTY_TUPLE; REDUCE; BINUNICODE w; " + denseTensor + "; SETITEM; STOP", "true"},
		{"no-checkpoint-at-all", "PROTO 2; NONE; STOP", "true"},
		{"another-class", "PROTO 2; GLOBAL argparse Namespace; EMPTY_TUPLE; NEWOBJ; GLOBAL numpy dtype; TUPLE2; STOP", "false: imports argparse.Namespace"},
		{"newer-protocol", "PROTO 4; FRAME 2; NONE; STOP", "false: instruction 0x95 at byte 2"},
		{"bytes", "PROTO 3; SHORT_BINBYTES abc; STOP", "false: instruction 0x43 at byte 2"},
		{"items-of-another-class", "PROTO 2; GLOBAL torch Size; EMPTY_TUPLE; REDUCE; NONE; NONE; SETITEM; STOP", "false: changes an object in a way that is not allowed"},
		{"result-called", "PROTO 2; @od; EMPTY_TUPLE; REDUCE; EMPTY_TUPLE; REDUCE; STOP", "false: calls what another call returned"},
		{"foreign-reference", "PROTO 2; BINUNICODE x; BINPERSID; STOP", "false: refers to something that is no storage"},
		{"no-end", "PROTO 2; NONE", "false: the stream has no end"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := formattest.Input("data.pkl", stream(t, c.code), true)
			in.Parsed = decode.Run(in.R, 0, decode.Options{})
			got := ""
			for _, f := range Format.Read(in).Facts {
				if f.Key == factCompatible {
					got = f.Value
				}
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
