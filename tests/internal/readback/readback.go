// Package readback reads every resource of a deployed stack back through the AWS APIs and compares it with what the
// inventory says: that what the program asks for arrives in AWS, and that the parts are wired together there. The
// end-to-end tests use it on the emulator, the acceptance run on AWS itself.
//
// What to call and what to expect is data: the part "readback" of inventory.json.
//
//   - types: the calls that read a resource of a type, each named after a client and its method. Their answers are
//     merged into one object; "answer" is the part of it that counts, "as" its name in the merged object, and "pick"
//     selects from a list. A list of one is that one.
//   - resources: "id" and "of" (what it belongs to) of each, further calls in "also", and the expectation in "want". The
//     first are the stack's outputs, a contract with those who read them.
//   - lookups: what the stack uses and does not own, read like a resource.
//   - values: what several expectations have in common.
//   - settings: those of a stack that is as the guide describes it.
//
// In a text, {x} is a setting, a value or a fact of the account; {SecurityGroup alb.GroupId} is what AWS answers about
// another resource, {this.X} what it has answered about this one, and {outputs.x} an output of the stack. An object with
// "if", "by" or "each" is a choice or a loop, explained at evaluate. How an expectation is compared is in compare.go.
package readback

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/smithy-go"

	"mediaserver/tests/internal/awsclients"
	"mediaserver/tests/internal/inventory"
)

// Stack is what was deployed, and where.
type Stack struct {
	// Account is the number of the AWS account, Region the name of the region, and Partition its family of regions,
	// which ARNs begin with: aws outside China and GovCloud.
	Account, Region, Partition string
	// Settings are the settings of the stack by their keys, without those that are as in the guide.
	Settings map[string]any
	// Tags are the stack's default tags (aws:defaultTags), which every resource carries that can have tags.
	Tags map[string]string
	// Outputs are the stack's outputs as JSON decodes them.
	Outputs map[string]any
}

// outputs is the key of the stack's outputs among the resources.
const outputs = "outputs"

// Check reads the resources of a stack back, all that its settings bring and the outputs, or only those with the given
// keys ([inventory.Resource.Key]). It goes on after a difference: the error has a line for each, which begins with the
// key. A key that no resource of the stack has is a difference too.
func Check(ctx context.Context, clients *awsclients.Clients, stack Stack, keys ...string) error {
	r := newReader(ctx, clients, stack)
	present := append([]string{outputs}, Resources(stack)...)
	if len(keys) == 0 {
		keys = present
	}
	var differences []error
	for _, key := range keys {
		err := attempt(func() {
			if !slices.Contains(present, key) {
				fail("the settings of the stack bring no such resource")
			}
			for _, difference := range r.check(key) {
				differences = append(differences, fmt.Errorf("%s: %s", key, strings.TrimPrefix(difference, ".")))
			}
		})
		if err != nil {
			differences = append(differences, fmt.Errorf("%s: %w", key, err))
		}
	}
	return errors.Join(differences...)
}

// Resources are the keys of all resources that the settings of a stack bring, without those that live in Pulumi's state
// alone, in the order of the inventory.
func Resources(stack Stack) []string {
	r := newReader(context.Background(), nil, stack)
	var keys []string
	for _, each := range inventory.All() {
		if expected.Types[each.Type] != nil && (each.Setting == "" || r.holds(each.Setting)) {
			keys = append(keys, each.Key())
		}
	}
	return keys
}

// Left are the keys of the resources that AWS still has, of all that the settings of a stack bring. What only an output
// names that the stack does not have is taken for gone.
func Left(ctx context.Context, clients *awsclients.Clients, stack Stack) (left []string, err error) {
	r := newReader(ctx, clients, stack)
	for _, key := range Resources(stack) {
		err = attempt(func() {
			// AWS describes what ECS has deleted for a while.
			if status := field(r.read(key), "Status"); status != "INACTIVE" && status != "DELETE_IN_PROGRESS" {
				left = append(left, key)
			}
		})
		if err != nil && !IsMissing(err) {
			return nil, fmt.Errorf("look for %s: %w", key, err)
		}
	}
	return left, nil
}

// errMissing is that AWS answers without what was asked for.
var errMissing = errors.New("there is none")

// IsMissing tells whether an error is that AWS has no such thing.
func IsMissing(err error) bool {
	var failure smithy.APIError
	if errors.As(err, &failure) {
		code := failure.ErrorCode()
		return strings.Contains(code, "NotFound") || strings.Contains(code, "NoSuch") || strings.Contains(code, "DoesNotExist")
	}
	return errors.Is(err, errMissing)
}

// expected is the part of the inventory that this package reads.
var expected = func() (content struct {
	Settings, Values map[string]any
	Lookups, Types   map[string][]call
	Resources        map[string]resource
}) {
	decode(inventory.Readback(), &content)
	return content
}()

// resource is how one resource is read back.
type resource struct {
	// ID names it in the calls of its type. Of is what it belongs to, where a call needs that.
	ID, Of string
	// Also are further calls.
	Also []call
	// Want is what AWS should answer.
	Want map[string]any
}

// check compares one resource, and its tags if AWS tells of any.
func (r *reader) check(key string) []string {
	answer := r.read(key)
	differences := compare("", plain(answer), r.evaluate(expected.Resources[key].Want))
	if tags, tagged := answer["Tags"]; tagged {
		differences = append(differences, compareExactly("Tags", ownTags(tags), plain(r.stack.Tags))...)
	}
	return differences
}

// ownTags are tags by their keys, without those that AWS keeps for itself.
func ownTags(tags any) map[string]any {
	own, isMap := tags.(map[string]any)
	if !isMap {
		own = map[string]any{}
		for _, tag := range asList(tags) {
			own[fmt.Sprint(field(tag, "Key"))] = field(tag, "Value")
		}
	}
	maps.DeleteFunc(own, func(key string, _ any) bool { return strings.HasPrefix(key, "aws:") })
	return own
}

// decode reads JSON that is part of the program. Numbers stay the texts that they are.
func decode(text []byte, into any) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		panic(fmt.Sprintf("read %s: %v", text, err))
	}
}

// plain turns a value into what JSON would make of it.
func plain(value any) (decoded any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("encode %v: %v", value, err))
	}
	decode(text, &decoded)
	return decoded
}
