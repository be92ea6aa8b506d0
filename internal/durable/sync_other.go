//go:build !linux

package durable

import "errors"

// syncAll cannot be had here: syncing one file says nothing about others.
func syncAll(string) error { return errors.ErrUnsupported }
