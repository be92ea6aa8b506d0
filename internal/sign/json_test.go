package sign

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

type sampleDoc struct {
	Name  string           `json:"name"`
	Items []sampleItem     `json:"items"`
	Free  map[string]int64 `json:"free"`
	Any   rawJSON          `json:"any"`
}

type sampleItem struct {
	Path string `json:"path"`
}

func TestDecode(t *testing.T) {
	cases := map[string]struct {
		text           string
		strict, closed bool // accepted
	}{
		"plain":               {`{"name":"a","items":[{"path":"x"}],"free":{"a":1,"A":2}}`, true, true},
		"empty":               {`{}`, true, true},
		"null-list":           {`{"items":null}`, true, true},
		"unknown-at-top":      {`{"later":{"a":[1]}}`, true, true},
		"unknown-inside":      {`{"items":[{"path":"x","later":1}]}`, true, false},
		"duplicate":           {`{"name":"a","name":"a"}`, false, false},
		"duplicate-escaped":   {`{"name":"a","n\u0061me":"b"}`, false, false},
		"duplicate-inside":    {`{"items":[{"path":"x","path":"y"}]}`, false, false},
		"duplicate-in-raw":    {`{"any":{"a":1,"a":2}}`, false, false},
		"duplicate-in-map":    {`{"free":{"a":1,"a":2}}`, false, false},
		"duplicate-unknown":   {`{"later":{"a":1,"a":1}}`, false, false},
		"case-twin":           {`{"name":"a","Name":"b"}`, false, false},
		"case-alone":          {`{"NAME":"a"}`, false, false},
		"case-long-s":         {`{"item` + "\u017f" + `":[]}`, false, false},
		"case-inside":         {`{"items":[{"Path":"x"}]}`, false, false},
		"trailing-value":      {`{} {}`, false, false},
		"trailing-garbage":    {`{}]`, false, false},
		"trailing-space":      {"{}\n", true, true},
		"wrong-type":          {`{"name":1}`, false, false},
		"object-for-list":     {`{"items":{"path":"x"}}`, false, false},
		"not-utf8":            {"{\"name\":\"\xff\"}", false, false},
		"bom":                 {"\ufeff{}", false, false},
		"nothing":             {``, false, false},
		"cut-short":           {`{"name":`, false, false},
		"cut-in-list":         {`{"items":[{"path":"x"}`, false, false},
		"too-deep":            {`{"any":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`, false, false},
		"endless-list":        {`{"any":[` + strings.Repeat("0,", maxItems) + `0]}`, false, false},
		"endless-object":      {`{"free":{` + manyKeys(maxKeys+1) + `}}`, false, false},
		"long-object":         {`{"free":{` + manyKeys(maxKeys) + `}}`, true, true},
		"too-deep-unfinished": {strings.Repeat("[", 1_000_000), false, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			check := func(which string, want bool, err error) {
				if want != (err == nil) || err != nil && !errors.Is(err, ErrJSON) {
					t.Errorf("%s: accepted should be %v, error %v", which, want, err)
				}
			}
			check("strict", c.strict, DecodeStrict([]byte(c.text), new(sampleDoc)))
			check("closed", c.closed, DecodeClosed([]byte(c.text), new(sampleDoc)))
		})
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%d":0`, i)
	}
	return b.String()[1:]
}

func TestMarshalJSON(t *testing.T) {
	got, err := MarshalJSON(map[string]any{"b": "<&>", "a": []int{1}})
	if want := `{"a":[1],"b":"<&>"}`; err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}
