package quarantine

import (
	"os"
	"testing"
	"time"
	"fmt"
	"syscall"
	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/durable"
)

func TestMeasure(t *testing.T) {
	src, dir := os.Getenv("M_SRC"), os.Getenv("M_DIR")
	if src == "" { t.Skip() }
	var r0, r1 syscall.Rusage
	syscall.Getrusage(0, &r0)
	t0 := time.Now()
	a := At(dir, Options{})
	d, err := a.Begin(t.Context())
	if err != nil { t.Fatal(err) }
	info, _ := os.Stat(src)
	_, err = d.AddFile(t.Context(), artifact.File{Path: "x", Size: info.Size(), Open: func() (artifact.Content, error) { return durable.Open(src) }})
	if err != nil { t.Fatal(err) }
	t1 := time.Now()
	syscall.Getrusage(0, &r1)
	u := func(a, b syscall.Timeval) float64 { return float64(b.Nano()-a.Nano())/1e9 }
	fmt.Printf("add wall %.2f user %.2f sys %.2f sum %.2f\n", t1.Sub(t0).Seconds(), u(r0.Utime, r1.Utime), u(r0.Stime, r1.Stime), u(r0.Utime, r1.Utime)+u(r0.Stime, r1.Stime))
	if os.Getenv("M_SEAL") != "" {
		e, err := d.Seal(t.Context(), Meta{})
		if err != nil { t.Fatal(err) }
		fmt.Println("sealed", time.Since(t1)); e.Discard()
	} else { d.Drop() }
}
