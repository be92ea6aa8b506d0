package rdata

import (
	"fmt"
	"strings"
)

const (
	oldestCode = 8 // versions of the byte code with these instructions
	newestCode = 12
)

// operands says of each instruction what follows it, from 0 on, in the order of
// src/main/eval.c: c the number of a constant, l a place in the code, i a number.
const operands = "  l cl    il i   ccl l    c    c c c c c c c c  c  c   c    c c c c c c c c c c c c c c c c c c c c c c  c c c" +
	"l  cl  cl  cl  cl  cc cc          c c c c cl c cl c c c  c c c cc c   cccc  cl cl c c c c cl cl ci ci ci ci c c ci ci c c c cl   i  "

// Instructions that name a function or assign a variable.
const (
	opSetVar     = 22
	opGetFun     = 23
	opGetIntl    = 27
	opSetVar2    = 95
	instructions = 129
)

// check looks whether every instruction exists, has its operands, and leads to an
// instruction: R does not. It adds the functions that are called by name and
// returns what is wrong.
func check(c *Code, code []int32, constants []string) string {
	if len(code) == 0 {
		return "it has no instructions"
	}
	if code[0] < oldestCode || code[0] > newestCode {
		return fmt.Sprintf("it is of version %d", code[0])
	}
	kinds := strings.Split(operands, " ")
	starts := make([]bool, len(code))
	var targets []int32
	for at := 1; at < len(code); {
		starts[at] = true
		op := code[at]
		if op < 0 || int(op) >= instructions {
			return fmt.Sprintf("instruction %d is not known", op)
		}
		at++
		for _, kind := range kinds[op] {
			if at == len(code) {
				return "its last instruction is cut off"
			}
			switch v := code[at]; {
			case kind == 'c' && (v < 0 || int(v) >= len(constants)):
				return fmt.Sprintf("an instruction takes constant %d of %d", v, len(constants))
			case kind == 'l':
				targets = append(targets, v)
			case kind == 'c':
				note(c, op, constants[v])
			}
			at++
		}
	}
	for _, t := range targets {
		if t < 1 || int(t) >= len(code) || !starts[t] {
			return fmt.Sprintf("a jump leads to %d, where no instruction begins", t)
		}
	}
	return ""
}

// note adds the name that an instruction takes.
func note(c *Code, op int32, name string) {
	switch {
	case op >= opGetFun && op <= opGetIntl:
		c.add(&c.Calls, name)
	case op == opSetVar || op == opSetVar2:
		c.add(&c.Locals, name)
	}
}
