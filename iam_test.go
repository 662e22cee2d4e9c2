package main

import (
	"context"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

const (
	jwtSecretParameterArn = "arn:aws:ssm:eu-west-2:123456789012:parameter/mediaserver/jwt-secret"
	testBucketArn         = "arn:aws:s3:::mediaserver-storage-abc12345"
)

// trustOfTasks lets the tasks of the account and the region take a role.
func trustOfTasks(partition string) jsonText {
	return jsonText{object{
		"Version": "2012-10-17",
		"Statement": list{object{
			"Sid":       "TasksOfThisAccount",
			"Effect":    "Allow",
			"Principal": object{"Service": "ecs-tasks.amazonaws.com"},
			"Action":    list{"sts:AssumeRole"},
			"Condition": object{
				"StringEquals": object{"aws:SourceAccount": "123456789012"},
				"ArnLike":      object{"aws:SourceArn": "arn:" + partition + ":ecs:eu-west-2:123456789012:*"},
			},
		}},
	}}
}

func TestTheExecutionRoleReadsExactlyTheContainersSecrets(t *testing.T) {
	stack := run(t, nil)
	stack.wantInputs(t, "Role ecs-task-execution-role", object{
		"name":             "mediaserver-ecs-task-execution-role",
		"description":      "Starts the tasks of the media server",
		"assumeRolePolicy": trustOfTasks("aws"),
		"inlinePolicies": list{object{
			"name": "mediaserver-ecs-task-secrets",
			"policy": jsonText{object{
				"Version": "2012-10-17",
				"Statement": list{object{
					"Sid":      "ReadContainerSecrets",
					"Effect":   "Allow",
					"Action":   list{"ssm:GetParameters"},
					"Resource": list{jwtSecretParameterArn},
				}},
			}},
		}},
	})
	stack.wantInputs(t, "RolePolicyAttachment ecs-task-execution-role-policy", object{
		"role":      "mediaserver-ecs-task-execution-role",
		"policyArn": "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
	})
}

func TestTheTaskRoleHasNothingOfItsOwn(t *testing.T) {
	run(t, nil).wantInputs(t, "Role ecs-task-role", object{
		"name":             "mediaserver-ecs-task-role",
		"description":      "Lets the media server use its bucket, logs and metrics",
		"assumeRolePolicy": trustOfTasks("aws"),
	})
}

func TestBothRolesCarryThePermissionsBoundary(t *testing.T) {
	for _, boundary := range []string{testBoundary, "arn:aws:iam::aws:policy/PowerUserAccess"} {
		stack := run(t, map[string]string{"permissionsBoundaryArn": boundary})
		for _, role := range []string{"Role ecs-task-execution-role", "Role ecs-task-role"} {
			wantEqual(t, role, stack.find(t, role).inputs["permissionsBoundary"], boundary)
		}
	}
}

func TestABoundaryOfAnotherAccountIsRefusedBeforeAnythingIsRegistered(t *testing.T) {
	for _, boundary := range []string{
		"arn:aws:iam::210987654321:policy/mediaserver-boundary",
		"arn:aws-cn:iam::123456789012:policy/mediaserver-boundary",
		"arn:aws-us-gov:iam::aws:policy/PowerUserAccess",
	} {
		recorder := newRecorder()
		wantRefusal(t, recorder, recorder.deploy(map[string]string{"permissionsBoundaryArn": boundary}),
			"mediaserver:permissionsBoundaryArn: \""+boundary+"\" must be a policy of the stack's own account, "+
				"123456789012 in the partition aws, or one of AWS's own there: IAM accepts no other boundary")
	}
}

func TestTheRolesFollowThePartition(t *testing.T) {
	recorder := newRecorder()
	recorder.partition = "aws-cn"
	if err := recorder.deploy(nil); err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "trust", recorder.find(t, "Role ecs-task-role").inputs["assumeRolePolicy"], trustOfTasks("aws-cn"))
	wantEqual(t, "managed policy",
		recorder.find(t, "RolePolicyAttachment ecs-task-execution-role-policy").inputs["policyArn"],
		"arn:aws-cn:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy")
}

func TestTasksUseOnlyTheMediaBucket(t *testing.T) {
	run(t, nil).wantInputs(t, "RolePolicy ecs-task-s3-policy", object{
		"name": "mediaserver-ecs-task-s3-policy",
		"role": "mediaserver-ecs-task-role",
		"policy": jsonText{object{
			"Version": "2012-10-17",
			"Statement": list{
				object{
					"Sid": "ListMedia", "Effect": "Allow",
					"Action": list{"s3:ListBucket"}, "Resource": list{testBucketArn},
				},
				object{
					"Sid": "ReadWriteAndDeleteMedia", "Effect": "Allow",
					"Action":   list{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"},
					"Resource": list{testBucketArn + "/*"},
				},
			},
		}},
	})
}

func TestTasksWriteOnlyTheirLogsAndMetricsAndAllowECSExecWhileItIsOn(t *testing.T) {
	logs := object{
		"Sid": "WriteLogs", "Effect": "Allow",
		"Action": list{"logs:CreateLogStream", "logs:PutLogEvents"},
		"Resource": list{
			"arn:aws:logs:eu-west-2:123456789012:log-group:/ecs/mediaserver:*",
			"arn:aws:logs:eu-west-2:123456789012:log-group:/aws/ecs/mediaserver/app:*",
		},
	}
	metrics := object{
		"Sid": "SendMetrics", "Effect": "Allow",
		"Action": list{"cloudwatch:PutMetricData"}, "Resource": list{"*"},
		"Condition": object{"StringEquals": object{"cloudwatch:namespace": "mediaserver"}},
	}
	executeCommand := object{
		"Sid": "ExecuteCommand", "Effect": "Allow",
		"Action": list{
			"ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
			"ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
		},
		"Resource": list{"*"},
	}
	for setting, statements := range map[string]list{
		"true":  {logs, metrics, executeCommand},
		"false": {logs, metrics},
	} {
		run(t, map[string]string{"executeCommand": setting}).wantInputs(t, "RolePolicy ecs-task-cloudwatch-policy", object{
			"name":   "mediaserver-ecs-task-cloudwatch-policy",
			"role":   "mediaserver-ecs-task-role",
			"policy": jsonText{object{"Version": "2012-10-17", "Statement": statements}},
		})
	}
}

func TestAPolicyIsUnknownWhileAnArnInItIs(t *testing.T) {
	for name, test := range map[string]struct {
		arn   any
		known bool
	}{
		"a preview":   {pulumi.UnsafeUnknownOutput(nil), false},
		"a known ARN": {pulumi.String(testBucketArn).ToStringOutput(), true},
	} {
		policy := policyJSON(policyStatement{Sid: "Test", Action: []string{"s3:ListBucket"}, Resource: []any{test.arn}})
		output, err := internals.UnsafeAwaitOutput(context.Background(), policy)
		if err != nil {
			t.Fatal(err)
		}
		if output.Known != test.known {
			t.Errorf("%s: the policy is known: %t, want %t (%v)", name, output.Known, test.known, output.Value)
		}
	}
}
