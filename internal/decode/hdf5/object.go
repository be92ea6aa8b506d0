package hdf5

import "fmt"

// parts are the messages that make up one object.
type parts struct {
	o        Object
	self     pending
	data     Data
	layout   *message
	typ      *message
	space    *message
	filters  *message
	external *message
	symbols  *message
	linkInfo *message
	attrInfo *message
	links    []message
	attrs    []message
}

// object reads one object and tells the visitor of it.
func (f *File) object(self pending) {
	o := parts{self: self}
	messages := f.header(self.address)
	for i := range messages {
		o.take(f, &messages[i])
	}
	o.o = Object{Path: self.path, Address: self.address, Kind: o.kind()}
	if o.o.Kind == Dataset {
		f.dataset(&o)
		o.o.Data = &o.data
	}
	f.v.Object(&o.o)
	for i := range o.attrs {
		f.attribute(&o.o, &o.attrs[i])
	}
	if o.attrInfo != nil {
		f.denseAttributes(&o)
	}
	f.group(&o)
}

func (o *parts) kind() Kind {
	switch {
	case o.layout != nil || o.space != nil:
		return Dataset
	case o.typ != nil:
		return NamedType
	}
	return Group
}

// take sorts a message into its place. A second one of a kind that an object has
// once is told: readers differ in which they believe.
func (o *parts) take(f *File, m *message) {
	var slot **message
	switch m.kind {
	case msgDataspace:
		slot = &o.space
	case msgDatatype:
		slot = &o.typ
	case msgLayout:
		slot = &o.layout
	case msgFilters:
		slot = &o.filters
	case msgExternal:
		slot = &o.external
	case msgSymbols:
		slot = &o.symbols
	case msgLinkInfo:
		slot = &o.linkInfo
	case msgAttrInfo:
		slot = &o.attrInfo
	case msgLink:
		o.links = append(o.links, *m)
		return
	case msgAttribute:
		o.attrs = append(o.attrs, *m)
		return
	case msgFill, msgFillOld, msgBogus, msgGroupInfo, msgComment, msgTimeOld, msgTime, msgRefCount, msgBTreeK, msgFreeSpace:
		return
	default:
		f.unsupported(m.at, int64(len(m.p)), fmt.Sprintf("\"%s\" has a header message of the unknown kind %d.", clip(o.self.path), m.kind))
		return
	}
	if *slot != nil {
		f.unread(m.at, int64(len(m.p)), ruleOverlap, fmt.Sprintf("\"%s\" has two header messages of kind %d.", clip(o.self.path), m.kind))
		return
	}
	*slot = m
}

// dataset reads type, shape and place of the elements.
func (f *File) dataset(o *parts) {
	d, path := &o.data, clip(o.self.path)
	if o.typ == nil || o.space == nil || o.layout == nil {
		f.broken(o.self.address, "The dataset \""+path+"\" lacks its type, its shape or its layout.")
		return
	}
	d.Type = f.datatypeOf(o.typ)
	if d.Type == nil {
		f.broken(o.typ.at, "The type of the dataset \""+path+"\" cannot be read.")
		return
	}
	var ok bool
	if d.Dims, d.Null, ok = f.dataspace(o.space); !ok {
		f.broken(o.space.at, "The shape of the dataset \""+path+"\" cannot be read.")
		return
	}
	if o.filters != nil && !f.pipeline(d, o.filters) {
		f.broken(o.filters.at, "The filters of the dataset \""+path+"\" cannot be read.")
	}
	if o.external != nil && !f.externalFiles(d, o.external) {
		f.broken(o.external.at, "The list of external files of the dataset \""+path+"\" cannot be read.")
	}
	if !f.layout(d, o.layout) {
		f.broken(o.layout.at, "The layout of the dataset \""+path+"\" cannot be read.")
	}
}

// dataspace reads a shape.
func (f *File) dataspace(m *message) (dims []int64, null, ok bool) {
	if m.shared {
		f.unsupported(m.at, int64(len(m.p)), "A shape is shared with other objects.")
		return nil, false, true
	}
	return f.shape(m.p)
}

func (f *File) shape(p []byte) (dims []int64, null, ok bool) {
	c := f.fields(p)
	version, rank, flags := c.u8(), c.u8(), c.u8()
	switch version {
	case 1:
		c.skip(5)
	case 2:
		null = c.u8() == 2
	default:
		return nil, false, false
	}
	_ = flags // maximum sizes and permutations follow; they place nothing
	if rank > 32 {
		return nil, false, false
	}
	for range rank {
		dims = append(dims, c.length())
	}
	return dims, null, !c.bad
}
