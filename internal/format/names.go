package format

import "github.com/sallyport/sallyport/internal/finding"

// Names are the Python names that the user's policy adds to the list of inert
// ones for one scan. They come from the caller of the scan and from nothing that
// is scanned. A nil *Names has none.
type Names struct {
	byName map[[2]string]*finding.Name
}

// NewNames indexes the additions; the list must not change afterwards.
func NewNames(list []finding.Name) *Names {
	if len(list) == 0 {
		return nil
	}
	n := &Names{byName: make(map[[2]string]*finding.Name, len(list))}
	for i := range list {
		n.byName[[2]string{list[i].Module, list[i].Name}] = &list[i]
	}
	return n
}

// Lookup finds an addition by its exact spelling.
func (n *Names) Lookup(module, name string) (*finding.Name, bool) {
	if n == nil {
		return nil, false
	}
	f, ok := n.byName[[2]string{module, name}]
	return f, ok
}
