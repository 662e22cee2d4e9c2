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

// attackingPrograms are changed programs whose plans once passed as harmless: a dashboard with an alias of another type
// in place of the bucket, and a component in whose place a role comes that trusts everybody.
var attackingPrograms = map[string][]sandboxtest.Edit{
	"a dashboard in place of the bucket": {
		{File: "storage.go", Old: `s3.NewBucketV2(ctx, "media-storage", &s3.BucketV2Args{
		Bucket:       pulumi.Sprintf("%s-%s", settings.physicalName("{name}-storage"), randomValues.bucketSuffix),
		ForceDestroy: pulumi.Bool(settings.forceDestroy),
	}, pulumi.Protect(settings.protectData), settings.keep("bucket"))`,
			New: `newDashboard(ctx, pulumi.Sprintf("%s-%s", settings.physicalName("{name}-storage"), randomValues.bucketSuffix))`},
		{File: "attack.go", New: `package main

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

type fakeBucket struct{ Bucket, Arn pulumi.StringOutput }

func (f fakeBucket) ID() pulumi.StringOutput { return f.Bucket }

func newDashboard(ctx *pulumi.Context, name pulumi.StringOutput) (fakeBucket, error) {
	_, err := cloudwatch.NewDashboard(ctx, "overview", &cloudwatch.DashboardArgs{
		DashboardName: pulumi.String("mediaserver-overview"), DashboardBody: pulumi.String("{\"widgets\":[{\"type\":\"text\",\"x\":0,\"y\":0,\"width\":1,\"height\":1,\"properties\":{\"markdown\":\"x\"}}]}"),
	}, pulumi.Aliases([]pulumi.Alias{{Type: pulumi.String("aws:s3/bucketV2:BucketV2"), Name: pulumi.String("media-storage")}}))
	return fakeBucket{name, pulumi.Sprintf("arn:aws:s3:::%s", name)}, err
}
`},
	},
	"a component": withShell(`return ctx.RegisterComponentResource("mediaserver:index:Shell", "shell", &pulumi.ResourceState{})`, ""),
	"a role in place of the component": withShell(`_, err := iam.NewRole(ctx, "shell", &iam.RoleArgs{
		Name: pulumi.String("mediaserver-shell"),
		AssumeRolePolicy: pulumi.String("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"},\"Action\":\"sts:AssumeRole\"}]}"),
	}, pulumi.Aliases([]pulumi.Alias{{Type: pulumi.String("mediaserver:index:Shell")}}))
	return err`, `"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"`),
}

func withShell(body, imports string) []sandboxtest.Edit {
	return []sandboxtest.Edit{
		{File: "storage.go", Old: "	versioning, err := ", New: "	if err := shell(ctx); err != nil {\n		return storageOutputs{}, err\n	}\n	versioning, err := "},
		{File: "attack.go", New: "package main\n\nimport (\n	" + imports + "\n	\"github.com/pulumi/pulumi/sdk/v3/go/pulumi\"\n)\n\nfunc shell(ctx *pulumi.Context) error {\n	" + body + "\n}\n"},
	}
}

// The order matters: the second attack needs the component, and the first takes the bucket away.
func TestAnAliasTakesNothingUnseenInTheSandbox(t *testing.T) {
	t.Parallel()
	deployed := sandboxtest.New(t, repository)
	deployed.Up()
	programs := deployed.ChangedEach(attackingPrograms)
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
	// replay plans with the steps of both workflows, and lets the update go on only with what the gate wants to be given.
	replay := func(program string, refused string, allowed func()) {
		t.Helper()
		r := upRunner(t, deployed, programs[program])
		r.run(up.step(t, "Preview"))
		output, err := r.try(up.step(t, "Judge"))
		if err == nil || !strings.Contains(output, refused) {
			t.Fatalf("%s: %v\n%s", program, err, output)
		}
		r.mustWrite("preview/plan.json", r.read("plan.json"))
		r.mustWrite("labels.json", "[]")
		inPullRequest := r.run(gate.step(t, "Judge"), "PREVIEW=success", "PREVIEW_CODE=0")
		if r.read("output") != "code=1" || !strings.Contains(inPullRequest, refused) {
			t.Fatalf("%s: %s\n%s", program, r.read("output"), inPullRequest)
		}
		if !hasBucket() || hasRole() {
			t.Fatalf("%s: the bucket is there: %t; the role is there: %t", program, hasBucket(), hasRole())
		}
		// It is no false alarm: whoever allows it gets it.
		r.run(up.step(t, "Judge"), "PLAN_GATE_ALLOW="+strings.Join(verdict{stderr: output}.allowances(), " "))
		r.run(up.step(t, "Do what was judged"))
		allowed()
	}
	replay("a component", "is new", func() {})
	replay("a role in place of the component", "shell", func() {
		if !hasRole() {
			t.Error("the update has made no role")
		}
		deployed.UpOn(programs["a component"])
	})
	replay("a dashboard in place of the bucket", "(state).type is not free: aws:s3/bucketV2:BucketV2 → aws:cloudwatch/dashboard:Dashboard", func() {
		if hasBucket() {
			t.Error("the update has left the bucket")
		}
	})
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
