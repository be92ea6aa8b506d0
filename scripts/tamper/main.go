// Command tamper plays the attacker in the demo: see package internal/tamper.
package main

import (
	"fmt"
	"os"

	"github.com/sallyport/sallyport/internal/tamper"
)

func main() {
	if err := tamper.Run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "tamper:", err)
		os.Exit(1)
	}
}
