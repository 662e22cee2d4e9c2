package plangate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/inventory"
	"mediaserver/tests/internal/sandbox"
	"mediaserver/tests/internal/sandboxtest"
)

// repository is the folder of the program, seen from this package.
const repository = "../.."

// stack is the deployed stack whose plans are judged.
type stack struct {
	*sandboxtest.Deployment
	t *testing.T
	// programs are those of changedPrograms.
	programs map[string]*sandbox.Stack
	// unprotected tells that the stack was deployed without Pulumi's protection.
	unprotected bool
}

// plan is the plan of one of the changed programs on the stack. The CLI keeps the settings of a preview, so every plan
// names those that another one changes.
func (s *stack) plan(program string, settings ...string) string {
	s.t.Helper()
	arguments := []string{"preview", "--json", "--show-sames"}
	deployed := []string{"name=mediaserver", "imageTag=latest", "logRetentionDays=30", "forceDestroy=false", "executeCommand=false", "cpu=256",
		fmt.Sprintf("protectData=%t", !s.unprotected)}
	for _, setting := range append(deployed, settings...) {
		arguments = append(arguments, "-c", "mediaserver:"+setting)
	}
	return s.RunOn(s.programs[program], arguments...).Stdout
}

// Edits of the program that serve several programs.
var (
	// keyOfKMS is what makes the stack's encryption one that can become weaker.
	keyOfKMS = sandboxtest.Edit{File: "storage.go", Old: `pulumi.String("AES256")`, New: `pulumi.String("aws:kms")`}
	// removedStorage is as if somebody had removed the bucket and its settings from the program, and kept what
	// else uses its name.
	removedStorage = sandboxtest.Edit{File: "storage.go", New: `package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

type storageInputs struct{ randomValues randomValuesOutputs }

type storageOutputs struct{ bucketName, bucketArn pulumi.StringOutput }

func createStorage(*pulumi.Context, settings, storageInputs) (storageOutputs, error) {
	return storageOutputs{
		bucketName: pulumi.String("elsewhere").ToStringOutput(),
		bucketArn:  pulumi.String("arn:aws:s3:::elsewhere").ToStringOutput(),
	}, nil
}
`}
)

// moved is as if somebody had put resources under a component. With an alias they stay the same resources.
func moved(withAlias bool) []sandboxtest.Edit {
	under := "inParts(ctx)"
	if withAlias {
		under = "inParts(ctx), pulumi.Aliases([]pulumi.Alias{{NoParent: pulumi.Bool(true)}})"
	}
	return []sandboxtest.Edit{
		{File: "parts.go", New: `package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

var parts *pulumi.ResourceState

func inParts(ctx *pulumi.Context) pulumi.ResourceOption {
	if parts == nil {
		parts = &pulumi.ResourceState{}
		if err := ctx.RegisterComponentResource("mediaserver:index:Parts", "parts", parts); err != nil {
			panic(err)
		}
	}
	return pulumi.Parent(parts)
}
`},
		{File: "storage.go", Old: `settings.keep("bucket"))`, New: `settings.keep("bucket"), ` + under + ")"},
		{File: "ecs.go", Old: "pulumi.DependsOn(needed),", New: "pulumi.DependsOn(needed), " + under + ","},
		{File: "secrets.go", Old: "pulumi.Protect(row.protect)", New: "pulumi.Protect(row.protect), " + under},
	}
}

// weakenings are edits that each take a protection away, with the row of the gate's table that they must make.
var weakenings = []struct {
	what string
	edit sandboxtest.Edit
	row  row
}{
	{"versioning suspended",
		sandboxtest.Edit{File: "storage.go", Old: `Status: pulumi.String("Enabled"),
		},`, New: `Status: pulumi.String("Suspended"),
		},`},
		row{"media-storage", "aws:s3/bucketVersioningV2:BucketVersioningV2", "versioningConfiguration.status: Enabled → Suspended"}},
	{"a public-access flag off",
		sandboxtest.Edit{File: "storage.go", Old: "RestrictPublicBuckets: pulumi.Bool(true)", New: "RestrictPublicBuckets: pulumi.Bool(false)"},
		row{"media-storage", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "restrictPublicBuckets: true → false"}},
	{"weaker encryption",
		sandboxtest.Edit{File: "storage.go", Old: `pulumi.String("AES256")`, New: `pulumi.String("AES256" /* again */)`},
		row{"media-storage", "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", "sseAlgorithm: aws:kms → AES256"}},
	{"media that expires",
		sandboxtest.Edit{File: "storage.go", Old: "AbortIncompleteMultipartUpload: &s3", New: `Expiration: &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(365)},
			AbortIncompleteMultipartUpload: &s3`},
		row{"media-storage", "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "rules: files never expire → files expire after 365 days"}},
	{"another port of the load balancer",
		sandboxtest.Edit{File: "network.go", Old: `fromAnywhere(httpsPort, "HTTPS from anywhere"),`, New: `fromAnywhere(httpsPort, "HTTPS from anywhere"), fromAnywhere(22, "SSH"),`},
		row{"alb", "aws:ec2/securityGroup:SecurityGroup", "also tcp 22 with 0.0.0.0/0"}},
	{"another source of the tasks",
		sandboxtest.Edit{File: "network.go", Old: "fromLoadBalancer.SecurityGroups = ", New: `fromLoadBalancer.CidrBlocks = pulumi.StringArray{pulumi.String(anywhere)}
	fromLoadBalancer.SecurityGroups = `},
		row{"ecs-tasks", "aws:ec2/securityGroup:SecurityGroup", "also tcp 3000 with 0.0.0.0/0"}},
	{"malformed headers",
		sandboxtest.Edit{File: "network.go", Old: "DropInvalidHeaderFields: pulumi.Bool(true)", New: "DropInvalidHeaderFields: pulumi.Bool(false)"},
		row{"mediaserver", "aws:lb/loadBalancer:LoadBalancer", "dropInvalidHeaderFields: true → false"}},
	{"a wider trust",
		sandboxtest.Edit{File: "iam.go", Old: `map[string]any{"Service": tasksPrincipal}`, New: `map[string]any{"Service": []string{tasksPrincipal, "ec2.amazonaws.com"}}`},
		row{"ecs-task-role", "aws:iam/role:Role", "assumeRolePolicy: not so → allows sts:AssumeRole to Service ec2.amazonaws.com"}},
	{"a condition less",
		sandboxtest.Edit{File: "iam.go", Old: `Condition: map[string]map[string]any{"StringEquals": {"cloudwatch:namespace": settings.metricsNamespace()}},`, New: ""},
		row{"ecs-task-cloudwatch-policy", "aws:iam/rolePolicy:RolePolicy", "allows cloudwatch:PutMetricData on * without the condition StringEquals cloudwatch:namespace mediaserver"}},
	{"an action more",
		sandboxtest.Edit{File: "iam.go", Old: `Action:   []string{"s3:ListBucket"},`, New: `Action:   []string{"s3:ListBucket", "s3:PutBucketPolicy"},`},
		row{"ecs-task-s3-policy", "aws:iam/rolePolicy:RolePolicy", "policy: not so → allows s3:PutBucketPolicy on arn:aws:s3:::mediaserver-storage-"}},
	{"a wider inline policy",
		sandboxtest.Edit{File: "iam.go", Old: "Resource: arns,", New: `Resource: []any{"*"},`},
		row{"ecs-task-execution-role", "aws:iam/role:Role", "inlinePolicies: not so → allows ssm:GetParameters on *"}},
	{"a new policy of a role",
		sandboxtest.Edit{File: "iam.go", Old: "	return rolesOutputs{\n		executionRoleArn: executionRole.Arn,", New: `	if _, err := iam.NewRolePolicyAttachment(ctx, "administrator", &iam.RolePolicyAttachmentArgs{
		Role: taskRole.Name, PolicyArn: pulumi.String("arn:aws:iam::aws:policy/AdministratorAccess"),
	}); err != nil {
		return rolesOutputs{}, err
	}
	return rolesOutputs{
		executionRoleArn: executionRole.Arn,`},
		row{"administrator", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "policyArn: not set → arn:aws:iam::aws:policy/AdministratorAccess"}},
	{"a wider repository policy",
		sandboxtest.Edit{File: "registry.go", Old: `"ecr:BatchGetImage",`, New: `"ecr:BatchGetImage", "ecr:PutImage",`},
		row{"mediaserver", "aws:ecr/repositoryPolicy:RepositoryPolicy", "policy: not so → allows ecr:PutImage to AWS arn:aws:iam::123456789012:role/mediaserver-ecs-task-execution-role"}},
	{"no rollback",
		sandboxtest.Edit{File: "ecs.go", Old: "Rollback: pulumi.Bool(true)", New: "Rollback: pulumi.Bool(false)"},
		row{"mediaserver", "aws:ecs/service:Service", "deploymentCircuitBreaker.rollback: true → false"}},
	{"no circuit breaker",
		sandboxtest.Edit{File: "ecs.go", Old: "Enable:   pulumi.Bool(true)", New: "Enable:   pulumi.Bool(false)"},
		row{"mediaserver", "aws:ecs/service:Service", "deploymentCircuitBreaker.enable: true → false"}},
	{"another role of the tasks",
		sandboxtest.Edit{File: "ecs.go", Old: "inputs.roles.taskRoleArn", New: "inputs.roles.executionRoleArn"},
		row{"mediaserver", "aws:ecs/taskDefinition:TaskDefinition", "taskRoleArn: arn:aws:iam::123456789012:role/mediaserver-ecs-task-role → arn:aws:iam::123456789012:role/mediaserver-ecs-task-execution-role"}},
	{"an image from elsewhere",
		sandboxtest.Edit{File: "ecs.go", Old: `pulumi.Sprintf("%s:%s", inputs.registry.repositoryURL, settings.imageTag)`, New: `"docker.io/library/media:" + settings.imageTag`},
		row{"mediaserver", "aws:ecs/taskDefinition:TaskDefinition", "containerDefinitions[mediaserver].image: of 123456789012.dkr.ecr.eu-west-2.amazonaws.com/mediaserver → of docker.io/library/media"}},
	{"the JWT secret in plain",
		sandboxtest.Edit{File: "ecs.go", Old: `		Environment:     variables,
		Secrets:         inputs.parameters.containerSecrets,`, New: `		Environment: append(variables, environmentVariable{Name: "JWT_SECRET", Value: "guessed"}),
		Secrets:     []containerSecret{},`},
		row{"mediaserver", "aws:ecs/taskDefinition:TaskDefinition", "containerDefinitions[mediaserver].environment: JWT_SECRET from a store of secrets → JWT_SECRET in plain"}},
	{"files that the SDK sends elsewhere",
		sandboxtest.Edit{File: "ecs.go", Old: `{Name: "AWS_REGION", Value: inputs.environment.region},`, New: `{Name: "AWS_ENDPOINT_URL_S3", Value: "https://elsewhere.example"}, {Name: "AWS_REGION", Value: inputs.environment.region},`},
		row{"mediaserver", "aws:ecs/taskDefinition:TaskDefinition", "containerDefinitions[mediaserver].environment: AWS_ENDPOINT_URL_S3 as it was"}},
	{"a health check that always succeeds",
		sandboxtest.Edit{File: "ecs.go", Old: `"CMD", "curl", "--fail", "--silent", "--globoff",`, New: `"CMD", "true",`},
		row{"mediaserver", "aws:ecs/taskDefinition:TaskDefinition", `containerDefinitions[mediaserver].healthCheck.command: ["CMD","curl",`}},
	{"another JWT secret",
		sandboxtest.Edit{File: "secrets.go", Old: "inputs.randomValues.jwtSecret, settings.protectData,", New: `pulumi.ToSecret(pulumi.String("another")).(pulumi.StringOutput), settings.protectData,`},
		row{"jwt-secret", "aws:ssm/parameter:Parameter", "value: a secret → another secret"}},
	{"fewer images",
		sandboxtest.Edit{File: "registry.go", Old: "taggedImagesKept   = 10", New: "taggedImagesKept   = 1"},
		row{"mediaserver", "aws:ecr/lifecyclePolicy:LifecyclePolicy", `policy: rule 1 {"countNumber":10,`}},
	{"broken tasks that count as healthy",
		sandboxtest.Edit{File: "network.go", Old: `= "200"`, New: `= "200-499"`},
		row{"mediaserver", "aws:lb/targetGroup:TargetGroup", "healthCheck.matcher: 200 → 200-499"}},
	{"a task definition from elsewhere",
		sandboxtest.Edit{File: "ecs.go", Old: "TaskDefinition: inputs.taskDefinition.arn", New: `TaskDefinition: pulumi.String("arn:aws:ecs:eu-west-2:123456789012:task-definition/elsewhere:1")`},
		row{"mediaserver", "aws:ecs/service:Service", "→ arn:aws:ecs:eu-west-2:123456789012:task-definition/elsewhere:1"}},
	{"settings of the bucket by a second bucket of its name",
		sandboxtest.Edit{File: "storage.go", Old: "	versioning, err := ", New: `	second, err := s3.NewBucketV2(ctx, "second", &s3.BucketV2Args{Bucket: bucket.Bucket})
	if err != nil {
		return storageOutputs{}, err
	}
	if _, err := s3.NewBucketPublicAccessBlock(ctx, "second", &s3.BucketPublicAccessBlockArgs{Bucket: second.Bucket}); err != nil {
		return storageOutputs{}, err
	}
	versioning, err := `},
		row{"second", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "bucket: not set → mediaserver-storage-"}},
	{"settings of a bucket that the plan does not tell",
		sandboxtest.Edit{File: "storage.go", Old: "	encryption, err := ", New: `	third, err := s3.NewBucketV2(ctx, "third", &s3.BucketV2Args{Bucket: pulumi.String("third")})
	if err != nil {
		return storageOutputs{}, err
	}
	if _, err := s3.NewBucketPublicAccessBlock(ctx, "third", &s3.BucketPublicAccessBlockArgs{Bucket: third.ID()}); err != nil {
		return storageOutputs{}, err
	}
	encryption, err := `},
		row{"third", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "of a new bucket state the name"}},
	{"an alarm that writes over another",
		sandboxtest.Edit{File: "scaling.go", Old: "	rows := []struct {", New: `	if _, err := cloudwatch.NewMetricAlarm(ctx, "decoy", &cloudwatch.MetricAlarmArgs{
		Name: pulumi.String(settings.physicalName("{name}-high-cpu")), ComparisonOperator: pulumi.String("GreaterThanThreshold"), EvaluationPeriods: pulumi.Int(1),
		Namespace: pulumi.String("none"), MetricName: pulumi.String("none"), Statistic: pulumi.String("Sum"), Period: pulumi.Int(60), Threshold: pulumi.Float64(1),
	}); err != nil {
		return err
	}
	rows := []struct {`},
		row{"decoy", "aws:cloudwatch/metricAlarm:MetricAlarm", "name: another name than that of high-cpu → mediaserver-high-cpu"}},
	{"the JWT secret in another parameter, in plain",
		sandboxtest.Edit{File: "secrets.go", Old: "	jwtSecret, bucketName, appConfigParameter := ", New: `	if _, err := ssm.NewParameter(ctx, "copy", &ssm.ParameterArgs{Name: pulumi.String("/copy"), Type: pulumi.String("String"), Value: inputs.randomValues.jwtSecret}); err != nil {
		return parametersOutputs{}, err
	}
	jwtSecret, bucketName, appConfigParameter := `},
		row{"copy", "aws:ssm/parameter:Parameter", "type: SecureString → String"}},
	{"the JWT secret in the state, in plain",
		sandboxtest.Edit{File: "secrets.go", Old: "	rows := ", New: `	if _, err := ssm.NewParameter(ctx, "tagged", &ssm.ParameterArgs{
		Name: pulumi.String("/tagged"), Type: pulumi.String("String"), Value: pulumi.String("nothing"), Tags: pulumi.StringMap{"Secret": pulumi.Unsecret(inputs.randomValues.jwtSecret).(pulumi.StringOutput)},
	}); err != nil {
		return parametersOutputs{}, err
	}
	rows := `},
		row{"tagged", "aws:ssm/parameter:Parameter", "tags: a secret → in plain"}},
	{"alarms that do nothing",
		sandboxtest.Edit{File: "scaling.go", Old: "AlarmActions: pulumi.Array{policy.Arn},", New: "AlarmActions: pulumi.Array{policy.Arn}[:0],"},
		row{"high-cpu", "aws:cloudwatch/metricAlarm:MetricAlarm", `alarmActions: ["arn:aws:autoscaling:eu-west-2:123456789012:scalingPolicy:`}},
}

// elsewhere is as if somebody had given the bucket a provider of its own, for another region.
var elsewhere = []sandboxtest.Edit{
	{File: "storage.go", Old: `settings.keep("bucket"))`, New: `settings.keep("bucket"), elsewhere(ctx))`},
	{File: "elsewhere.go", New: `package main

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func elsewhere(ctx *pulumi.Context) pulumi.ResourceOption {
	provider, err := aws.NewProvider(ctx, "elsewhere", &aws.ProviderArgs{Region: pulumi.String("us-east-1")})
	if err != nil {
		panic(err)
	}
	return pulumi.Provider(provider)
}
`},
}

// row is a line of the gate's table: the resource and a part of why it is refused.
type row struct{ name, resourceType, because string }

// in finds the row in the gate's table, with what happens to the resource.
func (r row) in(result verdict, happens string) bool {
	for line := range strings.Lines(result.stdout) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == r.name && fields[1] == r.resourceType &&
			strings.Contains(line, happens) && strings.Contains(line, r.because) {
			return true
		}
	}
	return false
}

// changedPrograms are the programs whose plans are judged. All but the two that lose something have the stronger
// encryption, with which the stack is deployed.
func changedPrograms() map[string][]sandboxtest.Edit {
	var weaker []sandboxtest.Edit
	for _, each := range weakenings {
		weaker = append(weaker, each.edit)
	}
	return map[string][]sandboxtest.Edit{
		"stronger":            {keyOfKMS},
		"weaker":              weaker,
		"moved":               append(moved(false), keyOfKMS),
		"moved with an alias": append(moved(true), keyOfKMS),
		"elsewhere":           append([]sandboxtest.Edit{keyOfKMS}, elsewhere...),
		"without storage":     {removedStorage},
		"harmless": {
			keyOfKMS,
			{File: "iam.go", Old: `"s3:PutObject", "s3:DeleteObject"}`, New: `"s3:PutObject"}`},
			{File: "iam.go", Old: "Starts the tasks of the media server", New: "Starts tasks"},
			{File: "network.go", Old: "HTTP from anywhere", New: "Plain HTTP from anywhere"},
			{File: "monitoring.go", Old: "	widgetHeight = 6", New: "	widgetHeight = 9"},
			{File: "storage.go", Old: "daysUntilInfrequentAccess = 30", New: "daysUntilInfrequentAccess = 45"},
			{File: "storage.go", Old: "	versioning, err := ", New: `	thumbnails, err := s3.NewBucketV2(ctx, "thumbnails", &s3.BucketV2Args{Bucket: pulumi.String("thumbnails")})
	if err != nil {
		return storageOutputs{}, err
	}
	if _, err := s3.NewBucketPublicAccessBlock(ctx, "thumbnails", &s3.BucketPublicAccessBlockArgs{Bucket: thumbnails.Bucket}); err != nil {
		return storageOutputs{}, err
	}
	versioning, err := `},
		},
		"policy not known yet": {
			keyOfKMS,
			{File: "iam.go", Old: `Resource: []any{pulumi.Sprintf("%s/*", storage.bucketArn)},`, New: `Resource: []any{storage.drawn},`},
			{File: "storage.go", Old: "type storageOutputs struct {", New: "type storageOutputs struct {\n	drawn pulumi.StringOutput"},
			{File: "storage.go", Old: "	return storageOutputs{\n		bucketName: bucket.Bucket,", New: `	drawn, err := random.NewRandomString(ctx, "drawn", &random.RandomStringArgs{Length: pulumi.Int(8)})
	if err != nil {
		return storageOutputs{}, err
	}
	return storageOutputs{
		drawn:      drawn.Result,
		bucketName: bucket.Bucket,`},
			{File: "storage.go", Old: `	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"`, New: `	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"`},
		},
	}
}

func TestRealPlansAreJudgedInTheSandbox(t *testing.T) {
	t.Parallel()
	s := &stack{Deployment: sandboxtest.New(t, repository), t: t}
	s.programs = s.ChangedEach(changedPrograms())
	stronger := s.programs["stronger"]
	judgeFirstPlan(t, s.plan("stronger"))

	s.UpOn(stronger)
	judgeHarmlessChanges(t, s)
	judgeLostProtection(t, s)

	// Pulumi itself refuses to plan what would delete a protected resource, so the rest is about unprotected ones.
	t.Run("what Pulumi protects fails in the preview", func(t *testing.T) {
		judge(t, s.plan("stronger", "name=renamed")).expect(t, 5, "marked for protection")
	})
	s.unprotected = true
	s.MustOn(stronger, "up", "--yes", "--skip-preview", "-c", "mediaserver:name=mediaserver", "-c", "mediaserver:protectData=false")
	judgeMoves(t, s)
	renamed := s.plan("stronger", "name=renamed")
	judgeRename(t, renamed)
	judgeRemoval(t, s)
	judgeWhatIsNoPlan(t, s, stronger, renamed)
}

func judgeFirstPlan(t *testing.T, first string) {
	// The stack itself is a step too.
	steps := len(inventory.Default()) + 1
	t.Run("the first plan passes", func(t *testing.T) {
		judge(t, first).expect(t, 0, fmt.Sprintf("Nothing dangerous (%d create)", steps), harmless)
	})
	t.Run("the inventory has every type of the stack, and no other", func(t *testing.T) {
		var want []string
		for _, each := range inventory.Default() {
			want = append(want, each.Type)
		}
		slices.Sort(want)
		if got := registeredTypes(t, first); !slices.Equal(got, slices.Compact(want)) {
			t.Errorf("the stack registers\n%q\nthe inventory has\n%q", got, want)
		}
	})
	t.Run("an allowance of every resource fits a label and names it alone", func(t *testing.T) {
		// As if something happened to each that the gate does not know.
		strange := strings.NewReplacer(`"op": "create"`, `"op": "anything"`, `"create": `, `"anything": `).Replace(first)
		offered := judge(t, strange, "--commit", strings.Repeat("c", 40)).allowances()
		if len(offered) != steps {
			t.Fatalf("%d allowances", len(offered))
		}
		for _, allowance := range offered {
			if length := len("allow:" + allowance); length > 50 {
				t.Errorf("allow:%s has %d characters", allowance, length)
			}
		}
		if slices.Sort(offered); len(slices.Compact(offered)) != steps {
			t.Errorf("some are the same: %q", offered)
		}
	})
}

func judgeHarmlessChanges(t *testing.T, s *stack) {
	t.Run("no change passes", func(t *testing.T) {
		result := judge(t, s.plan("stronger"))
		result.expect(t, 0, "Nothing dangerous (no changes)", harmless)
		if !strings.Contains(result.markdown, "### Plan: no changes") {
			t.Errorf("Markdown:\n%s", result.markdown)
		}
	})
	t.Run("harmless changes pass", func(t *testing.T) {
		result := judge(t, s.plan("harmless", "imageTag=v2", "logRetentionDays=60"))
		result.expect(t, 0, harmless)
		for _, line := range []string{
			"### Plan: 2 create, 8 update, 1 replace",
			"| create | thumbnails | aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock |",
			"| replace | mediaserver | aws:ecs/taskDefinition:TaskDefinition |",
			"| update | ecs-task-s3-policy | aws:iam/rolePolicy:RolePolicy | policy |",
			"| update | ecs-task-execution-role | aws:iam/role:Role | description |",
			"| update | alb | aws:ec2/securityGroup:SecurityGroup | ingress",
			"| update | mediaserver | aws:cloudwatch/dashboard:Dashboard | dashboardBody |",
			"| update | media-storage | aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2 | rules",
			"| update | ecs-logs | aws:cloudwatch/logGroup:LogGroup | retentionInDays |",
			"| update | app-logs | aws:cloudwatch/logGroup:LogGroup | retentionInDays |",
		} {
			if !strings.Contains(result.markdown, line) {
				t.Errorf("the Markdown lacks %q", line)
			}
		}
		if t.Failed() {
			t.Log(result.markdown)
		}
	})
}

func judgeLostProtection(t *testing.T, s *stack) {
	t.Run("every protection that a program takes away is refused", func(t *testing.T) {
		plan := s.plan("weaker", "logRetentionDays=7", "forceDestroy=true", "protectData=false", "executeCommand=true")
		result := judge(t, plan)
		result.expect(t, 1, "refused")
		for _, each := range weakenings {
			if !each.row.in(result, "gets weaker") {
				t.Errorf("%s: no row %q", each.what, each.row)
			}
		}
		for _, want := range []row{
			{"ecs-logs", "aws:cloudwatch/logGroup:LogGroup", "retentionInDays: 30 days → 7 days"},
			{"media-storage", "aws:s3/bucketV2:BucketV2", "forceDestroy: false → true"},
			{"media-storage", "aws:s3/bucketV2:BucketV2", "protect: true → false"},
			{"mediaserver", "aws:ecr/repository:Repository", "forceDelete: false → true"},
			{"jwt-secret", "random:index/randomPassword:RandomPassword", "protect: true → false"},
			{"mediaserver", "aws:ecs/service:Service", "enableExecuteCommand: false → true"},
			{"ecs-task-cloudwatch-policy", "aws:iam/rolePolicy:RolePolicy", "allows ssmmessages:OpenDataChannel on *"},
		} {
			if !want.in(result, "gets weaker") {
				t.Errorf("no row %q", want)
			}
		}
		if t.Failed() {
			t.Log(result.stdout)
		}
		judge(t, plan, result.allowing()...).expect(t, 0, "gets weaker (allowed)")
	})

	t.Run("a policy that is not known yet is refused", func(t *testing.T) {
		plan := s.plan("policy not known yet")
		result := judge(t, plan)
		result.expect(t, 1)
		if want := (row{"ecs-task-s3-policy", "aws:iam/rolePolicy:RolePolicy", "policy: a known document → not known yet"}); !want.in(result, "gets weaker") {
			t.Errorf("no row %q in\n%s", want, result.stdout)
		}
	})
}

func judgeMoves(t *testing.T, s *stack) {
	t.Run("resources that move without an alias fail", func(t *testing.T) {
		result := judge(t, s.plan("moved"))
		result.expect(t, 1, "refused")
		for _, gone := range []row{
			{"media-storage", "aws:s3/bucketV2:BucketV2", "not in the program any more"},
			{"mediaserver", "aws:ecs/service:Service", "not in the program any more"},
			{"jwt-secret", "aws:ssm/parameter:Parameter", "not in the program any more"},
		} {
			if !gone.in(result, "is deleted") {
				t.Errorf("no row %q in\n%s", gone, result.stdout)
			}
		}
		if !strings.Contains(result.markdown, "| create | media-storage | mediaserver:index:Parts$aws:s3/bucketV2:BucketV2 |") {
			t.Errorf("Markdown:\n%s", result.markdown)
		}
	})
	t.Run("resources that move with an alias pass", func(t *testing.T) {
		judge(t, s.plan("moved with an alias")).expect(t, 0, "Nothing dangerous (1 create)")
	})
	t.Run("a bucket that another region is asked for is refused", func(t *testing.T) {
		result := judge(t, s.plan("elsewhere"))
		result.expect(t, 1)
		kind := "aws:s3/bucketV2:BucketV2"
		if !(row{"media-storage", kind, "provider"}).in(result, "is replaced") || !(row{"media-storage", kind, "provider: default"}).in(result, "gets weaker") {
			t.Errorf("no such rows in\n%s", result.stdout)
		}
	})
}

func judgeRename(t *testing.T, renamed string) {
	t.Run("a changed name fails", func(t *testing.T) {
		result := judge(t, renamed)
		result.expect(t, 1, "refused")
		for _, want := range []row{
			{"media-storage", "aws:s3/bucketV2:BucketV2", "bucket"},
			{"mediaserver", "aws:ecr/repository:Repository", "name"},
			{"mediaserver", "aws:lb/loadBalancer:LoadBalancer", "name"},
			{"mediaserver", "aws:lb/targetGroup:TargetGroup", "name"},
			{"alb", "aws:ec2/securityGroup:SecurityGroup", "name"},
			{"ecs-task-role", "aws:iam/role:Role", "name"},
			{"jwt-secret", "aws:ssm/parameter:Parameter", "name"},
			{"main", "aws:ecs/cluster:Cluster", "name"},
			{"mediaserver", "aws:ecs/service:Service", "name"},
			{"ecs-logs", "aws:cloudwatch/logGroup:LogGroup", "name"},
		} {
			if !want.in(result, "is replaced") {
				t.Errorf("no row %q in\n%s", want, result.stdout)
			}
		}
		judge(t, renamed, result.allowing()...).expect(t, 0, "is replaced (allowed)")
		judge(t, renamed, result.allowing()[2:]...).expect(t, 1, "refused")
	})
}

func judgeRemoval(t *testing.T, s *stack) {
	removed := s.plan("without storage")
	t.Run("a removed bucket fails", func(t *testing.T) {
		result := judge(t, removed)
		result.expect(t, 1, "refused")
		for _, each := range guarded(t) {
			if want := (row{each.Name, each.Type, "not in the program any more"}); each.Name == "media-storage" && !want.in(result, "is deleted") {
				t.Errorf("no row %q in\n%s", want, result.stdout)
			}
		}
		judge(t, removed, result.allowing()...).expect(t, 0, "is deleted (allowed)")
		judge(t, removed, result.allowing()[:2]...).expect(t, 1, "refused")
	})
}

func judgeWhatIsNoPlan(t *testing.T, s *stack, stronger *sandbox.Stack, renamed string) {
	t.Run("a preview that failed fails", func(t *testing.T) {
		judge(t, s.plan("stronger", "cpu=1")).expect(t, 5, "cpu", "the preview reports errors")
	})
	t.Run("a streamed preview fails", func(t *testing.T) {
		command := stronger.Command(t.Context(), "--non-interactive", "preview", "--json", "-c", "mediaserver:cpu=256")
		command.Env = append(command.Env, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true")
		streamed, err := command.Output()
		if err != nil {
			t.Fatal(err)
		}
		judge(t, string(streamed)).expect(t, 4, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW")
	})
	t.Run("a plan cut short fails", func(t *testing.T) {
		judge(t, renamed[:len(renamed)-10]).expect(t, 4, "cut short")
	})
	t.Run("the JWT secret is not shown", func(t *testing.T) {
		value := jwtSecret(t, s.Deployment)
		verdict := judge(t, renamed)
		for what, text := range map[string]string{"the plan": renamed, "the gate": verdict.stdout + verdict.stderr + verdict.markdown} {
			if sandboxtest.Reveals(text, value) {
				t.Errorf("%s shows it", what)
			}
		}
		if !strings.Contains(renamed, `"result": "[secret]"`) {
			t.Error("the plan leaves out what draws it")
		}
	})
}

// jwtSecret is the generated secret in plain text.
func jwtSecret(t *testing.T, deployed *sandboxtest.Deployment) string {
	t.Helper()
	var state struct {
		Deployment struct {
			Resources []struct {
				Type    string
				Outputs struct{ Result json.RawMessage }
			}
		}
	}
	if err := json.Unmarshal([]byte(deployed.Must("stack", "export", "--show-secrets").Stdout), &state); err != nil {
		t.Fatalf("read the state: %v", err)
	}
	for _, resource := range state.Deployment.Resources {
		if resource.Type == "random:index/randomPassword:RandomPassword" {
			var shown struct{ Plaintext string }
			if err := json.Unmarshal(resource.Outputs.Result, &shown); err != nil {
				t.Fatalf("read the JWT secret: %v", err)
			}
			var secret string
			if err := json.Unmarshal([]byte(shown.Plaintext), &secret); err != nil || len(secret) != 32 {
				t.Fatalf("the JWT secret has %d characters (%v)", len(secret), err)
			}
			return secret
		}
	}
	t.Fatal("the state holds no JWT secret")
	return ""
}

// registeredTypes are the types of the managed resources in a plan, sorted, each once.
func registeredTypes(t *testing.T, plan string) []string {
	t.Helper()
	var types []string
	for _, step := range sandboxtest.ReadPlan(t, plan).Steps {
		if step.URN.Type() != "pulumi:pulumi:Stack" {
			types = append(types, string(step.URN.Type()))
		}
	}
	slices.Sort(types)
	if types = slices.Compact(types); len(types) < 20 {
		t.Fatalf("the plan registers %q only", types)
	}
	return types
}
