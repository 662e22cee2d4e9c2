package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/sandboxtest"
)

func TestSecretsAreNotOnACommandLine(t *testing.T) {
	stack := deploy(t)
	play := happy(t, status(200))
	result := stage{deployed: stack, script: play, variables: []string{"AWS_SESSION_TOKEN=a-session-token"}}.
		start(t, "--outputs", stack.outputs, "app:built").wait()
	result.expect(t, 0)
	made := recorded(result.folder, "create")[0]
	line := strings.Join(made.Arguments, " ")
	secret := stack.secret(t)
	for _, hidden := range []string{secret, "a-session-token", "AWS_SECRET_ACCESS_KEY=", "AWS_ACCESS_KEY_ID="} {
		if strings.Contains(line, hidden) {
			t.Errorf("the command line holds %q: %s", hidden, line)
		}
	}
	for _, want := range []string{"JWT_SECRET=" + secret, "AWS_SECRET_ACCESS_KEY=test", "AWS_ACCESS_KEY_ID=test"} {
		if !slices.Contains(made.Environment, want) {
			t.Errorf("docker's own environment lacks %s", strings.SplitN(want, "=", 2)[0])
		}
	}
	for _, want := range []string{"--env JWT_SECRET ", "--env AWS_SECRET_ACCESS_KEY ", "--env PORT=3000 ", "--env NODE_ENV=production ",
		"--env AWS_REGION=eu-west-2 ", "--init ", "--cpus 0.25 ", "--memory 512m --memory-swap 512m ", "--publish 127.0.0.1::3000 ",
		"--platform linux/amd64 ", "--pull never "} {
		if !strings.Contains(line+" ", want) {
			t.Errorf("the command line lacks %q: %s", want, line)
		}
	}
	asked := recorded(result.folder, "exec")[0].Arguments
	if want := []string{"curl", "--fail", "--silent", "--globoff", "http://localhost:3000/health"}; !slices.Equal(asked[2:], want) {
		t.Errorf("the check in the container is %q, want %q", asked[2:], want)
	}
}

func TestAnEngineOfAnotherMachineReachesTheSandboxByName(t *testing.T) {
	stack := deploy(t)
	result := stage{deployed: stack, script: happy(t, status(200))}.start(t, "--outputs", stack.outputs, "app:built").wait()
	result.expect(t, 0)
	made := recorded(result.folder, "create")[0]
	line := strings.Join(made.Arguments, " ")
	if !strings.Contains(line, "--add-host host.docker.internal:host-gateway ") ||
		!strings.Contains(line, ".host.docker.internal:host-gateway ") {
		t.Errorf("the command line leads no name to this machine: %s", line)
	}
	port := stack.Emulator[strings.LastIndex(stack.Emulator, ":"):]
	if relay := relayIn(t, made.Environment); relay != "host.docker.internal"+port {
		t.Errorf("the application's AWS is at %s", relay)
	}
}

func TestTheOwnCheckMayFailAlone(t *testing.T) {
	stack := deploy(t)
	play := happy(t, status(200)).but("exec", fails(60, "curl: (60) SSL certificate problem\n"))
	stage{deployed: stack, script: play}.start(t, "--outputs", stack.outputs, "--timeout", "1", "app:built").wait().
		expect(t, 16, "/health answers 200 from outside, but the container's own health check fails: exit code 60: curl: (60) SSL certificate problem")
}

func TestWhereNobodySeesThePortsTheVerdictSaysSo(t *testing.T) {
	stack := deploy(t)
	play := happy(t, gone).but("exec", fails(7, "")).but("exec cat", fails(126, `exec: "cat": executable file not found in $PATH`))
	stage{deployed: stack, script: play}.start(t, "--outputs", stack.outputs, "--timeout", "1", "app:built").wait().
		expect(t, 15, "/health gives no answer after ", "It may listen on another port than 3000, or on 127.0.0.1 only: this machine cannot see that.")
}

func TestWithoutDockerNothingCanBeTried(t *testing.T) {
	stack := deploy(t)
	for name, each := range map[string]struct {
		stage   stage
		phrases []string
	}{
		"not installed": {stage{deployed: stack, without: true},
			[]string{"try-image: docker is not on PATH\n", "https://docs.docker.com/engine/install/"}},
		"no engine": {stage{deployed: stack, script: script{"version": {fails(1, "Cannot connect to the Docker daemon at unix:///var/run/docker.sock.")}}},
			[]string{"try-image: docker does not answer: Cannot connect", "Start its engine"}},
		"containers of Windows": {stage{deployed: stack, script: script{"version": {says("windows/amd64")}}},
			[]string{"docker runs containers of windows/amd64"}},
	} {
		t.Run(name, func(t *testing.T) {
			each.stage.start(t, "--outputs", stack.outputs, "app:built").wait().expect(t, 3, each.phrases...)
		})
	}
}

func TestAnImageThatIsNotThereIsNotPulled(t *testing.T) {
	stack := deploy(t)
	play := happy(t, status(200)).but("image", fails(1, "Error: No such image: app:built"))
	result := stage{deployed: stack, script: play}.start(t, "--outputs", stack.outputs, "app:built").wait()
	result.expect(t, 5, "app:built does not fit: it is not on this machine: Error: No such image: app:built\n", "docker image ls")
	engine, real := realEngine(t)
	if !real {
		return
	}
	stage{deployed: stack, engine: engine}.start(t, "--outputs", stack.outputs, "try-image-test:never-built").wait().
		expect(t, 5, "it is not on this machine", "No such image")
}

func TestOutputsThatDoNotDoAreRefused(t *testing.T) {
	stack := deploy(t)
	folder := t.TempDir()
	text := read(t, stack.outputs)
	for name, each := range map[string]struct{ text, phrase string }{
		"no JSON":       {"nothing", "they must be what 'pulumi stack output --json' prints"},
		"missing":       {"{}", "missing stack output: bucketName, containerName, ecsClusterName, ecsServiceName, region, taskDefinitionArn; run 'pulumi up'"},
		"no container":  {strings.Replace(text, `"containerName": "mediaserver"`, `"containerName": "other"`, 1), `has no container "other": the outputs are older than the stack`},
		"no service":    {strings.Replace(text, "mediaserver-service", "other-service", 1), "service other-service is not there"},
		"not there yet": {"", "cannot read the outputs: open "},
	} {
		file := filepath.Join(folder, strings.ReplaceAll(name, " ", "-"))
		if each.text != "" {
			write(t, file, each.text)
		}
		t.Run(name, func(t *testing.T) {
			stage{deployed: stack, script: happy(t, status(200))}.start(t, "--outputs", file, "app:built").wait().
				expect(t, 4, "try-image: ", each.phrase)
		})
	}
}

func TestOutputsFromBeforeTheLastChangeAreRefused(t *testing.T) {
	changing := sandboxtest.New(t, "../../..")
	changing.Up()
	stack := &deployed{Stack: &changing.Stack, outputs: filepath.Join(t.TempDir(), "outputs.json")}
	write(t, stack.outputs, changing.Must("stack", "output", "--json").Stdout)
	changing.Up("-c", "mediaserver:memory=1024")
	stage{deployed: stack, script: happy(t, status(200))}.start(t, "--outputs", stack.outputs, "app:built").wait().
		expect(t, 4, "are older than the stack: they name ", "mediaserver:1, and there is ", "mediaserver:2", "pulumi stack output --json")
}

func TestAWSThatRefusesIsReported(t *testing.T) {
	stack := deploy(t)
	text := read(t, stack.outputs)
	file := filepath.Join(t.TempDir(), "outputs.json")
	write(t, file, strings.Replace(text, "task-definition/mediaserver:1", "task-definition/other:1", 1))
	stage{deployed: stack, script: happy(t, status(200))}.start(t, "--outputs", file, "app:built").wait().
		expect(t, 14, "try-image: read task definition ", "ecs:DescribeTaskDefinition")
}

// A sandbox is what scripts/sandbox says of it.
func TestTheSandboxIsTheDefault(t *testing.T) {
	stack := deploy(t)
	root := t.TempDir()
	play := happy(t, status(200))
	try := func(t *testing.T) performance {
		return stage{deployed: stack, script: play, root: root, variables: []string{"AWS_ENDPOINT_URL=http://192.0.2.1:1"}}.start(t, "app:built").wait()
	}
	try(t).expect(t, 4, "try-image: there is no sandbox to try the image in\n", "make sandbox", "--stack")

	if err := os.Mkdir(filepath.Join(root, ".sandbox"), 0o755); err != nil {
		t.Fatal(err)
	}
	sandbox := filepath.Join(root, "scripts", "sandbox")
	tell := func(env, outputs string) {
		t.Helper()
		write(t, sandbox, "#!/bin/sh\ncase $1 in env) "+env+" ;; pulumi) "+outputs+" ;; esac\n")
		if err := os.Chmod(sandbox, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	exports := "echo \"export AWS_ENDPOINT_URL=" + stack.Emulator + " AWS_ACCESS_KEY_ID=sandboxed AWS_SECRET_ACCESS_KEY='it is'\""
	tell("echo 'sandbox: no sandbox is running; start it with make sandbox' >&2; exit 1", "exit 1")
	try(t).expect(t, 4, "cannot find the sandbox: sandbox: no sandbox is running; start it with make sandbox")
	tell(exports, "echo '{}'")
	try(t).expect(t, 4, "the sandbox is not deployed: missing stack output: bucketName")
	tell(exports, "cat '"+stack.outputs+"'")
	result := try(t)
	result.expect(t, 0, "The application talks to the sandbox, where it may do everything\n", "app:built fits\n")
	if made := recorded(result.folder, "create")[0]; !slices.Contains(made.Environment, "AWS_ACCESS_KEY_ID=sandboxed") ||
		!slices.Contains(made.Environment, "AWS_SECRET_ACCESS_KEY=it is") {
		t.Error("the application does not get the sandbox's credentials")
	}
}

func TestAStackIsFoundByPulumi(t *testing.T) {
	stack := deploy(t)
	folder, root := t.TempDir(), t.TempDir()
	write(t, filepath.Join(folder, "path", "pulumi"), "#!/bin/sh\necho \"$@\" >'"+folder+"/asked'\ncat '"+stack.outputs+"'\n")
	if err := os.Chmod(filepath.Join(folder, "path", "pulumi"), 0o755); err != nil {
		t.Fatal(err)
	}
	stage{deployed: stack, script: happy(t, status(200)), folder: folder, root: root}.start(t, "--stack", "production", "app:built").wait().
		expect(t, 0, "The application gets the credentials of this environment, not the task role's", "app:built fits\n")
	asked, err := os.ReadFile(filepath.Join(folder, "asked"))
	if want := "stack output --json --cwd " + root + " --stack production\n"; err != nil || string(asked) != want {
		t.Errorf("asked pulumi %q (%v), want %q", asked, err, want)
	}
}

func TestWrongUsageIsRefused(t *testing.T) {
	for name, each := range map[string]struct {
		arguments []string
		phrase    string
	}{
		"no image":          {nil, "name the image to try, as docker names it: scripts/try-image app:built"},
		"two images":        {[]string{"app:built", "--keep", "app:other"}, `name one image only, not "app:built" and "app:other"`},
		"unknown option":    {[]string{"app:built", "--now"}, "unknown flag: --now; see --help"},
		"two stacks":        {[]string{"app:built", "--stack", "dev", "--outputs", "file"}, "--stack and --outputs exclude each other"},
		"a stack of nobody": {[]string{"app:built", "--stack", ""}, "it needs a value"},
		"no time":           {[]string{"app:built", "--timeout", "0"}, `invalid argument "0" for "--timeout" flag: it must be a number of seconds above 0`},
		"a strange time":    {[]string{"app:built", "--timeout", "soon"}, `invalid argument "soon" for "--timeout" flag: it must be a number of seconds above 0; see --help`},
	} {
		t.Run(name, func(t *testing.T) {
			var output, messages strings.Builder
			if code := run(t.Context(), each.arguments, &output, &messages); code != 2 {
				t.Errorf("exit code %d, want 2", code)
			}
			if !strings.Contains(messages.String(), each.phrase) || !strings.Contains(messages.String(), "--help") {
				t.Errorf("the message is %q, want %q in it", messages.String(), each.phrase)
			}
		})
	}
	var output, messages strings.Builder
	if code := run(t.Context(), []string{"--help"}, &output, &messages); code != 0 || output.String() != usage {
		t.Errorf("--help ends with %d and prints %q", code, output.String())
	}
}
