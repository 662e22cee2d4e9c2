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
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"gopkg.in/yaml.v3"

	"mediaserver/tests/internal/readback"
	"mediaserver/tests/internal/sandbox"
)

const (
	arnPrefix = sandbox.Region + ":" + sandbox.Account + ":"
	// logsBucket is a bucket of somebody else. The emulator does not look whether it is there.
	logsBucket = "logs-of-everything"
)

// inPlace are settings with other values than the default ones, which a running stack can take, and the resources that
// AWS then describes in another way.
var inPlace = []struct {
	settings map[string]any
	changed  []string
}{
	{map[string]any{"allowedCidrBlocks": []any{"10.0.0.0/8", "192.0.2.7/32"}}, []string{"SecurityGroup alb"}},
	{
		map[string]any{"environment": map[string]any{"LOG_LEVEL": "debug", "WORKERS": 4, "TRACE": true, "EMPTY": ""}},
		[]string{"TaskDefinition mediaserver"},
	},
	{
		map[string]any{"secrets": map[string]any{
			"API_KEY":           "arn:aws:ssm:" + arnPrefix + "parameter/films/api-key",
			"DATABASE":          "arn:aws:secretsmanager:" + arnPrefix + "secret:films/database-AbCdEf",
			"DATABASE_PASSWORD": "arn:aws:secretsmanager:" + arnPrefix + "secret:films/login-GhIjKl:password:AWSCURRENT:",
		}},
		[]string{"Role ecs-task-execution-role", "TaskDefinition mediaserver"},
	},
	{
		map[string]any{"secretsKeyArns": []any{"arn:aws:kms:" + arnPrefix + "key/01234567-89ab-cdef-0123-456789abcdef"}},
		[]string{"Role ecs-task-execution-role"},
	},
	{map[string]any{"containerHealthCheck": "none"}, []string{"TaskDefinition mediaserver"}},
	{map[string]any{"containerHealthCheck": "wget"}, []string{"TaskDefinition mediaserver"}},
	{map[string]any{"startSeconds": 200}, []string{"TaskDefinition mediaserver", "Service mediaserver"}},
	// The start period is 300 then, which the inventory takes of every stack.
	{map[string]any{"startSeconds": 400}, []string{"Service mediaserver"}},
	{
		map[string]any{"archiveStorageClass": "GLACIER_IR"},
		[]string{"BucketLifecycleConfigurationV2 media-storage", "Dashboard mediaserver"},
	},
	{
		map[string]any{"archiveStorageClass": "NONE"},
		[]string{"BucketLifecycleConfigurationV2 media-storage", "Dashboard mediaserver"},
	},
	{map[string]any{"accessLogsBucket": logsBucket}, []string{"LoadBalancer mediaserver"}},
	{map[string]any{"assignPublicIp": false}, []string{"Service mediaserver"}},
}

// TestEachSettingIsReadBack uses one sandbox for all, because bringing one up takes longer than a change.
func TestEachSettingIsReadBack(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	first := d.Stack
	d.Up()
	for i, each := range inPlace {
		if i > 0 {
			d.unset(inPlace[i-1].settings)
		}
		d.set(each.settings)
		d.Up()
		d.checkValues(each.settings)
		if changed := differing(readback.Check(t.Context(), d.Clients(), d.readable(nil))); !slices.Equal(changed, each.changed) {
			t.Errorf("with %v these differ from the default stack: %q, want %q", each.settings, changed, each.changed)
		}
	}
	d.unset(inPlace[len(inPlace)-1].settings)
	d.Up()
	d.checkValues(nil)

	network := d.newNetwork()
	d.Stack = *d.Another("network", map[string]string{"mediaserver:name": "media-network"})
	d.set(map[string]any{
		"vpcId": network["vpcId"], "loadBalancerSubnetIds": []any{"subnet-00000000", d.defaultSubnet()},
		"permissionsBoundaryArn": "arn:aws:iam::210987654321:policy/a",
	})
	d.wantRefused(`loadBalancerSubnetIds[0]: "subnet-00000000" must be a subnet of`, "loadBalancerSubnetIds[1]",
		"permissionsBoundaryArn")
	d.Unset("mediaserver:permissionsBoundaryArn")
	own := map[string]any{
		"name": "media-network", "vpcId": network["vpcId"], "loadBalancerSubnetIds": network["loadBalancerSubnetIds"],
	}
	d.set(own)
	d.Up()
	d.checkValues(own)
	own["taskSubnetIds"] = network["taskSubnetIds"]
	d.set(own)
	d.Up()
	d.checkValues(own)
	d.Must("destroy", "--yes", "--skip-preview")

	d.Stack = *d.Another("internal", map[string]string{"mediaserver:name": "media-internal"})
	internal := map[string]any{"name": "media-internal", "internal": true}
	d.set(internal)
	d.Up()
	d.checkValues(internal)
	d.Must("destroy", "--yes", "--skip-preview")

	d.inProduction(network)
	d.Stack = first
	d.Must("destroy", "--yes", "--skip-preview")
	left := slices.DeleteFunc(d.inventory(), func(thing string) bool {
		// Revisions stay on purpose.
		return strings.HasPrefix(thing, "task definition ")
	})
	if len(left) > 0 {
		t.Errorf("after everything is destroyed the account still holds %q", left)
	}
}

// inProduction reads back the example for production with all settings on top of it.
func (d *deployment) inProduction(network map[string]any) {
	d.t.Helper()
	zone, err := d.Clients().Route53.CreateHostedZone(d.t.Context(), &route53.CreateHostedZoneInput{
		Name: aws.String("example.com"), CallerReference: aws.String("production"),
	})
	if err != nil {
		d.t.Fatal(err)
	}
	settings := map[string]any{}
	text, err := os.ReadFile(repository + "/examples/Pulumi.prod.yaml")
	if err != nil {
		d.t.Fatal(err)
	}
	var example struct{ Config map[string]any }
	if err := yaml.Unmarshal(text, &example); err != nil {
		d.t.Fatal(err)
	}
	for key, value := range example.Config {
		if own, isOwn := strings.CutPrefix(key, "mediaserver:"); isOwn {
			settings[own] = value
		}
	}
	for _, each := range inPlace {
		maps.Copy(settings, each.settings)
	}
	maps.Copy(settings, network)
	maps.Copy(settings, map[string]any{
		"name": "media-production", "internal": true, "hostedZoneId": strings.TrimPrefix(*zone.HostedZone.Id, "/hostedzone/"),
		// The example keeps its data, which is tested beside it. This stack is destroyed.
		"protectData": false, "forceDestroy": true,
	})
	d.Stack = *d.Another("production", nil)
	d.set(settings)
	d.Up()
	d.checkValues(settings)
	d.Must("preview", "--expect-no-changes")
	d.Must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
	d.Must("destroy", "--yes", "--skip-preview")
}

// newNetwork makes a VPC with a subnet in each of three zones, and returns the settings that name them.
func (d *deployment) newNetwork() map[string]any {
	d.t.Helper()
	client := d.Clients().EC2
	vpc, err := client.CreateVpc(d.t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16")})
	if err != nil {
		d.t.Fatal(err)
	}
	var subnets []any
	for i, zone := range []string{"a", "b", "c"} {
		subnet, err := client.CreateSubnet(d.t.Context(), &ec2.CreateSubnetInput{
			VpcId: vpc.Vpc.VpcId, AvailabilityZone: aws.String(sandbox.Region + zone), CidrBlock: aws.String(fmt.Sprintf("10.9.%d.0/24", i)),
		})
		if err != nil {
			d.t.Fatal(err)
		}
		subnets = append(subnets, *subnet.Subnet.SubnetId)
	}
	return map[string]any{"vpcId": *vpc.Vpc.VpcId, "loadBalancerSubnetIds": subnets[:2], "taskSubnetIds": subnets[1:]}
}

// defaultSubnet is a subnet of the default VPC.
func (d *deployment) defaultSubnet() string {
	d.t.Helper()
	found, err := d.Clients().EC2.DescribeSubnets(d.t.Context(), &ec2.DescribeSubnetsInput{
		Filters: []types.Filter{{Name: aws.String("default-for-az"), Values: []string{"true"}}},
	})
	if err != nil || len(found.Subnets) == 0 {
		d.t.Fatalf("there is no default subnet: %v", err)
	}
	return *found.Subnets[0].SubnetId
}

// set sets settings of the program by their values.
func (d *deployment) set(settings map[string]any) {
	d.t.Helper()
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

// unset takes settings of the program back to their defaults.
func (d *deployment) unset(settings map[string]any) {
	d.t.Helper()
	for key := range settings {
		d.Unset("mediaserver:" + key)
	}
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

// wantRefused expects one error that names each of the settings.
func (d *deployment) wantRefused(settings ...string) {
	d.t.Helper()
	result := d.Run("preview")
	said := result.Stdout + result.Stderr
	if result.ExitCode == 0 {
		d.t.Errorf("the preview accepts it:\n%s", said)
	}
	for _, setting := range settings {
		if !strings.Contains(said, "mediaserver:"+setting) {
			d.t.Errorf("the error does not name %s:\n%s", setting, said)
		}
	}
}
