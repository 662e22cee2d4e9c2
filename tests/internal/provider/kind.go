package provider

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// ErrNotFound says that a resource does not exist. A kind's Read returns it where the API answers with an empty list
// instead of an error.
var ErrNotFound = errors.New("not found")

// Kind is one resource type. C is the client that its package's configuration makes, M the resource's properties: a
// struct whose fields carry these tags.
//
//	`pulumi:"name"`           an input that must be stated
//	`pulumi:"name,optional"`  an input that need not be; a pointer, list or map
//	`pulumi:"name,watched"`   the same, but what the cloud has is a drift even where the program states nothing
//	`pulumi:"name,output"`    what the cloud computes; optional,output for an input that it computes if unstated
//	`pulumi:"name,volatile"`  the same, shown as unknown when an update is previewed
//
// If M has a property tags, the resource carries the default tags too, M holds both when it reaches the functions
// below, and the output tagsAll is kept.
type Kind[C, M any] struct {
	// Token is the type token, for example aws:s3/bucketV2:BucketV2.
	Token string
	// Name is the input that gives the physical name, empty if several of the resource can exist under one. A
	// replacement that keeps the name must delete the old resource first.
	Name string
	// ID is the input that is the resource's id as well, empty if the cloud makes the id.
	ID string
	// Replace lists the inputs whose change replaces the resource.
	Replace []string
	// Secret lists the properties that are secret whatever the program says.
	Secret []string
	// Rules are what the cloud refuses of single values but the emulator takes.
	Rules []Rule
	// Check refuses what takes more than one value to see. It may be nil. Unknown inputs are zero.
	Check func(m *M, problems *Problems)
	// CheckChange refuses inputs that are fine in themselves but that an existing resource with the old ones cannot
	// get. It fails the difference, and so the preview already. It may be nil. Unknown inputs are zero.
	CheckChange func(old, m *M) error
	// Defaults are the values of inputs that the program does not state, and Computed lists those that the cloud
	// decides then. Neither is a difference.
	Defaults map[string]any
	Computed []string
	// Import turns the id that an import is given into the resource's own, and leaves the latter as it is. It states
	// the inputs that Read needs. Nil where the ids are the same and Read needs none but ID.
	Import func(ctx context.Context, client C, id string, m *M) (string, error)
	// Create makes the resource and returns its id, empty for the input ID. An id beside an error says that the
	// resource is there but not complete. The Update that follows sees zero outputs, and must make up for it.
	Create func(ctx context.Context, client C, m *M) (string, error)
	// Put stands for Create and Update where both are the same call.
	Put func(ctx context.Context, client C, m *M) error
	// Complete makes of a new or updated resource what takes further calls. It is called after Create and after
	// Update, with all inputs. Nil: nothing does.
	Complete func(ctx context.Context, client C, id string, m *M) error
	// Read overwrites the last known properties with those that the cloud reports, stated or not: see [Kind.observe]
	// for what counts. What cannot be read is left as it is.
	Read func(ctx context.Context, client C, id string, m *M) error
	// Update brings the resource from the old inputs to those of m, but for what Complete does. It must stand being
	// repeated after it stopped half-way. Nil: no call is needed.
	Update func(ctx context.Context, client C, id string, old, m *M) error
	// Delete removes the resource. That it does not exist is not an error.
	Delete func(ctx context.Context, client C, id string, m *M) error
	// TagBy is the output by which the functions below find the resource, empty for its id.
	TagBy string
	// SetTags adds tags or changes their values, and RemoveTags removes those with the keys; the rest stay as they
	// are. Both are called only where there is something to do. Nil: no call is needed.
	SetTags    func(ctx context.Context, client C, target string, tags map[string]string) error
	RemoveTags func(ctx context.Context, client C, target string, keys []string) error
}

func (k *Kind[C, M]) token() string { return k.Token }

func (k *Kind[C, M]) fields() []field { return fieldsOf(reflect.TypeFor[M]()) }

func (k *Kind[C, M]) tagged() bool {
	return slices.ContainsFunc(k.fields(), func(f field) bool { return f.name == string(tagsKey) })
}

// inputs decodes the properties with the default tags merged in.
func (k *Kind[C, M]) inputs(properties resource.PropertyMap, defaults map[string]string) (*M, *decoder) {
	if k.tagged() {
		properties = maps.Clone(properties)
		properties[tagsKey] = allTags(properties, defaults)
	}
	m := new(M)
	return m, decode(properties, m)
}

// addOutputs fills in the computed properties from a state.
func (k *Kind[C, M]) addOutputs(m *M, state resource.PropertyMap) {
	into := reflect.ValueOf(m).Elem()
	for _, f := range k.fields() {
		value, recorded := state[resource.PropertyKey(f.name)]
		if field := into.FieldByIndex(f.index); f.output && recorded && field.IsZero() {
			(&decoder{}).value(f.name, value, field)
		}
	}
}

// state is what is recorded of a resource: the inputs as the program gave them, the computed properties, and all tags.
func (k *Kind[C, M]) state(inputs, computed resource.PropertyMap, tags resource.PropertyValue) resource.PropertyMap {
	state := maps.Clone(inputs)
	maps.Copy(state, computed)
	if k.tagged() {
		state[tagsAllKey] = tags
	}
	for key, value := range state {
		if slices.Contains(k.Secret, string(key)) && !value.IsSecret() {
			state[key] = resource.MakeSecret(value)
		}
	}
	return state
}
