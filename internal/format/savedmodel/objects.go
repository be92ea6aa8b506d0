package savedmodel

import (
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
)

const (
	objectsNodes     = 1 // SavedObjectGraph
	objectsFunctions = 2

	objectChildren     = 1 // SavedObject
	objectUser         = 4
	objectAsset        = 5
	objectFunction     = 6
	objectBare         = 8
	objectConstant     = 9
	objectSaveable     = 11
	objectDependencies = 15

	userIdentifier = 1 // SavedUserObject
	userMetadata   = 3

	childID   = 1 // ObjectReference
	childName = 2

	saveableRestore = 3 // SaveableObject

	concreteBound = 2 // SavedConcreteFunction
)

// object is a SavedObject: the functions that it stands for, and the objects whose
// functions are called when and why.
type object struct {
	functions []value
	links     []link
	asset     bool
	constant  value // node of the main graph
}

type link struct {
	to  int64
	who entry
}

// runsAtLoad reports the name under which an object keeps a function that the
// loader calls.
func runsAtLoad(name string) bool {
	switch name {
	case "_create_resource", "_initialize", "_destroy_resource", "_initializer", "_init_fn":
		return true
	}
	return false
}

func (t *reader) objectGraph(m *protobuf.Message, x *meta) {
	t.each(m, func() bool {
		var sub protobuf.Message
		switch m.Number {
		case objectsNodes:
			if m.Enter(&sub) {
				t.object(&sub, x)
			}
		case objectsFunctions:
			t.boundInputs(m, x)
		default:
			return false
		}
		return true
	})
}

func (t *reader) object(m *protobuf.Message, x *meta) {
	var o object
	t.each(m, func() bool {
		switch m.Number {
		case objectChildren, objectDependencies:
			t.objectLink(m, &o)
		case objectUser:
			t.userObject(m)
		case objectFunction, objectBare:
			t.into(m, func(sub *protobuf.Message) bool {
				if sub.Number == 1 && t.keep(1) {
					o.functions = append(o.functions, t.name(sub))
				}
				return false
			})
		case objectAsset:
			o.asset = true
			return false
		case objectConstant:
			t.into(m, func(sub *protobuf.Message) bool {
				o.constant = refOf(sub.Head(bounded.MaxStringKept))
				x.run(o.constant, atLoad, t)
				return false
			})
		case objectSaveable:
			t.into(m, func(entry *protobuf.Message) bool {
				if entry.Number != entryValue {
					return false
				}
				t.into(entry, func(sub *protobuf.Message) bool {
					who := saving
					if sub.Number == saveableRestore {
						who = atLoad
					}
					o.link(t, int64(sub.Value), who)
					return false
				})
				return true
			})
		default:
			return false
		}
		return true
	})
	if t.keep(1) {
		x.objects = append(x.objects, o)
	}
}

// boundInputs reads which objects a function gets behind the arguments of the caller.
func (t *reader) boundInputs(m *protobuf.Message, x *meta) {
	name := value(0)
	t.into(m, func(entry *protobuf.Message) bool {
		switch entry.Number {
		case entryKey:
			name = t.name(entry)
			return false
		case entryValue:
			t.into(entry, func(sub *protobuf.Message) bool {
				if sub.Number != concreteBound {
					return false
				}
				for id := range sub.Numbers(protobuf.Varint) {
					if t.keep(1) {
						x.bound[name] = append(x.bound[name], int64(id))
					}
				}
				return true
			})
			return true
		}
		return false
	})
}

func (o *object) link(t *reader, to int64, who entry) {
	if t.keep(1) {
		o.links = append(o.links, link{to, who})
	}
}

// objectLink reads which object belongs to this one, under which name.
func (t *reader) objectLink(m *protobuf.Message, o *object) {
	id, name := int64(0), ""
	t.into(m, func(sub *protobuf.Message) bool {
		switch sub.Number {
		case childID:
			id = int64(sub.Value)
		case childName:
			name = sub.Text()
		}
		return false
	})
	if runsAtLoad(name) {
		o.link(t, id, atLoad)
	}
}

// userObject reads what an object was in Python. Older versions of Keras keep the
// configuration of a layer with it.
func (t *reader) userObject(m *protobuf.Message) {
	identifier := ""
	t.into(m, func(sub *protobuf.Message) bool {
		switch sub.Number {
		case userIdentifier:
			identifier = sub.Text()
		case userMetadata:
			if strings.HasPrefix(identifier, "_tf_keras") && sub.Length > 0 {
				t.virtual("metadata of "+identifier, sub.Reader(), sub.Data, "keras-config")
				return true
			}
		}
		return false
	})
}

// callObjects notes which functions the objects of a model lead to.
func (x *meta) callObjects(t *reader) {
	for i := range x.objects {
		o := &x.objects[i]
		for _, f := range o.functions {
			x.call(t, f, served)
		}
		for _, l := range o.links {
			if l.to < 0 || l.to >= int64(len(x.objects)) {
				continue
			}
			for _, f := range x.objects[l.to].functions {
				x.call(t, f, l.who)
			}
		}
	}
}

func (x *meta) call(t *reader, f value, who entry) {
	if t.keep(1) {
		x.called = append(x.called, root{f, who})
	}
}
