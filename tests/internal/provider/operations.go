package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
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

func (k *Kind[C, In, Out]) check(properties resource.PropertyMap, defaults map[string]string) []plugin.CheckFailure {
	in, decoded := k.inputs(properties, defaults)
	if k.Check != nil && len(decoded.problems) == 0 {
		k.Check(in, &Problems{decoder: decoded})
	}
	return decoded.problems
}

func (k *Kind[C, In, Out]) diff(s scope[C], req plugin.DiffRequest) (plugin.DiffResult, error) {
	old, new := k.alike(req.OldInputs, req.NewInputs)
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

// unknownOutputs are the computed properties as a preview shows them: those of
// a new resource all unknown, those of an existing one only where volatile.
func (k *Kind[C, In, Out]) unknownOutputs(existing resource.PropertyMap) resource.PropertyMap {
	computed := resource.PropertyMap{}
	for _, f := range fieldsOf(reflect.TypeFor[Out]()) {
		key := resource.PropertyKey(f.name)
		value, kept := existing[key]
		if existing == nil || f.volatile {
			computed[key] = resource.MakeComputed(resource.NewProperty(""))
		} else if kept {
			computed[key] = value
		}
	}
	return computed
}

func (k *Kind[C, In, Out]) read(ctx context.Context, s scope[C], req plugin.ReadRequest) (plugin.ReadResult, error) {
	known := maps.Clone(req.Inputs)
	if known == nil {
		known = resource.PropertyMap{}
	}
	tags, hasTags := req.State[tagsAllKey]
	if k.tagged() && hasTags {
		known[tagsKey] = tags
	}
	in := new(In)
	if err := decode(known, in).err(); err != nil && len(req.Inputs) > 0 {
		return plugin.ReadResult{}, s.failed("read", err)
	}
	out := k.outputs(req.State)
	before := encode(in)
	id, err := k.observe(ctx, s, req, in, out)
	if err != nil {
		if s.missing(err) {
			return plugin.ReadResult{}, nil
		}
		return plugin.ReadResult{}, s.failed("read", err)
	}
	after := encode(in)

	inputs := resource.PropertyMap{}
	maps.Copy(inputs, req.Inputs)
	observed := resource.NewProperty(resource.PropertyMap{})
	if value, ok := after[tagsKey]; ok {
		observed = value
	}
	for _, key := range slices.Sorted(maps.Keys(union(before, after))) {
		if before[key].DeepEquals(after[key]) {
			continue
		}
		value, present := after[key]
		switch {
		case key == tagsKey && k.tagged():
			own := ownTags(observed, req.Inputs[tagsKey], s.defaultTags)
			if _, had := inputs[tagsKey]; had || len(own) > 0 {
				inputs[tagsKey] = resource.NewProperty(own)
			}
		case !present:
			delete(inputs, key)
		case req.Inputs[key].ContainsSecrets() || slices.Contains(k.Secret, string(key)):
			inputs[key] = resource.MakeSecret(value)
		default:
			inputs[key] = value
		}
	}
	return plugin.ReadResult{ID: resource.ID(id), Inputs: inputs, Outputs: k.state(inputs, encode(out), observed)}, nil
}

// observe reads the resource and returns its id. An import knows no inputs, and takes over all that is reported.
func (k *Kind[C, In, Out]) observe(ctx context.Context, s scope[C], req plugin.ReadRequest, in *In, out *Out) (string, error) {
	id := string(req.ID)
	if importing := len(req.Inputs) == 0 && len(req.State) == 0; !importing {
		return id, k.Read(ctx, s.client, id, in, out)
	}
	if k.ImportID != nil {
		var err error
		if id, err = k.ImportID(ctx, s.client, id); err != nil {
			return "", err
		}
	}
	places := ask(in)
	defer places.withdraw(in)
	return id, k.Read(ctx, s.client, id, in, out)
}

func union(a, b resource.PropertyMap) resource.PropertyMap {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func (k *Kind[C, In, Out]) update(ctx context.Context, s scope[C], req plugin.UpdateRequest) (resource.PropertyMap, error) {
	tags := allTags(req.NewInputs, s.defaultTags)
	if req.Preview {
		return k.state(req.NewInputs, k.unknownOutputs(req.OldOutputs), tags), nil
	}
	in, decoded := k.inputs(req.NewInputs, s.defaultTags)
	if err := decoded.err(); err != nil {
		return nil, s.failed("update", err)
	}
	before, _ := k.alike(req.OldInputs, req.NewInputs)
	old, _ := k.inputs(before, s.defaultTags)
	out := k.outputs(req.OldOutputs)

	if err := k.changeTags(ctx, s, string(req.ID), out, req.OldOutputs[tagsAllKey], tags); err != nil {
		return nil, s.failed("tag", err)
	}
	if k.Update != nil {
		if err := k.Update(ctx, s.client, string(req.ID), old, in, out); err != nil {
			return nil, s.failed("update", err)
		}
	}
	if k.Complete != nil {
		if err := k.Complete(ctx, s.client, string(req.ID), in); err != nil {
			return nil, s.failed("update", err)
		}
	}
	if err := k.Read(ctx, s.client, string(req.ID), in, out); err != nil {
		return nil, s.failed("read", err)
	}
	return k.state(req.NewInputs, encode(out), tags), nil
}

func (k *Kind[C, In, Out]) changeTags(ctx context.Context, s scope[C], id string, out *Out, old, all resource.PropertyValue) error {
	changed, removed := tagChanges(old, all)
	if k.SetTags != nil && len(changed) > 0 {
		if err := k.SetTags(ctx, s.client, id, out, changed); err != nil {
			return err
		}
	}
	if k.RemoveTags == nil || len(removed) == 0 {
		return nil
	}
	return k.RemoveTags(ctx, s.client, id, out, removed)
}

func (k *Kind[C, In, Out]) delete(ctx context.Context, s scope[C], req plugin.DeleteRequest) error {
	// What an older state holds is enough to delete by, even if it would no
	// longer pass as input.
	in, _ := k.inputs(req.Inputs, s.defaultTags)
	err := k.Delete(ctx, s.client, string(req.ID), in, k.outputs(req.Outputs))
	if err != nil && !s.missing(err) {
		return s.failed("delete", err)
	}
	return nil
}
