package safetensors

import (
	"bytes"
)

// suspects are callables whose call with a literal or nested argument has no
// place in metadata. A suspect counts only as a whole word that is not an
// attribute: model.eval() is innocent.
var suspects = [...]string{
	"__import__", "eval", "exec", "compile", "execfile",
	"os.system", "os.popen", "posix.system", "nt.system", "pty.spawn", "runpy.run_path", "runpy.run_module",
	"subprocess.run", "subprocess.call", "subprocess.Popen", "subprocess.check_call", "subprocess.check_output",
	"subprocess.getoutput", "importlib.import_module", "builtins.eval", "builtins.exec",
}

// dangerousCall finds the first suspicious call, or the target of a Hydra
// configuration that is one, and returns its name.
func dangerousCall(text []byte) string {
	if bytes.IndexByte(text, '(') >= 0 {
		for _, name := range suspects {
			if called(text, name) {
				return name
			}
		}
	}
	return hydraTarget(text)
}

// called reports whether name( stands there with a string or a further call as
// its first argument.
func called(text []byte, name string) bool {
	for at := 0; ; {
		i := bytes.Index(text[at:], []byte(name))
		if i < 0 {
			return false
		}
		at += i
		rest := text[at+len(name):]
		if (at == 0 || !wordByte(text[at-1]) && text[at-1] != '.') && codeArgument(rest) {
			return true
		}
		at += len(name)
	}
}

// codeArgument reports whether the text goes on with a parenthesis and a string
// literal, a list of them, or name(...).
func codeArgument(p []byte) bool {
	p = bytes.TrimLeft(p, " \t")
	if len(p) == 0 || p[0] != '(' {
		return false
	}
	p = bytes.TrimLeft(p[1:], " \t\r\n[(\\")
	n := 0
	for n < len(p) && (wordByte(p[n]) || p[n] == '.') {
		n++
	}
	if n == len(p) {
		return false
	}
	switch p[n] {
	case '\'', '"':
		return n <= 2 // the prefix of a literal: b, rb, f
	case '(':
		return n > 0
	}
	return false
}

func wordByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= 0x80
}

// hydraTarget finds "_target_": "MODULE.NAME" with a suspicious callable.
func hydraTarget(text []byte) string {
	for {
		_, rest, ok := bytes.Cut(text, []byte("_target_"))
		if !ok {
			return ""
		}
		text = rest
		rest = bytes.TrimLeft(rest, `\"': `+"\t")
		n := 0
		for n < len(rest) && (wordByte(rest[n]) || rest[n] == '.') {
			n++
		}
		for _, name := range suspects {
			if string(rest[:n]) == name || string(rest[:n]) == "builtins."+name {
				return name
			}
		}
	}
}
