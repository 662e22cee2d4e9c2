package terraformguide

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"mediaserver/tests/internal/sandbox"
)

// Region and Account are where the deployment is.
const (
	Region  = sandbox.Region
	Account = sandbox.Account
)

func reader(text string) io.Reader { return strings.NewReader(text) }

// policy is a policy as jsonencode or a template file makes it.
func (g *guide) policy(text string) string {
	if !g.Templates {
		return text
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(text), "", "    "); err != nil {
		g.Fatal(err)
	}
	return indented.String() + "\n"
}

// roles are the ARNs of the two roles.
type roles struct{ execution, task string }

// managedPolicy is AWS's own policy for execution roles.
const managedPolicy = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"

// roles is phase 6.
func (g *guide) roles() roles {
	ctx := g.Context()
	execution := g.role("aws_iam_role.ecs_task_execution_role", g.named("execution-role", "mediaserver-ecs-task-execution-role"))
	name := g.attribute("aws_iam_role.ecs_task_execution_role", "name")
	policy := managedPolicy
	must(g.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: &policy}))
	g.record("aws_iam_role_policy_attachment.ecs_task_execution_role_policy",
		map[string]any{"role": name, "policy_arn": policy, "id": name + "-20240101120000000000000001"})
	if g.SecretsPolicy {
		g.rolePolicy("aws_iam_role_policy.ecs_execution_ssm", name, "mediaserver-ecs-execution-ssm",
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ssm:GetParameters","ssm:GetParameter"],"Resource":"arn:aws:ssm:`+
				Region+":"+Account+`:parameter/mediaserver/*"}]}`)
	}
	task := g.role("aws_iam_role.ecs_task_role", g.named("task-role", "mediaserver-ecs-task-role"))
	name = g.attribute("aws_iam_role.ecs_task_role", "name")
	bucket := "arn:aws:s3:::" + g.Deployed.Bucket
	g.rolePolicy("aws_iam_role_policy.ecs_task_s3_policy", name, g.named("s3-policy", "mediaserver-ecs-task-s3-policy"),
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject","s3:ListBucket"],"Resource":["`+
			bucket+`","`+bucket+`/*"]}]}`)
	g.rolePolicy("aws_iam_role_policy.ecs_task_cloudwatch_policy", name, g.named("cloudwatch-policy", "mediaserver-ecs-task-cloudwatch-policy"),
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents","cloudwatch:PutMetricData",`+
			`"ssmmessages:CreateControlChannel","ssmmessages:CreateDataChannel","ssmmessages:OpenControlChannel","ssmmessages:OpenDataChannel"],"Resource":"*"}]}`)
	return roles{execution, task}
}

func (g *guide) role(address, name string) string {
	trust := g.policy(`{"Version":"2012-10-17","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"}}]}`)
	path := g.RolePath
	if path == "" {
		path = "/"
	}
	attributes := map[string]any{"name": name, "id": name, "path": path, "assume_role_policy": trust, "description": "",
		"max_session_duration": 3600, "force_detach_policies": false, "permissions_boundary": "", "inline_policy": []any{}}
	created := must(g.IAM.CreateRole(g.Context(), &iam.CreateRoleInput{RoleName: &name, Path: &path, AssumeRolePolicyDocument: &trust,
		Tags: tagList(g.tags(name, attributes), func(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} })}))
	attributes["arn"] = *created.Role.Arn
	g.record(address, attributes)
	return *created.Role.Arn
}

func (g *guide) rolePolicy(address, role, name, policy string) {
	if !g.has(address) {
		return
	}
	policy = g.policy(policy)
	must(g.IAM.PutRolePolicy(g.Context(), &iam.PutRolePolicyInput{RoleName: &role, PolicyName: &name, PolicyDocument: &policy}))
	g.record(address, map[string]any{"role": role, "name": name, "id": role + ":" + name, "policy": policy})
}
