package awsprovider

import (
	"context"
	"fmt"
	"reflect"
)

// operation is a call of the SDK as a method expression, such as (*ecr.Client).DeleteRepository.
//
// Most of what a kind does is one such call. The functions below make it from the fields that properties and requests
// have under the same name, so that a kind names the call and the field for the resource's id.
type operation[Client, In, Out, Option any] = func(Client, context.Context, *In, ...func(*Option)) (*Out, error)

// call makes a call with the client of its service.
func call[Client, In, Out, Option any](
	ctx context.Context, apis *api, operation operation[Client, In, Out, Option], request *In,
) (*Out, error) {
	clients := reflect.ValueOf(apis.Clients).Elem()
	for i := range clients.NumField() {
		if client, isIt := clients.Field(i).Interface().(Client); isIt {
			return operation(client, ctx, request)
		}
	}
	panic(fmt.Sprintf("awsprovider: there is no client for %T", operation))
}

// naming is a request that has an id in a field: a text, or a list of the one.
func naming[In any](field, id string) *In {
	request := new(In)
	into := reflect.ValueOf(request).Elem().FieldByName(field)
	if into.Kind() == reflect.Slice {
		into.Set(reflect.ValueOf([]string{id}))
	} else {
		into.Set(reflect.ValueOf(&id))
	}
	return request
}

// put calls with the properties.
func put[M, Client, In, Out, Option any](operation operation[Client, In, Out, Option]) func(context.Context, *api, *M) error {
	return func(ctx context.Context, client *api, in *M) error {
		_, err := call(ctx, client, operation, expanded[In](in))
		return err
	}
}

// create calls with the properties. The id is the answer's field at the path, without a path the input that the kind
// names.
func create[M, Client, In, Out, Option any](
	operation operation[Client, In, Out, Option], path ...string,
) func(context.Context, *api, *M) (string, error) {
	return func(ctx context.Context, client *api, in *M) (string, error) {
		created, err := call(ctx, client, operation, expanded[In](in))
		if err != nil || len(path) == 0 {
			return "", err
		}
		value := reflect.ValueOf(created)
		for _, field := range path {
			value = value.Elem().FieldByName(field)
		}
		return value.Elem().String(), nil
	}
}

// get calls with the id and takes over the answer.
func get[M, Client, In, Out, Option any](
	operation operation[Client, In, Out, Option], field string,
) func(context.Context, *api, string, *M) error {
	return func(ctx context.Context, client *api, id string, in *M) error {
		found, err := call(ctx, client, operation, naming[In](field, id))
		if err == nil {
			copyFields(found, in)
		}
		return err
	}
}

// remove calls with the id.
func remove[M, Client, In, Out, Option any](
	operation operation[Client, In, Out, Option], field string,
) func(context.Context, *api, string, *M) error {
	return func(ctx context.Context, client *api, id string, _ *M) error {
		_, err := call(ctx, client, operation, naming[In](field, id))
		return err
	}
}

// describe asks for one by its id. The answer lists what it finds.
func describe[T, Client, In, Out, Option any](
	ctx context.Context, client *api, operation operation[Client, In, Out, Option], field, id string,
) (T, error) {
	var none T
	found, err := call(ctx, client, operation, naming[In](field, id))
	if err != nil {
		return none, err
	}
	answer := reflect.ValueOf(found).Elem()
	for i := range answer.NumField() {
		if list, isIt := answer.Field(i), answer.Type().Field(i).Type == reflect.TypeFor[[]T](); isIt {
			return only(list.Interface().([]T))
		}
	}
	panic(fmt.Sprintf("awsprovider: the answer %T has no list of %T", found, none))
}

// tags reads the tags of what the field names.
func tags[Client, In, Out, Option any](
	ctx context.Context, client *api, operation operation[Client, In, Out, Option], field, target string,
) (map[string]string, error) {
	found, err := call(ctx, client, operation, naming[In](field, target))
	var listed struct{ Tags map[string]string }
	if err == nil {
		copyFields(found, &listed)
	}
	return listed.Tags, err
}

// tag adds or changes tags.
func tag[Client, In, Out, Option any](
	operation operation[Client, In, Out, Option], field string,
) func(context.Context, *api, string, map[string]string) error {
	return func(ctx context.Context, client *api, target string, tags map[string]string) error {
		request := naming[In](field, target)
		copyFields(struct{ Tags map[string]string }{tags}, request)
		_, err := call(ctx, client, operation, request)
		return err
	}
}

// untag removes tags. Some services take a list of keys, others one of tags without values.
func untag[Client, In, Out, Option any](
	operation operation[Client, In, Out, Option], field string,
) func(context.Context, *api, string, []string) error {
	return func(ctx context.Context, client *api, target string, keys []string) error {
		request := naming[In](field, target)
		copyFields(struct{ TagKeys []string }{keys}, request)
		if list := reflect.ValueOf(request).Elem().FieldByName("Tags"); list.IsValid() {
			list.Set(reflect.MakeSlice(list.Type(), len(keys), len(keys)))
			for i := range keys {
				list.Index(i).FieldByName("Key").Set(reflect.ValueOf(&keys[i]))
			}
		}
		_, err := call(ctx, client, operation, request)
		return err
	}
}
