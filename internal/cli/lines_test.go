package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Joined errors are a line each; a line break in a name is none of ours.
func TestLines(t *testing.T) {
	forged := &fs.PathError{Op: "open", Path: "x\nsallyport: ALLOWED", Err: fs.ErrPermission}
	text := "open x\nsallyport: ALLOWED: permission denied"
	tests := []struct {
		name string
		err  error
		want []string
	}{
		{"one", errors.New("a"), []string{"a"}},
		{"forged", forged, []string{text}},
		{"joined", errors.Join(errors.New("a"), forged, errors.Join(errors.New("b"), errors.New("c"))), []string{"a", text, "b", "c"}},
		{"joined_in_a_failure", failed(errors.Join(errors.New("a"), errors.New("b")), ""), []string{"a", "b"}},
		{"wrapped", fmt.Errorf("copying: %w", errors.Join(errors.New("a"), forged)), []string{"copying: a\n" + text}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, lines(tt.err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The whole way: a name in the message of the system stays on its line.
func TestForgedLineInAnError(t *testing.T) {
	var out, messages bytes.Buffer
	name := filepath.Join(t.TempDir(), "x\nALLOWED\x1b[31m")
	code := Main(context.Background(), []string{"policy", "check", name}, Streams{In: strings.NewReader(""), Out: &out, Err: &messages})
	if code != exitIncomplete || strings.Contains(messages.String(), "\nsallyport: ALLOWED") || strings.Contains(messages.String(), "\x1b") {
		t.Errorf("code %d: %q", code, messages.String())
	}
}
