package savedmodel

import (
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	metaInfo        = 1 // MetaGraphDef
	metaGraph       = 2
	metaSaver       = 3
	metaCollections = 4
	metaSignatures  = 5
	metaAssets      = 6
	metaObjects     = 7

	infoTags    = 4 // MetaGraphDef.MetaInfoDef
	infoVersion = 5

	saverFilename = 1 // SaverDef
	saverSave     = 2
	saverRestore  = 3

	collectionNodes = 1 // CollectionDef
	collectionBytes = 2
	collectionAny   = 5

	signatureOutputs  = 2 // SignatureDef
	signatureDefaults = 4

	infoName      = 1 // TensorInfo
	infoSparse    = 4
	infoComposite = 5

	assetTensor   = 1 // AssetFileDef
	assetFilename = 2
)

// entry says who runs something.
type entry byte

const (
	atLoad  entry = 1 << iota // the loader
	restore                   // the loader, to restore variables
	served                    // who calls the model
	saving                    // who saves it again
)

// meta is a graph with what belongs to it.
type meta struct {
	main      graph
	functions []*function
	gradients [][2]value // function or type of operator, and the function of its gradient

	roots    []root         // nodes of the main graph that somebody runs
	called   []root         // functions that somebody calls
	filename value          // node that the path of a checkpoint goes to
	assets   map[value]bool // nodes that hold the path of an asset
	objects  []object
	bound    map[value][]int64 // objects that a function gets behind its arguments

	by      map[value][]int32 // functions by name
	alike   map[value][]int32 // functions by what they implement
	direct  map[value]bool    // functions that objects call
	after   map[value][]value // gradients of a function or of a type of operator
	sites   map[int32][]site  // where a function is called
	traces  int               // paths that were followed
	holders map[value]*holder // variables by name
	marks   []entry           // of main nodes
	fmarks  []entry           // of functions
}

type root struct {
	name value
	who  entry
}

func (t *reader) newMeta() *meta {
	x := &meta{assets: map[value]bool{}, bound: map[value][]int64{}}
	t.metas = append(t.metas, x)
	return x
}

func (x *meta) run(name value, who entry, t *reader) {
	if name != 0 && t.keep(1) {
		x.roots = append(x.roots, root{name, who})
	}
}

// meta reads a MetaGraphDef.
func (t *reader) meta(m *protobuf.Message) {
	x := t.newMeta()
	t.each(m, func() bool {
		var sub protobuf.Message
		switch m.Number {
		case metaInfo:
			t.into(m, func(sub *protobuf.Message) bool {
				switch sub.Number {
				case infoTags:
					t.tags = append(t.tags, t.listed(sub, len(t.tags)))
				case infoVersion:
					if s := sub.Text(); s != "" {
						t.versions = append(t.versions, "tensorflow "+rule.Clip(s))
					}
				}
				return false
			})
		case metaGraph:
			if m.Enter(&sub) {
				t.graph(&sub, x)
			}
		case metaSaver:
			t.into(m, func(sub *protobuf.Message) bool {
				switch sub.Number {
				case saverFilename:
					x.filename = refOf(sub.Head(bounded.MaxStringKept))
				case saverSave:
					x.run(refOf(sub.Head(bounded.MaxStringKept)), saving, t)
				case saverRestore:
					x.run(refOf(sub.Head(bounded.MaxStringKept)), restore, t)
				}
				return false
			})
		case metaCollections:
			if m.Enter(&sub) {
				t.collection(&sub, x)
			}
		case metaSignatures:
			if m.Enter(&sub) {
				t.signatureDef(&sub, x)
			}
		case metaAssets:
			if m.Enter(&sub) {
				t.asset(&sub, x)
			}
		case metaObjects:
			if m.Enter(&sub) {
				t.objectGraph(&sub, x)
			}
		default:
			return false
		}
		return true
	})
}

// listed is the text of the present field for a list of facts that has n entries.
func (t *reader) listed(m *protobuf.Message, n int) string {
	if n > mostListed {
		return "more"
	}
	return rule.Clip(m.Text())
}

// initializers are the signatures and collections that name what a loader runs.
func initializes(key string) bool {
	switch key {
	case "__saved_model_init_op", "saved_model_main_op", "legacy_init_op", "saved_model_init_op":
		return true
	}
	return false
}

func (t *reader) signatureDef(m *protobuf.Message, x *meta) {
	who := served
	t.each(m, func() bool {
		switch m.Number {
		case entryKey:
			key := m.Text()
			if initializes(key) {
				who = atLoad
			} else {
				t.signatures = append(t.signatures, t.listed(m, len(t.signatures)))
			}
			return false
		case entryValue:
			t.into(m, func(def *protobuf.Message) bool {
				switch def.Number {
				case signatureOutputs:
					t.into(def, func(e *protobuf.Message) bool {
						var info protobuf.Message
						if e.Number != entryValue || !e.Enter(&info) {
							return false
						}
						t.tensorInfo(&info, func(v value) { x.run(v, who, t) })
						return true
					})
				case signatureDefaults:
					t.into(def, func(e *protobuf.Message) bool {
						var sub protobuf.Message
						if e.Number != entryValue || !e.Enter(&sub) {
							return false
						}
						t.tensor(&sub)
						return true
					})
				default:
					return false
				}
				return true
			})
			return true
		}
		return false
	})
}

// tensorInfo tells the nodes whose results a TensorInfo names.
func (t *reader) tensorInfo(m *protobuf.Message, tell func(value)) {
	t.each(m, func() bool {
		switch m.Number {
		case infoName:
			tell(refOf(m.Head(bounded.MaxStringKept)))
			return false
		case infoSparse:
			t.into(m, func(sub *protobuf.Message) bool {
				tell(refOf(sub.Head(bounded.MaxStringKept)))
				return false
			})
		case infoComposite:
			t.into(m, func(sub *protobuf.Message) bool {
				var info protobuf.Message
				if sub.Number != 2 || !sub.Enter(&info) {
					return false
				}
				t.tensorInfo(&info, tell)
				return true
			})
		default:
			return false
		}
		return true
	})
}

// asset judges the file that a graph reads from the folder "assets" beside it.
func (t *reader) asset(m *protobuf.Message, x *meta) {
	t.each(m, func() bool {
		switch m.Number {
		case assetTensor:
			var info protobuf.Message
			if m.Enter(&info) {
				t.tensorInfo(&info, func(v value) {
					if t.keep(1) {
						x.assets[v] = true
					}
				})
			}
			return true
		case assetFilename:
			name := string(m.Head(bounded.MaxPathBytes))
			if why := outside(name); why != "" {
				t.raise(ruleOutside, m.Data, name, "The path "+quote(name)+", from which the model reads an asset, "+why+".")
			} else if t.kind == "SavedModel" {
				t.expect(t.at(m.Data), "assets/"+name, "an asset")
			}
		}
		return false
	})
}

// listedAsset reads an asset of a model of version 1, which keeps them in a collection.
func (t *reader) listedAsset(m *protobuf.Message, x *meta) {
	def := typeNamed("AssetFileDef")
	t.into(m, func(any *protobuf.Message) bool {
		if any.Number != 2 || !conforms(any.Reader(), def) {
			return false
		}
		before := t.base
		t.base += any.Data
		sub := protobuf.Open(any.Reader(), def)
		t.asset(sub, x)
		sub.Close()
		t.base = before
		return true
	})
}

// expect reports a file of the model that is not there.
func (t *reader) expect(off int64, name, what string) {
	if len(t.in.Inside) == 0 && strings.HasPrefix(strings.ToLower(t.in.Name), "saved_model.pb") && !t.in.Repo.Has(path.Join(path.Dir(t.in.Path), name)) {
		t.gapAt(gapAbsent, off, "The model keeps "+what+" in the file "+quote(name)+", which is not part of what was scanned.")
	}
}

// collection reads things that are listed in a graph under a name.
func (t *reader) collection(m *protobuf.Message, x *meta) {
	key := ""
	t.each(m, func() bool {
		switch m.Number {
		case entryKey:
			key = m.Text()
			return false
		case entryValue:
			t.into(m, func(def *protobuf.Message) bool {
				switch def.Number {
				case collectionNodes:
					t.into(def, func(list *protobuf.Message) bool {
						who := served
						if initializes(key) {
							who = atLoad
						}
						x.run(refOf(list.Head(bounded.MaxStringKept)), who, t)
						return false
					})
				case collectionBytes:
					t.into(def, func(list *protobuf.Message) bool {
						t.collected(list, key)
						return true
					})
				case collectionAny:
					t.into(def, func(list *protobuf.Message) bool {
						if key != "saved_model_assets" {
							return false
						}
						t.listedAsset(list, x)
						return true
					})
				default:
					return false
				}
				return true
			})
			return true
		}
		return false
	})
}

// collectable are the messages that TensorFlow keeps in collections.
var collectable = [...]string{"VariableDef", "QueueRunnerDef", "CondContextDef", "WhileContextDef", "SaverDef", "AssetFileDef", "SignatureDef", "TensorInfo"}

// collected walks a value of a collection: a message of TensorFlow, or anything.
func (t *reader) collected(m *protobuf.Message, key string) {
	text := m.Length >= shortestHidden && m.IsText()
	for _, name := range collectable {
		if text && strings.HasPrefix(key, "_") {
			break
		}
		if x := typeNamed(name); m.Length > 0 && conforms(m.Reader(), x) {
			t.inside(m, x)
			return
		}
	}
	t.text(m, "collection "+key)
}
