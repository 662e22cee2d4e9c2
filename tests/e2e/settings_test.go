package e2e

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"gopkg.in/yaml.v3"

	"mediaserver/tests/internal/awsclients"
	"mediaserver/tests/internal/readback"
	"mediaserver/tests/internal/sandbox"
	"mediaserver/tests/internal/sandboxtest"
)

// TestEachSettingIsReadBack uses one sandbox for all, because bringing one up takes longer than a change.
func TestEachSettingIsReadBack(t *testing.T) {
	t.Parallel()
	d := sandboxtest.New(t, repository)
	first := d.Stack
	d.Up()
	var rows []struct {
		Settings map[string]any
		Changed  []string
	}
	readYAML(t, "testdata/settings.yaml", &rows)
	all := map[string]any{}
	for _, each := range rows {
		maps.Copy(all, each.Settings)
		set(d, each.Settings)
		d.Up()
		d.CheckValues(each.Settings)
		if changed := differing(readback.Check(t.Context(), d.Clients(), d.Readable(nil))); !slices.Equal(changed, each.Changed) {
			t.Errorf("with %v these differ from the default stack: %q, want %q", each.Settings, changed, each.Changed)
		}
		for key := range each.Settings {
			d.Unset("mediaserver:" + key)
		}
	}
	d.Up()
	d.CheckValues(nil)

	network := newNetwork(t, d.Clients())
	for name, settings := range map[string]map[string]any{
		"network":    {"vpcId": network["vpcId"], "loadBalancerSubnetIds": network["loadBalancerSubnetIds"]},
		"internal":   {"internal": true, "appPort": 8080, "desiredCount": 3},
		"production": inProduction(t, d.Clients(), all, network),
	} {
		settings["name"] = "media-" + name
		d.Stack = *d.Another(name, nil)
		set(d, settings)
		d.Up()
		d.CheckValues(settings)
		d.Must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
		d.Must("preview", "--expect-no-changes")
		d.Destroy(settings)
	}

	// The first stack is as it was before the others came and went.
	d.Stack = first
	d.Must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
	d.Set("aws:defaultTags.tags.Project=renamed", "aws:defaultTags.tags.Owner=media")
	d.Unset("aws:defaultTags.tags.Environment", "aws:defaultTags.tags.ManagedBy")
	d.Up()
	tagged := d.Readable(nil)
	tagged.Tags = map[string]string{"Project": "renamed", "Owner": "media"}
	if err := readback.Check(t.Context(), d.Clients(), tagged); err != nil {
		t.Error(err)
	}
	d.Destroy(all)
}

// inProduction are the settings of the example for production with all others on top of them.
func inProduction(t *testing.T, clients *awsclients.Clients, others, network map[string]any) map[string]any {
	t.Helper()
	var example struct{ Config map[string]any }
	readYAML(t, repository+"/examples/Pulumi.prod.yaml", &example)
	settings := map[string]any{}
	for key, value := range example.Config {
		if own, isOwn := strings.CutPrefix(key, "mediaserver:"); isOwn {
			settings[own] = value
		}
	}
	maps.Copy(settings, others)
	maps.Copy(settings, network)
	maps.Copy(settings, map[string]any{
		"internal": true, "hostedZoneId": sandboxtest.CreateZone(t, clients, "example.com"),
		// The example keeps its data, which is tested beside it. This stack is destroyed.
		"protectData": false, "forceDestroy": true,
	})
	return settings
}

// newNetwork makes a VPC with a subnet in each of three zones, and returns the settings that name them.
func newNetwork(t *testing.T, clients *awsclients.Clients) map[string]any {
	t.Helper()
	vpc, err := clients.EC2.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16")})
	if err != nil {
		t.Fatal(err)
	}
	var subnets []any
	for i, zone := range []string{"a", "b", "c"} {
		subnet, err := clients.EC2.CreateSubnet(t.Context(), &ec2.CreateSubnetInput{
			VpcId: vpc.Vpc.VpcId, AvailabilityZone: aws.String(sandbox.Region + zone), CidrBlock: aws.String(fmt.Sprintf("10.9.%d.0/24", i)),
		})
		if err != nil {
			t.Fatal(err)
		}
		subnets = append(subnets, *subnet.Subnet.SubnetId)
	}
	return map[string]any{"vpcId": *vpc.Vpc.VpcId, "loadBalancerSubnetIds": subnets[:2], "taskSubnetIds": subnets[1:]}
}

// set sets settings of the program by their values.
func set(d *sandboxtest.Deployment, settings map[string]any) {
	for key, value := range settings {
		d.Set(assignments("mediaserver:"+key, value)...)
	}
}

// assignments are the paths of a setting, each with its value.
func assignments(path string, value any) (all []string) {
	switch value := value.(type) {
	case []any:
		for i, each := range value {
			all = append(all, assignments(fmt.Sprintf("%s[%d]", path, i), each)...)
		}
	case map[string]any:
		for key, each := range value {
			all = append(all, assignments(path+"."+key, each)...)
		}
	default:
		all = append(all, fmt.Sprintf("%s=%v", path, value))
	}
	return all
}

// differing are the keys of the resources that a check of the values found others, in its order.
func differing(err error) (keys []string) {
	if err == nil {
		return nil
	}
	for line := range strings.Lines(err.Error()) {
		if key, _, _ := strings.Cut(line, ": "); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("read %s: %v", path, err)
	}
}
