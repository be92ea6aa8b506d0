package layout

import (
	"errors"

	"golang.org/x/sys/windows"
)

func isReadOnly(err error) bool { return errors.Is(err, windows.ERROR_WRITE_PROTECT) }
