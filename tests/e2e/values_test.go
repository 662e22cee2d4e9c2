package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// reader reads one resource back through the AWS APIs and compares what it finds with what the guide says.
type reader struct {
	t   *testing.T
	ctx context.Context
	// resource is what is being read, by the guide's Terraform address.
	resource string
	compared int
	// bucketName is the bucket's name, whose end is drawn anew in each account.
	bucketName string
	// createdService is the request that created the ECS service: the emulator forgets a part of it.
	createdService string

	autoscaling   *applicationautoscaling.Client
	cloudwatch    *cloudwatch.Client
	ec2           *ec2.Client
	ecr           *ecr.Client
	ecs           *ecs.Client
	iam           *iam.Client
	loadBalancing *elasticloadbalancingv2.Client
	logs          *cloudwatchlogs.Client
	s3            *s3.Client
	ssm           *ssm.Client
}

// guideValues has a row for each of the 36 resources of the guide. The expectations are the guide's own
// words and numbers; nothing is taken from the program.
var guideValues = []struct {
	address string
	read    func(*reader)
}{
	{"random_string.bucket_suffix", readBucketSuffix},
	{"random_password.jwt_secret", readJWTPassword},
	{"aws_security_group.alb", readLoadBalancerSecurityGroup},
	{"aws_security_group.ecs_tasks", readTasksSecurityGroup},
	{"aws_s3_bucket.media_storage", readBucket},
	{"aws_s3_bucket_server_side_encryption_configuration.media_storage", readBucketEncryption},
	{"aws_s3_bucket_versioning.media_storage", readBucketVersioning},
	{"aws_s3_bucket_public_access_block.media_storage", readBucketPublicAccessBlock},
	{"aws_s3_bucket_cors_configuration.media_storage", readBucketCORS},
	{"aws_s3_bucket_lifecycle_configuration.media_storage", readBucketLifecycle},
	{"aws_ecr_repository.mediaserver", readRepository},
	{"aws_ecr_repository_policy.mediaserver", readRepositoryPolicy},
	{"aws_ecr_lifecycle_policy.mediaserver", readRepositoryLifecycle},
	{"aws_iam_role.ecs_task_execution_role", readExecutionRole},
	{"aws_iam_role_policy_attachment.ecs_task_execution_role_policy", readExecutionPolicy},
	{"aws_iam_role.ecs_task_role", readTaskRole},
	{"aws_iam_role_policy.ecs_task_s3_policy", readS3Policy},
	{"aws_iam_role_policy.ecs_task_cloudwatch_policy", readCloudWatchPolicy},
	{"aws_ssm_parameter.jwt_secret", readJWTParameter},
	{"aws_ssm_parameter.s3_bucket_name", readBucketNameParameter},
	{"aws_ssm_parameter.app_config", readAppConfigParameter},
	{"aws_lb.mediaserver", readLoadBalancer},
	{"aws_lb_target_group.mediaserver", readTargetGroup},
	{"aws_lb_listener.mediaserver", readListener},
	{"aws_ecs_cluster.main", readCluster},
	{"aws_ecs_cluster_capacity_providers.main", readCapacityProviders},
	{"aws_ecs_task_definition.mediaserver", readTaskDefinition},
	{"aws_ecs_service.mediaserver", readService},
	{"aws_appautoscaling_target.ecs_target", readScalableTarget},
	{"aws_appautoscaling_policy.scale_up", readScaleUp},
	{"aws_appautoscaling_policy.scale_down", readScaleDown},
	{"aws_cloudwatch_metric_alarm.high_cpu", readHighCPU},
	{"aws_cloudwatch_metric_alarm.low_cpu", readLowCPU},
	{"aws_cloudwatch_log_group.ecs_logs", readECSLogs},
	{"aws_cloudwatch_log_group.app_logs", readAppLogs},
	{"aws_cloudwatch_dashboard.mediaserver", readDashboard},
}

func TestEachOfThe36ResourcesHasTheGuidesValuesInAWS(t *testing.T) {
	t.Parallel()
	if len(guideValues) != 36 {
		t.Fatalf("the table has %d rows, want 36", len(guideValues))
	}
	d, proxy := newFaultyDeployment(t)
	d.up()
	bodies := proxy.Bodies("CreateService")
	if len(bodies) != 1 {
		t.Fatalf("the service was created %d times, want once", len(bodies))
	}
	account := d.account()
	buckets, err := d.objects().ListBuckets(t.Context(), &s3.ListBucketsInput{})
	if err != nil || len(buckets.Buckets) != 1 {
		t.Fatalf("list the buckets: %v, %v; want one", buckets, err)
	}
	for _, row := range guideValues {
		r := &reader{
			t: t, ctx: t.Context(), resource: row.address,
			bucketName:     *buckets.Buckets[0].Name,
			createdService: bodies[0],
			autoscaling:    applicationautoscaling.NewFromConfig(account),
			cloudwatch:     metrics(account),
			ec2:            ec2.NewFromConfig(account),
			ecr:            ecr.NewFromConfig(account),
			ecs:            ecs.NewFromConfig(account),
			iam:            iam.NewFromConfig(account),
			loadBalancing:  elasticloadbalancingv2.NewFromConfig(account),
			logs:           cloudwatchlogs.NewFromConfig(account),
			s3:             d.objects(),
			ssm:            ssm.NewFromConfig(account),
		}
		row.read(r)
		if r.compared == 0 {
			t.Errorf("%s: nothing was compared", row.address)
		}
	}
}

// equal compares a property. Pointers are followed and numbers compared whatever their type.
func (r *reader) equal(property string, got, want any) {
	r.t.Helper()
	r.compared++
	if plainGot, plainWant := plain(got), plain(want); !reflect.DeepEqual(plainGot, plainWant) {
		r.t.Errorf("%s: %s is %v, want %v", r.resource, property, plainGot, plainWant)
	}
}

// set compares a list whose order means nothing.
func (r *reader) set(property string, got []string, want ...string) {
	r.t.Helper()
	r.equal(property, slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want)))
}

// prefix compares the start of a value whose end AWS makes up.
func (r *reader) prefix(property string, got *string, want string) {
	r.t.Helper()
	r.compared++
	if got == nil || !strings.HasPrefix(*got, want) || len(*got) == len(want) {
		r.t.Errorf("%s: %s is %v, want %s and more", r.resource, property, plain(got), want)
	}
}

// tags compares the tags that every resource carries.
func (r *reader) tags(got map[string]string) {
	r.t.Helper()
	r.equal("tags", got, map[string]string{"Project": "mediaserver", "Environment": "dev", "ManagedBy": "Pulumi"})
}

// need ends the test if a resource cannot be read, or is not there exactly once.
func (r *reader) need(err error, found, want int) {
	r.t.Helper()
	if err != nil {
		r.t.Fatalf("%s: %v", r.resource, err)
	}
	if found != want {
		r.t.Fatalf("%s: found %d, want %d", r.resource, found, want)
	}
}

// plain turns a value into what JSON would make of it.
func plain(value any) any {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%v", value)
	}
	var decoded any
	if err := json.Unmarshal(text, &decoded); err != nil {
		return string(text)
	}
	return decoded
}

// tagsOf turns a list of tags into a map.
func tagsOf[T any](list []T, split func(T) (key, value *string)) map[string]string {
	tags := map[string]string{}
	for _, tag := range list {
		key, value := split(tag)
		tags[aws.ToString(key)] = aws.ToString(value)
	}
	return tags
}

// document decodes JSON that AWS returns as a text.
func document[T any](r *reader, text string) T {
	r.t.Helper()
	var value T
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		r.t.Fatalf("%s: %v in %s", r.resource, err, text)
	}
	return value
}

// permission is a statement of a policy, without its Sid.
type permission struct {
	Effect    string
	Principal any `json:",omitempty"`
	Action    any
	Resource  any `json:",omitempty"`
	Condition any `json:",omitempty"`
}

// policy compares the statements of a policy in any order, all of them.
func (r *reader) policy(property, text string, want ...permission) {
	r.t.Helper()
	got := document[struct {
		Version   string
		Statement []permission
	}](r, text)
	r.equal(property+" version", got.Version, "2012-10-17")
	byAction := func(statements []permission) map[string]permission {
		sorted := map[string]permission{}
		for _, statement := range statements {
			actions, _ := plain(statement.Action).([]any)
			names := make([]string, len(actions))
			for i, action := range actions {
				names[i] = fmt.Sprint(action)
			}
			slices.Sort(names)
			statement.Action = names
			sorted[strings.Join(names, " ")] = statement
		}
		return sorted
	}
	r.equal(property+" number of statements", len(got.Statement), len(want))
	r.equal(property, byAction(got.Statement), byAction(want))
}
