package policies

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"mediaserver/tests/internal/iampolicy"
	"mediaserver/tests/internal/sandboxtest"
)

// boundary is the document that bounds the tasks of every stack.
var boundary = []string{"boundary"}

// checkBoundary holds the boundary of a stack against what the program grants to both roles.
func checkBoundary(t *testing.T, identities *iam.Client, bounds []iampolicy.Document, resources []sandboxtest.Resource) {
	t.Helper()
	var used []string
	check := func(request iampolicy.Request) {
		used = append(used, request.Action)
		if !allowed(t, bounds, request) {
			t.Errorf("the boundary takes %s on %s with %v away", request.Action, request.Resource, request.Context)
		}
	}
	for _, document := range ownPolicies(t, resources) {
		for _, statement := range document.Statements {
			for _, request := range requests(statement) {
				if request.Action == "kms:Decrypt" {
					request.Context = taggedAsDev
				}
				check(request)
			}
		}
	}
	// AWS's own policy grants on everything. The stack needs it on what it owns.
	for _, statement := range executionPolicy(t, identities, resources).Statements {
		for _, action := range statement.Action {
			for _, resource := range ownedFor(t, action, resources) {
				check(iampolicy.Request{Action: action, Resource: resource})
			}
		}
	}
	if len(used) < 15 {
		t.Fatalf("found only %q", used)
	}
	if extra := lacking(used, granted(t, boundary)); len(extra) > 0 {
		t.Errorf("the boundary allows %q, which no role has", extra)
	}
}

// taggedAsDev is the context of a call on something that carries the tags of the stack dev.
var taggedAsDev = map[string]string{"aws:ResourceTag/Project": dev["TAG_PROJECT"], "aws:ResourceTag/Environment": dev["TAG_ENVIRONMENT"]}

// ownPolicies are the inline policies of both roles.
func ownPolicies(t *testing.T, resources []sandboxtest.Resource) []iampolicy.Document {
	t.Helper()
	var all []iampolicy.Document
	for _, resource := range resources {
		switch resource.Type {
		case "aws:iam/rolePolicy:RolePolicy":
			all = append(all, parse(t, resource.URN, resource.Outputs["policy"].(string)))
		case "aws:iam/role:Role":
			inline, _ := resource.Outputs["inlinePolicies"].([]any)
			for _, policy := range inline {
				all = append(all, parse(t, resource.URN, policy.(map[string]any)["policy"].(string)))
			}
		}
	}
	if len(all) != 3 {
		t.Fatalf("found %d inline policies, want 3", len(all))
	}
	return all
}

// executionPolicy is the managed policy that the program attaches, as the emulator has it from AWS.
func executionPolicy(t *testing.T, identities *iam.Client, resources []sandboxtest.Resource) iampolicy.Document {
	t.Helper()
	for _, resource := range resources {
		if resource.Type != "aws:iam/rolePolicyAttachment:RolePolicyAttachment" {
			continue
		}
		arn := resource.Outputs["policyArn"].(string)
		policy, err := identities.GetPolicy(t.Context(), &iam.GetPolicyInput{PolicyArn: &arn})
		if err != nil {
			t.Fatal(err)
		}
		version, err := identities.GetPolicyVersion(t.Context(), &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: policy.Policy.DefaultVersionId})
		if err != nil {
			t.Fatal(err)
		}
		text, err := url.QueryUnescape(aws.ToString(version.PolicyVersion.Document))
		if err != nil {
			t.Fatal(err)
		}
		return parse(t, arn, text)
	}
	t.Fatal("the program attaches no managed policy")
	return iampolicy.Document{}
}

// ownedFor are the stack's own resources on which an action of the execution role acts.
func ownedFor(t *testing.T, action string, resources []sandboxtest.Resource) []string {
	t.Helper()
	if hasNoResource(t, action) {
		return []string{"*"}
	}
	types := map[string]struct{ resource, below string }{
		"ecr":  {"aws:ecr/repository:Repository", ""},
		"logs": {"aws:cloudwatch/logGroup:LogGroup", ":log-stream:mediaserver/1"},
	}
	service, _, _ := strings.Cut(action, ":")
	var owned []string
	for _, resource := range resources {
		if resource.Type == types[service].resource {
			owned = append(owned, resource.Outputs["arn"].(string)+types[service].below)
		}
	}
	if len(owned) == 0 {
		t.Errorf("AWS's policy grants %s, and the stack owns nothing for it", action)
	}
	return owned
}

// requests are one request for each action and resource of a statement, under its conditions.
func requests(statement iampolicy.Statement) []iampolicy.Request {
	var all []iampolicy.Request
	for _, action := range statement.Action {
		for _, resource := range statement.Resource {
			for _, context := range contexts(statement) {
				all = append(all, iampolicy.Request{Action: action, Resource: example(resource), Context: context})
			}
		}
	}
	return all
}

// example is something that a pattern matches, and that is not the pattern.
func example(pattern string) string {
	if pattern == "*" {
		return pattern
	}
	return strings.NewReplacer("*", "x", "?", "a").Replace(pattern)
}

// contexts fulfil the conditions of a statement: one for each value of the key that has most of them.
func contexts(statement iampolicy.Statement) []map[string]string {
	most := 1
	for _, keys := range statement.Condition {
		for _, values := range keys {
			most = max(most, len(values))
		}
	}
	all := make([]map[string]string, most)
	for i := range all {
		all[i] = map[string]string{}
		for operator, keys := range statement.Condition {
			for key, values := range keys {
				if operator == "Null" {
					continue
				}
				all[i][key] = example(values[min(i, len(values)-1)])
			}
		}
	}
	return all
}

// Where an organization has GuardDuty watch tasks on Fargate, ECS adds a container to each, whose image the execution
// role pulls from a repository of AWS: in each region that of another account (GuardDuty user guide, "Amazon ECR
// repository hosting GuardDuty agent").
func TestTheBoundaryLetsGuardDutysAgentBePulled(t *testing.T) {
	bounds := dev.documents(t, boundary)
	for _, action := range []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"} {
		request := iampolicy.Request{Action: action, Resource: "arn:aws:ecr:eu-west-2:694911143906:repository/aws-guardduty-agent-fargate"}
		if !allowed(t, bounds, request) {
			t.Errorf("the boundary denies %s on %s", request.Action, request.Resource)
		}
	}
}

func TestATaskReachesNothingBeyondTheBoundary(t *testing.T) {
	if got, want := granted(t, boundary), []string{
		"cloudwatch:PutMetricData", "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage",
		"ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer", "kms:Decrypt", "logs:CreateLogStream",
		"logs:PutLogEvents", "s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject",
		"secretsmanager:GetSecretValue", "ssm:GetParameters", "ssmmessages:CreateControlChannel",
		"ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
	}; !slices.Equal(got, want) {
		t.Errorf("the boundary allows %q, want %q", got, want)
	}
	bounds := dev.documents(t, boundary)
	for _, request := range []iampolicy.Request{
		{Action: "kms:Decrypt", Resource: "arn:aws:kms:eu-west-2:123456789012:key/" + dev["KMS_KEY_ID"]},
		{Action: "s3:GetObject", Resource: "arn:aws:s3:::mediaserver-state/.pulumi/stacks/mediaserver/dev.json"},
		{Action: "s3:ListBucket", Resource: "arn:aws:s3:::mediaserver-state"},
		{Action: "s3:GetObject", Resource: "arn:aws:s3:::mediaserver-prod-storage-abcd1234/film.mp4"},
		{Action: "s3:GetObject", Resource: "arn:aws:s3:::mediaserver-storage-abcd1234-backup/film.mp4"},
		{Action: "ssm:GetParameters", Resource: "arn:aws:ssm:eu-west-2:123456789012:parameter/mediaserver-prod/jwt-secret"},
		{Action: "ssm:GetParameters", Resource: "arn:aws:ssm:eu-west-2:123456789012:parameter/database/password"},
		{Action: "secretsmanager:GetSecretValue", Resource: "arn:aws:secretsmanager:eu-west-2:123456789012:secret:a"},
		{Action: "secretsmanager:GetSecretValue", Resource: "arn:aws:secretsmanager:eu-west-2:123456789012:secret:mediaserver-prod/database-AbCdEf"},
		{Action: "kms:Decrypt", Resource: "arn:aws:kms:eu-west-2:123456789012:key/" + dev["KMS_KEY_ID"], Context: anotherStack},
		{Action: "ecr:BatchGetImage", Resource: "arn:aws:ecr:eu-west-2:123456789012:repository/another"},
		{Action: "ecr:BatchGetImage", Resource: "arn:aws:ecr:eu-west-2:999999999999:repository/mediaserver"},
		{Action: "logs:PutLogEvents", Resource: "arn:aws:logs:eu-west-2:123456789012:log-group:/ecs/another:log-stream:a"},
		{Action: "cloudwatch:PutMetricData", Resource: "*", Context: map[string]string{"cloudwatch:namespace": "AWS/Billing"}},
		{Action: "cloudwatch:PutMetricData", Resource: "*"},
	} {
		if allowed(t, bounds, request) {
			t.Errorf("the boundary allows %s on %s with %v", request.Action, request.Resource, request.Context)
		}
	}
}
