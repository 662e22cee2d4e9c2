// Package gate tests scripts/plan-gate from outside: with plans in the form that the
// Pulumi CLI prints, and with plans that the CLI makes of the real program.
package gate

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/pkg/v3/display"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"mediaserver/tests/internal/jq"
)

// verdict is what one run of the gate said.
type verdict struct {
	code     int
	stdout   string
	stderr   string
	markdown string
}

// judge runs the gate on a plan that it reads from standard input.
func judge(t *testing.T, plan string, arguments ...string) verdict {
	t.Helper()
	return judgeWith(t, jq.Portable(t), plan, nil, arguments...)
}

func judgeWith(t *testing.T, jqPath, plan string, environment []string, arguments ...string) verdict {
	t.Helper()
	directory := t.TempDir()
	if err := os.Symlink(jqPath, filepath.Join(directory, "jq")); err != nil {
		t.Fatal(err)
	}
	markdown := filepath.Join(directory, "plan.md")
	command := exec.CommandContext(t.Context(), filepath.Join("..", "..", "scripts", "plan-gate"), append(arguments, "--markdown", markdown)...)
	command.Env = append([]string{"PATH=" + directory + string(os.PathListSeparator) + os.Getenv("PATH")}, environment...)
	command.Stdin = strings.NewReader(plan)
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	written, err := os.ReadFile(markdown)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return verdict{command.ProcessState.ExitCode(), stdout.String(), stderr.String(), string(written)}
}

// expect checks the exit code and that standard output and standard error together hold every phrase.
func (v verdict) expect(t *testing.T, code int, phrases ...string) {
	t.Helper()
	if v.code != code {
		t.Errorf("exit code %d, want %d", v.code, code)
	}
	for _, phrase := range phrases {
		if !strings.Contains(v.stdout+v.stderr, phrase) {
			t.Errorf("output lacks %q", phrase)
		}
	}
	if t.Failed() {
		t.Logf("stdout:\n%s\nstderr:\n%s\nmarkdown:\n%s", v.stdout, v.stderr, v.markdown)
	}
}

// row returns the line of the table that begins with the name and the type.
func (v verdict) row(name, resourceType string) string {
	for line := range strings.Lines(v.stdout) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name && fields[1] == resourceType {
			return line
		}
	}
	return ""
}

// change is a step of a plan: what happens to the resource, and because of which property paths.
func change(op, resourceType, name string, because ...string) *display.PreviewStep {
	step := &display.PreviewStep{
		Op:  display.StepOp(op),
		URN: resource.URN("urn:pulumi:dev::mediaserver::" + resourceType + "::" + name),
	}
	for _, path := range because {
		if step.DetailedDiff == nil {
			step.DetailedDiff = map[string]display.PropertyDiff{}
		}
		kind := "update"
		if strings.Contains(op, "replace") {
			kind = "update-replace"
		}
		step.DetailedDiff[path] = display.PropertyDiff{Kind: kind}
	}
	return step
}

// holding returns the step with old inputs of the resource.
func holding(step *display.PreviewStep, inputs map[string]any) *display.PreviewStep {
	step.OldState = &apitype.ResourceV3{URN: step.URN, Inputs: inputs}
	return step
}

// plan is what `pulumi preview --json` prints for these steps.
func plan(t *testing.T, steps ...*display.PreviewStep) string {
	t.Helper()
	summary := display.ResourceChanges{"same": 30}
	for _, step := range steps {
		summary[step.Op]++
	}
	return digest(t, display.PreviewDigest{
		Config:        map[string]string{"aws:region": "eu-west-2"},
		Steps:         append([]*display.PreviewStep{change("same", "pulumi:pulumi:Stack", "mediaserver-dev")}, steps...),
		ChangeSummary: summary,
	})
}

func digest(t *testing.T, preview display.PreviewDigest) string {
	t.Helper()
	encoded, err := json.MarshalIndent(preview, "", "    ")
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// guarded are the types whose deletion and replacement must be refused; the names matter for none but the parameter.
var guarded = []struct{ resourceType, name string }{
	{"aws:s3/bucketV2:BucketV2", "media-storage"},
	{"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "media-storage"},
	{"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", "media-storage"},
	{"aws:s3/bucketVersioningV2:BucketVersioningV2", "media-storage"},
	{"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "media-storage"},
	{"aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2", "media-storage"},
	{"random:index/randomString:RandomString", "bucket-suffix"},
	{"random:index/randomPassword:RandomPassword", "jwt-secret"},
	{"aws:ssm/parameter:Parameter", "jwt-secret"},
	{"aws:ecr/repository:Repository", "mediaserver"},
	{"aws:lb/loadBalancer:LoadBalancer", "mediaserver"},
	{"aws:lb/targetGroup:TargetGroup", "mediaserver"},
	{"aws:lb/listener:Listener", "mediaserver"},
	{"aws:ec2/securityGroup:SecurityGroup", "alb"},
	{"aws:iam/role:Role", "ecs-task-role"},
	{"aws:iam/rolePolicy:RolePolicy", "ecs-task-s3-policy"},
	{"aws:iam/rolePolicyAttachment:RolePolicyAttachment", "ecs-task-execution-role-policy"},
	{"aws:ecs/cluster:Cluster", "main"},
	{"aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", "main"},
	{"aws:ecs/service:Service", "mediaserver"},
	{"aws:cloudwatch/logGroup:LogGroup", "ecs-logs"},
}

func TestDeletingOrReplacingWhatHoldsDataOrServesIsRefused(t *testing.T) {
	for _, each := range guarded {
		t.Run(each.resourceType, func(t *testing.T) {
			deleted := judge(t, plan(t, change("delete", each.resourceType, each.name)))
			deleted.expect(t, 1, "refused")
			if row := deleted.row(each.name, each.resourceType); !strings.Contains(row, "is deleted") || !strings.Contains(row, "not in the program any more") {
				t.Errorf("row %q", row)
			}
			replaced := judge(t, plan(t, change("replace", each.resourceType, each.name, "name", "tags.Owner")))
			replaced.expect(t, 1, "refused")
			if row := replaced.row(each.name, each.resourceType); !strings.Contains(row, "is replaced") || !strings.Contains(row, "name, tags.Owner") {
				t.Errorf("row %q", row)
			}
			for _, column := range []string{"| " + each.name + " |", each.resourceType, "is replaced", "name, tags.Owner", "**Refused:**"} {
				if !strings.Contains(replaced.markdown, column) {
					t.Errorf("the Markdown lacks %q", column)
				}
			}
			for _, op := range []string{"create", "update", "same", "read", "refresh", "discard", "import"} {
				judge(t, plan(t, change(op, each.resourceType, each.name))).expect(t, 0, "No dangerous change.")
			}
		})
	}
}

func TestEveryStepOfAReplacementIsRecognized(t *testing.T) {
	for _, op := range []string{"replace", "create-replacement", "delete-replaced", "import-replacement", "discard-replaced", "read-replacement", "remove-pending-replace"} {
		t.Run(op, func(t *testing.T) {
			judge(t, plan(t, change(op, "aws:ecs/service:Service", "mediaserver", "launchType"))).expect(t, 1, "is replaced")
		})
	}
	t.Run("also beside what an earlier run has left to delete", func(t *testing.T) {
		judge(t, plan(t,
			change("delete", "aws:ecs/service:Service", "mediaserver"),
			change("replace", "aws:ecs/service:Service", "mediaserver", "launchType"))).expect(t, 1, "is replaced")
	})
	t.Run("together they are one row", func(t *testing.T) {
		result := judge(t, plan(t,
			change("create-replacement", "aws:ecs/service:Service", "mediaserver", "launchType"),
			change("replace", "aws:ecs/service:Service", "mediaserver", "launchType"),
			change("delete-replaced", "aws:ecs/service:Service", "mediaserver", "launchType")))
		result.expect(t, 1)
		if rows := strings.Count(result.stdout, "aws:ecs/service:Service"); rows != 1 {
			t.Errorf("%d rows", rows)
		}
	})
}

func TestOnlyThePropertiesThatCauseAReplacementAreNamed(t *testing.T) {
	step := change("replace", "aws:lb/targetGroup:TargetGroup", "mediaserver", "port")
	step.DetailedDiff["deregistrationDelay"] = display.PropertyDiff{Kind: "update"}
	row := judge(t, plan(t, step)).row("mediaserver", "aws:lb/targetGroup:TargetGroup")
	if !strings.Contains(row, "port") || strings.Contains(row, "deregistrationDelay") {
		t.Errorf("row %q", row)
	}

	step = change("replace", "aws:lb/targetGroup:TargetGroup", "mediaserver")
	step.ReplaceReasons = []resource.PropertyKey{"vpcId"}
	row = judge(t, plan(t, step)).row("mediaserver", "aws:lb/targetGroup:TargetGroup")
	if !strings.Contains(row, "vpcId") {
		t.Errorf("row %q", row)
	}
}

func TestWhatLosesNothingMayBeReplaced(t *testing.T) {
	for _, each := range []*display.PreviewStep{
		change("replace", "aws:ecs/taskDefinition:TaskDefinition", "mediaserver", "containerDefinitions"),
		change("replace", "aws:appautoscaling/target:Target", "ecs-target", "resourceId"),
		change("delete", "aws:appautoscaling/policy:Policy", "scale-up"),
		change("delete", "aws:cloudwatch/metricAlarm:MetricAlarm", "high-cpu"),
		change("delete", "aws:cloudwatch/dashboard:Dashboard", "mediaserver"),
		change("delete", "aws:ecr/lifecyclePolicy:LifecyclePolicy", "mediaserver"),
		change("delete", "aws:ecr/repositoryPolicy:RepositoryPolicy", "mediaserver"),
		holding(change("replace", "aws:ssm/parameter:Parameter", "app-config", "name"), map[string]any{"type": "String"}),
	} {
		t.Run(string(each.URN.Type()), func(t *testing.T) {
			judge(t, plan(t, each)).expect(t, 0, "No dangerous change.")
		})
	}
}

func TestASecretParameterIsGuardedUnderAnyName(t *testing.T) {
	judge(t, plan(t, holding(change("delete", "aws:ssm/parameter:Parameter", "signing-key"), map[string]any{"type": "SecureString"}))).
		expect(t, 1, "signing-key")
}

func TestATypeThatTheGateDoesNotKnowIsRefused(t *testing.T) {
	judge(t, plan(t, change("delete", "aws:rds/instance:Instance", "database"))).
		expect(t, 1, "database", "the gate does not know this type")
	judge(t, plan(t, change("create", "aws:rds/instance:Instance", "database"))).expect(t, 0)
}

func TestAnAllowedResourcePasses(t *testing.T) {
	bucket := change("replace", "aws:s3/bucketV2:BucketV2", "media-storage", "bucket")
	versioning := change("replace", "aws:s3/bucketVersioningV2:BucketVersioningV2", "media-storage", "bucket")
	service := change("delete", "aws:ecs/service:Service", "mediaserver")

	result := judge(t, plan(t, bucket, versioning), "--allow", "media-storage")
	result.expect(t, 0, "is replaced (allowed)")
	if !strings.Contains(result.markdown, "Dangerous, and allowed for this run") || !strings.Contains(result.markdown, "is replaced, allowed") {
		t.Errorf("Markdown:\n%s", result.markdown)
	}
	judge(t, plan(t, bucket, versioning), "--allow=aws:s3/bucketV2:BucketV2::media-storage").expect(t, 1, "refused")
	judge(t, plan(t, bucket, versioning), "--allow=aws:s3/bucketV2:BucketV2::media-storage", "--allow", "aws:s3/bucketVersioningV2:BucketVersioningV2::media-storage").expect(t, 0)
	judge(t, plan(t, bucket, service), "--allow", "media-storage").expect(t, 1, "is deleted")

	environment := []string{"PLAN_GATE_ALLOW=media-storage,\n  mediaserver"}
	judgeWith(t, jq.Portable(t), plan(t, bucket, service), environment).expect(t, 0, "is deleted (allowed)")
}

func TestAnAllowanceThatMatchesNothingIsReported(t *testing.T) {
	result := judge(t, plan(t, change("update", "aws:ecs/service:Service", "mediaserver")), "--allow", "media-storage", "--allow", "mediaserver")
	result.expect(t, 0, "allowed, but not dangerous in this plan: media-storage", "allowed, but not dangerous in this plan: mediaserver")
	if !strings.Contains(result.markdown, "Allowed, but not in the plan: media-storage, mediaserver") {
		t.Errorf("Markdown:\n%s", result.markdown)
	}
	used := judge(t, plan(t, change("delete", "aws:ecs/service:Service", "mediaserver")), "--allow", "mediaserver")
	if strings.Contains(used.stderr, "not dangerous") {
		t.Errorf("reports an allowance that was used: %s", used.stderr)
	}
	// A part of a name, or a pattern, is no name.
	judge(t, plan(t, change("delete", "aws:ecs/service:Service", "mediaserver")), "--allow", "media", "--allow", ".*").expect(t, 1)
}

func TestWhatIsNoPlanFails(t *testing.T) {
	good := plan(t, change("update", "aws:ecs/service:Service", "mediaserver"))
	uncounted := digest(t, display.PreviewDigest{
		Steps:         []*display.PreviewStep{change("same", "pulumi:pulumi:Stack", "mediaserver-dev")},
		ChangeSummary: display.ResourceChanges{"delete": 1},
	})
	for name, each := range map[string]struct{ plan, phrase string }{
		"nothing":                {"", "it is empty"},
		"white space":            {" \n", "it is empty"},
		"text":                   {"Previewing update (dev)\n", "it is no JSON, or is cut short"},
		"a plan cut short":       {good[:len(good)/2], "it is no JSON, or is cut short"},
		"an array":               {"[]", "it is no JSON object"},
		"a number":               {"1", "it is no JSON object"},
		"an empty object":        {"{}", "it has no steps or no summary"},
		"no steps":               {`{"steps": [], "changeSummary": {}}`, "it has no steps or no summary"},
		"steps that are no list": {`{"steps": {"op": "delete"}, "changeSummary": {}}`, "it has no steps or no summary"},
		"no summary":             {`{"steps": [{"op": "same", "urn": "urn:pulumi:dev::m::t::n"}]}`, "it has no steps or no summary"},
		"a step without a URN":   {`{"steps": [{"op": "delete"}], "changeSummary": {"delete": 1}}`, "names no operation or no resource"},
		"a step without an op":   {`{"steps": [{"urn": "urn:pulumi:dev::m::t::n"}], "changeSummary": {}}`, "names no operation or no resource"},
		"steps that are missing": {uncounted, `its summary counts more of "delete" than its steps show`},
		"a stack export":         {`{"version": 3, "deployment": {"resources": []}}`, "it has no steps or no summary"},
		"streamed events":        {`{"sequence":1,"timestamp":1,"preludeEvent":{}}` + "\n" + `{"sequence":2,"timestamp":1,"cancelEvent":{}}`, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW"},
		"one streamed event":     {`{"sequence":1,"timestamp":1,"preludeEvent":{}}`, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW"},
		"two plans":              {good + good, "stream"},
	} {
		t.Run(name, func(t *testing.T) {
			result := judge(t, each.plan)
			result.expect(t, 4, "cannot read the plan: ", each.phrase)
			if !strings.Contains(result.markdown, "cannot be read") {
				t.Errorf("Markdown %q", result.markdown)
			}
		})
	}
	t.Run("a file that is not there", func(t *testing.T) {
		judge(t, good, "/nowhere/plan.json").expect(t, 4, "cannot read the plan '/nowhere/plan.json'")
	})
}

func TestAPreviewThatFailedFails(t *testing.T) {
	preview := display.PreviewDigest{
		Steps:         []*display.PreviewStep{change("same", "pulumi:pulumi:Stack", "mediaserver-dev")},
		Diagnostics:   []display.PreviewDiagnostic{{Message: "error: no default VPC", Severity: diag.Error}},
		ChangeSummary: display.ResourceChanges{"same": 1},
	}
	judge(t, digest(t, preview), "--allow", "x").expect(t, 5, "error: no default VPC", "the preview reports errors")
	preview.Steps, preview.ChangeSummary = nil, nil
	judge(t, digest(t, preview)).expect(t, 5, "error: no default VPC")

	preview = display.PreviewDigest{
		Steps:         []*display.PreviewStep{change("same", "pulumi:pulumi:Stack", "mediaserver-dev")},
		ChangeSummary: display.ResourceChanges{"same": 1}, MaybeCorrupt: true,
	}
	judge(t, digest(t, preview)).expect(t, 5, "may be corrupt")

	preview.MaybeCorrupt = false
	preview.Diagnostics = []display.PreviewDiagnostic{{Message: "deprecated", Severity: diag.Warning}}
	judge(t, digest(t, preview)).expect(t, 0)
}

func TestAPlanIsReadFromAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(file, []byte(plan(t, change("delete", "aws:ecs/service:Service", "mediaserver"))), 0o600); err != nil {
		t.Fatal(err)
	}
	judge(t, "", file).expect(t, 1, "mediaserver")
	judge(t, "", file, "--allow", "mediaserver").expect(t, 0)
}

func TestNoPropertyValueIsPrinted(t *testing.T) {
	const secret = "a-value-that-nobody-may-see"
	step := holding(change("replace", "random:index/randomPassword:RandomPassword", "jwt-secret", "length"), map[string]any{"result": secret})
	step.NewState = &apitype.ResourceV3{URN: step.URN, Inputs: map[string]any{"result": secret}, Outputs: map[string]any{"result": secret}}
	result := judge(t, plan(t, step))
	result.expect(t, 1)
	if strings.Contains(result.stdout+result.stderr+result.markdown, secret) {
		t.Error("it is")
	}
}

func TestMarkdownListsEveryChangeAndCannotBeBrokenOutOf(t *testing.T) {
	result := judge(t, plan(t,
		change("create", "aws:cloudwatch/metricAlarm:MetricAlarm", "errors"),
		change("update", "aws:ecs/service:Service", "mediaserver", "taskDefinition"),
		change("update", "aws:ssm/parameter:Parameter", "a|b\n<script>`@everyone")))
	result.expect(t, 0)
	for _, phrase := range []string{
		"### Plan: 1 create, 2 update",
		"Nothing dangerous in it.",
		"| create | errors | aws:cloudwatch/metricAlarm:MetricAlarm |",
		"| update | mediaserver | aws:ecs/service:Service | taskDefinition |",
		`| update | a\|b &lt;script>&#96;&#64;everyone |`,
	} {
		if !strings.Contains(result.markdown, phrase) {
			t.Errorf("the Markdown lacks %q:\n%s", phrase, result.markdown)
		}
	}
	looks := plan(t, change("read", "aws:ecs/service:Service", "mediaserver"), change("refresh", "aws:ecs/service:Service", "mediaserver"),
		change("discard", "aws:ecs/service:Service", "mediaserver"))
	for _, unchanged := range []string{plan(t), looks} {
		if result := judge(t, unchanged); !strings.Contains(result.markdown, "### Plan: no changes") {
			t.Errorf("Markdown of an unchanged stack:\n%s", result.markdown)
		}
	}
}

func TestWrongUsageIsRefused(t *testing.T) {
	for _, each := range []struct {
		arguments []string
		phrase    string
	}{
		{[]string{"--allow"}, "--allow needs a value"},
		{[]string{"--allow="}, "--allow needs the name"},
		{[]string{"--markdown="}, "--markdown needs the name"},
		{[]string{"--force"}, "unknown option '--force'"},
		{[]string{"one.json", "two.json"}, "name one plan only"},
	} {
		t.Run(strings.Join(each.arguments, " "), func(t *testing.T) {
			command := exec.CommandContext(t.Context(), filepath.Join("..", "..", "scripts", "plan-gate"), each.arguments...)
			output, _ := command.CombinedOutput()
			if code := command.ProcessState.ExitCode(); code != 2 {
				t.Errorf("exit code %d", code)
			}
			if !strings.Contains(string(output), each.phrase) {
				t.Errorf("output %q", output)
			}
		})
	}
}

func TestWithoutJQTheGateSaysSo(t *testing.T) {
	directory := t.TempDir()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"bash": bash} {
		if err := os.Symlink(path, filepath.Join(directory, name)); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), bash, filepath.Join("..", "..", "scripts", "plan-gate"))
	command.Env = []string{"PATH=" + directory}
	output, _ := command.CombinedOutput()
	if code := command.ProcessState.ExitCode(); code != 3 || !strings.Contains(string(output), "needs jq") {
		t.Errorf("exit code %d: %s", code, output)
	}
}

func TestTheMachinesOwnJQIsGoodEnough(t *testing.T) {
	own := jq.Installed(t)
	judgeWith(t, own, plan(t, change("replace", "aws:s3/bucketV2:BucketV2", "media-storage", "bucket")), nil).expect(t, 1, "is replaced")
	judgeWith(t, own, plan(t, change("update", "aws:ecs/service:Service", "mediaserver")), nil, "--allow", "x").expect(t, 0, "No dangerous change.", "not dangerous in this plan: x")
	judgeWith(t, own, "", nil).expect(t, 4, "it is empty")
	judgeWith(t, own, "{", nil).expect(t, 4, "cut short")
}
