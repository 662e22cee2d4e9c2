package sandboxtest

import (
	"slices"
	"strings"

	"mediaserver/tests/internal/readback"
	"mediaserver/tests/internal/sandbox"
)

// Readable is the stack as it is read back, with the guide's settings but for the given ones.
func (d *Deployment) Readable(settings map[string]any) readback.Stack {
	d.tb.Helper()
	return readback.Stack{
		Account: sandbox.Account, Region: sandbox.Region, Partition: "aws", Settings: settings,
		Tags:    map[string]string{"Project": "mediaserver", "Environment": "dev", "ManagedBy": "Pulumi"},
		Outputs: d.Outputs(),
	}
}

// CheckValues reads every resource of the stack back, compares it and the outputs with what they should be with the given
// settings, and checks that the stack manages no others.
func (d *Deployment) CheckValues(settings map[string]any) {
	d.tb.Helper()
	stack := d.Readable(settings)
	if err := readback.Check(d.tb.Context(), d.Clients(), stack); err != nil {
		d.tb.Error(err)
	}
	managed := map[string]bool{}
	for _, each := range d.Managed() {
		switch {
		case strings.HasPrefix(each.Type, "random:"):
			// It is in Pulumi's state alone.
		case each.Type == "aws:sns/topicSubscription:TopicSubscription":
			// All of them are read back as one.
			managed[each.Type] = true
		default:
			managed[each.Type+each.Name()] = true
		}
	}
	if read := len(readback.Resources(stack)); read != len(managed) {
		d.tb.Errorf("%d resources were read back of the %d that the stack manages", read, len(managed))
	}
}

// Destroy destroys the stack, which has the given settings, and checks that AWS has nothing of it any more but the
// revisions of its task definition.
func (d *Deployment) Destroy(settings map[string]any) {
	d.tb.Helper()
	stack := d.Readable(settings)
	d.Must("destroy", "--yes", "--skip-preview")
	left, err := readback.Left(d.tb.Context(), d.Clients(), stack)
	if err != nil || !slices.Equal(left, []string{"TaskDefinition mediaserver"}) {
		d.tb.Errorf("after the stack is destroyed there are %q (%v), want the revisions of the task definition", left, err)
	}
}
