package main

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"mediaserver/tests/internal/appimage"
)

// compiled is the application, compiled once for what the tasks of the default stack run on.
var compiled = sync.OnceValues(func() (appimage.Program, error) {
	return appimage.Compile(context.Background(), "../..", "amd64")
})

// load makes the image of a variant, changed by change, and loads it into the engine under a name of its own, which it
// returns. The image goes away with the test.
func (e *engine) load(t *testing.T, variant appimage.Variant, change func(*v1.ConfigFile)) string {
	t.Helper()
	program, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	image, err := program.Image(variant)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		file, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		changed := file.DeepCopy()
		change(changed)
		if image, err = mutate.ConfigFile(image, changed); err != nil {
			t.Fatal(err)
		}
	}
	reference, archive := "try-image-test:"+nameFor(t), filepath.Join(t.TempDir(), "image.tar")
	if err := appimage.Save(image, reference, archive); err != nil {
		t.Fatal(err)
	}
	if output, err := e.docker("load", "--quiet", "--input", archive); err != nil {
		t.Fatalf("docker load: %v\n%s", err, output)
	}
	t.Cleanup(func() {
		if output, err := e.docker("image", "rm", "--force", reference); err != nil {
			t.Errorf("docker image rm: %v\n%s", err, output)
		}
	})
	return reference
}

// nameFor makes a tag of a test's name.
func nameFor(t *testing.T) string {
	return strings.ReplaceAll(filepath.Base(t.Name()), "_", "-")
}
