// Package fit proves with real images, where docker runs on this machine, what scripts/try-image says about a stack in
// the sandbox.
package fit

import (
	"context"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"mediaserver/tests/internal/appimage"
)

// engineRuns tells whether docker runs what the tasks of the default stack run. Where it does not, the test's log says
// so; the tests beside the library have a docker that answers as it is told.
func engineRuns(t *testing.T) bool {
	t.Helper()
	platform, err := docker("version", "--format", "{{.Server.Os}}/{{.Server.Arch}}")
	if err != nil || platform != "linux/amd64" {
		t.Logf("no docker engine for linux/amd64 here: %s (%v)", platform, err)
		return false
	}
	return true
}

// docker runs a docker command.
func docker(arguments ...string) (string, error) {
	output, err := exec.Command("docker", arguments...).CombinedOutput()
	return strings.TrimSpace(string(output)), err
}

// compiled is the application, compiled once for what the tasks of the default stack run on.
var compiled = sync.OnceValues(func() (appimage.Program, error) {
	return appimage.Compile(context.Background(), "..", "amd64")
})

// noTag is what a test's name has and a tag may not have.
var noTag = regexp.MustCompile(`[^a-z0-9]+`)

// load makes the image of a variant, changed by change, and loads it into the engine under a name of its own, which it
// returns. The image goes away with the test.
func load(t *testing.T, variant appimage.Variant, change func(*v1.Config)) string {
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
		change(&changed.Config)
		if image, err = mutate.Config(image, changed.Config); err != nil {
			t.Fatal(err)
		}
	}
	reference := "try-image-test:" + noTag.ReplaceAllString(filepath.Base(t.Name()), "-")
	archive := filepath.Join(t.TempDir(), "image.tar")
	if err := appimage.Save(image, reference, archive); err != nil {
		t.Fatal(err)
	}
	if output, err := docker("load", "--quiet", "--input", archive); err != nil {
		t.Fatalf("docker load: %v\n%s", err, output)
	}
	t.Cleanup(func() {
		if output, err := docker("image", "rm", "--force", reference); err != nil {
			t.Errorf("docker image rm: %v\n%s", err, output)
		}
	})
	return reference
}

// nothingLeft checks that no container of an image is left.
func nothingLeft(t *testing.T, image string) {
	t.Helper()
	if left, err := docker("ps", "--all", "--quiet", "--filter", "label=try-image="+image); err != nil || left != "" {
		t.Errorf("left behind: %s (%v)", left, err)
	}
}
