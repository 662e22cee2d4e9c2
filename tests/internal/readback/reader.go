package readback

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"mediaserver/tests/internal/awsclients"
	"mediaserver/tests/internal/inventory"
)

// reader reads a stack back and notes what is not as it should be.
type reader struct {
	ctx     context.Context
	clients *awsclients.Clients
	stack   Stack
	// facts are what {x} stands for: settings, values, and what is known of the account.
	facts map[string]any
	// answers are what AWS has answered so far, by resource or lookup.
	answers     map[string]map[string]any
	differences []error
}

func newReader(ctx context.Context, clients *awsclients.Clients, stack Stack) *reader {
	r := &reader{ctx: ctx, clients: clients, stack: stack, facts: maps.Clone(expected.Values)}
	maps.Copy(r.facts, expected.Settings)
	for key, value := range stack.Settings {
		r.facts[key] = plain(value)
	}
	r.facts["account"], r.facts["region"], r.facts["partition"] = stack.Account, stack.Region, stack.Partition
	decoded, _ := plain(stack.Outputs).(map[string]any)
	r.answers = map[string]map[string]any{outputs: decoded}
	return r
}

// failure is why something cannot be read or evaluated. Whatever finds one panics with it, because nothing around it can
// go on either.
type failure struct{ error }

func fail(format string, arguments ...any) { panic(failure{fmt.Errorf(format, arguments...)}) }

// attempt returns the failure of what it runs.
func attempt(run func()) (err error) {
	defer func() {
		caught := recover()
		if failed, is := caught.(failure); is {
			err = failed.error
		} else if caught != nil {
			panic(caught)
		}
	}()
	run()
	return nil
}

// call is a call of an AWS API.
type call struct {
	// Call is a client of [awsclients.Clients] and a method of it, such as ECS.DescribeServices. Input is its input.
	Call  string
	Input map[string]any
	// Answer is the part of the answer that counts. Empty for all of it.
	Answer string
	// As is the name of that part in what is read. Empty if its fields are.
	As string
	// Pick are fields and values of the elements of a list that count. Empty for all.
	Pick map[string]any
}

// read is what AWS answers about a resource or a lookup. It is asked once.
func (r *reader) read(key string) map[string]any {
	if answer, known := r.answers[key]; known {
		return answer
	}
	calls := expected.Lookups[key]
	this := expected.Resources[key]
	if at := slices.IndexFunc(inventory.All(), func(each inventory.Resource) bool { return each.Key() == key }); at >= 0 {
		calls = append(slices.Clone(expected.Types[inventory.All()[at].Type]), this.Also...)
	}
	if len(calls) == 0 {
		fail("nothing says how to read %s", key)
	}
	id, of, answer := r.evaluate(this.ID), r.evaluate(this.Of), map[string]any{}
	// Something else may be waiting for this answer, with an id of its own.
	defer func(id, of any, this map[string]any) {
		r.facts["id"], r.facts["of"], r.answers["this"] = id, of, this
	}(r.facts["id"], r.facts["of"], r.answers["this"])
	r.facts["id"], r.facts["of"], r.answers["this"] = id, of, answer
	for _, each := range calls {
		part := r.perform(each)
		fields, isObject := one(part).(map[string]any)
		switch {
		case each.As != "":
			answer[each.As] = part
		case isObject:
			maps.Copy(answer, fields)
		case len(asList(part)) == 0:
			fail("%s: %w: %v", each.Call, errMissing, id)
		default:
			fail("%s: found %d, want one: %v", each.Call, len(asList(part)), id)
		}
	}
	r.answers[key] = answer
	return answer
}

// perform makes a call and returns the part of its answer that counts.
func (r *reader) perform(each call) any {
	method := method(r.clients, each.Call)
	input := reflect.New(method.Type().In(1).Elem())
	if err := json.Unmarshal([]byte(show(r.evaluate(each.Input))), input.Interface()); err != nil {
		fail("%s: read the input: %w", each.Call, err)
	}
	results := method.Call([]reflect.Value{reflect.ValueOf(r.ctx), input})
	if err, failed := results[1].Interface().(error); failed {
		fail("%s: %w", each.Call, err)
	}
	part := plain(results[0].Interface())
	if each.Answer != "" {
		part = field(part, each.Answer)
	}
	if each.Pick != nil {
		wanted := r.evaluate(each.Pick)
		part = slices.DeleteFunc(asList(part), func(element any) bool { return len(compare("", element, wanted)) > 0 })
	}
	return part
}

// method is the method of a client that a call names. It is not valid if the client has none of that name.
func method(clients *awsclients.Clients, name string) reflect.Value {
	client, operation, _ := strings.Cut(name, ".")
	return reflect.ValueOf(clients).Elem().FieldByName(client).MethodByName(operation)
}
