package registry

import (
	"path"
	"strings"
)

// Role is what a file is for. The order is the order of the layers.
type Role int

// Roles of ModelPack.
const (
	RoleWeight Role = iota
	RoleWeightConfig
	RoleCode
	RoleDoc
)

// MediaType is the type of the raw layer that holds a file of this role.
func (r Role) MediaType() string {
	return [...]string{TypeWeight, TypeWeightConfig, TypeCode, TypeDoc}[r]
}

// RoleOf tells the role of a file by its name and, where the scan knows it, by
// the id of the format it was read as; format may be empty. It is a label for
// people and clients and decides nothing. What is unknown is a weight.
func RoleOf(name, format string) Role {
	base := strings.ToLower(path.Base(name))
	for _, doc := range []string{"license", "licence", "notice", "readme", "copying", "changelog", "citation", ".git"} {
		if strings.HasPrefix(base, doc) {
			return RoleDoc
		}
	}
	if base == "model.sig" {
		return RoleDoc
	}
	if role, ok := roleOfFormat(format); ok {
		return role
	}
	return roleOfExt(path.Ext(base))
}

func roleOfFormat(format string) (Role, bool) {
	switch format {
	case "pickle", "torch", "joblib", "numpy", "keras", "savedmodel", "onnx", "tflite", "safetensors", "gguf", "hdf5":
		return RoleWeight, true
	case "image":
		return RoleDoc, true
	}
	return 0, false
}

func roleOfExt(ext string) Role {
	switch ext {
	case ".json", ".jsonl", ".yaml", ".yml", ".txt", ".toml", ".vocab", ".merges", ".jinja", ".cfg", ".ini", ".xml", ".csv", ".tsv",
		".spm", ".tiktoken":
		return RoleWeightConfig
	case ".py", ".sh", ".js", ".ts", ".ipynb", ".c", ".cc", ".cpp", ".h", ".cu", ".cuh", ".java", ".r", ".lua", ".go", ".rs":
		return RoleCode
	case ".md", ".rst", ".pdf", ".html", ".htm", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".bmp", ".sig":
		return RoleDoc
	}
	return RoleWeight
}
