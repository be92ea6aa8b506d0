package image

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

func TestSamples(t *testing.T) { formattest.Samples(t, Format, SVG) }

// pictures are files by the encoders of the standard library.
func pictures(t *testing.T) map[string][]byte {
	t.Helper()
	pic := image.NewPaletted(image.Rect(0, 0, 200, 200), color.Palette{color.Black, color.White, color.Gray{77}})
	for i := range pic.Pix {
		pic.Pix[i] = uint8(i * i % 3)
	}
	out := map[string][]byte{}
	add := func(name string, encode func(*bytes.Buffer) error) {
		var buf bytes.Buffer
		if err := encode(&buf); err != nil {
			t.Fatal(err)
		}
		out[name] = buf.Bytes()
	}
	add("png", func(b *bytes.Buffer) error { return png.Encode(b, pic) })
	add("jpeg", func(b *bytes.Buffer) error { return jpeg.Encode(b, pic, nil) })
	add("gif", func(b *bytes.Buffer) error {
		return gif.EncodeAll(b, &gif.GIF{Image: []*image.Paletted{pic, pic}, Delay: []int{1, 1}})
	})
	return out
}

func readPicture(t *testing.T, data []byte) format.Result {
	t.Helper()
	in := formattest.Input("x", data, false)
	if Format.Match(in) != format.Strong {
		t.Fatal("does not match")
	}
	return Format.Read(in)
}

func TestEveryByteOfAPictureIsExplained(t *testing.T) {
	for id, data := range pictures(t) {
		res := readPicture(t, data)
		if n := formattest.Uncovered(res, int64(len(data))); n != 0 {
			t.Errorf("%s: %d bytes unexplained", id, n)
		}
		if len(res.Findings)+len(res.Texts)+len(res.Children) != 0 {
			t.Errorf("%s: %+v", id, res)
		}
	}
}

func TestWhatIsAppendedStaysUnexplained(t *testing.T) {
	for id, data := range pictures(t) {
		res := readPicture(t, append(data[:len(data):len(data)], "PK\x05\x06tail"...))
		if n := formattest.Uncovered(res, int64(len(data)+8)); n != 8 {
			t.Errorf("%s: %d bytes unexplained, want 8", id, n)
		}
	}
}

func TestEveryCutIsAGap(t *testing.T) {
	for id, data := range pictures(t) {
		for n := 13; n < len(data); n += 1 + n/8 {
			res := readPicture(t, data[:n])
			unread := false
			for _, s := range res.Spans {
				unread = unread || s.Kind == format.Unread
			}
			if !unread {
				t.Fatalf("%s cut to %d of %d bytes has no gap", id, n, len(data))
			}
		}
	}
}
