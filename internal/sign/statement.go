package sign

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// Types of an in-toto statement. We write v1; cosign still writes v0.1.
const (
	statementV1  = "https://in-toto.io/Statement/v1"
	statementV01 = "https://in-toto.io/Statement/v0.1"
)

const maxSubjects = 100_000 // v0.1 model signatures have one per file

// Subject is what a statement is about. Digest maps algorithm to lower-case hex.
type Subject struct {
	Name   string            `json:"name,omitempty"`
	Digest map[string]string `json:"digest"`
}

// Statement is an in-toto statement. Predicate is its JSON, not yet decoded.
type Statement struct {
	Type          string          `json:"_type"`
	Subject       []Subject       `json:"subject"`
	PredicateType string          `json:"predicateType"`
	Predicate     json.RawMessage `json:"predicate,omitempty"`
}

// NewStatement builds the bytes of a statement v1. The predicate is marshalled
// in the form of MarshalJSON.
func NewStatement(predicateType string, subjects []Subject, predicate any) ([]byte, error) {
	raw, err := MarshalJSON(predicate)
	if err != nil {
		return nil, fmt.Errorf("predicate %s: %w", predicateType, err)
	}
	st := Statement{statementV1, subjects, predicateType, raw}
	if err := st.check(); err != nil {
		return nil, err
	}
	return MarshalJSON(st)
}

// ParseStatement reads a statement v1 or v0.1 whose subjects each have a
// SHA-256. Errors wrap ErrStatement.
func ParseStatement(data []byte) (*Statement, error) {
	var st Statement
	if err := DecodeStrict(data, &st); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStatement, err)
	}
	if err := st.check(); err != nil {
		return nil, err
	}
	return &st, nil
}

func (st *Statement) check() error {
	switch {
	case st.Type != statementV1 && st.Type != statementV01:
		return fmt.Errorf("%w: type %q", ErrStatement, clip(st.Type))
	case st.PredicateType == "":
		return fmt.Errorf("%w: no predicate type", ErrStatement)
	case len(st.Subject) == 0:
		return fmt.Errorf("%w: no subject", ErrStatement)
	case len(st.Subject) > maxSubjects:
		return fmt.Errorf("%w: more than %d subjects", ErrStatement, maxSubjects)
	}
	for _, s := range st.Subject {
		if !isSHA256(s.Digest["sha256"]) {
			return fmt.Errorf("%w: subject %q has no SHA-256 digest in lower-case hex", ErrStatement, clip(s.Name))
		}
	}
	return nil
}

func isSHA256(s string) bool {
	if len(s) != 64 || strings.ToLower(s) != s {
		return false
	}
	_, err := hex.DecodeString(s)
	return err == nil
}
