// Package cli is the command line: one file per verb. It is the only place
// where concrete formats, registries, keys and gates are wired together, where
// hints are chosen, and where results become exit codes.
//
// Results go to standard output, progress and messages to standard error. What
// comes from a model is escaped before it is printed.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/render"
)

// Streams are the standard streams of one run.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// Exit codes. A scan's findings win over trouble; gates have their own meaning
// of 1 and 2, written in their help texts.
const (
	exitOK          = 0
	exitFlagged     = 1 // scan: flagged; gates: denied
	exitIncomplete  = 2 // scan: incomplete; everywhere: we failed; gates: no decision
	exitNothing     = 3
	exitUsage       = 4
	exitInterrupted = 130
)

// Version is set by the linker in releases.
var Version = ""

func version() string {
	if Version != "" {
		return Version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "0.1.0-dev"
}

// failure is an error that knows its exit code and what the user can do next.
type failure struct {
	code int
	err  error
	hint string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func usage(hint, format string, args ...any) error {
	return &failure{code: exitUsage, err: fmt.Errorf(format, args...), hint: hint}
}

func failed(err error, hint string) error {
	if err == nil {
		return nil
	}
	var f *failure
	if errors.As(err, &f) {
		return err
	}
	return &failure{code: exitIncomplete, err: err, hint: hint}
}

// verdictCode ends a command that has printed its result with a code of its own.
type verdictCode int

func (c verdictCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

func exit(code int) error {
	if code == exitOK {
		return nil
	}
	return verdictCode(code)
}

// app carries the streams and the global flags to the verbs.
type app struct {
	Streams
	quiet bool
}

// Main runs one command line and returns the exit code.
func Main(ctx context.Context, args []string, s Streams) int {
	tuneMemory()
	if len(args) > 0 && args[0] == confinedVerb {
		return confinedMain(ctx, s)
	}
	a := &app{Streams: s}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	cmd, err := root.ExecuteContextC(ctx)
	return a.finish(ctx, cmd, err)
}

// tuneMemory trades some megabytes for less work of the garbage collector: runs
// are short and their live data is small. GOGC and GOMEMLIMIT win.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryFloor)
	}
}

// What a run may take, in bytes; see "Speed and memory" in docs/architecture.md.
const (
	memoryFloor   = 48 << 20 // the program itself and what the kernel counts make it 64
	memoryWorker  = 8 << 20
	memoryPerFile = 512
)

// allowMemory raises the limit by what so many files and workers are granted: a
// collector that fights for the last megabytes makes large trees slower than
// small ones.
func allowMemory(files, jobs int) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	debug.SetMemoryLimit(memoryFloor + int64(min(jobs, max(files, 1)))*memoryWorker + int64(files)*memoryPerFile)
}

// finish turns an error into messages and the exit code.
func (a *app) finish(ctx context.Context, cmd *cobra.Command, err error) int {
	var code verdictCode
	var f *failure
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		return int(code)
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(a.Err, "sallyport: interrupted")
		return exitInterrupted
	case errors.Is(err, syscall.EPIPE):
		return exitInterrupted
	case !errors.As(err, &f):
		// What cobra itself returns is about flags and arguments.
		f = &failure{code: usageCode(cmd), err: err, hint: "see: " + cmd.CommandPath() + " --help"}
	}
	for _, line := range lines(f.err) {
		fmt.Fprintf(a.Err, "sallyport: %s\n", render.Escape(line))
	}
	for line := range strings.SplitSeq(f.hint, "\n") {
		if line != "" {
			fmt.Fprintf(a.Err, "hint: %s\n", line)
		}
	}
	if f.code == exitUsage {
		return usageCode(cmd)
	}
	return f.code
}

// lines is one line for each of several errors that were joined. A line break
// inside of a message is none of ours: a file name may hold it.
func lines(err error) []string {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var own, all []string
		for _, e := range many.Unwrap() {
			own, all = append(own, e.Error()), append(all, lines(e)...)
		}
		if strings.Join(own, "\n") == err.Error() {
			return all
		}
	} else if inner := errors.Unwrap(err); inner != nil && inner.Error() == err.Error() {
		return lines(inner)
	}
	return []string{err.Error()}
}

// usageCode is 4, and for gates 2: without a decision nothing was denied.
func usageCode(cmd *cobra.Command) int {
	if cmd != nil && (cmd.Name() == "admit" || cmd.Name() == "gate") {
		return exitIncomplete
	}
	return exitUsage
}

const rootHelp = `Sallyport is the two-gate airlock for AI models: nothing enters the internal
registry unexamined (gate 1, admit), and nothing reaches production compute
without signed proof that it came through (gate 2, gate).`

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use: "sallyport", Short: "The two-gate airlock for AI models", Long: rootHelp,
		Example:       "  sallyport scan ./model\n  sallyport admit ./model --to layout:./registry//team/model:v1-scanned\n  sallyport gate layout:./registry//team/model:v1-scanned --env production",
		SilenceErrors: true, SilenceUsage: true, Version: version(),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().BoolVarP(&a.quiet, "quiet", "q", false, "print no progress")
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(
		a.scanCmd(), a.explainCmd(), a.rulesCmd(), a.sbomCmd(), a.signCmd(), a.verifyCmd(),
		a.admitCmd(), a.gateCmd(), a.quarantineCmd(), a.policyCmd(), a.keysCmd(), a.versionCmd(),
	)
	return root
}

// output opens what --output names, standard output by default. The returned
// function closes it and must be called.
func (a *app) output(name string) (io.Writer, func() error, error) {
	if name == "" || name == "-" {
		return a.Out, func() error { return nil }, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, nil, failed(err, "choose a file in a folder that you may write to: --output report.json")
	}
	return f, f.Close, nil
}
