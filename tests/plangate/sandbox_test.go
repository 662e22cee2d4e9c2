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

type storageOutputs struct{ bucketName, bucketArn pulumi.StringOutput }

func createStorage(*pulumi.Context, settings, randomValuesOutputs) (storageOutputs, error) {
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
		row{"media-storage", "aws:s3/bucketVersioningV2:BucketVersioningV2", "versioningConfiguration.status is not free: Enabled → Suspended"}},
	{"a public-access flag off",
		sandboxtest.Edit{File: "storage.go", Old: "RestrictPublicBuckets: pulumi.Bool(true)", New: "RestrictPublicBuckets: pulumi.Bool(false)"},
		row{"media-storage", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "restrictPublicBuckets is not free: true → false"}},
	{"weaker encryption",
		sandboxtest.Edit{File: "storage.go", Old: `pulumi.String("AES256")`, New: `pulumi.String("AES256" /* again */)`},
		row{"media-storage", "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", "sseAlgorithm is not free: aws:kms → AES256"}},
	{"media that expires",
		sandboxtest.Edit{File: "storage.go", Old: "AbortIncompleteMultipartUpload: &s3", New: `Expiration: &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(365)},
			AbortIncompleteMultipartUpload: &s3`},
		row{"media-storage", "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "rules[0].expiration.days is not free: not set → 365"}},
	{"another port of the load balancer",
		sandboxtest.Edit{File: "network.go", Old: `fromAllowed(httpsPort, "HTTPS"),`, New: `fromAllowed(httpsPort, "HTTPS"), fromAllowed(22, "SSH"),`},
		row{"alb", "aws:ec2/securityGroup:SecurityGroup", "ingress is not free"}},
	{"another source of the tasks",
		sandboxtest.Edit{File: "network.go", Old: "fromLoadBalancer.SecurityGroups = ", New: `fromLoadBalancer.CidrBlocks = pulumi.StringArray{pulumi.String(anywhere)}
	fromLoadBalancer.SecurityGroups = `},
		row{"ecs-tasks", "aws:ec2/securityGroup:SecurityGroup", "ingress[0].cidrBlocks is not free: not set → [\"0.0.0.0/0\"]"}},
	{"malformed headers",
		sandboxtest.Edit{File: "network.go", Old: "DropInvalidHeaderFields: pulumi.Bool(true)", New: "DropInvalidHeaderFields: pulumi.Bool(false)"},
		row{"mediaserver", "aws:lb/loadBalancer:LoadBalancer", "dropInvalidHeaderFields is not free: true → false"}},
	{"a wider trust",
		sandboxtest.Edit{File: "iam.go", Old: `map[string]any{"Service": tasksPrincipal}`, New: `map[string]any{"Service": []string{tasksPrincipal, "ec2.amazonaws.com"}}`},
		row{"ecs-task-role", "aws:iam/role:Role", "assumeRolePolicy.Statement[0].Principal.Service is not free"}},
	{"a condition less",
		sandboxtest.Edit{File: "iam.go", Old: `Condition: map[string]map[string]any{"StringEquals": {"cloudwatch:namespace": settings.metricsNamespace()}},`, New: ""},
		row{"ecs-task-cloudwatch-policy", "aws:iam/rolePolicy:RolePolicy", "policy.Statement is not free"}},
	{"an action more",
		sandboxtest.Edit{File: "iam.go", Old: `Action:   []string{"s3:ListBucket"},`, New: `Action:   []string{"s3:ListBucket", "s3:PutBucketPolicy"},`},
		row{"ecs-task-s3-policy", "aws:iam/rolePolicy:RolePolicy", "policy.Statement[0].Action is not free"}},
	{"a wider inline policy",
		sandboxtest.Edit{File: "iam.go", Old: `Resource: arns("ssm"),`, New: `Resource: []any{"*"},`},
		row{"ecs-task-execution-role", "aws:iam/role:Role", "policy.Statement[0].Resource[0] is not free"}},
	{"a new policy of a role",
		sandboxtest.Edit{File: "iam.go", Old: "	return rolesOutputs{\n		executionRoleArn: executionRole.Arn,", New: `	if _, err := iam.NewRolePolicyAttachment(ctx, "administrator", &iam.RolePolicyAttachmentArgs{
		Role: taskRole.Name, PolicyArn: pulumi.String("arn:aws:iam::aws:policy/AdministratorAccess"),
	}); err != nil {
		return rolesOutputs{}, err
	}
	return rolesOutputs{
		executionRoleArn: executionRole.Arn,`},
		row{"administrator", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "is new, by the provider default_"}},
	{"a wider repository policy",
		sandboxtest.Edit{File: "registry.go", Old: `"ecr:BatchGetImage",`, New: `"ecr:BatchGetImage", "ecr:PutImage",`},
		row{"mediaserver", "aws:ecr/repositoryPolicy:RepositoryPolicy", "policy.Statement[0].Action is not free"}},
	{"no rollback",
		sandboxtest.Edit{File: "ecs.go", Old: "Rollback: pulumi.Bool(true)", New: "Rollback: pulumi.Bool(false)"},
		row{"mediaserver", "aws:ecs/service:Service", "deploymentCircuitBreaker.rollback is not free: true → false"}},
	{"no circuit breaker",
		sandboxtest.Edit{File: "ecs.go", Old: "Enable:   pulumi.Bool(true)", New: "Enable:   pulumi.Bool(false)"},
		row{"mediaserver", "aws:ecs/service:Service", "deploymentCircuitBreaker.enable is not free: true → false"}},
	{"another role of the tasks",
		sandboxtest.Edit{File: "ecs.go", Old: "roles.taskRoleArn", New: "roles.executionRoleArn"},
		row{"mediaserver", "aws:ecs/taskDefinition:TaskDefinition", "taskRoleArn is not free"}},
	{"an image from elsewhere",
		sandboxtest.Edit{File: "ecs.go", Old: `pulumi.Sprintf("%s:%s", registry.repositoryURL, settings.imageTag)`, New: `"docker.io/library/media:" + settings.imageTag`},
		row{"mediaserver", "aws:ecs/taskDefinition:TaskDefinition", "containerDefinitions[mediaserver].image is not free"}},
	{"the JWT secret in plain",
		sandboxtest.Edit{File: "ecs.go", Old: `		Environment:     variables,
		Secrets:         parameters.containerSecrets,`, New: `		Environment: append(variables, environmentVariable{Name: "JWT_SECRET", Value: "guessed"}),
		Secrets:     []containerSecret{},`},
		row{"mediaserver", "aws:ecs/taskDefinition:TaskDefinition", "environment[JWT_SECRET].value is not free: not set → not shown"}},
	{"files that the SDK sends elsewhere",
		sandboxtest.Edit{File: "ecs.go", Old: `{Name: regionVariable, Value: environment.region},`, New: `{Name: "AWS_ENDPOINT_URL_S3", Value: "https://elsewhere.example"}, {Name: regionVariable, Value: environment.region},`},
		row{"mediaserver", "aws:ecs/taskDefinition:TaskDefinition", "environment[AWS_ENDPOINT_URL_S3].value is not free: not set → not shown"}},
	{"a health check that always succeeds",
		sandboxtest.Edit{File: "ecs.go", Old: `"curl", "--fail", "--silent", "--globoff",`, New: `"true",`},
		row{"mediaserver", "aws:ecs/taskDefinition:TaskDefinition", "healthCheck.command is not free"}},
	{"another JWT secret",
		sandboxtest.Edit{File: "secrets.go", Old: "randomValues.jwtSecret, settings.protectData,", New: `pulumi.ToSecret(pulumi.String("another")).(pulumi.StringOutput), settings.protectData,`},
		row{"jwt-secret", "aws:ssm/parameter:Parameter", "value is not free: a secret → a secret"}},
	{"fewer images",
		sandboxtest.Edit{File: "registry.go", Old: "taggedImagesKept   = 10", New: "taggedImagesKept   = 1"},
		row{"mediaserver", "aws:ecr/lifecyclePolicy:LifecyclePolicy", "policy.rules[0].selection.countNumber is not free: 10 → 1"}},
	{"broken tasks that count as healthy",
		sandboxtest.Edit{File: "network.go", Old: `= "200"`, New: `= "200-499"`},
		row{"mediaserver", "aws:lb/targetGroup:TargetGroup", "healthCheck.matcher is not free: 200 → 200-499"}},
	{"a task definition from elsewhere",
		sandboxtest.Edit{File: "ecs.go", Old: "TaskDefinition: taskDefinition.arn", New: `TaskDefinition: pulumi.String("arn:aws:ecs:eu-west-2:123456789012:task-definition/elsewhere:1")`},
		row{"mediaserver", "aws:ecs/service:Service", "taskDefinition is not free"}},
	{"settings of the bucket by a second bucket of its name",
		sandboxtest.Edit{File: "storage.go", Old: "	versioning, err := ", New: `	second, err := s3.NewBucketV2(ctx, "second", &s3.BucketV2Args{Bucket: bucket.Bucket})
	if err != nil {
		return storageOutputs{}, err
	}
	if _, err := s3.NewBucketPublicAccessBlock(ctx, "second", &s3.BucketPublicAccessBlockArgs{Bucket: second.Bucket}); err != nil {
		return storageOutputs{}, err
	}
	versioning, err := `},
		row{"second", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "is new, by the provider default_"}},
	{"settings of a bucket that the plan does not tell",
		sandboxtest.Edit{File: "storage.go", Old: "	encryption, err := ", New: `	third, err := s3.NewBucketV2(ctx, "third", &s3.BucketV2Args{Bucket: pulumi.String("third")})
	if err != nil {
		return storageOutputs{}, err
	}
	if _, err := s3.NewBucketPublicAccessBlock(ctx, "third", &s3.BucketPublicAccessBlockArgs{Bucket: third.ID()}); err != nil {
		return storageOutputs{}, err
	}
	encryption, err := `},
		row{"third", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "is new, by the provider default_"}},
	{"an alarm that writes over another",
		sandboxtest.Edit{File: "scaling.go", Old: "	rows := []struct {", New: `	if _, err := cloudwatch.NewMetricAlarm(ctx, "decoy", &cloudwatch.MetricAlarmArgs{
		Name: pulumi.String(settings.physicalName("{name}-high-cpu")), ComparisonOperator: pulumi.String("GreaterThanThreshold"), EvaluationPeriods: pulumi.Int(1),
		Namespace: pulumi.String("none"), MetricName: pulumi.String("none"), Statistic: pulumi.String("Sum"), Period: pulumi.Int(60), Threshold: pulumi.Float64(1),
	}); err != nil {
		return err
	}
	rows := []struct {`},
		row{"decoy", "aws:cloudwatch/metricAlarm:MetricAlarm", "is new, by the provider default_"}},
	{"the JWT secret in another parameter, in plain",
		sandboxtest.Edit{File: "secrets.go", Old: "	jwtSecret, bucketName, appConfigParameter := ", New: `	if _, err := ssm.NewParameter(ctx, "copy", &ssm.ParameterArgs{Name: pulumi.String("/copy"), Type: pulumi.String("String"), Value: randomValues.jwtSecret}); err != nil {
		return parametersOutputs{}, err
	}
	jwtSecret, bucketName, appConfigParameter := `},
		row{"copy", "aws:ssm/parameter:Parameter", "is new, by the provider default_"}},
	{"the JWT secret in the state, in plain",
		sandboxtest.Edit{File: "secrets.go", Old: "	rows := ", New: `	if _, err := ssm.NewParameter(ctx, "tagged", &ssm.ParameterArgs{
		Name: pulumi.String("/tagged"), Type: pulumi.String("String"), Value: pulumi.String("nothing"), Tags: pulumi.StringMap{"Secret": pulumi.Unsecret(randomValues.jwtSecret).(pulumi.StringOutput)},
	}); err != nil {
		return parametersOutputs{}, err
	}
	rows := `},
		row{"tagged", "aws:ssm/parameter:Parameter", "is new, by the provider default_"}},
	{"alarms that do nothing",
		sandboxtest.Edit{File: "scaling.go", Old: "AlarmActions: pulumi.Array{policy.Arn},", New: "AlarmActions: pulumi.Array{policy.Arn}[:0],"},
		row{"high-cpu", "aws:cloudwatch/metricAlarm:MetricAlarm", "alarmActions is not free"}},
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
		"everyday": {
			keyOfKMS,
			{File: "iam.go", Old: "Starts the tasks of the media server", New: "Starts tasks"},
			{File: "monitoring.go", Old: "	widgetHeight     = 6", New: "	widgetHeight     = 9"},
			{File: "network.go", Old: "DropInvalidHeaderFields: pulumi.Bool(true),", New: "DropInvalidHeaderFields: pulumi.Bool(true), IdleTimeout: pulumi.Int(120),"},
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
	first := s.plan("stronger")
	t.Run("the first plan passes", func(t *testing.T) {
		// The stack itself is a step too.
		judge(t, first, "--stack", "mediaserver/"+s.Name).expect(t, 0, fmt.Sprintf("Passed: creates the whole stack mediaserver/%s (%d create).", s.Name, len(inventory.Default())+1))
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

	s.UpOn(stronger)
	t.Run("no change passes", func(t *testing.T) {
		judge(t, s.plan("stronger")).expect(t, 0, "Passed: nothing changes but free properties (no changes).")
	})
	t.Run("everyday changes pass", func(t *testing.T) {
		everyday := s.plan("everyday", "imageTag=v2", "logRetentionDays=60", "cpu=512", "memory=1024", "healthCheckPath=/healthz")
		judge(t, everyday).expect(t, 0, "Passed: nothing changes but free properties (1 replace, 7 update).")
	})
	t.Run("every protection that a program takes away is refused", func(t *testing.T) {
		plan := s.plan("weaker", "logRetentionDays=7", "forceDestroy=true", "protectData=false", "executeCommand=true")
		result := judge(t, plan)
		result.expect(t, 1, "refused")
		for _, each := range weakenings {
			if !each.row.in(result) {
				t.Errorf("%s: no row %q", each.what, each.row)
			}
		}
		for _, want := range []row{
			{"ecs-logs", "aws:cloudwatch/logGroup:LogGroup", "retentionInDays is not free: 30 → 7"},
			{"media-storage", "aws:s3/bucketV2:BucketV2", "forceDestroy is not free: false → true"},
			{"media-storage", "aws:s3/bucketV2:BucketV2", "(state).protect is not free: true → not set"},
			{"mediaserver", "aws:ecr/repository:Repository", "forceDelete is not free: false → true"},
			{"jwt-secret", "random:index/randomPassword:RandomPassword", "(state).protect is not free: true → not set"},
			{"mediaserver", "aws:ecs/service:Service", "enableExecuteCommand is not free: false → true"},
		} {
			if !want.in(result) {
				t.Errorf("no row %q", want)
			}
		}
		if t.Failed() {
			t.Log(result.stdout)
		}
		// What is new of it takes one allowance.
		if additions := slices.DeleteFunc(result.allowances(), func(each string) bool { return !strings.HasPrefix(each, "additions@") }); len(additions) != 1 {
			t.Errorf("offers %q", additions)
		}
		judge(t, plan, result.allowing()...).expect(t, 0, "(allowed)")
		judge(t, plan, result.allowing()[2:]...).expect(t, 1, "refused")
		secretIsNotShown(t, s, plan, result)
	})
	t.Run("a policy that is not known yet is refused", func(t *testing.T) {
		result := judge(t, s.plan("policy not known yet"))
		if want := (row{"ecs-task-s3-policy", "aws:iam/rolePolicy:RolePolicy", "→ not known yet"}); !want.in(result) {
			t.Errorf("no row %q in\n%s", want, result.stdout)
		}
	})

	// Pulumi itself refuses to plan what would delete a protected resource, so the rest is about unprotected ones.
	t.Run("what Pulumi protects fails in the preview", func(t *testing.T) {
		judge(t, s.plan("stronger", "name=renamed")).expect(t, 5, "marked for protection")
	})
	s.unprotected = true
	s.MustOn(stronger, "up", "--yes", "--skip-preview", "-c", "mediaserver:name=mediaserver", "-c", "mediaserver:protectData=false")
	judgeMoves(t, s)
	judgeWhatIsNoPlan(t, s, stronger)
}

func judgeMoves(t *testing.T, s *stack) {
	const bucket = "aws:s3/bucketV2:BucketV2"
	t.Run("resources that move without an alias are refused, as are all that go", func(t *testing.T) {
		for _, program := range []string{"moved", "without storage"} {
			result := judge(t, s.plan(program))
			result.expect(t, 1, "refused")
			if want := (row{"media-storage", bucket, "delete"}); !want.in(result) {
				t.Errorf("%s: no row %q in\n%s", program, want, result.stdout)
			}
		}
	})
	t.Run("resources that move with an alias ask for the component alone", func(t *testing.T) {
		result := judge(t, s.plan("moved with an alias"))
		if result.expect(t, 1, "is new"); len(result.allowances()) != 1 || !strings.HasPrefix(result.allowances()[0], "additions@") {
			t.Errorf("offers %q", result.allowances())
		}
	})
	t.Run("a bucket that another region is asked for is refused", func(t *testing.T) {
		result := judge(t, s.plan("elsewhere"))
		result.expect(t, 1)
		if !(row{"media-storage", bucket, "(state).provider is not free: default_"}).in(result) || !(row{"elsewhere", "pulumi:providers:aws", "region: us-east-1"}).in(result) {
			t.Errorf("no such rows in\n%s", result.stdout)
		}
	})
	t.Run("a changed name is refused", func(t *testing.T) {
		result := judge(t, s.plan("stronger", "name=renamed"))
		result.expect(t, 1, "refused")
		for _, want := range []row{
			{"media-storage", bucket, "is replaced; only a task definition may be"},
			{"mediaserver", "aws:ecr/repository:Repository", "is replaced; only a task definition may be"},
			{"mediaserver", "aws:ecs/taskDefinition:TaskDefinition", "family is not free: mediaserver → renamed"},
		} {
			if !want.in(result) {
				t.Errorf("no row %q in\n%s", want, result.stdout)
			}
		}
	})
}

func judgeWhatIsNoPlan(t *testing.T, s *stack, stronger *sandbox.Stack) {
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
	t.Run("a preview without what stays the same fails", func(t *testing.T) {
		judge(t, s.RunOn(stronger, "preview", "--json").Stdout).expect(t, 4, "--show-sames")
	})
}

// secretIsNotShown asserts that the gate shows no JWT secret of a plan. The plan itself has it only where the program makes
// it plain.
func secretIsNotShown(t *testing.T, s *stack, plan string, result verdict) {
	t.Helper()
	value := jwtSecret(t, s.Deployment)
	if sandboxtest.Reveals(result.stdout+result.stderr+result.markdown, value) {
		t.Error("the gate shows the JWT secret")
	}
	if !sandboxtest.Reveals(plan, value) || !strings.Contains(plan, `"result": "[secret]"`) {
		t.Error("the program has not made it plain")
	}
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
