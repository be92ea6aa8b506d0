package pickle

import (
	"bytes"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
)

// intText reads INT as the union of C (strtol, then int) and Python: base 0.
func (m *machine) intText(line []byte) val {
	switch string(line) {
	case "00", "01":
		return vBool | val(line[1]-'0')
	}
	return m.number(bytes.TrimSpace(line))
}

func (m *machine) longText(line []byte) val {
	if n := len(line); n > 0 && line[n-1] == 'L' {
		line = line[:n-1]
	}
	return m.number(bytes.TrimSpace(line))
}

// number reads what int(text, 0) and strtol(text, 0) read.
func (m *machine) number(text []byte) val {
	digits := bytes.TrimLeft(text, "+-")
	if len(digits) == 0 || len(text)-len(digits) > 1 {
		m.broken(BadNumber, clip(text))
		return vOther
	}
	if i, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		if digits[0] == '0' && i != 0 {
			m.desync(LeadingZero)
		}
		return intVal(i)
	}
	if plainDigits(digits) {
		return vBig
	}
	// Hexadecimal, octal and binary literals and underscores: pickletools
	// refuses them (underscores apart), every unpickler reads them.
	i, err := strconv.ParseInt(string(text), 0, 64)
	switch {
	case err == nil && bytes.IndexByte(text, '_') >= 0 && plainDigits(bytes.ReplaceAll(digits, []byte("_"), nil)):
		return intVal(i)
	case err == nil:
		m.desync(BaseZero)
		return intVal(i)
	case errIsRange(err):
		m.desync(BaseZero)
		return vBig
	}
	m.broken(BadNumber, clip(text))
	return vOther
}

func errIsRange(err error) bool {
	e, ok := err.(*strconv.NumError)
	return ok && e.Err == strconv.ErrRange
}

func plainDigits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) > 0
}

// floatText checks a float. C refuses some that Python reads: too large ones,
// and those with underscores or blanks.
func (m *machine) floatText(line []byte) {
	text := strings.TrimSpace(string(line))
	plain := strings.ReplaceAll(text, "_", "")
	_, err := strconv.ParseFloat(plain, 64)
	nan := strings.EqualFold(strings.TrimLeft(plain, "+-"), "nan")
	switch {
	case err != nil && !errIsRange(err) && !nan:
		m.broken(BadNumber, clip(line))
	case err != nil && !nan, plain != text, strings.ContainsAny(plain, "xXpP"), text != string(line):
		m.desync(LooseFloat)
	}
}

// indexText reads the index of GET and PUT: int(text) of Python, of any size.
func (m *machine) indexText(line []byte, n int64) (uint64, bool) {
	if n > maxLine {
		m.broken(LimitHit, m.r.Budget().Reach("string-kept", bounded.MaxStringKept).Error())
		return 0, false
	}
	text := string(bytes.TrimSpace(line))
	if strings.IndexByte(text, '_') >= 0 {
		text = strings.ReplaceAll(text, "_", "")
	}
	i, err := strconv.ParseInt(text, 10, 64)
	switch {
	case errIsRange(err) && text[0] != '-':
		return wideIndex(text), true
	case err != nil && !errIsRange(err):
		m.broken(BadNumber, clip(line))
		return 0, false
	case err != nil || i < 0:
		m.desync(NegativePut)
		return 0, false
	}
	return uint64(i), true
}

// wideIndex stands for an index beyond 63 bits, which only the pure Python
// unpickler takes. Any use of it is a disagreement, so a hash will do.
func wideIndex(digits string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(strings.TrimLeft(digits, "+0")))
	return h.Sum64() | 1<<63
}
