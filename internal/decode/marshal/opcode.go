package marshal

// dialect is how instructions are numbered: the same numbers served from Python
// 2.7 to 3.12, each version since has its own.
type dialect struct {
	resume   byte // the instruction that each code object has; tells the dialects apart
	extended byte // prefix that carries higher bits of the argument
	imports  byte // import a module
	more     byte // 2.7 has another number for the prefix
}

var dialects = [...]dialect{
	{resume: 151, extended: 144, imports: 108},
	{resume: 149, extended: 71, imports: 75},
	{resume: 128, extended: 69, imports: 73},
}

// imports lists the modules that the instructions import. Instructions of an
// unknown dialect give none.
func imports(program []byte, l Layout, names []string) []string {
	d, word := dialects[0], true
	switch l {
	case Python311:
		var ok bool
		if d, ok = speaks(program); !ok {
			return nil
		}
	case Python30: // until 3.5 an instruction had one or three bytes
		word = len(program)%2 == 0 && len(program) > 1 && program[len(program)-2] == 83
	case Python23:
		word, d.more = false, 145
	}
	var out []string
	for i, arg := 0, 0; i < len(program); {
		op, step := program[i], 2
		if !word {
			step = 1
			if op >= 90 {
				step = 3
			}
		}
		if i+step > len(program) {
			break
		}
		switch {
		case step == 2:
			arg = arg<<8 | int(program[i+1])
		case step == 3:
			arg = arg<<16 | int(program[i+1]) | int(program[i+2])<<8
		}
		i += step
		if (op == d.extended || d.more != 0 && op == d.more) && step > 1 && arg < 1<<24 {
			continue
		}
		if op == d.imports && arg >= 0 && arg < len(names) {
			out = append(out, names[arg])
		}
		arg = 0
	}
	return out
}

// speaks finds the dialect by the first instruction that belongs to one.
func speaks(program []byte) (dialect, bool) {
	for i := 0; i+1 < len(program) && i < 64; i += 2 {
		for _, d := range dialects {
			if program[i] == d.resume && program[i+1] < 8 {
				return d, true
			}
		}
	}
	return dialect{}, false
}
