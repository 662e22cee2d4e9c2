package plangate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"mediaserver/tests/internal/sandboxtest"
)

// attack is a program with three attacks, two of which the gate once let pass. The setting attack:kind chooses one, so that
// the program is built only once: a dashboard that replaces the bucket through an alias, a component, and a role that
// trusts everybody and replaces the component through an alias.
var attack = []sandboxtest.Edit{
	{File: "storage.go", Old: `s3.NewBucketV2(ctx, "media-storage", &s3.BucketV2Args{
		Bucket:       pulumi.Sprintf("%s-%s", settings.physicalName("{name}-storage"), randomValues.bucketSuffix),
		ForceDestroy: pulumi.Bool(settings.forceDestroy),
	}, pulumi.Protect(settings.protectData), settings.keep("bucket"))`,
		New: `attackedBucket(ctx, pulumi.Sprintf("%s-%s", settings.physicalName("{name}-storage"), randomValues.bucketSuffix))`},
	{File: "storage.go", Old: "	versioning := ", New: `	if err := attackByComponent(ctx); err != nil {
		panic(err)
	}
	versioning := `},
	{File: "attack.go", New: `package main

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

type attacked struct{ Bucket, Arn pulumi.StringOutput }

func (a attacked) ID() pulumi.StringOutput { return a.Bucket }

func attackedBucket(ctx *pulumi.Context, name pulumi.StringOutput) (attacked, error) {
	if kind, _ := ctx.GetConfig("attack:kind"); kind != "dashboard" {
		bucket, err := s3.NewBucketV2(ctx, "media-storage", &s3.BucketV2Args{Bucket: name, ForceDestroy: pulumi.Bool(true)})
		if err != nil {
			return attacked{}, err
		}
		return attacked{bucket.Bucket, bucket.Arn}, nil
	}
	_, err := cloudwatch.NewDashboard(ctx, "overview", &cloudwatch.DashboardArgs{
		DashboardName: pulumi.String("mediaserver-overview"), DashboardBody: pulumi.String("{\"widgets\":[{\"type\":\"text\",\"x\":0,\"y\":0,\"width\":1,\"height\":1,\"properties\":{\"markdown\":\"x\"}}]}"),
	}, pulumi.Aliases([]pulumi.Alias{{Type: pulumi.String("aws:s3/bucketV2:BucketV2"), Name: pulumi.String("media-storage")}}))
	return attacked{name, pulumi.Sprintf("arn:aws:s3:::%s", name)}, err
}

func attackByComponent(ctx *pulumi.Context) error {
	kind, _ := ctx.GetConfig("attack:kind")
	switch kind {
	case "component":
		return ctx.RegisterComponentResource("mediaserver:index:Shell", "shell", &pulumi.ResourceState{})
	case "role":
		_, err := iam.NewRole(ctx, "shell", &iam.RoleArgs{
			Name:             pulumi.String("mediaserver-shell"),
			AssumeRolePolicy: pulumi.String("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"},\"Action\":\"sts:AssumeRole\"}]}"),
		}, pulumi.Aliases([]pulumi.Alias{{Type: pulumi.String("mediaserver:index:Shell")}}))
		return err
	}
	return nil
}
`},
}

// The order matters: the role takes the component's place, and the dashboard takes the bucket away.
func TestAnAliasTakesNothingUnseenInTheSandbox(t *testing.T) {
	t.Parallel()
	deployed := sandboxtest.New(t, repository)
	program := deployed.Changed(attack...)
	deployed.UpOn(program)
	up, gate := readWorkflow(t, "up.yml").Jobs["up"], readWorkflow(t, "preview.yml").Jobs["gate"]
	bucket := deployed.Outputs()["bucketName"].(string)
	hasBucket := func() bool {
		_, err := deployed.Clients().S3.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: &bucket})
		return err == nil
	}
	name := "mediaserver-shell"
	hasRole := func() bool {
		_, err := deployed.Clients().IAM.GetRole(t.Context(), &iam.GetRoleInput{RoleName: &name})
		return err == nil
	}
	// replay previews an attack with the steps of both workflows, which must refuse it, and then allows and deploys it.
	replay := func(kind, refused string) {
		t.Helper()
		deployed.Set("attack:kind=" + kind)
		r := upRunner(t, deployed, program)
		r.run(up.step(t, "Preview"))
		output, err := r.try(up.step(t, "Judge"))
		if err == nil || !strings.Contains(output, refused) {
			t.Fatalf("%s: %v\n%s", kind, err, output)
		}
		r.mustWrite("preview/plan.json", r.read("plan.json"))
		r.mustWrite("labels.json", "[]")
		inPullRequest := r.run(gate.step(t, "Judge"), "PREVIEW=success", "PREVIEW_CODE=0")
		if r.read("output") != "code=1" || !strings.Contains(inPullRequest, refused) {
			t.Fatalf("%s: %s\n%s", kind, r.read("output"), inPullRequest)
		}
		if !hasBucket() || hasRole() {
			t.Fatalf("%s: the bucket is there: %t; the role is there: %t", kind, hasBucket(), hasRole())
		}
		r.run(up.step(t, "Judge"), "PLAN_GATE_ALLOW="+strings.Join(verdict{stderr: output}.allowances(), " "))
		r.run(up.step(t, "Do what was judged"))
	}
	replay("component", "is new")
	// The attacks are real: once allowed, they do what the gate prevents.
	replay("role", "shell")
	if !hasRole() {
		t.Error("the update has created no role")
	}
	deployed.Set("attack:kind=component")
	deployed.UpOn(program)
	replay("dashboard", "(state).type is not free: aws:s3/bucketV2:BucketV2 → aws:cloudwatch/dashboard:Dashboard")
	if hasBucket() {
		t.Error("the update has left the bucket")
	}
}

func (r runner) mustWrite(name, content string) {
	r.t.Helper()
	path := filepath.Join(r.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		r.t.Fatal(err)
	}
}
