package torch

import (
	"math"
	"testing"
)

func TestElementWidths(t *testing.T) {
	for class, width := range map[string]int64{"DoubleStorage": 8, "ComplexDoubleStorage": 16, "UntypedStorage": 1, "HalfStorage": 2, "Storage": 0} {
		if got, _ := Element(class); got != width {
			t.Errorf("%s: %d", class, got)
		}
	}
}

func TestStorageBytes(t *testing.T) {
	for _, c := range []struct {
		name, module, class string
		numel, size         int64
		ok                  bool
	}{
		{"floats", "torch", "FloatStorage", 3, 12, true},
		{"on-cuda", "torch.cuda", "HalfStorage", 3, 6, true},
		{"untyped", "torch.storage", "UntypedStorage", 7, 7, true},
		{"other-module", "os", "FloatStorage", 3, 0, false},
		{"other-class", "torch", "Tensor", 3, 0, false},
		{"negative", "torch", "FloatStorage", -1, 0, false},
		{"overflow", "torch", "DoubleStorage", math.MaxInt64 / 4, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if size, _, ok := StorageBytes(c.module, c.class, c.numel); size != c.size || ok != c.ok {
				t.Errorf("got %d, %v", size, ok)
			}
		})
	}
}
