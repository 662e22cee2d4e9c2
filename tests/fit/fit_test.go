// Package fit proves with real images, where docker runs on this machine, what scripts/try-image says about a stack in
// the sandbox.
package fit

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"mediaserver/tests/internal/appimage"
	"mediaserver/tests/internal/sandbox"
	"mediaserver/tests/internal/sandboxtest"
	"mediaserver/tools/fit"
)

// scenario is an image and what is found about it.
type scenario struct {
	// programs are curl or wget, if the image has them, and flags those of the application.
	programs, flags []string
	// user and entryPoint change the image. Root is the user 0.
	user, entryPoint string
	// limit is how long the application has, if not as long as the stack says.
	limit time.Duration
	code  fit.Code
	// phrases are in the output or in the verdict.
	phrases []string
}

var curl, wget = []string{"curl"}, []string{"wget"}

// scenarios are images that are tried for the default stack.
var scenarios = map[string]scenario{
	"exits": {
		programs: curl, flags: []string{"-exit-message", "DATABASE_URL is not set", "-exit-code", "3"}, code: fit.Exited,
		phrases: []string{"mediaserver | DATABASE_URL is not set\n", "it exited with code 3; its last lines:\n    application "},
	},
	"takes too much memory": {
		programs: curl, flags: []string{"-allocate", "1024"},
		code: fit.OutOfMemory, phrases: []string{"more than its 512 MiB of memory"},
	},
	"has no curl": {
		code:    fit.NoProgram,
		phrases: []string{"there is no curl in it, and the container's own health check runs curl --fail", "containerHealthCheck none"},
	},
	"has wget in place of curl": {programs: wget, code: fit.NoProgram, phrases: []string{"It has wget", "containerHealthCheck wget"}},
	"listens on another port": {
		programs: curl, flags: []string{"-port", "8080"}, limit: 3 * time.Second,
		code: fit.OtherPort, phrases: []string{"it listens on port 8080, not on port 3000", "mediaserver:appPort 8080"},
	},
	"listens on loopback only": {
		programs: curl, flags: []string{"-host", "127.0.0.1"}, limit: 3 * time.Second,
		code: fit.LoopbackOnly, phrases: []string{"it listens on 127.0.0.1:3000 only"},
	},
	"closes idle connections": {
		programs: curl, flags: []string{"-idle-timeout", "5s"},
		phrases: []string{"/health answers 200 from outside", " fits\n", "Warning: it closes a connection that is idle for 7 s"},
	},
	"has no entry point":  {entryPoint: "/nothing", code: fit.NotStarted, phrases: []string{"docker cannot start it: ", "/nothing"}},
	"may not be executed": {entryPoint: "/etc/hosts", code: fit.NotStarted, phrases: []string{"Its user may not execute /etc/hosts."}},
}

// others are images that are tried for a stack that checks with wget, at port 80, and without an init process.
var others = map[string]scenario{
	"fits": {
		programs: wget, user: "0",
		phrases: []string{"Its own health check succeeds: wget -q -O /dev/null http://127.0.0.1:80/health\n", " fits\n"},
	},
	"has no right to it": {
		programs: wget, code: fit.Exited,
		phrases: []string{"permission denied", "Its user 65532:65532 may not listen on port 80 on AWS Fargate"},
	},
	"has curl in place of wget": {
		programs: curl, user: "0", code: fit.NoProgram, phrases: []string{"there is no wget in it", "containerHealthCheck curl"},
	},
	"may not be executed": {entryPoint: "/etc/hosts", code: fit.NotStarted, phrases: []string{"Its user may not execute /etc/hosts."}},
	"is for another processor": {
		code: fit.OtherFormat, phrases: []string{"it is not for linux/amd64, which the tasks run: "},
	},
}

func TestImagesAreTriedForTheStack(t *testing.T) {
	deployed := sandboxtest.New(t, "../..")
	deployed.Set("mediaserver:environment.OWN_VARIABLE=a variable",
		"mediaserver:secrets.OWN_PARAMETER=arn:aws:ssm:eu-west-2:123456789012:parameter/films/key",
		"mediaserver:secrets.OWN_SECRET="+ownSecrets(t, deployed)+":password::")
	deployed.Up()
	outputs := outputsOf(t, deployed)
	t.Run("an interrupt during the start leaves nothing behind", func(t *testing.T) { interruptDuringTheStart(t, deployed, outputs) })
	// The tests beside the library have a docker that answers as it is told.
	if platform, err := docker("version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"); err != nil || platform != "linux/amd64" {
		t.Logf("no docker engine for linux/amd64 here: %s (%v)", platform, err)
		return
	}
	t.Run("a kept container serves with what the stack gives it", func(t *testing.T) { kept(t, deployed, outputs) })
	t.Run("an interrupt leaves nothing behind", func(t *testing.T) { interrupt(t, deployed, outputs) })

	for _, variable := range deployed.Env() {
		if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value)
		}
	}
	t.Run("the default stack", func(t *testing.T) { try(t, scenarios, outputs) })
	deployed.Set("mediaserver:containerHealthCheck=wget", "mediaserver:appPort=80", "mediaserver:executeCommand=false")
	deployed.Up()
	t.Run("another stack", func(t *testing.T) { try(t, others, outputsOf(t, deployed)) })
}

// ownSecrets makes a parameter and a secret of the application's own, and returns the secret's ARN.
func ownSecrets(t *testing.T, deployed *sandboxtest.Deployment) string {
	t.Helper()
	account := sandbox.AWSConfig(deployed.Emulator)
	_, err := ssm.NewFromConfig(account).PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: aws.String("/films/key"), Value: aws.String("a parameter"), Type: ssmtypes.ParameterTypeSecureString,
	})
	if err != nil {
		t.Fatal(err)
	}
	made, err := secretsmanager.NewFromConfig(account).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("films/database"), SecretString: aws.String(`{"password": "a secret"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return *made.ARN
}

// outputsOf writes the stack's outputs into a file.
func outputsOf(t *testing.T, deployed *sandboxtest.Deployment) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "outputs.json")
	if err := os.WriteFile(path, []byte(deployed.Must("stack", "output", "--json").Stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// docker runs a docker command.
func docker(arguments ...string) (string, error) {
	output, err := exec.Command("docker", arguments...).CombinedOutput()
	return strings.TrimSpace(string(output)), err
}

// compiled is the application, compiled once.
var compiled = sync.OnceValues(func() ([]byte, error) { return appimage.Compile(context.Background(), "..") })

// noTag is what a test's name has and a tag may not have.
var noTag = regexp.MustCompile(`[^a-z0-9]+`)

// load makes the image of a scenario and loads it into the engine under a name of its own, which it returns. When the
// test ends, no container of it may be left, and the image goes.
func (s scenario) load(t *testing.T) string {
	t.Helper()
	program, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	image, err := appimage.Image(program, s.programs, s.flags...)
	if err != nil {
		t.Fatal(err)
	}
	file, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	changed := file.DeepCopy()
	if s.user != "" {
		changed.Config.User = s.user
	}
	if s.entryPoint != "" {
		changed.Config.Entrypoint = []string{s.entryPoint}
	}
	if s.code == fit.OtherFormat {
		changed.Architecture = "arm64"
	}
	if image, err = mutate.ConfigFile(image, changed); err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag("try-image-test:" + noTag.ReplaceAllString(filepath.Base(t.Name()), "-"))
	if err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(t.TempDir(), "image.tar")
	if err := tarball.WriteToFile(archive, tag, image); err != nil {
		t.Fatal(err)
	}
	if output, err := docker("load", "--quiet", "--input", archive); err != nil {
		t.Fatalf("docker load: %v\n%s", err, output)
	}
	t.Cleanup(func() {
		if left, err := docker("ps", "--all", "--quiet", "--filter", "ancestor="+tag.String()); err != nil || left != "" {
			t.Errorf("left behind: %s (%v)", left, err)
		}
		if output, err := docker("image", "rm", "--force", tag.String()); err != nil {
			t.Errorf("docker image rm: %v\n%s", err, output)
		}
	})
	return tag.String()
}

// try tries the image of each scenario for the stack and checks what is found.
func try(t *testing.T, scenarios map[string]scenario, outputs string) {
	for name, each := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			image := each.load(t)
			var printed strings.Builder
			code := fit.NotInTime
			// A real application needs time to start, and more of it on a busy machine: where it is unexpectedly late, it
			// gets twice the time.
			for limit := each.limit; code == fit.NotInTime && limit < 2*time.Minute; limit = 2*limit + time.Second {
				printed.Reset()
				err := fit.Request{Image: image, Outputs: outputs, Limit: limit, Output: &printed}.Try(t.Context())
				code = fit.Fits
				if verdict := new(fit.Verdict); errors.As(err, &verdict) {
					code = verdict.Code
					printed.WriteString(err.Error())
				} else if err != nil {
					t.Fatal(err)
				}
			}
			if code != each.code {
				t.Errorf("code %d, want %d", code, each.code)
			}
			for _, phrase := range each.phrases {
				if !strings.Contains(printed.String(), phrase) {
					t.Errorf("the output lacks %q:\n%s", phrase, printed.String())
				}
			}
		})
	}
}

// started is a run of scripts/try-image in a process group of its own, as a terminal starts it.
type started struct {
	*exec.Cmd
	output *bufio.Reader
}

// start starts scripts/try-image, with further folders on PATH.
func start(t *testing.T, deployed *sandboxtest.Deployment, path string, arguments ...string) started {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("../../scripts/try-image", arguments...)
	command.Env = append(deployed.Env(), "PATH="+path+os.Getenv("PATH"))
	command.Stdout, command.Stderr = write, write
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := errors.Join(command.Start(), write.Close()); err != nil {
		t.Fatal(err)
	}
	return started{command, bufio.NewReader(read)}
}

// end waits for the end of the run, and returns the rest of what it printed and its exit code.
func (s started) end(t *testing.T) (string, int) {
	t.Helper()
	rest, err := io.ReadAll(s.output)
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Wait()
	return string(rest), s.ProcessState.ExitCode()
}

// interrupted sends Ctrl-C to the whole process group, as a terminal does, lets what is to come after it happen, and
// checks how the command ends.
func (s started) interrupted(t *testing.T, after func()) {
	t.Helper()
	if err := syscall.Kill(-s.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	after()
	output, code := s.end(t)
	if code != int(fit.Interrupted) || !strings.HasSuffix(output, "try-image: interrupted; nothing was left behind\n") {
		t.Errorf("exit code %d:\n%s", code, output)
	}
}

func interrupt(t *testing.T, deployed *sandboxtest.Deployment, outputs string) {
	image := scenario{programs: curl, flags: []string{"-host", "127.0.0.1"}}.load(t)
	run := start(t, deployed, "", image, "--outputs", outputs)
	for line := ""; !strings.Contains(line, "it listens on 127.0.0.1:3000 only"); {
		var err error
		if line, err = run.output.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	run.interrupted(t, func() {})
}

// interruptDuringTheStart has a docker whose container is made after the interrupt.
func interruptDuringTheStart(t *testing.T, deployed *sandboxtest.Deployment, outputs string) {
	folder := t.TempDir()
	script := `#!/bin/sh
case $1 in
create) read -r _ <"` + folder + `/go-on" && : >"` + folder + `/created" ;;
rm) : >"` + folder + `/removed" ;;
esac
`
	err := os.WriteFile(filepath.Join(folder, "docker"), []byte(script), 0o755)
	if err := errors.Join(err, syscall.Mkfifo(filepath.Join(folder, "go-on"), 0o600)); err != nil {
		t.Fatal(err)
	}
	run := start(t, deployed, folder+":", "app:built", "--outputs", outputs)
	// It opens once docker create reads it.
	goOn, err := os.OpenFile(filepath.Join(folder, "go-on"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer goOn.Close()
	run.interrupted(t, func() { _, _ = goOn.WriteString("go on\n") })
	for _, want := range []string{"created", "removed"} {
		if _, err := os.Stat(filepath.Join(folder, want)); err != nil {
			t.Errorf("the container was not %s", want)
		}
	}
}

// running finds the address and the name of a container that is left running.
var running = regexp.MustCompile(`It keeps running at (\S+), and its log is shown by: docker logs --follow try-image-\S+
End it with: docker rm --force (\S+)
`)

func kept(t *testing.T, deployed *sandboxtest.Deployment, outputs string) {
	image := scenario{programs: curl, flags: []string{"-version", "v7"}}.load(t)
	output, code := start(t, deployed, "", "--outputs", outputs, "--keep", image).end(t)
	found := running.FindStringSubmatch(output)
	if code != 0 || found == nil || !strings.Contains(output, "mediaserver:1 says: 0.25 vCPU, 512 MiB, linux/amd64, port 3000\n") {
		t.Fatalf("exit code %d:\n%s", code, output)
	}
	defer func() { _, _ = docker("rm", "--force", found[2]) }()

	answer, err := http.Get(found[1] + "/report")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var report struct {
		Version     string
		Environment map[string]string
		JWTSecret   struct{ SHA256 string }
	}
	if err := json.NewDecoder(answer.Body).Decode(&report); err != nil {
		t.Fatal(err)
	}
	parameter, err := ssm.NewFromConfig(sandbox.AWSConfig(deployed.Emulator)).GetParameter(t.Context(), &ssm.GetParameterInput{
		Name: aws.String("/mediaserver/jwt-secret"), WithDecryption: aws.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(*parameter.Parameter.Value))
	want := map[string]string{
		"AWS_REGION": "eu-west-2", "NODE_ENV": "production", "PORT": "3000", "S3_BUCKET_NAME": report.Environment["S3_BUCKET_NAME"],
		"OWN_VARIABLE": "a variable", "OWN_PARAMETER": "a parameter", "OWN_SECRET": "a secret",
	}
	if report.Version != "v7" || report.JWTSecret.SHA256 != hex.EncodeToString(digest[:]) || !maps.Equal(report.Environment, want) {
		t.Errorf("the application reports %+v", report)
	}
	for _, secret := range []string{"a parameter", "a secret", *parameter.Parameter.Value} {
		if strings.Contains(output, secret) {
			t.Errorf("%q was printed:\n%s", secret, output)
		}
	}
	// The emulator listens at docker's bridge too.
	if round, err := http.Post(found[1]+"/bucket", "", nil); err != nil || round.StatusCode != http.StatusOK {
		t.Errorf("the application's round through its bucket: %+v (%v)", round, err)
	}
}
