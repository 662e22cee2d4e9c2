package deploy

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// push checks the image, logs in and puts it into the registry.
func (r *run) push(ctx context.Context) error {
	image, platforms, err := r.openImage(ctx)
	if err != nil {
		return err
	}
	if err := checkPlatform("image '"+r.image+"' is built for", platforms, r.platform); err != nil {
		return err
	}
	target := r.outputs.repository + ":" + r.tag
	if r.dryRun {
		r.show("would run:", r.command(&ecr.GetAuthorizationTokenInput{})...)
		r.say("would push: %s as %s", r.image, target)
		return nil
	}
	login, err := r.logIn(ctx)
	if err != nil {
		return err
	}
	pushed, err := r.send(ctx, image, target, login)
	if err != nil {
		return err
	}
	if r.digest, _, err = r.findImage(ctx, ecrtypes.ImageIdentifier{ImageTag: &r.tag}); err != nil {
		return err
	}
	if r.digest == "" {
		return fail(exitPush, "%s was pushed, but the registry does not have it", target)
	}
	// The tag is what gets deployed.
	if r.digest != pushed.String() {
		return fail(exitReplaced, "the tag %s names another image now (%s) than the one that was pushed (%s): somebody else pushed it", r.tag, r.digest, pushed)
	}
	return nil
}

func (r *run) registryHost() string {
	host, _, _ := strings.Cut(r.outputs.repository, "/")
	return host
}

// logIn asks AWS for the registry's password. It stays in the memory of this run: no file and no other program gets it.
func (r *run) logIn(ctx context.Context) (authn.Authenticator, error) {
	r.say("Logging in to %s", r.registryHost())
	answer, err := call(ctx, r, r.clients.ecr.GetAuthorizationToken, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return nil, fail(exitLogin, "cannot log in to %s: %s", r.registryHost(), told(err))
	}
	if len(answer.AuthorizationData) > 0 {
		token, err := base64.StdEncoding.DecodeString(aws.ToString(answer.AuthorizationData[0].AuthorizationToken))
		if user, password, found := strings.Cut(string(token), ":"); err == nil && found {
			return &authn.Basic{Username: user, Password: password}, nil
		}
	}
	return nil, fail(exitLogin, "cannot log in to %s: AWS answered without a password", r.registryHost())
}

// send pushes the image, except for layers that the registry has already, and returns its digest.
func (r *run) send(ctx context.Context, image pushable, target string, login authn.Authenticator) (v1.Hash, error) {
	reference, err := name.NewTag(target)
	if err != nil {
		return v1.Hash{}, fail(exitPush, "cannot push %s: %v", target, err)
	}
	r.say("Pushing %s", target)
	network := r.transport
	if network == nil {
		network = remote.DefaultTransport
	}
	updates, finished := make(chan v1.Update, 16), make(chan struct{})
	go func() {
		defer close(finished)
		for update := range updates {
			// Without a terminal, each change would be a line.
			if r.terminal && update.Error == nil {
				r.progress("pushing: %d of %d MB", update.Complete>>20, update.Total>>20)
			}
		}
	}()
	err = remote.Push(reference, image, remote.WithContext(ctx), remote.WithAuth(login), remote.WithProgress(updates),
		remote.WithTransport(stallGuard{network}))
	<-finished
	var refusal *transport.Error
	switch {
	case err == nil:
		return image.Digest()
	case errors.As(err, &refusal) && refusal.StatusCode == http.StatusUnauthorized:
		return v1.Hash{}, fail(exitLogin, "cannot log in to %s: %s", r.registryHost(), page(refusal.Error()))
	}
	return v1.Hash{}, fail(exitPush, "cannot push %s: %s", target, told(err))
}
