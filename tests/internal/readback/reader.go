package readback

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
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
	// answers are what AWS has answered so far, by resource or lookup, and this about the one that is being read.
	answers map[string]map[string]any
	this    map[string]any
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
	answer := map[string]any{}
	reading := *r
	reading.facts, reading.this = maps.Clone(r.facts), answer
	reading.facts["id"], reading.facts["of"] = r.evaluate(this.ID), r.evaluate(this.Of)
	for _, each := range calls {
		part := reading.perform(each)
		fields, isObject := one(part).(map[string]any)
		switch {
		case each.As != "":
			answer[each.As] = part
		case isObject:
			maps.Copy(answer, fields)
		case len(asList(part)) == 0:
			fail("%s: %w: %v", each.Call, errMissing, reading.facts["id"])
		default:
			fail("%s: found %d, want one: %v", each.Call, len(asList(part)), reading.facts["id"])
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

// evaluate replaces the placeholders in a part of the data, and the objects that stand for something else:
//
//   - {"if": condition, "then": …, "else": …} for one of the two. Without the other it is nothing.
//   - {"by": setting, value: …, value: …} for what is said of the setting's value, or of another fact.
//   - {"each": setting, "matching": pattern, "as": …} for a list with an element for each field of the setting, an
//     object, whose {key} and {value} it may name. With a pattern, only for the values that it matches from beginning
//     to end, and {value} is its first group.
//
// An element of a list that is a list itself afterwards is replaced by its elements, and one that is nothing is left out.
func (r *reader) evaluate(value any) any {
	switch value := value.(type) {
	case string:
		return r.fill(value)
	case []any:
		list := []any{}
		for _, each := range value {
			list = append(list, asList(r.evaluate(each))...)
		}
		return list
	case map[string]any:
		if condition, is := value["if"].(string); is {
			if r.holds(condition) {
				return r.evaluate(value["then"])
			}
			return r.evaluate(value["else"])
		}
		if setting, is := value["by"].(string); is {
			chosen, offered := value[fmt.Sprint(r.facts[setting])]
			if !offered {
				fail("the inventory says nothing of %s %v", setting, r.facts[setting])
			}
			return r.evaluate(chosen)
		}
		if setting, is := value["each"].(string); is {
			return r.repeat(setting, value)
		}
		object := map[string]any{}
		for key, each := range value {
			object[key] = r.evaluate(each)
		}
		return object
	}
	return value
}

// repeat evaluates a loop over a setting that is an object.
func (r *reader) repeat(setting string, loop map[string]any) any {
	elements, _ := r.facts[setting].(map[string]any)
	matching, limited := loop["matching"].(string)
	if !limited {
		matching = "((?s).*)"
	}
	list := []any{}
	for _, key := range slices.Sorted(maps.Keys(elements)) {
		if groups := regexp.MustCompile("^(?:" + matching + ")$").FindStringSubmatch(fmt.Sprint(elements[key])); groups != nil {
			r.facts["key"], r.facts["value"] = key, groups[1]
			list = append(list, r.evaluate(loop["as"]))
		}
	}
	return list
}

// holds decides a condition on settings and values: those that are set, joined by "and" or "or", and one after "without".
func (r *reader) holds(condition string) bool {
	set := func(key string) bool {
		value, known := r.facts[key]
		if !known {
			panic(fmt.Sprintf("the inventory has the condition %q, and %q is no setting", condition, key))
		}
		return !isNothing(r.evaluate(value))
	}
	if needed, excluded, without := strings.Cut(condition, " without "); without {
		return r.holds(needed) && !set(excluded)
	}
	if one, other, both := strings.Cut(condition, " and "); both {
		return set(one) && set(other)
	}
	return slices.ContainsFunc(strings.Split(condition, " or "), set)
}

// placeholder is {x}. {8} is a part of a regular expression.
var placeholder = regexp.MustCompile(`\{[A-Za-z][^{}]*\}`)

// fill replaces the placeholders of a text. A text that is one placeholder becomes what that stands for.
func (r *reader) fill(text string) any {
	if strings.HasPrefix(text, "{") && placeholder.FindString(text) == text {
		return r.resolve(text[1 : len(text)-1])
	}
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		value := fmt.Sprint(r.resolve(found[1 : len(found)-1]))
		if strings.HasPrefix(text, pattern) {
			return regexp.QuoteMeta(value)
		}
		return value
	})
}

// resolve is what a placeholder stands for.
func (r *reader) resolve(name string) any {
	if value, known := r.facts[name]; known {
		return r.evaluate(value)
	}
	of, path, _ := strings.Cut(name, ".")
	var value any = r.this
	if of != "this" {
		value = r.read(of)
	}
	for step := range strings.SplitSeq(path, ".") {
		value = field(value, step)
	}
	if value = one(value); isNothing(value) {
		fail("{%s}: %w", name, errMissing)
	}
	return value
}
