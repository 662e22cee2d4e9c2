package adopt

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/terraformguide"
)

// handed are habits with addresses that a shell takes apart, and with something of every sort that is not the guide's.
var handed = terraformguide.Habits{
	Module: "module.media", RandomID: true, RuleResources: true, SecretsPolicy: true,
	Indexed: map[string]any{"aws_lb.mediaserver": 0, "aws_cloudwatch_log_group.ecs_logs": `e"c s=`},
	Renamed: map[string]string{"aws_ecs_cluster.main": "this"},
}

func TestTerraformGivesUpWhatTheStackHasAndNothingElse(t *testing.T) {
	d := deploy(t, handed)
	all := d.addresses()
	options := []string{"--map", "module.media.aws_ecs_cluster.this=main"}
	given := strings.Split(strings.TrimSpace(d.tool(append([]string{d.state, "--addresses"}, options...)...).succeeds(t).stdout), "\n")
	for _, address := range given {
		if !slices.Contains(all, address) {
			t.Errorf("the state has no %s", address)
		}
	}
	left := slices.DeleteFunc(slices.Clone(all), func(address string) bool { return slices.Contains(given, address) })
	if want := []string{"module.media.random_id.bucket_suffix"}; !slices.Equal(left, want) {
		t.Errorf("%v stays with Terraform, want %v", left, want)
	}
	// The tool reads states as Terraform does, wherever that is at hand to say so.
	terraform, err := exec.LookPath("terraform")
	if err != nil {
		t.Log("terraform is not installed: the addresses were compared with the state alone")
		return
	}
	run := func(arguments ...string) string {
		command := exec.CommandContext(t.Context(), terraform, arguments...)
		command.Dir = d.folder
		command.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE="+os.DevNull)
		output, err := command.Output()
		if err != nil {
			t.Fatalf("terraform %v: %v", arguments, err)
		}
		return string(output)
	}
	listed := func() []string {
		return slices.DeleteFunc(strings.Fields(strings.ReplaceAll(run("state", "list"), " ", "\x00")), func(address string) bool {
			return strings.Contains(address, ".data.")
		})
	}
	escaped := func(addresses []string) []string {
		sorted := slices.Sorted(slices.Values(addresses))
		for i := range sorted {
			sorted[i] = strings.ReplaceAll(sorted[i], " ", "\x00")
		}
		return sorted
	}
	if listed := slices.Sorted(slices.Values(listed())); !slices.Equal(listed, escaped(all)) {
		t.Errorf("terraform lists\n%q\nand the state has\n%q", listed, escaped(all))
	}
	run(append([]string{"state", "rm"}, given...)...)
	if listed := listed(); !slices.Equal(listed, left) {
		t.Errorf("Terraform keeps %v, want %v", listed, left)
	}
}

// addresses are those of all managed resources in the state.
func (d *deployment) addresses() []string {
	var addresses []string
	for _, each := range d.Instances {
		if each.Mode == "managed" {
			addresses = append(addresses, each.Address())
		}
	}
	return addresses
}

func TestAnAdoptionThatStoppedHalfWayIsTakenUpAgain(t *testing.T) {
	d := deploy(t, usual)
	d.prepare()
	early := d.tool(d.state, "--stack", d.Name, "--random-values")
	if early.code != 1 || !strings.Contains(early.stderr, "run the `pulumi import` first") {
		t.Errorf("before the import: exit status %d, %s", early.code, early.stderr)
	}
	// Half of the import, as if it had been stopped.
	var file struct {
		Resources []map[string]any `json:"resources"`
	}
	whole := text(t, d.importFile())
	if err := json.Unmarshal([]byte(whole), &file); err != nil {
		t.Fatal(err)
	}
	file.Resources = file.Resources[:len(file.Resources)/2]
	half, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	halfFile := filepath.Join(d.folder, "half.json")
	if err := os.WriteFile(halfFile, half, 0o600); err != nil {
		t.Fatal(err)
	}
	d.Must("import", "--file", halfFile, "--generate-code=false", "--protect=false", "--yes")
	early = d.tool(d.state, "--stack", d.Name, "--random-values")
	if early.code != 1 || !strings.Contains(early.stderr, "does not have") || !strings.Contains(early.stderr, "Dashboard mediaserver yet; run the `pulumi import` first") {
		t.Errorf("in the middle of the import: exit status %d, %s", early.code, early.stderr)
	}
	rest := []string{d.state, "--stack", d.Name, "--folder", d.folder, "--rest"}
	if written := d.tool(rest...).succeeds(t); !strings.Contains(written.stdout, "with the 17 resources that the stack sandbox does not have yet") {
		t.Errorf("the tool says %q", written.stdout)
	}
	d.importAll()
	if written := d.tool(rest...).succeeds(t); !strings.Contains(written.stdout, "has everything that is imported") {
		t.Errorf("the tool says %q", written.stdout)
	}
	for _, says := range []string{"the secret encrypted", "already"} {
		if again := d.tool(d.state, "--stack", d.Name, "--random-values").succeeds(t); !strings.Contains(again.stdout, says) {
			t.Errorf("the tool says %q, want %q", again.stdout, says)
		}
	}
	_, operations := d.plan()
	d.wantHarmless(operations)

	t.Run("another secret in Parameter Store is not written over", func(t *testing.T) {
		changed := &terraformguide.Deployed{Instances: slices.Clone(d.Instances)}
		with("aws_ssm_parameter.jwt_secret", "value", "an older secret")(changed)
		d.write(changed.StateFile(t))
		refused := d.tool(d.state, "--stack", d.Name, "--random-values")
		if refused.code != 1 || !strings.Contains(refused.stderr, "is not the one in the state of Terraform") ||
			strings.Contains(refused.stderr, "an older secret") || strings.Contains(refused.stderr, terraformguide.JWTSecret) {
			t.Errorf("exit status %d, %s", refused.code, refused.stderr)
		}
		d.write(d.StateFile(t))
	})
	t.Run("the way back leaves everything in AWS", func(t *testing.T) {
		d.Up()
		d.Must("stack", "rm", "--yes", "--force", "--preserve-config", d.Name)
		d.Must("stack", "init", d.Name)
		// All of it is there to be adopted once more, the revision that the stack has made included.
		if err := os.WriteFile(d.importFile(), []byte(whole), 0o600); err != nil {
			t.Fatal(err)
		}
		d.importAll()
		d.tool(d.state, "--stack", d.Name, "--random-values").succeeds(t)
		_, operations := d.plan()
		d.wantHarmless(operations)
		d.Up()
		d.isAdopted()
	})
}
