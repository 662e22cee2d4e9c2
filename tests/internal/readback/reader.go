package readback

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"mediaserver/tests/internal/awsclients"
)

// reader reads one resource back and notes what is not as it should be.
type reader struct {
	*awsclients.Clients
	Deployment
	ctx         context.Context
	compared    int
	differences []string
}

// unreadable ends the reading of one resource, whose differences say why.
type unreadable struct{}

func (r *reader) differ(format string, arguments ...any) {
	r.differences = append(r.differences, fmt.Sprintf(format, arguments...))
}

// fail notes a difference that makes it pointless to read on.
func (r *reader) fail(format string, arguments ...any) {
	r.differ(format, arguments...)
	panic(unreadable{})
}

// answered ends the reading if AWS refused a call.
func (r *reader) answered(err error) {
	if err != nil {
		r.fail("%v", err)
	}
}

// one ends the reading if there is not exactly one of something, and returns it.
func one[T any](r *reader, what string, found []T) T {
	r.count(what, len(found), 1)
	return found[0]
}

// count ends the reading if there are not as many of something as there should be.
func (r *reader) count(what string, got, want int) {
	r.compared++
	if got != want {
		r.fail("%s: found %d, want %d", what, got, want)
	}
}

// present ends the reading if AWS answered without a part that everything else is in.
func present[T any](r *reader, what string, part *T) T {
	if part == nil {
		r.fail("%s is missing", what)
	}
	return *part
}

// equal compares a property. Pointers are followed and numbers compared whatever their type.
func (r *reader) equal(property string, got, want any) {
	r.compared++
	if plainGot, plainWant := plain(got), plain(want); !reflect.DeepEqual(plainGot, plainWant) {
		r.differ("%s is %v, want %v", property, plainGot, plainWant)
	}
}

// set compares a list whose order means nothing.
func (r *reader) set(property string, got []string, want ...string) {
	r.equal(property, slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want)))
}

// tags compares the tags that every resource carries. Tags that begin with aws: are AWS's own.
func (r *reader) tags(got map[string]string) {
	own := maps.Clone(got)
	maps.DeleteFunc(own, func(key, _ string) bool { return strings.HasPrefix(key, "aws:") })
	r.equal("tags", own, r.Tags)
}

// plain turns a value into what JSON would make of it.
func plain(value any) any {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%v", value)
	}
	var decoded any
	if err := json.Unmarshal(text, &decoded); err != nil {
		return string(text)
	}
	return decoded
}

// texts turns a list of pairs, such as tags, into a map.
func texts[T any](list []T, split func(T) (key, value *string)) map[string]string {
	pairs := map[string]string{}
	for _, pair := range list {
		key, value := split(pair)
		pairs[aws.ToString(key)] = aws.ToString(value)
	}
	return pairs
}

func jsonText(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%v", value)
	}
	return string(text)
}

// document decodes JSON that AWS returns as a text.
func document[T any](r *reader, text string) T {
	var value T
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		r.fail("%v in %s", err, text)
	}
	return value
}
