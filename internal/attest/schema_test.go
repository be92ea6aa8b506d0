package attest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/evidence"
)

const schemaDir = "../../docs/schema"

type node struct {
	Ref        string          `json:"$ref"`
	Defs       map[string]node `json:"$defs"`
	Type       string          `json:"type"`
	Properties map[string]node `json:"properties"`
	Required   []string        `json:"required"`
	Items      *node           `json:"items"`
	Free       json.RawMessage `json:"additionalProperties"`
}

// The schemas are written by hand; the types decide. Neither may have a field
// that the other lacks, and what is always written is required.
func TestSchemasFollowTypes(t *testing.T) {
	for name, typ := range map[string]reflect.Type{
		"scan": reflect.TypeFor[evidence.Scan](), "admission": reflect.TypeFor[evidence.Admission]()} {
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join(schemaDir, name+"-predicate.schema.json"))
			if err != nil {
				t.Fatal(err)
			}
			var root node
			if err := json.Unmarshal(b, &root); err != nil {
				t.Fatal(err)
			}
			compare(t, name, root, root.Defs, typ)
		})
	}
}

func compare(t *testing.T, where string, n node, defs map[string]node, typ reflect.Type) {
	if ref, ok := strings.CutPrefix(n.Ref, "#/$defs/"); ok {
		n = defs[ref]
	}
	if typ.Kind() == reflect.Slice {
		if n.Type != "array" || n.Items == nil {
			t.Errorf("%s: the schema has %q, the type is a list", where, n.Type)
			return
		}
		compare(t, where+"[]", *n.Items, defs, typ.Elem())
		return
	}
	if typ.Kind() != reflect.Struct || typ.PkgPath() == "time" {
		return
	}
	var all, required []string
	for i := range typ.NumField() {
		name, options, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		all = append(all, name)
		if options == "" {
			required = append(required, name)
		}
		sub, ok := n.Properties[name]
		if !ok {
			t.Errorf("%s: the schema lacks %q", where, name)
			continue
		}
		compare(t, where+"."+name, sub, defs, typ.Field(i).Type)
	}
	for name := range n.Properties {
		if !slices.Contains(all, name) {
			t.Errorf("%s: the type lacks %q", where, name)
		}
	}
	slices.Sort(required)
	slices.Sort(n.Required)
	if !slices.Equal(required, n.Required) {
		t.Errorf("%s: required %q, always written are %q", where, n.Required, required)
	}
	if top := !strings.Contains(where, "."); top != (n.Free == nil) {
		t.Errorf("%s: unknown fields are allowed at the top and nowhere else", where)
	}
}

// A foreign validator: our statements fit, broken ones do not.
func TestInteropSchemas(t *testing.T) {
	found, _ := filepath.Glob(filepath.Join(os.Getenv("SALLYPORT_INTEROP"), "*", "bin", "check-jsonschema"))
	if os.Getenv("SALLYPORT_INTEROP") == "" || len(found) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("check-jsonschema is not below SALLYPORT_INTEROP; in CI it must be there")
		}
		t.Skip("SKIPPED: check-jsonschema is not below SALLYPORT_INTEROP: predicates were not checked by a foreign validator")
	}
	for _, name := range []string{"scan", "admission"} {
		good := []byte(payloadPredicate(t, bundles(t, rfcKey(t))[name]))
		for kind, text := range map[string][]byte{"good": good, "bad": bytes.Replace(good, []byte("sha256:"), []byte("md5:"), 1)} {
			t.Run(name+"-"+kind, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "predicate.json")
				if err := os.WriteFile(path, text, 0o644); err != nil {
					t.Fatal(err)
				}
				out, err := exec.Command(found[0],
					"--schemafile", filepath.Join(schemaDir, name+"-predicate.schema.json"), path).CombinedOutput()
				if (err == nil) != (kind == "good") || len(out) == 0 {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	}
}
