package sevenzip

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/sevenzip"
)

// methodError names the coder that keeps a folder closed. It wraps ErrEncrypted
// or ErrUnsupported.
type methodError struct {
	name string
	err  error
}

func (e *methodError) Error() string { return e.name + ": " + e.err.Error() }
func (e *methodError) Unwrap() error { return e.err }

// plan checks that every coder of a folder can be opened, and that they are
// joined without a circle.
func plan(f *sevenzip.Folder) error {
	var closed error
	for i := range f.Coders {
		c, known := method(f.Coders[i].ID)
		switch {
		case c.id == idAES || c.id == idZipCrypt:
			return &methodError{c.name, sevenzip.ErrEncrypted}
		case closed != nil:
		case !known || c.open == nil || c.inputs != f.Coders[i].Inputs:
			closed = &methodError{c.name, sevenzip.ErrUnsupported}
		}
	}
	if closed != nil {
		return closed
	}
	if reached := visit(f, f.Last, make([]bool, len(f.Coders))); reached != len(f.Coders) {
		return &methodError{"coders that are joined in a circle", sevenzip.ErrUnsupported}
	}
	return nil
}

// visit counts the coders that a coder depends on, itself included.
func visit(f *sevenzip.Folder, i int, seen []bool) (n int) {
	if seen[i] {
		return 0
	}
	seen[i], n = true, 1
	first := firstInput(f, i)
	for _, b := range f.Binds {
		if b.Input >= first && b.Input < first+f.Coders[i].Inputs {
			n += visit(f, b.Coder, seen)
		}
	}
	return n
}

// firstInput is the number of the first input of a coder.
func firstInput(f *sevenzip.Folder, coder int) (n int) {
	for _, c := range f.Coders[:coder] {
		n += c.Inputs
	}
	return n
}

// solid is the decoded content of one folder. Files in it are ranges; they are
// read one behind the other, so the folder is decoded once.
type solid struct {
	archive *bounded.Reader
	folder  *sevenzip.Folder
	view    *bounded.Reader
	blocks  blocks
	claimed bool    // a file stands for the packed bytes in the result
	furthst []int64 // how far each coder has been decoded, at most

	// Checksums are computed while the content goes by for the first time.
	summed int64 // bytes that have gone by
	stream int   // the one at summed
	left   int64 // bytes of it that are still to come
	sum    uint32
	whole  uint32
	wrong  []bool // by stream: the checksum does not fit
}

// open makes the content of a folder readable; nothing is decoded yet.
func open(archive *bounded.Reader, f *sevenzip.Folder) (*solid, error) {
	if err := plan(f); err != nil {
		return nil, err
	}
	s := &solid{archive: archive, folder: f, furthst: make([]int64, len(f.Coders)), stream: -1}
	view, err := archive.Budget().NewStream(f.Whole.Size, s.decode)
	s.view = view
	return s, err
}

// openHeader is the Opener of packed headers.
func openHeader(archive *bounded.Reader, f *sevenzip.Folder) (*bounded.Reader, error) {
	s, err := open(archive, f)
	if err != nil {
		return nil, err
	}
	return s.view, nil
}

// decode starts at the first byte of the folder.
func (s *solid) decode() (io.Reader, error) {
	p := &pipeline{solid: s, memory: bounded.MaxSolidWindow}
	r, err := p.coder(s.folder.Last)
	if err != nil {
		return nil, err
	}
	p.last = r
	return p, nil
}

// pipeline is one run through all coders of a folder.
type pipeline struct {
	*solid
	last    io.Reader
	pos     int64
	memory  int64 // dictionary that coders may still have
	sources []*bufio.Reader
	stages  []*counted
	end     error
}

// coder opens a coder and all that feed it.
func (p *pipeline) coder(i int) (io.Reader, error) {
	c := &p.folder.Coders[i]
	m, _ := method(c.ID)
	if err := p.archive.Budget().Items(m.items); err != nil {
		return nil, err
	}
	s := &stage{coder: c, budget: p.archive.Budget()}
	for in := firstInput(p.folder, i); len(s.in) < c.Inputs; in++ {
		src, err := p.input(in)
		if err != nil {
			return nil, err
		}
		s.in = append(s.in, src)
	}
	if m.memory != nil {
		s.limit = max(1<<12, min(m.memory(c), p.memory))
		p.memory = max(0, p.memory-s.limit)
	}
	r, err := m.open(s)
	if err != nil {
		return nil, err
	}
	out := &counted{r: r, left: c.Size, pipeline: p, coder: i}
	p.stages = append(p.stages, out)
	return out, nil
}

// sourceBuffer is how much of an input is fetched at a time, in bytes.
const sourceBuffer = 32 << 10

// input is the output of another coder, or a packed stream.
func (p *pipeline) input(in int) (*bufio.Reader, error) {
	for _, b := range p.folder.Binds {
		if b.Input == in {
			r, err := p.coder(b.Coder)
			if err != nil {
				return nil, err
			}
			return bufio.NewReaderSize(r, sourceBuffer), nil
		}
	}
	for k, free := range p.folder.Inputs {
		if free == in {
			at := p.folder.Packs[k]
			section := io.NewSectionReader(p.archive, at.Offset, at.Length)
			src := bufio.NewReaderSize(section, int(min(sourceBuffer, max(16, at.Length))))
			p.sources = append(p.sources, src)
			return src, nil
		}
	}
	return nil, errSettings
}

// Reasons why the content does not end where it should.
var (
	errMore = errors.New("a coder gives more than is declared")
	errRest = errors.New("packed bytes are left over")
)

// Read implements io.Reader. It reports an end only where every coder has ended
// and every packed byte was used.
func (p *pipeline) Read(b []byte) (int, error) {
	if p.end != nil {
		return 0, p.end
	}
	n, err := p.last.Read(b)
	p.checksums(b[:n], p.pos)
	p.pos += int64(n)
	if err == io.EOF {
		err = p.finish()
	}
	p.end = err
	return n, err
}

func (p *pipeline) finish() error {
	var one [1]byte
	for _, s := range p.stages {
		if _, err := s.Read(one[:]); err == nil {
			return errRest
		} else if err != io.EOF {
			return err
		}
	}
	for _, src := range p.sources {
		if _, err := src.Peek(1); err == nil {
			return errRest
		}
	}
	return io.EOF
}

// counted is the output of a coder: as many bytes as are declared. What a coder
// gives to another one is charged to the budget, since no view shows it.
type counted struct {
	r        io.Reader
	left     int64
	pos      int64
	pipeline *pipeline
	coder    int
	err      error
}

// Read implements io.Reader.
func (c *counted) Read(b []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if c.left == 0 {
		c.err = c.ended()
		return 0, c.err
	}
	n, err := c.r.Read(b[:min(int64(len(b)), c.left)])
	c.left -= int64(n)
	c.pos += int64(n)
	if limit := overLimit(err, c.pipeline.archive.Budget()); limit != nil {
		err = limit
	}
	switch {
	case err == io.EOF && c.left > 0:
		err = io.ErrUnexpectedEOF
	case err == io.EOF:
		err = nil // asked again when the end is wanted
	}
	if charge := c.charge(int64(n)); charge != nil {
		err = charge
	}
	c.err = err
	return n, err
}

// ended looks for bytes behind the declared end.
func (c *counted) ended() error {
	var one [1]byte
	for range 100 {
		n, err := c.r.Read(one[:])
		switch {
		case n > 0:
			return errMore
		case err != nil:
			return err
		}
	}
	return io.ErrNoProgress
}

func (c *counted) charge(n int64) error {
	if c.coder == c.pipeline.folder.Last {
		return nil // the view does
	}
	furthest := &c.pipeline.furthst[c.coder]
	fresh := max(0, min(n, c.pos-*furthest))
	*furthest = max(*furthest, c.pos)
	return c.pipeline.archive.Budget().Hidden(fresh, n-fresh)
}

// checksums takes the bytes at pos into the sums, unless they have gone by.
func (s *solid) checksums(b []byte, pos int64) {
	if skip := s.summed - pos; skip > 0 {
		b = b[min(skip, int64(len(b))):]
	}
	if s.folder.Whole.Summed {
		s.whole = crc32.Update(s.whole, crc32.IEEETable, b)
	}
	s.summed += int64(len(b))
	for {
		for s.left == 0 && s.stream < len(s.folder.Streams) {
			s.nextStream()
		}
		if len(b) == 0 || s.stream >= len(s.folder.Streams) {
			return
		}
		n := min(int64(len(b)), s.left)
		s.sum = crc32.Update(s.sum, crc32.IEEETable, b[:n])
		b, s.left = b[n:], s.left-n
	}
}

// nextStream settles the sum of one file and goes on to the next.
func (s *solid) nextStream() {
	if s.wrong == nil {
		s.wrong = make([]bool, len(s.folder.Streams))
	}
	if s.stream >= 0 {
		st := s.folder.Streams[s.stream]
		s.wrong[s.stream] = st.Summed && st.Sum != s.sum
	}
	s.stream, s.sum = s.stream+1, 0
	if s.stream < len(s.folder.Streams) {
		s.left = s.folder.Streams[s.stream].Size
	}
}

// why says in a sentence what keeps a folder closed.
func why(err error) string {
	var m *methodError
	if errors.As(err, &m) {
		if errors.Is(err, sevenzip.ErrEncrypted) {
			return fmt.Sprintf("Files are encrypted (%s).", m.name)
		}
		return fmt.Sprintf("Files are packed with %s, which is not supported.", m.name)
	}
	return "Files could not be unpacked."
}
