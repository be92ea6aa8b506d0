// Package columnar reads files of tables and records: Parquet, Arrow (file, stream,
// Feather version 2), Avro object containers and TFRecord.
//
// Specification: parquet-format 2.12 (thrift, compact protocol), Arrow columnar
// format 1.5 (FlatBuffers messages), Avro 1.12.
//
// Threat: readers believe what the metadata says. A column type of Arrow can be
// a pickle that reading undoes (CVE-2023-47248); an Avro schema can name Java
// classes that reading loads and builds (CVE-2024-47561, CVE-2025-30065); a column
// chunk can lie in another file; bytes that no row group declares are room for
// anything.
//
// Not covered: values of columns, compressed or not; statistics; whether pages
// decode. Encrypted parts are gaps.
package columnar

import (
	"encoding/base64"
	"fmt"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/encoded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	rulePickled   = "SP-DATA-001" // a column type that is a pickle
	ruleJava      = "SP-DATA-002" // a schema that names Java classes
	ruleStructure = "SP-DATA-003" // structure that cannot be trusted
	ruleOutside   = "SP-DATA-004" // columns in a file outside of the artifact
)

// Keys of the facts about tables.
const (
	factRows    = "table.rows"
	factColumns = "table.columns"
	factNames   = "table.column_names"
	factGroups  = "table.row_groups" // Parquet row groups, Arrow record batches, Avro blocks
)

// maxNames is how many names of columns are told.
const maxNames = 64

// maxFindings is how often one file raises each rule of this package.
const maxFindings = 50

// table collects what one file yields.
type table struct {
	in     *format.Input
	res    format.Result
	names  []string
	raised map[string]int // by rule
}

func (t *table) raise(id string, off, length int64, symbol, message string) {
	if t.raised == nil {
		t.raised = map[string]int{}
	}
	if t.raised[id]++; t.raised[id] <= maxFindings {
		t.res.Findings = append(t.res.Findings, rule.Finding(id, t.in.Location(off, length), symbol, message))
	}
}

func (t *table) gap(off, length int64, id, reason string) {
	t.res.Spans = append(t.res.Spans, format.Span{Offset: off, Length: length, Kind: format.Unread, Rule: id, Reason: reason})
}

// maxSpans is how many ranges of one file are told apart by kind.
const maxSpans = 100_000

// span explains a range. Neighbours of one kind are one range; so are all when
// there are too many.
func (t *table) span(off, length int64, kind format.SpanKind) {
	if length <= 0 {
		return
	}
	if n := len(t.res.Spans); n > 0 {
		last := &t.res.Spans[n-1]
		if last.Offset+last.Length == off && last.Kind != format.Unread && (last.Kind == kind || n >= maxSpans) {
			last.Length += length
			return
		}
	}
	t.res.Spans = append(t.res.Spans, format.Span{Offset: off, Length: length, Kind: kind})
}

func (t *table) name(s string) {
	if len(t.names) < maxNames {
		t.names = append(t.names, s)
	}
}

func (t *table) fact(key string, n int64) {
	t.res.Facts = append(t.res.Facts, finding.Fact{Key: key, Value: fmt.Sprint(n)})
}

// child hands bytes of the metadata on that were written as text.
func (t *table) child(name string, data []byte, off int64, as string) {
	t.res.Children = append(t.res.Children, format.Child{Name: rule.Clip(name), R: bounded.NewBytes(data, t.in.R.Budget()), Offset: off, As: as})
}

// metadata judges one value of the table's own metadata, which stands at an
// offset of the input.
func (t *table) metadata(key string, value []byte, off int64) {
	switch {
	case key == "ARROW:schema":
		if data, err := base64.StdEncoding.DecodeString(string(value)); err == nil && len(data) > 0 {
			t.child(key, data, off, Arrow.ID)
			return
		}
		t.gap(off, int64(len(value)), "SP-COV-004", "The Arrow schema in the metadata is not base64.")
	case strings.HasSuffix(key, "avro.schema"):
		t.avroSchema(value, off)
	}
	t.hidden(key, value, off)
}

// hidden looks for a pickle in a value.
func (t *table) hidden(key string, value []byte, off int64) {
	if data, _ := encoded.Pickle(value); data != nil {
		t.child(key, data, off, "pickle")
	}
}

// elsewhere judges the name of a file that is said to hold columns.
func (t *table) elsewhere(name string, off int64) {
	clean := path.Join(path.Dir(t.in.Path), strings.ReplaceAll(name, "\\", "/"))
	switch {
	case strings.HasPrefix(name, "/") || strings.HasPrefix(name, "\\") || strings.Contains(name, ":") || clean == ".." || strings.HasPrefix(clean, "../"):
		t.raise(ruleOutside, off, int64(len(name)), rule.Clip(name), fmt.Sprintf("Columns of this table are to be read from \"%s\", outside of the folder of the model.", rule.Clip(name)))
	case !t.in.Repo.Has(clean):
		t.gap(off, 0, "SP-COV-009", fmt.Sprintf("Columns of this table lie in \"%s\", which is not there.", rule.Clip(name)))
	}
}
