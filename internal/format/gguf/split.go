package gguf

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/rule"
)

// split is what a part says about the whole. Parts are named
// NAME-00001-of-00003.gguf.
type split struct {
	no, count       int64
	hasNo, hasCount bool
}

func (s *split) set(key string, v *value) {
	if v.kind == kArray || v.kind == kString || v.float {
		return
	}
	if key == "split.no" {
		s.no, s.hasNo = v.number, true
	} else {
		s.count, s.hasCount = v.number, true
	}
}

// maxParts is how many parts are looked for.
const maxParts = 10_000

// splitParts compares the part with its name and looks for the others beside it.
func (r *reader) splitParts() {
	stem, no, count, named := partName(path.Base(r.in.Path))
	s := &r.split
	switch {
	case s.hasCount && s.count <= 1 && !named:
		return // a whole model may say that it is its only part
	case s.hasCount && s.hasNo && s.no >= s.count,
		named && s.hasCount && s.count != count,
		named && s.hasNo && s.no != no-1:
		r.raise(ruleSplit, 0, 0, r.in.Name, fmt.Sprintf("The file is part %d of %d by its keys and part %d of %d by its name.", s.no+1, s.count, no, count))
		return
	case !named && !s.hasCount:
		return
	case !named || len(r.in.Inside) > 0:
		r.gap(0, 0, "SP-COV-009", fmt.Sprintf("It is one of %d parts, and its name does not say where the others are.", s.count))
		return
	}
	r.missing(stem, no, count)
}

func (r *reader) missing(stem string, no, count int64) {
	absent, first := 0, ""
	for i := int64(1); i <= min(count, maxParts); i++ {
		name := fmt.Sprintf("%s-%05d-of-%05d.gguf", stem, i, count)
		if i != no && !r.in.Repo.Has(path.Join(path.Dir(r.in.Path), name)) {
			if absent++; absent == 1 {
				first = name
			}
		}
	}
	if count > maxParts {
		_ = r.p.budget.Reach("files", maxParts)
	}
	if absent > 0 {
		r.gap(0, 0, "SP-COV-009", fmt.Sprintf("It is part %d of %d, and %d of the others are not here, %q the first of them.", no, count, absent, rule.Clip(first)))
	}
}

// partName takes NAME-00001-of-00003.gguf apart.
func partName(name string) (stem string, no, count int64, ok bool) {
	base, ok := strings.CutSuffix(name, ".gguf")
	if !ok || len(base) < len("-00001-of-00003") {
		return "", 0, 0, false
	}
	stem, tail := base[:len(base)-15], base[len(base)-15:]
	a, aerr := strconv.ParseUint(tail[1:6], 10, 32)
	b, berr := strconv.ParseUint(tail[10:], 10, 32)
	if aerr != nil || berr != nil || tail[0] != '-' || tail[6:10] != "-of-" || a < 1 || a > b {
		return "", 0, 0, false
	}
	return stem, int64(a), int64(b), true
}
