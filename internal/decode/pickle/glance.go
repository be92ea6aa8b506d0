package pickle

// What a constant may be worth, beyond its place in the stream. It is looked at
// when its first character and its length have one of these in common. Sniff,
// SniffText and notable ask the tables first, so that what is missing here is
// missed at every time, and not in long streams only.
const (
	forSniff   = 1 << iota // Sniff may know its first byte
	forText                // SniffText may know its first character
	forKey                 // a notable key may begin so
	forSpecial             // a special attribute or a registry of hooks does
)

// glance is what the first character says.
var glance = [256]uint8{
	0x80: forSniff, 'P': forSniff | forText, 0x1f: forSniff | forText, 'x': forSniff | forText, 0x7f: forSniff, 'M': forSniff, 0x93: forSniff,
	0xfd: forSniff, 0xe3: forSniff, 'B': forSniff | forText, 'c': forSniff | forText, '(': forSniff | forText,
	'g': forText, 'U': forText, 'H': forText, 'e': forText | forKey, 'f': forText | forKey, 'T': forText, '/': forText, 'Q': forText,
	'Y': forText, 'K': forText, '8': forText, '5': forText, '1': forText, '7': forText, '6': forText, '2': forText, '4': forText, 0xc2: forText, 0xc3: forText,
	'a': forKey, 'i': forKey, 'd': forKey, 's': forKey, 'o': forKey, 'n': forKey, 'r': forKey,
	'_': forSpecial,
}

// worth is what the length says, up to the length after which it says the same.
var worth = [maxNotable + 2]uint8{
	3: forSpecial | forKey, 4: forSpecial | forKey, 5: forSpecial | forKey, 6: forSpecial | forKey, // add, func, dtype, append
	7: forSpecial, 8: forSpecial | forKey, 9: forSpecial, 10: forSpecial | forKey, 11: forSpecial, // filename, allow_mmap
	12: forSpecial | forKey, 13: forSpecial, 14: forSpecial, 15: forSpecial, // inverse_func; 18: restore_model_spec
	minNested: few, 17: few, 18: few | forKey, 19: few, 20: few, 21: few, 22: few, 23: few,
	minText: many, 25: many, 26: many, 27: many | forKey, 28: many, 29: many, 30: many, 31: many, 32: many, // numpy_array_alignment_bytes
	33: many, 34: many, 35: many, 36: many, 37: many, 38: many, 39: many, maxNotable: many, maxNotable + 1: forSniff | forText,
}

const (
	few  = forSpecial | forSniff
	many = few | forText
)
