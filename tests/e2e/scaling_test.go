package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

// TestAStackBeginsWithoutATaskUntilAutoscalingWantsOne follows the commands that docs/operating.md gives for the first
// deployment. Autoscaling moves the number of tasks into its range, also where the program ignores that number.
func TestAStackBeginsWithoutATaskUntilAutoscalingWantsOne(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.Must("config", "set", "mediaserver:desiredCount", "0")
	d.Must("config", "set", "mediaserver:minCapacity", "0")
	d.Up()
	if count := d.desiredCount(); count != 0 {
		t.Errorf("the new service asks for %d tasks, want none", count)
	}
	d.Must("config", "rm", "mediaserver:desiredCount")
	d.Must("config", "rm", "mediaserver:minCapacity")
	d.Up()
	if count := d.desiredCount(); count != 1 {
		t.Errorf("with a minimum of 1 the service asks for %d tasks", count)
	}
	d.Up("-c", "mediaserver:minCapacity=3", "-c", "mediaserver:desiredCount=3")
	if count := d.desiredCount(); count != 3 {
		t.Errorf("with a minimum of 3 the service asks for %d tasks", count)
	}
	d.Up("-c", "mediaserver:minCapacity=1", "-c", "mediaserver:maxCapacity=2", "-c", "mediaserver:desiredCount=2")
	if count := d.desiredCount(); count != 2 {
		t.Errorf("with a maximum of 2 the service asks for %d tasks", count)
	}
	d.Must("preview", "--expect-no-changes")
}

// desiredCount is the number of tasks that the service asks for.
func (d *deployment) desiredCount() int32 {
	d.t.Helper()
	found, err := d.Clients().ECS.DescribeServices(d.t.Context(), &ecs.DescribeServicesInput{
		Cluster: aws.String("mediaserver-cluster"), Services: []string{"mediaserver-service"},
	})
	if err != nil || len(found.Services) != 1 {
		d.t.Fatalf("describe the service: %v, %d found", err, len(found.Services))
	}
	return found.Services[0].DesiredCount
}
