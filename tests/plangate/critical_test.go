package plangate

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"mediaserver/tests/internal/sandboxtest"
)

// The order matters: the role takes the component's place, and the dashboard takes the bucket away. The gate once let both
// pass.
func TestAnAliasTakesNothingUnseenInTheSandbox(t *testing.T) {
	t.Parallel()
	deployed := sandboxtest.New(t, repository)
	program := deployed.Changed(
		sandboxtest.Edit{File: "attack.go", New: textOf(t, "tests", "plangate", "testdata", "attack.go")},
		sandboxtest.Edit{File: "storage.go", Old: `s3.NewBucketV2(ctx, "media-storage",`, New: `attackedBucket(ctx, "media-storage",`},
	)
	deployed.On(program).Up()
	up, gate := stepsOf(t, "up.yml", "up"), stepsOf(t, "preview.yml", "gate")
	bucket, role := deployed.Outputs()["bucketName"].(string), "mediaserver-shell"
	hasBucket := func() bool {
		_, err := deployed.Clients().S3.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: &bucket})
		return err == nil
	}
	hasRole := func() bool {
		_, err := deployed.Clients().IAM.GetRole(t.Context(), &iam.GetRoleInput{RoleName: &role})
		return err == nil
	}
	// replay previews an attack with the steps of both workflows, which must refuse it, and then allows and deploys it.
	replay := func(kind, because string) {
		t.Helper()
		deployed.Set("attack:kind=" + kind)
		r := upRunner(t, deployed, program)
		r.run(up["Preview"])
		refused := r.fail(up["Judge"], because)
		r.write("preview/plan.json", r.read("plan.json"))
		r.write("labels.json", "[]")
		inPullRequest := r.run(gate["Judge"], "PREVIEW=success", "PREVIEW_CODE=0")
		if r.read("output") != "code=1" || !strings.Contains(inPullRequest, because) {
			t.Fatalf("%s: %s\n%s", kind, r.read("output"), inPullRequest)
		}
		if !hasBucket() || hasRole() {
			t.Fatalf("%s: the bucket is there: %t; the role is there: %t", kind, hasBucket(), hasRole())
		}
		r.run(up["Judge"], "PLAN_GATE_ALLOW="+strings.Join(allowances(refused), " "))
		r.run(up["Do what was judged"])
	}
	replay("component", "is new")
	// The attacks are real: once allowed, they do what the gate prevents.
	replay("role", "shell")
	if !hasRole() {
		t.Error("the update has created no role")
	}
	deployed.Set("attack:kind=component")
	deployed.On(program).Up()
	replay("dashboard", "(state).type is not free: aws:s3/bucketV2:BucketV2 → aws:cloudwatch/dashboard:Dashboard")
	if hasBucket() {
		t.Error("the update has left the bucket")
	}
}
