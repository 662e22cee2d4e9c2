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

// serviceRoles begins the ARNs of the services' own roles.
const serviceRoles = "arn:<PARTITION>:iam::<ACCOUNT_ID>:role/aws-service-role/"

// beyondTheStack are the resources that belong to no stack, because AWS offers nothing to tell stacks apart by, with the
// actions on them, beside the actions without a resource.
var beyondTheStack = map[string]string{
	// A scalable target has an id that AWS draws, and its own actions on tags carry no namespace.
	"arn:<PARTITION>:application-autoscaling:<REGION>:<ACCOUNT_ID>:scalable-target/*": "DeleteScalingPolicy DeregisterScalableTarget " +
		"ListTagsForResource PutScalingPolicy RegisterScalableTarget TagResource UntagResource",
	// Alarms are listed.
	"*": "DescribeAlarms",
	// The default VPC belongs to nobody.
	"arn:<PARTITION>:ec2:<REGION>:<ACCOUNT_ID>:vpc/*": "CreateSecurityGroup DescribeVpcAttribute GetSecurityGroupsForVpc",
	// Only while a security group is created, which takes the stack's tags.
	"arn:<PARTITION>:ec2:<REGION>:<ACCOUNT_ID>:security-group/*": "CreateTags",
	// The services' own roles are the account's.
	serviceRoles + "ecs.amazonaws.com/AWSServiceRoleForECS":                                   "CreateServiceLinkedRole",
	serviceRoles + "elasticloadbalancing.amazonaws.com/AWSServiceRoleForElasticLoadBalancing": "CreateServiceLinkedRole",
	serviceRoles + "ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService": "" +
		"CreateServiceLinkedRole PassRole",
	// GuardDuty's agent is AWS's.
	"arn:<PARTITION>:ecr:<REGION>:*:repository/aws-guardduty-agent-fargate": "BatchCheckLayerAvailability BatchGetImage " +
		"GetDownloadUrlForLayer",
	// Two stacks may have their domains in one zone, of which they read all and change their own names only.
	"arn:<PARTITION>:route53:::change/*":                    "GetChange",
	"arn:<PARTITION>:route53:::hostedzone/<HOSTED_ZONE_ID>": "GetHostedZone ListResourceRecordSets ListTagsForResource",
	// The version of the layout of the whole backend.
	"arn:<PARTITION>:s3:::<STATE_BUCKET>/.pulumi/meta.yaml": "GetObject",
}

// TestARoleReachesOnlyItsOwnStack takes each grant of the roles of one stack and asks whether the same role of
// another stack, in the same account and with its state in the same bucket, has it too.
func TestARoleReachesOnlyItsOwnStack(t *testing.T) {
	beyond := map[string][]string{}
	for role := range roles {
		for _, each := range []struct{ reaching, reached stack }{{dev, prod}, {prod, dev}} {
			documents, apart := each.reaching.documents(t, role), 0
			for _, open := range unfilled(t, roles[role]...) {
				byCondition := slices.ContainsFunc(conditionValues(open), ownPlaceholder.MatchString)
				for _, resource := range open.Resource {
					if !byCondition && !ownPlaceholder.MatchString(resource) {
						for _, action := range open.Action {
							if len(referenceOf(t, action).Resources) > 0 {
								beyond[resource] = append(beyond[resource], action[strings.Index(action, ":")+1:])
							}
						}
						continue
					}
					single := open
					single.Resource = iampolicy.Texts{resource}
					for _, request := range requests(each.reached.fillStatement(single)) {
						apart++
						if iampolicy.Allows(documents, request) {
							t.Errorf("%s of %s may %s on %s of %s with %v", role, each.reaching["STACK"],
								request.Action, request.Resource, each.reached["STACK"], request.Context)
						}
					}
				}
			}
			if apart < 10 {
				t.Errorf("%s: only %d grants belong to a stack", role, apart)
			}
		}
	}
	for resource, actions := range beyond {
		if got := strings.Join(sorted(actions), " "); got != beyondTheStack[resource] {
			t.Errorf("%s belongs to no stack, and the roles may %q on it, want %q", resource, got, beyondTheStack[resource])
		}
	}
	if len(beyond) != len(beyondTheStack) {
		t.Errorf("%d resources belong to no stack, want %d", len(beyond), len(beyondTheStack))
	}
}

// conditionValues are all values in a statement's conditions.
func conditionValues(statement iampolicy.Statement) (all []string) {
	for _, keys := range statement.Condition {
		for _, values := range keys {
			all = append(all, values...)
		}
	}
	return all
}

// fillStatement is the statement with the stack's values in place of the placeholders.
func (s stack) fillStatement(open iampolicy.Statement) iampolicy.Statement {
	fill := func(texts iampolicy.Texts) (filled iampolicy.Texts) {
		for _, text := range texts {
			filled = append(filled, s.fill(text))
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

// requests are one request for each action and resource of a statement, under its conditions.
func requests(statement iampolicy.Statement) (all []iampolicy.Request) {
	for _, action := range statement.Action {
		for _, resource := range statement.Resource {
			for _, context := range contexts(statement) {
				all = append(all, iampolicy.Request{Action: action, Resource: example(resource), Context: context})
			}
		}
	}
	return all
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
				if operator != "Null" {
					all[i][key] = example(values[min(i, len(values)-1)])
				}
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
