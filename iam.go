package main

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// rolePath keeps the path of an existing role: it cannot change in place, and
// running tasks use the role.
var rolePath = pulumi.IgnoreChanges([]string{"path"})

// policyDocument is an IAM policy. Outputs in it are declared as any, so that
// pulumi.JSONMarshal resolves them.
type policyDocument struct {
	Version   string
	Statement []policyStatement
}

// policyStatement allows actions. No statement denies: a Deny would lock out those
// whom other policies let in.
type policyStatement struct {
	Sid    string
	Effect string
	// Principal is empty in policies that belong to a role.
	Principal map[string]any `json:",omitempty"`
	Action    []string
	// Resource is empty in policies that belong to a resource.
	Resource []any `json:",omitempty"`
	// Condition narrows the statement: operator, key, and a value or a list of
	// values. Empty for none.
	Condition map[string]map[string]any `json:",omitempty"`
}

// policyJSON is the JSON text of a policy that consists of the statements.
func policyJSON(statements ...policyStatement) pulumi.StringOutput {
	for i := range statements {
		statements[i].Effect = "Allow"
	}
	return pulumi.JSONMarshal(policyDocument{Version: "2012-10-17", Statement: statements})
}

// rolesOutputs are the identities of the tasks.
type rolesOutputs struct {
	// execution is the role with which ECS starts a task: it pulls the image, reads
	// the container's secrets and writes the container's log.
	execution *iam.Role
	// task is the role of the running application.
	task *iam.Role
	// policies are the permissions of both roles. The service depends on them.
	policies []pulumi.Resource
}

// createRoles is phase 6: the execution role and the task role
// with their permissions. A role cannot have both the property for inline policies
// and policies that are resources of their own: the execution role has the former,
// the task role the latter.
func createRoles(
	ctx *pulumi.Context, settings settings,
	environment environmentOutputs, storage storageOutputs, parameters parametersOutputs, logGroups logGroupsOutputs,
) (rolesOutputs, error) {
	trust := policyJSON(trustStatement(environment))
	var boundary pulumi.StringPtrInput
	if settings.permissionsBoundaryArn != "" {
		boundary = pulumi.String(settings.permissionsBoundaryArn)
	}
	executionRole, err := iam.NewRole(ctx, "ecs-task-execution-role", &iam.RoleArgs{
		Name:                pulumi.String(settings.physicalName("{name}-ecs-task-execution-role")),
		Description:         pulumi.String("Starts the tasks of the media server"),
		AssumeRolePolicy:    trust,
		PermissionsBoundary: boundary,
		InlinePolicies: iam.RoleInlinePolicyArray{&iam.RoleInlinePolicyArgs{
			Name:   pulumi.String(settings.physicalName("{name}-ecs-task-secrets")),
			Policy: policyJSON(secretsStatements(settings, parameters.containerSecrets)...),
		}},
	}, settings.keep("name"), rolePath)
	if err != nil {
		return rolesOutputs{}, fmt.Errorf("create role ecs-task-execution-role: %w", err)
	}
	executionPolicy, err := iam.NewRolePolicyAttachment(ctx, "ecs-task-execution-role-policy", &iam.RolePolicyAttachmentArgs{
		Role: executionRole.Name,
		// AWS's own policy for execution roles (step 15).
		PolicyArn: pulumi.Sprintf("arn:%s:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy", environment.partition),
	})
	if err != nil {
		return rolesOutputs{}, fmt.Errorf("create policy attachment ecs-task-execution-role-policy: %w", err)
	}

	taskRole, err := iam.NewRole(ctx, "ecs-task-role", &iam.RoleArgs{
		Name:                pulumi.String(settings.physicalName("{name}-ecs-task-role")),
		Description:         pulumi.String("Lets the media server use its bucket, logs and metrics"),
		AssumeRolePolicy:    trust,
		PermissionsBoundary: boundary,
	}, settings.keep("name"), rolePath)
	if err != nil {
		return rolesOutputs{}, fmt.Errorf("create role ecs-task-role: %w", err)
	}
	s3Policy, err := iam.NewRolePolicy(ctx, "ecs-task-s3-policy", &iam.RolePolicyArgs{
		Name:   pulumi.String(settings.physicalName("{name}-ecs-task-s3-policy")),
		Role:   taskRole.Name,
		Policy: policyJSON(bucketStatements(storage)...),
	}, settings.keep("name"))
	if err != nil {
		return rolesOutputs{}, fmt.Errorf("create role policy ecs-task-s3-policy: %w", err)
	}
	statements := observabilityStatements(settings, logGroups)
	if settings.executeCommand {
		statements = append(statements, executeCommandStatement())
	}
	cloudWatchPolicy, err := iam.NewRolePolicy(ctx, "ecs-task-cloudwatch-policy", &iam.RolePolicyArgs{
		Name:   pulumi.String(settings.physicalName("{name}-ecs-task-cloudwatch-policy")),
		Role:   taskRole.Name,
		Policy: policyJSON(statements...),
	}, settings.keep("name"))
	if err != nil {
		return rolesOutputs{}, fmt.Errorf("create role policy ecs-task-cloudwatch-policy: %w", err)
	}
	return rolesOutputs{
		execution: executionRole,
		task:      taskRole,
		policies:  []pulumi.Resource{executionPolicy, s3Policy, cloudWatchPolicy},
	}, nil
}

// trustStatement lets ECS tasks of this account and region, and nobody else,
// take a role. The two conditions keep other accounts from using the role
// through the service (Amazon ECS developer guide, "Task IAM role").
func trustStatement(environment environmentOutputs) policyStatement {
	return policyStatement{
		Sid:       "TasksOfThisAccount",
		Principal: map[string]any{"Service": "ecs-tasks.amazonaws.com"},
		Action:    []string{"sts:AssumeRole"},
		Condition: map[string]map[string]any{
			"StringEquals": {"aws:SourceAccount": environment.accountID},
			"ArnLike": {"aws:SourceArn": fmt.Sprintf("arn:%s:ecs:%s:%s:*",
				environment.partition, environment.region, environment.accountID)},
		},
	}
}

// secretsStatements let ECS read exactly what the container receives, and use
// exactly the keys that the settings name for it. AWS's own execution policy has
// no such permission, and without it no task starts.
func secretsStatements(settings settings, secrets []containerSecret) []policyStatement {
	// arns are the secrets of a service. Several may be parts of one.
	arns := func(service string) []any {
		var all []any
		for _, secret := range secrets {
			if secret.Service == service && !slices.Contains(all, secret.Arn) {
				all = append(all, secret.Arn)
			}
		}
		return all
	}
	statements := []policyStatement{{
		Sid:      "ReadContainerSecrets",
		Action:   []string{"ssm:GetParameters"},
		Resource: arns("ssm"),
	}}
	if inSecretsManager := arns("secretsmanager"); len(inSecretsManager) > 0 {
		statements = append(statements, policyStatement{
			Sid:      "ReadSecretsManagerSecrets",
			Action:   []string{"secretsmanager:GetSecretValue"},
			Resource: inSecretsManager,
		})
	}
	if len(settings.secretsKeyArns) > 0 {
		statement := policyStatement{Sid: "DecryptContainerSecrets", Action: []string{"kms:Decrypt"}}
		for _, arn := range settings.secretsKeyArns {
			statement.Resource = append(statement.Resource, arn)
		}
		statements = append(statements, statement)
	}
	return statements
}

// bucketStatements let the application list the bucket and read, write and
// delete what is in it (step 17).
func bucketStatements(storage storageOutputs) []policyStatement {
	return []policyStatement{
		{
			Sid:      "ListMedia",
			Action:   []string{"s3:ListBucket"},
			Resource: []any{storage.bucketArn},
		},
		{
			Sid:      "ReadWriteAndDeleteMedia",
			Action:   []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"},
			Resource: []any{pulumi.Sprintf("%s/*", storage.bucketArn)},
		},
	}
}

// observabilityStatements let the application write to the two log groups and
// send metrics of its own (step 18).
func observabilityStatements(settings settings, groups logGroupsOutputs) []policyStatement {
	return []policyStatement{
		{
			Sid:    "WriteLogs",
			Action: []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			// The provider strips the :* from the ARN of a group, but the log streams come
			// after it.
			Resource: []any{
				pulumi.Sprintf("%s:*", groups.ecs.Arn),
				pulumi.Sprintf("%s:*", groups.app.Arn),
			},
		},
		{
			Sid:    "SendMetrics",
			Action: []string{"cloudwatch:PutMetricData"},
			// AWS requires no resource here; the namespace sets the limit.
			Resource:  []any{"*"},
			Condition: map[string]map[string]any{"StringEquals": {"cloudwatch:namespace": settings.physicalName("{name}")}},
		},
	}
}

// executeCommandStatement lets the agent of ECS Exec, which runs with the task
// role, open its channels. The actions cannot be limited to a resource (Amazon ECS
// developer guide, "Using Amazon ECS Exec").
func executeCommandStatement() policyStatement {
	return policyStatement{
		Sid: "ExecuteCommand",
		Action: []string{
			"ssmmessages:CreateControlChannel",
			"ssmmessages:CreateDataChannel",
			"ssmmessages:OpenControlChannel",
			"ssmmessages:OpenDataChannel",
		},
		Resource: []any{"*"},
	}
}
