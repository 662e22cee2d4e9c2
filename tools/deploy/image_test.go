package deploy

import (
	"archive/tar"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"mediaserver/tools/fakeaws"
)

// archive writes a folder's files into an archive.
func archive(t *testing.T, folder string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.tar")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	into := tar.NewWriter(file)
	if err := into.AddFS(os.DirFS(folder).(fs.ReadDirFS)); err != nil {
		t.Fatal(err)
	}
	if err := into.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// saved is an archive of 'docker save', as docker wrote it before version 25.
func saved(t *testing.T, image mutate.Appendable) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "saved.tar")
	tag, err := name.NewTag("app:built")
	if err != nil {
		t.Fatal(err)
	}
	if err := tarball.WriteToFile(path, tag, image.(v1.Image)); err != nil {
		t.Fatal(err)
	}
	return path
}

// pushed is what the registry has under the tag latest: the platforms of an index, or the number of an image's layers.
func (s *stage) pushed() (platforms []string, layers int) {
	s.t.Helper()
	var manifest struct {
		v1.IndexManifest
		Layers []v1.Descriptor
	}
	if err := json.Unmarshal([]byte(s.Manifest("mediaserver", "latest")), &manifest); err != nil {
		s.t.Fatal(err)
	}
	for _, each := range manifest.Manifests {
		platforms = append(platforms, each.Platform.String())
	}
	return platforms, len(manifest.Layers)
}

func TestAnImageIsPushedFromALayoutOrAnArchiveWithoutDocker(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	scratch := t.TempDir()
	t.Setenv("TMPDIR", scratch)
	image, index := imageFor(t, "linux/amd64"), imageFor(t, "linux/amd64", "linux/arm64")
	// What 'docker save' writes since version 25: a layout, and beside it docker's own form.
	both, bothForSeveral := layoutOf(t, image), layoutOf(t, index)
	for _, folder := range []string{both, bothForSeveral} {
		if err := extract(saved(t, image), filepath.Join(folder, "docker")); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(folder, os.DirFS(filepath.Join(folder, "docker"))); err != nil {
			t.Fatal(err)
		}
	}
	for name, each := range map[string]struct {
		path      string
		platforms int
	}{
		"a layout":                       {layoutOf(t, image), 0},
		"a layout with two names for it": {layoutOf(t, image, image), 0},
		"a layout for several platforms": {layoutOf(t, index), 3},
		"an archive of a layout":         {archive(t, layoutOf(t, image)), 0},
		"an old archive of docker":       {saved(t, image), 0},
		"a new archive of docker":        {archive(t, both), 0},
		"a new one for several":          {archive(t, bothForSeveral), 3},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.image = each.path
			s.run("").expect(0, "Deployed "+repository+":latest ({latest})\n")
			if platforms, layers := s.pushed(); len(platforms) != each.platforms || each.platforms == 0 && layers != 1 {
				t.Errorf("the registry has %q, or %d layers", platforms, layers)
			}
			left, err := filepath.Glob(filepath.Join(scratch, "deploy-app.*"))
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestAnImageThatTheTasksCannotRunIsNotPushed(t *testing.T) {
	t.Parallel()
	// docker keeps the index of an image of which it has one platform only.
	index := imageFor(t, "linux/amd64", "linux/arm64").(v1.ImageIndex)
	half := layoutOf(t, index)
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(half, "blobs", "sha256", manifest.Manifests[0].Digest.Hex)); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{
		layoutOf(t, imageFor(t, "linux/arm64", "windows/amd64")):            "is built for linux/arm64 windows/amd64, the tasks run linux/amd64; build it with 'docker build --platform linux/amd64'",
		layoutOf(t, imageFor(t, "linux/amd64"), imageFor(t, "linux/amd64")): "it holds 2 images, not one",
		half: "is built for linux/arm64, the tasks run linux/amd64",
	} {
		newStage(t).run("--image "+path).expect(5, "image '"+path+"'", says).unchanged()
	}
	s := newStage(t)
	s.define(7, ":latest", onARM)
	s.run("").expect(5, "is built for linux/amd64, the tasks run linux/arm64").unchanged()
	s.run("--image " + half).expect(0)
	if platforms, _ := s.pushed(); len(platforms) != 2 || platforms[0] != "linux/arm64" {
		t.Errorf("the registry has %q", platforms)
	}
}

// program puts a stand-in for a program on PATH.
func program(t *testing.T, name, script string) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+":/usr/bin:/bin")
}

func TestAnImageThatDockerHasIsPushedAndTheUsersDockerLeftAlone(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	// An application's folder often has the name of its image.
	t.Chdir(t.TempDir())
	if err := os.Mkdir("app:built", 0o700); err != nil {
		t.Fatal(err)
	}
	docker := "case \"$1 $2 $4 $5\" in 'save --output -- app:built') cat '" + saved(t, imageFor(t, "linux/amd64")) + "' >\"$3\" ;;\n" +
		"save*) echo \"Error response from daemon: No such image: $5\" >&2; exit 1 ;;\n"
	program(t, "docker", docker+"esac")
	newStage(t).run("--image app:built").expect(0, "Deployed "+repository+":latest")
	if left, err := os.ReadDir(home); err != nil || len(left) > 0 {
		t.Errorf("the user's folder has %v, %v", left, err)
	}
	newStage(t).run("--image app:other").expect(5, "no local image 'app:other': Error response from daemon: No such image: app:other").unchanged()
	program(t, "docker", docker+"*) echo 'Cannot connect to the Docker daemon.' >&2; exit 1 ;; esac")
	newStage(t).run("--image app:other").expect(3, "docker does not answer: Cannot connect to the Docker daemon.").unchanged()
}

func TestAMissingProgramIsNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	s := newStage(t)
	s.run("--image app:built").expect(3, `"docker": executable file not found in $PATH; docker is needed with --image, but not for`).unchanged()
	s.runIn(t.Context(), "", Surroundings{Program: "/program", Transport: s}).expect(3, `"pulumi": executable file not found in $PATH; pulumi is not needed with --outputs FILE`)
}

func TestTheStacksOwnOutputsAreNeverOld(t *testing.T) {
	s := newStage(t)
	program(t, "pulumi", "case $* in *'--cwd /program --stack prod') cat <<'END'\n"+jsonOf(t, s.outputs)+"\nEND\nesac\n")
	s.define(20, ":latest", nil)
	s.runIn(t.Context(), "--tag v2 --stack prod", Surroundings{Program: "/program", Transport: s}).expect(0, "pulumi config set mediaserver:imageTag v2 --stack prod")
}

func TestAnImageInTheRegistryIsJudgedByThePlatformOfTheTasks(t *testing.T) {
	t.Parallel()
	has := func(changes object, platforms ...string) func(*stage) {
		return func(s *stage) {
			s.define(7, ":latest", changes)
			s.put("latest", imageFor(t, platforms...))
		}
	}
	play(t, []scene{
		{"one platform, the right one", has(nil, "linux/amd64"), "--skip-push", 0, []string{"2 of 2 tasks run", "!Pushing"}},
		{"one platform, another one", has(onARM, "linux/amd64"), "--skip-push", 5, []string{"is for linux/amd64, the tasks run linux/arm64"}},
		{"several, with that of the tasks", has(onARM, "linux/amd64", "linux/arm64"), "--skip-push", 0, nil},
		{"several, none for the tasks", has(nil, "linux/arm64", "windows/amd64"), "--skip-push", 5, []string{"is for linux/arm64 windows/amd64, the tasks run linux/amd64"}},
		{"something else, such as a chart", has(nil, "/"), "--skip-push", 5, []string{"is for no platform that it names, the tasks run linux/amd64"}},
		{"a tag that is not there", nil, "--skip-push", 5, []string{repository + " has no image with the tag 'latest'; push one with --image"}},
		{"not allowed", func(s *stage) {
			has(nil, "linux/amd64")(s)
			s.Always("registry GET", fakeaws.Response{Status: 403, Body: "{}"})
		}, "--skip-push", 14, []string{"cannot read " + repository + "@sha256:"}},
	})
}

func TestAFailedLoginOrPushIsTold(t *testing.T) {
	t.Parallel()
	play(t, []scene{
		{"an old password", always("GetAuthorizationToken", fakeaws.Response{Output: object{"authorizationData": []object{{"authorizationToken": "QVdTOm9sZA=="}}}}), "", 6,
			[]string{"cannot log in to the registry of " + repository + ": ", "Your authorization token has expired"}},
		{"no password", always("GetAuthorizationToken", fakeaws.Response{Output: object{"authorizationData": []object{}}}), "", 6, []string{"AWS answered without a password"}},
		{"an immutable tag", always("registry PUT", fakeaws.Response{Status: 400, Body: `{"errors": [{"code": "TAG_INVALID", "message": "The image tag 'latest' already exists"}]}`}), "", 7,
			[]string{"cannot push " + repository + ":latest: ", "already exists\n", "!goes on in ECS"}},
	})
}

// slow lets a minute pass before each part of a layer, and before the manifest.
type slow struct{ http.RoundTripper }

func (s slow) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method == http.MethodPatch || request.Method == http.MethodPut {
		time.Sleep(59 * time.Second)
	}
	return s.RoundTripper.RoundTrip(request)
}

func TestAPushThatStallsFails(t *testing.T) {
	stalled := "cannot push " + repository + ":latest: the push stalled: no byte moved for 120 s\n"
	// In the bubble minutes pass at once.
	for _, action := range []string{"registry POST", "registry PATCH", "registry PUT"} {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t)
			s.Always(action, fakeaws.Response{Hangs: true})
			s.run("").expect(7, stalled)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.runIn(t.Context(), "", Surroundings{Transport: slow{s}}).expect(0)
	})
}
