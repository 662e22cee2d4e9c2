package readback

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"mediaserver/tests/internal/awsclients"
	"mediaserver/tests/internal/inventory"
)

// reader reads a stack back and notes what is not as it should be.
type reader struct {
	ctx        context.Context
	operations map[string]operation
	stack      Stack
	// facts are what {x} stands for: settings, values, and what is known of the account.
	facts map[string]any
	// answers are what AWS has answered so far, by resource or lookup.
	answers     map[string]map[string]any
	differences []error
}

func newReader(ctx context.Context, clients *awsclients.Clients, stack Stack) *reader {
	r := &reader{ctx: ctx, stack: stack, facts: maps.Clone(expected.Values), answers: map[string]map[string]any{}}
	if clients != nil {
		r.operations = operations(clients)
	}
	maps.Copy(r.facts, expected.Settings)
	for key, value := range stack.Settings {
		r.facts[key] = plain(value)
	}
	r.facts["account"], r.facts["region"], r.facts["partition"] = stack.Account, stack.Region, stack.Partition
	// The domains of AWS's services and of its console in each partition.
	r.facts["domain"], r.facts["console"] = "amazonaws.com", "console.aws.amazon.com"
	switch stack.Partition {
	case "aws-cn":
		r.facts["domain"], r.facts["console"] = "amazonaws.com.cn", "console.amazonaws.cn"
	case "aws-us-gov":
		r.facts["console"] = "console.amazonaws-us-gov.com"
	}
	outputs, _ := plain(stack.Outputs).(map[string]any)
	r.answers["outputs"] = outputs
	return r
}

// call is a call of an AWS API.
type call struct {
	// Call is the operation, Input its input.
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
func (r *reader) read(key string) (map[string]any, error) {
	if answer, known := r.answers[key]; known {
		return answer, nil
	}
	calls := expected.Lookups[key]
	this := expected.Resources[key]
	if at := slices.IndexFunc(inventory.All(), func(each inventory.Resource) bool { return each.Key() == key }); at >= 0 {
		calls = append(slices.Clone(expected.Types[inventory.All()[at].Type]), this.Also...)
	}
	if len(calls) == 0 {
		return nil, fmt.Errorf("nothing says how to read %s", key)
	}
	names, err := r.evaluate([]any{this.ID, this.Of})
	if err != nil {
		return nil, err
	}
	// Something else may be waiting for this answer, with an id of its own.
	defer func(id, of any, this map[string]any) {
		r.facts["id"], r.facts["of"], r.answers["this"] = id, of, this
	}(r.facts["id"], r.facts["of"], r.answers["this"])
	answer := map[string]any{}
	r.facts["id"], r.facts["of"], r.answers["this"] = names.([]any)[0], names.([]any)[1], answer
	for _, each := range calls {
		part, err := r.perform(each)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", each.Call, err)
		}
		if each.As != "" {
			answer[each.As] = part
			continue
		}
		fields, isObject := one(part).(map[string]any)
		if !isObject {
			if len(asList(part)) == 0 {
				return nil, fmt.Errorf("%s: %w: %v", each.Call, errMissing, r.facts["id"])
			}
			return nil, fmt.Errorf("%s: found %d, want one: %v", each.Call, len(asList(part)), r.facts["id"])
		}
		maps.Copy(answer, fields)
	}
	if key == "Service mediaserver" {
		r.remember(answer)
	}
	r.answers[key] = answer
	return answer, nil
}

// remember takes from the request that created the service what an emulator forgets of it.
func (r *reader) remember(service map[string]any) {
	if r.stack.CreatedService == "" {
		return
	}
	var request any
	decode([]byte(r.stack.CreatedService), &request)
	for _, name := range []string{
		"NetworkConfiguration", "DeploymentConfiguration", "EnableExecuteCommand", "HealthCheckGracePeriodSeconds", "PropagateTags",
	} {
		service[name] = field(request, name)
	}
}

// perform makes a call and returns the part of its answer that counts.
func (r *reader) perform(each call) (any, error) {
	if r.operations[each.Call] == nil {
		return nil, fmt.Errorf("no such operation is known; add it to operations.go")
	}
	input, err := r.evaluate(each.Input)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(input)
	if err != nil {
		return nil, err
	}
	answered, err := r.operations[each.Call](r.ctx, text)
	if err != nil {
		return nil, err
	}
	part := plain(answered)
	if each.Answer != "" {
		part = field(part, each.Answer)
	}
	if each.Pick != nil {
		wanted, err := r.evaluate(each.Pick)
		if err != nil {
			return nil, err
		}
		part = slices.DeleteFunc(asList(part), func(element any) bool { return len(compare("", element, wanted)) > 0 })
	}
	return part, nil
}

// placeholder is {x}. {8} is a part of a regular expression, and #{x} the load balancer's.
var placeholder = regexp.MustCompile(`#?\{[A-Za-z][^{}]*\}`)

// evaluate replaces the placeholders and decides the conditions in a part of the data. An element of a list that is a
// list itself afterwards is replaced by its elements, and one that is nothing is left out.
func (r *reader) evaluate(value any) (any, error) {
	switch value := value.(type) {
	case string:
		return r.fill(value)
	case []any:
		list := []any{}
		for _, each := range value {
			element, err := r.evaluate(each)
			if err != nil {
				return nil, err
			}
			if elements, isList := element.([]any); isList {
				list = append(list, elements...)
			} else if element != nil {
				list = append(list, element)
			}
		}
		return list, nil
	case map[string]any:
		if condition, conditional := value["if"].(string); conditional {
			if r.holds(condition) {
				return r.evaluate(value["then"])
			}
			return r.evaluate(value["else"])
		}
		object := map[string]any{}
		for key, each := range value {
			var err error
			if object[key], err = r.evaluate(each); err != nil {
				return nil, err
			}
		}
		return object, nil
	default:
		return value, nil
	}
}

// holds decides a condition on settings: those that are set, joined by "and" or "or", and one after "without".
func (r *reader) holds(condition string) bool {
	set := func(key string) bool {
		value, known := r.facts[key]
		if !known {
			panic(fmt.Sprintf("the inventory has the condition %q, and %q is no setting", condition, key))
		}
		return !isNothing(plain(value))
	}
	if needed, excluded, without := strings.Cut(condition, " without "); without {
		return r.holds(needed) && !set(excluded)
	}
	if one, other, both := strings.Cut(condition, " and "); both {
		return set(one) && set(other)
	}
	return slices.ContainsFunc(strings.Split(condition, " or "), set)
}

// fill replaces the placeholders of a text. A text that is one placeholder becomes what that stands for.
func (r *reader) fill(text string) (any, error) {
	if strings.HasPrefix(text, "{") && placeholder.FindString(text) == text {
		return r.resolve(text[1 : len(text)-1])
	}
	var failure error
	filled := placeholder.ReplaceAllStringFunc(text, func(found string) string {
		if strings.HasPrefix(found, "#") {
			return found
		}
		value, err := r.resolve(found[1 : len(found)-1])
		if err != nil {
			failure = err
		}
		if strings.HasPrefix(text, pattern) {
			return regexp.QuoteMeta(fmt.Sprint(value))
		}
		return fmt.Sprint(value)
	})
	return filled, failure
}

// resolve is what a placeholder stands for.
func (r *reader) resolve(name string) (any, error) {
	if value, known := r.facts[name]; known {
		return r.evaluate(value)
	}
	of, path, _ := strings.Cut(name, ".")
	answer, err := r.read(of)
	if err != nil {
		return nil, err
	}
	var value any = answer
	for step := range strings.SplitSeq(path, ".") {
		value = field(value, step)
	}
	if value = one(value); isNothing(value) {
		return nil, fmt.Errorf("{%s}: %w", name, errMissing)
	}
	return value, nil
}
