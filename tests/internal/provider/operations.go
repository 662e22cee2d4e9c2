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
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
)

// scope is what an operation on one resource works with.
type scope[C any] struct {
	*session[C]
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

// load decodes inputs with the default tags merged in, and outputs.
func (k *Kind[C, M]) load(s scope[C], inputs, outputs object) (*M, *Problems) {
	m := new(M)
	if k.tags(m) != nil {
		inputs = maps.Clone(inputs)
		inputs[tagsKey] = allTags(inputs, s.defaultTags)
	}
	return m, decode(inputs, outputs, m)
}

// state is what is recorded of a resource: the inputs as the program gave them, the computed properties, and all tags.
func (k *Kind[C, M]) state(inputs, computed object, tags any) resource.PropertyMap {
	state := maps.Clone(inputs)
	maps.Copy(state, computed)
	if k.tags(new(M)) != nil {
		state[tagsAllKey] = tags
	}
	return k.sealed(state)
}

// sealed are properties as the protocol has them, with those marked that are secret.
func (k *Kind[C, M]) sealed(properties object) resource.PropertyMap {
	sealed := resource.NewPropertyMapFromMap(properties)
	for _, name := range k.flagged("secret") {
		if value, has := sealed[resource.PropertyKey(name)]; has {
			sealed[resource.PropertyKey(name)] = resource.MakeSecret(value)
		}
	}
	return sealed
}

func (k *Kind[C, M]) check(_ context.Context, s scope[C], req plugin.CheckRequest) (plugin.CheckResponse, error) {
	inputs := plainObject(req.News)
	m, problems := k.load(s, inputs, nil)
	s.pkg.Rules[k.Token].apply(inputs, problems)
	if len(problems.failures) == 0 && k.Check != nil {
		k.Check(m, problems)
	}
	return plugin.CheckResponse{Properties: req.News, Failures: problems.failures}, nil
}

func (k *Kind[C, M]) diff(_ context.Context, s scope[C], req plugin.DiffRequest) (plugin.DiffResult, error) {
	changed := changedKeys(k.comparable(plainObject(req.OldInputs), plainObject(req.NewInputs)))
	if k.tags(new(M)) != nil && !slices.Contains(changed, tagsKey) {
		set, remove := tagChanges(plain(req.OldOutputs[tagsAllKey]), allTags(plainObject(req.NewInputs), s.defaultTags))
		if len(set)+len(remove) > 0 {
			changed = append(changed, tagsAllKey)
		}
	}
	result := difference(changed, append(k.flagged("replace"), k.flagged("id")...))
	naming := append(k.flagged("name"), k.flagged("id")...)
	result.DeleteBeforeReplace = len(result.ReplaceKeys) > 0 && len(naming) > 0 && !slices.Contains(changed, resource.PropertyKey(naming[0]))
	return result, nil
}

// difference is the answer that some properties have changed, of which some may replace the resource.
func difference(changed []resource.PropertyKey, replacing []string) plugin.DiffResult {
	result := plugin.DiffResult{Changes: plugin.DiffNone, ChangedKeys: changed}
	for _, key := range changed {
		result.Changes = plugin.DiffSome
		if slices.Contains(replacing, string(key)) {
			result.ReplaceKeys = append(result.ReplaceKeys, key)
		}
	}
	return result
}

// comparable are the inputs of a resource as it is and as it will be, without the differences that are none: an input
// that is not stated has its default, and the cloud decides one that it computes.
func (k *Kind[C, M]) comparable(old, new object) (object, object) {
	old, new = maps.Clone(old), maps.Clone(new)
	for _, f := range k.fields() {
		for _, inputs := range []object{old, new} {
			if inputs[f.name] == nil && f.initial != nil {
				inputs[f.name] = f.initial
			}
		}
		if f.is("computed") && new[f.name] == nil {
			delete(old, f.name)
		}
	}
	return old, new
}

// recorded are the outputs of an existing resource, and those of a new one as a preview shows them: all unknown.
func (k *Kind[C, M]) recorded(existing object) object {
	computed := object{}
	for _, name := range k.flagged("output") {
		if existing == nil {
			computed[name] = unknown
		} else if value, kept := existing[name]; kept {
			computed[name] = value
		}
	}
	return computed
}

// create makes the resource. If it comes into being and something fails afterwards, the error carries the state as far
// as it got: the engine records the resource, says that its initialization failed, and has the next run complete it by
// an update.
func (k *Kind[C, M]) create(ctx context.Context, s scope[C], req plugin.CreateRequest) (plugin.CreateResponse, error) {
	inputs := plainObject(req.Properties)
	tags := allTags(inputs, s.defaultTags)
	if req.Preview {
		return plugin.CreateResponse{Properties: k.state(inputs, k.recorded(nil), tags)}, nil
	}
	m, problems := k.load(s, inputs, nil)
	if err := problems.err(); err != nil {
		return plugin.CreateResponse{}, s.failed("create", err)
	}
	var id string
	var err error
	if k.Put != nil {
		err = k.Put(ctx, s.client, m)
	} else {
		id, err = k.Create(ctx, s.client, m)
	}
	if own := k.flagged("id"); err == nil && k.ID != nil {
		id = k.ID(m)
	} else if err == nil && len(own) > 0 {
		id = inputs[own[0]].(string)
	}
	if id == "" {
		return plugin.CreateResponse{}, s.failed("create", err)
	}
	if err == nil && k.Complete != nil {
		err = k.Complete(ctx, s.client, id, m)
	}
	if err == nil {
		err = k.look(ctx, s, id, m)
	}
	if err != nil {
		return plugin.CreateResponse{}, incomplete(id, k.state(inputs, encode(new(M), isOutput), tags), s.failed("create", err))
	}
	return plugin.CreateResponse{ID: resource.ID(id), Properties: k.state(inputs, encode(m, isOutput), tags)}, nil
}

// incomplete is the protocol's error for a resource that was created but not completed.
func incomplete(id string, state resource.PropertyMap, reason error) error {
	properties, err := plugin.MarshalProperties(state, plugin.MarshalOptions{KeepSecrets: true})
	if err != nil {
		return errors.Join(reason, fmt.Errorf("record what was created: %w", err))
	}
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, reason.Error()), &pulumirpc.ErrorResourceInitFailed{
		Id: id, Properties: properties, Reasons: []string{reason.Error()},
	})
}

func (k *Kind[C, M]) update(ctx context.Context, s scope[C], req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	inputs, outputs := plainObject(req.NewInputs), plainObject(req.OldOutputs)
	tags := allTags(inputs, s.defaultTags)
	if req.Preview {
		return plugin.UpdateResponse{Properties: k.state(inputs, k.recorded(outputs), tags)}, nil
	}
	m, problems := k.load(s, inputs, outputs)
	if err := problems.err(); err != nil {
		return plugin.UpdateResponse{}, s.failed("update", err)
	}
	before, _ := k.comparable(plainObject(req.OldInputs), inputs)
	old, _ := k.load(s, before, nil)

	id := string(req.ID)
	set, remove := tagChanges(outputs[tagsAllKey], tags)
	var err error
	if k.Tags.Set != nil && len(set) > 0 {
		err = k.Tags.Set(ctx, s.client, k.Tags.target(id, outputs), set)
	}
	if err == nil && k.Tags.Remove != nil && len(remove) > 0 {
		err = k.Tags.Remove(ctx, s.client, k.Tags.target(id, outputs), remove)
	}
	if err == nil && k.Put != nil {
		err = k.Put(ctx, s.client, m)
	}
	if err == nil && k.Update != nil {
		err = k.Update(ctx, s.client, id, old, m)
	}
	if err == nil && k.Complete != nil {
		err = k.Complete(ctx, s.client, id, m)
	}
	if err == nil {
		err = k.look(ctx, s, id, m)
	}
	if err != nil {
		return plugin.UpdateResponse{}, s.failed("update", err)
	}
	return plugin.UpdateResponse{Properties: k.state(inputs, encode(m, isOutput), tags)}, nil
}

func (k *Kind[C, M]) delete(ctx context.Context, s scope[C], req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	if k.Delete == nil {
		return plugin.DeleteResponse{}, nil
	}
	// What an older state holds is enough to delete by, even if it would no longer pass as input.
	m, _ := k.load(s, plainObject(req.Inputs), plainObject(req.Outputs))
	if err := k.Delete(ctx, s.client, string(req.ID), m); err != nil && !s.missing(err) {
		return plugin.DeleteResponse{}, s.failed("delete", err)
	}
	return plugin.DeleteResponse{}, nil
}

func (k *Kind[C, M]) read(ctx context.Context, s scope[C], req plugin.ReadRequest) (plugin.ReadResponse, error) {
	inputs, state := plainObject(req.Inputs), plainObject(req.State)
	importing := len(inputs)+len(state) == 0
	// What the resource had are its own tags and the default ones of then.
	recorded := maps.Clone(inputs)
	if tags, hasTags := state[tagsAllKey]; hasTags {
		recorded[tagsKey] = tags
	}
	m := new(M)
	if err := decode(recorded, state, m).err(); err != nil && len(inputs) > 0 {
		return plugin.ReadResponse{}, s.failed("read", err)
	}
	known, id := encode(m, isInput), string(req.ID)
	var err error
	if importing && k.Import != nil {
		id, err = k.Import(ctx, s.client, id, m)
	}
	if err == nil {
		k.setID(m, id)
		err = k.look(ctx, s, id, m)
	}
	if err != nil && s.missing(err) {
		return plugin.ReadResponse{}, nil
	}
	if err != nil {
		return plugin.ReadResponse{}, s.failed("read", err)
	}
	observed := observe(reflect.TypeFor[M](), known, encode(m, isInput), importing)
	// An official provider imports nothing that is empty.
	maps.DeleteFunc(observed, func(_ string, value any) bool { return importing && blank(value) })
	all := object{}
	if tags, tagged := observed[tagsKey].(object); tagged {
		all = tags
		stated, had := inputs[tagsKey].(object)
		delete(observed, tagsKey)
		own := ownTags(all, stated, s.defaultTags)
		if alike(all, recorded[tagsKey]) {
			own = stated
		}
		if had || len(own) > 0 {
			observed[tagsKey] = own
		}
	}
	outputs := k.state(observed, encode(m, isOutput), all)
	return plugin.ReadResponse{ReadResult: plugin.ReadResult{ID: resource.ID(id), Inputs: k.sealed(observed), Outputs: outputs}}, nil
}

// setID states the input that is the resource's id.
func (k *Kind[C, M]) setID(m *M, id string) {
	for _, f := range k.fields() {
		if f.is("id") {
			reflect.ValueOf(m).Elem().FieldByIndex(f.index).SetString(id)
		}
	}
}

// look reads the resource and its tags.
func (k *Kind[C, M]) look(ctx context.Context, s scope[C], id string, m *M) error {
	err := k.Read(ctx, s.client, id, m)
	if err == nil && k.Tags.Get != nil {
		*k.tags(m), err = k.Tags.Get(ctx, s.client, k.Tags.target(id, encode(m, isOutput)))
	}
	return err
}

// observe decides which of the inputs that the cloud reports count. What means the same keeps its spelling. An optional
// input that the program does not state is left to the cloud, unless the resource is being imported.
func observe(t reflect.Type, known, reported object, importing bool) object {
	observed := object{}
	for _, f := range fieldsOf(t) {
		had, has := known[f.name], reported[f.name]
		optional := f.of.Kind() == reflect.Pointer
		inside, isObject := has.(object)
		switch {
		case !isInput(f):
		case alike(had, has):
			observed[f.name] = had
		case had == nil && !importing && !f.is("watched") && (optional || f.is("computed")):
		case optional && isObject:
			stated, _ := had.(object)
			observed[f.name] = observe(f.of.Elem(), stated, inside, importing)
		default:
			observed[f.name] = has
		}
	}
	maps.DeleteFunc(observed, func(_ string, value any) bool { return value == nil })
	return observed
}
