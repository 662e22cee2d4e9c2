package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const (
	// creationAttempts bounds how often a creation is begun, and with
	// creationPause doubling after each, how long a lasting fault is borne:
	// about two seconds.
	creationAttempts = 6
	creationPause    = 50 * time.Millisecond
	// creationLimit ends a creation whose API never answers.
	creationLimit = time.Minute
)

// create makes the resource wholly or not at all.
//
// An API call whose answer is lost may have been carried out. So what bears
// the resource's name is listed before, and after any failure everything that
// has come to bear it since is deleted. The work goes on after the engine has
// hung up, because a call broken off half-way may be carried out later than
// one could look; what was made is then undone.
func (k *Kind[C, In, Out]) create(ctx context.Context, s scope[C], req plugin.CreateRequest) (string, resource.PropertyMap, error) {
	tags := allTags(req.Properties, s.defaultTags)
	if req.Preview {
		return "", k.state(req.Properties, k.unknownOutputs(nil), tags), nil
	}
	in, decoded := k.inputs(req.Properties, s.defaultTags)
	if err := decoded.err(); err != nil {
		return "", nil, s.failed("create", err)
	}
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), creationLimit)
	defer cancel()

	if err := s.pkg.ledger.settle(work, s.urn); err != nil {
		return "", nil, s.failed("undo an earlier creation of", err)
	}
	before, err := k.find(work, s, in)
	if err != nil {
		return "", nil, s.failed("create", err)
	}
	s.pkg.ledger.begin(s.urn, func(ctx context.Context) error { return k.undo(ctx, s, in, before) })

	for attempt := 1; ; attempt++ {
		out := new(Out)
		id, err := k.attempt(work, s, in, out)
		if err == nil {
			err = context.Cause(ctx)
		}
		if err == nil {
			state := k.state(req.Properties, encode(out), tags)
			s.pkg.ledger.answered(s.urn, identify(id, state))
			return id, state, nil
		}
		if undoErr := s.pkg.ledger.settle(work, s.urn); undoErr != nil {
			return "", nil, s.failed("create", errors.Join(err, fmt.Errorf("undo: %w", undoErr)))
		}
		if ctx.Err() != nil || s.pkg.Transient == nil || !s.pkg.Transient(err) {
			return "", nil, s.failed("create", err)
		}
		if attempt == creationAttempts {
			return "", nil, s.failed("create", fmt.Errorf("after %d attempts: %w", attempt, err))
		}
		s.pkg.ledger.begin(s.urn, func(ctx context.Context) error { return k.undo(ctx, s, in, before) })
		pause(ctx, creationPause<<(attempt-1))
	}
}

func (k *Kind[C, In, Out]) attempt(ctx context.Context, s scope[C], in *In, out *Out) (string, error) {
	single := s.client
	if s.pkg.Single != nil {
		single = s.pkg.Single(s.client)
	}
	id, err := k.Create(ctx, single, in)
	if err != nil {
		return "", err
	}
	observed := *in
	return id, k.Read(ctx, s.client, id, &observed, out)
}

// find lists the ids of what bears the name that the inputs ask for.
func (k *Kind[C, In, Out]) find(ctx context.Context, s scope[C], in *In) ([]string, error) {
	switch {
	case k.Find != nil:
		ids, err := k.Find(ctx, s.client, in)
		if err != nil && s.missing(err) {
			return nil, nil
		}
		return ids, err
	case k.ID != nil:
		id, observed := k.ID(in), *in
		err := k.Read(ctx, s.client, id, &observed, new(Out))
		if err != nil && s.missing(err) {
			return nil, nil
		}
		return []string{id}, err
	default:
		return nil, nil
	}
}

func (k *Kind[C, In, Out]) undo(ctx context.Context, s scope[C], in *In, before []string) error {
	ids, err := k.find(ctx, s, in)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if slices.Contains(before, id) {
			continue
		}
		if err := k.Delete(ctx, s.client, id, in, new(Out)); err != nil && !s.missing(err) {
			return err
		}
	}
	return nil
}

func pause(ctx context.Context, duration time.Duration) {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
