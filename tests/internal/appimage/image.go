package appimage

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// user runs the application: it needs no rights in the container. No entry of /etc/passwd is needed for a number.
const user = "65532:65532"

// Image is the image of a variant: the program, its curl, and nothing else. The same program and variant always make
// the same image.
func (p Program) Image(variant Variant) (v1.Image, error) {
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		files, err := p.files(variant)
		return io.NopCloser(bytes.NewReader(files)), err
	})
	if err != nil {
		return nil, fmt.Errorf("make the layer of the application's image: %w", err)
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, fmt.Errorf("make the application's image: %w", err)
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("make the application's image: %w", err)
	}
	file = file.DeepCopy()
	file.OS, file.Architecture = "linux", p.architecture
	file.Config = v1.Config{
		Entrypoint: []string{"/usr/bin/application"},
		Cmd:        variant.command(),
		Env:        []string{"PATH=/usr/bin"},
		User:       user,
	}
	if image, err = mutate.ConfigFile(image, file); err != nil {
		return nil, fmt.Errorf("make the application's image: %w", err)
	}
	return image, nil
}

// files is the layer's archive: the program and, as other names for it, its curl and its wget.
func (p Program) files(variant Variant) ([]byte, error) {
	entries := []*tar.Header{
		{Typeflag: tar.TypeDir, Name: "usr/", Mode: 0o755},
		{Typeflag: tar.TypeDir, Name: "usr/bin/", Mode: 0o755},
		{Typeflag: tar.TypeReg, Name: "usr/bin/application", Mode: 0o755, Size: int64(len(p.binary))},
	}
	link := func(name string) {
		entries = append(entries, &tar.Header{Typeflag: tar.TypeSymlink, Name: "usr/bin/" + name, Linkname: "application", Mode: 0o777})
	}
	if !variant.WithoutCurl {
		link("curl")
	}
	if variant.Wget {
		link("wget")
	}
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	for _, entry := range entries {
		if err := writer.WriteHeader(entry); err != nil {
			return nil, err
		}
		if entry.Typeflag == tar.TypeReg {
			if _, err := writer.Write(p.binary); err != nil {
				return nil, err
			}
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return archive.Bytes(), nil
}

// Save writes an image into a file that `docker load` takes. The reference is what docker will call it, such as
// application:v1.
func Save(image v1.Image, reference, path string) error {
	tag, err := name.NewTag(reference)
	if err != nil {
		return fmt.Errorf("save an image as %s: %w", reference, err)
	}
	if err := tarball.WriteToFile(path, tag, image); err != nil {
		return fmt.Errorf("save image %s in %s: %w", reference, path, err)
	}
	return nil
}

// Login is what a registry wants to know of who pushes, for Amazon ECR the two halves of what GetAuthorizationToken
// returns: AWS and the password. The zero value pushes without a login.
type Login struct{ Username, Password string }

// Push pushes an image to a registry, for instance as
// 123456789012.dkr.ecr.eu-west-2.amazonaws.com/mediaserver:v1, and returns its digest there.
func Push(ctx context.Context, image v1.Image, reference string, login Login) (digest string, err error) {
	target, err := name.NewTag(reference, name.StrictValidation)
	if err != nil {
		return "", fmt.Errorf("push an image as %s: %w", reference, err)
	}
	authenticator := authn.Anonymous
	if login != (Login{}) {
		authenticator = &authn.Basic{Username: login.Username, Password: login.Password}
	}
	if err := remote.Write(target, image, remote.WithContext(ctx), remote.WithAuth(authenticator)); err != nil {
		return "", fmt.Errorf("push image %s: %w", reference, err)
	}
	hash, err := image.Digest()
	if err != nil {
		return "", fmt.Errorf("push image %s: %w", reference, err)
	}
	return hash.String(), nil
}
