package safetensors

import (
	"github.com/sallyport/sallyport/internal/bounded"
)

// maxDims is more dimensions than any library has.
const maxDims = 1024

// maxTensors bounds the memory for one header.
const maxTensors = bounded.MaxArchiveEntries

// header reads the whole object and the padding behind it.
func (s *scanner) header() error {
	seenMetadata := false
	err := s.object(func(key []byte, at int64) error {
		if string(key) != "__metadata__" {
			return s.tensor(key, at)
		}
		if seenMetadata {
			s.f.problem(Duplicate, "__metadata__", at, int64(len(key)), "")
		}
		seenMetadata = true
		return s.readMetadata()
	})
	if err != nil {
		return err
	}
	if _, ok := s.space(); ok {
		return s.bad("text behind the end of the header")
	}
	return nil
}

// readMetadata reads the map from string to string.
func (s *scanner) readMetadata() error {
	seen := map[uint64]bool{}
	return s.object(func(key []byte, at int64) error {
		name := string(key)
		if seen[hash(key)] {
			s.f.problem(Duplicate, name, at, int64(len(name)), "")
		}
		seen[hash(key)] = true
		if b, _ := s.space(); b != '"' {
			start := s.c.Offset()
			err := s.skip()
			s.f.problem(NotText, name, start, s.c.Offset()-start, "")
			return err
		}
		value, at, err := s.text(bounded.MaxBlock)
		if err == nil && s.metadata != nil {
			s.metadata(name, value, at)
		}
		return err
	})
}

// tensor reads the object that describes one tensor.
func (s *scanner) tensor(key []byte, at int64) error {
	if len(s.f.Tensors) >= maxTensors {
		return s.budget().Reach("archive-entries", maxTensors)
	}
	if err := s.budget().Items(1); err != nil {
		return err
	}
	t := Tensor{nameAt: at, nameLen: int32(s.keyLen), hash: hash(key)}
	s.name = append(s.name[:0], key...)
	var have [3]bool
	var begin, end uint64
	err := s.object(func(key []byte, at int64) error {
		field := fieldOf(key)
		if field < 0 {
			return s.unknownField(at)
		}
		if have[field] {
			s.f.problem(Duplicate, string(s.name)+"."+string(key), at, int64(len(key)), "")
		}
		have[field] = true
		var err error
		switch field {
		case 0:
			t.Type, err = s.dtype()
		case 1:
			s.shape, err = s.numbers(s.shape[:0], maxDims)
		case 2:
			s.pair, err = s.numbers(s.pair[:0], 2)
			if err == nil && len(s.pair) != 2 {
				err = s.bad("data_offsets wants two numbers")
			}
			if err == nil {
				begin, end = s.pair[0], s.pair[1]
			}
		}
		return err
	})
	if err == nil && have != [3]bool{true, true, true} {
		err = s.bad("a tensor lacks dtype, shape or data_offsets")
	}
	if err != nil {
		return err
	}
	s.f.place(&t, s.name, s.shape, begin, end)
	s.f.Tensors = append(s.f.Tensors, t)
	return nil
}

func fieldOf(key []byte) int {
	for i, name := range [...]string{"dtype", "shape", "data_offsets"} {
		if string(key) == name {
			return i
		}
	}
	return -1
}

func (s *scanner) unknownField(at int64) error {
	err := s.skip()
	s.f.problem(UnknownField, string(s.name), at, s.c.Offset()-at, "")
	return err
}

func (s *scanner) dtype() (Type, error) {
	name, at, err := s.text(64)
	if err != nil {
		return Unknown, err
	}
	t := typeOf(name)
	if t == Unknown {
		s.f.problem(UnknownType, string(s.name), at, int64(len(name)), string(name))
	}
	return t, nil
}

// hash is FNV-1a: the same file gives the same result in every run.
func hash(p []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range p {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}
