package torch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/decode/torch"
	"github.com/sallyport/sallyport/internal/decode/zip"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// reader works on one archive.
type reader struct {
	in      *format.Input
	a       *zip.Archive
	res     format.Result
	records []record // by entry
	dtypes  map[string]bool
	count   int
	bytes   int64
	name    []byte // scratch for lookups
	next    int    // entry of the storage that is named next, if they come in order
	class   string // of the last storage
}

// record is what the pickles say of one entry.
type record struct {
	done     bool  // handed on or explained
	declared bool  // some storage names it
	loose    bool  // only pickles that the loader does not read tensors for name it
	clash    bool  // storages of different size name it
	size     int64 // bytes that the storages have; meaningful when declared
}

func read(in *format.Input) format.Result {
	a := archive(in)
	t := &reader{in: in, a: a, records: make([]record, len(a.Entries)), dtypes: map[string]bool{}}
	t.res.Children = make([]format.Child, 0, 8)
	t.res.Spans = make([]format.Span, 0, len(a.Entries)+len(a.Structure))
	found := roots(a)
	if len(found) > 1 {
		t.several(found)
	}
	for _, root := range found {
		script := isScript(a, root)
		t.pickles(root, script)
		t.small(root)
		if script {
			t.scripts(root)
		}
	}
	if root, ok := exportedRoot(a); ok {
		t.small(root)
		t.exported(root)
	}
	if root, ok := packedRoot(a); ok {
		t.small(root)
		t.packed(root)
	}
	for i := range a.Entries {
		if !t.records[i].done {
			t.member(i)
		}
	}
	t.finish()
	return t.res
}

func (t *reader) several(found []string) {
	used := "none of them"
	if top, ok := effectiveRoot(t.a); ok && top == found[0] {
		used = "\"" + rule.Clip(top) + "\""
	}
	t.res.Findings = append(t.res.Findings, rule.Finding("SP-TORCH-002", t.in.Location(0, 0), found[0],
		fmt.Sprintf("The archive holds %d checkpoints; torch loads %s.", len(found), used)))
}

// pickles runs root/data.pkl, and every other root/NAME.pkl (TorchScript's
// constants and traced inputs), and notes what they say of records in root/NAME.
func (t *reader) pickles(root string, script bool) {
	for i := range t.a.Entries {
		stem, ok := pickleOf(t.a.Entries[i].Name, root)
		if !ok || t.records[i].done {
			continue
		}
		trace, ok := t.run(i, script)
		if !ok {
			continue
		}
		if script && strings.EqualFold(stem, root+"/bytecode") {
			t.bytecode(i)
		}
		loose := !strings.EqualFold(stem, root+"/data") && !strings.EqualFold(stem, root+"/constants")
		for k := range trace.Storages {
			t.declare(stem, &trace.Storages[k], loose)
		}
	}
}

// scripts judges the program of a TorchScript archive.
func (t *reader) scripts(root string) {
	for i := range t.a.Entries {
		if inCode(t.a.Entries[i].Name, root) && !t.records[i].done {
			t.script(i)
		}
	}
}

// isScript reports whether the checkpoint is a TorchScript archive, as torch.load
// decides it: it has constants.pkl. One without code holds no classes either.
func isScript(a *zip.Archive, root string) bool {
	name := root + "/constants.pkl"
	constants, code := false, false
	for i := range a.Entries {
		constants = constants || a.Entries[i].Name == name // torch minds the case here
		code = code || inCode(a.Entries[i].Name, root)
	}
	return constants && code
}

// inCode reports whether a member is a source file of a TorchScript archive.
func inCode(name, root string) bool {
	const folder, ending = "/code/", ".py"
	return len(name) > len(root)+len(folder)+len(ending) && strings.EqualFold(name[len(name)-len(ending):], ending) &&
		strings.EqualFold(name[:len(root)+len(folder)], root+folder)
}

// pickleOf returns the folder of the records of a pickle directly below root.
func pickleOf(name, root string) (folder string, ok bool) {
	const ending = ".pkl"
	cut := len(name) - len(ending)
	if cut <= len(root)+1 || !strings.EqualFold(name[cut:], ending) || !strings.EqualFold(name[:len(root)], root) || name[len(root)] != '/' {
		return "", false
	}
	return name[:cut], strings.IndexByte(name[len(root)+1:cut], '/') < 0
}

// declare notes the size that a storage gives to its record, in every copy of it.
func (t *reader) declare(folder string, s *pickle.Storage, loose bool) {
	size, dtype, ok := torch.StorageBytes(s.Module, s.Type, s.Numel)
	if !ok {
		return
	}
	t.name = append(append(append(t.name[:0], folder...), '/'), s.Key...)
	i := t.a.FindNear(t.name, t.next)
	t.next = i + 1
	for ; i >= 0; i = t.a.Next(i) {
		r := &t.records[i]
		switch {
		case !r.declared:
			r.declared, r.size, r.loose = true, size, loose
		case r.size != size:
			r.clash = true
		}
	}
	if s.Type != t.class {
		t.dtypes[dtype], t.class = true, s.Type
	}
}

// member explains one entry, or hands it to the engine.
func (t *reader) member(i int) {
	e, r := &t.a.Entries[i], &t.records[i]
	if e.Dir() || e.Offset < 0 {
		return
	}
	wrong := r.clash || r.size != e.Size || e.Method == zip.Stored && e.Length != e.Size
	if !r.declared || wrong && r.loose {
		if m, ok := t.a.Member(i, false); ok {
			t.res.Children = append(t.res.Children, format.Child{Name: e.Name, R: m, Offset: e.Offset, Length: e.Claim()})
		}
		return
	}
	t.count++
	if wrong {
		t.mismatch(e, r)
		return
	}
	if e.Method != zip.Stored {
		if _, ok := t.a.Member(i, true); !ok {
			return
		}
	}
	t.bytes += e.Size
	if e.Claim() > 0 {
		t.span(e, format.Span{Kind: format.Payload})
	}
}

func (t *reader) span(e *zip.Entry, s format.Span) {
	s.Offset, s.Length = e.Offset, e.Claim()
	t.res.Spans = append(t.res.Spans, s)
}

func (t *reader) mismatch(e *zip.Entry, r *record) {
	text := fmt.Sprintf("The record has %d bytes, data.pkl declares %d.", e.Size, r.size)
	if r.clash {
		text = "data.pkl declares this record with two different sizes."
	}
	t.res.Findings = append(t.res.Findings, rule.Finding("SP-TORCH-001", t.in.Location(e.Offset, e.Length), e.Name, text))
	t.span(e, format.Span{Kind: format.Unread, Rule: "SP-COV-016", Reason: text})
}

// weave merges structure, which is sorted, into the spans from behind. Spans that
// are sorted as well stay so.
func (t *reader) weave(structure []zip.Range) {
	i, j := len(t.res.Spans)-1, len(structure)-1
	t.res.Spans = slices.Grow(t.res.Spans, len(structure))[:i+j+2]
	for k := i + j + 1; j >= 0; k-- {
		if i >= 0 && t.res.Spans[i].Offset > structure[j].Offset {
			t.res.Spans[k] = t.res.Spans[i]
			i--
			continue
		}
		t.res.Spans[k] = format.Span{Offset: structure[j].Offset, Length: structure[j].Length, Kind: format.Structure}
		j--
	}
}

// finish adds what concerns the whole archive.
func (t *reader) finish() {
	for _, c := range t.a.Comments {
		if r, err := t.in.R.Section(c.Offset, c.Length); err == nil {
			t.res.Children = append(t.res.Children, format.Child{Name: "archive comment", R: r, Offset: c.Offset, Length: c.Length})
		}
	}
	t.weave(t.a.Structure)
	for _, u := range t.a.Unread {
		t.res.Spans = append(t.res.Spans, format.Span{Offset: u.Offset, Length: u.Length, Kind: format.Unread, Rule: u.Rule, Reason: u.Reason})
	}
	t.res.Findings = append(t.res.Findings, t.a.Findings(t.in.Location)...)
	var names []string
	for d := range t.dtypes {
		names = append(names, d)
	}
	slices.Sort(names)
	t.res.Facts = []finding.Fact{
		{Key: "format.pickle", Value: "true"},
		{Key: "torch.storages", Value: strconv.Itoa(t.count)},
		{Key: "torch.bytes", Value: strconv.FormatInt(t.bytes, 10)},
		{Key: "torch.dtypes", Value: strings.Join(names, ",")},
	}
}
