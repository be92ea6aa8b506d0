package pickle

import (
	"runtime"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/formattest"
)

// TestManyStreams reads files of very many streams: what they cost does not grow
// with those of plain data, and a payload among them is found.
func TestManyStreams(t *testing.T) {
	const small, call = "\x80\x04N.", "\x80\x04cos\nsystem\n(S'echo'\ntR."
	for _, c := range []struct {
		name, data, want string
		most             uint64 // bytes that may be allocated in all
	}{
		{"plain", strings.Repeat(small, 300_000), "", 200 << 20},
		{"payload-last", strings.Repeat(small, 300_000) + call, "001", 200 << 20},
		{"payload-between-plain-ones", strings.Repeat(small, 100_000) + call + strings.Repeat(small, 100_000), "001", 200 << 20},
		{"calls-beyond-the-limit", strings.Repeat(call, maxTraces+10), "SP-COV-003 001 uncovered", 64 << 20},
		{"gaps", strings.Repeat(call+"\xff", maxTraces+10), "SP-COV-003 001 uncovered", 256 << 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			in := formattest.Input("model.pkl", []byte(c.data), false)
			res := Format.Read(in)
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > c.most {
				t.Errorf("allocates %d bytes", n)
			}
			if len(res.Spans) > 2*maxTraces+10 {
				t.Errorf("%d spans", len(res.Spans))
			}
			if got := verdict(t, "model.pkl", []byte(c.data)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
