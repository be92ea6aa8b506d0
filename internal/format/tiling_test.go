package format

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTiling(t *testing.T) {
	for _, c := range []struct {
		name string
		put  []Span
		want []Span
	}{
		{"nothing", nil, []Span{{Length: 10}}},
		{"payload", []Span{{Offset: 2, Length: 3, Kind: Payload, Type: "F32", Row: 4}},
			[]Span{{Offset: 0, Length: 2}, {Offset: 2, Length: 3, Kind: Payload, Type: "F32", Row: 4}, {Offset: 5, Length: 5}}},
		{"touching", []Span{{Offset: 0, Length: 5, Kind: Payload}, {Offset: 5, Length: 5, Kind: Payload}},
			[]Span{{Offset: 0, Length: 5, Kind: Payload}, {Offset: 5, Length: 5, Kind: Payload}}},
		{"overlap_stays_with_the_first", []Span{{Offset: 0, Length: 6, Kind: Payload}, {Offset: 4, Length: 4, Kind: Payload}},
			[]Span{{Offset: 0, Length: 6, Kind: Payload}, {Offset: 6, Length: 2, Kind: Payload}, {Offset: 8, Length: 2}}},
		{"inside_of_the_first", []Span{{Offset: 0, Length: 10, Kind: Payload}, {Offset: 4, Length: 4, Kind: Payload}}, []Span{{Offset: 0, Length: 10, Kind: Payload}}},
		{"unread_is_kept_whole", []Span{{Offset: 0, Length: 6, Kind: Payload}, {Offset: 4, Length: 4, Kind: Unread, Rule: "r"}},
			[]Span{{Offset: 0, Length: 6, Kind: Payload}, {Offset: 4, Length: 4, Kind: Unread, Rule: "r"}, {Offset: 8, Length: 2}}},
		{"unread_without_length", []Span{{Offset: 4, Kind: Unread, Rule: "r"}},
			[]Span{{Offset: 0, Length: 4}, {Offset: 4, Kind: Unread, Rule: "r"}, {Offset: 4, Length: 6}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var tiles Tiling
			for _, s := range c.put {
				tiles.Put(s)
			}
			if diff := cmp.Diff(c.want, tiles.Spans(10)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
