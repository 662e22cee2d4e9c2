package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
)

// scope is what an operation on one resource works with.
type scope[C any] struct {
	*configuration[C]
	pkg *Package[C]
	urn resource.URN
}

// missing says whether an error means that the resource does not exist.
func (s scope[C]) missing(err error) bool {
	return errors.Is(err, ErrNotFound) || s.pkg.Missing != nil && s.pkg.Missing(err)
}

// failed names the resource in an error.
func (s scope[C]) failed(verb string, err error) error {
	return fmt.Errorf("%s %s: %w", verb, s.urn.Name(), err)
}

func (k *Kind[C, M]) check(properties resource.PropertyMap, defaults map[string]string) []plugin.CheckFailure {
	m, decoded := k.inputs(properties, defaults)
	if len(decoded.problems) > 0 {
		return decoded.problems
	}
	problems := &Problems{decoder: decoded}
	problems.Apply("", resource.NewProperty(properties), k.Rules)
	if k.Check != nil {
		k.Check(m, problems)
	}
	return decoded.problems
}

func (k *Kind[C, M]) diff(s scope[C], req plugin.DiffRequest) (plugin.DiffResult, error) {
	old, new := k.comparable(req.OldInputs, req.NewInputs)
	if k.CheckChange != nil {
		before, _ := k.inputs(old, s.defaultTags)
		after, _ := k.inputs(new, s.defaultTags)
		if err := k.CheckChange(before, after); err != nil {
			return plugin.DiffResult{}, s.failed("change", err)
		}
	}
	changed := old.Diff(new).ChangedKeys()
	if k.tagged() && !slices.Contains(changed, tagsKey) {
		set, remove := tagChanges(req.OldOutputs[tagsAllKey], allTags(req.NewInputs, s.defaultTags))
		if len(set)+len(remove) > 0 {
			changed = append(changed, tagsAllKey)
		}
	}
	if len(changed) == 0 {
		return plugin.DiffResult{Changes: plugin.DiffNone}, nil
	}
	result := plugin.DiffResult{Changes: plugin.DiffSome, ChangedKeys: changed}
	for _, key := range changed {
		if slices.Contains(k.Replace, string(key)) {
			result.ReplaceKeys = append(result.ReplaceKeys, key)
		}
	}
	result.DeleteBeforeReplace = len(result.ReplaceKeys) > 0 && k.Name != "" &&
		!slices.Contains(changed, resource.PropertyKey(k.Name))
	return result, nil
}

// comparable are the inputs of a resource as it is and as it will be, without the differences that are none: an input
// that is not stated has its default, and the cloud decides one that it computes.
func (k *Kind[C, M]) comparable(old, new resource.PropertyMap) (resource.PropertyMap, resource.PropertyMap) {
	old, new = revealAll(old).Copy(), revealAll(new).Copy()
	for name, value := range k.Defaults {
		for _, inputs := range []resource.PropertyMap{old, new} {
			if _, stated := inputs[resource.PropertyKey(name)]; !stated {
				inputs[resource.PropertyKey(name)] = resource.NewPropertyValue(value)
			}
		}
	}
	for _, name := range k.Computed {
		key := resource.PropertyKey(name)
		if _, stated := new[key]; !stated {
			delete(old, key)
		}
	}
	return old, new
}

// unknownOutputs are the computed properties as a preview shows them: those of a new resource all unknown, those of an
// existing one only where volatile.
func (k *Kind[C, M]) unknownOutputs(existing resource.PropertyMap) resource.PropertyMap {
	computed := resource.PropertyMap{}
	for _, f := range k.fields() {
		key := resource.PropertyKey(f.name)
		value, kept := existing[key]
		switch {
		case !f.output:
		case existing == nil || f.volatile:
			computed[key] = resource.MakeComputed(resource.NewProperty(""))
		case kept:
			computed[key] = value
		}
	}
	return computed
}

// create makes the resource. If it comes into being and something fails afterwards, the error carries the state as far
// as it got: the engine records the resource, says that its initialization failed, and has the next run complete it by
// an update.
func (k *Kind[C, M]) create(ctx context.Context, s scope[C], req plugin.CreateRequest) (plugin.CreateResponse, error) {
	tags := allTags(req.Properties, s.defaultTags)
	if req.Preview {
		return plugin.CreateResponse{Properties: k.state(req.Properties, k.unknownOutputs(nil), tags), Status: resource.StatusOK}, nil
	}
	m, decoded := k.inputs(req.Properties, s.defaultTags)
	if err := decoded.err(); err != nil {
		return plugin.CreateResponse{}, s.failed("create", err)
	}
	id, err := k.make(ctx, s, m)
	if id == "" && err == nil && k.ID != "" {
		id = reveal(req.Properties[resource.PropertyKey(k.ID)]).StringValue()
	}
	if id == "" {
		return plugin.CreateResponse{}, s.failed("create", err)
	}
	if err == nil && k.Complete != nil {
		err = k.Complete(ctx, s.client, id, m)
	}
	if err == nil {
		err = k.Read(ctx, s.client, id, m)
	}
	if err != nil {
		return plugin.CreateResponse{}, incomplete(id, k.state(req.Properties, encode(new(M), isOutput), tags), s.failed("create", err))
	}
	state := k.state(req.Properties, encode(m, isOutput), tags)
	return plugin.CreateResponse{ID: resource.ID(id), Properties: state, Status: resource.StatusOK}, nil
}

func (k *Kind[C, M]) make(ctx context.Context, s scope[C], m *M) (string, error) {
	if k.Put != nil {
		return "", k.Put(ctx, s.client, m)
	}
	return k.Create(ctx, s.client, m)
}

// incomplete is the protocol's error for a resource that was created but not completed.
func incomplete(id string, state resource.PropertyMap, reason error) error {
	properties, err := plugin.MarshalProperties(state, plugin.MarshalOptions{KeepSecrets: true, KeepResources: true})
	if err != nil {
		return errors.Join(reason, fmt.Errorf("record what was created: %w", err))
	}
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, reason.Error()), &pulumirpc.ErrorResourceInitFailed{
		Id: id, Properties: properties, Reasons: []string{reason.Error()},
	})
}

func (k *Kind[C, M]) update(ctx context.Context, s scope[C], req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	tags := allTags(req.NewInputs, s.defaultTags)
	if req.Preview {
		return plugin.UpdateResponse{Properties: k.state(req.NewInputs, k.unknownOutputs(req.OldOutputs), tags), Status: resource.StatusOK}, nil
	}
	m, decoded := k.inputs(req.NewInputs, s.defaultTags)
	if err := decoded.err(); err != nil {
		return plugin.UpdateResponse{}, s.failed("update", err)
	}
	before, _ := k.comparable(req.OldInputs, req.NewInputs)
	old, _ := k.inputs(before, s.defaultTags)
	k.addOutputs(m, req.OldOutputs)

	id := string(req.ID)
	if err := k.changeTags(ctx, s, id, req.OldOutputs, tags); err != nil {
		return plugin.UpdateResponse{}, s.failed("tag", err)
	}
	if err := k.change(ctx, s, id, old, m); err != nil {
		return plugin.UpdateResponse{}, s.failed("update", err)
	}
	if err := k.Read(ctx, s.client, id, m); err != nil {
		return plugin.UpdateResponse{}, s.failed("read", err)
	}
	return plugin.UpdateResponse{Properties: k.state(req.NewInputs, encode(m, isOutput), tags), Status: resource.StatusOK}, nil
}

func (k *Kind[C, M]) change(ctx context.Context, s scope[C], id string, old, m *M) error {
	var err error
	switch {
	case k.Put != nil:
		err = k.Put(ctx, s.client, m)
	case k.Update != nil:
		err = k.Update(ctx, s.client, id, old, m)
	}
	if err != nil || k.Complete == nil {
		return err
	}
	return k.Complete(ctx, s.client, id, m)
}

func (k *Kind[C, M]) changeTags(
	ctx context.Context, s scope[C], id string, old resource.PropertyMap, all resource.PropertyValue,
) error {
	target := id
	if output := reveal(old[resource.PropertyKey(k.TagBy)]); output.IsString() {
		target = output.StringValue()
	}
	changed, removed := tagChanges(old[tagsAllKey], all)
	if k.SetTags != nil && len(changed) > 0 {
		if err := k.SetTags(ctx, s.client, target, changed); err != nil {
			return err
		}
	}
	if k.RemoveTags == nil || len(removed) == 0 {
		return nil
	}
	return k.RemoveTags(ctx, s.client, target, removed)
}

func (k *Kind[C, M]) delete(ctx context.Context, s scope[C], req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	// What an older state holds is enough to delete by, even if it would no longer pass as input.
	m, _ := k.inputs(req.Inputs, s.defaultTags)
	k.addOutputs(m, req.Outputs)
	if err := k.Delete(ctx, s.client, string(req.ID), m); err != nil && !s.missing(err) {
		return plugin.DeleteResponse{}, s.failed("delete", err)
	}
	return plugin.DeleteResponse{Status: resource.StatusOK}, nil
}
