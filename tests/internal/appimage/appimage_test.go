package appimage

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"errors"
	"io"
	"maps"
	"reflect"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

func TestTheProgramIsStaticAndForTheProcessorOfTheTasks(t *testing.T) {
	program, err := Compile(t.Context(), "../..")
	if err != nil {
		t.Fatal(err)
	}
	binary, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	if binary.Machine != elf.EM_X86_64 {
		t.Errorf("the program is for %v", binary.Machine)
	}
	for _, segment := range binary.Progs {
		if segment.Type == elf.PT_INTERP {
			t.Error("the program asks for a dynamic linker, which an image without a base lacks")
		}
	}
}

// image is an image with an invented program.
func image(t *testing.T) v1.Image {
	t.Helper()
	made, err := Image([]byte("a program"), []string{"curl"}, "-version", "v2")
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestAnImageRunsTheProgramAndHoldsNothingElse(t *testing.T) {
	made := image(t)
	archive := mutate.Extract(made)
	defer archive.Close()
	files := map[string]string{}
	for reader := tar.NewReader(archive); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = header.Linkname + string(content)
	}
	want := map[string]string{"usr": "", "usr/bin": "", "usr/bin/application": "a program", "usr/bin/curl": "application"}
	if !maps.Equal(files, want) {
		t.Errorf("the image holds %q, want %q", files, want)
	}
	file, err := made.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config := v1.Config{
		User: "65532:65532", Env: []string{"PATH=/usr/bin"},
		Entrypoint: []string{"/usr/bin/application"}, Cmd: []string{"-version", "v2"},
	}
	if file.OS != "linux" || file.Architecture != "amd64" || !reflect.DeepEqual(file.Config, config) {
		t.Errorf("the image's configuration is %+v", file)
	}
}
