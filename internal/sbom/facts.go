package sbom

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/finding"
)

// facts are what the files state about the model, by key. A file nearer to the
// root wins: the configuration of the model lies there, those of its parts below.
type facts map[string][]string

func gather(files []finding.Node) facts {
	out, depth := facts{}, map[string]int{}
	for i := range files {
		level := strings.Count(files[i].Name, "/")
		mine := map[string][]string{}
		for _, f := range files[i].Facts {
			mine[f.Key] = append(mine[f.Key], f.Value)
		}
		for key, values := range mine {
			if known, ok := depth[key]; !ok || level < known {
				out[key], depth[key] = values, level
			}
		}
	}
	return out
}

// one is the first value of a key; empty when nobody states it.
func (f facts) one(key string) string {
	if v := f[key]; len(v) > 0 {
		return strings.TrimSpace(v[0])
	}
	return ""
}

// all are the values of a key without doubles.
func (f facts) all(key string) []string {
	var out []string
	for _, v := range f[key] {
		if v = strings.TrimSpace(v); v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// weights is the format that holds most of the declared payload; a file says so
// by the facts or the coverage of its reader.
func weights(files []finding.Node) string {
	sum := map[string]int64{}
	best := ""
	for i := range files {
		n := &files[i]
		if len(n.Formats) == 0 || payload(n) == 0 {
			continue
		}
		id := n.Formats[0]
		sum[id] += payload(n)
		if best == "" || sum[id] > sum[best] || sum[id] == sum[best] && id < best {
			best = id
		}
	}
	return best
}

func payload(n *finding.Node) int64 {
	total := n.Coverage.Payload
	for i := range n.Children {
		total += payload(&n.Children[i])
	}
	return total
}

// parameters adds up the shards of the weights; zero when nobody counted them.
func parameters(files []finding.Node, format string) int64 {
	var sum int64
	for i := range files {
		if len(files[i].Formats) == 0 || files[i].Formats[0] != format {
			continue
		}
		for _, f := range files[i].Facts {
			if n, err := strconv.ParseInt(f.Value, 10, 64); f.Key == "tensor.parameters" && err == nil && n > 0 {
				sum += n
			}
		}
	}
	return sum
}

// hasPickle reports a pickle in the file or in anything nested in it: by what was
// read, not by the name.
func hasPickle(n *finding.Node) bool {
	if slices.Contains(n.Formats, "pickle") {
		return true
	}
	for _, f := range n.Facts {
		if f.Key == "format.pickle" && f.Value != "false" || f.Key == "pickle.protocol" {
			return true
		}
	}
	return slices.ContainsFunc(n.Children, func(c finding.Node) bool { return hasPickle(&c) })
}
