package sevenzip

import "slices"

// streams is what a header says of packed data.
type streams struct {
	folders []Folder
	spare   bool // packs are left over that no folder uses
	packs   []Range
	cut     []bool
}

// streams reads packs, folders and what lies in them.
func (p *parser) streams() (s streams) {
	id := p.number()
	if id == idPackInfo {
		p.packInfo(&s)
		id = p.number()
	}
	if id == idUnpackInfo {
		p.unpackInfo(&s)
		id = p.number()
	}
	p.distribute(&s)
	if p.err == nil {
		for i := range s.folders {
			s.folders[i].Streams = []Stream{s.folders[i].Whole}
		}
	}
	if id == idSubStreams {
		p.subStreams(&s)
		id = p.number()
	}
	if id != idEnd {
		p.fail("The list of packed streams has an unknown part.")
	}
	if p.err != nil {
		return streams{} // half a list would assign files to the wrong data
	}
	return s
}

// packInfo reads where the packed streams lie: one behind the other.
func (p *parser) packInfo(s *streams) {
	at := p.size("The place of packed data")
	n := p.count("packed streams")
	p.until(idSize)
	end := p.a.r.Size()
	at += HeadSize
	for range n {
		size := p.size("A packed stream")
		if p.err != nil {
			return
		}
		r := Range{min(at, end), 0}
		r.Length = min(size, end-r.Offset)
		s.packs = append(s.packs, r)
		s.cut = append(s.cut, at > end || size > end-r.Offset)
		at = min(at+size, maxSize)
	}
	p.rest(n, func(int, uint32) {}) // sums of packed data: those of the content say more
}

// until skips parts up to the wanted one.
func (p *parser) until(want uint64) {
	for p.err == nil {
		switch id := p.number(); {
		case p.err != nil || id == want:
			return
		case id == idEnd:
			p.fail("The list of packed streams lacks a part.")
		default:
			p.note(gapUnsupported, "The list of packed streams has a part that nobody knows.")
			p.skip()
		}
	}
}

// rest reads the checksums that may follow, and the end mark.
func (p *parser) rest(n int, take func(int, uint32)) {
	for p.err == nil {
		switch id := p.number(); {
		case p.err != nil || id == idEnd:
			return
		case id == idSums:
			p.sums(n, take)
		default:
			p.note(gapUnsupported, "The list of packed streams has a part that nobody knows.")
			p.skip()
		}
	}
}

func (p *parser) unpackInfo(s *streams) {
	p.until(idFolder)
	n := p.count("folders")
	if p.byte() != 0 {
		p.fail("The folders are described in additional streams.")
	}
	for range n {
		f := p.folder()
		if p.err != nil {
			return
		}
		s.folders = append(s.folders, f)
	}
	p.until(idUnpackSizes)
	for i := range s.folders {
		f := &s.folders[i]
		for j := range f.Coders {
			f.Coders[j].Size = p.size("A file")
		}
		f.Whole.Size = f.Coders[f.Last].Size
	}
	p.rest(n, func(i int, sum uint32) {
		s.folders[i].Whole.Sum, s.folders[i].Whole.Summed = sum, true
	})
}

// folder reads coders and how they are joined.
func (p *parser) folder() (f Folder) {
	n := p.number()
	if n == 0 || n > maxCoders {
		p.fail("A folder of the archive has %d coders.", n)
	}
	inputs := 0
	for range n {
		if p.err != nil {
			return f
		}
		c := p.coder()
		f.Coders = append(f.Coders, c)
		if inputs += c.Inputs; inputs > maxInputs {
			p.fail("A folder of the archive has too many inputs.")
		}
	}
	p.binds(&f, inputs)
	return f
}

func (p *parser) coder() (c Coder) {
	flags := p.byte()
	if flags&0xc0 != 0 || flags&15 > 8 {
		p.fail("A coder of the archive has unknown flags.")
		return c
	}
	for _, b := range p.bytes(int64(flags & 15)) {
		c.ID = c.ID<<8 | uint64(b)
	}
	c.Inputs = 1
	if flags&0x10 != 0 {
		c.Inputs = p.index("number of inputs", maxInputs+1)
		if outputs := p.number(); outputs != 1 {
			p.fail("A coder of the archive has %d outputs.", outputs)
		}
	}
	if flags&0x20 != 0 {
		n := p.size("The settings of a coder")
		if n > maxProps {
			p.fail("A coder of the archive has settings of %d bytes.", n)
			return c
		}
		c.Props = slices.Clone(p.bytes(n))
	}
	return c
}

// binds reads which input is whose output. What is left over comes from the
// archive, and the output that nobody takes is the content.
func (p *parser) binds(f *Folder, inputs int) {
	taken, fed := make([]bool, inputs), make([]bool, len(f.Coders))
	for range len(f.Coders) - 1 {
		b := Bind{p.index("stream", inputs), p.index("coder", len(f.Coders))}
		if p.err != nil {
			return
		}
		if taken[b.Input] || fed[b.Coder] {
			p.fail("Two coders of a folder are joined to the same third.")
			return
		}
		taken[b.Input], fed[b.Coder] = true, true
		f.Binds = append(f.Binds, b)
	}
	f.Last = slices.Index(fed, false)
	free := inputs - len(f.Binds)
	if f.Last < 0 || free < 1 {
		p.fail("The coders of a folder have no beginning or no end.")
		return
	}
	for range free {
		i := slices.Index(taken, false)
		if free > 1 {
			i = p.index("stream", inputs)
		}
		if i < 0 || taken[i] {
			p.fail("Two packed streams are joined to the same coder.")
			return
		}
		taken[i] = true
		f.Inputs = append(f.Inputs, i)
	}
}

// distribute gives the folders their packs, in order.
func (p *parser) distribute(s *streams) {
	next := 0
	for i := range s.folders {
		f := &s.folders[i]
		n := len(f.Inputs)
		if n > len(s.packs)-next {
			p.fail("The folders need more packed streams than there are.")
			return
		}
		f.Packs = s.packs[next : next+n : next+n]
		f.Cut = slices.Contains(s.cut[next:next+n], true)
		next += n
	}
	s.spare = next < len(s.packs)
}

// subStreams reads how the content of each folder is cut into files.
func (p *parser) subStreams(s *streams) {
	id := p.number()
	for p.err == nil && id != idStreamCounts && id != idSize && id != idSums && id != idEnd {
		p.note(gapUnsupported, "The list of files in folders has a part that nobody knows.")
		p.skip()
		id = p.number()
	}
	if id == idStreamCounts {
		total := int64(0)
		for i := range s.folders {
			n := p.count("streams")
			if total += int64(n); total > p.a.most {
				p.err = p.b.Reach("archive-entries", p.a.most)
			}
			if p.err != nil {
				return
			}
			if n != 1 {
				s.folders[i].Streams = make([]Stream, n)
			}
		}
		id = p.number()
	}
	p.streamSizes(s, id == idSize)
	if id == idSize {
		id = p.number()
	}
	for p.err == nil && id != idEnd {
		if id == idSums {
			p.streamSums(s)
		} else {
			p.note(gapUnsupported, "The list of files in folders has a part that nobody knows.")
			p.skip()
		}
		id = p.number()
	}
}

// streamSizes reads all sizes but the last of each folder, which is the rest.
func (p *parser) streamSizes(s *streams, listed bool) {
	for i := range s.folders {
		f := &s.folders[i]
		rest := f.Whole.Size
		for j := range f.Streams {
			n := rest
			if j < len(f.Streams)-1 {
				if !listed {
					p.fail("The sizes of files in a folder are missing.")
				}
				n = p.size("A file")
			}
			if n > rest {
				p.fail("The files of a folder have more bytes than the folder.")
			}
			if p.err != nil {
				return
			}
			f.Streams[j].Size = n
			rest -= n
		}
	}
}

// streamSums reads the checksums that the folders do not have themselves.
func (p *parser) streamSums(s *streams) {
	var open []*Stream
	for i := range s.folders {
		f := &s.folders[i]
		if len(f.Streams) == 1 && f.Whole.Summed {
			continue
		}
		for j := range f.Streams {
			open = append(open, &f.Streams[j])
		}
	}
	p.sums(len(open), func(i int, sum uint32) { open[i].Sum, open[i].Summed = sum, true })
}
