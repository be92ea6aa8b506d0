package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/msgpack"
)

// readMessagePack writes each file as a list of tokens.
const readMessagePack = `
import json, sys, msgpack
def tell(v, out):
    if v is None: out.append("nil")
    elif isinstance(v, bool): out.append("bool %d" % v)
    elif isinstance(v, int): out.append("int %d" % v)
    elif isinstance(v, float): out.append("float " + ("nan" if v != v else "%g" % v))
    elif isinstance(v, str): out.append("str " + v)
    elif isinstance(v, bytes): out.append("bin %d" % len(v))
    elif isinstance(v, msgpack.Timestamp): out.append("ext -1 %d" % len(v.to_bytes()))
    elif isinstance(v, msgpack.ExtType): out.append("ext %d %d" % (v.code, len(v.data)))
    elif isinstance(v, dict):
        out.append("map %d" % len(v))
        for k, x in v.items(): tell(k, out); tell(x, out)
    else:
        out.append("array %d" % len(v))
        for x in v: tell(x, out)
    return out
json.dump({p: tell(msgpack.unpackb(open(p, "rb").read(), strict_map_key=False), []) for p in sys.argv[1:]}, sys.stdout)
`

func TestMessagePackIsTheSameTree(t *testing.T) {
	python := client(t, "python/bin/python")
	files := produced(t, "msgpack/testdata/clean/*.msgpack")
	var want map[string][]string
	if err := json.Unmarshal([]byte(foreign(t, python, append([]string{write(t, "read.py", readMessagePack)}, files...)...)), &want); err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			if diff := cmp.Diff(want[name], tokens(t, name)); diff != "" {
				t.Errorf("-msgpack +sallyport\n%s", diff)
			}
			factsOf(t, name) // and the scan is clean
		})
	}
}

func tokens(t *testing.T, name string) (out []string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	d := msgpack.New(bounded.NewBytes(data, bounded.NewBudget(context.Background(), int64(len(data)))))
	defer d.Close()
	for {
		tok, err := d.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, words(tok))
	}
}

func words(t *msgpack.Token) string {
	switch t.Kind {
	case msgpack.Nil:
		return "nil"
	case msgpack.Bool:
		return fmt.Sprintf("bool %d", t.Int)
	case msgpack.Int:
		return fmt.Sprintf("int %d", t.Int)
	case msgpack.Float:
		if t.Float != t.Float {
			return "float nan"
		}
		return "float " + strconv.FormatFloat(t.Float, 'g', 6, 64)
	case msgpack.String:
		return "str " + string(t.Text)
	case msgpack.Binary:
		return fmt.Sprintf("bin %d", t.Length)
	case msgpack.Ext:
		return fmt.Sprintf("ext %d %d", t.Code, t.Length)
	case msgpack.Array:
		return fmt.Sprintf("array %d", t.Count)
	}
	return fmt.Sprintf("map %d", t.Count)
}
