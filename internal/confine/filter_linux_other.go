//go:build linux && !amd64 && !arm64

package confine

import (
	"fmt"
	"runtime"
)

func calls() error { return fmt.Errorf("no filter for %s", runtime.GOARCH) }
