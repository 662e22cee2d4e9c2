package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// inventory is every resource of the stack: its type and logical name.
var inventory = map[string]string{
	"RandomString bucket-suffix":                              "random:index/randomString:RandomString",
	"RandomPassword jwt-secret":                               "random:index/randomPassword:RandomPassword",
	"SecurityGroup alb":                                       "aws:ec2/securityGroup:SecurityGroup",
	"SecurityGroup ecs-tasks":                                 "aws:ec2/securityGroup:SecurityGroup",
	"BucketV2 media-storage":                                  "aws:s3/bucketV2:BucketV2",
	"BucketPublicAccessBlock media-storage":                   "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
	"BucketServerSideEncryptionConfigurationV2 media-storage": "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
	"BucketVersioningV2 media-storage":                        "aws:s3/bucketVersioningV2:BucketVersioningV2",
	"BucketLifecycleConfigurationV2 media-storage":            "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
	"BucketCorsConfigurationV2 media-storage":                 "aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2",
	"Repository mediaserver":                                  "aws:ecr/repository:Repository",
	"RepositoryPolicy mediaserver":                            "aws:ecr/repositoryPolicy:RepositoryPolicy",
	"LifecyclePolicy mediaserver":                             "aws:ecr/lifecyclePolicy:LifecyclePolicy",
	"Role ecs-task-execution-role":                            "aws:iam/role:Role",
	"RolePolicyAttachment ecs-task-execution-role-policy":     "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
	"Role ecs-task-role":                                      "aws:iam/role:Role",
	"RolePolicy ecs-task-s3-policy":                           "aws:iam/rolePolicy:RolePolicy",
	"RolePolicy ecs-task-cloudwatch-policy":                   "aws:iam/rolePolicy:RolePolicy",
	"Parameter jwt-secret":                                    "aws:ssm/parameter:Parameter",
	"Parameter s3-bucket-name":                                "aws:ssm/parameter:Parameter",
	"Parameter app-config":                                    "aws:ssm/parameter:Parameter",
	"LoadBalancer mediaserver":                                "aws:lb/loadBalancer:LoadBalancer",
	"TargetGroup mediaserver":                                 "aws:lb/targetGroup:TargetGroup",
	"Listener mediaserver":                                    "aws:lb/listener:Listener",
	"Cluster main":                                            "aws:ecs/cluster:Cluster",
	"ClusterCapacityProviders main":                           "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
	"TaskDefinition mediaserver":                              "aws:ecs/taskDefinition:TaskDefinition",
	"Service mediaserver":                                     "aws:ecs/service:Service",
	"Target ecs-target":                                       "aws:appautoscaling/target:Target",
	"Policy scale-up":                                         "aws:appautoscaling/policy:Policy",
	"Policy scale-down":                                       "aws:appautoscaling/policy:Policy",
	"MetricAlarm high-cpu":                                    "aws:cloudwatch/metricAlarm:MetricAlarm",
	"MetricAlarm low-cpu":                                     "aws:cloudwatch/metricAlarm:MetricAlarm",
	"LogGroup ecs-logs":                                       "aws:cloudwatch/logGroup:LogGroup",
	"LogGroup app-logs":                                       "aws:cloudwatch/logGroup:LogGroup",
	"Dashboard mediaserver":                                   "aws:cloudwatch/dashboard:Dashboard",
}

func TestTheStackIsExactlyThe36ResourcesOfTheGuide(t *testing.T) {
	if len(inventory) != 36 {
		t.Fatalf("the inventory lists %d resources, want 36", len(inventory))
	}
	registered := map[string]string{}
	for _, r := range run(t, nil).records {
		if _, twice := registered[r.key()]; twice {
			t.Errorf("%s was registered twice", r.key())
		}
		registered[r.key()] = r.token
	}
	for _, key := range slices.Sorted(maps.Keys(inventory)) {
		if registered[key] != inventory[key] {
			t.Errorf("%s has type %q, want %q", key, registered[key], inventory[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(registered)) {
		if _, listed := inventory[key]; !listed {
			t.Errorf("%s is in no guide", key)
		}
	}
}

// dependencies are what the registration of each resource waits for. What is
// not here waits for nothing.
var dependencies = map[string][]string{
	"SecurityGroup ecs-tasks":               {"SecurityGroup alb"},
	"BucketV2 media-storage":                {"RandomString bucket-suffix"},
	"BucketPublicAccessBlock media-storage": {"BucketV2 media-storage"},
	"BucketServerSideEncryptionConfigurationV2 media-storage": {
		"BucketPublicAccessBlock media-storage", "BucketV2 media-storage",
	},
	"BucketVersioningV2 media-storage": {
		"BucketServerSideEncryptionConfigurationV2 media-storage", "BucketV2 media-storage",
	},
	"BucketLifecycleConfigurationV2 media-storage": {"BucketV2 media-storage", "BucketVersioningV2 media-storage"},
	"BucketCorsConfigurationV2 media-storage": {
		"BucketLifecycleConfigurationV2 media-storage", "BucketV2 media-storage",
	},
	"RepositoryPolicy mediaserver":                        {"Repository mediaserver", "Role ecs-task-execution-role"},
	"LifecyclePolicy mediaserver":                         {"Repository mediaserver"},
	"Role ecs-task-execution-role":                        {"Parameter jwt-secret"},
	"RolePolicyAttachment ecs-task-execution-role-policy": {"Role ecs-task-execution-role"},
	"RolePolicy ecs-task-s3-policy":                       {"BucketV2 media-storage", "Role ecs-task-role"},
	"RolePolicy ecs-task-cloudwatch-policy": {
		"LogGroup app-logs", "LogGroup ecs-logs", "Role ecs-task-role",
	},
	"Parameter jwt-secret":          {"RandomPassword jwt-secret"},
	"Parameter s3-bucket-name":      {"BucketV2 media-storage"},
	"Parameter app-config":          {"BucketV2 media-storage"},
	"LoadBalancer mediaserver":      {"SecurityGroup alb"},
	"Listener mediaserver":          {"LoadBalancer mediaserver", "TargetGroup mediaserver"},
	"ClusterCapacityProviders main": {"Cluster main", "Listener mediaserver"},
	"TaskDefinition mediaserver": {
		"BucketV2 media-storage", "LogGroup ecs-logs", "Parameter jwt-secret", "Repository mediaserver",
		"Role ecs-task-execution-role", "Role ecs-task-role",
	},
	"Service mediaserver": {
		"Cluster main", "ClusterCapacityProviders main", "Listener mediaserver",
		"RolePolicy ecs-task-cloudwatch-policy", "RolePolicy ecs-task-s3-policy",
		"RolePolicyAttachment ecs-task-execution-role-policy", "SecurityGroup ecs-tasks",
		"TargetGroup mediaserver", "TaskDefinition mediaserver",
	},
	"Target ecs-target":    {"Cluster main", "Service mediaserver"},
	"Policy scale-up":      {"Target ecs-target"},
	"Policy scale-down":    {"Target ecs-target"},
	"MetricAlarm high-cpu": {"Cluster main", "Policy scale-up", "Service mediaserver"},
	"MetricAlarm low-cpu":  {"Cluster main", "Policy scale-down", "Service mediaserver"},
	"Dashboard mediaserver": {
		"BucketV2 media-storage", "Cluster main", "LoadBalancer mediaserver", "Service mediaserver",
		"TargetGroup mediaserver",
	},
}

func TestEachResourceWaitsForWhatItNeedsAndForNothingElse(t *testing.T) {
	for _, r := range run(t, nil).records {
		if want := dependencies[r.key()]; !slices.Equal(r.dependencies, want) {
			t.Errorf("%s waits for %v, want %v", r.key(), r.dependencies, want)
		}
	}
}

func TestOnlyWhatOthersOwnIsLeftOutOfUpdates(t *testing.T) {
	want := map[string][]string{
		"Service mediaserver":       {"desiredCount"},
		"RandomPassword jwt-secret": {"overrideSpecial"},
		"TargetGroup mediaserver":   {"port"},
	}
	for _, r := range run(t, nil).records {
		if !slices.Equal(r.ignored, want[r.key()]) {
			t.Errorf("%s ignores changes of %v, want %v", r.key(), r.ignored, want[r.key()])
		}
	}
}

func TestDataIsProtectedOnRequestOnly(t *testing.T) {
	data := []string{
		"BucketV2 media-storage", "Parameter jwt-secret", "RandomPassword jwt-secret",
		"RandomString bucket-suffix", "Repository mediaserver",
	}
	for value, want := range map[string][]string{"true": data, "false": nil} {
		var protected []string
		for _, r := range run(t, map[string]string{"protectData": value}).records {
			if r.protected {
				protected = append(protected, r.key())
			}
		}
		slices.Sort(protected)
		if !slices.Equal(protected, want) {
			t.Errorf("with protectData %s, %v are protected, want %v", value, protected, want)
		}
	}
}

func TestTheJWTSecretIsNowhereInPlain(t *testing.T) {
	var holders []string
	for _, r := range run(t, nil).records {
		for property, value := range r.inputs {
			inspectSecrets(t, r.key()+"."+property, value, func(path string) { holders = append(holders, path) })
		}
	}
	if want := []string{"Parameter jwt-secret.value"}; !slices.Equal(holders, want) {
		t.Errorf("the JWT secret is in %v, want %v", holders, want)
	}
}

// inspectSecrets reports where a value holds the JWT secret as a secret, and
// fails where it holds it in plain.
func inspectSecrets(t *testing.T, path string, value any, found func(path string)) {
	t.Helper()
	switch value := value.(type) {
	case string:
		if strings.Contains(value, testJWTSecret) {
			t.Errorf("%s holds the JWT secret in plain", path)
		}
	case secret:
		if text, isText := value.value.(string); isText && strings.Contains(text, testJWTSecret) {
			found(path)
		}
	case object:
		for key, element := range value {
			inspectSecrets(t, path+"."+key, element, found)
		}
	case list:
		for _, element := range value {
			inspectSecrets(t, path, element, found)
		}
	}
}

func TestTheJWTSecretIsSecretEvenIfItsProviderForgets(t *testing.T) {
	forgetful := newRecorder()
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		values, err := createRandomValues(ctx, settings{})
		if err != nil {
			return err
		}
		if !pulumi.IsSecret(values.jwtSecret) {
			t.Error("the JWT secret left its phase as a plain value")
		}
		if pulumi.IsSecret(values.bucketSuffix) {
			t.Error("the bucket suffix is a secret: it would hide the name of the bucket")
		}
		return nil
	}, forgetful.options("mediaserver", nil)...)
	if err != nil {
		t.Fatal(err)
	}
}

// stackOutputsOf runs the program and returns its outputs as plain values.
func stackOutputsOf(t *testing.T, r *recorder, settings map[string]string) map[string]any {
	t.Helper()
	exported := map[string]any{}
	recordOutputs := func(ctx *pulumi.Context) error {
		if err := deploy(ctx); err != nil {
			return err
		}
		for name, input := range ctx.GetCurrentExportMap() {
			output, err := internals.UnsafeAwaitOutput(ctx.Context(), pulumi.ToOutput(input))
			switch {
			case err != nil:
				return err
			case output.Secret:
				exported[name] = secret{output.Value}
			default:
				exported[name] = output.Value
			}
		}
		return nil
	}
	if err := pulumi.RunErr(recordOutputs, r.options("mediaserver", namespaced("mediaserver", settings))...); err != nil {
		t.Fatal(err)
	}
	return exported
}

func TestTheOutputsAreTheContractWithTheDeployScript(t *testing.T) {
	want := object{
		"albDnsName":           "alb-1.eu-west-2.elb.amazonaws.com",
		"appUrl":               "http://alb-1.eu-west-2.elb.amazonaws.com",
		"bucketName":           testBucket,
		"ecrRepositoryUrl":     "123456789012.dkr.ecr.eu-west-2.amazonaws.com/mediaserver",
		"ecsClusterName":       "mediaserver-cluster",
		"ecsServiceName":       "mediaserver-service",
		"taskDefinitionArn":    "arn:aws:ecs:eu-west-2:123456789012:task-definition/mediaserver:1",
		"taskDefinitionFamily": "mediaserver",
		"containerName":        "mediaserver",
		"containerPort":        3000,
		"logGroupName":         "/ecs/mediaserver",
		"appLogGroupName":      "/aws/ecs/mediaserver/app",
		"dashboardName":        "mediaserver-dashboard",
		"dashboardUrl":         "https://eu-west-2.console.aws.amazon.com/cloudwatch/home?region=eu-west-2#dashboards/dashboard/mediaserver-dashboard",
		"region":               "eu-west-2",
		"jwtSecretParameter":   "/mediaserver/jwt-secret",
		"appConfigParameter":   "/mediaserver/app-config",
		"bucketNameParameter":  "/mediaserver/s3-bucket-name",
	}
	got := stackOutputsOf(t, newRecorder(), nil)
	got["containerPort"] = float64(got["containerPort"].(int))
	wantEqual(t, "outputs", got, want)
}

func TestTheDashboardOfEachPartitionIsInItsOwnConsole(t *testing.T) {
	for partition, domain := range map[string]string{
		"aws":        "console.aws.amazon.com",
		"aws-cn":     "console.amazonaws.cn",
		"aws-us-gov": "console.amazonaws-us-gov.com",
	} {
		if got := consoleDomain(partition); got != domain {
			t.Errorf("the console of %s is at %s, want %s", partition, got, domain)
		}
	}
}
