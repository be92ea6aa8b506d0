package pickle

import (
	"bytes"
	"hash/fnv"
	"math/bits"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
)

// plainDigitsMost is how long the numbers are that plainNumber and plainFloat take.
const plainDigitsMost = 18

// plainNumber consumes a line that holds a decimal number as every writer spells it
// and every reader reads it. Anything else stays for those who know more
// spellings, but for a zero in front, which only matters to INT and LONG.
func (m *machine) plainNumber(op byte) (n int64, ok bool) {
	w := m.w[m.p:min(len(m.w), m.p+plainDigitsMost+2)]
	sign, i := int64(1), 0
	if len(w) > 0 && w[0] == '-' && op != 'g' && op != 'p' {
		sign, i = -1, 1
	}
	first := i
	for ; i < len(w) && w[i]-'0' < 10; i++ {
		n = n*10 + int64(w[i]-'0')
	}
	digits := i - first
	if digits == 0 || digits > plainDigitsMost || digits > 1 && w[first] == '0' && (op == 'I' || op == 'L') {
		return 0, false
	}
	if op == 'L' && i < len(w) && w[i] == 'L' {
		i++
	}
	if i == len(w) || w[i] != '\n' {
		return 0, false
	}
	m.p += i + 1
	return sign * n, true
}

// plainFloat is plainNumber for FLOAT: digits, and perhaps a fraction and a small
// exponent.
func (m *machine) plainFloat() bool {
	w := m.w[m.p:min(len(m.w), m.p+2*plainDigitsMost)]
	i := 0
	if len(w) > 0 && w[0] == '-' {
		i = 1
	}
	whole := digitsFrom(w, i)
	if whole == i {
		return false
	}
	if i = whole; i < len(w) && w[i] == '.' {
		i = digitsFrom(w, i+1)
	}
	if i+1 < len(w) && w[i] == 'e' {
		i++
		if w[i] == '-' || w[i] == '+' {
			i++
		}
		end := digitsFrom(w, i)
		if end == i || end > i+2 {
			return false
		}
		i = end
	}
	if i >= len(w) || w[i] != '\n' {
		return false
	}
	m.p += i + 1
	return true
}

// Eight characters in a word, all alike.
const (
	ones   = 0x0101010101010101
	tops   = 0x80 * ones
	breaks = '\n' * ones
	zeros  = '0' * ones
	above  = (0x7f - '9') * ones // carries what is above '9' into the top bit
)

// shortNumber is a decimal number at the start of a word, as eight digits with
// the last one on top, and its length; 0 when no line break ends it within the
// word or anything else stands in it.
func shortNumber(word uint64) (digits uint64, size int) {
	x := word ^ breaks
	end := bits.TrailingZeros64((x-ones)&^x&tops) &^ 7 // 64 without a break
	digits = word<<(64-end) | zeros>>end
	if end&63 == 0 || (digits|(digits-zeros)|(digits+above))&tops != 0 {
		return 0, 0
	}
	return digits, end >> 3
}

// decimal is the value of eight digits.
func decimal(digits uint64) uint64 {
	d := (digits & (0x0f * ones)) * (10<<8 + 1) >> 8
	d = d & 0x00ff00ff00ff00ff * (100<<16 + 1) >> 16
	return d & 0x0000ffff0000ffff * (10_000<<32 + 1) >> 32
}

// digitsFrom is where the digits end that begin at i.
func digitsFrom(w []byte, i int) int {
	for i < len(w) && w[i]-'0' < 10 {
		i++
	}
	return i
}

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
		m.broken(LimitHit, m.reach("string-kept", bounded.MaxStringKept).Error())
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
