package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
)

// create makes the resource. If it comes into being and something fails
// afterwards, the error carries the state as far as it got: the engine records
// the resource, says that its initialization failed, and has the next run
// complete it by an update.
func (k *Kind[C, In, Out]) create(ctx context.Context, s scope[C], req plugin.CreateRequest) (string, resource.PropertyMap, error) {
	tags := allTags(req.Properties, s.defaultTags)
	if req.Preview {
		return "", k.state(req.Properties, k.unknownOutputs(nil), tags), nil
	}
	in, decoded := k.inputs(req.Properties, s.defaultTags)
	if err := decoded.err(); err != nil {
		return "", nil, s.failed("create", err)
	}
	id, err := k.Create(ctx, s.client, in)
	if err != nil {
		return "", nil, s.failed("create", err)
	}
	observed, out := *in, new(Out)
	if k.Finish != nil {
		err = k.Finish(ctx, s.client, id, in)
	}
	if err == nil && k.Complete != nil {
		err = k.Complete(ctx, s.client, id, in)
	}
	if err == nil {
		err = k.Read(ctx, s.client, id, &observed, out)
	}
	state := k.state(req.Properties, encode(out), tags)
	if err != nil {
		return "", nil, incomplete(id, state, s.failed("create", err))
	}
	return id, state, nil
}

// incomplete is the protocol's error for a resource that was created but not
// completed.
func incomplete(id string, state resource.PropertyMap, reason error) error {
	properties, err := plugin.MarshalProperties(state, plugin.MarshalOptions{KeepSecrets: true, KeepResources: true})
	if err != nil {
		return errors.Join(reason, fmt.Errorf("record what was created: %w", err))
	}
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, reason.Error()), &pulumirpc.ErrorResourceInitFailed{
		Id: id, Properties: properties, Reasons: []string{reason.Error()},
	})
}
