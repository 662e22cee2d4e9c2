package deploy

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"mediaserver/tools/external"
)

// pushable is what can be pushed: an image for one platform, or an index of images.
type pushable interface {
	RawManifest() ([]byte, error)
	Digest() (v1.Hash, error)
}

// openImage opens the image to push: an OCI layout, an archive, or else one that docker has. Any other file does not count:
// an application's folder or program often has the same name as its image.
func (r *run) openImage(ctx context.Context) (pushable, error) {
	var image pushable
	var err error
	path, unpacked := r.image, filepath.Join(r.scratch, "image")
	if exists(path, "oci-layout") {
		image, err = readLayout(path)
	} else {
		if !isArchive(path) {
			path = filepath.Join(r.scratch, "image.tar")
			if err := r.save(ctx, path); err != nil {
				return nil, err
			}
		}
		image, err = readArchive(path, unpacked)
	}
	if err != nil {
		return nil, fail(exitImage, "cannot read the image '%s': %v", r.image, err)
	}
	return image, nil
}

func exists(folder, name string) bool {
	_, err := os.Stat(filepath.Join(folder, name))
	return err == nil
}

// save has docker write the image to a file.
func (r *run) save(ctx context.Context, path string) error {
	_, failed := external.Output(ctx, "docker", "save", "--output", path, "--", r.image)
	if failed == nil || ctx.Err() != nil {
		return failed
	}
	if errors.Is(failed, exec.ErrNotFound) {
		return fail(exitTool, "%v; docker is needed with --image, but not for an OCI layout or an archive", failed)
	}
	if _, err := external.Output(ctx, "docker", "version", "--format", "{{.Server.Version}}"); err != nil {
		return fail(exitTool, "docker does not answer: %v", err)
	}
	return fail(exitImage, "no local image '%s': %v", r.image, failed)
}

func isArchive(path string) bool {
	content, err := os.Open(path)
	if err != nil {
		return false
	}
	defer content.Close()
	_, err = tar.NewReader(content).Next()
	return err == nil
}

// readArchive reads an archive, through a new folder. Since version 25, docker's archives are OCI layouts too. If such an
// archive holds an image for a single platform, its layers may be uncompressed; the reader of docker's own format compresses
// them.
func readArchive(path, folder string) (pushable, error) {
	if err := extract(path, folder); err != nil {
		return nil, err
	}
	if exists(folder, "oci-layout") {
		image, err := readLayout(folder)
		if _, single := image.(v1.Image); err != nil || !single || !exists(folder, "manifest.json") {
			return image, err
		}
	}
	image, err := tarball.ImageFromPath(path, nil)
	if err != nil {
		return nil, err
	}
	// Compressed once and for all, before the push: it would do so again for each look at a layer.
	compressed := folder + ".compressed"
	if _, err := layout.Write(compressed, mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: image})); err != nil {
		return nil, err
	}
	return readLayout(compressed)
}

// extract writes the files of an archive into a new folder.
func extract(path, folder string) error {
	content, err := os.Open(path)
	if err != nil {
		return err
	}
	defer content.Close()
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	// A name in the archive cannot lead out of the folder.
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	for files := tar.NewReader(content); ; {
		header, err := files.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if err := root.MkdirAll(filepath.Dir(header.Name), 0o700); err != nil {
			return err
		}
		into, err := root.Create(header.Name)
		if err != nil {
			return err
		}
		_, err = io.Copy(into, files)
		if err := errors.Join(err, into.Close()); err != nil {
			return err
		}
	}
}

// readLayout reads the one image of an OCI layout, for one platform or for several.
func readLayout(folder string) (pushable, error) {
	index, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	// The same image may have several names.
	images := slices.CompactFunc(manifest.Manifests, func(a, b v1.Descriptor) bool { return a.Digest == b.Digest })
	if len(images) != 1 {
		return nil, fmt.Errorf("it holds %d images, not one", len(images))
	}
	only := images[0]
	if !only.MediaType.IsIndex() {
		return index.Image(only.Digest)
	}
	if index, err = index.ImageIndex(only.Digest); err != nil {
		return nil, err
	}
	return present(folder, index)
}

// present is an index without the images that are missing: docker keeps the whole index even if it has pulled a single
// platform.
func present(folder string, index v1.ImageIndex) (pushable, error) {
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	missing := func(each v1.Descriptor) bool {
		return !exists(folder, filepath.Join("blobs", each.Digest.Algorithm, each.Digest.Hex))
	}
	for _, each := range manifest.Manifests {
		if missing(each) {
			return mutate.RemoveManifests(index, missing), nil
		}
	}
	return index, nil
}

// platformsOf are the platforms of an image. In an index attestations are images too, for unknown/unknown.
func platformsOf(image pushable) ([]string, error) {
	switch image := image.(type) {
	case v1.ImageIndex:
		manifest, err := image.IndexManifest()
		if err != nil {
			return nil, err
		}
		var platforms []string
		for _, each := range manifest.Manifests {
			if each.Platform != nil && each.Platform.OS != "unknown" {
				platforms = append(platforms, each.Platform.OS+"/"+each.Platform.Architecture)
			}
		}
		return platforms, nil
	case v1.Image:
		configuration, err := image.ConfigFile()
		if err != nil || configuration.OS == "" {
			return nil, err
		}
		return []string{configuration.OS + "/" + configuration.Architecture}, nil
	}
	return nil, errors.New("it is not an image")
}
