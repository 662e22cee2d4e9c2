package adopt

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"mediaserver/tests/internal/readback"
	"mediaserver/tests/internal/sandbox"
	"mediaserver/tests/internal/sandboxtest"
	"mediaserver/tests/internal/terraformguide"
	"mediaserver/tools/adopt"
)

var usual = terraformguide.Habits{DefaultTags: map[string]string{"Project": "mediaserver", "ManagedBy": "Terraform"}}

// inPlace are the resources that the first update changes in place where a deployment is the guide's to the letter.
// docs/adopting.md explains each.
var inPlace = []string{
	"BucketCorsConfigurationV2 media-storage", "BucketLifecycleConfigurationV2 media-storage", "Dashboard mediaserver",
	"LoadBalancer mediaserver", "MetricAlarm high-cpu", "MetricAlarm low-cpu", "Parameter app-config", "Parameter jwt-secret",
	"Parameter s3-bucket-name", "RepositoryPolicy mediaserver", "Role ecs-task-execution-role", "Role ecs-task-role",
	"RolePolicy ecs-task-cloudwatch-policy", "RolePolicy ecs-task-s3-policy", "SecurityGroup alb", "SecurityGroup ecs-tasks",
	"Service mediaserver",
	// The emulator forgets the tags of scalable targets, so they seem to be missing.
	"Target ecs-target",
	"TargetGroup mediaserver",
}

func TestADeploymentOfTheGuideIsAdoptedWithNothingReplaced(t *testing.T) {
	t.Parallel()
	d := deploy(t, usual)
	d.adopt()
	// The program would make the very names of the guide.
	if settings := text(t, d.settingsFile()); strings.Contains(settings, "such as these names") {
		t.Errorf("some names are kept:\n%s", settings)
	}
	plan, operations := d.plan()
	d.wantHarmless(operations)
	if created := operations["create"]; !slices.Equal(created, []string{"TaskDefinition mediaserver"}) {
		t.Errorf("the first update creates %v, want a revision of the task definition only", created)
	}
	if updated := slices.Sorted(slices.Values(operations["update"])); !slices.Equal(updated, inPlace) {
		t.Errorf("the first update changes\n%s\nwant\n%s", strings.Join(updated, "\n"), strings.Join(inPlace, "\n"))
	}
	d.passesTheGate(plan)
	d.Up()
	d.isAdopted()
	err := readback.Check(t.Context(), d.clients, readback.Stack{
		Account: sandbox.Account, Region: sandbox.Region, Partition: "aws", Tags: usual.DefaultTags, Outputs: d.Outputs(),
	})
	// Images expire by the rules that they had.
	const kept = `LifecyclePolicy mediaserver: LifecyclePolicyText.rules.selection.tagPatternList has no "*"`
	if err == nil || err.Error() != kept {
		t.Errorf("differing from the guide: %v, want %q", err, kept)
	}
	d.changesNothingOfWhatTheProgramStates()
}

// What the deployment has beside the guide is a setting of the stack, and nothing of it changes.
func TestADeploymentWithANetworkAndVariablesOfItsOwnIsAdoptedAsItIs(t *testing.T) {
	t.Parallel()
	habits := usual
	habits.Own = true
	d := deploy(t, habits)
	told := d.adopt()
	config := read[struct{ Config map[string]any }](t, d.settingsFile()).Config
	for key, want := range map[string]any{
		"vpcId": "vpc-", "loadBalancerSubnetIds": "subnet-", "taskSubnetIds": "subnet-", "assignPublicIp": "false", "internal": "true", "allowedCidrBlocks": "[10.0.0.0/8]",
		"environment": "map[REDIS_URL:redis://cache.internal:6379]", "secrets": "map[API_KEY:arn:aws:ssm:", "containerHealthCheck": "curl", "startSeconds": "60", "archiveStorageClass": "GLACIER",
	} {
		if got := fmt.Sprint(config["mediaserver:"+key]); !strings.Contains(got, want.(string)) {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	plan, operations := d.plan()
	d.wantHarmless(operations)
	d.wantAnnounced(plan, told)
	d.Up()
	d.isAdopted()
}

// wantAnnounced fails if a plan changes in place what the tool has not told. What the stand-in for the provider does not
// import says nothing.
func (d *deployment) wantAnnounced(plan, told string) {
	d.t.Helper()
	judged := 0
	for _, step := range sandboxtest.ReadPlan(d.t, plan).Steps {
		at := slices.IndexFunc(adopt.Stack(), func(ours adopt.Resource) bool {
			return ours.Type == string(step.URN.Type()) && ours.Name == step.URN.Name()
		})
		for _, property := range step.DiffReasons {
			before, after := step.OldState.Inputs[string(property)], step.NewState.Inputs[string(property)]
			// The new revision is told of by what is in it.
			if step.Op != "update" || before == nil || after == nil || property == "taskDefinition" || stated(before) == stated(after) {
				continue
			}
			judged++
			for attribute := range terraformguide.InTerraform("", map[string]any{string(property): nil}) {
				if want := "  " + adopt.Stack()[at].Address + ": " + attribute; !strings.Contains(told, want) {
					d.t.Errorf("the first update changes %s of %s, and the tool does not tell %q:\n%s\n%s", property, step.URN.Name(), want, stated(before), stated(after))
				}
			}
		}
	}
	if judged == 0 {
		d.t.Error("no change was judged")
	}
}

// stated is what a property states, as text, whatever the order of its lists. The descriptions in it are left out: the
// tool tells of all at once.
func stated(value any) string {
	switch value := value.(type) {
	case map[string]any:
		var members []string
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if text := stated(value[name]); name != "description" && !slices.Contains([]string{"", "false", "<nil>", "[]"}, text) {
				members = append(members, name+" "+text)
			}
		}
		return strings.Join(members, ", ")
	case []any:
		var members []string
		for _, member := range value {
			members = append(members, stated(member))
		}
		slices.Sort(members)
		return fmt.Sprint(members)
	}
	return fmt.Sprint(value)
}

// changesNothingOfWhatTheProgramStates fails if the tool, given the stack as Terraform would have it in its state, tells
// that the program would change anything: its table would be another than what the program states.
func (d *deployment) changesNothingOfWhatTheProgramStates() {
	d.t.Helper()
	made := &terraformguide.Deployed{}
	for _, each := range d.Managed() {
		for _, ours := range adopt.Stack() {
			if ours.Type != each.Type || ours.Name != each.Name() {
				continue
			}
			properties := maps.Clone(each.Outputs)
			maps.Copy(properties, each.Inputs)
			properties["id"] = each.ID
			if strings.HasPrefix(ours.Address, "aws_ssm_parameter.") {
				// The stack's state has every value encrypted.
				properties["value"] = d.parameter(properties["name"].(string))
			}
			kind, name, _ := strings.Cut(ours.Address, ".")
			made.Instances = append(made.Instances, terraformguide.Instance{Mode: "managed", Type: kind, Name: name, Attributes: terraformguide.InTerraform(kind, properties)})
		}
	}
	d.write(made.StateFile(d.t))
	told := d.tool("--stack", "again", "--folder", d.t.TempDir())
	_, changes, tells := strings.Cut(told, "The first update changes in place:\n")
	changes, _, _ = strings.Cut(changes, "\n\n")
	if !tells || len(made.Instances) != 36 {
		d.t.Fatalf("of %d resources the tool tells nothing:\n%s", len(made.Instances), told)
	}
	for line := range strings.Lines(changes) {
		// What is told in words is told of every deployment.
		if !strings.Contains(line, ": becomes: ") {
			d.t.Errorf("the program states something else than resources.yaml of the tool: %s", strings.TrimSpace(line))
		}
	}
}

func TestTheDocumentExplainsEverythingThatChangesInPlace(t *testing.T) {
	t.Parallel()
	var explained []string
	for line := range strings.Lines(text(t, filepath.Join(repository, "docs", "adopting.md"))) {
		keys, _, isItem := strings.Cut(line, ": ")
		for _, key := range regexp.MustCompile("`([A-Z]\\w+ [a-z0-9-]+)`").FindAllStringSubmatch(keys, -1) {
			if isItem && strings.HasPrefix(line, "- `") {
				explained = append(explained, key[1])
			}
		}
	}
	slices.Sort(explained)
	want := slices.DeleteFunc(slices.Clone(inPlace), func(key string) bool { return key == "Target ecs-target" })
	if !slices.Equal(explained, want) {
		t.Errorf("docs/adopting.md explains\n%q\nand in place change\n%q", explained, want)
	}
}

// wantHarmless fails if a plan replaces or deletes anything.
func (d *deployment) wantHarmless(operations map[string][]string) {
	d.t.Helper()
	for operation, names := range operations {
		if !slices.Contains([]string{"same", "create", "update", "read"}, operation) {
			d.t.Errorf("the first update would %s %v", operation, names)
		}
	}
}

// passesTheGate fails if the gate does not pass with the allowances that it prints for what changes in place.
func (d *deployment) passesTheGate(plan string) {
	d.t.Helper()
	judged := d.script("plan-gate", plan)
	var allowances []string
	for line := range strings.Lines(judged.stderr) {
		if allowance, isOne := strings.CutPrefix(line, "  --allow "); isOne {
			allowances = append(allowances, "--allow", strings.TrimSpace(allowance))
		}
	}
	again := d.script("plan-gate", plan, allowances...)
	if judged.code != 1 || again.code != 0 {
		d.t.Errorf("the plan gate ends in %d, and with its allowances in %d\n%s%s", judged.code, again.code, again.stdout, again.stderr)
	}
}

// isAdopted fails if the media, the secret or the names are not what they were, or if a second update has anything
// left to do.
func (d *deployment) isAdopted() {
	d.t.Helper()
	object, err := d.clients.S3.GetObject(d.t.Context(), &s3.GetObjectInput{Bucket: &d.Bucket, Key: aws.String(terraformguide.Object)})
	if err != nil {
		d.t.Fatal(err)
	}
	content, err := io.ReadAll(object.Body)
	if err != nil || string(content) != terraformguide.Content {
		d.t.Errorf("the media file holds %q (%v)", content, err)
	}
	outputs := d.Outputs()
	if outputs["bucketName"] != d.Bucket {
		d.t.Errorf("the bucket is %s, want %s", outputs["bucketName"], d.Bucket)
	}
	if d.parameter(outputs["jwtSecretParameter"].(string)) != terraformguide.JWTSecret {
		d.t.Error("the JWT secret is another one")
	}
	if _, operations := d.plan(); len(operations) != 1 || operations["same"] == nil {
		d.t.Errorf("a second update would %v", operations)
	}
}

// parameter is the value of a parameter in Parameter Store.
func (d *deployment) parameter(name string) string {
	d.t.Helper()
	parameter, err := d.clients.SSM.GetParameter(d.t.Context(), &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
	if err != nil {
		d.t.Fatal(err)
	}
	return *parameter.Parameter.Value
}
