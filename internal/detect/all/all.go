// Package all is the explicit list of detectors. Adding one is its folder and one
// line here.
package all

import (
	"github.com/sallyport/sallyport/internal/detect"
	"github.com/sallyport/sallyport/internal/detect/template"
)

// Detectors returns the list. The caller must not change it.
func Detectors() []detect.Detector { return []detect.Detector{template.Detector} }
