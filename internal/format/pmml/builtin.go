package pmml

import "strings"

// builtin are the functions of the standard
// (https://dmg.org/pmml/v4-4-1/BuiltinFunctions.html), with those of older
// versions; a space around each.
const builtin = " + - * / min max sum avg median product log10 ln sqrt abs exp pow threshold floor ceil round modulo rint expm1 hypot ln1p" +
	" isMissing isNotMissing isValid isNotValid equal notEqual lessThan lessOrEqual greaterThan greaterOrEqual isIn isNotIn and or not if" +
	" uppercase lowercase stringLength substring trimBlanks concat replace matches formatNumber formatDatetime dateDaysSinceYear" +
	" dateSecondsSinceYear dateSecondsSinceMidnight sin asin sinh cos acos cosh tan atan tanh atan2 normalCDF normalPDF stdNormalCDF stdNormalPDF" +
	" erf normalIDF stdNormalIDF count multiset "

func isBuiltin(name string) bool {
	return name != "" && !strings.Contains(name, " ") && strings.Contains(builtin, " "+name+" ")
}
