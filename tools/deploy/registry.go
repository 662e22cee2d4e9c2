package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// repositoryOf is an image's name without its tag and digest.
func repositoryOf(image string) string {
	name, _, _ := strings.Cut(image, "@")
	if slash := strings.LastIndex(name, "/"); strings.Contains(name[slash+1:], ":") {
		name = name[:strings.LastIndex(name, ":")]
	}
	return name
}

// imageID is the digest in an image's name, or the tag. Nil if it has neither.
func imageID(image string) *ecrtypes.ImageIdentifier {
	if _, digest, found := strings.Cut(image, "@"); found {
		return &ecrtypes.ImageIdentifier{ImageDigest: &digest}
	}
	if _, tag, found := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":"); found {
		return &ecrtypes.ImageIdentifier{ImageTag: &tag}
	}
	return nil
}

// repositoryName is the repository's name in the registry.
func (r *run) repositoryName() *string {
	_, name, _ := strings.Cut(r.outputs.repository, "/")
	return &name
}

// findImage is the digest and the tags of an image in the registry. The digest is empty if it is not there.
func (r *run) findImage(ctx context.Context, id ecrtypes.ImageIdentifier) (digest string, tags []string, err error) {
	answer, err := call(ctx, r, r.clients.ecr.DescribeImages, &ecr.DescribeImagesInput{
		RepositoryName: r.repositoryName(), ImageIds: []ecrtypes.ImageIdentifier{id},
	})
	var missing *ecrtypes.ImageNotFoundException
	switch {
	case errors.As(err, &missing) || err == nil && len(answer.ImageDetails) == 0:
		return "", nil, nil
	case err != nil:
		return "", nil, cannot(err, "look for the image with %s in %s", cliValue(id), r.outputs.repository)
	}
	return aws.ToString(answer.ImageDetails[0].ImageDigest), answer.ImageDetails[0].ImageTags, nil
}

// chooseImage brings the image into the registry, or finds it there.
func (r *run) chooseImage(ctx context.Context) error {
	if !r.skipPush {
		return r.push(ctx)
	}
	var err error
	if r.digest, _, err = r.findImage(ctx, ecrtypes.ImageIdentifier{ImageTag: &r.tag}); err != nil {
		return err
	}
	if r.digest == "" {
		return fail(exitImage, "%s has no image with the tag '%s'; push one with --image", r.outputs.repository, r.tag)
	}
	what := fmt.Sprintf("%s:%s (%s)", r.outputs.repository, r.tag, r.digest)
	platforms, err := r.registryPlatforms(ctx, what)
	if err != nil {
		return err
	}
	return checkPlatform(what+" is for", platforms, r.platform)
}

// checkPlatform fails unless the platform of the tasks is among those of an image.
func checkPlatform(what string, platforms []string, platform string) error {
	if slices.Contains(platforms, platform) {
		return nil
	}
	if len(platforms) == 0 {
		platforms = []string{"no platform that it names"}
	}
	return fail(exitImage, "%s %s, the tasks run %s; build it with 'docker build --platform %s'", what, strings.Join(platforms, " "), platform, platform)
}

// indexPlatforms are the platforms in an index. Attestations are in it too, as images for unknown/unknown.
func indexPlatforms(index *v1.IndexManifest) []string {
	var platforms []string
	for _, each := range index.Manifests {
		if each.Platform != nil && each.Platform.OS != "unknown" {
			platforms = append(platforms, each.Platform.OS+"/"+each.Platform.Architecture)
		}
	}
	return platforms
}

// registryPlatforms are the platforms of the image with the run's digest. Only its index or manifest and its configuration
// are fetched.
func (r *run) registryPlatforms(ctx context.Context, what string) ([]string, error) {
	types := []string{
		"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
		"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
	}
	answer, err := call(ctx, r, r.clients.ecr.BatchGetImage, &ecr.BatchGetImageInput{
		RepositoryName: r.repositoryName(), ImageIds: []ecrtypes.ImageIdentifier{{ImageDigest: &r.digest}}, AcceptedMediaTypes: types,
	})
	if err != nil {
		return nil, cannot(err, "read the manifest of %s", what)
	}
	var manifest struct {
		v1.IndexManifest
		Config *v1.Descriptor `json:"config"`
	}
	if len(answer.Images) > 0 {
		if err := json.Unmarshal([]byte(aws.ToString(answer.Images[0].ImageManifest)), &manifest); err != nil {
			return nil, fail(exitAPI, "cannot read the manifest of %s: %v", what, err)
		}
	}
	switch {
	case manifest.Manifests != nil:
		return indexPlatforms(&manifest.IndexManifest), nil
	case manifest.Config == nil:
		return nil, fail(exitImage, "%s is not an image that tasks can run", what)
	}
	return r.configuredPlatform(ctx, what, manifest.Config.Digest.String())
}

// configuredPlatform is what the configuration of an image for one platform says.
func (r *run) configuredPlatform(ctx context.Context, what, digest string) ([]string, error) {
	answer, err := call(ctx, r, r.clients.ecr.GetDownloadUrlForLayer, &ecr.GetDownloadUrlForLayerInput{
		RepositoryName: r.repositoryName(), LayerDigest: &digest,
	})
	if err != nil {
		return nil, cannot(err, "read where the configuration of %s is", what)
	}
	if r.dryRun {
		r.say("look:      the image's configuration, at the address that AWS gave")
	}
	content, err := r.download(ctx, aws.ToString(answer.DownloadUrl), "the configuration of "+what)
	var configuration *v1.ConfigFile
	if err == nil {
		configuration, err = v1.ParseConfigFile(bytes.NewReader(content))
	}
	if err != nil {
		// Anyone who knows the address can read what is there, so it is not printed.
		return nil, fail(exitAPI, "cannot read the configuration of %s: %s", what, cause(err))
	}
	if configuration.OS == "" {
		return []string{"unknown/unknown"}, nil
	}
	return []string{configuration.OS + "/" + configuration.Architecture}, nil
}

// download gets what is at an address. It retries after faults that pass by themselves.
func (r *run) download(ctx context.Context, address, what string) (content []byte, err error) {
	err = r.persist(ctx, what, cause, func() error {
		var status int
		if content, status, err = r.get(ctx, address, ""); err == nil && status != http.StatusOK {
			err = unexpectedStatus(status)
		}
		return err
	})
	return content, err
}

// unexpectedStatus is an answer other than 200. A server error passes by itself.
type unexpectedStatus int

func (s unexpectedStatus) Error() string   { return fmt.Sprintf("it answers %d", int(s)) }
func (s unexpectedStatus) Temporary() bool { return s >= http.StatusInternalServerError }
