package readback

import (
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"mediaserver/tests/internal/iampolicy"
)

// The names of the two roles and of their policies.
const (
	executionRole    = "{name}-ecs-task-execution-role"
	taskRole         = "{name}-ecs-task-role"
	secretsPolicy    = "{name}-ecs-task-secrets"
	s3Policy         = "{name}-ecs-task-s3-policy"
	cloudWatchPolicy = "{name}-ecs-task-cloudwatch-policy"
)

var roleResources = []resource{
	{key: "Role ecs-task-execution-role", read: readExecutionRole},
	{key: "RolePolicyAttachment ecs-task-execution-role-policy", read: readExecutionPolicy},
	{key: "Role ecs-task-role", read: readTaskRole},
	{key: "RolePolicy ecs-task-s3-policy", read: readS3Policy},
	{key: "RolePolicy ecs-task-cloudwatch-policy", read: readCloudWatchPolicy},
}

func readExecutionRole(r *reader) {
	r.role(executionRole)
	r.rolePolicies(executionRole, secretsPolicy)
	r.policy("inline policy", r.rolePolicy(executionRole, secretsPolicy),
		allow([]string{r.arn("ssm", r.named("parameter/{name}/jwt-secret"))}, "ssm:GetParameters"))
}

func readExecutionPolicy(r *reader) {
	r.attachedPolicies(executionRole, "arn:"+r.Partition+":iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy")
	r.attachedPolicies(taskRole)
}

func readTaskRole(r *reader) {
	r.role(taskRole)
	r.rolePolicies(taskRole, s3Policy, cloudWatchPolicy)
}

func readS3Policy(r *reader) {
	bucket := "arn:" + r.Partition + ":s3:::" + r.bucket()
	r.policy("policy", r.rolePolicy(taskRole, s3Policy),
		allow([]string{bucket}, "s3:ListBucket"),
		allow([]string{bucket + "/*"}, "s3:GetObject", "s3:PutObject", "s3:DeleteObject"))
}

func readCloudWatchPolicy(r *reader) {
	sendMetrics := allow([]string{"*"}, "cloudwatch:PutMetricData")
	sendMetrics.Condition = map[string]map[string]iampolicy.Texts{
		"StringEquals": {"cloudwatch:namespace": {r.Settings.Name}},
	}
	want := []iampolicy.Statement{
		allow([]string{r.arn("logs", r.named("log-group:/ecs/{name}:*")), r.arn("logs", r.named("log-group:/aws/ecs/{name}/app:*"))},
			"logs:CreateLogStream", "logs:PutLogEvents"),
		sendMetrics,
	}
	if r.Settings.ExecuteCommand {
		want = append(want, allow([]string{"*"},
			"ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
			"ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"))
	}
	r.policy("policy", r.rolePolicy(taskRole, cloudWatchPolicy), want...)
}

// role reads a role and compares what both have in common: who may take it, what bounds it, and the tags.
func (r *reader) role(name string) {
	found, err := r.IAM.GetRole(r.ctx, &iam.GetRoleInput{RoleName: aws.String(r.named(name))})
	r.answered(err)
	role := present(r, "the role", found.Role)
	trust, err := url.QueryUnescape(aws.ToString(role.AssumeRolePolicyDocument))
	r.answered(err)
	r.policy("trust policy", trust, iampolicy.Statement{
		Effect:    iampolicy.Allow,
		Principal: iampolicy.Principals{"Service": {"ecs-tasks.amazonaws.com"}},
		Action:    iampolicy.Texts{"sts:AssumeRole"},
		Condition: map[string]map[string]iampolicy.Texts{
			"StringEquals": {"aws:SourceAccount": {r.Account}},
			"ArnLike":      {"aws:SourceArn": {r.arn("ecs", "*")}},
		},
	})
	boundary := ""
	if role.PermissionsBoundary != nil {
		boundary = aws.ToString(role.PermissionsBoundary.PermissionsBoundaryArn)
	}
	r.equal("permissions boundary", boundary, r.Settings.PermissionsBoundaryARN)
	r.tags(texts(role.Tags, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value }))
}

// rolePolicies compares the names of a role's inline policies.
func (r *reader) rolePolicies(role string, want ...string) {
	found, err := r.IAM.ListRolePolicies(r.ctx, &iam.ListRolePoliciesInput{RoleName: aws.String(r.named(role))})
	r.answered(err)
	for i, name := range want {
		want[i] = r.named(name)
	}
	r.set("inline policies", found.PolicyNames, want...)
}

// rolePolicy reads an inline policy of a role.
func (r *reader) rolePolicy(role, name string) string {
	found, err := r.IAM.GetRolePolicy(r.ctx,
		&iam.GetRolePolicyInput{RoleName: aws.String(r.named(role)), PolicyName: aws.String(r.named(name))})
	r.answered(err)
	text, err := url.QueryUnescape(aws.ToString(found.PolicyDocument))
	r.answered(err)
	return text
}

// attachedPolicies compares the managed policies of a role.
func (r *reader) attachedPolicies(role string, want ...string) {
	found, err := r.IAM.ListAttachedRolePolicies(r.ctx,
		&iam.ListAttachedRolePoliciesInput{RoleName: aws.String(r.named(role))})
	r.answered(err)
	var attached []string
	for _, policy := range found.AttachedPolicies {
		attached = append(attached, aws.ToString(policy.PolicyArn))
	}
	r.set("managed policies of "+r.named(role), attached, want...)
}
