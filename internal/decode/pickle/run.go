package pickle

// Options say how to follow a stream.
type Options struct {
	Inline bool // arrays written by joblib follow the BUILD of their wrapper
}
