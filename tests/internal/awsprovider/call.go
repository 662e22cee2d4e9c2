package awsprovider

import (
	"context"
	"fmt"
	"reflect"

	"mediaserver/tests/internal/provider"
)

// Most of what a kind does is one call of the SDK. The functions below make it from the fields that properties and
// requests have under the same name, so that a kind names the operation and the field for the resource's id. An
// operation is a method expression, such as (*ecr.Client).DeleteRepository.

// call makes a call with the client of its service.
func call(ctx context.Context, apis *api, operation, request any) (any, error) {
	method := reflect.ValueOf(operation)
	clients := reflect.ValueOf(apis.Clients).Elem()
	for i := range clients.NumField() {
		if client := clients.Field(i); client.Type() == method.Type().In(0) {
			answer := method.Call([]reflect.Value{client, reflect.ValueOf(ctx), reflect.ValueOf(request)})
			err, _ := answer[1].Interface().(error)
			return answer[0].Interface(), err
		}
	}
	panic(fmt.Sprintf("awsprovider: there is no client for %T", operation))
}

// requestOf is a request of an operation that takes over properties.
func requestOf(operation, properties any) any {
	request := reflect.New(reflect.TypeOf(operation).In(2).Elem()).Interface()
	copyFields(properties, request)
	return request
}

// callWith makes a call that passes an id in a field, as a text or as a list of one. The properties fill the request's
// other fields of the same names.
func callWith(ctx context.Context, client *api, operation any, field, id string, properties any) (any, error) {
	request := requestOf(operation, properties)
	into := reflect.ValueOf(request).Elem().FieldByName(field)
	if into.Kind() == reflect.Slice {
		into.Set(reflect.ValueOf([]string{id}))
	} else {
		into.Set(reflect.ValueOf(&id))
	}
	return call(ctx, client, operation, request)
}

// put calls with the properties.
func put[M any](operation any) func(context.Context, *api, *M) error {
	return func(ctx context.Context, client *api, in *M) error {
		_, err := call(ctx, client, operation, requestOf(operation, in))
		return err
	}
}

// create calls with the properties. The id is the answer's field at the path, without a path the input that is the id.
func create[M any](operation any, path ...string) func(context.Context, *api, *M) (string, error) {
	return func(ctx context.Context, client *api, in *M) (string, error) {
		created, err := call(ctx, client, operation, requestOf(operation, in))
		if err != nil || len(path) == 0 {
			return "", err
		}
		id, err := at[string](created, path...)
		return deref(id), err
	}
}

// read calls with the id and takes over what the path leads to in the answer.
func read[M any](operation any, field string, path ...string) func(context.Context, *api, string, *M) error {
	return func(ctx context.Context, client *api, id string, in *M) error {
		answer, err := callWith(ctx, client, operation, field, id, none{})
		if err != nil {
			return err
		}
		found, err := at[any](answer, path...)
		if err == nil {
			copyFields(*found, in)
		}
		return err
	}
}

// describe calls with the id and returns what the path leads to in the answer.
func describe[T any](ctx context.Context, client *api, operation any, field, id string, path ...string) (*T, error) {
	answer, err := callWith(ctx, client, operation, field, id, none{})
	if err != nil {
		return new(T), err
	}
	return at[T](answer, path...)
}

// at follows a path of fields. Of a list it is the first one, and none is not found.
func at[T any](answer any, path ...string) (*T, error) {
	value := reflect.Indirect(reflect.ValueOf(answer))
	for _, field := range path {
		value = reflect.Indirect(value.FieldByName(field))
		if value.Kind() == reflect.Slice && value.Len() == 0 {
			return new(T), provider.ErrNotFound
		}
		if value.Kind() == reflect.Slice {
			value = value.Index(0)
		}
	}
	found := value.Interface().(T)
	return &found, nil
}

// remove calls with the id.
func remove[M any](operation any, field string) func(context.Context, *api, string, *M) error {
	return func(ctx context.Context, client *api, id string, _ *M) error {
		_, err := callWith(ctx, client, operation, field, id, none{})
		return err
	}
}

// tagging are the calls about tags, which name the resource in a field by an output, empty for its id. Without get, what
// reads the resource reads its tags too; the path leads to what has them in its answer. For Systems Manager alone the
// requests name the type of the resource.
func tagging(by, field string, set, remove, get any, path ...string) provider.Tagging[*api] {
	const parameters = "Parameter"
	calls := provider.Tagging[*api]{
		By: by,
		Set: func(ctx context.Context, client *api, target string, tags map[string]string) error {
			_, err := callWith(ctx, client, set, field, target, struct {
				ResourceType string
				Tags         map[string]string
			}{parameters, tags})
			return err
		},
		// Some services take a list of keys, others one of tags without values.
		Remove: func(ctx context.Context, client *api, target string, keys []string) error {
			type tag struct{ Key string }
			tags := make([]tag, len(keys))
			for i, key := range keys {
				tags[i].Key = key
			}
			_, err := callWith(ctx, client, remove, field, target, struct {
				ResourceType string
				TagKeys      []string
				Tags         []tag
			}{parameters, keys, tags})
			return err
		},
	}
	if get == nil {
		return calls
	}
	calls.Get = func(ctx context.Context, client *api, target string) (map[string]string, error) {
		answer, err := callWith(ctx, client, get, field, target, struct{ ResourceType string }{parameters})
		if err != nil {
			return nil, err
		}
		found, err := at[any](answer, path...)
		var listed struct{ Tags, TagList map[string]string }
		copyFields(*found, &listed)
		if listed.Tags == nil {
			listed.Tags = listed.TagList
		}
		return listed.Tags, err
	}
	return calls
}
