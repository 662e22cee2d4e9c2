package readback

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// pattern begins a text that is a regular expression for the whole of another.
const pattern = "~"

// compare returns what is not as it should be in a part of an answer, each difference with its path. It compares what
// is wanted and leaves out what AWS adds by itself:
//
//   - Of an object, the fields that are wanted, upper or lower case. Of a list, all elements, in any order.
//   - A number, a truth and their texts are the same, and so are nothing, false, nought and what is empty.
//   - A document that AWS returns as a text is decoded. A list of one is that one.
//   - The fields of an object that are wanted where AWS has a list are lists of the fields of its elements.
//   - {"includes": […]}: these and others. {"secret": 32}: a text of that length, which no message shows.
//     {"policy": […]}: a policy of exactly these statements, whatever their Sid.
func compare(path string, got, want any) []string {
	if object, isObject := want.(map[string]any); isObject && len(object) == 1 {
		for operator, of := range object {
			switch operator {
			case "includes":
				return compareLists(path, asList(got), of.([]any), true)
			case "secret":
				if text, _ := got.(string); fmt.Sprint(len(text)) != fmt.Sprint(of) {
					return []string{fmt.Sprintf("%s has %d characters, want %v", path, len(text), of)}
				}
				return nil
			case "policy":
				return compare(path, policyOf(got), exactly(map[string]any{"Version": "2012-10-17", "Statement": policyOf(of)}))
			}
		}
	}
	switch want := want.(type) {
	case map[string]any:
		if text, isText := got.(string); isText {
			got = document(text)
		}
		return compareFields(path, got, want)
	case []any:
		return compareLists(path, asList(got), want, false)
	}
	got = one(got)
	if text, _ := want.(string); strings.HasPrefix(text, pattern) {
		if got != nil && regexp.MustCompile("^(?:"+text[len(pattern):]+")$").MatchString(fmt.Sprint(got)) {
			return nil
		}
	} else if fmt.Sprint(got) == fmt.Sprint(want) || isNothing(got) && isNothing(want) {
		return nil
	}
	return []string{fmt.Sprintf("%s is %s, want %s", path, show(got), show(want))}
}

// only marks an object that has no other fields than those that are wanted.
const only = "only these fields"

// exactly marks an object, and all that are in it.
func exactly(want map[string]any) map[string]any {
	marked := map[string]any{only: true}
	for key, value := range want {
		marked[key] = value
	}
	return marked
}

func compareFields(path string, got any, want map[string]any) (differences []string) {
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if key != only {
			differences = append(differences, compare(path+"."+key, field(got, key), want[key])...)
		}
	}
	if object, isObject := got.(map[string]any); isObject && want[only] != nil {
		for _, key := range slices.Sorted(maps.Keys(object)) {
			if _, wanted := want[key]; !wanted && !isNothing(object[key]) {
				differences = append(differences, fmt.Sprintf("%s has the field %s, want none: %s", path, key, show(object[key])))
			}
		}
	}
	return differences
}

// compareLists pairs the elements of two lists. Of a single pair that does not fit it tells the difference.
func compareLists(path string, got, want []any, others bool) (differences []string) {
	rest, missing := slices.Clone(got), []any{}
	for _, wanted := range want {
		at := slices.IndexFunc(rest, func(element any) bool { return len(compare("", element, wanted)) == 0 })
		if at < 0 {
			missing = append(missing, wanted)
		} else {
			rest = slices.Delete(rest, at, at+1)
		}
	}
	if len(missing) == 1 && len(rest) == 1 {
		return compare(path, rest[0], missing[0])
	}
	for _, wanted := range missing {
		differences = append(differences, fmt.Sprintf("%s has no %s", path, show(wanted)))
	}
	for _, element := range rest {
		if !others {
			differences = append(differences, fmt.Sprintf("%s has %s, which is not wanted", path, show(element)))
		}
	}
	return differences
}

// policyOf is a policy or a part of one in the form in which it is compared: decoded, without the names of statements,
// each object complete.
func policyOf(value any) any {
	switch value := value.(type) {
	case string:
		if decoded := document(value); decoded != nil {
			return policyOf(decoded)
		}
	case []any:
		list := []any{}
		for _, each := range value {
			list = append(list, policyOf(each))
		}
		return list
	case map[string]any:
		object := exactly(value)
		for key, each := range value {
			object[key] = policyOf(each)
		}
		delete(object, "Sid")
		delete(object, "Id")
		return object
	}
	return value
}

// document decodes an object that is written as JSON, as AWS writes it or as IAM does, with percent signs. Nil for any
// other text.
func document(text string) map[string]any {
	if unescaped, err := url.QueryUnescape(text); err == nil && strings.HasPrefix(text, "%7B") {
		text = unescaped
	}
	if !strings.HasPrefix(text, "{") || !json.Valid([]byte(text)) {
		return nil
	}
	var object map[string]any
	decode([]byte(text), &object)
	return object
}

// field is a field of an object, upper or lower case, or those of the elements of a list.
func field(value any, name string) any {
	switch value := value.(type) {
	case map[string]any:
		for key, each := range value {
			if strings.EqualFold(key, name) {
				return each
			}
		}
	case []any:
		list := []any{}
		for _, each := range value {
			list = append(list, asList(field(each, name))...)
		}
		return list
	}
	return nil
}

// one is the element of a list of one, and any other value itself.
func one(value any) any {
	if list, isList := value.([]any); isList && len(list) == 1 {
		return list[0]
	}
	return value
}

// asList is a list, or the list of one value.
func asList(value any) []any {
	switch value := value.(type) {
	case nil:
		return nil
	case []any:
		return value
	default:
		return []any{value}
	}
}

// isNothing tells whether a value is absent, or what AWS may answer in its place.
func isNothing(value any) bool {
	switch value := value.(type) {
	case []any:
		return len(value) == 0
	case map[string]any:
		return !slices.ContainsFunc(slices.Collect(maps.Values(value)), func(each any) bool { return !isNothing(each) })
	default:
		return slices.Contains([]string{"<nil>", "false", "0", ""}, fmt.Sprint(value))
	}
}

// show writes a value as JSON, without marks.
func show(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return strings.NewReplacer(`"`+only+`":true,`, "", `,"`+only+`":true`, "").Replace(string(text))
}
