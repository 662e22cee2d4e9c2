// Package plangate tests scripts/plan-gate and the workflows that use it from outside: with plans in the form that
// the Pulumi CLI prints, and with plans that the CLI makes of the real program.
package plangate

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/pkg/v3/display"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"mediaserver/tests/internal/inventory"
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
	return judgeWith(t, plan, nil, arguments...)
}

func judgeWith(t *testing.T, plan string, environment []string, arguments ...string) verdict {
	t.Helper()
	markdown := filepath.Join(t.TempDir(), "plan.md")
	command := exec.CommandContext(t.Context(), gate(t), append(arguments, "--markdown", markdown)...)
	command.Env = append(os.Environ(), environment...)
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

// gate is the script under test.
func gate(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(repository, "scripts", "plan-gate"))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// allowances are what the gate offers to let pass, in the order of the table.
func (v verdict) allowances() []string {
	var offered []string
	for line := range strings.Lines(v.stderr) {
		if allowance, isOffer := strings.CutPrefix(line, "  --allow "); isOffer {
			offered = append(offered, strings.TrimSpace(allowance))
		}
	}
	return offered
}

// allowing are the options that let all that was refused pass.
func (v verdict) allowing() []string {
	var options []string
	for _, allowance := range v.allowances() {
		options = append(options, "--allow", allowance)
	}
	return options
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

// shown returns the step with the resource as it is and as it will be.
func shown(step *display.PreviewStep, before, after map[string]any) *display.PreviewStep {
	if before != nil {
		step.OldState = &apitype.ResourceV3{URN: step.URN, Custom: true, Inputs: before}
	}
	if after != nil {
		step.NewState = &apitype.ResourceV3{URN: step.URN, Custom: true, Inputs: after}
	}
	return step
}

// unchanged returns the step with the same properties on both sides.
func unchanged(step *display.PreviewStep) *display.PreviewStep {
	return shown(step, map[string]any{}, map[string]any{})
}

// plan is what `pulumi preview --json --show-sames` prints for these steps.
func plan(t *testing.T, steps ...*display.PreviewStep) string {
	t.Helper()
	summary := display.ResourceChanges{"same": 1}
	for _, step := range steps {
		summary[step.Op]++
	}
	return digest(t, display.PreviewDigest{
		Config:        map[string]string{"aws:region": "eu-west-2", "mediaserver:alarmEmails": `["oncall@example.com"]`, "mediaserver:certificateArn": "given"},
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

// harmless is what the gate prints when it refuses nothing.
const harmless = "no guarded resource is deleted or replaced, and no protection that the gate knows gets weaker."

// guarded are the resources whose deletion and replacement must be refused.
func guarded(t *testing.T) []inventory.Resource {
	t.Helper()
	var found []inventory.Resource
	for _, each := range inventory.All() {
		// The parameters that are not secret are made from the stack, and these alarms only scale.
		losesNothing := slices.Contains([]string{"s3-bucket-name", "app-config", "high-cpu", "low-cpu"}, each.Name)
		if kind, _ := inventory.Find(each.Type); kind.Guarded != "" && !losesNothing {
			found = append(found, each)
		}
	}
	if len(found) < 21 {
		t.Fatalf("only %d resources are guarded", len(found))
	}
	return found
}

func TestDeletingOrReplacingWhatHoldsDataOrServesIsRefused(t *testing.T) {
	for _, each := range guarded(t) {
		t.Run(each.Key(), func(t *testing.T) {
			deleted := judge(t, plan(t, change("delete", each.Type, each.Name)))
			deleted.expect(t, 1, "refused")
			if row := deleted.row(each.Name, each.Type); !strings.Contains(row, "is deleted") || !strings.Contains(row, "not in the program any more") {
				t.Errorf("row %q", row)
			}
			replaced := judge(t, plan(t, change("replace", each.Type, each.Name, "name", "tags.Owner")))
			replaced.expect(t, 1, "refused")
			if row := replaced.row(each.Name, each.Type); !strings.Contains(row, "is replaced") || !strings.Contains(row, "name, tags.Owner") {
				t.Errorf("row %q", row)
			}
			// An @ would mention somebody.
			name := strings.ReplaceAll(each.Name, "@", "&#64;")
			for _, column := range []string{"| " + name + " |", each.Type, "is replaced", "name, tags.Owner", "**Refused:**"} {
				if !strings.Contains(replaced.markdown, column) {
					t.Errorf("the Markdown lacks %q", column)
				}
			}
			for _, op := range []string{"update", "same", "read", "refresh", "discard", "import"} {
				judge(t, plan(t, unchanged(change(op, each.Type, each.Name)))).expect(t, 0, harmless)
			}
			created := shown(change("create", each.Type, each.Name), nil, asTheProgramMakesIt(each))
			judge(t, plan(t, created)).expect(t, 0, harmless)
		})
	}
}

// asTheProgramMakesIt are the inputs of a resource by which a new one is judged.
func asTheProgramMakesIt(resource inventory.Resource) map[string]any {
	switch resource.Type {
	case "aws:lb/listener:Listener":
		return map[string]any{"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", "certificateArn": "given"}
	case "aws:route53/record:Record":
		return map[string]any{"name": "_0.media.example.com.", "records": []any{"_1.acm-validations.aws."}}
	case "aws:sns/topicSubscription:TopicSubscription":
		return map[string]any{"protocol": "email", "endpoint": resource.Name}
	}
	return map[string]any{}
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
			change("replace", "aws:ecs/service:Service", "mediaserver", "launchType"))).expect(t, 1, "is replaced", "is deleted")
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
		change("delete", "pulumi:providers:aws", "default"),
		shown(change("replace", "aws:ssm/parameter:Parameter", "app-config", "name"), map[string]any{"type": "String"}, nil),
		component(change("delete", "mediaserver:index:Storage", "storage")),
		component(change("create", "mediaserver:index:Storage", "storage")),
	} {
		t.Run(string(each.URN.Type()), func(t *testing.T) {
			judge(t, plan(t, each)).expect(t, 0, harmless)
		})
	}
}

// component returns the step with a resource that is only a name for others.
func component(step *display.PreviewStep) *display.PreviewStep {
	state := &apitype.ResourceV3{URN: step.URN}
	if step.Op == "create" {
		step.NewState = state
	} else {
		step.OldState = state
	}
	return step
}

func TestASecretParameterIsGuardedUnderAnyName(t *testing.T) {
	for what, step := range map[string]*display.PreviewStep{
		"encrypted":                shown(change("delete", "aws:ssm/parameter:Parameter", "signing-key"), map[string]any{"type": "SecureString"}, nil),
		"of a type that is hidden": shown(change("delete", "aws:ssm/parameter:Parameter", "signing-key"), map[string]any{"type": "[secret]"}, nil),
		"not shown":                change("delete", "aws:ssm/parameter:Parameter", "signing-key"),
	} {
		t.Run(what, func(t *testing.T) {
			judge(t, plan(t, step)).expect(t, 1, "signing-key", "tasks read the JWT secret from it")
		})
	}
	judge(t, plan(t, shown(change("delete", "aws:ssm/parameter:Parameter", "jwt-secret"), map[string]any{"type": "String"}, nil))).
		expect(t, 1, "tasks read the JWT secret from it")
}

func TestATypeThatTheGateDoesNotKnowIsRefusedWhateverHappensToIt(t *testing.T) {
	for op, words := range map[string]string{
		"create": "is new", "import": "is imported", "update": "is changed", "replace": "is replaced", "delete": "is deleted",
	} {
		t.Run(op, func(t *testing.T) {
			judge(t, plan(t, change(op, "aws:rds/instance:Instance", "database"))).
				expect(t, 1, "database", words, "the gate does not know this type")
		})
	}
	judge(t, plan(t, unchanged(change("same", "aws:rds/instance:Instance", "database")))).expect(t, 0)
}

func TestAnOperationThatTheGateDoesNotKnowIsRefused(t *testing.T) {
	step := unchanged(change("transmogrify", "aws:cloudwatch/dashboard:Dashboard", "mediaserver"))
	result := judge(t, plan(t, step))
	result.expect(t, 1, "is not known", "transmogrify", "the gate does not know this operation")
	if !strings.Contains(result.markdown, "### Plan: 1 transmogrify") {
		t.Errorf("Markdown:\n%s", result.markdown)
	}
}

func TestResourcesOfOneTypeAndNameAreToldApart(t *testing.T) {
	for _, resourceType := range []string{"aws:s3/bucketV2:BucketV2", "aws:ecs/service:Service", "aws:ssm/parameter:Parameter"} {
		t.Run(resourceType, func(t *testing.T) {
			// As if the resource had moved under a component without an alias.
			moved := change("create", resourceType, "it")
			moved.URN = resource.URN("urn:pulumi:dev::mediaserver::mediaserver:index:Parts$" + resourceType + "::it")
			gone := change("delete", resourceType, "it")
			for _, steps := range [][]*display.PreviewStep{{moved, gone}, {gone, moved}} {
				result := judge(t, plan(t, steps...))
				result.expect(t, 1, "refused")
				if row := result.row("it", resourceType); !strings.Contains(row, "is deleted") {
					t.Errorf("row %q", row)
				}
				if !strings.Contains(result.markdown, "| create | it | mediaserver:index:Parts$"+resourceType+" |") ||
					!strings.Contains(result.markdown, "| delete | it | "+resourceType+" |") {
					t.Errorf("Markdown:\n%s", result.markdown)
				}
			}
		})
	}
}

func TestAnAllowanceLetsOneChangeOfOneResourceAtOneCommitPass(t *testing.T) {
	bucket := change("replace", "aws:s3/bucketV2:BucketV2", "media-storage", "bucket")
	versioning := change("replace", "aws:s3/bucketVersioningV2:BucketVersioningV2", "media-storage", "bucket")
	both := plan(t, bucket, versioning)

	refused := judge(t, both, "--commit", "c0ffee")
	refused.expect(t, 1, "refused")
	offered := refused.allowances()
	if len(offered) != 2 || offered[0] == offered[1] {
		t.Fatalf("offers %q", offered)
	}
	for _, allowance := range offered {
		if !strings.HasPrefix(allowance, "media-storage@") || !strings.Contains(refused.markdown, "| `allow:"+allowance+"` |") {
			t.Errorf("offers %q\n%s", allowance, refused.markdown)
		}
	}

	passed := judge(t, both, "--commit=c0ffee", "--allow", offered[0], "--allow="+offered[1])
	passed.expect(t, 0, "is replaced (allowed)")
	if !strings.Contains(passed.markdown, "Dangerous, and allowed for this commit") || strings.Count(passed.markdown, "| given |") != 2 {
		t.Errorf("Markdown:\n%s", passed.markdown)
	}
	judgeWith(t, both, []string{"PLAN_GATE_ALLOW=" + offered[0] + ",\n  " + offered[1]}, "--commit", "c0ffee").expect(t, 0, "is replaced (allowed)")

	deletedInstead := plan(t, change("delete", "aws:s3/bucketV2:BucketV2", "media-storage"), versioning)
	forAnotherReason := plan(t, change("replace", "aws:s3/bucketV2:BucketV2", "media-storage", "bucketPrefix"), versioning)
	elsewhere := plan(t, bucket, versioning)
	elsewhere = strings.ReplaceAll(elsewhere, "urn:pulumi:dev::", "urn:pulumi:prod::")
	for what, each := range map[string]struct {
		plan      string
		arguments []string
	}{
		"one of two":       {both, []string{"--commit", "c0ffee", "--allow", offered[0]}},
		"another commit":   {both, []string{"--commit", "decaf", "--allow", offered[0], "--allow", offered[1]}},
		"no commit":        {both, []string{"--allow", offered[0], "--allow", offered[1]}},
		"another danger":   {deletedInstead, []string{"--commit", "c0ffee", "--allow", offered[0], "--allow", offered[1]}},
		"another reason":   {forAnotherReason, []string{"--commit", "c0ffee", "--allow", offered[0], "--allow", offered[1]}},
		"another stack":    {elsewhere, []string{"--commit", "c0ffee", "--allow", offered[0], "--allow", offered[1]}},
		"the name alone":   {both, []string{"--commit", "c0ffee", "--allow", "media-storage"}},
		"a part of it":     {both, []string{"--commit", "c0ffee", "--allow", offered[0][:len(offered[0])-1], "--allow", offered[1]}},
		"a pattern":        {both, []string{"--commit", "c0ffee", "--allow", ".*", "--allow", "*"}},
		"in capitals":      {both, []string{"--commit", "c0ffee", "--allow", strings.ToUpper(offered[0]), "--allow", offered[1]}},
		"with its prefix":  {both, []string{"--commit", "c0ffee", "--allow", "allow:" + offered[0], "--allow", offered[1]}},
		"that of a second": {both, []string{"--commit", "c0ffee", "--allow", offered[1], "--allow", offered[1]}},
	} {
		t.Run(what, func(t *testing.T) {
			judge(t, each.plan, each.arguments...).expect(t, 1, "refused")
		})
	}
}

func TestAnAllowanceThatMatchesNothingIsReported(t *testing.T) {
	result := judge(t, plan(t, unchanged(change("update", "aws:ecs/service:Service", "mediaserver"))), "--allow", "media-storage", "--allow", "mediaserver")
	result.expect(t, 0, "fits nothing in this plan at this commit: --allow media-storage\n", "fits nothing in this plan at this commit: --allow mediaserver\n")
	if !strings.Contains(result.markdown, "Allowances that fit nothing in this plan at this commit: media-storage, mediaserver") {
		t.Errorf("Markdown:\n%s", result.markdown)
	}
	dangerous := plan(t, change("delete", "aws:ecs/service:Service", "mediaserver"))
	used := judge(t, dangerous, judge(t, dangerous).allowing()...)
	used.expect(t, 0)
	if strings.Contains(used.stderr, "fits nothing") {
		t.Errorf("reports an allowance that was used: %s", used.stderr)
	}
}

func TestWhatIsNoPlanFails(t *testing.T) {
	good := plan(t, unchanged(change("update", "aws:ecs/service:Service", "mediaserver")))
	uncounted := digest(t, display.PreviewDigest{
		Steps:         []*display.PreviewStep{change("same", "pulumi:pulumi:Stack", "mediaserver-dev")},
		ChangeSummary: display.ResourceChanges{"delete": 1},
	})
	hidden := digest(t, display.PreviewDigest{
		Steps:         []*display.PreviewStep{change("same", "pulumi:pulumi:Stack", "mediaserver-dev")},
		ChangeSummary: display.ResourceChanges{"same": 2},
	})
	for name, each := range map[string]struct{ plan, phrase string }{
		"what stays is missing":  {hidden, "it leaves out what stays as it is; run the preview with --show-sames"},
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
		judge(t, good, "/nowhere/plan.json").expect(t, 4, "cannot read the plan '/nowhere/plan.json': ")
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
	refused := judge(t, "", file)
	refused.expect(t, 1, "mediaserver")
	judge(t, "", append([]string{file}, refused.allowing()...)...).expect(t, 0)
}

func TestNothingThatIsSecretOrNotJudgedIsPrinted(t *testing.T) {
	const private = "a-value-that-nobody-may-see"
	for _, step := range []*display.PreviewStep{
		shown(change("replace", "random:index/randomPassword:RandomPassword", "jwt-secret", "length"), map[string]any{"result": private}, map[string]any{"result": private}),
		shown(change("update", "aws:ssm/parameter:Parameter", "jwt-secret", "type"), map[string]any{"type": "SecureString", "value": private}, map[string]any{"type": "String", "value": private}),
	} {
		result := judge(t, plan(t, step))
		result.expect(t, 1)
		if strings.Contains(result.stdout+result.stderr+result.markdown, private) {
			t.Errorf("it is:\n%s", result.stdout)
		}
	}
	// What Pulumi marks as secret arrives as a mark, which stays one.
	hidden := judge(t, plan(t, shown(change("update", "aws:iam/rolePolicy:RolePolicy", "it", "policy"), map[string]any{"policy": "[secret]"}, map[string]any{"policy": "{}"})))
	hidden.expect(t, 1, "policy: a secret → another document")
}

func TestMarkdownListsEveryChangeAndCannotBeBrokenOutOf(t *testing.T) {
	result := judge(t, plan(t,
		change("create", "aws:cloudwatch/metricAlarm:MetricAlarm", "errors"),
		unchanged(change("update", "aws:ecs/service:Service", "mediaserver", "taskDefinition")),
		unchanged(change("update", "aws:ssm/parameter:Parameter", "a|b\n<script>`@everyone"))))
	result.expect(t, 0)
	for _, phrase := range []string{
		"### Plan: 1 create, 2 update",
		"Nothing dangerous in it: " + harmless,
		"| create | errors | aws:cloudwatch/metricAlarm:MetricAlarm |",
		"| update | mediaserver | aws:ecs/service:Service | taskDefinition |",
		`| update | a\|b &lt;script>&#96;&#64;everyone |`,
	} {
		if !strings.Contains(result.markdown, phrase) {
			t.Errorf("the Markdown lacks %q:\n%s", phrase, result.markdown)
		}
	}
	values := judge(t, plan(t, shown(change("update", "aws:s3/bucketVersioningV2:BucketVersioningV2", "media-storage", "x"),
		map[string]any{"versioningConfiguration": map[string]any{"status": "Enabled"}},
		map[string]any{"versioningConfiguration": map[string]any{"status": "a|b\n\x1b[31m<script>`@everyone"}})))
	values.expect(t, 1)
	if !strings.Contains(values.markdown, `versioningConfiguration.status: Enabled → a\|b  [31m&lt;script>&#96;&#64;everyone |`) ||
		strings.Contains(values.stdout, "\x1b") {
		t.Errorf("Markdown:\n%s\nstdout:\n%q", values.markdown, values.stdout)
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
		{[]string{"--allow"}, "flag needs an argument: --allow; see --help"},
		{[]string{"--allow="}, "it needs an allowance"},
		{[]string{"--markdown="}, "it needs the name of a file"},
		{[]string{"--force"}, "unknown flag: --force; see --help"},
		{[]string{"one.json", "two.json"}, `name one plan only, not "one.json" and "two.json"`},
	} {
		t.Run(strings.Join(each.arguments, " "), func(t *testing.T) {
			command := exec.CommandContext(t.Context(), gate(t), each.arguments...)
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

func TestAReportThatCannotBeWrittenIsAnError(t *testing.T) {
	command := exec.CommandContext(t.Context(), gate(t), "--markdown", "/nowhere/plan.md")
	command.Stdin = strings.NewReader(plan(t, unchanged(change("update", "aws:ecs/service:Service", "mediaserver"))))
	output, _ := command.CombinedOutput()
	if code := command.ProcessState.ExitCode(); code != 2 || !strings.Contains(string(output), "/nowhere/plan.md") {
		t.Errorf("exit code %d: %s", code, output)
	}
}

func TestWithoutGoTheGateSaysSo(t *testing.T) {
	directory := t.TempDir()
	for _, name := range []string{"sh", "dirname"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(directory, name)); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), gate(t))
	command.Env = []string{"PATH=" + directory}
	output, _ := command.CombinedOutput()
	if code := command.ProcessState.ExitCode(); code != 3 || !strings.Contains(string(output), "the Go tool is not on PATH") {
		t.Errorf("exit code %d: %s", code, output)
	}
}

func TestTheHelpNamesEveryOption(t *testing.T) {
	output, err := exec.CommandContext(t.Context(), gate(t), "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, option := range []string{"--allow ", "--commit ", "--markdown ", "--help ", "PLAN_GATE_ALLOW", "Exit codes:"} {
		if !strings.Contains(string(output), option) {
			t.Errorf("the help lacks %q", option)
		}
	}
}
