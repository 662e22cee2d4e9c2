package e2e

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// outputShapes is the contract between the stack and those who read its outputs: each key and the shape of its
// value.
var outputShapes = map[string]string{
	"albDnsName":           `mediaserver-alb-[a-z0-9-]+\.eu-west-2\.elb\.amazonaws\.com`,
	"appUrl":               `http://mediaserver-alb-[a-z0-9-]+\.eu-west-2\.elb\.amazonaws\.com`,
	"bucketName":           `mediaserver-storage-[a-z0-9]{8}`,
	"ecrRepositoryUrl":     `123456789012\.dkr\.ecr\.eu-west-2\.amazonaws\.com/mediaserver`,
	"ecsClusterName":       `mediaserver-cluster`,
	"ecsServiceName":       `mediaserver-service`,
	"taskDefinitionArn":    `arn:aws:ecs:eu-west-2:123456789012:task-definition/mediaserver:[1-9][0-9]*`,
	"taskDefinitionFamily": `mediaserver`,
	"containerName":        `mediaserver`,
	"containerPort":        `3000`,
	"logGroupName":         `/ecs/mediaserver`,
	"appLogGroupName":      `/aws/ecs/mediaserver/app`,
	"dashboardName":        `mediaserver-dashboard`,
	"dashboardUrl":         `https://eu-west-2\.console\.aws\.amazon\.com/cloudwatch/home\?region=eu-west-2#dashboards/dashboard/mediaserver-dashboard`,
	"region":               `eu-west-2`,
	"jwtSecretParameter":   `/mediaserver/jwt-secret`,
	"appConfigParameter":   `/mediaserver/app-config`,
	"bucketNameParameter":  `/mediaserver/s3-bucket-name`,
}

func TestUpCreates36ResourcesAndKeepsTheOutputsContract(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	result := d.up()
	if !strings.Contains(result.Stdout, "+ 37 created") {
		t.Errorf("the CLI does not report 37 created, the stack and its 36 resources:\n%s", result.Stdout)
	}
	if managed := d.managed(); len(managed) != 36 {
		t.Errorf("the state has %d managed resources, want 36", len(managed))
	}
	d.checkInventory(deployed("mediaserver"))

	outputs := d.outputs()
	if got, want := slices.Sorted(maps.Keys(outputs)), slices.Sorted(maps.Keys(outputShapes)); !slices.Equal(got, want) {
		t.Errorf("the outputs are %v, want %v", got, want)
	}
	for key, shape := range outputShapes {
		if value := fmt.Sprint(outputs[key]); !regexp.MustCompile("^" + shape + "$").MatchString(value) {
			t.Errorf("output %s is %q, want the shape %s", key, value, shape)
		}
	}
	if url, host := outputs["appUrl"], outputs["albDnsName"]; url != fmt.Sprintf("http://%s", host) {
		t.Errorf("appUrl is %v and albDnsName is %v", url, host)
	}
	if _, isNumber := outputs["containerPort"].(float64); !isNumber {
		t.Errorf("containerPort is a %T, want a number", outputs["containerPort"])
	}
}

func TestPreviewAndRefreshRightAfterUpFindNoChange(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.up()
	d.must("preview", "--expect-no-changes")
	d.must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
	d.must("preview", "--expect-no-changes")
	d.must("up", "--yes", "--skip-preview", "--expect-no-changes")
}

func TestASecondStackWithAnotherNameComesUpBesideTheFirst(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.up()
	second, err := d.NewStack(t.Context(), "second", map[string]string{"mediaserver:name": "media-two"})
	if err != nil {
		t.Fatal(err)
	}
	d.mustOn(second, "up", "--yes", "--skip-preview")
	both := append(deployed("mediaserver"), deployed("media-two")...)
	slices.Sort(both)
	d.checkInventory(both)
	d.must("preview", "--expect-no-changes")

	d.mustOn(second, "destroy", "--yes", "--skip-preview")
	left := append(deployed("mediaserver"), kept("media-two", 1)...)
	slices.Sort(left)
	d.checkInventory(left)
	d.must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
}
