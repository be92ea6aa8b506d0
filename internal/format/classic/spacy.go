package classic

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// SpaCy is the configuration of a spaCy pipeline, from which loading builds it.
var SpaCy = format.Format{
	ID:      "spacy",
	Title:   "spaCy pipeline",
	Spec:    "https://spacy.io/api/data-formats#config",
	Textual: true,
	Rules:   []string{ruleRegistry, "SP-COV-003"},
	Match: func(in *format.Input) format.Confidence {
		head := in.Head()
		if bytes.Contains(head, []byte("[nlp]")) && (bytes.Contains(head, []byte("\npipeline")) || bytes.Contains(head, []byte("\nlang"))) {
			return format.Strong
		}
		return format.No
	},
	Read: readSpaCy,
}

// factories are the parts of a pipeline that spaCy brings along, and those of the
// packages that its makers keep beside it.
const factories = " attribute_ruler beam_ner beam_parser doc_cleaner entity_linker entity_ruler future_entity_ruler lemmatizer merge_entities" +
	" merge_noun_chunks merge_subtokens morphologizer ner nn_labeller parser sentencizer senter span_cleaner span_finder span_ruler spancat" +
	" spancat_singlelabel tagger textcat textcat_multilabel tok2vec token_splitter trainable_lemmatizer transformer curated_transformer "

// libraries begin the names of functions that are spaCy's own.
var libraries = []string{"spacy.", "spacy-legacy.", "spacy-transformers.", "spacy-curated-transformers.", "thinc.", "spacy-loggers."}

// bare are functions of thinc without the name of the library.
const bare = " Adam.v1 RAdam.v1 SGD.v1 compounding.v1 constant.v1 constant_then.v1 decaying.v1 warmup_linear.v1 slanted_triangular.v1 cyclic_triangular.v1" +
	" linear_decay.v1 plateau.v1 list2array.v1 ragged2list.v1 reduce_mean.v1 reduce_max.v1 reduce_sum.v1 reduce_first.v1 reduce_last.v1 Maxout.v1 Relu.v1" +
	" Linear.v1 Softmax.v1 Mish.v1 Gelu.v1 Swish.v1 chain.v1 concatenate.v1 "

type pipeline struct {
	in      *format.Input
	res     format.Result
	section string
	at      int64
	line    int
	names   []string
	raised  int
}

func readSpaCy(in *format.Input) format.Result {
	p := &pipeline{in: in}
	c := in.R.NewCursor(0)
	defer c.Close()
	for c.Remaining() > 0 {
		p.at = c.Offset()
		p.line++
		line, err := c.Line(bounded.MaxStringKept)
		if errors.Is(err, bounded.ErrTruncated) {
			line, err = c.Next(c.Remaining())
		}
		if err != nil || in.R.Budget().Items(1) != nil {
			p.res.Spans = append(p.res.Spans, format.Span{Length: in.R.Size(), Kind: format.Unread, Rule: "SP-COV-003", Reason: "A line is longer than is read."})
			return p.res
		}
		if !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0 {
			return p.res // no text: nobody explains it
		}
		p.read(string(bytes.TrimSpace(line)))
	}
	p.res.Spans = []format.Span{{Length: in.R.Size(), Kind: format.TextSpan}}
	p.res.Facts = append(p.res.Facts, format.List("spacy.functions", p.names, 50)...)
	return p.res
}

// read takes one line: a section, or a key with a value in JSON.
func (p *pipeline) read(line string) {
	if rest, ok := strings.CutPrefix(line, "["); ok {
		p.section = strings.TrimSuffix(rest, "]")
		return
	}
	key, value, ok := strings.Cut(line, "=")
	if !ok || strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
		return
	}
	key, value = strings.TrimSpace(key), strings.Trim(strings.TrimSpace(value), `"'`)
	switch {
	case strings.HasPrefix(key, "@"):
		p.registered(key, value)
	case key == "factory" && !strings.Contains(factories, " "+value+" "):
		p.raise(value, fmt.Sprintf("Line %d builds a part of the pipeline by %q, which spaCy does not bring along.", p.line, rule.Clip(value)))
	case key == "lang" && p.section == "nlp":
		p.res.Facts = append(p.res.Facts, finding.Fact{Key: "spacy.language", Value: rule.Clip(value)})
	}
}

// registered judges a function that is looked up by its name.
func (p *pipeline) registered(registry, name string) {
	if len(p.names) < 1000 {
		p.names = append(p.names, name)
	}
	for _, own := range libraries {
		if strings.HasPrefix(name, own) {
			return
		}
	}
	if !strings.Contains(bare, " "+name+" ") {
		p.raise(name, fmt.Sprintf("Line %d builds the pipeline by %q (%s), which spaCy does not bring along: loading imports the code that registers it.", p.line, rule.Clip(name), rule.Clip(registry)))
	}
}

func (p *pipeline) raise(symbol, message string) {
	if p.raised++; p.raised <= perRule {
		p.res.Findings = append(p.res.Findings, rule.Finding(ruleRegistry, p.in.Line(p.at, p.line), symbol, message))
	}
}
