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
//     {"policy": […]}: exactly these statements, whatever their Sid.
func compare(path string, got, want any) []string {
	switch want := want.(type) {
	case map[string]any:
		if some, is := want["includes"].([]any); is {
			return compareLists(path, asList(got), some, true)
		}
		if statements, is := want["policy"]; is {
			return compareExactly(path, got, map[string]any{"Version": "2012-10-17", "Statement": statements})
		}
		if length, is := want["secret"]; is {
			if text, _ := got.(string); fmt.Sprint(len(text)) != fmt.Sprint(length) {
				return []string{fmt.Sprintf("%s has %d characters, want %v", path, len(text), length)}
			}
			return nil
		}
		if text, isText := got.(string); isText {
			got = document(text)
		}
		var differences []string
		for _, key := range slices.Sorted(maps.Keys(want)) {
			differences = append(differences, compare(path+"."+key, field(got, key), want[key])...)
		}
		return differences
	case []any:
		return compareLists(path, asList(got), want, false)
	}
	got = one(got)
	fits := fmt.Sprint(got) == fmt.Sprint(want) || isNothing(got) && isNothing(want)
	if text, _ := want.(string); strings.HasPrefix(text, pattern) {
		fits = got != nil && regexp.MustCompile("^(?:"+text[len(pattern):]+")$").MatchString(fmt.Sprint(got))
	}
	if fits {
		return nil
	}
	return []string{fmt.Sprintf("%s is %s, want %s", path, show(got), show(want))}
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

// compareExactly compares policies or parts of one as wholes.
func compareExactly(path string, got, want any) []string {
	if got, want := show(canonical(got)), show(canonical(want)); got != want {
		return []string{fmt.Sprintf("%s is %s, want %s", path, got, want)}
	}
	return nil
}

// canonical is a policy or a part of one in the form in which two are compared: decoded, without the names of
// statements, a list of one as that one, and lists in one order.
func canonical(value any) any {
	switch value := value.(type) {
	case string:
		if decoded := document(value); decoded != nil {
			return canonical(decoded)
		}
	case []any:
		list := []any{}
		for _, each := range value {
			list = append(list, canonical(each))
		}
		slices.SortFunc(list, func(a, b any) int { return strings.Compare(show(a), show(b)) })
		return one(list)
	case map[string]any:
		object := map[string]any{}
		for key, each := range value {
			if key != "Sid" && key != "Id" {
				object[key] = canonical(each)
			}
		}
		return object
	}
	return value
}

// document decodes an object that is written as JSON, as AWS writes it or as IAM does, with percent signs. Nil for any
// other text.
func document(text string) (object map[string]any) {
	if strings.HasPrefix(text, "%7B") {
		text, _ = url.QueryUnescape(text)
	}
	if strings.HasPrefix(text, "{") && json.Valid([]byte(text)) {
		decode([]byte(text), &object)
	}
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

// show writes a value as the JSON that it was read from.
func show(value any) string {
	text, _ := json.Marshal(value)
	return string(text)
}
