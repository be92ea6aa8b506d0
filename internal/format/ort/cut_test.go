package ort

import (
	"testing"

	"github.com/sallyport/sallyport/internal/formattest"
)

func TestDamageIsNeverSilent(t *testing.T) { formattest.Damage(t, Format) }
