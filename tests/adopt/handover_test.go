package adopt

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/sandboxtest"
	"mediaserver/tests/internal/terraformguide"
)

// The addresses have characters that a shell interprets, and the state has one resource of each kind that the guide lacks.
func TestTerraformGivesUpWhatTheStackHasAndNothingElse(t *testing.T) {
	d := deploy(t, terraformguide.Habits{
		Module: "module.media", RandomID: true, RuleResources: true,
		Indexed: map[string]any{"aws_lb.mediaserver": 0, "aws_cloudwatch_log_group.ecs_logs": `e"c s=`},
		Renamed: map[string]string{"aws_ecs_cluster.main": "this"},
	})
	given := strings.Split(strings.TrimSpace(d.tool("--addresses", "--map", "module.media.aws_ecs_cluster.this=main")), "\n")
	const left = "module.media.random_id.bucket_suffix"
	if len(given) != len(d.Instances)-3 || slices.Contains(given, left) {
		t.Errorf("the tool names %d addresses for the %d in the state, two of them data, and %s:\n%s", len(given), len(d.Instances), left, strings.Join(given, "\n"))
	}
	path, err := exec.LookPath("terraform")
	if err != nil {
		t.Log("terraform is not installed: nobody has tried the addresses")
		return
	}
	run := func(arguments ...string) string {
		command := exec.CommandContext(t.Context(), path, arguments...)
		command.Dir = d.folder
		command.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE="+os.DevNull)
		output, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("terraform %v: %v\n%s", arguments, err, output)
		}
		return string(output)
	}
	run(append([]string{"state", "rm"}, given...)...)
	listed := slices.DeleteFunc(strings.Fields(run("state", "list")), func(address string) bool { return strings.Contains(address, ".data.") })
	if !slices.Equal(listed, []string{left}) {
		t.Errorf("Terraform keeps %v, want %s", listed, left)
	}
}

func TestAnAdoptionThatStoppedHalfWayIsTakenUpAgainAndTakenBack(t *testing.T) {
	d := deploy(t, usual)
	d.prepare()
	whole := text(t, d.importFile())
	// The import stops half-way.
	var file struct {
		Resources []map[string]any `json:"resources"`
	}
	if err := json.Unmarshal([]byte(whole), &file); err != nil {
		t.Fatal(err)
	}
	file.Resources = file.Resources[:len(file.Resources)/2]
	half, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	d.writeImportFile(string(half))
	for _, want := range []string{"with the 17 resources that the stack sandbox does not have yet", "has everything that is imported"} {
		d.importAll()
		if told := d.tool("--stack", d.Name, "--folder", d.folder, "--rest"); !strings.Contains(told, want) {
			t.Errorf("the tool says %q, want %q", told, want)
		}
	}
	d.tool("--stack", d.Name, "--random-values")
	_, operations := d.plan()
	d.wantHarmless(operations)
	d.Up()

	// The way back leaves everything in AWS, so that all of it can be adopted once more, the new revision included.
	d.Must("stack", "rm", "--yes", "--force", "--preserve-config", d.Name)
	made := d.Command(t.Context(), "--non-interactive", "stack", "init", d.Name)
	made.Dir = d.FolderForNewStacks()
	if output, err := made.CombinedOutput(); err != nil {
		t.Fatalf("make the stack again: %v\n%s", err, output)
	}
	d.writeImportFile(whole)
	d.importAll()
	d.tool("--stack", d.Name, "--random-values")
	_, operations = d.plan()
	d.wantHarmless(operations)
	d.Up()
	d.isAdopted()
}

// writeImportFile writes over the import file.
func (d *deployment) writeImportFile(text string) {
	d.t.Helper()
	if err := os.WriteFile(d.importFile(), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

func TestTheJWTSecretStaysAndIsInPlainNowhereButInTheStateOfTerraform(t *testing.T) {
	d := deploy(t, usual)
	// Whatever the tool or the CLI leaves behind in the folder for temporary files is found there.
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	// The tool finds a CLI that writes its arguments down.
	witness, calls := t.TempDir(), filepath.Join(t.TempDir(), "calls")
	script := fmt.Sprintf("#!/bin/sh\necho \"$*\" >>'%s'\nexec '%s' \"$@\"\n", calls, d.CLI)
	if err := os.WriteFile(filepath.Join(witness, "pulumi"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	d.environment = []string{"PATH=" + witness + ":" + d.Path()}
	told := d.adopt()
	again := d.tool("--stack", d.Name, "--random-values")
	plan, _ := d.plan()
	d.Up("--diff")
	d.Must("refresh", "--yes", "--diff")

	const secret = terraformguide.JWTSecret
	revealed := d.Must("stack", "export", "--show-secrets").Stdout
	if !sandboxtest.Reveals(revealed, secret) {
		t.Fatal("the search does not find the secret where it is on purpose, in an export with --show-secrets")
	}
	arguments := text(t, calls)
	if !strings.Contains(arguments, "stack import") || !strings.Contains(again, "already") {
		t.Fatalf("the tool called the CLI with\n%s\nand a second time says %q", arguments, again)
	}
	output := d.Output()
	for where, text := range map[string]string{
		"what the tool printed": told + again, "the plan": plan, "the arguments of the CLI": arguments,
		"what Pulumi printed": output[:strings.Index(output, revealed)],
	} {
		if sandboxtest.Reveals(text, secret) {
			t.Errorf("the secret is in %s", where)
		}
	}
	sandboxtest.NoFileReveals(t, secret, d.state, d.Dir, d.folder, temporary)
	d.isAdopted()
}
