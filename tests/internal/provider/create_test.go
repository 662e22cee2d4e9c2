package provider

import (
	"errors"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/status"
)

// failing lets every call of one name go wrong.
func failing(call string) func(string) error {
	return func(made string) error {
		if made == call {
			return errors.New("LimitExceeded: no more of these")
		}
		return nil
	}
}

// initialization is what an error tells the engine about a resource that was
// created but not completed, nil if it tells nothing.
func initialization(err error) *pulumirpc.ErrorResourceInitFailed {
	for _, detail := range status.Convert(err).Details() {
		if failed, ok := detail.(*pulumirpc.ErrorResourceInitFailed); ok {
			return failed
		}
	}
	return nil
}

func TestAFailedCreationNamesTheResourceAndTellsOfNone(t *testing.T) {
	c := newCloud()
	c.fault = failing("create")
	_, _, err := attach(t, serve(t, c), nil).create(t.Context(), properties(map[string]any{"name": "media", "size": 5}), false)
	if err == nil || !strings.Contains(err.Error(), "create media: LimitExceeded") {
		t.Errorf("the error is %v", err)
	}
	if failed := initialization(err); failed != nil {
		t.Errorf("the engine is told of the resource %s", failed.Id)
	}
}

func TestACreationThatIsNotCompletedIsReportedAsSuchAndAnUpdateCompletesIt(t *testing.T) {
	for name, call := range map[string]string{"the second call fails": "resize", "what was created cannot be read": "read"} {
		t.Run(name, func(t *testing.T) {
			c := newCloud()
			c.fault = failing(call)
			e := attach(t, serve(t, c), nil)
			inputs := properties(map[string]any{"name": "media", "size": 5, "tags": map[string]any{"owner": "ann"}})
			_, _, err := e.create(t.Context(), inputs, false)
			failed := initialization(err)
			if failed == nil || len(failed.Reasons) != 1 || !strings.Contains(failed.Reasons[0], "create media: LimitExceeded") {
				t.Fatalf("the error is %v, the engine is told %v", err, failed)
			}
			if c.buckets[failed.Id] == nil {
				t.Fatalf("the engine is told of the resource %q, the cloud has %v", failed.Id, c.names())
			}
			state := e.unmarshal(failed.Properties)
			if !state["size"].DeepEquals(inputs["size"]) {
				t.Errorf("the recorded state is %v", state)
			}

			c.fault = nil
			state = e.update(failed.Id, inputs, state, inputs, false)
			if size := c.buckets[failed.Id].size; size != 5 || len(c.buckets) != 1 {
				t.Errorf("after the update the cloud has %v, of the size %d", c.names(), size)
			}
			if arn := state["arn"]; !arn.IsString() || arn.StringValue() != "arn:"+failed.Id {
				t.Errorf("after the update the state is %v", state)
			}
		})
	}
}

func TestACreationDoesNotTouchWhatHadTheNameBefore(t *testing.T) {
	c := newCloud()
	c.buckets["foreign"] = &bucket{name: "media"}
	_, _, err := attach(t, serve(t, c), nil).create(t.Context(), properties(map[string]any{"name": "media"}), false)
	if err == nil || !strings.Contains(err.Error(), errExists.Error()) || initialization(err) != nil {
		t.Errorf("the error is %v", err)
	}
	if c.buckets["foreign"] == nil || len(c.buckets) != 1 {
		t.Errorf("the cloud has %v", c.names())
	}
}
