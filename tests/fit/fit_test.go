package fit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
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
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"mediaserver/tests/internal/appimage"
	"mediaserver/tests/internal/sandbox"
	"mediaserver/tests/internal/sandboxtest"
	"mediaserver/tools/fit"
)

// onPort80 lets the stack expect the application at port 80.
func onPort80(plan *fit.Plan) {
	plan.Port = 80
	plan.Container.Environment = []ecstypes.KeyValuePair{{Name: aws.String("PORT"), Value: aws.String("80")}}
	plan.Own.Command = []string{"curl", "--fail", "http://localhost:80/health"}
}

// scenario is an image and what is found about it.
type scenario struct {
	variant appimage.Variant
	// image changes the image, and plan what the stack says.
	image func(*v1.Config)
	plan  func(*fit.Plan)
	// limit is how long the application has, if not as long as the stack says. A real application needs time to start,
	// and more of it on a busy machine: where it is unexpectedly late, it gets twice the time.
	limit time.Duration
	code  fit.Code
	// phrases are in the output or in the verdict.
	phrases []string
}

var scenarios = map[string]scenario{
	"fits": {phrases: []string{"mediaserver:1 says: 0.25 vCPU, 512 MiB, linux/amd64, port 3000\n", "mediaserver | application ",
		"/health answers 200 from outside", " fits\n"}},
	"starts slowly": {variant: appimage.Variant{ReadyAfter: time.Hour}, plan: func(plan *fit.Plan) { plan.LoadBalancer.Judge.Limit = time.Second },
		code: fit.NotInTime, phrases: []string{"it listens on no port after ", "healthCheckGracePeriodSeconds (60 s)"}},
	"exits": {variant: appimage.Variant{ExitMessage: "DATABASE_URL is not set", ExitCode: 3},
		code: fit.Exited, phrases: []string{"mediaserver | DATABASE_URL is not set\n", "it exited with code 3 after ", "its last lines:\n", "    DATABASE_URL is not set\n"}},
	"takes too much memory": {variant: appimage.Variant{Allocate: 1024}, code: fit.OutOfMemory, phrases: []string{"more than its 512 MiB of memory"}},
	"has no curl": {variant: appimage.Variant{WithoutCurl: true}, code: fit.NoProgram,
		phrases: []string{"there is no curl in it, and the container's own health check runs curl --fail",
			"pulumi config set mediaserver:containerHealthCheck none"}},
	"has wget in place of curl": {variant: appimage.Variant{WithoutCurl: true, Wget: true}, code: fit.NoProgram,
		phrases: []string{"It has wget, so let the check run that: pulumi config set mediaserver:containerHealthCheck wget"}},
	"listens on another port": {variant: appimage.Variant{Port: 8080}, limit: 3 * time.Second,
		code: fit.OtherPort, phrases: []string{"it listens on port 8080, not on port 3000", "pulumi config set mediaserver:appPort 8080"}},
	"listens on loopback only": {variant: appimage.Variant{Host: "127.0.0.1"}, limit: 3 * time.Second,
		code: fit.LoopbackOnly, phrases: []string{"it listens on 127.0.0.1:3000 only"}},
	"answers another status": {variant: appimage.Variant{HealthStatus: 503}, limit: 3 * time.Second, code: fit.Unhealthy, phrases: []string{"/health answers 503 after "}},
	"takes too long to answer": {variant: appimage.Variant{HealthDelay: time.Hour}, limit: 3 * time.Second,
		code: fit.NotInTime, phrases: []string{"/health gives no answer after ", "it takes longer than 5 s"}},
	"speaks TLS": {variant: appimage.Variant{TLS: true}, code: fit.Unhealthy, phrases: []string{"it speaks TLS on port 3000"}},
	"closes idle connections": {variant: appimage.Variant{IdleTimeout: 5 * time.Second},
		phrases: []string{" fits\n", "Warning: it closes idle connections after 5 s, and the load balancer keeps them for 60 s."}},
	"has no right to port 80":  {plan: onPort80, code: fit.Exited, phrases: []string{"permission denied", "Its user 65532:65532 may not listen on port 80 on AWS Fargate"}},
	"has the right to port 80": {plan: onPort80, image: func(config *v1.Config) { config.User = "" }, phrases: []string{" fits\n"}},
	"has no entry point": {image: func(config *v1.Config) { config.Entrypoint = []string{"/nothing"} },
		code: fit.NotStarted, phrases: []string{"docker cannot start it: ", "/nothing"}},
	"has an entry point without its right": {image: func(config *v1.Config) { config.Entrypoint = []string{"/etc/hosts"} },
		code: fit.NotStarted, phrases: []string{"Its user may not execute /etc/hosts. Allow it in the Dockerfile"}},
	"has an entry point without its right, and no init process": {
		image: func(config *v1.Config) { config.Entrypoint = []string{"/etc/hosts"} },
		plan:  func(plan *fit.Plan) { plan.Container.LinuxParameters = nil },
		code:  fit.NotStarted, phrases: []string{"Its user may not execute /etc/hosts. Allow it in the Dockerfile"}},
}

func TestImagesAreTriedForTheStack(t *testing.T) {
	deployed := sandboxtest.New(t, "../..")
	deployed.Set("mediaserver:environment.OWN_VARIABLE=a variable",
		"mediaserver:secrets.OWN_PARAMETER=arn:aws:ssm:eu-west-2:123456789012:parameter/films/key",
		"mediaserver:secrets.OWN_SECRET="+ownSecrets(t, deployed)+":password::")
	deployed.Up()
	outputs := outputsOf(t, deployed)
	t.Run("an interrupt during the start leaves nothing behind", func(t *testing.T) { interruptDuringTheStart(t, deployed, outputs) })
	if !engineRuns(t) {
		return
	}
	t.Run("a kept container serves with what the stack gives it", func(t *testing.T) { kept(t, deployed, outputs) })
	t.Run("an interrupt leaves nothing behind", func(t *testing.T) { interrupt(t, deployed, outputs) })

	for _, variable := range deployed.Env() {
		if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value)
		}
	}
	stack := find(t, outputs)
	for name, each := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each.try(t, stack)
		})
	}
	for _, each := range []struct {
		check, name string
		scenario    scenario
	}{
		{"wget", "fits with wget", scenario{variant: appimage.Variant{WithoutCurl: true, Wget: true},
			phrases: []string{"Its own health check succeeds: wget -q -O /dev/null http://127.0.0.1:3000/health\n", " fits\n"}}},
		{"wget", "has curl in place of wget", scenario{code: fit.NoProgram,
			phrases: []string{"there is no wget in it", "It has curl, so let the check run that: pulumi config set mediaserver:containerHealthCheck curl"}}},
		{"none", "fits without a check", scenario{variant: appimage.Variant{WithoutCurl: true},
			phrases: []string{"says: 0.25 vCPU", "/health answers 200 from outside", " fits\n"}}},
	} {
		deployed.Set("mediaserver:containerHealthCheck=" + each.check)
		deployed.Up()
		stack := find(t, outputsOf(t, deployed))
		t.Run(each.name, func(t *testing.T) { each.scenario.try(t, stack) })
	}
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

func find(t *testing.T, outputs string) fit.Stack {
	t.Helper()
	stack, err := fit.Source{Outputs: outputs}.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return stack
}

// try makes the scenario's image, tries it for the stack and checks what is found.
func (s scenario) try(t *testing.T, stack fit.Stack) {
	t.Helper()
	engine, err := fit.FindDocker(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	image := load(t, s.variant, s.image)
	plan, err := stack.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.plan != nil {
		s.plan(&plan)
	}
	var output strings.Builder
	code := fit.NotInTime
	for limit := s.limit; code == fit.NotInTime && limit < 2*time.Minute; limit = 2*limit + time.Second {
		output.Reset()
		err := engine.Try(t.Context(), stack, plan, fit.Options{Image: image, Limit: limit, Output: &output})
		if verdict := new(fit.Verdict); errors.As(err, &verdict) {
			code = verdict.Code
		} else if code = fit.Fits; err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(&output, err)
		if code == s.code {
			break
		}
	}
	if code != s.code {
		t.Errorf("code %d, want %d", code, s.code)
	}
	for _, phrase := range s.phrases {
		if !strings.Contains(output.String(), phrase) {
			t.Errorf("the output lacks %q:\n%s", phrase, output.String())
		}
	}
	nothingLeft(t, image)
}

// start starts scripts/try-image in a process group of its own, as a terminal does, with further folders on PATH.
func start(t *testing.T, deployed *sandboxtest.Deployment, path string, arguments ...string) (*exec.Cmd, *watched) {
	t.Helper()
	script, err := filepath.Abs("../../scripts/try-image")
	if err != nil {
		t.Fatal(err)
	}
	output := &watched{changed: make(chan struct{}, 1)}
	command := exec.Command(script, arguments...)
	command.Env = append(deployed.Env(), "PATH="+path+os.Getenv("PATH"))
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return command, output
}

// interrupted sends Ctrl-C to the whole process group, as a terminal does, lets what is to come after it happen, and
// checks how the command ends.
func interrupted(t *testing.T, command *exec.Cmd, output *watched, after func()) {
	t.Helper()
	if err := syscall.Kill(-command.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	after()
	_ = command.Wait()
	if code := command.ProcessState.ExitCode(); code != int(fit.Interrupted) || !strings.HasSuffix(output.String(), "try-image: interrupted; nothing was left behind\n") {
		t.Errorf("exit code %d:\n%s", code, output)
	}
}

func interrupt(t *testing.T, deployed *sandboxtest.Deployment, outputs string) {
	image := load(t, appimage.Variant{ReadyAfter: time.Hour}, nil)
	command, output := start(t, deployed, "", image, "--outputs", outputs)
	output.await(t, "it listens on no port yet\n")
	interrupted(t, command, output, func() {})
	nothingLeft(t, image)
}

// interruptDuringTheStart has a docker whose container is made after the interrupt.
func interruptDuringTheStart(t *testing.T, deployed *sandboxtest.Deployment, outputs string) {
	folder := t.TempDir()
	script := `#!/bin/sh
case $1 in
version | image) echo linux/amd64 ;;
network) echo another-machine ;;
info) echo 2 ;;
create) echo begun >&2; : >"` + folder + `/begun"; read -r _ <"` + folder + `/go-on" && : >"` + folder + `/created" ;;
inspect) echo 'an-id {"Running":true}' ;;
port) echo 127.0.0.1:1 ;;
exec) exit 7 ;;
rm) : >"` + folder + `/removed" ;;
esac
`
	if err := errors.Join(os.WriteFile(filepath.Join(folder, "docker"), []byte(script), 0o755), syscall.Mkfifo(filepath.Join(folder, "go-on"), 0o600)); err != nil {
		t.Fatal(err)
	}
	command, output := start(t, deployed, folder+":", "app:built", "--outputs", outputs)
	// It opens once docker create reads it.
	goOn, err := os.OpenFile(filepath.Join(folder, "go-on"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer goOn.Close()
	interrupted(t, command, output, func() { _, _ = goOn.WriteString("go on\n") })
	for _, want := range []string{"created", "removed"} {
		if _, err := os.Stat(filepath.Join(folder, want)); err != nil {
			t.Errorf("the container was not %s", want)
		}
	}
}

// running finds the address and the name of a container that is left running.
var running = regexp.MustCompile(`It keeps running at (\S+), and its log is shown by: docker logs --follow (\S+)\nEnd it with: docker rm --force (\S+)\n`)

func kept(t *testing.T, deployed *sandboxtest.Deployment, outputs string) {
	image := load(t, appimage.Variant{Version: "v7"}, nil)
	command, output := start(t, deployed, "", "--outputs", outputs, "--keep", image)
	_ = command.Wait()
	found := running.FindStringSubmatch(output.String())
	if command.ProcessState.ExitCode() != 0 || found == nil {
		t.Fatalf("exit code %d:\n%s", command.ProcessState.ExitCode(), output)
	}
	defer func() { _, _ = docker("rm", "--force", found[3]) }()

	_, body := get(t, http.MethodGet, found[1]+"/report")
	var report struct {
		Version     string
		Environment map[string]string
		JWTSecret   struct{ SHA256 string }
		Own         map[string]string
	}
	if err := json.Unmarshal([]byte(body), &report); err != nil {
		t.Fatal(err)
	}
	parameter, err := ssm.NewFromConfig(sandbox.AWSConfig(deployed.Emulator)).GetParameter(t.Context(), &ssm.GetParameterInput{
		Name: aws.String("/mediaserver/jwt-secret"), WithDecryption: aws.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(*parameter.Parameter.Value))
	if report.Version != "v7" || report.JWTSecret.SHA256 != hex.EncodeToString(digest[:]) ||
		report.Environment["PORT"] != "3000" || report.Environment["AWS_REGION"] != "eu-west-2" {
		t.Errorf("the application reports %s", body)
	}
	if want := map[string]string{"OWN_VARIABLE": "a variable", "OWN_PARAMETER": "a parameter", "OWN_SECRET": "a secret"}; !maps.Equal(report.Own, want) {
		t.Errorf("the application has of its own %q", report.Own)
	}
	for _, value := range report.Own {
		if strings.Contains(output.String(), value) {
			t.Errorf("%q was printed:\n%s", value, output)
		}
	}
	// The emulator listens at docker's bridge too.
	if status, body := get(t, http.MethodPost, found[1]+"/bucket"); status != http.StatusOK {
		t.Errorf("the application's round through its bucket: %d %s", status, body)
	}
}

// get asks an address and returns status and body.
func get(t *testing.T, method, address string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// watched is an output that a test can wait for.
type watched struct {
	lock    sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func (w *watched) Write(text []byte) (int, error) {
	w.lock.Lock()
	defer w.lock.Unlock()
	select {
	case w.changed <- struct{}{}:
	default:
	}
	return w.text.Write(text)
}

func (w *watched) String() string {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.text.String()
}

// await waits until the output holds a phrase.
func (w *watched) await(t *testing.T, phrase string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for !strings.Contains(w.String(), phrase) {
		select {
		case <-w.changed:
		case <-ctx.Done():
			t.Fatalf("the output never held %q:\n%s", phrase, w)
		}
	}
}
