package safetensors

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
)

// file puts a length before the header and n data bytes behind it.
func file(header string, n int) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(out, header...), make([]byte, n)...)
}

func open(data []byte) *bounded.Reader {
	return bounded.NewReader(bytes.NewReader(data), int64(len(data)), bounded.NewBudget(context.Background(), int64(len(data))))
}

func TestProblems(t *testing.T) {
	const a = `"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`
	cases := []struct {
		name, header string
		data         int
		want         []Kind
		tensors      int
	}{
		{"one", `{` + a + `}`, 4, nil, 1},
		{"none", `{}`, 0, nil, 0},
		{"padded", `{` + a + "}   \n", 4, nil, 1},
		{"spaced", "{ \n\"a\" : { \"shape\" : [ 1 ] , \"data_offsets\" : [ 0 , 4 ] , \"dtype\" : \"F32\" } }", 4, nil, 1},
		{"metadata", `{"__metadata__":{"format":"pt"},` + a + `}`, 4, nil, 1},
		{"scalar", `{"a":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}`, 8, nil, 1},
		{"empty-tensor", `{"a":{"dtype":"I64","shape":[0,3],"data_offsets":[0,0]},"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1, nil, 2},
		{"half-bytes", `{"a":{"dtype":"F4","shape":[2,3],"data_offsets":[0,3]}}`, 3, nil, 1},
		{"half-bytes-odd", `{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}`, 2, []Kind{ShapeSize}, 1},
		{"escaped-duplicate", `{"w":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"\u0077":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8, []Kind{Duplicate}, 2},
		{"duplicate-field", `{"w":{"dtype":"U8","dtype":"I8","shape":[4],"data_offsets":[0,4]}}`, 4, []Kind{Duplicate}, 1},
		{"duplicate-metadata", `{"__metadata__":{},"__metadata__":{},` + a + `}`, 4, []Kind{Duplicate}, 1},
		{"duplicate-metadata-key", `{"__metadata__":{"k":"1","k":"2"},` + a + `}`, 4, []Kind{Duplicate}, 1},
		{"metadata-number", `{"__metadata__":{"k":[1,{"x":2}]},` + a + `}`, 4, []Kind{NotText}, 1},
		{"overlap", `{` + a + `,"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}`, 6, []Kind{Overlap}, 2},
		{"beyond", `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 4, []Kind{Outside}, 1},
		{"backwards", `{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 4, []Kind{Outside}, 1},
		{"shape", `{"a":{"dtype":"F32","shape":[1000],"data_offsets":[0,4]}}`, 4, []Kind{ShapeSize}, 1},
		{"overflow", `{"a":{"dtype":"F32","shape":[4194305,4194305,211106198978564],"data_offsets":[0,16]}}`, 16, []Kind{Overflow}, 1},
		{"overflow-bits", `{"a":{"dtype":"F64","shape":[1152921504606846976],"data_offsets":[0,0]}}`, 0, []Kind{Overflow}, 1},
		{"dtype", `{"a":{"dtype":"Q4","shape":[4],"data_offsets":[0,4]}}`, 4, []Kind{UnknownType}, 1},
		{"field", `{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"x":{"y":[null,true,-1e5]}}}`, 4, []Kind{UnknownField}, 1},
		{"negative", `{"a":{"dtype":"U8","shape":[-4],"data_offsets":[0,4]}}`, 4, []Kind{Malformed}, 0},
		{"float", `{"a":{"dtype":"U8","shape":[4.0],"data_offsets":[0,4]}}`, 4, []Kind{Malformed}, 0},
		{"leading-zero", `{"a":{"dtype":"U8","shape":[04],"data_offsets":[0,4]}}`, 4, []Kind{Malformed}, 0},
		{"huge-number", `{"a":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,4]}}`, 4, []Kind{Malformed}, 0},
		{"three-offsets", `{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4,4]}}`, 4, []Kind{Malformed}, 0},
		{"missing", `{"a":{"dtype":"U8","shape":[4]}}`, 4, []Kind{Malformed}, 0},
		{"trailing-comma", `{` + a + `,}`, 4, []Kind{Malformed}, 1},
		{"text-behind", `{` + a + `}x`, 4, []Kind{Malformed}, 1},
		{"nul-padding", `{` + a + "}\x00", 4, []Kind{Malformed}, 1},
		{"not-utf8", "{\"\xff\":{}}", 4, []Kind{Malformed}, 0},
		{"half-surrogate", `{"\ud800":{}}`, 4, []Kind{Malformed}, 0},
		{"control", "{\"a\nb\":{}}", 4, []Kind{Malformed}, 0},
		{"array", `[]`, 0, []Kind{Malformed}, 0},
		{"deep", `{"a":{"x":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}}`, 0, []Kind{UnknownField, Limit}, 0},
		{"long-name", `{"` + strings.Repeat("n", bounded.MaxStringKept+1) + `":{}}`, 0, []Kind{Limit}, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := Read(open(file(c.header, c.data)), nil)
			var got []Kind
			for _, p := range f.Problems {
				got = append(got, p.Kind)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s%+v", diff, f.Problems)
			}
			if len(f.Tensors) != c.tensors {
				t.Errorf("%d tensors, want %d", len(f.Tensors), c.tensors)
			}
		})
	}
}

func TestHeaderLength(t *testing.T) {
	for name, c := range map[string]struct {
		length uint64
		size   int
		want   Kind
	}{
		"beyond-file": {1 << 62, 10, HeaderLength},
		"negative":    {1 << 63, 10, HeaderLength},
		"one-more":    {3, 10, HeaderLength},
	} {
		t.Run(name, func(t *testing.T) {
			data := append(binary.LittleEndian.AppendUint64(nil, c.length), make([]byte, c.size-8)...)
			f := Read(open(data), nil)
			if f.Complete || len(f.Problems) != 1 || f.Problems[0].Kind != c.want {
				t.Errorf("%+v", f.Problems)
			}
		})
	}
	big := int64(bounded.MaxTensorHeader) + 100
	f := Read(bounded.NewReader(zeros{}, big, bounded.NewBudget(context.Background(), big)), nil)
	if f.Complete || len(f.Problems) != 1 || f.Problems[0].Kind != Limit {
		t.Errorf("too large a header: %+v", f.Problems)
	}
}

// zeros is a file of zeros whose header is one byte over the limit.
type zeros struct{}

func (zeros) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	if off == 0 && len(p) >= 8 {
		binary.LittleEndian.PutUint64(p, bounded.MaxTensorHeader+1)
	}
	return len(p), nil
}

func TestMetadataValues(t *testing.T) {
	type pair struct{ Key, Value, Raw string }
	data := file(`{"__metadata__":{"a":"x\ny","b":"\u00e9\ud83d\ude00","long":"`+strings.Repeat("v", 200_000)+`"}}`, 0)
	var got []pair
	f := Read(open(data), func(key string, value []byte, off int64) {
		got = append(got, pair{key, string(value), string(data[off : off+4])})
	})
	want := []pair{{"a", "x\ny", `x\ny`}, {"b", "é😀", `\u00`}, {"long", strings.Repeat("v", 200_000), "vvvv"}}
	if diff := cmp.Diff(want, got); diff != "" || !f.Complete {
		t.Error(diff, f.Problems)
	}
}

func FuzzRead(f *testing.F) {
	for _, h := range []string{`{}`, `{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}  `, `{"a":{"x":[1,"\u0041"]}}`} {
		f.Add(file(h, 4))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		read := func() *File { return Read(open(data), func(string, []byte, int64) {}) }
		x := read()
		for _, p := range x.Problems {
			if p.Offset < 0 || p.Length < 0 || p.Offset+p.Length > int64(len(data)) {
				t.Fatalf("problem outside of the file: %+v", p)
			}
		}
		for i := range x.Tensors {
			if e := &x.Tensors[i]; e.Begin < x.Data || e.End < e.Begin || e.End > int64(len(data)) || x.Name(e) == "" && e.nameLen > 0 {
				t.Fatalf("tensor %+v", e)
			}
		}
		if diff := cmp.Diff(x.Problems, read().Problems); diff != "" {
			t.Fatal(diff)
		}
	})
}

func BenchmarkRead20000(b *testing.B) {
	var h strings.Builder
	h.WriteString(`{"__metadata__":{"format":"pt"}`)
	for i := range 20000 {
		fmt.Fprintf(&h, `,"model.layers.%d.mlp.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[%d,%d]}`, i, 4*i, 4*i+4)
	}
	data := file(h.String()+"}", 80000)
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if f := Read(open(data), nil); !f.Complete || len(f.Problems) > 0 {
			b.Fatal(f.Problems)
		}
	}
}
