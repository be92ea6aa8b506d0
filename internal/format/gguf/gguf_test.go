package gguf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
	"github.com/sallyport/sallyport/internal/sample"
)

func TestSamples(t *testing.T) { formattest.Samples(t, Format) }

func TestMatch(t *testing.T) {
	cases := []struct {
		name, data string
		want       format.Confidence
	}{
		{"version-3", "GGUF\x03\x00\x00\x00", format.Strong},
		{"big-endian", "GGUF\x00\x00\x00\x03", format.Strong},
		{"version-9", "GGUF\x09\x00\x00\x00", format.Strong},
		{"text", "GGUF is a file format", format.No},
		{"short", "GGUF\x03", format.No},
		{"other", "GGML\x03\x00\x00\x00", format.No},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := Format.Match(formattest.Input("x.gguf", []byte(c.data), false)); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func build(t testing.TB, text string) []byte {
	t.Helper()
	_, data, err := sample.Build("x.gguf.ggufspec", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestTemplates(t *testing.T) {
	data := build(t, `key tokenizer.chat_template string "{{ a }}"
key tokenizer.chat_template.tool_use string "{{ b }}"
key tokenizer.chat_templates [string] "tool_use" "{% c %}"
key tokenizer.huggingface.json string "{\"a\": 1}"
`)
	res := read(formattest.Input("x.gguf", data, false))
	var got []string
	for _, x := range res.Texts {
		if string(data[x.Offset:x.Offset+x.Length]) != string(x.Content) {
			t.Errorf("%s lies elsewhere than it says", x.Name)
		}
		got = append(got, x.Language+" "+x.Name+" "+string(x.Content))
	}
	want := "jinja tokenizer.chat_template {{ a }}|jinja tokenizer.chat_template.tool_use {{ b }}|jinja tokenizer.chat_templates {% c %}"
	if strings.Join(got, "|") != want {
		t.Errorf("%q", got)
	}
	if len(res.Children) != 1 || res.Children[0].As != "json" || res.Children[0].R.Size() != 8 {
		t.Errorf("children %+v", res.Children)
	}
}

func TestSplit(t *testing.T) {
	const second = "key split.no uint16 1\nkey split.count uint16 3\n"
	for _, c := range []struct {
		name, path, text string
		repo             []string
		gaps, findings   int
	}{
		{"complete", "a/m-00002-of-00003.gguf", second, []string{"a/m-00001-of-00003.gguf", "a/m-00003-of-00003.gguf"}, 0, 0},
		{"one-missing", "a/m-00002-of-00003.gguf", second, []string{"a/m-00001-of-00003.gguf", "m-00003-of-00003.gguf"}, 1, 0},
		{"renamed", "m.gguf", second, nil, 1, 0},
		{"other-part", "a/m-00001-of-00003.gguf", second, nil, 0, 1},
		{"name-only", "m-00001-of-00002.gguf", "", []string{"m-00002-of-00002.gguf"}, 0, 0},
		{"only-part", "m.gguf", "key split.count uint16 1\nkey split.no uint16 0\n", nil, 0, 0},
		{"part-zero", "m-00000-of-00002.gguf", "", nil, 0, 0},
		{"enormous", "m-00001-of-99999.gguf", "", nil, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := read(formattest.Input(c.path, build(t, c.text), true, c.repo...))
			gaps := 0
			for _, s := range res.Spans {
				if s.Kind == format.Unread {
					gaps++
				}
			}
			if gaps != c.gaps || len(res.Findings) != c.findings {
				t.Errorf("%+v %+v", res.Findings, res.Spans)
			}
		})
	}
}

// A reader asked for more than the structure says of each tensor what it is.
func TestDeep(t *testing.T) {
	data := build(t, "tensor a 0 8,2 0\ntensor b 1 16 64\npad\nfill 96 1\n")
	in := formattest.Input("x.gguf", data, true)
	if res := read(in); len(res.Spans) != 3 {
		t.Errorf("%+v", res.Spans) // header, padding, all tensors
	}
	in = formattest.Input("x.gguf", data, true)
	in.R.Budget().Deep = true
	var got []string
	for _, s := range read(in).Spans {
		if s.Kind == format.Payload {
			got = append(got, fmt.Sprintf("%s %d %d", s.Type, s.Length, s.Row))
		}
	}
	if strings.Join(got, ",") != "F32 64 32,F16 32 0" {
		t.Error(got)
	}
}

// big is a model with a large vocabulary and one tensor of many bytes.
func big(tokens int) []byte {
	le := binary.LittleEndian
	str := func(p []byte, s string) []byte { return append(le.AppendUint64(p, uint64(len(s))), s...) }
	p := le.AppendUint32([]byte(signature), 3)
	p = le.AppendUint64(le.AppendUint64(p, 1), 4)
	p = le.AppendUint32(str(p, "tokenizer.ggml.tokens"), uint32(kArray))
	p = le.AppendUint64(le.AppendUint32(p, uint32(kString)), uint64(tokens))
	for i := range tokens {
		p = str(p, fmt.Sprintf("Ġtoken%d", i))
	}
	p = le.AppendUint32(str(p, "tokenizer.ggml.merges"), uint32(kArray))
	p = le.AppendUint64(le.AppendUint32(p, uint32(kString)), uint64(tokens))
	for i := range tokens {
		p = str(p, fmt.Sprintf("Ġtok en%d internationalization", i))
	}
	for _, key := range []string{"tokenizer.ggml.scores", "tokenizer.ggml.token_type"} {
		k := kFloat32
		if strings.HasSuffix(key, "type") {
			k = kInt32
		}
		p = le.AppendUint32(str(p, key), uint32(kArray))
		p = le.AppendUint64(le.AppendUint32(p, uint32(k)), uint64(tokens))
		p = append(p, make([]byte, 4*tokens)...)
	}
	p = le.AppendUint32(str(p, "w"), 1)
	p = le.AppendUint64(le.AppendUint32(le.AppendUint64(p, 16), 0), 0)
	return append(p, make([]byte, 31-(len(p)+31)%32+64)...)
}

func TestLongArraysTakeNoMemory(t *testing.T) {
	data := big(50_000)
	in := formattest.Input("x.gguf", data, true)
	allocs := testing.AllocsPerRun(1, func() {
		if res := read(in); len(res.Findings) > 0 || formattest.Uncovered(res, int64(len(data))) > 0 {
			t.Fatal("not clean", res.Findings)
		}
	})
	if allocs > 500 {
		t.Errorf("%v allocations for a vocabulary of 50,000", allocs)
	}
}

func BenchmarkVocabulary250000(b *testing.B) {
	data := big(250_000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if res := read(formattest.Input("x.gguf", data, true)); len(res.Findings) > 0 || !bytes.HasPrefix(data, []byte(signature)) {
			b.Fatal(res.Findings)
		}
	}
}
