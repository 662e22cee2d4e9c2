package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

func TestOnlyWhatOthersOwnIsLeftOutOfUpdates(t *testing.T) {
	for _, r := range run(t, nil).records {
		if !slices.Equal(r.ignored, leftAlone[r.key()]) {
			t.Errorf("%s ignores changes of %v, want %v", r.key(), r.ignored, leftAlone[r.key()])
		}
	}
}

// leftAlone are the properties of each resource that stay as they are whatever the
// program says: those that others own, and those that cannot change in place.
var leftAlone = map[string][]string{
	"LoadBalancer mediaserver":     {"enableDeletionProtection"},
	"LogGroup app-logs":            {"kmsKeyId"},
	"LogGroup ecs-logs":            {"kmsKeyId"},
	"RandomPassword jwt-secret":    howItWasDrawn,
	"RandomString bucket-suffix":   howItWasDrawn,
	"Role ecs-task-execution-role": {"path"},
	"Role ecs-task-role":           {"path"},
	"SecurityGroup alb":            {"description"},
	"SecurityGroup ecs-tasks":      {"description"},
	"Service mediaserver":          {"desiredCount", "launchType", "capacityProviderStrategies"},
	"TargetGroup mediaserver":      {"port"},
}

var howItWasDrawn = []string{
	"keepers", "length", "lower", "minLower", "minNumeric", "minSpecial", "minUpper",
	"number", "numeric", "overrideSpecial", "special", "upper",
}

// A name that the settings make is in the inputs as a text that begins like one. A task definition is replaced by
// nature, and what belongs to a bucket, a repository or a cluster has no name of its own.
func TestAdoptedResourcesKeepTheirNames(t *testing.T) {
	kept := 0
	for _, r := range run(t, map[string]string{"adopted": "true"}).records {
		var want []string
		for _, property := range []string{"name", "bucket", "dashboardName"} {
			name, _ := r.inputs[property].(string)
			if strings.Contains(name, "mediaserver") && (property != "bucket" || r.token == "aws:s3/bucketV2:BucketV2") {
				want = append(want, property)
			}
		}
		kept += len(want)
		if r.key() == "LifecyclePolicy mediaserver" {
			want = append(want, "policy")
		}
		want = append(want, leftAlone[r.key()]...)
		if got := slices.Sorted(slices.Values(r.ignored)); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			t.Errorf("with adopted %s ignores changes of %v, want %v", r.key(), got, want)
		}
	}
	if kept != 22 {
		t.Errorf("%d resources keep their names, want 22", kept)
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
		values := createRandomValues(ctx, settings{})
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
		"aws-eusc":   "console.amazonaws-eusc.eu",
	} {
		if got := consoleDomain(partition); got != domain {
			t.Errorf("the console of %s is at %s, want %s", partition, got, domain)
		}
	}
}
