package adopt

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"mediaserver/tests/internal/terraformguide"
)

// Each deployment has several habits at once, because each takes a sandbox of its own.
func TestDeploymentsOfOtherHabitsAreAdoptedWithNothingReplaced(t *testing.T) {
	for _, test := range []struct {
		name   string
		habits terraformguide.Habits
		// options are those of the tool, and says what it must print.
		options, says []string
		// settings are lines that the stack file must have.
		settings []string
		// created are what the first update makes beside a revision of the task definition.
		created []string
	}{
		{
			name: "names with a random suffix, another bucket, rules and policies of their own",
			habits: terraformguide.Habits{
				Named: func(name string) string {
					if strings.HasPrefix(name, "/") || name == "mediaserver" {
						return name
					}
					return name + "-x7k2"
				},
				Bucket: "acme-films-2021", RandomID: true, RuleResources: true, RolePath: "/services/",
				OwnTags: map[string]string{"Team": "films", "Name": "${address}"}, Protected: true,
			},
			says: []string{
				"random_id.bucket_suffix\n",
				"aws_security_group_rule.alb_http: a part of aws_security_group.alb",
				"aws_iam_role_policy.ecs_execution_ssm: a part of aws_iam_role.ecs_task_execution_role",
				"some resources have tags of their own, which the first update removes: Name",
			},
			settings: []string{"such as these names: mediaserver-alb-x7k2, mediaserver-ecs-tasks-x7k2, ", ", acme-films-2021\n", "mediaserver:name: mediaserver\n", "Team: films"},
			created:  []string{"RandomString bucket-suffix"},
		},
		{
			name: "a name of its own, a module, and indexes",
			habits: terraformguide.Habits{
				Named:  func(name string) string { return strings.ReplaceAll(name, "mediaserver", "films-prod") },
				Module: "module.media", Indexed: map[string]any{"aws_lb.mediaserver": 0, "aws_cloudwatch_log_group.ecs_logs": "ecs"},
				CapacityProviders: true, DefaultTags: map[string]string{"Environment": "prod", "Number": "007"},
			},
			says:     []string{"module.media.aws_lb.mediaserver[0]", `module.media.aws_cloudwatch_log_group.ecs_logs["ecs"]`},
			settings: []string{"mediaserver:name: films-prod\n", "Environment: prod", `Number: "007"`},
		},
		{
			name:   "HTTPS on a domain",
			habits: terraformguide.Habits{Domain: "media.example.com"},
			says: []string{
				"38 of the 38 resources of the stack are in the state", "aws_lb_listener.https ", "Listener mediaserver-https", "Record mediaserver",
				"aws_route53_record.mail\n", "aws_acm_certificate.media\n", "and what validates it stay with Terraform; keep them there",
			},
			settings: []string{
				"# aws_route53_record.www\n  mediaserver:domainName: media.example.com\n", "# aws_route53_record.www\n  mediaserver:hostedZoneId: ", "# aws_lb_listener.https\n  mediaserver:certificateArn: arn:aws:acm:",
			},
		},
		{
			name: "other addresses, and without the optional resources",
			habits: terraformguide.Habits{
				Renamed: map[string]string{"aws_lb.mediaserver": "this", "aws_cloudwatch_log_group.ecs_logs": "containers"},
				Without: []string{
					"aws_cloudwatch_dashboard.mediaserver", "aws_cloudwatch_log_group.app_logs", "aws_ecr_lifecycle_policy.mediaserver",
					"aws_s3_bucket_lifecycle_configuration.media_storage", "random_password.jwt_secret",
				},
			},
			options: []string{"--map", "aws_lb.this=mediaserver", "--map", "aws_cloudwatch_log_group.containers=ecs-logs"},
			says: []string{
				"Not in the state; the first update makes them:", "Dashboard mediaserver (aws_cloudwatch_dashboard.mediaserver)",
				"RandomPassword jwt-secret (random_password.jwt_secret)",
			},
			created: []string{
				"BucketLifecycleConfigurationV2 media-storage", "Dashboard mediaserver", "LifecyclePolicy mediaserver", "LogGroup app-logs",
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t, test.habits)
			written := d.adopt(test.options...)
			settings := text(t, d.settingsFile())
			for _, want := range test.says {
				if !strings.Contains(written, want) {
					t.Errorf("the tool does not say %q:\n%s", want, written)
				}
			}
			for _, want := range test.settings {
				if !strings.Contains(settings, want) {
					t.Errorf("the settings do not have %q:\n%s", want, settings)
				}
			}
			plan, operations := d.plan()
			d.wantHarmless(operations)
			if test.habits.Domain != "" {
				d.passesTheGate(plan)
			}
			want := slices.Sorted(slices.Values(append(test.created, "TaskDefinition mediaserver")))
			if created := slices.Sorted(slices.Values(operations["create"])); !slices.Equal(created, want) {
				t.Errorf("the first update creates %v, want %v", created, want)
			}
			d.Up()
			d.isAdopted()
		})
	}
}

// A pipeline registers a revision of its own, and Terraform ignores that: its state keeps the one before, also for the
// service.
func TestTheImageThatAPipelineDeployedStays(t *testing.T) {
	d := deploy(t, usual)
	described, err := d.clients.ECS.DescribeTaskDefinition(t.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String("mediaserver")})
	if err != nil {
		t.Fatal(err)
	}
	before := described.TaskDefinition
	image := strings.TrimSuffix(*before.ContainerDefinitions[0].Image, ":latest") + ":v2"
	before.ContainerDefinitions[0].Image = &image
	registered, err := d.clients.ECS.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
		Family: before.Family, Cpu: aws.String("512"), Memory: aws.String("1024"), NetworkMode: before.NetworkMode, ContainerDefinitions: before.ContainerDefinitions,
		RequiresCompatibilities: before.RequiresCompatibilities, ExecutionRoleArn: before.ExecutionRoleArn, TaskRoleArn: before.TaskRoleArn,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.clients.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{
		Cluster: aws.String("mediaserver-cluster"), Service: aws.String("mediaserver-service"), TaskDefinition: registered.TaskDefinition.TaskDefinitionArn,
	})
	if err != nil {
		t.Fatal(err)
	}
	d.prepare()
	settings := text(t, d.settingsFile())
	for _, want := range []string{"# aws_ecs_task_definition.mediaserver, revision mediaserver:2\n  mediaserver:imageTag: v2\n", "mediaserver:cpu: 512\n"} {
		if !strings.Contains(settings, want) {
			t.Errorf("the settings do not have %q:\n%s", want, settings)
		}
	}
}
