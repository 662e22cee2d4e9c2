package provider

import (
	"context"
	"errors"
	"reflect"
)

// ErrNotFound says that a resource does not exist. A kind's Read returns it where the API answers with an empty list
// instead of an error.
var ErrNotFound = errors.New("not found")

// Kind is one resource type. C is the client that its package's configuration makes, M the resource's properties: a
// struct of fields with tags. The tag json names the property, and the tag default is the value of an input that is not
// stated. An input that need not be stated is a pointer, a list or a map. The tag pulumi says the rest:
//
//	id        the input is the resource's id too; without one the cloud makes the id
//	name      the input gives the physical name, as an id does: a replacement that keeps it deletes the old resource first
//	replace   a change of the input replaces the resource
//	secret    no message shows the property, and the state has it encrypted, whatever the program says
//	computed  the cloud decides the input if it is not stated
//	watched   what the cloud has is a drift even where the program does not state the input
//	output    what the cloud computes; output,input for an input that it fills in
//
// If M has a property tags, the resource carries the default tags too, M holds both when it reaches the functions
// below, and the output tagsAll is kept.
type Kind[C, M any] struct {
	// Token is the type token, for example aws:s3/bucketV2:BucketV2.
	Token string
	// Check refuses what the package's rules cannot say. It may be nil. Unknown inputs are zero.
	Check func(m *M, problems *Problems)
	// Import turns the id that an import is given into the resource's own, and leaves the latter as it is. It states
	// the inputs that Read needs. Nil where the ids are the same and Read needs none but the id.
	Import func(ctx context.Context, client C, id string, m *M) (string, error)
	// ID builds the id from several inputs. Nil if one input is the id, or if Create returns it.
	ID func(m *M) string
	// Create makes the resource and returns its id, empty if inputs are the id. An id beside an error says that
	// the resource is there but not complete. The Update that follows sees zero outputs, and must make up for it.
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
	// Delete removes the resource. That it does not exist is not an error. Nil: nothing is there to be removed.
	Delete func(ctx context.Context, client C, id string, m *M) error
	// Tags are the calls about the tags of an existing resource.
	Tags Tagging[C]
}

// Tagging are calls about tags. Those that are nil are not needed.
type Tagging[C any] struct {
	// By is the output by which the calls find the resource, empty for its id.
	By string
	// Get reads the tags. It is called after Read.
	Get func(ctx context.Context, client C, target string) (map[string]string, error)
	// Set adds tags or changes their values, and Remove removes those with the keys; the rest stay as they are. Both are
	// called only where there is something to do.
	Set    func(ctx context.Context, client C, target string, tags map[string]string) error
	Remove func(ctx context.Context, client C, target string, keys []string) error
}

// target is by what the calls find a resource with the given outputs.
func (t Tagging[C]) target(id string, outputs object) string {
	if output, isText := outputs[t.By].(string); isText {
		return output
	}
	return id
}

func (k *Kind[C, M]) token() string { return k.Token }

func (k *Kind[C, M]) fields() []field { return fieldsOf(reflect.TypeFor[M]()) }

// flagged are the names of the properties that have a flag.
func (k *Kind[C, M]) flagged(flag string) []string {
	var names []string
	for _, f := range k.fields() {
		if f.is(flag) {
			names = append(names, f.name)
		}
	}
	return names
}

// tags is the field of the tags, nil if the resource has none.
func (k *Kind[C, M]) tags(m *M) *map[string]string {
	for _, f := range k.fields() {
		if f.name == tagsKey {
			return reflect.ValueOf(m).Elem().FieldByIndex(f.index).Addr().Interface().(*map[string]string)
		}
	}
	return nil
}
