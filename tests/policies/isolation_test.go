package policies

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/iampolicy"
)

// ownPlaceholder is a placeholder whose values differ between two stacks of one account.
var ownPlaceholder = regexp.MustCompile(`<(NAME|STACK|KMS_KEY_ID|TAG_ENVIRONMENT|BOUNDARY_ARN|DOMAIN_NAME)>`)

// beyondTheStack are the grants that belong to no stack, because AWS offers nothing to tell stacks apart by, beside
// those on actions without a resource.
var beyondTheStack = []string{
	// A scalable target has an id that AWS draws, and its own actions on tags carry no namespace.
	"application-autoscaling:DeleteScalingPolicy on arn:<PARTITION>:application-autoscaling:<REGION>:<ACCOUNT_ID>:scalable-target/*",
	"application-autoscaling:DeregisterScalableTarget on arn:<PARTITION>:application-autoscaling:<REGION>:<ACCOUNT_ID>:scalable-target/*",
	"application-autoscaling:ListTagsForResource on arn:<PARTITION>:application-autoscaling:<REGION>:<ACCOUNT_ID>:scalable-target/*",
	"application-autoscaling:PutScalingPolicy on arn:<PARTITION>:application-autoscaling:<REGION>:<ACCOUNT_ID>:scalable-target/*",
	"application-autoscaling:RegisterScalableTarget on arn:<PARTITION>:application-autoscaling:<REGION>:<ACCOUNT_ID>:scalable-target/*",
	"application-autoscaling:TagResource on arn:<PARTITION>:application-autoscaling:<REGION>:<ACCOUNT_ID>:scalable-target/*",
	"application-autoscaling:UntagResource on arn:<PARTITION>:application-autoscaling:<REGION>:<ACCOUNT_ID>:scalable-target/*",
	// Alarms are listed.
	"cloudwatch:DescribeAlarms on *",
	// The default VPC belongs to nobody.
	"ec2:CreateSecurityGroup on arn:<PARTITION>:ec2:<REGION>:<ACCOUNT_ID>:vpc/*",
	"ec2:DescribeVpcAttribute on arn:<PARTITION>:ec2:<REGION>:<ACCOUNT_ID>:vpc/*",
	"ec2:GetSecurityGroupsForVpc on arn:<PARTITION>:ec2:<REGION>:<ACCOUNT_ID>:vpc/*",
	// Only while a security group is created, which takes the stack's tags.
	"ec2:CreateTags on arn:<PARTITION>:ec2:<REGION>:<ACCOUNT_ID>:security-group/*",
	// The services' own roles are the account's.
	"iam:CreateServiceLinkedRole on arn:<PARTITION>:iam::<ACCOUNT_ID>:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
	"iam:CreateServiceLinkedRole on arn:<PARTITION>:iam::<ACCOUNT_ID>:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService",
	"iam:CreateServiceLinkedRole on arn:<PARTITION>:iam::<ACCOUNT_ID>:role/aws-service-role/elasticloadbalancing.amazonaws.com/AWSServiceRoleForElasticLoadBalancing",
	"iam:PassRole on arn:<PARTITION>:iam::<ACCOUNT_ID>:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService",
	// GuardDuty's agent is AWS's.
	"ecr:BatchCheckLayerAvailability on arn:<PARTITION>:ecr:<REGION>:*:repository/aws-guardduty-agent-fargate",
	"ecr:BatchGetImage on arn:<PARTITION>:ecr:<REGION>:*:repository/aws-guardduty-agent-fargate",
	"ecr:GetDownloadUrlForLayer on arn:<PARTITION>:ecr:<REGION>:*:repository/aws-guardduty-agent-fargate",
	// Two stacks may have their domains in one zone, of which they read all and change their own names only.
	"route53:GetChange on arn:<PARTITION>:route53:::change/*",
	"route53:GetHostedZone on arn:<PARTITION>:route53:::hostedzone/<HOSTED_ZONE_ID>",
	"route53:ListResourceRecordSets on arn:<PARTITION>:route53:::hostedzone/<HOSTED_ZONE_ID>",
	"route53:ListTagsForResource on arn:<PARTITION>:route53:::hostedzone/<HOSTED_ZONE_ID>",
	// The version of the layout of the whole backend.
	"s3:GetObject on arn:<PARTITION>:s3:::<STATE_BUCKET>/.pulumi/meta.yaml",
}

// TestARoleReachesOnlyItsOwnStack takes each grant of the roles of one stack and asks whether the same role of
// another stack, in the same account and with its state in the same bucket, has it too.
func TestARoleReachesOnlyItsOwnStack(t *testing.T) {
	var beyond []string
	for who, role := range map[string][]string{
		"who previews": previewer, "who deploys the stack": deployer, "who deploys the application": applicationDeployer, "a task": boundary,
	} {
		for _, each := range []struct{ reaching, reached stack }{{dev, prod}, {prod, dev}} {
			documents := each.reaching.documents(t, role)
			var apart int
			for _, open := range unfilled(t, role) {
				byCondition := conditionsName(open, ownPlaceholder)
				for _, resource := range open.Resource {
					if !byCondition && !ownPlaceholder.MatchString(resource) {
						for _, action := range open.Action {
							if !hasNoResource(t, action) {
								beyond = append(beyond, action+" on "+resource)
							}
						}
						continue
					}
					single := open
					single.Resource = iampolicy.Texts{resource}
					for _, request := range requests(each.reached.fillStatement(single)) {
						apart++
						if allowed(t, documents, request) {
							t.Errorf("%s of %s may %s on %s of %s with %v", who, each.reaching["STACK"],
								request.Action, request.Resource, each.reached["STACK"], request.Context)
						}
					}
				}
			}
			if apart < 10 {
				t.Errorf("%s: only %d grants belong to a stack", who, apart)
			}
		}
	}
	if beyond := sorted(beyond); !slices.Equal(beyond, sorted(beyondTheStack)) {
		t.Errorf("grants that belong to no stack, and are not known to: %q; that are not there: %q",
			lacking(beyondTheStack, beyond), lacking(beyond, beyondTheStack))
	}
}

// conditionsName tells whether a value in a statement's conditions matches.
func conditionsName(statement iampolicy.Statement, pattern *regexp.Regexp) bool {
	for _, keys := range statement.Condition {
		for _, values := range keys {
			if slices.ContainsFunc(values, pattern.MatchString) {
				return true
			}
		}
	}
	return false
}

// fillStatement is the statement with the stack's values in place of the placeholders.
func (s stack) fillStatement(open iampolicy.Statement) iampolicy.Statement {
	fill := func(texts iampolicy.Texts) iampolicy.Texts {
		filled := make(iampolicy.Texts, len(texts))
		for i, text := range texts {
			filled[i] = s.fill(text)
		}
		return filled
	}
	filled := open
	filled.Resource = fill(open.Resource)
	filled.Condition = map[string]map[string]iampolicy.Texts{}
	for operator, keys := range open.Condition {
		filled.Condition[operator] = map[string]iampolicy.Texts{}
		for key, values := range keys {
			filled.Condition[operator][key] = fill(values)
		}
	}
	return filled
}

// TestTheStateOfAnotherStackIsOutOfReach names what the state of a stack consists of (pulumi/pkg, backend/diy),
// beside what its documents name.
func TestTheStateOfAnotherStackIsOutOfReach(t *testing.T) {
	const bucket = "arn:aws:s3:::mediaserver-state"
	foreign := []string{
		".pulumi/stacks/mediaserver/prod.json", ".pulumi/stacks/mediaserver/prod.json.bak", ".pulumi/stacks/mediaserver/prod.json.gz",
		".pulumi/stacks/mediaserver/prod.pulumi-tags", ".pulumi/locks/organization/mediaserver/prod/1.json",
		".pulumi/history/mediaserver/prod/prod-1.checkpoint.json", ".pulumi/history/mediaserver/prod/prod-1.history.json",
		".pulumi/backups/mediaserver/prod/prod.1.json",
		".pulumi/stacks/mediaserver/dev-2.json", ".pulumi/stacks/mediaserver/dev.eu.json", ".pulumi/stacks/mediaserver/develop.json",
		".pulumi/locks/organization/mediaserver/dev-2/1.json", ".pulumi/history/mediaserver/dev-2/dev-2-1.checkpoint.json",
		".pulumi/stacks/mediaserver/dev.jsonx.json", ".pulumi/stacks/mediaserver/dev.json.backup.json", ".pulumi/stacks/mediaserver/dev.json.gz2.json",
		".pulumi/stacks/another/dev.json", ".pulumi/history/another/dev/dev-1.checkpoint.json", ".pulumi/stacks/dev.json",
	}
	// A list of keys tells which stacks there are, and when they changed.
	lists := []string{
		"", ".pulumi/", ".pulumi/stacks/", ".pulumi/stacks/mediaserver/", ".pulumi/stacks/mediaserver/d", ".pulumi/stacks/mediaserver/prod.json",
		".pulumi/locks/", ".pulumi/locks/organization/mediaserver/", ".pulumi/locks/organization/mediaserver/prod/",
		".pulumi/history/mediaserver/prod/", ".pulumi/backups/mediaserver/prod/", ".pulumi/stacks/mediaserver/*",
	}
	var forbidden []iampolicy.Request
	for _, key := range foreign {
		for _, action := range []string{"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"} {
			forbidden = append(forbidden, iampolicy.Request{Action: action, Resource: bucket + "/" + key})
		}
	}
	for _, prefix := range lists {
		forbidden = append(forbidden, listing("mediaserver-state", prefix))
	}
	forbidden = append(forbidden,
		iampolicy.Request{Action: "s3:ListBucket", Resource: bucket},
		iampolicy.Request{Action: "s3:ListBucketVersions", Resource: bucket},
		iampolicy.Request{Action: "s3:PutBucketPolicy", Resource: bucket},
		iampolicy.Request{Action: "s3:PutObject", Resource: bucket + "/.pulumi/meta.yaml"},
		iampolicy.Request{Action: "kms:Decrypt", Resource: keyARN(prod["KMS_KEY_ID"])},
		iampolicy.Request{Action: "kms:Encrypt", Resource: keyARN(dev["KMS_KEY_ID"])},
	)
	for who, role := range map[string][]string{
		"who previews": previewer, "who deploys the stack": deployer, "who deploys the application": applicationDeployer,
	} {
		documents := dev.documents(t, role)
		for _, request := range forbidden {
			if allowed(t, documents, request) {
				t.Errorf("%s of dev: %s on %s with %v", who, request.Action, request.Resource, request.Context)
			}
		}
	}
	for _, action := range []string{"s3:PutObject", "s3:DeleteObject"} {
		for _, key := range []string{"stacks/mediaserver/dev.json", "locks/organization/mediaserver/dev/1.json", "history/mediaserver/dev/a", "backups/mediaserver/dev/a"} {
			if allowed(t, dev.documents(t, previewer), iampolicy.Request{Action: action, Resource: bucket + "/.pulumi/" + key}) {
				t.Errorf("who previews may %s %s", strings.TrimPrefix(action, "s3:"), key)
			}
		}
	}
}

// What alarms say goes to people. A queue, a function or a web address of somebody else could be subscribed otherwise.
func TestOnlyEmailAddressesAreSubscribedToTheAlarms(t *testing.T) {
	for protocol, want := range map[string]bool{"email": true, "https": false, "lambda": false, "sqs": false, "sms": false} {
		subscribe := iampolicy.Request{
			Action:   "sns:Subscribe",
			Resource: prod.fill("arn:<PARTITION>:sns:<REGION>:<ACCOUNT_ID>:<NAME>-alarms"),
			Context:  map[string]string{"sns:Protocol": protocol},
		}
		if got := allowed(t, prod.documents(t, deployer), subscribe); got != want {
			t.Errorf("subscribing by %s is allowed: %t, want %t", protocol, got, want)
		}
	}
}
