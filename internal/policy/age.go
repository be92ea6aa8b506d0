package policy

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Age is a duration that people write as "90d", "36h" or "5m". A day is 24 hours.
type Age time.Duration

const day = 24 * time.Hour

// maxAge keeps ages far from overflow. A century is longer than any model lives.
const maxAge = 36500 * day

func days(n int) Age { return Age(time.Duration(n) * day) }

var ageUnits = []struct {
	name string
	size time.Duration
}{{"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}}

// parseAge reads one whole number and one unit.
func parseAge(text string) (Age, error) {
	for _, u := range ageUnits {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 32)
		if err != nil || strings.HasPrefix(digits, "+") {
			break
		}
		if time.Duration(n) > maxAge/u.size {
			return 0, fmt.Errorf("%q is longer than a hundred years", text)
		}
		return Age(time.Duration(n) * u.size), nil
	}
	return 0, fmt.Errorf("%q is not a duration; write a whole number and d, h, m or s, such as 30d or 36h", text)
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Age) UnmarshalText(text []byte) (err error) {
	*a, err = parseAge(string(text))
	return err
}

// MarshalText implements encoding.TextMarshaler.
func (a Age) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// String is the shortest form that parses to the same value: "7d", "36h".
func (a Age) String() string {
	d := time.Duration(a)
	for _, u := range ageUnits {
		if d%u.size == 0 && d != 0 {
			return strconv.FormatInt(int64(d/u.size), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(d/time.Second), 10) + "s"
}
