package format

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sallyport/sallyport/internal/finding"
)

func TestInventoryDoesNotDependOnOrder(t *testing.T) {
	var a, b Inventory
	a.Add("w", "F32", []int64{2, 3})
	a.Add("b", "F16", nil)
	b.Add("b", "F16", nil)
	b.Add("w", "F32", []int64{2, 3})
	if d := cmp.Diff(a.Facts(), b.Facts()); d != "" {
		t.Error(d)
	}
	var c Inventory
	c.Add("w", "F32", []int64{3, 2})
	c.Add("b", "F16", nil)
	if a.Facts()[3] == c.Facts()[3] {
		t.Error("another shape has the same digest")
	}
}

func TestInventoryCountsWithoutOverflow(t *testing.T) {
	var v Inventory
	v.Add("open", "F32", []int64{-1, 4})
	v.Add("huge", "F32", []int64{1 << 40, 1 << 40})
	v.Add("scalar", "F32", nil)
	want := []finding.Fact{{Key: FactTensors, Value: "3"}, {Key: FactParameters, Value: "1"}, {Key: FactDtypes, Value: "F32"}}
	if d := cmp.Diff(want, v.Facts()[:3]); d != "" {
		t.Error(d)
	}
}

func TestListIsSortedAndBounded(t *testing.T) {
	got := List(FactOperators, []string{"Relu", "Add", "Relu", "Conv"}, 2)
	if d := cmp.Diff([]finding.Fact{{Key: FactOperators, Value: "Add,Conv and 1 more"}}, got); d != "" {
		t.Error(d)
	}
	if List(FactOperators, nil, 2) != nil {
		t.Error("a fact without names")
	}
}
