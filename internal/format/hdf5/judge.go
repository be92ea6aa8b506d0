package hdf5

import (
	"fmt"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/hdf5"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// sources judges where a dataset takes its elements from.
func (r *reader) sources(o *hdf5.Object) {
	for _, e := range o.Data.External {
		r.elsewhere(e.Name, "The dataset \""+rule.Clip(o.Path)+"\"", o.Address)
		r.claim(o, &e)
	}
	for _, v := range o.Data.Virtual {
		if v.File != "." {
			r.elsewhere(v.File, "The virtual dataset \""+rule.Clip(o.Path)+"\"", o.Address)
		}
	}
}

// elsewhere judges the name of another file that what takes data from.
func (r *reader) elsewhere(name, what string, at int64) {
	if why := outside(name); why != "" {
		r.raise(ruleOutside, name, at, fmt.Sprintf("%s takes its data from \"%s\", %s.", what, rule.Clip(name), why))
		return
	}
	r.raise(ruleBeside, name, at, fmt.Sprintf("%s takes its data from another file, \"%s\".", what, rule.Clip(name)))
}

// outside says why a name can lead out of the folder of the model, or is "".
func outside(name string) string {
	switch {
	case strings.Contains(name, "://"):
		return "which is an address in a network"
	case strings.HasPrefix(name, "~") || strings.Contains(name, "${") || strings.Contains(name, "%"):
		return "a name that whoever opens it completes"
	case artifact.CheckPath(path.Clean(name)) != nil && name != ".":
		return "which can be any file of the machine"
	}
	return ""
}

// claim says what the bytes of an external file are.
func (r *reader) claim(o *hdf5.Object, e *hdf5.ExternalFile) {
	p := path.Clean(path.Join(path.Dir(r.in.Path), e.Name))
	if outside(e.Name) != "" || artifact.CheckPath(p) != nil || len(r.in.Inside) > 0 || len(r.res.Claims) >= maxLooks {
		return
	}
	n := e.Size
	if n > 1<<60 { // it grows without end
		n = -1
	}
	r.res.Claims = append(r.res.Claims, format.Claim{Path: p, Offset: e.Offset, Length: n, Name: rule.Clip(o.Path), At: r.in.Location(o.Address, 0)})
}

// shape judges a dataset that takes far more memory than the file has bytes for
// it. An ordinary one of zeros that compress well stays below the limit.
func (r *reader) shape(o *hdf5.Object) {
	d := o.Data
	n := d.Declared()
	if len(d.External) > 0 || len(d.Virtual) > 0 {
		return
	}
	r.declared = min(r.declared+n, 1<<62)
	if n > bounded.ExpansionFloor && n/bounded.MaxExpansionRatio > d.Stored {
		r.raise(ruleShape, o.Path, o.Address, fmt.Sprintf(
			"The dataset \"%s\" declares %s of elements and stores %d bytes: reading it takes the memory.", rule.Clip(o.Path), size(n), d.Stored))
	}
}

// total judges all datasets together: many small ones exhaust memory as well.
func (r *reader) total(f *hdf5.File) {
	if n := r.declared; n > 16*bounded.ExpansionFloor && n/bounded.MaxExpansionRatio > r.in.R.Size() {
		r.raise(ruleShape, "all datasets", f.Start, fmt.Sprintf("Its datasets declare %s of elements in a file of %d bytes.", size(n), r.in.R.Size()))
	}
}

func size(n int64) string {
	if n == 1<<62 {
		return "more bytes than can be counted"
	}
	return fmt.Sprintf("%d bytes", n)
}

// filters judges the numbers of filters: those that the library does not bring
// along are libraries that it loads by number.
func (r *reader) filters(o *hdf5.Object) {
	for i := range o.Data.Filters {
		f := &o.Data.Filters[i]
		if f.ID >= 1 && f.ID <= 6 || registered(f.ID) {
			continue
		}
		r.raise(ruleFilter, fmt.Sprintf("filter %d", f.ID), o.Address, fmt.Sprintf(
			"The dataset \"%s\" is packed by filter %d (\"%s\"), which is not registered: reading it loads a library for that number.",
			rule.Clip(o.Path), f.ID, rule.Clip(f.Name)))
	}
}

// registered reports the numbers that The HDF Group has given to filters of known
// libraries, as of 2026.
func registered(id int) bool {
	switch id {
	case 305, 307, 309: // LZO, bzip2, FPZIP
		return true
	}
	return id >= 32000 && id <= 32034 // LZF, Blosc, LZ4, bitshuffle, Zstandard and others
}
