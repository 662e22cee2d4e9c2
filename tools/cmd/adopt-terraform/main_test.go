package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mediaserver/tools/shellword"
)

const root = "../../.."

// state is the least that can be adopted, and a load balancer with an idle timeout.
func state(timeout string) string {
	return `{"version": 4, "resources": [
		{"mode": "managed", "type": "aws_s3_bucket", "name": "media_storage", "instances": [{"attributes":
			{"bucket": "films-storage-0a1b2c", "region": "eu-west-1", "arn": "arn:aws:s3:::films-storage-0a1b2c"}}]},
		{"mode": "managed", "type": "aws_ssm_parameter", "name": "jwt_secret", "instances": [{"attributes":
			{"name": "/films/jwt-secret", "value": "hush", "arn": "arn:aws:ssm:eu-west-1:111122223333:parameter/films/jwt-secret"}}]},
		{"mode": "managed", "type": "aws_lb", "name": "mediaserver", "instances": [{"attributes":
			{"name": "films-alb", "arn": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/films-alb/1",
			 "idle_timeout": ` + timeout + `}}]}]}`
}

// tool runs the tool, and returns what it prints and its exit code.
func tool(t *testing.T, stdin string, words ...string) (printed string, code int) {
	t.Helper()
	var stdout strings.Builder
	err := run(t.Context(), root, words, strings.NewReader(stdin), &stdout)
	var exit exitError
	switch {
	case err == nil:
		return stdout.String(), 0
	case stdout.Len() > 0:
		t.Errorf("with an error it also prints %q", stdout.String())
	}
	if errors.As(err, &exit) {
		return err.Error(), exit.code
	}
	return err.Error(), exitRefused
}

func TestWhatIsWrongIsToldWithItsExitCodeAndNothingIsWritten(t *testing.T) {
	folder := t.TempDir()
	open := filepath.Join(t.TempDir(), "it's open.tfstate")
	if err := os.WriteFile(open, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		words string
		code  int
		says  string
	}{
		{"--help", 0, "Usage: scripts/adopt-terraform STATE --stack STACK"},
		{"--stack prod", 2, "name one state, not 0 (); see --help"},
		{"-", 2, `--stack "" must be the name of a stack`},
		{"- --stack acme/prod", 2, `--stack "acme/prod" must be the name of a stack, without an organization`},
		{"- x --stack prod", 2, "name one state, not 2 (-, x)"},
		{"- --stack prod --addresses --random-values", 2, "exclude each other"},
		{"- --stack prod --addresses --rest", 2, "exclude each other"},
		{"- --stack prod --rest --random-values", 2, "exclude each other"},
		{"- --stack prod --map aws_lb.x", 2, `"aws_lb.x" must be ADDRESS=NAME`},
		{"- --stack prod --verbose", 2, "unknown flag: --verbose; see --help"},
		{"nowhere --stack prod", 4, "no such file"},
		{"open --stack prod", 4, "other users can read it, and it holds the JWT secret in plain text; run `chmod 600 '"},
		{"- --stack prod", 1, "(--accept aws_lb.mediaserver:idle_timeout)"},
	} {
		words := strings.Fields(test.words)
		if words[0] == "open" {
			words[0] = open
		}
		printed, code := tool(t, state("300"), append(words, "--folder", folder)...)
		if code != test.code || !strings.Contains(printed, test.says) || strings.Contains(printed, "hush") {
			t.Errorf("%s: exit code %d, %s; want %d and %q", test.words, code, printed, test.code, test.says)
		}
	}
	if _, code := tool(t, "aws_lb.mediaserver", "-", "--stack", "prod"); code != 4 {
		t.Errorf("a state that is none ends in %d, want 4", code)
	}
	if _, code := tool(t, `{"version": 4}`, "-", "--stack", "prod"); code != 1 {
		t.Errorf("an empty state ends in %d, want 1", code)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) > 0 {
		t.Errorf("it wrote %v (%v)", entries, err)
	}
}

func TestFilesThatAreThereAreWrittenOverOnRequestOnly(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "it's mine")
	settings, imports := filepath.Join(folder, "Pulumi.prod.yaml"), filepath.Join(folder, "prod.import.json")
	const before = "# of mine\nencryptionsalt: v1:abc=\nconfig:\n  mediaserver:idle: 1\n"
	if err := errors.Join(os.Mkdir(folder, 0o700), os.WriteFile(settings, []byte(before), 0o600)); err != nil {
		t.Fatal(err)
	}
	words := []string{"-", "--stack", "prod", "--folder", folder}
	refused, code := tool(t, state("60"), words...)
	after, _ := os.ReadFile(settings)
	_, err := os.Stat(imports)
	const want = "is there already; move it away, or replace it with --overwrite"
	if code != 1 || !strings.Contains(refused, want) || string(after) != before || err == nil {
		t.Errorf("exit code %d, %s: the file becomes\n%s(%v)", code, refused, after, err)
	}
	told, code := tool(t, state("60"), append(words, "--overwrite")...)
	after, _ = os.ReadFile(settings)
	if _, err := os.Stat(imports); code != 0 || !strings.Contains(string(after), "mediaserver:name: films") || err != nil {
		t.Errorf("exit code %d, %s: the file becomes\n%s(%v)", code, told, after, err)
	}
	// Whatever a shell would misread is quoted.
	for _, want := range []string{
		"--file " + shellword.Quote(imports) + " ",
		"scripts/adopt-terraform - --stack prod --folder " + shellword.Quote(folder) + " --overwrite --random-values\n",
	} {
		if !strings.Contains(told, want) {
			t.Errorf("it does not tell %q:\n%s", want, told)
		}
	}
	// The second run replaces what the first has written, with the same.
	_, code = tool(t, state("60"), append(words, "--overwrite")...)
	if again, _ := os.ReadFile(settings); code != 0 || string(again) != string(after) {
		t.Errorf("a second time it ends in %d, and the file becomes\n%s", code, again)
	}
}
