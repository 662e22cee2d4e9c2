package policies

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/iampolicy"
	"mediaserver/tests/internal/inventory"
)

// What the program's lookups and Pulumi's backend in Amazon S3 need, with AWS KMS as the secrets provider. KMS
// decrypts the key that encrypts the state's secrets. It encrypts that key only where it is made, by `pulumi stack
// init` and `change-secrets-provider` (pulumi/pkg, secrets/cloud).
var (
	lookups = []string{
		"ec2:DescribeVpcs", "ec2:DescribeVpcAttribute", "ec2:DescribeRouteTables", "ec2:DescribeSubnets",
		"sts:GetCallerIdentity",
		"route53:ListHostedZones", "route53:GetHostedZone", "route53:ListTagsForResource",
	}
	stateReads  = []string{"s3:ListBucket", "s3:GetObject", "kms:Decrypt"}
	stateWrites = []string{"s3:PutObject", "s3:DeleteObject"}
)

func TestEachRoleIsGrantedWhatTheStackNeedsAndNothingElse(t *testing.T) {
	needs := map[string][]string{
		"preview": sorted(lookups, stateReads), "up": sorted(lookups, stateReads, stateWrites), "app": deployToolsCalls(t),
	}
	for _, each := range inventory.Types() {
		needs["preview"] = sorted(needs["preview"], each.Needs.Read)
		needs["up"] = sorted(needs["up"], each.Needs.Read, each.Needs.Create, each.Needs.Update, each.Needs.Delete)
	}
	for role, needed := range needs {
		if got := granted(t, role); !slices.Equal(got, needed) {
			t.Errorf("%s lacks %q, and grants in vain %q", role, lacking(got, needed), lacking(needed, got))
		}
	}
	reading := regexp.MustCompile(`^[a-z0-9-]+:(Get|List|Describe)|^kms:Decrypt$`)
	for _, action := range granted(t, "preview") {
		if !reading.MatchString(action) {
			t.Errorf("preview grants %s", action)
		}
	}
}

// deployToolsCalls are the actions that the tool needs which deploys the application, sorted.
func deployToolsCalls(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../tools/deploy/*.go")
	if err != nil {
		t.Fatal(err)
	}
	services := map[string]string{
		"ecs": "ecs", "ecr": "ecr", "elasticloadbalancingv2": "elasticloadbalancing", "applicationautoscaling": "application-autoscaling",
	}
	var calls []string
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		// Every call of the SDK names the type of its input.
		for _, call := range regexp.MustCompile(`&(\w+)\.(\w+)Input\{`).FindAllStringSubmatch(string(source), -1) {
			calls = append(calls, services[call[1]]+":"+call[2])
		}
	}
	return sorted(calls,
		[]string{"ecs:TagResource", "iam:PassRole"}, // with ecs:RegisterTaskDefinition
		// the push, in the registry's own protocol
		[]string{
			"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:GetDownloadUrlForLayer",
			"ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
		})
}

func TestEveryGrantIsBoundToTheAccount(t *testing.T) {
	// Buckets, zones and their changes belong to an account without its number in their ARNs.
	bound := regexp.MustCompile(`^\*$|^arn:<PARTITION>:(s3|route53):::|:<ACCOUNT_ID>:|:repository/aws-guardduty-agent-fargate$`)
	for _, each := range unfilled(t, names(t)...) {
		if len(each.Principal) == 0 && len(each.Resource) == 0 {
			t.Errorf("statement %s names no resource", each.Sid)
		}
		for _, resource := range each.Resource {
			if !bound.MatchString(resource) {
				t.Errorf("statement %s: %s is not bound to the account", each.Sid, resource)
			}
		}
	}
}

// Limits of IAM in characters, white space aside: of a managed policy, and of the trust policy of a role.
const (
	managedPolicyLimit = 6144
	trustPolicyLimit   = 2048
)

func TestEveryDocumentFitsIntoAPolicyWithTheLongestNames(t *testing.T) {
	long := stack{partition: "aws-us-gov"}
	for name, length := range map[string]int{
		"ACCOUNT_ID": 12, "REGION": len("us-gov-west-1"), "NAME": 28, "PROJECT": 100, "STACK": 100, "STATE_BUCKET": 63, "KMS_KEY_ID": 36,
		"TAG_PROJECT": 256, "TAG_ENVIRONMENT": 256, "BOUNDARY_ARN": len("arn:aws:iam::123456789012:policy/") + 128,
		"REPOSITORY_SUBJECT": 168, "APPLICATION_REPOSITORY_SUBJECT": 168, "ENVIRONMENT": 255, "HOSTED_ZONE_ID": 32, "DOMAIN_NAME": 64,
	} {
		long[name] = strings.Repeat("x", length)
	}
	for _, name := range names(t) {
		text := long.fill(template(t, name))
		if left := placeholder.FindString(text); left != "" {
			t.Errorf("%s: %s has no value", name, left)
		}
		limit := managedPolicyLimit
		if strings.HasPrefix(name, "trust-") {
			limit = trustPolicyLimit
		}
		if length := len(strings.Join(strings.Fields(text), "")); length > limit {
			t.Errorf("%s: %d characters, IAM accepts %d", name, length, limit)
		}
	}
}

func TestRolesTrustOneKindOfWorkflowRun(t *testing.T) {
	for name, each := range map[string]struct{ sid, subject string }{
		"trust-preview":    {"PullRequestsOfThisRepository", "<REPOSITORY_SUBJECT>:pull_request"},
		"trust-up":         {"ProtectTheEnvironmentOrAnyBranchDeploys", "<REPOSITORY_SUBJECT>:environment:<ENVIRONMENT>"},
		"trust-deploy-app": {"ProtectTheEnvironmentOrAnyBranchDeploys", "<APPLICATION_REPOSITORY_SUBJECT>:environment:<ENVIRONMENT>"},
	} {
		want := []iampolicy.Statement{{
			Sid: each.sid, Effect: iampolicy.Allow, Action: iampolicy.Texts{"sts:AssumeRoleWithWebIdentity"},
			Principal: map[string]iampolicy.Texts{
				"Federated": {"arn:<PARTITION>:iam::<ACCOUNT_ID>:oidc-provider/token.actions.githubusercontent.com"},
			},
			Condition: map[string]map[string]iampolicy.Texts{"StringEquals": {
				"token.actions.githubusercontent.com:aud": {"sts.amazonaws.com"},
				"token.actions.githubusercontent.com:sub": {each.subject},
			}},
		}}
		if trust := unfilled(t, name); !reflect.DeepEqual(trust, want) {
			t.Errorf("%s:\n%+v\nwant\n%+v", name, trust, want)
		}
	}
}
