package sbom

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

var update = flag.Bool("update", false, "rewrite the .golden files of testdata")

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const commit = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"

func digits(c string) string { return strings.Repeat(c, 64) }

func sealed(r finding.Report) *finding.Report {
	r.Tool = finding.Tool{Name: "sallyport", Version: "0.1.0", Ruleset: "sha256:" + digits("0"), Sequence: 1}
	r.Limits = map[string]int64{"nesting": 5}
	for _, f := range r.Files {
		r.Size += f.Size
	}
	r.Seal()
	return &r
}

func fact(key, value string) finding.Fact { return finding.Fact{Key: key, Value: value} }

// minilm is a report about a sentence transformer as its files describe it.
func minilm() *finding.Report {
	return sealed(finding.Report{Source: "./minilm", Files: []finding.Node{
		{Name: "README.md", Size: 10_000, SHA256: digits("1"), Formats: []string{"markdown"}, Coverage: finding.Coverage{Text: 10_000}, Facts: []finding.Fact{
			fact("card.license", "apache-2.0"), fact("card.library_name", "sentence-transformers"), fact("card.pipeline_tag", "sentence-similarity"),
			fact("card.language", "en"), fact("card.datasets", "s2orc"), fact("card.datasets", "ms_marco"), fact("card.datasets", "gooaq"), fact("card.base_model", "nreimers/MiniLM-L6-H384-uncased"),
			fact("card.tags", "sentence-transformers"), fact("card.tags", "feature-extraction")}},
		{Name: "config.json", Size: 612, SHA256: digits("2"), Formats: []string{"json"}, Coverage: finding.Coverage{Structure: 612}, Facts: []finding.Fact{
			fact("config.model_type", "bert"), fact("config.architectures", "BertModel"), fact("config.hidden_size", "384"), fact("config.vocab_size", "30522"),
			fact("config.num_hidden_layers", "6"), fact("config.num_attention_heads", "12"), fact("config.max_position_embeddings", "512"),
			fact("config.transformers_version", "4.8.2")}},
		{Name: "1_Pooling/config.json", Size: 190, SHA256: digits("3"), Formats: []string{"json"}, Coverage: finding.Coverage{Structure: 190}, Facts: []finding.Fact{fact("config.hidden_size", "1")}},
		{Name: "model-00001.safetensors", Size: 45_000_000, SHA256: digits("4"), Formats: []string{"safetensors"}, Coverage: finding.Coverage{Structure: 1000, Payload: 44_999_000},
			Facts: []finding.Fact{fact("tensor.parameters", "11000000"), fact("tensor.dtypes", "F32")}},
		{Name: "model-00002.safetensors", Size: 45_000_000, SHA256: digits("5"), Formats: []string{"safetensors"}, Coverage: finding.Coverage{Structure: 1000, Payload: 44_999_000},
			Facts: []finding.Fact{fact("tensor.parameters", "11713216"), fact("tensor.dtypes", "F32")}},
	}})
}

func flagged() *finding.Report {
	r := minilm()
	r.Files = append(r.Files, finding.Node{Name: "old model.bin", Size: 2000, SHA256: digits("6"), Formats: []string{"torch"}, Coverage: finding.Coverage{Child: 2000},
		Children: []finding.Node{{Name: "archive/data.pkl", Size: 2000, Formats: []string{"pickle"}, Coverage: finding.Coverage{Structure: 2000}}}})
	for i := range 8 {
		r.Findings = append(r.Findings, finding.Finding{Rule: "SP-NAME-002", Severity: finding.Critical, Symbol: "os.system", Message: "Loading this file calls os.system('echo').",
			Location: finding.Location{Path: "old model.bin", Inside: []string{"archive/data.pkl"}, Offset: int64(i)}})
	}
	r.Findings = append(r.Findings, finding.Finding{Rule: "SP-NAME-001", Severity: finding.Medium, Message: "Its name says YAML.", Location: finding.Location{Path: "config.json"}},
		finding.Finding{Rule: "SP-NAME-001", Severity: finding.Info, Message: "Recorded.", Location: finding.Location{Path: "README.md"}})
	r.Seal()
	return r
}

const hostile = "a\x1b[31m\u202egnp|<script>`x`\n@octocat \xff\U000e0041"

func hostileReport() *finding.Report {
	node := finding.Node{Name: hostile, Size: 1, Formats: []string{hostile}, Coverage: finding.Coverage{Structure: 1}}
	for _, key := range []string{"card.license", "card.library_name", "card.pipeline_tag", "card.datasets", "card.base_model", "card.tags", "card.language", "config.model_type",
		"config.architectures", "config.transformers_version", "config.vocab_size", "tensor.parameters", hostile} {
		node.Facts = append(node.Facts, fact(key, hostile))
	}
	return sealed(finding.Report{Source: hostile, Files: []finding.Node{node},
		Findings: []finding.Finding{{Rule: hostile, Severity: finding.High, Message: hostile, Location: finding.Location{Path: hostile, Inside: []string{hostile}}}}})
}

func inputs() map[string]Input {
	yes := true
	return map[string]Input{
		"local": {Report: minilm(), Time: noon},
		"hub": {Report: minilm(), Source: "hf://sentence-transformers/all-MiniLM-L6-v2@" + commit, Time: noon, ScannedOn: noon.Add(-time.Hour), Digest: "sha256:" + digits("a"),
			SignatureVerified: &yes, Admission: &evidence.Admission{Repository: "team/minilm", Tag: "2-scanned", Environments: []string{"staging", "production"}, PolicyDigest: "sha256:" + digits("b"), Result: "clean"}},
		"flagged":    {Report: flagged(), Name: "old", Version: "7", Time: noon},
		"hostile":    {Report: hostileReport(), Time: noon},
		"not_hashed": {Report: sealed(finding.Report{Source: ".", Files: []finding.Node{{Name: "a", Size: 1, Formats: []string{}, Coverage: finding.Coverage{Unexplained: 1}}}}), Time: noon},
		"nothing":    {Report: sealed(finding.Report{Source: "/"}), Time: noon},
	}
}

func cyclonedx(version string) func(io.Writer, Model) error {
	return func(w io.Writer, m Model) error { return WriteCycloneDX(w, m, version) }
}

func written(t *testing.T, in Input, write func(io.Writer, Model) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, Build(in)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	for name, in := range inputs() {
		for ending, write := range map[string]func(io.Writer, Model) error{".cdx.json": cyclonedx("1.6"), ".simple.json": WriteSimple} {
			t.Run(name+ending, func(t *testing.T) {
				got := written(t, in, write)
				path := filepath.Join("testdata", name+ending+".golden")
				if *update {
					if err := os.WriteFile(path, got, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), string(got)); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
				for i, c := range got {
					if c >= 0x7f || c < 0x20 && c != '\n' {
						t.Fatalf("byte %d is %#x", i, c)
					}
				}
			})
		}
	}
}

func TestSimpleFollowsTheSchema(t *testing.T) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	schema, err := c.Compile(filepath.Join("..", "..", "docs", "schema", "sbom-simple.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range inputs() {
		t.Run(name, func(t *testing.T) {
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader(written(t, in, WriteSimple)))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(v); err != nil {
				t.Error(err)
			}
			v.(map[string]any)["securityMetadata"].(map[string]any)["scanResult"] = "fine"
			if schema.Validate(v) == nil {
				t.Error("the schema accepts an unknown verdict")
			}
		})
	}
}

// Both forms, and the report they were made of, list the same files with the same digests.
func TestFormsCarryTheSameDigests(t *testing.T) {
	for name, in := range inputs() {
		t.Run(name, func(t *testing.T) {
			var want, cdx, simple []string
			for _, f := range in.Report.Files {
				want = append(want, strings.ToValidUTF8(f.Name, "\ufffd")+" "+f.SHA256)
			}
			slices.Sort(want)
			var c struct {
				Components []struct {
					Type, Name string
					Hashes     []struct{ Alg, Content string }
				}
			}
			if err := json.Unmarshal(written(t, in, cyclonedx("1.6")), &c); err != nil {
				t.Fatal(err)
			}
			for _, f := range c.Components {
				if f.Type != "file" {
					continue
				}
				line := f.Name + " "
				if len(f.Hashes) == 1 && f.Hashes[0].Alg == "SHA-256" {
					line += f.Hashes[0].Content
				}
				cdx = append(cdx, line)
			}
			var s struct {
				Artifacts []struct{ Filename, SHA256 string }
			}
			if err := json.Unmarshal(written(t, in, WriteSimple), &s); err != nil {
				t.Fatal(err)
			}
			for _, f := range s.Artifacts {
				simple = append(simple, f.Filename+" "+f.SHA256)
			}
			if diff := cmp.Diff(want, cdx); diff != "" {
				t.Errorf("CycloneDX:\n%s", diff)
			}
			if diff := cmp.Diff(want, simple); diff != "" {
				t.Errorf("simple:\n%s", diff)
			}
		})
	}
}

// Every reference is defined once, and every component has its dependencies.
func TestReferences(t *testing.T) {
	for name, in := range inputs() {
		t.Run(name, func(t *testing.T) {
			var d cdxDocument
			if err := json.Unmarshal(written(t, in, cyclonedx("1.6")), &d); err != nil {
				t.Fatal(err)
			}
			refs := map[string]int{d.Metadata.Component.Ref: 1}
			for _, c := range d.Components {
				refs[c.Ref]++
				if card := c.ModelCard; card != nil && card.Parameters != nil {
					for _, data := range card.Parameters.Datasets {
						defer func() {
							if refs[data.Ref] != 1 {
								t.Errorf("data set %q is no component", data.Ref)
							}
						}()
					}
				}
			}
			for ref, n := range refs {
				if n != 1 || ref == "" {
					t.Errorf("%q is defined %d times", ref, n)
				}
			}
			described := map[string]bool{}
			for _, dep := range d.Dependencies {
				described[dep.Ref] = true
				for _, on := range dep.DependsOn {
					if refs[on] != 1 {
						t.Errorf("%q depends on %q, which does not exist", dep.Ref, on)
					}
				}
			}
			if len(described) != len(refs) || len(d.Dependencies) != len(refs) {
				t.Errorf("%d components, %d dependencies", len(refs), len(d.Dependencies))
			}
			for _, v := range d.Vulnerabilities {
				for _, a := range v.Affects {
					if refs[a.Ref] != 1 {
						t.Errorf("%s affects %q, which does not exist", v.ID, a.Ref)
					}
				}
			}
		})
	}
}

func TestSerialNumber(t *testing.T) {
	serial := func(in Input) string {
		var d cdxDocument
		if err := json.Unmarshal(written(t, in, cyclonedx("1.6")), &d); err != nil {
			t.Fatal(err)
		}
		return d.SerialNumber
	}
	base := Input{Report: minilm(), Time: noon}
	want := serial(base)
	if !regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(want) {
		t.Errorf("%q is no UUID of version 5", want)
	}
	if got := serial(Input{Report: minilm(), Time: noon.In(time.FixedZone("x", 3600))}); got != want {
		t.Errorf("the same input gives %s and %s", want, got)
	}
	other := minilm()
	other.Files[0].SHA256 = digits("9")
	for name, in := range map[string]Input{"content": {Report: other, Time: noon}, "time": {Report: minilm(), Time: noon.Add(time.Second)}, "digest": {Report: minilm(), Time: noon, Digest: "sha256:" + digits("a")}} {
		if serial(in) == want {
			t.Errorf("another %s gives the same number", name)
		}
	}
}

func TestUUID5(t *testing.T) {
	// python3 -c "import uuid; print(uuid.uuid5(uuid.NAMESPACE_URL, 'https://github.com/sallyport/sallyport/sbom/00ff'))"
	if got, want := uuid5([]byte{0x00, 0xff}), "88a04c31-1c2d-543c-937c-e61dce92028e"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSource(t *testing.T) {
	for _, test := range []struct{ name, in, model, purl, vcs, commit string }{
		{"hub_commit", "hf://Org/My.Model@" + commit, "My.Model", "pkg:huggingface/Org/My.Model@" + commit, "https://huggingface.co/Org/My.Model", commit},
		{"hub_branch", "hf://org/m@main", "m", "pkg:huggingface/org/m", "https://huggingface.co/org/m", ""},
		{"hub_no_owner", "hf://gpt2", "gpt2", "pkg:huggingface/gpt2", "https://huggingface.co/gpt2", ""},
		{"hub_climb", "hf://../m", "m", "", "", ""},
		{"hub_markup", "hf://a/b<c>", "b<c>", "", "", ""},
		{"git", "git+https://example.org/team/m.git@" + commit, "m", "", "https://example.org/team/m.git", commit},
		{"git_password", "git+https://user:secret@example.org/m.git", "m", "", "https://example.org/m.git", ""},
		{"git_unreadable", "git+https://%zz/secret", "", "", "", ""},
		{"path", "/srv/models/bert/", "bert", "", "", ""},
		{"here", ".", "", "", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := parseSource(test.in)
			if diff := cmp.Diff([]string{test.model, test.purl, test.vcs, test.commit}, []string{o.name, o.purl(), o.vcs, o.commit()}); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(o.reference, "secret") {
				t.Errorf("the reference %q keeps the password", o.reference)
			}
		})
	}
}

func TestLicense(t *testing.T) {
	for in, want := range map[string]string{"apache-2.0": "Apache-2.0", "MIT": "MIT", "cc-by-nc-4.0": "CC-BY-NC-4.0", "llama3.1": "", "other": "", " mit": "", "": ""} {
		if got := spdxID(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestPickleIsFoundByContent(t *testing.T) {
	for name, test := range map[string]struct {
		node finding.Node
		want bool
	}{
		"pickle":        {finding.Node{Name: "a.json", Formats: []string{"pickle"}}, true},
		"nested":        {finding.Node{Formats: []string{"torch"}, Children: []finding.Node{{Formats: []string{"zip"}, Children: []finding.Node{{Formats: []string{"pickle"}}}}}}, true},
		"fact":          {finding.Node{Formats: []string{"torch"}, Facts: []finding.Fact{fact("format.pickle", "true")}}, true},
		"name_only":     {finding.Node{Name: "model.pkl", Formats: []string{"safetensors"}}, false},
		"fact_is_false": {finding.Node{Facts: []finding.Fact{fact("format.pickle", "false")}}, false},
	} {
		if got := hasPickle(&test.node); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestUnknownVersionIsRefused(t *testing.T) {
	if err := WriteCycloneDX(io.Discard, Build(Input{Report: minilm(), Time: noon}), "1.5"); err == nil {
		t.Error("version 1.5 is written")
	}
}

func TestWriteErrorsAreReturned(t *testing.T) {
	gone := errors.New("gone")
	for _, write := range []func(io.Writer, Model) error{cyclonedx("1.6"), WriteSimple} {
		if err := write(failing{gone}, Build(Input{Report: minilm(), Time: noon})); !errors.Is(err, gone) {
			t.Errorf("got %v", err)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestFactsOfOneFile: a GGUF file has no configuration beside it; its header says
// what others have in one.
func TestFactsOfOneFile(t *testing.T) {
	files := []finding.Node{{Name: "m.gguf", Size: 100, SHA256: digits("5"), Formats: []string{"gguf"}, Coverage: finding.Coverage{Payload: 100}, Facts: []finding.Fact{
		fact(format.FactArchitecture, "llama"), fact(format.FactContextLength, "4096"), fact(format.FactQuantization, "Q4_K_M"),
		fact(format.FactProducer, "converter 1"), fact(format.FactOperators, "Add,Relu"), fact(format.FactCustomOps, "acme.Fast"),
	}}}
	m := &Model{facts: gather(files)}
	card := m.card()
	if card == nil || card.Parameters == nil || card.Parameters.Architecture != "llama" {
		t.Fatalf("%+v", card)
	}
	got := map[string]string{}
	for _, p := range card.Properties {
		got[p.Name] = p.Value
	}
	for name, want := range map[string]string{"genai:aibom:modelcard:contextLength": "4096", "genai:aibom:modelcard:quantizationFileType": "Q4_K_M",
		"sallyport:producer": "converter 1", "sallyport:operators": "Add,Relu", "sallyport:customOperators": "acme.Fast"} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
}
