package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"mediaserver/tests/internal/appimage"
)

// brokenCode is the exit code with which the broken version ends.
const brokenCode = 3

// images are the images of the run, by their tags. The first is the one that the stack's settings name.
var images = []struct {
	tag   string
	flags []string
}{
	{"latest", []string{"-version", "first"}},
	{"v2", []string{"-version", "second"}},
	{"broken", []string{"-version", "broken", "-exit-message", "this version is broken on purpose", "-exit-code", strconv.Itoa(brokenCode)}},
}

// pushImages makes the images without docker, because there may be none.
func (r *run) pushImages(ctx context.Context) (string, error) {
	program, err := appimage.Compile(ctx, filepath.Join(r.Root, "tests"))
	if err != nil {
		return "", err
	}
	for _, each := range images {
		image, err := appimage.Image(program, []string{"curl"}, each.flags...)
		if err != nil {
			return "", err
		}
		if err := r.target.Containers.Push(ctx, image, fmt.Sprintf("%v:%s", r.outputs["ecrRepositoryUrl"], each.tag)); err != nil {
			return "", err
		}
	}
	return "", nil
}

// deployApp runs scripts/deploy-app on the run's stack. What it prints must have a text in it.
func (r *run) deployApp(ctx context.Context, code int, says string, arguments ...string) error {
	arguments = append(arguments, "--poll", strconv.Itoa(int(r.target.Patience.Seconds())))
	result, err := r.stack.run(ctx, code, filepath.Join(r.Root, "scripts", "deploy-app"), arguments...)
	if err != nil {
		return err
	}
	if printed := result.stdout + result.stderr; !strings.Contains(printed, says) {
		return fmt.Errorf("deploy-app does not say %q:\n%s", says, lastLines(printed))
	}
	return nil
}

func (r *run) deployFirst(ctx context.Context) (string, error) {
	if err := r.deployApp(ctx, 0, "", "--skip-push", "--count", "1"); err != nil {
		return "", err
	}
	r.version = "first"
	return "answers 200; the secret and the bucket reach the container", r.checkApplication(ctx)
}

func (r *run) deploySecond(ctx context.Context) (string, error) {
	if err := r.deployApp(ctx, 0, "", "--skip-push", "--tag", "v2"); err != nil {
		return "", err
	}
	r.version = "second"
	return "", r.checkApplication(ctx)
}

// deployBroken deploys a version that exits at once. deploy-app must say that ECS rolled it back, and why, and the version
// before must answer again.
func (r *run) deployBroken(ctx context.Context) (string, error) {
	reason := fmt.Sprintf("exit code %d", brokenCode)
	if err := r.deployApp(ctx, 10, reason, "--skip-push", "--tag", "broken"); err != nil {
		return "", err
	}
	// Until ECS has gone back it takes no other deployment.
	if err := r.awaitSteady(ctx); err != nil {
		return "", err
	}
	return "exit code 10, and the container's " + reason + " as the reason", r.checkApplication(ctx)
}

func (r *run) rollBack(ctx context.Context) (string, error) {
	if err := r.deployApp(ctx, 0, "Rolled back to ", "--rollback"); err != nil {
		return "", err
	}
	r.version = "first"
	return "", r.checkApplication(ctx)
}

// awaitSteady waits until the service has one deployment, which runs all its tasks.
func (r *run) awaitSteady(ctx context.Context) error {
	return r.await(ctx, func() error {
		found, err := r.clients.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{
			Cluster: aws.String(r.target.Name + "-cluster"), Services: []string{r.target.Name + "-service"},
		})
		if err != nil {
			return fmt.Errorf("read the service: %w", err)
		}
		if len(found.Services) == 0 {
			return errors.New("there is no service")
		}
		service := found.Services[0]
		if len(service.Deployments) != 1 || service.RunningCount != service.DesiredCount {
			return fmt.Errorf("the service has %d deployments and runs %d of %d tasks",
				len(service.Deployments), service.RunningCount, service.DesiredCount)
		}
		return nil
	})
}

// checkApplication asks the public address what a user and the application see: the version, the secret by its digest,
// the plain variables, and whether the application can use the bucket.
func (r *run) checkApplication(ctx context.Context) error {
	name := fmt.Sprint(r.outputs["jwtSecretParameter"])
	parameter, err := r.clients.SSM.GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
	if err != nil {
		return fmt.Errorf("read the JWT secret: %w", err)
	}
	digest := sha256.Sum256([]byte(aws.ToString(parameter.Parameter.Value)))
	var report struct {
		Version     string
		Environment map[string]string
		JWTSecret   struct{ SHA256 string }
	}
	// Behind the load balancer the tasks before may answer for a moment longer.
	if err := r.await(ctx, func() error {
		if err := r.ask(ctx, http.MethodGet, "/health", nil); err != nil {
			return err
		}
		if err := r.ask(ctx, http.MethodGet, "/report", &report); err != nil {
			return err
		}
		if report.Version != r.version {
			return fmt.Errorf("the version %q answers, want %q", report.Version, r.version)
		}
		return nil
	}); err != nil {
		return err
	}
	var wrong []error
	if report.JWTSecret.SHA256 != hex.EncodeToString(digest[:]) {
		wrong = append(wrong, errors.New("the secret that reaches the container is not the one in Parameter Store"))
	}
	for name, want := range map[string]string{
		"AWS_REGION": r.target.Region, "NODE_ENV": "production", "S3_BUCKET_NAME": fmt.Sprint(r.outputs["bucketName"]),
	} {
		if got := report.Environment[name]; got != want {
			wrong = append(wrong, fmt.Errorf("the container has %s=%q, want %q", name, got, want))
		}
	}
	if err := r.ask(ctx, http.MethodPost, "/bucket", nil); err != nil {
		wrong = append(wrong, fmt.Errorf("the container cannot use the bucket: %w", err))
	}
	return errors.Join(wrong...)
}

// ask asks the application and decodes its answer, which must have the status 200.
func (r *run) ask(ctx context.Context, method, path string, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, fmt.Sprint(r.outputs["appUrl"])+path, nil)
	if err != nil {
		return err
	}
	response, err := r.target.Containers.Public.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s answers %d: %s", method, path, response.StatusCode, strings.TrimSpace(string(body)))
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}
