package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/hdf5"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/sample"
)

// readHDF5 tells of each file what the HDF5 library sees: every object by the
// address of its header, every link that is not a hard link.
const readHDF5 = digestPython + `
import h5py, numpy as np
def name(t):
    plain = {"f": "F", "i": "I", "u": "U"}.get(t.kind)
    if h5py.check_enum_dtype(t): return "BOOL" if t == bool else None
    if t == bool: return "BOOL"
    if t == np.dtype("<c8"): return "C64"
    if h5py.check_ref_dtype(t) or h5py.check_vlen_dtype(t) or not plain: return None
    return plain + str(8 * t.itemsize) if t.byteorder in "=<|" or t.itemsize == 1 else None
out = {}
for path in sys.argv[1:]:
    objects, links, tensors, seen = {}, [], [], set()
    with h5py.File(path) as f:
        todo, base = [("/", f["/"])], f.userblock_size
        while todo:
            where, o = todo.pop(0)
            at = h5py.h5o.get_info(o.id).addr + base
            if at in seen: continue
            seen.add(at)
            attrs = {}
            for k in o.attrs:
                v = o.attrs[k]
                attrs[k] = (v.decode() if isinstance(v, bytes) else v) if isinstance(v, (str, bytes)) else ""
            e = {"Attrs": attrs, "Kind": 0}
            if isinstance(o, h5py.Datatype): e["Kind"] = 2
            if isinstance(o, h5py.Dataset):
                p = o.id.get_create_plist()
                e.update(Kind=1, Shape=[int(d) for d in o.shape or []], Size=16 if h5py.check_string_dtype(o.dtype) and h5py.check_string_dtype(o.dtype).length is None else o.id.get_type().get_size(), Stored=int(o.id.get_storage_size()) if p.get_layout() != h5py.h5d.VIRTUAL else 0,
                         Filters=[p.get_filter(i)[0] for i in range(p.get_nfilters())], Layout=p.get_layout())
                if p.get_layout() == h5py.h5d.CONTIGUOUS and o.id.get_offset() is not None and e["Stored"]: e["Places"] = [f"{o.id.get_offset()}+{e['Stored']}"]
                if p.get_layout() == h5py.h5d.CHUNKED:
                    c = [o.id.get_chunk_info(i) for i in range(o.id.get_num_chunks())]
                    e["Places"] = sorted(f"{x.byte_offset + base}+{x.size}" for x in c)[:64] if len(c) <= 64 else None
                if p.get_layout() == h5py.h5d.VIRTUAL:
                    e["Virtual"] = [p.get_virtual_filename(i) + ":" + p.get_virtual_dsetname(i) for i in range(p.get_virtual_count())]
            objects[str(at)] = e
            if isinstance(o, h5py.Group):
                for k in o:
                    l = o.get(k, getlink=True)
                    full = where.rstrip("/") + "/" + k
                    if isinstance(l, h5py.SoftLink): links.append(full + " soft " + l.path)
                    elif isinstance(l, h5py.ExternalLink): links.append(full + " external " + l.filename + ":" + l.path)
                    else: todo.append((full, o[k]))
    out[path] = {"Objects": objects, "Links": sorted(links)}
json.dump(out, sys.stdout)
`

type hdf5View struct {
	Objects map[string]hdf5Object
	Links   []string
}

type hdf5Object struct {
	Kind    int
	Attrs   map[string]string
	Shape   []int64
	Size    int64
	Stored  int64
	Layout  int
	Filters []int
	Places  []string
	Virtual []string
}

// hdf5Lister writes down what our reader sees, in the same form.
type hdf5Lister struct{ view hdf5View }

func (l *hdf5Lister) Object(o *hdf5.Object) {
	e := hdf5Object{Kind: int(o.Kind), Attrs: map[string]string{}}
	if d := o.Data; d != nil {
		e.Shape, e.Size, e.Stored, e.Layout = append([]int64{}, d.Dims...), d.Type.Size, d.Stored, int(d.Layout)
		e.Filters = []int{}
		for _, f := range d.Filters {
			e.Filters = append(e.Filters, f.ID)
		}
		if d.Layout == hdf5.Contiguous && d.Place.Length > 0 {
			e.Places = []string{fmt.Sprintf("%d+%d", d.Place.Offset, d.Place.Length)}
		}
		if d.Layout == hdf5.Chunked {
			e.Places = []string{}
			for _, c := range d.Chunks {
				e.Places = append(e.Places, fmt.Sprintf("%d+%d", c.Offset, c.Length))
			}
			slices.Sort(e.Places)
		}
		for _, v := range d.Virtual {
			e.Virtual = append(e.Virtual, v.File+":"+v.Dataset)
		}
	}
	l.view.Objects[fmt.Sprint(o.Address)] = e
}

func (l *hdf5Lister) Attribute(o *hdf5.Object, a *hdf5.Attribute) {
	texts, _ := a.Texts(2)
	value := ""
	if len(texts) == 1 && len(a.Dims) == 0 {
		value = string(texts[0])
	}
	l.view.Objects[fmt.Sprint(o.Address)].Attrs[a.Name] = value
}

func (l *hdf5Lister) Link(k *hdf5.Link) {
	switch k.Kind {
	case hdf5.Soft:
		l.view.Links = append(l.view.Links, k.Path+" soft "+k.Target)
	case hdf5.ExternalLink:
		l.view.Links = append(l.view.Links, k.Path+" external "+k.File+":"+k.Target)
	}
}

func TestH5pySeesTheSame(t *testing.T) {
	python := client(t, "python/bin/python")
	files := append(produced(t, "hdf5/testdata/clean/*.h5"), produced(t, "hdf5/testdata/clean/*.hdf5")...)
	files = append(files, ours(t, "group /a\ndataset /a/x f4 2x3 fill 24 1\nattr /a text \"hello\"\nvlattr /a/x list \"hello\"\n"+
		"dataset /l vlen 1 \"bytes\"\ndataset /p u1 8 fill 5 7 chunk=8 filter=1\nexternal /e other.h5 /x\nsoft /s /a\ndataset /v f4 3 virtual=. source=/a/x\n"))
	var want map[string]hdf5View
	if err := json.Unmarshal([]byte(foreign(t, python, append([]string{write(t, "read.py", readHDF5)}, files...)...)), &want); err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			l := hdf5Lister{view: hdf5View{Objects: map[string]hdf5Object{}, Links: []string{}}}
			hdf5.Read(bounded.NewBytes(data, bounded.NewBudget(context.Background(), int64(len(data)))), &l)
			slices.Sort(l.view.Links)
			w := want[name]
			for at, o := range w.Objects { // more chunks than we list
				if mine := l.view.Objects[at]; o.Places == nil && o.Layout == int(hdf5.Chunked) {
					mine.Places = nil
					l.view.Objects[at] = mine
				}
			}
			if diff := cmp.Diff(w, l.view); diff != "" {
				t.Errorf("-h5py +sallyport\n%s", diff)
			}
		})
	}
}

// ours is a file that our own builder of samples wrote: h5py must read it too,
// else the hostile samples prove nothing.
func ours(t *testing.T, spec string) string {
	t.Helper()
	_, data, err := sample.Build("ours.h5.h5spec", []byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "ours.h5")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestH5pyChunks compares what filters are undone to.
func TestH5pyChunks(t *testing.T) {
	python := client(t, "python/bin/python")
	const script = `
import h5py, json, sys
with h5py.File(sys.argv[1]) as f:
    json.dump({k: f[k][:5, :5].tobytes().hex() for k in ("packed",)}, sys.stdout)
`
	for _, name := range produced(t, "hdf5/testdata/clean/h5py_*.h5") {
		var want map[string]string
		if err := json.Unmarshal([]byte(foreign(t, python, write(t, "chunk.py", script), name)), &want); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		c := chunkReader{}
		f := hdf5.Read(bounded.NewBytes(data, bounded.NewBudget(context.Background(), int64(len(data)))), &c)
		got, err := f.Chunk(c.data, c.data.Chunks[0])
		if err != nil || !bytes.Equal([]byte(fmt.Sprintf("%x", got)), []byte(want["packed"])) {
			t.Errorf("%s: %v\n%x\n%s", name, err, got, want["packed"])
		}
	}
}

type chunkReader struct{ data *hdf5.Data }

func (c *chunkReader) Object(o *hdf5.Object) {
	if o.Path == "/packed" {
		c.data = o.Data
	}
}
func (c *chunkReader) Attribute(*hdf5.Object, *hdf5.Attribute) {}
func (c *chunkReader) Link(*hdf5.Link)                         {}

// TestHDF5Facts compares the facts of a scan.
func TestHDF5Facts(t *testing.T) {
	python := client(t, "python/bin/python")
	const script = digestPython + `
import h5py
rows = []
def see(n, o):
    if isinstance(o, h5py.Dataset) and o.dtype.kind in "fiu": rows.append((n, {"f": "F", "i": "I", "u": "U"}[o.dtype.kind] + str(8 * o.dtype.itemsize), o.shape))
with h5py.File(sys.argv[1]) as f: f.visititems(see)
print(json.dumps(digest(rows)))
`
	name := filepath.Join(root, "internal/format/hdf5/testdata/clean/ordered.h5")
	var want string
	if err := json.Unmarshal([]byte(foreign(t, python, write(t, "facts.py", script), name)), &want); err != nil {
		t.Fatal(err)
	}
	if got := factsOf(t, name)[format.FactTensorDigest]; got != want {
		t.Errorf("digest %s, h5py %s", got, want)
	}
}
