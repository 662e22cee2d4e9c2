package provider

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// ErrNotFound says that a resource does not exist. A kind's Read returns it
// where the API answers with an empty list instead of an error.
var ErrNotFound = errors.New("not found")

// Kind is one resource type. C is the client that its package's configuration
// makes, In the inputs, Out the properties that the cloud computes; both are
// structs with `pulumi` tags. An output tagged `pulumi:"name,volatile"` is
// shown as unknown when an update is previewed.
//
// If In has a property tags, the resource carries the default tags too, In holds
// both when it reaches the functions below, and the output tagsAll is kept.
type Kind[C, In, Out any] struct {
	// Token is the type token, for example aws:s3/bucketV2:BucketV2.
	Token string
	// Name is the input that gives the physical name, empty if several of the
	// resource can exist under one. A replacement that keeps the name must
	// delete the old resource first.
	Name string
	// Replace lists the inputs whose change replaces the resource.
	Replace []string
	// Secret lists the properties that are secret whatever the program says.
	Secret []string
	// Check refuses values that the cloud would refuse but the emulator takes.
	// It may be nil. Unknown inputs are zero.
	Check func(in *In, problems *Problems)
	// CheckChange refuses inputs that are fine in themselves but that an existing
	// resource with the old ones cannot get. It fails the difference, and so the
	// preview already. It may be nil. Unknown inputs are zero.
	CheckChange func(old, in *In) error
	// Defaults are the values of inputs that the program does not state, and Computed
	// lists those that the cloud decides then. Neither is a difference.
	Defaults map[string]any
	Computed []string
	// ImportID turns the id that an import is given into the resource's own, and
	// leaves the latter as it is. It may be nil where they are the same.
	ImportID func(ctx context.Context, client C, id string) (string, error)
	// Create makes the resource, in one call, and returns its id.
	Create func(ctx context.Context, client C, in *In) (string, error)
	// Finish makes of a new resource what takes further calls at the creation alone.
	// An Update that is given zero outputs follows a creation that did not get as
	// far, and must make up for it. Nil: nothing does.
	Finish func(ctx context.Context, client C, id string, in *In) error
	// Complete makes of a new or updated resource what takes further calls. It
	// is called after Create and after Update, with all inputs. Nil: nothing does.
	Complete func(ctx context.Context, client C, id string, in *In) error
	// Read refreshes out and, where the cloud differs, in. Both hold the last
	// known values, zero for an import; what cannot be read is left as it is.
	Read func(ctx context.Context, client C, id string, in *In, out *Out) error
	// Update brings the resource from the old inputs to in, but for what Complete
	// does. It must stand being repeated after it stopped half-way. Nil: no call
	// is needed.
	Update func(ctx context.Context, client C, id string, old, in *In, out *Out) error
	// Delete removes the resource. That it does not exist is not an error.
	Delete func(ctx context.Context, client C, id string, in *In, out *Out) error
	// SetTags adds tags or changes their values, and RemoveTags removes those
	// with the keys; the rest stay as they are. Both are called only where there
	// is something to do. Nil: no call is needed.
	SetTags    func(ctx context.Context, client C, id string, out *Out, tags map[string]string) error
	RemoveTags func(ctx context.Context, client C, id string, out *Out, keys []string) error
}

// Observe sets an optional input to what the cloud reports, if it was set at
// all: an input left to the cloud's default does not drift.
func Observe[T any](input **T, observed *T) {
	if *input != nil && observed != nil {
		value := *observed
		*input = &value
	}
}

func (k *Kind[C, In, Out]) token() string { return k.Token }

func (k *Kind[C, In, Out]) tagged() bool {
	return slices.ContainsFunc(fieldsOf(reflect.TypeFor[In]()), func(f field) bool { return f.name == string(tagsKey) })
}

// inputs decodes the properties with the default tags merged in.
func (k *Kind[C, In, Out]) inputs(properties resource.PropertyMap, defaults map[string]string) (*In, *decoder) {
	in := new(In)
	if k.tagged() {
		properties = maps.Clone(properties)
		properties[tagsKey] = allTags(properties, defaults)
	}
	return in, decode(properties, in)
}

// outputs decodes the computed properties from a state.
func (k *Kind[C, In, Out]) outputs(state resource.PropertyMap) *Out {
	out := new(Out)
	decode(state, out)
	return out
}

// state is what is recorded of a resource: the inputs as the program gave
// them, the computed properties, and all tags.
func (k *Kind[C, In, Out]) state(inputs, computed resource.PropertyMap, tags resource.PropertyValue) resource.PropertyMap {
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
