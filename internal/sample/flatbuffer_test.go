package sample

import (
	"encoding/hex"
	"testing"
)

func TestFlatbuffer(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"one-number", "identifier TEST\nroot\n0 i32 7\nend\n", "1000000054455354" + "060008000400" + "0000" + "08000000" + "07000000"},
		{"later-place", "identifier TEST\nhead u32 program\nroot\nend\npatch 4 u8 88\n", "1000000058455354" + "14000000" + "04000400" + "04000000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, data, err := Build("x.fbspec", []byte(c.text))
			if got := hex.EncodeToString(data); err != nil || got != c.want {
				t.Errorf("got %s, %v, want %s", got, err, c.want)
			}
		})
	}
	for _, text := range []string{"nothing", "root\n0 i99 1\nend", "identifier TEST\nroot\n0 i32 nowhere\nend", "identifier TEST\nroot\n", "identifier TEST\npatch 100 u8 1"} {
		if _, _, err := Build("x.fbspec", []byte(text)); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}
