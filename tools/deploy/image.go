package deploy

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"mediaserver/tools/external"
)

// isFile tells whether --image names an OCI layout or an archive. Any other file does not count: an application's folder
// or program often has the same name as its image.
func isFile(image string) bool {
	if _, err := os.Stat(filepath.Join(image, "oci-layout")); err == nil {
		return true
	}
	file, err := os.Open(image)
	if err != nil {
		return false
	}
	defer file.Close()
	content, err := unzipped(file)
	if err != nil {
		return false
	}
	_, err = tar.NewReader(content).Next()
	return err == nil
}

// unzipped is the content of a file that may be compressed with gzip.
func unzipped(file *os.File) (io.Reader, error) {
	start := make([]byte, 2)
	_, err := io.ReadFull(file, start)
	if _, again := file.Seek(0, io.SeekStart); err != nil || again != nil {
		return nil, errors.Join(err, again)
	}
	if start[0] == 0x1f && start[1] == 0x8b {
		return gzip.NewReader(file)
	}
	return file, nil
}

// pushable is what can be pushed: an image for one platform, or an index of images.
type pushable interface {
	RawManifest() ([]byte, error)
	Digest() (v1.Hash, error)
}

// openImage opens the image to push, and tells its platforms.
func (r *run) openImage(ctx context.Context) (pushable, []string, error) {
	path := r.image
	if !isFile(r.image) {
		path = filepath.Join(r.scratch, "image.tar")
		if err := r.save(ctx, path); err != nil {
			return nil, nil, err
		}
	}
	image, err := r.read(path)
	if err != nil {
		return nil, nil, fail(exitImage, "cannot read the image '%s': %v", r.image, err)
	}
	platforms, err := platformsOf(image)
	if err != nil {
		return nil, nil, fail(exitImage, "cannot read the platform of the image '%s': %v", r.image, err)
	}
	return image, platforms, nil
}

// save has docker write the image to a file.
func (r *run) save(ctx context.Context, path string) error {
	if r.dryRun {
		r.show("look:     ", "docker", "save", "--output", "image.tar", r.image)
	}
	_, failed := external.Output(ctx, "docker", "save", "--output", path, r.image)
	if failed == nil || ctx.Err() != nil {
		return failed
	}
	if _, err := external.Output(ctx, "docker", "version", "--format", "{{.Server.Version}}"); err != nil {
		return fail(exitTool, "docker does not answer: %v", err)
	}
	return fail(exitImage, "no local image '%s': %v", r.image, failed)
}

// read reads an OCI layout or an archive. Since version 25, docker's archives are OCI layouts too. If such an archive holds
// an image for a single platform, its layers may be uncompressed; the reader of docker's own format compresses them.
func (r *run) read(path string) (pushable, error) {
	if status, err := os.Stat(path); err != nil || status.IsDir() {
		return readLayout(path)
	}
	folder := filepath.Join(r.scratch, "image")
	if err := extract(path, folder); err != nil {
		return nil, err
	}
	if exists(folder, "oci-layout") {
		image, err := readLayout(folder)
		if _, single := image.(v1.Image); err != nil || !single || !exists(folder, "manifest.json") {
			return image, err
		}
	}
	return tarball.Image(func() (io.ReadCloser, error) {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		content, err := unzipped(file)
		return struct {
			io.Reader
			io.Closer
		}{content, file}, err
	}, nil)
}

func exists(folder, name string) bool {
	_, err := os.Stat(filepath.Join(folder, name))
	return err == nil
}

// extract writes the files of an archive into a new folder.
func extract(path, folder string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	content, err := unzipped(file)
	if err != nil {
		return err
	}
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
	images := map[v1.Hash]v1.Descriptor{}
	named := 0
	for _, each := range manifest.Manifests {
		images[each.Digest] = each
		if each.Platform != nil {
			named++
		}
	}
	if len(images) > 1 && named == len(manifest.Manifests) {
		return present(index)
	}
	for digest, each := range images {
		switch {
		case len(images) > 1:
		case each.MediaType.IsIndex():
			inner, err := index.ImageIndex(digest)
			if err != nil {
				return nil, err
			}
			return present(inner)
		case each.MediaType.IsImage():
			return index.Image(digest)
		}
	}
	return nil, fmt.Errorf("it holds %d images, not one", len(images))
}

// present is an index without the images that are missing: docker keeps the whole index even if it has pulled a single
// platform.
func present(index v1.ImageIndex) (pushable, error) {
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	missing := map[v1.Hash]bool{}
	for _, each := range manifest.Manifests {
		image, err := index.Image(each.Digest)
		if err == nil {
			_, err = image.RawConfigFile()
		}
		if errors.Is(err, os.ErrNotExist) {
			missing[each.Digest] = true
		}
	}
	if len(missing) == 0 {
		return index, nil
	}
	return mutate.RemoveManifests(index, func(each v1.Descriptor) bool { return missing[each.Digest] }), nil
}

func platformsOf(image pushable) ([]string, error) {
	switch image := image.(type) {
	case v1.ImageIndex:
		manifest, err := image.IndexManifest()
		if err != nil {
			return nil, err
		}
		return indexPlatforms(manifest), nil
	case v1.Image:
		configuration, err := image.ConfigFile()
		if err != nil {
			return nil, err
		}
		return []string{configuration.OS + "/" + configuration.Architecture}, nil
	}
	return nil, fmt.Errorf("it is no image")
}
