package bcj

import "io"

// Delta undoes the filter that stores each byte as the difference to the one
// some places before it.
type Delta struct {
	src  io.Reader
	last [256]byte
	dist int
	at   int
}

// NewDelta undoes differences over 1 to 256 bytes.
func NewDelta(src io.Reader, distance byte) *Delta {
	return &Delta{src: src, dist: int(distance) + 1}
}

// Read implements io.Reader.
func (d *Delta) Read(p []byte) (int, error) {
	n, err := d.src.Read(p)
	for i := range p[:n] {
		d.last[d.at] += p[i]
		p[i] = d.last[d.at]
		if d.at++; d.at == d.dist {
			d.at = 0
		}
	}
	return n, err
}
