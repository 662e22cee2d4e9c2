package policies

import (
	"fmt"
	"maps"
	"testing"

	"mediaserver/tests/internal/iampolicy"
)

// step is one call on a way to more power.
type step struct {
	// byTask tells that a role of the tasks makes the call, in the hands of whoever deploys; else the deployer
	// makes it.
	byTask   bool
	action   string
	resource string
	context  map[string]string
}

// What the steps act on. The tasks' roles are the program's; another role stands for any that the account has.
const (
	inAccount   = "arn:aws:iam::123456789012:"
	taskRole    = inAccount + "role/mediaserver-ecs-task-role"
	anotherRole = inAccount + "role/admin"
	ownRole     = inAccount + "role/mediaserver-up"
	adminPolicy = "arn:aws:iam::aws:policy/AdministratorAccess"
	taskPolicy  = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
	inRegion    = "eu-west-2:123456789012:"
	service     = "arn:aws:ecs:" + inRegion + "service/mediaserver-cluster/mediaserver-service"
)

// allowEverything is the policy of an administrator, and what bounds a role without a boundary.
const allowEverything = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}`

// bounded is the context of a call on a role that has the boundary, or gets it.
var bounded = map[string]string{"iam:PermissionsBoundary": dev["BOUNDARY_ARN"]}

// anotherStack is the context of a call on a security group of another stack.
var anotherStack = map[string]string{"aws:ResourceTag/Project": prod["TAG_PROJECT"], "aws:ResourceTag/Environment": prod["TAG_ENVIRONMENT"]}

// with is the context and one key more.
func with(context map[string]string, key, value string) map[string]string {
	more := maps.Clone(context)
	if more == nil {
		more = map[string]string{}
	}
	more[key] = value
	return more
}

// takeATasksRole are the steps that lead to a role of the tasks in the hands of whoever deploys: it is made to trust
// that one, and gets a policy that allows everything.
var takeATasksRole = []step{
	{action: "iam:UpdateAssumeRolePolicy", resource: taskRole, context: bounded},
	{action: "iam:PutRolePolicy", resource: taskRole, context: bounded},
}

// asTask is a way that goes through a role of the tasks.
func asTask(action, resource string) []step {
	return append(append([]step{}, takeATasksRole...), step{byTask: true, action: action, resource: resource})
}

// waysUp are the known ways to become more than one is. A way is open if every step of it is.
var waysUp = []struct {
	what  string
	steps []step
}{
	{"create a role without a boundary", []step{{action: "iam:CreateRole", resource: taskRole}}},
	{"create a role with another boundary", []step{{action: "iam:CreateRole", resource: taskRole, context: map[string]string{"iam:PermissionsBoundary": adminPolicy}}}},
	{"create a role of another name", []step{{action: "iam:CreateRole", resource: inAccount + "role/mediaserver-ecs-task-more", context: bounded}}},
	{"put a policy on a role without a boundary", []step{{action: "iam:PutRolePolicy", resource: taskRole}}},
	{"put a policy on a role with another boundary", []step{{action: "iam:PutRolePolicy", resource: taskRole, context: map[string]string{"iam:PermissionsBoundary": adminPolicy}}}},
	{"put a policy on another role", []step{{action: "iam:PutRolePolicy", resource: anotherRole, context: bounded}}},
	{"put a policy on the own role", []step{{action: "iam:PutRolePolicy", resource: ownRole}}},
	{"take a denial from a role without a boundary", []step{{action: "iam:DeleteRolePolicy", resource: taskRole}}},
	{"take a denial from another role", []step{{action: "iam:DeleteRolePolicy", resource: anotherRole, context: bounded}}},
	{"attach AdministratorAccess", []step{{action: "iam:AttachRolePolicy", resource: taskRole, context: with(bounded, "iam:PolicyARN", adminPolicy)}}},
	{"attach a policy of one's own", []step{{action: "iam:AttachRolePolicy", resource: taskRole, context: with(bounded, "iam:PolicyARN", inAccount+"policy/own")}}},
	{"attach to a role without a boundary", []step{{action: "iam:AttachRolePolicy", resource: taskRole, context: map[string]string{"iam:PolicyARN": taskPolicy}}}},
	{"attach to another role", []step{{action: "iam:AttachRolePolicy", resource: anotherRole, context: with(bounded, "iam:PolicyARN", taskPolicy)}}},
	{"detach from a role without a boundary", []step{{action: "iam:DetachRolePolicy", resource: taskRole, context: map[string]string{"iam:PolicyARN": taskPolicy}}}},
	{"detach a denial", []step{{action: "iam:DetachRolePolicy", resource: taskRole, context: with(bounded, "iam:PolicyARN", inAccount+"policy/denial")}}},
	{"detach from another role", []step{{action: "iam:DetachRolePolicy", resource: anotherRole, context: with(bounded, "iam:PolicyARN", taskPolicy)}}},

	{"remove the boundary", []step{{action: "iam:DeleteRolePermissionsBoundary", resource: taskRole, context: bounded}}},
	{"replace the boundary", []step{{action: "iam:PutRolePermissionsBoundary", resource: taskRole, context: map[string]string{"iam:PermissionsBoundary": adminPolicy}}}},
	{"set the boundary of another role", []step{{action: "iam:PutRolePermissionsBoundary", resource: anotherRole, context: bounded}}},
	{"write a new version of the boundary", []step{{action: "iam:CreatePolicyVersion", resource: dev["BOUNDARY_ARN"]}}},
	{"go back to an old version of the boundary", []step{{action: "iam:SetDefaultPolicyVersion", resource: dev["BOUNDARY_ARN"]}}},
	{"delete a version of the boundary", []step{{action: "iam:DeletePolicyVersion", resource: dev["BOUNDARY_ARN"]}}},
	{"delete the boundary and create it anew", []step{{action: "iam:DeletePolicy", resource: dev["BOUNDARY_ARN"]}, {action: "iam:CreatePolicy", resource: dev["BOUNDARY_ARN"]}}},

	{"change the trust of a role without a boundary", []step{{action: "iam:UpdateAssumeRolePolicy", resource: taskRole}}},
	{"change the trust of another role", []step{{action: "iam:UpdateAssumeRolePolicy", resource: anotherRole, context: bounded}}},
	{"change the trust of the own role", []step{{action: "iam:UpdateAssumeRolePolicy", resource: ownRole, context: bounded}}},
	{"assume another role", []step{{action: "sts:AssumeRole", resource: anotherRole}}},
	{"tag the own role, for permissions by tags", []step{{action: "iam:TagRole", resource: ownRole}}},
	{"lengthen the sessions of another role", []step{{action: "iam:UpdateRole", resource: anotherRole}}},
	{"delete another role, and with it who may stop one", []step{{action: "iam:DeleteRole", resource: anotherRole, context: bounded}}},
	{"change the trust of a task's role, assume it, create a user", asTask("iam:CreateUser", inAccount+"user/eve")},
	{"… remove its boundary", asTask("iam:DeleteRolePermissionsBoundary", taskRole)},
	{"… rewrite the boundary", asTask("iam:CreatePolicyVersion", dev["BOUNDARY_ARN"])},
	{"… assume another role", asTask("sts:AssumeRole", anotherRole)},
	{"… put a policy on the role that deploys", asTask("iam:PutRolePolicy", ownRole)},
	{"… pass another role to a function", asTask("iam:PassRole", anotherRole)},
	{"… read another stack's secret", asTask("ssm:GetParameters", "arn:aws:ssm:"+inRegion+"parameter/mediaserver-prod/jwt-secret")},
	{"… read another stack's state", asTask("s3:GetObject", "arn:aws:s3:::mediaserver-state/.pulumi/stacks/mediaserver/prod.json")},

	{"pass a task's role to a function", []step{{action: "iam:PassRole", resource: taskRole, context: map[string]string{"iam:PassedToService": "lambda.amazonaws.com"}}}},
	{"pass a task's role to a virtual machine", []step{{action: "iam:PassRole", resource: taskRole, context: map[string]string{"iam:PassedToService": "ec2.amazonaws.com"}}}},
	{"pass a task's role to CloudFormation", []step{{action: "iam:PassRole", resource: taskRole, context: map[string]string{"iam:PassedToService": "cloudformation.amazonaws.com"}}}},
	{"run a task with another role", []step{{action: "iam:PassRole", resource: anotherRole, context: map[string]string{"iam:PassedToService": "ecs-tasks.amazonaws.com"}}}},
	{"scale with another role", []step{{action: "iam:PassRole", resource: anotherRole, context: map[string]string{"iam:PassedToService": "application-autoscaling.amazonaws.com"}}}},
	{"create the role of another service", []step{{action: "iam:CreateServiceLinkedRole", resource: inAccount + "role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM", context: map[string]string{"iam:AWSServiceName": "ssm.amazonaws.com"}}}},
	{"register a revision of another task definition", []step{{action: "ecs:RegisterTaskDefinition", resource: "arn:aws:ecs:" + inRegion + "task-definition/another:*"}}},
	{"run a task outside of the service", []step{{action: "ecs:RunTask", resource: "arn:aws:ecs:" + inRegion + "task-definition/mediaserver:1"}}},
	{"open a shell in a task", []step{{action: "ecs:ExecuteCommand", resource: "arn:aws:ecs:" + inRegion + "task/mediaserver-cluster/1"}}},
	{"run another task definition in the service", []step{{action: "ecs:UpdateService", resource: service, context: map[string]string{"ecs:task-definition": "arn:aws:ecs:" + inRegion + "task-definition/another:1"}}}},
	{"create the service with another task definition", []step{{action: "ecs:CreateService", resource: service, context: map[string]string{"ecs:task-definition": "arn:aws:ecs:" + inRegion + "task-definition/another:1"}}}},
	{"silence another alarm topic", []step{{action: "sns:Unsubscribe", resource: "arn:aws:sns:" + inRegion + "operations"}}},
	{"request a certificate whose key can be exported", []step{{action: "acm:RequestCertificate", resource: "*", context: map[string]string{
		"acm:Export": "ENABLED", "acm:ValidationMethod": "DNS", "acm:DomainNames": dev["DOMAIN_NAME"],
		"aws:RequestTag/Project": dev["TAG_PROJECT"], "aws:RequestTag/Environment": dev["TAG_ENVIRONMENT"],
	}}}},
	{"change another service", []step{{action: "ecs:UpdateService", resource: "arn:aws:ecs:" + inRegion + "service/another/another"}}},
	{"scale something that is no service", []step{{
		action: "application-autoscaling:RegisterScalableTarget", resource: "arn:aws:application-autoscaling:" + inRegion + "scalable-target/1",
		context: map[string]string{"application-autoscaling:service-namespace": "dynamodb"},
	}}},

	{"take over another stack's security group by its tags", []step{{action: "ec2:CreateTags", resource: "arn:aws:ec2:" + inRegion + "security-group/sg-1", context: anotherStack}}},
	{"open another stack's security group", []step{{action: "ec2:AuthorizeSecurityGroupIngress", resource: "arn:aws:ec2:" + inRegion + "security-group/sg-1", context: anotherStack}}},

	{"create a user", []step{{action: "iam:CreateUser", resource: inAccount + "user/eve"}}},
	{"create an access key", []step{{action: "iam:CreateAccessKey", resource: inAccount + "user/admin"}}},
	{"set a password", []step{{action: "iam:UpdateLoginProfile", resource: inAccount + "user/admin"}}},
	{"join a group", []step{{action: "iam:AddUserToGroup", resource: inAccount + "group/admins"}}},
	{"put a policy on a user", []step{{action: "iam:PutUserPolicy", resource: inAccount + "user/eve"}}},
	{"create an instance profile", []step{{action: "iam:AddRoleToInstanceProfile", resource: inAccount + "instance-profile/a"}}},
	{"trust another identity provider", []step{{action: "iam:CreateOpenIDConnectProvider", resource: inAccount + "oidc-provider/example.com"}}},
	{"write a new version of the own policy", []step{{action: "iam:CreatePolicyVersion", resource: inAccount + "policy/mediaserver-up-roles"}}},
	{"change the code of a function", []step{{action: "lambda:UpdateFunctionCode", resource: "arn:aws:lambda:" + inRegion + "function:a"}}},
	{"create a stack of CloudFormation", []step{{action: "cloudformation:CreateStack", resource: "arn:aws:cloudformation:" + inRegion + "stack/a/*"}}},
	{"run a virtual machine", []step{{action: "ec2:RunInstances", resource: "arn:aws:ec2:" + inRegion + "instance/*"}}},
	{"send a command to a virtual machine", []step{{action: "ssm:SendCommand", resource: "arn:aws:ec2:" + inRegion + "instance/i-1"}}},
	{"change the policy of a key", []step{{action: "kms:PutKeyPolicy", resource: keyARN(dev["KMS_KEY_ID"])}}},
	{"grant a key", []step{{action: "kms:CreateGrant", resource: keyARN(dev["KMS_KEY_ID"])}}},
	{"open the state bucket", []step{{action: "s3:PutBucketPolicy", resource: "arn:aws:s3:::mediaserver-state"}}},
	{"open the media bucket", []step{{action: "s3:PutBucketPolicy", resource: "arn:aws:s3:::mediaserver-storage-abcd1234"}}},
	{"leave the organization", []step{{action: "organizations:LeaveOrganization", resource: "*"}}},
}

// Whoever deploys the application may say which revision of the stack's task definition the service runs. Shells and
// networks are for whoever deploys the stack.
func TestWhoDeploysTheApplicationChangesOnlyWhatTheServiceRuns(t *testing.T) {
	revision := map[string]string{"ecs:task-definition": "arn:aws:ecs:" + inRegion + "task-definition/mediaserver:7"}
	for what, each := range map[string]struct {
		context map[string]string
		want    bool
	}{
		"a revision of the stack's task definition": {revision, true},
		"the number of tasks alone":                 {nil, true},
		"no shell":                                  {with(revision, "ecs:enable-execute-command", "false"), true},
		"a shell":                                   {with(revision, "ecs:enable-execute-command", "true"), false},
		"other subnets":                             {with(revision, "ecs:subnet", "subnet-1"), false},
	} {
		request := iampolicy.Request{Action: "ecs:UpdateService", Resource: service, Context: each.context}
		if got := allowed(t, dev.documents(t, applicationDeployer), request); got != each.want {
			t.Errorf("%s: %t, want %t", what, got, each.want)
		}
	}
}

// isOpen tells whether a way is open to whoever has the documents: each own step is allowed, and each with a task's
// role is within the boundary, because that role can be given any policy.
func isOpen(t *testing.T, steps []step, documents, bounds []iampolicy.Document) bool {
	t.Helper()
	for _, each := range steps {
		allowing := documents
		if each.byTask {
			allowing = bounds
		}
		if !allowed(t, allowing, iampolicy.Request{Action: each.action, Resource: each.resource, Context: each.context}) {
			return false
		}
	}
	return true
}

func TestNoKnownWayUpIsOpen(t *testing.T) {
	bounds := dev.documents(t, boundary)
	for who, role := range map[string][]string{
		"who previews": previewer, "who deploys the stack": deployer, "who deploys the application": applicationDeployer,
	} {
		documents := dev.documents(t, role)
		for _, way := range waysUp {
			if isOpen(t, way.steps, documents, bounds) {
				t.Errorf("%s can %s", who, way.what)
			}
		}
	}
}

// TestEveryKnownWayUpIsOneForAnAdministrator shows that each way fails for want of a permission, and not because it is
// none.
func TestEveryKnownWayUpIsOneForAnAdministrator(t *testing.T) {
	everything := []iampolicy.Document{parse(t, "everything", allowEverything)}
	for _, way := range waysUp {
		if !isOpen(t, way.steps, everything, everything) {
			t.Errorf("an administrator cannot %s", way.what)
		}
	}
}

// TestADeployerReachesTheTasksRolesAndNoFurther shows that the ways through a task's role fail at their last step:
// whoever deploys can take that role, and then has what the boundary allows.
func TestADeployerReachesTheTasksRolesAndNoFurther(t *testing.T) {
	documents, bounds := dev.documents(t, deployer), dev.documents(t, boundary)
	if !isOpen(t, takeATasksRole, documents, bounds) {
		t.Error("whoever deploys cannot take a task's role, so the ways through it prove nothing")
	}
	if !isOpen(t, asTask("s3:GetObject", "arn:aws:s3:::mediaserver-storage-abcd1234/film.mp4"), documents, bounds) {
		t.Error("whoever takes a task's role cannot even read the media")
	}
}

// TestEveryRestrictionOfTheRolesDocumentEarnsItsPlace takes one restriction away after the other: each condition, each
// list of resources, and then the boundary itself. Each time a way up opens.
func TestEveryRestrictionOfTheRolesDocumentEarnsItsPlace(t *testing.T) {
	var tried int
	loosened := func(what string, loosen func(*iampolicy.Document)) {
		t.Helper()
		tried++
		var documents []iampolicy.Document
		for _, name := range deployer {
			document := dev.documents(t, []string{name})[0]
			if name == "up-roles" {
				loosen(&document)
			}
			documents = append(documents, document)
		}
		for _, way := range waysUp {
			if isOpen(t, way.steps, documents, dev.documents(t, boundary)) {
				return
			}
		}
		t.Errorf("without %s no known way up is open", what)
	}
	for i, statement := range dev.documents(t, []string{"up-roles"})[0].Statements {
		loosened(fmt.Sprintf("the resources of %s", statement.Sid), func(document *iampolicy.Document) {
			document.Statements[i].Resource = iampolicy.Texts{"*"}
		})
		for operator, keys := range statement.Condition {
			for key := range keys {
				loosened(fmt.Sprintf("the condition on %s of %s", key, statement.Sid), func(document *iampolicy.Document) {
					delete(document.Statements[i].Condition[operator], key)
				})
			}
		}
	}
	if tried < 10 {
		t.Errorf("only %d restrictions were taken away", tried)
	}

	unbounded := []iampolicy.Document{parse(t, "no boundary", allowEverything)}
	for _, way := range waysUp {
		if way.steps[len(way.steps)-1].byTask && !isOpen(t, way.steps, dev.documents(t, deployer), unbounded) {
			t.Errorf("even without a boundary nobody could %s", way.what)
		}
	}
}
