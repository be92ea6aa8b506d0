package cli

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sallyport/sallyport/internal/sample"
)

// The test binary is the program: scripts run it as a process of its own, so
// that confinement and the confined child are the real ones.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"sallyport": func() {
			os.Exit(Main(context.Background(), os.Args[1:], Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
		},
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_CONFIG_HOME", env.WorkDir+"/config")
			env.Setenv("HOME", env.WorkDir+"/home")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"build": cmdBuild,
			"fifo":  cmdFifo,
			"grow":  cmdGrow,

			"code": cmdCode, "flood": cmdFlood, "key": cmdKey, "meddle": cmdMeddle, "plant": cmdPlant,
			"replaceblobs": cmdReplaceBlobs, "tamper": cmdTamper, "tiny": cmdTiny,
		},
		RequireUniqueNames: true,
	})
}

// cmdBuild turns a readable sample into the file that it stands for:
// build model.pkl.asm writes model.pkl beside it.
func cmdBuild(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		full := ts.MkAbs(name)
		text, err := os.ReadFile(full)
		ts.Check(err)
		out, data, err := sample.Build(full, text)
		ts.Check(err)
		ts.Check(os.WriteFile(out, data, 0o644))
		ts.Check(os.Remove(full))
	}
}

// cmdGrow makes a file sparse and as large as asked: grow FILE BYTES.
func cmdGrow(ts *testscript.TestScript, neg bool, args []string) {
	var n int64
	for _, c := range args[1] {
		n = n*10 + int64(c-'0')
	}
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_CREATE|os.O_WRONLY, 0o644)
	ts.Check(err)
	ts.Check(f.Truncate(n))
	ts.Check(f.Close())
}
