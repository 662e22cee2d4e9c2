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
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"mediaserver/tests/internal/appimage"
)

// deploy has scripts/deploy-app push a version, made without docker because there may be none, and deploy it. The flags are
// those of tests/application.
func (r *run) deploy(ctx context.Context, code int, says, tag string, flags []string, options ...string) error {
	program, err := appimage.Compile(ctx, filepath.Join(r.Root, "tests"))
	if err != nil {
		return err
	}
	image, err := appimage.Image(program, []string{"curl"}, flags...)
	if err != nil {
		return err
	}
	archive := filepath.Join(r.Folder, tag+".tar")
	reference, err := name.NewTag("application:" + tag)
	if err != nil {
		return err
	}
	if err := tarball.WriteToFile(archive, reference, image); err != nil {
		return fmt.Errorf("save the image: %w", err)
	}
	return r.deployApp(ctx, code, says, append(options, "--image", archive, "--tag", tag)...)
}

// deployApp runs scripts/deploy-app on the run's stack. What it prints must have a text in it.
func (r *run) deployApp(ctx context.Context, code int, says string, options ...string) error {
	options = append(options, "--poll", strconv.Itoa(int(r.Patience.Seconds())))
	_, printed, err := r.execute(ctx, code, filepath.Join(r.Root, "scripts", "deploy-app"), options...)
	if err == nil && !strings.Contains(printed, says) {
		err = fmt.Errorf("deploy-app does not say %q:\n%s", says, printed)
	}
	return err
}

func (r *run) deployFirst(ctx context.Context) (string, error) {
	// The stack's settings name the tag latest.
	if err := r.deploy(ctx, 0, "", "latest", []string{"-version", "first"}, "--count", "1"); err != nil {
		return "", err
	}
	r.version = "first"
	return "answers 200; the secret and the bucket reach the container", r.checkApplication(ctx)
}

func (r *run) deploySecond(ctx context.Context) (string, error) {
	if err := r.deploy(ctx, 0, "", "v2", []string{"-version", "second"}); err != nil {
		return "", err
	}
	r.version = "second"
	return "", r.checkApplication(ctx)
}

// deployBroken deploys a version that exits at once. deploy-app must say that ECS rolled it back, and why, and the version
// before must answer again.
func (r *run) deployBroken(ctx context.Context) (string, error) {
	reason := "exit code 3"
	broken := []string{"-version", "broken", "-exit-message", "this version is broken on purpose", "-exit-code", "3"}
	if err := r.deploy(ctx, 10, reason, "broken", broken); err != nil {
		return "", err
	}
	// Until ECS has gone back it takes no other deployment.
	if err := r.awaitSteady(ctx); err != nil {
		return "", err
	}
	return "deploy-app ends with exit code 10 and the container's " + reason, r.checkApplication(ctx)
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
	stable := ecs.NewServicesStableWaiter(r.clients.ECS, func(options *ecs.ServicesStableWaiterOptions) {
		options.MinDelay, options.MaxDelay = r.Patience, r.Patience
	})
	service := &ecs.DescribeServicesInput{Cluster: aws.String(r.Name + "-cluster"), Services: []string{r.Name + "-service"}}
	if err := stable.Wait(ctx, service, stepLimit); err != nil {
		return fmt.Errorf("wait until the service runs its tasks: %w", err)
	}
	return nil
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
		"AWS_REGION": r.Region, "NODE_ENV": "production", "S3_BUCKET_NAME": fmt.Sprint(r.outputs["bucketName"]),
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
	response, err := r.Public.Do(request)
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
