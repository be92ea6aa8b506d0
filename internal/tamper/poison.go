package tamper

import (
	"archive/zip"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/sallyport/sallyport/internal/sample"
)

// weights is the file that Poison changes, pickle the member in it that torch
// loads first.
const (
	weights = "pytorch_model.bin"
	pickle  = "data.pkl"
)

// proto is the opcode that every torch pickle starts with.
const proto = "\x80\x02"

//go:embed prefix.pkl.asm
var prefix []byte

// Poison copies the model repository src to dst, which must not exist. In the
// copy the pickle inside the torch zip pytorch_model.bin first calls os.system
// with the argument "echo" and then builds the same weights; everything else
// stays as it was.
func Poison(src, dst string) error {
	if _, err := os.Stat(dst); err == nil {
		return errors.New(dst + " exists already")
	}
	if err := os.CopyFS(dst, os.DirFS(src)); err != nil {
		return err
	}
	_, start, err := sample.Build("prefix.pkl.asm", prefix)
	if err != nil {
		return err
	}
	return changeMember(filepath.Join(src, weights), filepath.Join(dst, weights), func(old []byte) ([]byte, error) {
		if len(old) < len(proto) || string(old[:len(proto)]) != proto {
			return nil, fmt.Errorf("%s: %s is no pickle of protocol 2", src, pickle)
		}
		return append(start, old[len(proto):]...), nil
	})
}

// changeMember copies a torch zip and changes its pickle; all other members are
// copied as they are.
func changeMember(src, dst string, change func([]byte) ([]byte, error)) error {
	in, err := zip.OpenReader(src)
	if err != nil {
		return err
	}
	defer in.Close()
	file, err := os.Create(dst)
	if err != nil {
		return err
	}
	defer file.Close()
	out := zip.NewWriter(file)
	var changed bool
	for _, member := range in.File {
		if path.Base(member.Name) != pickle {
			if err := out.Copy(member); err != nil {
				return err
			}
			continue
		}
		if err := writeChanged(out, member, change); err != nil {
			return err
		}
		changed = true
	}
	if !changed {
		return errors.New(src + " has no member named " + pickle)
	}
	return errors.Join(out.Close(), file.Sync())
}

func writeChanged(out *zip.Writer, member *zip.File, change func([]byte) ([]byte, error)) error {
	r, err := member.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	old, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	data, err := change(old)
	if err != nil {
		return err
	}
	w, err := out.CreateHeader(&zip.FileHeader{Name: member.Name, Method: zip.Store})
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}
