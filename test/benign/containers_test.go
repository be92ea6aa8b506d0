package benign

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format/all"
	"github.com/sallyport/sallyport/internal/sample"
	"github.com/sallyport/sallyport/internal/scan"
)

// container is one row of the catalogue of attacks on what holds pickles: an inert
// file, the rules it must raise, and its nearest look-alike, which must be clean.
// A text starting with "@" is the path of a sample, from the root of the
// repository; others are built like samples, by the ending of their name.
type container struct {
	row, name, bad, want, good string
	goodName                   string // when the look-alike has another name
	beside                     []string
}

const (
	evil  = "@asm\nGLOBAL os system\nMARK\nSTRING 'echo'\nTUPLE\nREDUCE\nSTOP\n@end\n"
	inert = "@asm\nPROTO 2\nEMPTY_DICT\nSTOP\n@end\n"
	tail  = "entry m/byteorder stored \"little\"\nentry m/version stored \"3\\n\"\n"

	evilStream  = "GLOBAL os system\nMARK\nSTRING 'echo'\nTUPLE\nREDUCE\nSTOP\n"
	inertStream = "PROTO 2\nEMPTY_DICT\nSTOP\n"
	legacyHead  = "PROTO 2\nLONG1 6cfc9c46f9206aa85019\nSTOP\nPROTO 2\nBININT2 1001\nSTOP\nPROTO 2\nEMPTY_DICT\nSTOP\n"
	legacyTail  = "PROTO 2\nEMPTY_LIST\nSTOP\n"
)

func torchZip(data string, more ...string) string {
	return "entry m/data.pkl stored " + data + tail + strings.Join(more, "")
}

var containers = []container{
	{row: "Z01", name: "m.pt.zipspec", bad: torchZip(evil), want: "SP-PICKLE-001", good: torchZip(inert)},
	{row: "Z02", name: "m.pt.zipspec", bad: "@internal/format/torch/testdata/bad/c02_duplicate_bad_first.pt.zipspec", want: "SP-PICKLE-001 SP-ZIP-001", good: torchZip(inert)},
	{row: "Z03", name: "m.pt.zipspec", bad: "@internal/format/torch/testdata/bad/c03_duplicate_bad_last.pt.zipspec", want: "SP-PICKLE-001 SP-ZIP-001", good: torchZip(inert)},
	{row: "Z04", name: "m.pt.zipspec", bad: "@internal/format/torch/testdata/bad/c04_case_variants.pt.zipspec", want: "SP-PICKLE-001 SP-ZIP-002", good: torchZip(inert)},
	{row: "Z05", name: "m.pt.zipspec", bad: "entry m/data.pkl stored " + strings.Replace(evil, "@asm", "@asm crc=1", 1) + tail, want: "SP-PICKLE-001 SP-ZIP-012", good: torchZip(inert)},
	{row: "Z06", name: "m.pt.zipspec", bad: "@internal/format/torch/testdata/bad/c06_local_name.pt.zipspec", want: "SP-PICKLE-001 SP-ZIP-003", good: torchZip(inert)},
	{row: "Z07", name: "m.pt.zipspec", bad: "@internal/format/torch/testdata/bad/c07_central_flag.pt.zipspec", want: "SP-PICKLE-001 SP-ZIP-004", good: "@rules/SP-ZIP-004/good/utf8flag.zip.zipspec", goodName: "m.zip.zipspec"},
	{row: "Z08", name: "m.pt.zipspec", bad: "@internal/format/torch/testdata/bad/c54_central_size.pt.zipspec", want: "SP-PICKLE-001 SP-ZIP-009", good: torchZip(inert)},
	{row: "Z09", name: "m.pt.zipspec", bad: "entry m/data.pkl deflate " + evil + tail, want: "SP-PICKLE-001", good: "@internal/format/torch/testdata/clean/repacked_deflate.pt", goodName: "m.pt"},
	{row: "Z10", name: "m.pt.zipspec", bad: torchZip(inert, "entry m/extra/notes stored @asm\nPROTO 4\nSHORT_BINUNICODE os\nSHORT_BINUNICODE system\nSTACK_GLOBAL\nSHORT_BINUNICODE echo\nTUPLE1\nREDUCE\nSTOP\n@end\n"), want: "SP-PICKLE-001", good: torchZip(inert, "entry m/extra/notes stored \"os system echo\"\n")},
	{row: "Z11", name: "m.pt.zipspec", bad: torchZip(inert, "entry m/extra/notes stored "+evil), want: "SP-PICKLE-001", good: torchZip(inert, "entry m/extra/notes stored \"cos and system\\n(a note)\\n\"\n")},
	{row: "Z12", name: "m.pt.zipspec", bad: "prefix \"#!/bin/sh\\nexit\\n\"\n" + torchZip(inert), want: "SP-ZIP-005", good: torchZip(inert)},
	{row: "Z13", name: "m.pt.zipspec", bad: torchZip(inert) + "end\ntrailer fill 70000 0x41\n", want: "SP-COV-001", good: torchZip(inert) + "end comment=\"a comment\"\n"},
	{row: "Z14", name: "m.zip.zipspec", bad: "@rules/SP-ZIP-003/bad/unicodepath.zip.zipspec", want: "SP-ZIP-003", good: "@rules/SP-ZIP-003/good/descriptor.zip.zipspec"},
	{row: "Z15", name: "m.pt.zipspec", bad: torchZip(inert, "entry other/data.pkl stored "+evil), want: "SP-PICKLE-001", good: torchZip(inert, "entry m/other/data.txt stored \"text\"\n")},
	{row: "Z16", name: "m.pt.zipspec", bad: torchZip(inert, "entry m/code/x.so stored @hex\n7f 45 4c 46 02 01 01 00 00 00 00 00 00 00 00 00 03 00 3e 00 01 00 00 00\n@end\n"), want: "SP-NATIVE-001", good: torchZip(inert, "entry m/notes.txt stored \"ELF is no program here\"\n")},
	{row: "Z17", name: "m.zip.zipspec", bad: "entry inner.pt stored @hex\n" + hexOf("m.zip.zipspec", torchZip(evil)) + "\n@end\n", want: "SP-PICKLE-001", good: "entry inner.pt stored @hex\n" + hexOf("m.zip.zipspec", torchZip(inert)) + "\n@end\n"},
	{row: "Z18", name: "m.zip.zipspec", bad: "@rules/SP-ZIP-006/bad/parent.zip.zipspec", want: "SP-ZIP-006", good: "@rules/SP-ZIP-006/good/dots.zip.zipspec"},
	{row: "Z19", name: "m.zip.zipspec", bad: "@rules/SP-ZIP-008/bad/shared.zip.zipspec", want: "SP-ZIP-008", good: "@rules/SP-ZIP-008/good/adjacent.zip.zipspec"},
	{row: "Z20", name: "m.pt.7zspec", bad: "@rules/SP-ARC-005/bad/nullifai.pth.7zspec", want: "SP-ARC-005", good: torchZip(inert), goodName: "m.pt.zipspec"},
	{row: "Z21", name: "m.mlmodel.zipspec", bad: torchZip(evil), want: "SP-PICKLE-001", good: torchZip(inert), goodName: "m.pth.zipspec"},
	{row: "Z22", name: "m.pt.asm", bad: "@internal/format/torchlegacy/testdata/bad/six_fillers.pt.asm", want: "SP-PICKLE-001", good: legacyHead + inertStream + legacyTail},
	{row: "Z23", name: "m.pt.asm", bad: "@internal/format/torchlegacy/testdata/bad/computed_magic.pt.asm", want: "SP-TORCH-003", good: legacyHead + inertStream + legacyTail},
	{row: "Z24", name: "m.pt.tarspec", bad: "entry pickle @asm\n" + evilStream + "@end\nentry storages @asm\nBININT1 0\nSTOP\n@end\nentry tensors @asm\nBININT1 0\nSTOP\n@end\n", want: "SP-PICKLE-001", good: "@internal/format/tar/testdata/clean/torch_tar.pt", goodName: "m.pt"},
	{row: "Z25", name: "m.pt.hex", bad: "89 50 4e 47 0d 0a 1a 0a\n" + strings.Repeat("63 6f 73 0a ", 8), want: "SP-COV-004", good: "@internal/format/torch/testdata/clean/state_dict.pt", goodName: "m.pt"},
	{row: "Z26", name: "m.pt.zipspec", bad: "@rules/SP-TORCH-001/bad/longer.pt.zipspec", want: "SP-TORCH-001", good: "@rules/SP-TORCH-001/good/fits.pt.zipspec"},
	{row: "Z27", name: "model.safetensors.index.json", bad: `{"metadata": {"total_size": 4}, "weight_map": {"w": "../../other/model.safetensors"}}`, want: "SP-ST-008", good: torchZip(inert), goodName: "m.pt.zipspec"},

	{row: "N01", name: "a.npy", bad: npy("'|O'", assembled(evilStream)), want: "SP-PICKLE-001", good: npy("'<f8'", "12345678")},
	{row: "N02", name: "a.npy", bad: npy("[('a', [('b', '|O')])]", assembled(evilStream)), want: "SP-PICKLE-001", good: npy("[('a', [('b', '<f8')])]", "12345678")},
	{row: "N03", name: "a.npy.asm", bad: evilStream, want: "SP-PICKLE-001", good: npy("'<i4'", "1234"), goodName: "a.npy"},
	{row: "N04", name: "data/a.npy", bad: npy("'|O'", assembled(evilStream)), want: "SP-PICKLE-001", good: npy("'|u1'", "1")},
	{row: "N05", name: "a.npz.zipspec", bad: "entry weights stored @hex\n" + fmt.Sprintf("% x", npy("'|O'", assembled(evilStream))) + "\n@end\n", want: "SP-PICKLE-001", good: "entry weights.npy stored @hex\n" + fmt.Sprintf("% x", npy("'<f8'", "12345678")) + "\n@end\n"},
	{row: "N06", name: "a.npy.hex", bad: "@rules/SP-NPY-001/bad/table.npy.hex", want: "SP-NPY-001", good: "@rules/SP-NPY-001/good/table.npy.hex"},
	{row: "N07", name: "a.joblib.asm", bad: joblib + evilStream, want: "SP-PICKLE-001", good: joblib + "POP\nNONE\nSTOP\n"},
	{row: "N08", name: "a.joblib.asm", bad: joblib + "POP\n" + objectArray(evilStream), want: "SP-PICKLE-001", good: joblib + "POP\n" + objectArray(inertStream)},
	{row: "N09", name: "a.pkl.asm", bad: companion("../x.npy"), want: "SP-PICKLE-009", good: companion("x.npy"), beside: []string{"x.npy"}},
	{row: "N10", name: "a.pkl.asm", bad: "PROTO 3\nGLOBAL joblib.memory MemorizedResult\nEMPTY_TUPLE\nNEWOBJ\nSTOP\n", want: "SP-PICKLE-001", good: "PROTO 3\nBINUNICODE joblib.memory.MemorizedResult\nSTOP\n"},
	{row: "N11", name: "a.npy", bad: npy("'<f8'", "1234567"), want: "SP-COV-016", good: npy("'<f8'", "12345678")},
	{row: "N12", name: "a.dat.asm", bad: evilStream, want: "SP-PICKLE-001", good: inertStream},

	{row: "A01", name: "m.tar.tarspec", bad: "entry m.pkl @asm\n" + evilStream + "@end\n", want: "SP-PICKLE-001", good: "entry m.pkl @asm\n" + inertStream + "@end\n"},
	{row: "A02", name: "m.tar.tarspec", bad: "@rules/SP-ARC-001/bad/parent.tar.tarspec", want: "SP-ARC-001", good: "@rules/SP-ARC-001/good/dots.tar.tarspec"},
	{row: "A03", name: "a.pkl.gz", bad: gzipped(evilStream), want: "SP-PICKLE-001", good: gzipped(inertStream)},
	{row: "A04", name: "a.joblib", bad: gzipped(evilStream), want: "SP-PICKLE-001", good: gzipped(inertStream)},

	{row: "A05", name: "a.pkl.gz", bad: gzipped(inertStream) + gzipped(evilStream), want: "SP-PICKLE-001", good: gzipped(inertStream) + gzipped(inertStream)},
	{row: "A07", name: "a.pkl.gz", bad: gzipped("PROTO 4\nhex 8e 00 00 00 05 00 00 00 00\nfill 83886080 0\nSTOP\n"), want: "SP-COV-003", good: gzipped("PROTO 4\nhex 8e 00 00 10 00 00 00 00 00\nfill 1048576 0\nSTOP\n")},
	{row: "A08", name: "a.7z.7zspec", bad: "@rules/SP-ARC-006/bad/files.7z.7zspec", want: "SP-ARC-006", good: "@rules/SP-ARC-006/good/name.7z.7zspec"},

	{row: "D01", name: "a.pkl.asm", bad: "PROTO 4\nGLOBAL dill._dill _create_function\nEMPTY_TUPLE\nREDUCE\nSTOP\n", want: "SP-PICKLE-010", good: "PROTO 4\nGLOBAL dill._dill _load_type\nBINUNICODE dict\nTUPLE1\nREDUCE\nSTOP\n"},
	{row: "D02", name: "a.pkl.asm", bad: "PROTO 4\nGLOBAL cloudpickle.cloudpickle _make_function\nEMPTY_TUPLE\nREDUCE\nSTOP\n", want: "SP-PICKLE-010", good: "PROTO 4\nGLOBAL cloudpickle.cloudpickle _builtin_type\nBINUNICODE NoneType\nTUPLE1\nREDUCE\nSTOP\n"},
	{row: "D03", name: "a.pt.zipspec", bad: "@rules/SP-TORCH-007/bad/package.pt.zipspec", want: "SP-TORCH-007", good: "@rules/SP-TORCH-007/good/package.pt.zipspec"},
	{row: "D04", name: "a.pkl.asm", bad: "PROTO 2\nGLOBAL torch.fx.graph_module reduce_graph_module\nEMPTY_TUPLE\nREDUCE\nSTOP\n", want: "SP-PICKLE-001", good: "PROTO 2\nGLOBAL torch.nn.modules.linear Linear\nEMPTY_TUPLE\nNEWOBJ\nSTOP\n"},
	{row: "D06", name: "a.pdparams.asm", bad: evilStream, want: "SP-PICKLE-001", good: inertStream},
	{row: "D09", name: "a.skops.zipspec", bad: "@rules/SP-SKOPS-001/bad/r25_operator.skops.zipspec", want: "SP-SKOPS-001", good: "@rules/SP-SKOPS-001/good/function.skops", goodName: "a.skops"},

	{row: "S01", name: "a.pt.zipspec", bad: "@internal/format/torch/testdata/bad/script_from_file.pt.zipspec", want: "SP-TORCH-004", good: "@rules/SP-TORCH-004/good/script_named_save.pt.zipspec"},
	{row: "S02", name: "a.ptl.zipspec", bad: "@internal/format/torch/testdata/bad/script_bytecode.ptl.zipspec", want: "SP-TORCH-004", good: "@internal/format/torch/testdata/clean/lite.ptl", goodName: "a.ptl"},
	{row: "S03", name: "a.pt.zipspec", bad: "@internal/format/torch/testdata/bad/script_foreign_operator.pt.zipspec", want: "SP-TORCH-005", good: "@internal/format/torch/testdata/clean/scripted_quantized.pt", goodName: "a.pt"},
	{row: "S04", name: "a.pt.zipspec", bad: "@rules/SP-TORCH-006/bad/script_type_comment.pt.zipspec", want: "SP-TORCH-006", good: "@internal/format/torch/testdata/clean/scripted.pt", goodName: "a.pt"},
	{row: "S05", name: "a.pt2.zipspec", bad: "@internal/format/torch/testdata/bad/program_target.pt2.zipspec", want: "SP-TORCH-005", good: "@internal/format/torch/testdata/clean/program.pt2", goodName: "a.pt2"},
	{row: "S06", name: "a.pte.fbspec", bad: "@rules/SP-PTE-002/bad/overflow.pte.fbspec", want: "SP-PTE-002", good: "@rules/SP-PTE-002/good/exact.pte.fbspec"},
}

// joblib is a stream with an array of four numbers between its instructions.
const joblib = "PROTO 4\nGLOBAL joblib.numpy_pickle NumpyArrayWrapper\nEMPTY_TUPLE\nNEWOBJ\nEMPTY_DICT\nMARK\nSHORT_BINUNICODE subclass\nGLOBAL numpy ndarray\nSHORT_BINUNICODE shape\nBININT1 4\nTUPLE1\n" +
	"SHORT_BINUNICODE order\nSHORT_BINUNICODE C\nSHORT_BINUNICODE dtype\nGLOBAL numpy dtype\nSHORT_BINUNICODE f4\nNEWFALSE\nNEWTRUE\nTUPLE3\nREDUCE\nSHORT_BINUNICODE allow_mmap\nNEWTRUE\nSHORT_BINUNICODE numpy_array_alignment_bytes\nBININT1 16\nSETITEMS\nBUILD\nhex 02 ff ff\nfill 16 0xfe\n"

// objectArray is an array of objects, which joblib writes as a stream of its own.
func objectArray(stream string) string {
	return strings.NewReplacer("PROTO 4\n", "", "f4", "O8", "hex 02 ff ff\nfill 16 0xfe\n", stream).Replace(joblib) + "POP\nNONE\nSTOP\n"
}

func companion(file string) string {
	return "PROTO 3\nGLOBAL joblib.numpy_pickle NDArrayWrapper\nEMPTY_TUPLE\nNEWOBJ\nEMPTY_DICT\nBINUNICODE filename\nBINUNICODE " + file + "\nSETITEM\nBUILD\nSTOP\n"
}

// npy is an array of one item.
func npy(descr, data string) string {
	header := "{'descr': " + descr + ", 'fortran_order': False, 'shape': (1,), }"
	header += strings.Repeat(" ", 127-10-len(header)%64) + "\n"
	for (10+len(header))%64 != 0 {
		header = header[:len(header)-2] + "\n"
	}
	return "\x93NUMPY\x01\x00" + string(binary.LittleEndian.AppendUint16(nil, uint16(len(header)))) + header + data
}

func assembled(code string) string {
	data, err := sample.Pickle(code)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func gzipped(code string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, assembled(code))
	_ = z.Close()
	return b.String()
}

func hexOf(name, text string) string {
	_, data, err := sample.Build(name, []byte(text))
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("% x", data)
}

func TestContainers(t *testing.T) {
	for _, c := range containers {
		t.Run(c.row, func(t *testing.T) {
			r := scanText(t, c.name, c.bad, c.beside)
			if r.Verdict == finding.Clean && !strings.HasPrefix(c.want, "SP-NPY-001") {
				t.Errorf("the verdict is clean")
			}
			for _, want := range strings.Fields(c.want) {
				if !slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return f.Rule == want }) && !slices.ContainsFunc(r.Gaps, func(g finding.Gap) bool { return g.Rule == want }) {
					t.Errorf("%s is not raised: %v %v", want, r.Findings, r.Gaps)
				}
			}
		})
		t.Run(c.row+"_look_alike", func(t *testing.T) {
			name := c.goodName
			if name == "" {
				name = c.name
			}
			r := scanText(t, name, c.good, c.beside)
			for _, f := range r.Findings {
				if f.Severity > finding.Low {
					t.Errorf("%s %s: %s", f.Severity, f.Rule, f.Message)
				}
			}
			if r.Verdict != finding.Clean {
				t.Errorf("the verdict is %s: %v", r.Verdict, r.Gaps)
			}
		})
	}
}

const repository = "../.."

// scanText scans one file, beside others that hold a number each.
func scanText(t *testing.T, name, text string, beside []string) *finding.Report {
	t.Helper()
	data := []byte(text)
	if file, ok := strings.CutPrefix(text, "@"); ok {
		var err error
		if data, err = os.ReadFile(filepath.Join(repository, filepath.FromSlash(file))); err != nil {
			t.Fatal(err)
		}
	}
	name, data, err := sample.Build(name, data)
	if err != nil {
		t.Fatal(err)
	}
	tree := &artifact.Tree{Source: name, Files: []artifact.File{inMemory(name, data)}}
	for _, other := range beside {
		tree.Files = append(tree.Files, inMemory(path.Join(path.Dir(name), other), []byte(npy("'|u1'", "1"))))
	}
	r, err := scan.Run(context.Background(), tree, all.Formats(), scan.Options{Jobs: 1})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestContainersAreDocumented compares the tables of docs/pickle.md with the rows.
func TestContainersAreDocumented(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join(repository, "docs/pickle.md"))
	if err != nil {
		t.Fatal(err)
	}
	rule := regexp.MustCompile(`SP-[A-Z]+-\d{3}`)
	for _, c := range containers {
		_, line, found := strings.Cut(string(doc), "\n| "+c.row+" | ")
		line, _, _ = strings.Cut(line, "\n")
		if !found {
			t.Errorf("%s has no line", c.row)
		}
		for _, id := range rule.FindAllString(c.want, -1) {
			if !strings.Contains(line, "rules/"+id+".md") {
				t.Errorf("the line of %s does not name %s", c.row, id)
			}
		}
	}
}

// memory is the content of a file that was built here.
type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

func inMemory(name string, data []byte) artifact.File {
	return artifact.File{Path: name, Size: int64(len(data)), Open: func() (artifact.Content, error) { return memory{bytes.NewReader(data)}, nil }}
}
