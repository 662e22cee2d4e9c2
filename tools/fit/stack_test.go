package fit

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const outputsText = `{"region": "eu-west-2", "ecsClusterName": "mediaserver-cluster", "ecsServiceName": "mediaserver-service",
 "containerName": "mediaserver", "taskDefinitionArn": "` + revision + `", "bucketName": "media"}`

// inEnvironment points this process's AWS clients at an account.
func (a *account) inEnvironment(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": *a.stack(t).account.BaseEndpoint, "AWS_ACCESS_KEY_ID": "an-id", "AWS_SECRET_ACCESS_KEY": "a-key",
		"AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
}

func TestOutputsThatDoNotDoAreRefused(t *testing.T) {
	file := write(t, `{"region": "eu-west-2", "bucketName": "media", "containerName": ""}`, 0o600, t.TempDir(), "outputs")
	_, err := Source{Outputs: file}.Find(t.Context())
	expect(t, err, NoPlan, "missing stack output: containerName, ecsClusterName, ecsServiceName, taskDefinitionArn; run 'pulumi up'")
}

func TestOutputsFromBeforeTheLastChangeAreRefused(t *testing.T) {
	const newer = "arn:aws:ecs:eu-west-2:123456789012:task-definition/mediaserver:2"
	file := write(t, outputsText, 0o600, t.TempDir(), "outputs")
	deployed := []object{{"key": stackRevisionTag, "value": revision}}
	for name, each := range map[string]struct {
		newest string
		tags   []object
		code   Code
	}{
		"newest":                {revision, nil, Fits},
		"newer of the stack":    {newer, nil, NoPlan},
		"newer of a deployment": {newer, deployed, Fits},
	} {
		t.Run(name, func(t *testing.T) {
			account := defaultAccount()
			account.newest, account.tags = each.newest, each.tags
			account.inEnvironment(t)
			_, err := Source{Outputs: file}.Find(t.Context())
			expect(t, err, each.code, "are older than the stack: they name "+revision+", and there is "+newer)
		})
	}
}

func TestAStackIsFoundByPulumi(t *testing.T) {
	defaultAccount().inEnvironment(t)
	folder := t.TempDir()
	write(t, "#!/bin/sh\ncase $* in *'--cwd /a/root --stack production') cat <<'END'\n"+outputsText+"\nEND\nesac\n", 0o755, folder, "pulumi")
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
	stack, err := Source{Root: "/a/root", Name: "production"}.Find(t.Context())
	if err != nil || !strings.Contains(stack.description, "the credentials of this environment, not the task role's") || stack.credentials.AccessKeyID != "an-id" {
		t.Errorf("found %+v (%v)", stack, err)
	}
}

// A sandbox is what scripts/sandbox says about it.
func TestTheSandboxIsTheDefault(t *testing.T) {
	root := t.TempDir()
	_, err := Source{Root: root}.Find(t.Context())
	expect(t, err, NoPlan, "there is no sandbox to try the image in\n", "make sandbox", "--stack")
	if err := errors.Join(os.Mkdir(filepath.Join(root, ".sandbox"), 0o755), os.Mkdir(filepath.Join(root, "scripts"), 0o755)); err != nil {
		t.Fatal(err)
	}
	const exports = `echo "export AWS_ENDPOINT_URL=http://127.0.0.1:5000 AWS_ACCESS_KEY_ID=sandboxed AWS_SECRET_ACCESS_KEY='it is'"`
	find := func(env, outputs string) (Stack, error) {
		write(t, "#!/bin/sh\ncase $1 in env) "+env+" ;; pulumi) "+outputs+" ;; esac\n", 0o755, root, "scripts", "sandbox")
		return Source{Root: root}.Find(t.Context())
	}
	_, err = find("echo 'sandbox: no sandbox is running; start it with make sandbox' >&2; exit 1", "exit 1")
	expect(t, err, NoPlan, "cannot find the sandbox: sandbox: no sandbox is running; start it with make sandbox")
	_, err = find(exports, "echo '{}'")
	expect(t, err, NoPlan, "the sandbox is not deployed: missing stack output: bucketName")
	stack, err := find(exports, "echo '"+strings.ReplaceAll(outputsText, "\n", "")+"'")
	if err != nil || *stack.account.BaseEndpoint != "http://127.0.0.1:5000" || stack.credentials.AccessKeyID != "sandboxed" ||
		stack.credentials.SecretAccessKey != "it is" || stack.description != "The application talks to the sandbox, where it may do everything" {
		t.Errorf("found %+v (%v)", stack, err)
	}
	if want := (outputs{"eu-west-2", "mediaserver-cluster", "mediaserver-service", "mediaserver", revision, "media"}); stack.outputs != want {
		t.Errorf("the outputs are %+v", stack.outputs)
	}
}
