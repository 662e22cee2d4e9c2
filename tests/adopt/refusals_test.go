package adopt

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mediaserver/tests/internal/terraformguide"
)

// change makes a deployment another one.
type change func(*terraformguide.Deployed)

// with sets an attribute of an address.
func with(address, attribute string, value any) change {
	return func(d *terraformguide.Deployed) {
		for i, each := range d.Instances {
			if each.Type+"."+each.Name == address {
				attributes := map[string]any{attribute: value}
				for name, other := range each.Attributes {
					if name != attribute {
						attributes[name] = other
					}
				}
				d.Instances[i].Attributes = attributes
			}
		}
	}
}

func status(address, status string) change {
	return func(d *terraformguide.Deployed) {
		for i, each := range d.Instances {
			if each.Type+"."+each.Name == address {
				d.Instances[i].Status = status
			}
		}
	}
}

// What is refused, tools/adopt tests case by case. Here it is refused in both forms of a state, and nothing is written.
func TestWhatWouldBeWrongToAdoptIsRefusedWithWhatToDo(t *testing.T) {
	d := deploy(t, usual)
	for _, test := range []struct {
		change  change
		options []string
		says    []string
	}{
		{change: with("aws_ecs_cluster.main", "arn", "arn:aws:ecs:eu-west-2:999999999999:cluster/mediaserver-cluster"),
			says: []string{"a stack is in one account", "aws_ecs_cluster.main is in 999999999999", "--map aws_ecs_cluster.main=-"}},
		{change: with("aws_s3_bucket.media_storage", "website", []any{map[string]any{"index_document": "index.html"}}),
			says: []string{"its settings include website", "aws_s3_bucket_website_configuration, which stays with Terraform"}},
		{change: status("aws_ecs_service.mediaserver", "tainted"), says: []string{"aws_ecs_service.mediaserver: Terraform is about to replace it", "terraform untaint"}},
		{change: with("aws_lb_target_group.mediaserver", "vpc_id", "vpc-2"), says: []string{"aws_lb_target_group.mediaserver: it is in the VPC vpc-2, but others are in vpc-"}},
		{change: with("aws_cloudwatch_log_group.app_logs", "name", ""), says: []string{"aws_cloudwatch_log_group.app_logs: its name is not in the state"}},
		{change: with("aws_lb.mediaserver", "idle_timeout", 300),
			says: []string{"aws_lb.mediaserver: idle_timeout: 300 → 60", "(--accept aws_lb.mediaserver:idle_timeout)"}},
		{change: with("aws_lb.mediaserver", "load_balancer_type", "network"), says: []string{"aws_lb.mediaserver: load_balancer_type: network → application: it would be replaced"}},
		{options: []string{"--map", "aws_lb.other=mediaserver"}, says: []string{"--map aws_lb.other=mediaserver: the state has no such address; `terraform state list` names all"}},
		{options: []string{"--map", "aws_lb.mediaserver=balancer"}, says: []string{"of the type aws_lb the stack has mediaserver; - leaves it to Terraform"}},
		{options: []string{"--name", "Media"}, says: []string{`--name "Media" must be 2 to 28 lower-case letters`}},
		{options: []string{"--accept", "aws_lb.mediaserver:idle_timeout"}, says: []string{"--accept aws_lb.mediaserver:idle_timeout: nothing is refused there"}},
	} {
		t.Run(test.says[0], func(t *testing.T) {
			changed := &terraformguide.Deployed{Bucket: d.Bucket, Instances: append([]terraformguide.Instance{}, d.Instances...)}
			if test.change != nil {
				test.change(changed)
			}
			for format, state := range map[string][]byte{"state file": changed.StateFile(t), "terraform show": changed.Shown(t)} {
				d.write(state)
				refused := d.tool(append([]string{d.state, "--stack", "prod", "--folder", d.folder}, test.options...)...)
				if refused.code != 1 {
					t.Errorf("%s: exit status %d, want 1", format, refused.code)
				}
				for _, want := range test.says {
					if !strings.Contains(refused.stderr, want) {
						t.Errorf("%s: it does not say %q, but\n%s", format, want, refused.stderr)
					}
				}
				wantNothingWritten(t, d.folder, refused)
			}
		})
	}
}

// wantNothingWritten fails if the folder holds anything but the state, or if the secret was printed.
func wantNothingWritten(t *testing.T, folder string, refused result) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() != "terraform.tfstate" {
			t.Errorf("the tool wrote %s", entry.Name())
		}
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
	d := deploy(t, usual)
	settings := "# of mine\nencryptionsalt: v1:abc=\nconfig:\n  mediaserver:appPort: 1\n"
	if err := os.WriteFile(d.settingsFile(), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	arguments := []string{d.state, "--stack", d.Name, "--folder", d.folder}
	refused := d.tool(arguments...)
	if refused.code != 1 || !strings.Contains(refused.stderr, "is there already; move it away, or replace it with --overwrite") {
		t.Errorf("exit status %d, %s", refused.code, refused.stderr)
	}
	if text(t, d.settingsFile()) != settings {
		t.Error("the settings were written over")
	}
	if _, err := os.Stat(d.importFile()); err == nil {
		t.Error("the import file was written")
	}
	d.tool(append(arguments, "--overwrite")...).succeeds(t)
	written := text(t, d.settingsFile())
	if !strings.Contains(written, "encryptionsalt: v1:abc=") || !strings.Contains(written, "mediaserver:appPort: 3000") || strings.Contains(written, "appPort: 1\n") {
		t.Errorf("the settings are\n%s", written)
	}
	again := d.tool(append(arguments, "--overwrite")...).succeeds(t)
	if !bytes.Equal([]byte(written), []byte(text(t, d.settingsFile()))) {
		t.Errorf("a second time the settings are\n%s\n%s", text(t, d.settingsFile()), again.stdout)
	}
}
