// Package sample turns readable sample files into the bytes they stand for, so
// that no hostile binary is ever committed. It is used by tests only.
//
// A sample is an ordinary file, or a text ending in one of the builders'
// endings: "model.pkl.asm" is pickle assembly for a file named "model.pkl".
package sample

import (
	"fmt"
	"strings"
)

// builders turn text into bytes, by ending.
var builders = map[string]func(string) ([]byte, error){
	".asm":       assemblePickle,
	".ggufspec":  assembleGGUF,
	".fbspec":    assembleFlatbuffer,
	".h5spec":    assembleHDF5,
	".hex":       assembleHex,
	".mpspec":    assembleMessagePack,
	".pbtext":    assembleProtobuf,
	".tablespec": assembleTable,
	".tarspec":   assembleTar,
	".7zspec":    assembleSevenzip,
	".zipspec":   assembleZip,
}

// Build returns the name a sample stands for and its bytes.
func Build(name string, text []byte) (string, []byte, error) {
	for ending, build := range builders {
		if base, ok := strings.CutSuffix(name, ending); ok {
			data, err := build(string(text))
			if err != nil {
				return "", nil, fmt.Errorf("%s: %w", name, err)
			}
			return base, data, nil
		}
	}
	return name, text, nil
}
