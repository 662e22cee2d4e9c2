package adopt

import (
	"encoding/json"
	"maps"
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
	path, err := exec.LookPath("terraform")
	if err != nil {
		t.Log("terraform is not installed: the addresses were compared with the state alone")
		return
	}
	installed := terraform{t: t, path: path, folder: d.folder}
	if listed := slices.Sorted(slices.Values(installed.list())); !slices.Equal(listed, escaped(all)) {
		t.Errorf("terraform lists\n%q\nand the state has\n%q", listed, escaped(all))
	}
	installed.run(append([]string{"state", "rm"}, given...)...)
	if listed := installed.list(); !slices.Equal(listed, left) {
		t.Errorf("Terraform keeps %v, want %v", listed, left)
	}
}

// terraform is the installed Terraform in a folder with a state.
type terraform struct {
	t            *testing.T
	path, folder string
}

func (f terraform) run(arguments ...string) string {
	f.t.Helper()
	command := exec.CommandContext(f.t.Context(), f.path, arguments...)
	command.Dir = f.folder
	command.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE="+os.DevNull)
	output, err := command.Output()
	if err != nil {
		f.t.Fatalf("terraform %v: %v", arguments, err)
	}
	return string(output)
}

// list is the addresses of all managed resources, escaped.
func (f terraform) list() []string {
	f.t.Helper()
	return slices.DeleteFunc(strings.Fields(strings.ReplaceAll(f.run("state", "list"), " ", "\x00")), func(address string) bool {
		return strings.Contains(address, ".data.")
	})
}

// escaped are the addresses in order, with another character for the spaces in them.
func escaped(addresses []string) []string {
	sorted := slices.Sorted(slices.Values(addresses))
	for i := range sorted {
		sorted[i] = strings.ReplaceAll(sorted[i], " ", "\x00")
	}
	return sorted
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

// halfAdopted is a deployment whose adoption stops half way.
type halfAdopted struct {
	*deployment
	// whole is the import file with every resource.
	whole string
}

// The order matters: each subtest finds the stack as the one before it has left it.
func TestAnAdoptionThatStoppedHalfWayIsTakenUpAgain(t *testing.T) {
	h := &halfAdopted{deployment: deploy(t, usual)}
	h.prepare()
	h.whole = text(t, h.importFile())
	t.Run("before the import there is nothing to take values over into", h.beforeTheImport)
	h.importHalf()
	t.Run("the middle of the import is too early too", h.inTheMiddle)
	t.Run("the rest is imported", h.importRest)
	t.Run("random values are taken over once", h.takesRandomValuesOver)
	t.Run("another secret in Parameter Store is not written over", h.refusesAnotherSecret)
	t.Run("the way back leaves everything in AWS", h.isAdoptedOnceMore)
}

func (h *halfAdopted) beforeTheImport(t *testing.T) {
	early := h.tool(h.state, "--stack", h.Name, "--random-values")
	if early.code != 1 || !strings.Contains(early.stderr, "run the `pulumi import` first") {
		t.Errorf("before the import: exit status %d, %s", early.code, early.stderr)
	}
}

// importHalf imports half of the resources, as if the import had been stopped.
func (h *halfAdopted) importHalf() {
	h.t.Helper()
	var file struct {
		Resources []map[string]any `json:"resources"`
	}
	if err := json.Unmarshal([]byte(h.whole), &file); err != nil {
		h.t.Fatal(err)
	}
	file.Resources = file.Resources[:len(file.Resources)/2]
	half, err := json.Marshal(file)
	if err != nil {
		h.t.Fatal(err)
	}
	halfFile := filepath.Join(h.folder, "half.json")
	if err := os.WriteFile(halfFile, half, 0o600); err != nil {
		h.t.Fatal(err)
	}
	h.Must("import", "--file", halfFile, "--generate-code=false", "--protect=false", "--yes")
}

func (h *halfAdopted) inTheMiddle(t *testing.T) {
	early := h.tool(h.state, "--stack", h.Name, "--random-values")
	if early.code != 1 || !strings.Contains(early.stderr, "does not have") || !strings.Contains(early.stderr, "Dashboard mediaserver yet; run the `pulumi import` first") {
		t.Errorf("in the middle of the import: exit status %d, %s", early.code, early.stderr)
	}
}

func (h *halfAdopted) importRest(t *testing.T) {
	rest := []string{h.state, "--stack", h.Name, "--folder", h.folder, "--rest"}
	if written := h.tool(rest...).succeeds(t); !strings.Contains(written.stdout, "with the 17 resources that the stack sandbox does not have yet") {
		t.Errorf("the tool says %q", written.stdout)
	}
	h.importAll()
	if written := h.tool(rest...).succeeds(t); !strings.Contains(written.stdout, "has everything that is imported") {
		t.Errorf("the tool says %q", written.stdout)
	}
}

func (h *halfAdopted) takesRandomValuesOver(t *testing.T) {
	for _, says := range []string{"the secret encrypted", "already"} {
		if again := h.tool(h.state, "--stack", h.Name, "--random-values").succeeds(t); !strings.Contains(again.stdout, says) {
			t.Errorf("the tool says %q, want %q", again.stdout, says)
		}
	}
	_, operations := h.plan()
	h.wantHarmless(operations)
}

func (h *halfAdopted) refusesAnotherSecret(t *testing.T) {
	changed := &terraformguide.Deployed{Instances: slices.Clone(h.Instances)}
	for i, each := range changed.Instances {
		if each.Type == "aws_ssm_parameter" && each.Name == "jwt_secret" {
			changed.Instances[i].Attributes = maps.Clone(each.Attributes)
			changed.Instances[i].Attributes["value"] = "an older secret"
		}
	}
	h.write(changed.StateFile(t))
	refused := h.tool(h.state, "--stack", h.Name, "--random-values")
	if refused.code != 1 || !strings.Contains(refused.stderr, "is not the one in the state of Terraform") ||
		strings.Contains(refused.stderr, "an older secret") || strings.Contains(refused.stderr, terraformguide.JWTSecret) {
		t.Errorf("exit status %d, %s", refused.code, refused.stderr)
	}
	h.write(h.StateFile(t))
}

// isAdoptedOnceMore forgets the stack and adopts all of it again, the revision that the stack has made included.
func (h *halfAdopted) isAdoptedOnceMore(t *testing.T) {
	h.Up()
	h.Must("stack", "rm", "--yes", "--force", "--preserve-config", h.Name)
	made := h.Command(t.Context(), "--non-interactive", "stack", "init", h.Name)
	made.Dir = h.FolderForNewStacks()
	if output, err := made.CombinedOutput(); err != nil {
		t.Fatalf("make the stack again: %v\n%s", err, output)
	}
	if err := os.WriteFile(h.importFile(), []byte(h.whole), 0o600); err != nil {
		t.Fatal(err)
	}
	h.importAll()
	h.tool(h.state, "--stack", h.Name, "--random-values").succeeds(t)
	_, operations := h.plan()
	h.wantHarmless(operations)
	h.Up()
	h.isAdopted()
}
