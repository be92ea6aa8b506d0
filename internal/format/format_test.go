package format

import (
	"context"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/bounded"
)

func input(data string) *Input {
	b := bounded.NewBudget(context.Background(), int64(len(data)))
	return &Input{Name: "n", R: bounded.NewReader(strings.NewReader(data), int64(len(data)), b)}
}

func TestHeadIsBounded(t *testing.T) {
	for _, n := range []int{0, 1, HeadSize, HeadSize + 1} {
		if got := len(input(strings.Repeat("x", n)).Head()); got != min(n, HeadSize) {
			t.Errorf("head of %d bytes has %d", n, got)
		}
	}
}

func TestMemoComputesOnce(t *testing.T) {
	in, calls := input("x"), 0
	for range 3 {
		if v := Memo(in, "test", func() int { calls++; return 7 }); v != 7 {
			t.Errorf("got %d", v)
		}
	}
	if calls != 1 {
		t.Errorf("computed %d times", calls)
	}
}

func TestClaims(t *testing.T) {
	f := Format{Extensions: []string{".pt", ".tar.gz"}}
	for name, want := range map[string]bool{"m.pt": true, "M.PT": true, "a.tar.gz": true, "m.pth": false, "pt": false} {
		if got := f.Claims(name); got != want {
			t.Errorf("Claims(%q) = %v", name, got)
		}
	}
}
