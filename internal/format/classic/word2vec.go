package classic

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

// Word2Vec is the binary list of words with their vectors. The list as text is
// text.
var Word2Vec = format.Format{
	ID:    "word2vec",
	Title: "word2vec vectors",
	Spec:  "https://code.google.com/archive/p/word2vec/",
	Rules: []string{"SP-COV-003", "SP-COV-004"},
	Match: func(in *format.Input) format.Confidence {
		if _, _, _, ok := counts(in.Head()); ok {
			return format.Weak
		}
		return format.No
	},
	Read: readWord2Vec,
}

// counts reads the first line: how many words, and how many numbers for each.
func counts(head []byte) (words, dim int64, length int, ok bool) {
	line, _, ok := bytes.Cut(head[:min(len(head), 40)], []byte("\n"))
	a, b, pair := bytes.Cut(line, []byte(" "))
	if !ok || !pair {
		return 0, 0, 0, false
	}
	words, err := strconv.ParseInt(string(a), 10, 64)
	dim, err2 := strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 32)
	return words, dim, len(line) + 1, err == nil && err2 == nil && words > 0 && dim > 0 && dim < 1<<16
}

var errWord = errors.New("a word is no text, or too long")

func readWord2Vec(in *format.Input) (res format.Result) {
	words, dim, n, ok := counts(in.Head())
	if !ok {
		return res
	}
	c := in.R.NewCursor(int64(n))
	defer c.Close()
	err := passWords(in, c, words, dim)
	if err != nil {
		at := c.Offset()
		res.Spans = append(res.Spans, stopped(in, at, err))
		return res // an accident of bytes explains nothing
	}
	res.Spans = append(res.Spans, format.Span{Length: int64(n), Kind: format.Structure}, format.Span{Offset: int64(n), Length: c.Offset() - int64(n), Kind: format.Payload})
	res.Facts = []finding.Fact{{Key: "word2vec.words", Value: strconv.FormatInt(words, 10)}, {Key: "word2vec.dimensions", Value: strconv.FormatInt(dim, 10)}}
	return res
}

// passWords goes over words, each with a space and its numbers behind it.
func passWords(in *format.Input, c *bounded.Cursor, words, dim int64) error {
	if words > c.Remaining()/(4*dim+2) {
		return bounded.ErrTruncated
	}
	for range words {
		if err := in.R.Budget().Items(1); err != nil {
			return err
		}
		p, err := c.Peek(min(c.Remaining(), 2000))
		if err != nil {
			return err
		}
		i := bytes.IndexByte(p, ' ')
		if i <= 0 || !utf8.Valid(bytes.TrimPrefix(p[:i], []byte("\n"))) {
			return errWord
		}
		if err := c.Skip(int64(i) + 1 + 4*dim); err != nil {
			return err
		}
	}
	if p, err := c.Peek(1); err == nil && p[0] == '\n' {
		c.Advance(1)
	}
	return nil
}
