package deploy

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// split takes the name of an image apart. Its id is the digest, or else the tag, which is latest if there is none.
func split(image string) (repository string, id ecrtypes.ImageIdentifier) {
	if name, digest, found := strings.Cut(image, "@"); found {
		repository, _ = split(name)
		return repository, ecrtypes.ImageIdentifier{ImageDigest: &digest}
	}
	if at := strings.LastIndex(image, ":"); at > strings.LastIndex(image, "/") {
		return image[:at], ecrtypes.ImageIdentifier{ImageTag: aws.String(image[at+1:])}
	}
	return image, ecrtypes.ImageIdentifier{ImageTag: aws.String("latest")}
}

// findImage is the digest and the tags of an image in the registry. The digest is empty if it is not there.
func (r *run) findImage(ctx context.Context, id ecrtypes.ImageIdentifier) (digest string, tags []string, err error) {
	_, repository, _ := strings.Cut(r.outputs.repository, "/")
	answer, err := r.clients.ecr.DescribeImages(ctx, &ecr.DescribeImagesInput{
		RepositoryName: &repository, ImageIds: []ecrtypes.ImageIdentifier{id},
	})
	if _, missing := errors.AsType[*ecrtypes.ImageNotFoundException](err); missing || err == nil && len(answer.ImageDetails) == 0 {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	return aws.ToString(answer.ImageDetails[0].ImageDigest), answer.ImageDetails[0].ImageTags, nil
}

// chooseImage brings the image into the registry, or finds it there. Its platforms must include the tasks'.
func (r *run) chooseImage(ctx context.Context) error {
	var image pushable
	var err error
	what := "image '" + r.image + "' is built for"
	if r.skipPush {
		image, what, err = r.openRegistryImage(ctx)
	} else {
		image, err = r.openImage(ctx)
	}
	if err != nil {
		return err
	}
	platforms, err := platformsOf(image)
	if err != nil && r.skipPush {
		return r.registryFailure(exitAPI, "read the configuration of "+r.digest, err)
	}
	if err != nil {
		return fail(exitImage, "cannot read the platform of the image '%s': %v", r.image, err)
	}
	if !slices.Contains(platforms, r.platform) {
		return fail(exitImage, "%s %s, the tasks run %s; build it with 'docker build --platform %s'",
			what, cmp.Or(strings.Join(platforms, " "), "no platform that it names"), r.platform, r.platform)
	}
	if r.skipPush {
		return nil
	}
	return r.push(ctx, image)
}

// openRegistryImage opens the image that the tag names in the registry, and says which that is.
func (r *run) openRegistryImage(ctx context.Context) (image pushable, what string, err error) {
	if r.digest, _, err = r.findImage(ctx, ecrtypes.ImageIdentifier{ImageTag: &r.tag}); err != nil {
		return nil, "", err
	}
	if r.digest == "" {
		return nil, "", fail(exitImage, "%s has no image with the tag '%s'; push one with --image", r.outputs.repository, r.tag)
	}
	what = fmt.Sprintf("%s:%s (%s) is for", r.outputs.repository, r.tag, r.digest)
	reference, err := name.NewDigest(r.outputs.repository + "@" + r.digest)
	if err != nil {
		return nil, "", err
	}
	options, err := r.logIn(ctx)
	if err != nil {
		return nil, "", err
	}
	found, err := remote.Get(reference, options...)
	switch {
	case err != nil:
	case found.MediaType.IsIndex():
		image, err = found.ImageIndex()
	default:
		image, err = found.Image()
	}
	return image, what, r.registryFailure(exitAPI, "read "+reference.Name(), err)
}

// logIn asks AWS for the registry's password. It stays in the memory of this run: no file and no other program gets it.
func (r *run) logIn(ctx context.Context) ([]remote.Option, error) {
	registry, _, _ := strings.Cut(r.outputs.repository, "/")
	r.say("Logging in to %s", registry)
	answer, err := r.clients.ecr.GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return nil, fail(exitLogin, "cannot log in to %s: %s", registry, told(err))
	}
	for _, each := range answer.AuthorizationData {
		token, err := base64.StdEncoding.DecodeString(aws.ToString(each.AuthorizationToken))
		if user, password, found := strings.Cut(string(token), ":"); err == nil && found {
			network := r.Transport
			if network == nil {
				network = remote.DefaultTransport
			}
			return []remote.Option{
				remote.WithContext(ctx), remote.WithTransport(network),
				remote.WithAuth(&authn.Basic{Username: user, Password: password}),
			}, nil
		}
	}
	return nil, fail(exitLogin, "cannot log in to %s: AWS answered without a password", registry)
}

// registryFailure is what to tell if the registry could not do something. Nil if there is no error.
func (r *run) registryFailure(code int, what string, err error) error {
	if err == nil {
		return nil
	}
	if refusal, is := errors.AsType[*transport.Error](err); is && refusal.StatusCode == http.StatusUnauthorized {
		return fail(exitLogin, "cannot log in to the registry of %s: %s", r.outputs.repository, told(err))
	}
	return fail(code, "cannot %s: %s", what, told(err))
}

// stallLimit is how long a push may go without a byte moving. The registry takes less to check a large layer. Without a
// limit, a peer that keeps the connection open but takes nothing would hold the push up for ever.
const stallLimit = 2 * time.Minute

var errStalled = fmt.Errorf("the push stalled: no byte moved for %d s", int(stallLimit.Seconds()))

// push puts the image into the registry, except for layers that are there already.
func (r *run) push(ctx context.Context, image pushable) error {
	target, err := name.NewTag(r.outputs.repository + ":" + r.tag)
	if err != nil {
		return err
	}
	if r.dryRun {
		r.say("would push: %s as %s", r.image, target)
		return nil
	}
	moving, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	options, err := r.logIn(moving)
	if err != nil {
		return err
	}
	r.say("Pushing %s", target)
	stall := time.AfterFunc(stallLimit, func() { cancel(errStalled) })
	defer stall.Stop()
	updates, finished := make(chan v1.Update, 16), make(chan struct{})
	go func() {
		defer close(finished)
		for update := range updates {
			stall.Reset(stallLimit)
			// Without a terminal, each change would be a line.
			if r.Terminal && update.Error == nil {
				r.progress("pushing: %d of %d MB", update.Complete>>20, update.Total>>20)
			}
		}
	}()
	err = remote.Push(target, image, append(options, remote.WithProgress(updates))...)
	<-finished
	if context.Cause(moving) == errStalled {
		err = errStalled
	}
	if err != nil {
		return r.registryFailure(exitPush, "push "+target.Name(), err)
	}
	pushed, err := image.Digest()
	if err != nil {
		return err
	}
	r.digest = pushed.String()
	return r.checkTag(ctx)
}

// checkTag fails if the tag does not name the image that is deployed: later tasks would run what it names.
func (r *run) checkTag(ctx context.Context) error {
	digest, _, err := r.findImage(ctx, ecrtypes.ImageIdentifier{ImageTag: &r.tag})
	if err == nil && digest != r.digest {
		return fail(exitReplaced, "the tag %s names another image now (%s) than the one to deploy (%s): somebody else pushed it",
			r.tag, cmp.Or(digest, "none"), r.digest)
	}
	return err
}
