package policy

import _ "embed"

//go:embed init.yaml
var initText string

// Init is a commented policy file that means the same as Builtin.
func Init() string { return initText }
