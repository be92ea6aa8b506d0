package encoded

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"
)

// Pickles that call os.system("echo"), in the ways that matter here.
var calls = map[string]string{
	"global":         "cos\nsystem\n(S'echo'\ntR.",
	"inst":           "(S'echo'\nios\nsystem\n.",
	"mark-first":     "(lp0\n0cos\nsystem\n(Vecho\ntR.",
	"without-stop":   "cos\nsystem\n(S'echo'\ntR",
	"protocol-2":     "\x80\x02cos\nsystem\nX\x04\x00\x00\x00echo\x85R.",
	"protocol-4":     "\x80\x04\x95\x1b\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x8c\x06system\x93\x8c\x04echo\x85R.",
	"no-mark-of-4":   "\x8c\x02os\x8c\x06system\x93\x8c\x04echo\x85R.",
	"build-only":     "\x80\x02cfoo.bar\nBaz\n)\x81}b.",
	"inert-protocol": "\x80\x03}q\x00(X\x01\x00\x00\x00aK\x01X\x01\x00\x00\x00bK\x02u.",
}

func TestPicklesAreSeen(t *testing.T) {
	for name, p := range calls {
		forms := map[string]string{
			"base64":      base64.StdEncoding.EncodeToString([]byte(p)),
			"base64-url":  base64.RawURLEncoding.EncodeToString([]byte(p)),
			"hexadecimal": hex.EncodeToString([]byte(p)),
			"repeated":    strings.Repeat(base64.RawStdEncoding.EncodeToString([]byte(p)), 3),
			"latin1":      latin1Encode(p),
		}
		enc := forms["base64"]
		forms["base64-lines"] = enc[:8] + "\r\n" + enc[8:]
		for form, text := range forms {
			data, how := Pickle([]byte(text))
			if data == nil {
				t.Errorf("%s as %s is not seen", name, form)
			} else if data != nil && !bytes.HasPrefix(data, []byte(p)) {
				t.Errorf("%s as %s (%s) decodes to %q", name, form, how, data)
			}
		}
	}
}

func latin1Encode(p string) string {
	var b strings.Builder
	for i := range len(p) {
		b.WriteRune(rune(p[i]))
	}
	return b.String()
}

func TestOrdinaryTextIsNone(t *testing.T) {
	sum := sha256.Sum256([]byte("x"))
	cases := []string{
		hex.EncodeToString(sum[:]), base64.StdEncoding.EncodeToString(sum[:]),
		"cat\ndog\nbird", "cat\ndog\n", "code\nfoo\nbar\nR.", "characteristics", "internationalization",
		"(see below)\nfoo\nbar", "import os\nos.system('echo')", "sentence_transformers.models.Transformer",
		"https://example.invalid/path/to/something", "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAf", "AAAAAAAAAAAAAAAAAAAAAAAA",
		"I am a helpful assistant.\nI do what I am told.\n.", "N/A N/A N/A N/A N/A.", "................", "((((((((((((((((",
		"{% for message in messages %}\n{{ message }}\n{% endfor %}", "VVVVVVVVVVVVVVVV\n.", "S'some text'\n.            ",
	}
	for _, s := range cases {
		if data, how := Pickle([]byte(s)); data != nil {
			t.Errorf("%q counts as a pickle (%s)", s, how)
		}
	}
}

// TestRandomBytesAreNone measures the false alarms on what icons and keys are.
func TestRandomBytesAreNone(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	alarms := 0
	for range 200_000 {
		p := make([]byte, 12+rng.IntN(64))
		for i := range p {
			p[i] = byte(rng.Uint32())
		}
		if data, _ := Pickle([]byte(base64.StdEncoding.EncodeToString(p))); data != nil {
			alarms++
		}
	}
	if alarms > 0 {
		t.Errorf("%d of 200,000 random values count as a pickle", alarms)
	}
}

func FuzzPickle(f *testing.F) {
	for _, p := range calls {
		f.Add([]byte(p))
		f.Add([]byte(base64.StdEncoding.EncodeToString([]byte(p))))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		a, how := Pickle(p)
		b, again := Pickle(p)
		if !bytes.Equal(a, b) || how != again || (a == nil) != (how == "") || len(a) > len(p) {
			t.Fatalf("%q %s, then %q %s", a, how, b, again)
		}
	})
}
