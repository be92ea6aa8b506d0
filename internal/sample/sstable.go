package sample

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// assembleTable reads the entries of a sorted table (LevelDB, TensorFlow's
// checkpoints), one per line, in the order in which they are to stand there:
//
//	entry "KEY" { FIELDS }   a key, and as its value a message as in a pbtext
//	entry "KEY" BYTES        a key, and bytes as in a pbtext
//	block                    the next entries stand in a block of their own
//	packed                   the blocks from here on are compressed (snappy)
//	damaged                  the block has a wrong checksum
//	again                    the index names the block before twice
//	gap BYTES                bytes between two blocks
//
// Keys are written in full.
func assembleTable(text string) ([]byte, error) {
	t := &tableText{protoText: protoText{lines: strings.Split(text, "\n")}}
	for t.next < len(t.lines) {
		line := strings.TrimSpace(uncomment(t.lines[t.next]))
		t.next++
		if line == "" {
			continue
		}
		if err := t.item(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", t.next, err)
		}
	}
	t.flush()
	meta := t.put(tableBlock(nil))
	index := t.put(tableBlock(t.index))
	footer := append(meta, index...)
	footer = append(footer, make([]byte, 40-len(footer))...)
	return binary.LittleEndian.AppendUint64(append(t.out, footer...), 0xdb4775248b80fb57), nil
}

type tableText struct {
	protoText
	out     []byte
	entries []byte
	index   []byte
	last    string
	packed  bool
	damaged bool
	handle  []byte
}

func (t *tableText) item(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "block":
		t.flush()
	case "packed":
		t.packed = true
	case "damaged":
		t.damaged = true
	case "again":
		t.index = appendEntry(t.index, t.last, t.handle)
	case "gap":
		p, err := protoBytes(rest)
		t.flush()
		t.out = append(t.out, p...)
		return err
	case "entry":
		return t.entry(strings.TrimSpace(rest))
	default:
		return fmt.Errorf("unknown item %q", line)
	}
	return nil
}

func (t *tableText) entry(rest string) error {
	quoted, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return err
	}
	key, err := strconv.Unquote(quoted)
	if err != nil {
		return err
	}
	var value []byte
	if rest = strings.TrimSpace(rest[len(quoted):]); strings.HasPrefix(rest, "{") {
		value, err = t.body(strings.TrimSpace(rest[1:]))
	} else {
		value, err = protoBytes(rest)
	}
	t.entries, t.last = appendEntry(t.entries, key, value), key
	return err
}

// flush ends the present block.
func (t *tableText) flush() {
	if len(t.entries) == 0 {
		return
	}
	t.handle = t.put(tableBlock(t.entries))
	t.index = appendEntry(t.index, t.last, t.handle)
	t.entries = nil
}

func appendEntry(p []byte, key string, value []byte) []byte {
	p = append(p, 0)
	p = binary.AppendUvarint(p, uint64(len(key)))
	p = binary.AppendUvarint(p, uint64(len(value)))
	return append(append(p, key...), value...)
}

// tableBlock adds what stands behind the entries: one restart, at the beginning.
func tableBlock(entries []byte) []byte { return append(entries, 0, 0, 0, 0, 1, 0, 0, 0) }

// put writes a block and returns its handle.
func (t *tableText) put(body []byte) []byte {
	kind := byte(0)
	if t.packed {
		body, kind = literals(body), 1
	}
	handle := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(len(t.out))), uint64(len(body)))
	start := len(t.out)
	t.out = append(append(t.out, body...), kind)
	sum := crc32.Checksum(t.out[start:], crc32.MakeTable(crc32.Castagnoli))
	if t.damaged {
		sum, t.damaged = sum+1, false
	}
	t.out = binary.LittleEndian.AppendUint32(t.out, (sum>>15|sum<<17)+0xa282ead8)
	return handle
}

// literals is snappy without any compression.
func literals(p []byte) []byte {
	out := binary.AppendUvarint(nil, uint64(len(p)))
	for len(p) > 0 {
		n := min(len(p), 60)
		out = append(append(out, byte(n-1)<<2), p[:n]...)
		p = p[n:]
	}
	return out
}
