package adopt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mediaserver/tests/internal/terraformguide"
)

// small is a deployment of which the state has only what an adoption needs, and something to refuse.
func small(changes ...func(address string, each *terraformguide.Instance)) *terraformguide.Deployed {
	made := &terraformguide.Deployed{}
	for _, each := range []struct {
		address    string
		attributes map[string]any
	}{
		{"aws_s3_bucket.media_storage", map[string]any{"bucket": "films-storage-0a1b2c", "region": "eu-west-1", "arn": "arn:aws:s3:::films-storage-0a1b2c"}},
		{"aws_ssm_parameter.jwt_secret", map[string]any{"name": "/films/jwt-secret", "value": terraformguide.JWTSecret,
			"arn": "arn:aws:ssm:eu-west-1:111122223333:parameter/films/jwt-secret"}},
		{"aws_lb.mediaserver", map[string]any{"name": "films-alb", "arn": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/films-alb/1", "idle_timeout": 60}},
	} {
		kind, name, _ := strings.Cut(each.address, ".")
		instance := terraformguide.Instance{Mode: "managed", Type: kind, Name: name, Attributes: each.attributes}
		for _, change := range changes {
			change(each.address, &instance)
		}
		made.Instances = append(made.Instances, instance)
	}
	return made
}

// with sets an attribute of an address.
func with(address, attribute string, value any) func(string, *terraformguide.Instance) {
	return func(at string, each *terraformguide.Instance) {
		if at == address {
			each.Attributes[attribute] = value
		}
	}
}

// What is refused, tools/adopt tests case by case. Here it is refused in both forms of a state, and nothing is written.
func TestWhatWouldBeWrongToAdoptIsRefusedWithWhatToDo(t *testing.T) {
	t.Parallel()
	tainted := func(address string, each *terraformguide.Instance) {
		if address == "aws_lb.mediaserver" {
			each.Status = "tainted"
		}
	}
	for says, test := range map[string]struct {
		change  func(string, *terraformguide.Instance)
		options []string
	}{
		"aws_lb.mediaserver: Terraform is about to replace it; finish that with `terraform apply`, or cancel it with `terraform untaint`": {change: tainted},
		"aws_lb.mediaserver: its name is not in the state":                                    {change: with("aws_lb.mediaserver", "arn", "")},
		"(--accept aws_lb.mediaserver:idle_timeout)":                                          {change: with("aws_lb.mediaserver", "idle_timeout", 300)},
		"--map aws_lb.other=mediaserver: the state has no such address":                       {change: with("", "", nil), options: []string{"--map", "aws_lb.other=mediaserver"}},
		"--accept aws_lb.mediaserver:idle_timeout: nothing is refused there":                  {change: with("", "", nil), options: []string{"--accept", "aws_lb.mediaserver:idle_timeout"}},
		"--module module.media: the state has no address in it; `terraform state list` names": {change: with("", "", nil), options: []string{"--module", "module.media"}},
	} {
		made := small(test.change)
		for format, state := range map[string][]byte{"state file": made.StateFile(t), "terraform show": made.Shown(t)} {
			folder := t.TempDir()
			refused := runTool(t, os.Environ(), state, append([]string{"-", "--stack", "prod", "--folder", folder}, test.options...)...)
			if refused.code != 1 || !strings.Contains(refused.stderr, says) {
				t.Errorf("%s: exit status %d, want 1 and %q, not\n%s", format, refused.code, says, refused.stderr)
			}
			wantNothingWritten(t, folder, refused)
		}
	}
}

// wantNothingWritten fails if the folder holds anything, or if the secret was printed.
func wantNothingWritten(t *testing.T, folder string, refused result) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		t.Errorf("the tool wrote %s", entry.Name())
	}
	if refused.stdout != "" || strings.Contains(refused.stderr, "q7<R") {
		t.Errorf("it prints %q and %q", refused.stdout, refused.stderr)
	}
}

func TestAStateThatIsNoneGetsAClearError(t *testing.T) {
	t.Parallel()
	valid := (&terraformguide.Deployed{Instances: []terraformguide.Instance{
		{Mode: "managed", Type: "azurerm_storage_account", Name: "media", Attributes: map[string]any{"name": "media"}},
	}}).StateFile(t)
	for _, test := range []struct {
		state, says string
		code        int
	}{
		{"aws_lb.mediaserver\n", "it is not a JSON object, or is cut short", 4},
		{`{"format_version": "1.0"}`, "the state holds no resource; is it the right workspace?", 1},
		{`{"version": 4, "resources": []}`, "the state holds no resource; is it the right workspace?", 1},
		{string(valid), "none of its 1 resources belongs to this stack; the first is azurerm_storage_account.media", 1},
	} {
		folder := t.TempDir()
		refused := runTool(t, os.Environ(), []byte(test.state), "-", "--stack", "prod", "--folder", folder)
		if refused.code != test.code || !strings.Contains(refused.stderr, test.says) {
			t.Errorf("%.40q: exit status %d, %s, want %d and %q", test.state, refused.code, refused.stderr, test.code, test.says)
		}
		wantNothingWritten(t, folder, refused)
	}
}

func TestTheToolMindsItsManners(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	open := filepath.Join(folder, "it's open.tfstate")
	if err := os.WriteFile(open, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		arguments []string
		code      int
		says      string
	}{
		{[]string{"--help"}, 0, "Usage: adopt-terraform STATE --stack STACK"},
		{[]string{}, 2, "name the state; see --help"},
		{[]string{"-"}, 2, `--stack "" must be the name of a stack`},
		{[]string{"-", "--stack", "acme/prod"}, 2, `--stack "acme/prod" must be the name of a stack, without an organization`},
		{[]string{"-", "x", "--stack", "prod"}, 2, `name one state only, not "-" and "x"`},
		{[]string{"-", "--stack", "prod", "--addresses", "--random-values"}, 2, "exclude each other"},
		{[]string{"-", "--stack", "prod", "--rest", "--random-values"}, 2, "exclude each other"},
		{[]string{"-", "--stack", "prod", "--map", "aws_lb.x"}, 2, `"aws_lb.x" must be ADDRESS=NAME`},
		{[]string{"-", "--stack", "prod", "--verbose"}, 2, "adopt-terraform: unknown flag: --verbose; see --help"},
		{[]string{filepath.Join(folder, "nowhere"), "--stack", "prod"}, 4, "no such file"},
		{[]string{open, "--stack", "prod"}, 4, "other users can read it, and it holds the JWT secret in plain text; run `chmod 600 '" + folder + `/it'\''s open.tfstate'`},
	} {
		ended := runTool(t, os.Environ(), nil, test.arguments...)
		if ended.code != test.code || !strings.Contains(ended.stdout+ended.stderr, test.says) {
			t.Errorf("%q: exit status %d, %s%s, want %d and %q", test.arguments, ended.code, ended.stdout, ended.stderr, test.code, test.says)
		}
	}
}

func TestFilesThatAreThereAreWrittenOverOnRequestOnly(t *testing.T) {
	t.Parallel()
	folder, state := t.TempDir(), small().StateFile(t)
	settingsFile, importFile := filepath.Join(folder, "Pulumi.prod.yaml"), filepath.Join(folder, "prod.import.json")
	settings := "# of mine\nencryptionsalt: v1:abc=\nconfig:\n  mediaserver:idle: 1\n"
	if err := os.WriteFile(settingsFile, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	arguments := []string{"-", "--stack", "prod", "--folder", folder}
	refused := runTool(t, os.Environ(), state, arguments...)
	if refused.code != 1 || !strings.Contains(refused.stderr, "is there already; move it away, or replace it with --overwrite") {
		t.Errorf("exit status %d, %s", refused.code, refused.stderr)
	}
	if text(t, settingsFile) != settings {
		t.Error("the settings were written over")
	}
	if _, err := os.Stat(importFile); err == nil {
		t.Error("the import file was written")
	}
	runTool(t, os.Environ(), state, append(arguments, "--overwrite")...).succeeds(t)
	written := text(t, settingsFile)
	if !strings.Contains(written, "encryptionsalt: v1:abc=") || !strings.Contains(written, "mediaserver:name: films") || strings.Contains(written, "idle") {
		t.Errorf("the settings are\n%s", written)
	}
	again := runTool(t, os.Environ(), state, append(arguments, "--overwrite")...).succeeds(t)
	if written != text(t, settingsFile) {
		t.Errorf("a second time the settings are\n%s\n%s", text(t, settingsFile), again.stdout)
	}
}
