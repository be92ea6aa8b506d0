package render

import (
	"regexp"
	"slices"
	"sync"
)

// The part of SARIF 2.1.0 that we write.
type (
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name            string      `json:"name"`
		Version         string      `json:"version,omitempty"`
		SemanticVersion string      `json:"semanticVersion,omitempty"`
		InformationURI  string      `json:"informationUri"`
		Rules           []sarifRule `json:"rules"`
		Notifications   []sarifRule `json:"notifications,omitempty"`
	}
	sarifRule struct {
		ID         string         `json:"id"`
		Name       string         `json:"name"`
		Short      sarifText      `json:"shortDescription"`
		Full       sarifText      `json:"fullDescription"`
		Help       sarifHelp      `json:"help"`
		HelpURI    string         `json:"helpUri"`
		Default    sarifDefault   `json:"defaultConfiguration"`
		Properties map[string]any `json:"properties"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifHelp struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown"`
	}
	sarifDefault struct {
		Level string `json:"level"`
	}
	sarifBase struct {
		Description sarifText `json:"description"`
	}
	sarifAutomation struct {
		ID string `json:"id"`
	}
	sarifNotification struct {
		Descriptor *sarifReference `json:"descriptor,omitempty"`
		Level      string          `json:"level"`
		Message    sarifText       `json:"message"`
		Locations  []sarifLocation `json:"locations,omitempty"`
	}
	sarifReference struct {
		ID    string `json:"id"`
		Index int    `json:"index"`
	}
	sarifArtifact struct {
		Location   sarifFile         `json:"location"`
		Length     int64             `json:"length"` // bytes; -1 when not known
		Hashes     map[string]string `json:"hashes,omitempty"`
		Properties map[string]any    `json:"properties,omitempty"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Kind         string            `json:"kind"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Properties   map[string]any    `json:"properties"`
	}
	sarifLocation struct {
		Physical   sarifPhysical  `json:"physicalLocation"`
		Logical    []sarifLogical `json:"logicalLocations,omitempty"`
		Properties map[string]any `json:"properties,omitempty"`
	}
	sarifPhysical struct {
		File   sarifFile   `json:"artifactLocation"`
		Region sarifRegion `json:"region"`
	}
	sarifFile struct {
		URI       string `json:"uri"`
		URIBaseID string `json:"uriBaseId"`
		Index     *int   `json:"index,omitempty"`
	}
	sarifRegion struct {
		StartLine  int    `json:"startLine"`
		ByteOffset *int64 `json:"byteOffset,omitempty"`
		ByteLength int64  `json:"byteLength,omitempty"`
	}
	sarifLogical struct {
		Name     string `json:"name"`
		FullName string `json:"fullyQualifiedName"`
		Kind     string `json:"kind"`
	}
)

// table sorts ids, drops doubles, and gives each its place.
func table(ids []string) (sorted []string, index map[string]int) {
	slices.Sort(ids)
	sorted = slices.Compact(ids)
	index = make(map[string]int, len(sorted))
	for i, id := range sorted {
		index[id] = i
	}
	return sorted, index
}

var semanticPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)
})

func semantic(version string) bool { return semanticPattern().MatchString(version) }
