package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

func TestWhatWasChangedOutsideOfPulumiComesBackWithRefreshAndUp(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.Up()
	bucket := aws.String(d.Outputs()["bucketName"].(string))
	d.removeFive(bucket)
	// Only the parameter's metadata tells this.
	if _, err := d.Clients().SSM.PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: aws.String("/mediaserver/s3-bucket-name"), Value: bucket, Type: "String", Description: aws.String("by hand"), Overwrite: aws.Bool(true),
	}); err != nil {
		t.Fatal(err)
	}

	d.Must("refresh", "--yes", "--skip-preview")
	d.checkManaged(5)
	d.CheckPlan(
		"create app-config (aws:ssm/parameter:Parameter)",
		"create app-logs (aws:cloudwatch/logGroup:LogGroup)",
		"create high-cpu (aws:cloudwatch/metricAlarm:MetricAlarm)",
		"create media-storage (aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2)",
		"create mediaserver (aws:ecr/repositoryPolicy:RepositoryPolicy)",
		// The policy names the log group, and the new one's ARN is not known before it is there.
		"update ecs-task-cloudwatch-policy (aws:iam/rolePolicy:RolePolicy)",
		"update s3-bucket-name (aws:ssm/parameter:Parameter)",
	)
	d.Up()
	d.checkRestored(bucket)
}

// removeFive deletes five resources without Pulumi.
func (d *deployment) removeFive(bucket *string) {
	d.t.Helper()
	ctx, clients := d.t.Context(), d.Clients()
	for what, remove := range map[string]func() error{
		"high-cpu": func() error {
			_, err := clients.CloudWatch.DeleteAlarms(ctx,
				&cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"mediaserver-high-cpu"}})
			return err
		},
		"app-logs": func() error {
			_, err := clients.Logs.DeleteLogGroup(ctx,
				&cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String("/aws/ecs/mediaserver/app")})
			return err
		},
		"app-config": func() error {
			_, err := clients.SSM.DeleteParameter(ctx,
				&ssm.DeleteParameterInput{Name: aws.String("/mediaserver/app-config")})
			return err
		},
		"the policy of mediaserver": func() error {
			_, err := clients.ECR.DeleteRepositoryPolicy(ctx,
				&ecr.DeleteRepositoryPolicyInput{RepositoryName: aws.String("mediaserver")})
			return err
		},
		"the CORS rules of media-storage": func() error {
			_, err := clients.S3.DeleteBucketCors(ctx, &s3.DeleteBucketCorsInput{Bucket: bucket})
			return err
		},
	} {
		if err := remove(); err != nil {
			d.t.Fatalf("delete %s: %v", what, err)
		}
	}
}

// checkRestored asserts that everything is there again and that the state says so.
func (d *deployment) checkRestored(bucket *string) {
	d.t.Helper()
	ctx, clients := d.t.Context(), d.Clients()
	d.checkManaged(0)
	d.checkInventory(deployed("mediaserver"))
	if _, err := clients.S3.GetBucketCors(ctx, &s3.GetBucketCorsInput{Bucket: bucket}); err != nil {
		d.t.Errorf("read the CORS rules: %v", err)
	}
	if _, err := clients.ECR.GetRepositoryPolicy(ctx,
		&ecr.GetRepositoryPolicyInput{RepositoryName: aws.String("mediaserver")}); err != nil {
		d.t.Errorf("read the registry's policy: %v", err)
	}
	d.Must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
}
