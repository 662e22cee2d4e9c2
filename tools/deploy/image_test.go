package deploy

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"mediaserver/tools/fakeaws"
)

// platforms are those of the image that a tag names in the registry.
func (s *stage) platforms(tag string) []string {
	s.t.Helper()
	var whole v1.IndexManifest
	for _, each := range []string{s.Manifest("mediaserver", tag)} {
		if err := json.Unmarshal([]byte(each), &whole); err != nil {
			s.t.Fatal(err)
		}
	}
	return indexPlatforms(&whole)
}

// archive writes a folder's files into an archive.
func archive(t *testing.T, folder string, zipped bool) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.tar")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	into := tar.NewWriter(file)
	pack := gzip.NewWriter(file)
	if zipped {
		into = tar.NewWriter(pack)
	}
	if err := into.AddFS(os.DirFS(folder).(fs.ReadDirFS)); err != nil {
		t.Fatal(err)
	}
	if err := into.Close(); err != nil {
		t.Fatal(err)
	}
	if zipped {
		if err := pack.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// saved is an archive of 'docker save', as docker wrote it before version 25.
func saved(t *testing.T, image v1.Image) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "saved.tar")
	tag, err := name.NewTag("app:built")
	if err != nil {
		t.Fatal(err)
	}
	if err := tarball.WriteToFile(path, tag, image); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAnImageIsPushedFromALayoutOrAnArchiveWithoutDocker(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	scratch := t.TempDir()
	t.Setenv("TMPDIR", scratch)
	single, several := t.TempDir(), t.TempDir()
	image := imageFor(t, "linux/amd64")
	writeLayout(t, single, image)
	writeLayout(t, several, imageFor(t, "linux/amd64", "linux/arm64"))
	// What 'docker save' writes since version 25: a layout, and beside it docker's own form.
	both := t.TempDir()
	writeLayout(t, both, image)
	if err := os.CopyFS(both, os.DirFS(unpacked(t, saved(t, image.(v1.Image))))); err != nil {
		t.Fatal(err)
	}
	flat := t.TempDir()
	if _, err := layout.Write(flat, imageFor(t, "linux/amd64", "linux/arm64").(v1.ImageIndex)); err != nil {
		t.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"a layout":                            single,
		"a layout for several platforms":      several,
		"a layout whose index is the image's": flat,
		"an archive of a layout":              archive(t, single, false),
		"a compressed archive":                archive(t, several, true),
		"an old archive of docker":            saved(t, image.(v1.Image)),
		"a new archive of docker":             archive(t, both, false),
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.image = path
			s.deploy().expect(0, "Deployed "+repository+":latest ("+s.Digest("mediaserver", "latest")+")")
			pushed := s.Digest("mediaserver", "latest")
			if index := strings.Contains(name, "several") || strings.Contains(name, "index") || name == "a compressed archive"; index {
				if got := s.platforms("latest"); len(got) != 2 {
					t.Errorf("the registry has %q", got)
				}
			} else if strings.Contains(name, "layout") && pushed != digest.String() {
				t.Errorf("the registry has %s, not %s", pushed, digest)
			}
			left, err := filepath.Glob(filepath.Join(scratch, "deploy-app.*"))
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func unpacked(t *testing.T, path string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "unpacked")
	if err := extract(path, folder); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestAnImageThatTheTasksCannotRunIsNotPushed(t *testing.T) {
	t.Parallel()
	other := t.TempDir()
	writeLayout(t, other, imageFor(t, "linux/arm64", "windows/amd64"))
	two := t.TempDir()
	written, err := layout.Write(two, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := written.AppendImage(imageFor(t, "linux/amd64").(v1.Image)); err != nil {
			t.Fatal(err)
		}
	}
	// docker keeps the index of an image of which it has one platform only.
	half := t.TempDir()
	index := imageFor(t, "linux/amd64", "linux/arm64").(v1.ImageIndex)
	writeLayout(t, half, index)
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(half, "blobs", "sha256", manifest.Manifests[0].Digest.Hex)); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{
		other: "is built for linux/arm64 windows/amd64, the tasks run linux/amd64; build it with 'docker build --platform linux/amd64'",
		two:   "it holds 2 images, not one",
		half:  "is built for linux/arm64, the tasks run linux/amd64",
	} {
		s := newStage(t)
		s.image = path
		s.deploy().expect(5, "image '"+path+"'", says).unchanged()
		s.deploy("--dry-run").expect(5, says).unchanged()
	}
	s := newStage(t, forARM())
	s.deploy().expect(5, "is built for linux/amd64, the tasks run linux/arm64; build it with 'docker build --platform linux/arm64'").unchanged()
	s = newStage(t, forARM())
	s.image = half
	s.deploy().expect(0)
	if got := s.platforms("latest"); len(got) != 1 || got[0] != "linux/arm64" {
		t.Errorf("the registry has %q", got)
	}
}

// docker puts a stand-in on PATH that has one image, app:built.
func docker(t *testing.T, path string) {
	t.Helper()
	folder := t.TempDir()
	script := "#!/bin/sh\ncase \"$1 $2 $4\" in\n'save --output app:built') cat '" + path + "' >\"$3\" ;;\n" +
		"'save --output '*) echo 'Error response from daemon: No such image: '\"$4\" >&2; exit 1 ;;\n*) test ! -e '" + path + ".down' || { echo 'Cannot connect to the Docker daemon.' >&2; exit 1; } ;;\nesac\n"
	if err := os.WriteFile(filepath.Join(folder, "docker"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+":/usr/bin:/bin")
}

func TestAnImageThatDockerHasIsPushedAndTheUsersDockerLeftAlone(t *testing.T) {
	path := saved(t, imageFor(t, "linux/amd64").(v1.Image))
	docker(t, path)
	home := t.TempDir()
	t.Setenv("HOME", home)
	// An application's folder often has the name of its image.
	t.Chdir(t.TempDir())
	if err := os.Mkdir("app:built", 0o700); err != nil {
		t.Fatal(err)
	}
	s := newStage(t)
	s.run("--image", "app:built").expect(0, "Deployed "+repository+":latest")
	if left, err := os.ReadDir(home); err != nil || len(left) > 0 {
		t.Errorf("the user's folder has %v, %v", left, err)
	}
	newStage(t).run("--image", "app:other").expect(5, "no local image 'app:other': Error response from daemon: No such image: app:other").unchanged()
	if err := os.WriteFile(path+".down", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	newStage(t).run("--image", "app:other").expect(3, "docker does not answer: Cannot connect to the Docker daemon.").unchanged()
}

func TestEachMissingProgramIsNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	newStage(t).run("--image", "app:built").expect(3, "cannot find on PATH: docker\n", "docker is needed only with --image").unchanged()
	var printed buffer
	code := Run(t.Context(), []string{"--image", "app:built"}, Surroundings{Stdout: &printed, Stderr: &printed})
	result{t, nil, code, printed.String()}.expect(3, "cannot find on PATH: docker pulumi\n", "pulumi is not needed with --outputs FILE")
}

func TestTheStacksOwnOutputsAreNeverOld(t *testing.T) {
	s := newStage(t)
	folder := t.TempDir()
	script := "#!/bin/sh\ncase $* in *'--cwd /program --stack prod') cat <<'END'\n" + mustText(t, s.outputs) + "\nEND\nesac\n"
	if err := os.WriteFile(filepath.Join(folder, "pulumi"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+":/usr/bin:/bin")
	s.AddTaskDefinition(taskDefinition(family+"20", ":latest"))
	var printed buffer
	code := Run(t.Context(), []string{"--image", s.image, "--tag", "v2", "--poll", "0", "--stack", "prod"},
		Surroundings{Stdout: &printed, Stderr: &printed, Transport: s, Program: "/program"})
	result{t, s, code, printed.String()}.expect(0, "pulumi config set mediaserver:imageTag v2 --stack prod")
}

func TestAnImageInTheRegistryIsJudgedByThePlatformOfTheTasks(t *testing.T) {
	t.Parallel()
	chart := mutate.AppendManifests(empty.Index)
	for name, each := range map[string]struct {
		definition object
		image      mutate.Appendable
		says       string // of the refusal, empty if it is deployed
	}{
		"one platform, the right one":     {changed(nil), imageFor(t, "linux/amd64"), ""},
		"one platform, another one":       {forARM(), imageFor(t, "linux/amd64"), "is for linux/amd64, the tasks run linux/arm64"},
		"several, with that of the tasks": {forARM(), imageFor(t, "linux/amd64", "linux/arm64"), ""},
		"several, none for the tasks":     {changed(nil), imageFor(t, "linux/arm64", "windows/amd64"), "is for linux/arm64 windows/amd64, the tasks run linux/amd64"},
		"only attestations":               {changed(nil), imageFor(t, "unknown/unknown", "unknown/unknown"), "is for no platform that it names, the tasks run linux/amd64"},
		"an empty index":                  {changed(nil), chart, "is for no platform that it names"},
		"something else, such as a chart": {changed(nil), imageFor(t, "/"), "is for unknown/unknown, the tasks run linux/amd64"},
		"a tag that is not there":         {changed(nil), nil, repository + " has no image with the tag 'latest'; push one with --image"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, each.definition)
			if each.image != nil {
				s.put("latest", each.image)
			}
			if r := s.run("--skip-push"); each.says == "" {
				r.expect(0, "2 of 2 tasks run")
			} else {
				r.expect(5, each.says).unchanged()
				s.run("--skip-push", "--dry-run").expect(5, each.says).lacks("nobody-may-see")
			}
		})
	}
}

func TestAPassingFaultOfTheImagesConfigurationIsRiddenOut(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.put("latest", imageFor(t, "linux/amd64"))
	s.Next("layer", fakeaws.Response{Status: 503, Body: "<Error/>"}, fakeaws.Response{Status: 500, Body: "<Error/>"})
	s.run("--skip-push").expect(0, "it answers 503; trying again", "Deployed ")
}

func TestAnImageWhosePlatformCannotBeReadIsNotDeployed(t *testing.T) {
	t.Parallel()
	for action, each := range map[string]struct {
		answer fakeaws.Response
		code   int
	}{
		"BatchGetImage":          {fakeaws.Refuses("AccessDeniedException", "not authorized"), 14},
		"GetDownloadUrlForLayer": {fakeaws.Refuses("LayersNotFoundException", "The layer does not exist"), 14},
		"layer":                  {fakeaws.Response{Status: 403, Body: "<Error/>"}, 14},
		"layer ":                 {fakeaws.Response{Body: "<html>"}, 14},
		"BatchGetImage ":         {fakeaws.Response{Output: object{"images": []object{}}}, 5},
		"BatchGetImage  ":        {fakeaws.Response{Output: object{"images": []object{{"imageManifest": `{"schemaVersion": 1}`}}}}, 5},
	} {
		s := newStage(t)
		s.put("latest", imageFor(t, "linux/amd64"))
		s.Always(strings.TrimSpace(action), each.answer)
		s.run("--skip-push").expect(each.code, map[int]string{14: "cannot read", 5: "is not an image that tasks can run"}[each.code]).lacks("X-Amz-Signature").unchanged()
	}
}

func TestAnotherImageThatIsPushedAtTheSameMomentIsNotDeployed(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.Next("DescribeImages", fakeaws.Response{Output: object{"imageDetails": []object{{"imageDigest": "sha256:strange"}}}})
	s.deploy().expect(9, "the tag latest names another image now (sha256:strange) than the one that was pushed (sha256:", "somebody else pushed it").notStarted()
}
