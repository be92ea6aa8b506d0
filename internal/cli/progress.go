package cli

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/term"
)

// terminal reports the width of f when it is a terminal.
func terminal(f *os.File) (width int, ok bool) {
	if !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < 40 {
		width = 80
	}
	return width, true
}

// progress is one line on standard error, rewritten twice a second while the
// work goes on. It prints nothing when standard error is no terminal, when the
// user asked for quiet, or when the work is done within a second.
type progress struct {
	label        string
	files, bytes int64
	doneFiles    atomic.Int64
	doneBytes    atomic.Int64
	quit         chan struct{}
	gone         chan struct{}
}

func (a *app) progress(label string, files, bytes int64) *progress {
	p := &progress{label: label, files: files, bytes: bytes}
	f, ok := a.Err.(*os.File)
	if !ok || a.quiet {
		return p
	}
	if _, tty := terminal(f); !tty {
		return p
	}
	p.quit, p.gone = make(chan struct{}), make(chan struct{})
	go p.paint(f)
	return p
}

func (p *progress) set(files, bytes int64) {
	p.doneFiles.Store(files)
	p.doneBytes.Store(bytes)
}

func (p *progress) paint(f *os.File) {
	defer close(p.gone)
	start, shown := time.Now(), false
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-p.quit:
			if shown {
				fmt.Fprint(f, "\r\x1b[K")
			}
			return
		case now := <-tick.C:
			if now.Sub(start) < time.Second {
				continue
			}
			shown = true
			fmt.Fprint(f, "\r\x1b[K"+p.line(now.Sub(start)))
		}
	}
}

func (p *progress) line(since time.Duration) string {
	n, total := p.doneBytes.Load(), p.bytes
	s := fmt.Sprintf("%s %d/%d files, %s of %s", p.label, p.doneFiles.Load(), p.files, size(n), size(total))
	if rate := float64(n) / since.Seconds(); rate > 0 && n < total {
		left := time.Duration(float64(total-n) / rate * float64(time.Second)).Round(time.Second)
		s += fmt.Sprintf(", %s/s, %s left", size(int64(rate)), left)
	}
	return s
}

// stop erases the line and waits for the painter.
func (p *progress) stop() {
	if p.quit != nil {
		close(p.quit)
		<-p.gone
	}
}

func size(n int64) string {
	const units = "kMGTPE"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	v, i := float64(n)/1000, 0
	for v >= 1000 && i < len(units)-1 {
		v, i = v/1000, i+1
	}
	return fmt.Sprintf("%.1f %cB", v, units[i])
}
