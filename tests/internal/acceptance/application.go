package acceptance

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
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"mediaserver/tests/internal/appimage"
)

// brokenMessage is what the broken version says before it ends with brokenCode.
const (
	brokenMessage = "this version is broken on purpose"
	brokenCode    = 3
)

// images are the images of the run, by their tags. The first is the one that the stack's settings name.
var images = []struct {
	tag     string
	variant appimage.Variant
}{
	{"latest", appimage.Variant{Version: "first"}},
	{"v2", appimage.Variant{Version: "second"}},
	{"broken", appimage.Variant{Version: "broken", ExitMessage: brokenMessage, ExitCode: brokenCode}},
}

// pushImages makes the images without docker, because there may be none.
func (r *run) pushImages(ctx context.Context) (string, error) {
	outputs, err := r.stack.outputs(ctx)
	if err != nil {
		return "", err
	}
	program, err := appimage.Compile(ctx, filepath.Join(r.Root, "tests"), "amd64")
	if err != nil {
		return "", err
	}
	for _, each := range images {
		image, err := program.Image(each.variant)
		if err != nil {
			return "", err
		}
		reference := fmt.Sprintf("%v:%s", outputs["ecrRepositoryUrl"], each.tag)
		if err := r.target.Containers.Push(ctx, image, reference); err != nil {
			return "", err
		}
	}
	return "", nil
}

// deployApp runs scripts/deploy-app on the run's stack. It is an error if it does not end with the exit code.
func (r *run) deployApp(ctx context.Context, code int, arguments ...string) (outcome, error) {
	arguments = append(arguments, "--poll", strconv.Itoa(r.target.Patience))
	result, err := r.stack.run(ctx, filepath.Join(r.Root, "scripts", "deploy-app"), arguments...)
	if err != nil {
		return result, err
	}
	if result.code != code {
		return result, fmt.Errorf("deploy-app %s ended with exit code %d, not %d:\n%s",
			strings.Join(arguments, " "), result.code, code, result.lastLines(shownLines))
	}
	return result, nil
}

func (r *run) deployFirst(ctx context.Context) (string, error) {
	if _, err := r.deployApp(ctx, 0, "--skip-push", "--count", "1"); err != nil {
		return "", err
	}
	r.version = "first"
	return "answers 200; the secret and the bucket reach the container", r.checkApplication(ctx)
}

func (r *run) deploySecond(ctx context.Context) (string, error) {
	if _, err := r.deployApp(ctx, 0, "--skip-push", "--tag", "v2"); err != nil {
		return "", err
	}
	r.version = "second"
	return "", r.checkApplication(ctx)
}

// deployBroken deploys a version that ends at once. deploy-app must tell that ECS gave it up, and why, and the version
// before must answer afterwards.
func (r *run) deployBroken(ctx context.Context) (string, error) {
	result, err := r.deployApp(ctx, 10, "--skip-push", "--tag", "broken")
	if err != nil {
		return "", err
	}
	reason := fmt.Sprintf("exit code %d", brokenCode)
	if !strings.Contains(result.all, reason) {
		return "", fmt.Errorf("deploy-app does not give the reason, %s:\n%s", reason, result.lastLines(shownLines))
	}
	if err := r.awaitRollback(ctx); err != nil {
		return "", err
	}
	return "exit code 10, and the container's exit code " + strconv.Itoa(brokenCode) + " as the reason", r.checkApplication(ctx)
}

func (r *run) rollBack(ctx context.Context) (string, error) {
	result, err := r.deployApp(ctx, 0, "--rollback")
	if err != nil {
		return "", err
	}
	if !strings.Contains(result.all, "Rolled back to ") {
		return "", fmt.Errorf("deploy-app does not say what it went back to:\n%s", result.lastLines(shownLines))
	}
	r.version = "first"
	return "", r.checkApplication(ctx)
}

// checkApplication asks the public address what a user and the application see: the version, the secret by its digest,
// the plain variables, and whether the application can use the bucket.
func (r *run) checkApplication(ctx context.Context) error {
	outputs, err := r.stack.outputs(ctx)
	if err != nil {
		return err
	}
	name := fmt.Sprint(outputs["jwtSecretParameter"])
	parameter, err := r.clients.SSM.GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
	if err != nil {
		return fmt.Errorf("read the JWT secret: %w", err)
	}
	secret := aws.ToString(parameter.Parameter.Value)
	r.log.hide(secret)
	digest := sha256.Sum256([]byte(secret))
	address := fmt.Sprint(outputs["appUrl"])

	var report struct {
		Version     string
		Environment map[string]string
		JWTSecret   struct{ SHA256 string }
	}
	// Behind the load balancer the tasks before may answer for a moment longer.
	if err := r.await(ctx, func() (string, error) {
		if problem := r.ask(ctx, http.MethodGet, address+"/health", nil); problem != nil {
			return problem.Error(), nil
		}
		if problem := r.ask(ctx, http.MethodGet, address+"/report", &report); problem != nil {
			return problem.Error(), nil
		}
		if report.Version != r.version {
			return fmt.Sprintf("the version %q answers, want %q", report.Version, r.version), nil
		}
		return "", nil
	}); err != nil {
		return err
	}
	var wrong []error
	if report.JWTSecret.SHA256 != hex.EncodeToString(digest[:]) {
		wrong = append(wrong, errors.New("the secret that reaches the container is not the one in Parameter Store"))
	}
	for name, want := range map[string]string{
		"AWS_REGION": r.target.Region, "NODE_ENV": r.settings.NodeEnv, "S3_BUCKET_NAME": fmt.Sprint(outputs["bucketName"]),
	} {
		if got := report.Environment[name]; got != want {
			wrong = append(wrong, fmt.Errorf("the container has %s=%q, want %q", name, got, want))
		}
	}
	if err := r.ask(ctx, http.MethodPost, address+"/bucket", nil); err != nil {
		wrong = append(wrong, fmt.Errorf("the container cannot use the bucket: %w", err))
	}
	return errors.Join(wrong...)
}

// ask asks the application and decodes its answer, which must have the status 200.
func (r *run) ask(ctx context.Context, method, address string, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, address, nil)
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
		return fmt.Errorf("%s %s: %w", method, address, err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s answers %d: %s", method, address, response.StatusCode, strings.TrimSpace(string(body)))
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("%s %s: %w", method, address, err)
	}
	return nil
}

// await looks again and again until nothing is in the way, or until the step's time is over. An error of a look counts
// as an obstacle too: AWS may not know of something yet.
func (r *run) await(ctx context.Context, look func() (obstacle string, err error)) error {
	for {
		obstacle, err := look()
		if err != nil {
			obstacle = err.Error()
		}
		if obstacle == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %s", errInterrupted, obstacle)
		case <-time.After(time.Duration(r.target.Patience)*time.Second + 50*time.Millisecond):
		}
	}
}

// service reads the service.
func (r *run) service(ctx context.Context) (types.Service, error) {
	found, err := r.clients.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{
		Cluster: aws.String(r.target.Name + "-cluster"), Services: []string{r.target.Name + "-service"},
	})
	if err != nil {
		return types.Service{}, fmt.Errorf("read the service: %w", err)
	}
	if len(found.Services) != 1 {
		return types.Service{}, fmt.Errorf("read the service: AWS found %d", len(found.Services))
	}
	return found.Services[0], nil
}

// tasks are the numbers of tasks that the service asks for and runs.
func (r *run) tasks(ctx context.Context) (desired, running int32, err error) {
	service, err := r.service(ctx)
	return service.DesiredCount, service.RunningCount, err
}

// awaitDeployment waits until the service runs the stack's task definition and nothing else.
func (r *run) awaitDeployment(ctx context.Context) error {
	outputs, err := r.stack.outputs(ctx)
	if err != nil {
		return err
	}
	var failure error
	err = r.await(ctx, func() (string, error) {
		service, err := r.service(ctx)
		if err != nil {
			return "", err
		}
		for _, deployment := range service.Deployments {
			if deployment.RolloutState == types.DeploymentRolloutStateFailed {
				failure = fmt.Errorf("ECS gave the deployment up: %s", aws.ToString(deployment.RolloutStateReason))
				return "", nil
			}
		}
		deployment := service.Deployments[0]
		if len(service.Deployments) > 1 || deployment.RolloutState != types.DeploymentRolloutStateCompleted ||
			aws.ToString(deployment.TaskDefinition) != outputs["taskDefinitionArn"] || service.RunningCount != service.DesiredCount {
			return fmt.Sprintf("the deployment of %v is not complete: %d of %d tasks run",
				outputs["taskDefinitionArn"], service.RunningCount, service.DesiredCount), nil
		}
		return "", nil
	})
	return errors.Join(failure, err)
}

// awaitRollback waits until ECS has gone back from a deployment that failed. Until then it takes no other.
func (r *run) awaitRollback(ctx context.Context) error {
	return r.await(ctx, func() (string, error) {
		found, err := r.clients.ECS.ListServiceDeployments(ctx, &ecs.ListServiceDeploymentsInput{
			Cluster: aws.String(r.target.Name + "-cluster"), Service: aws.String(r.target.Name + "-service"),
		})
		if err != nil {
			return "", err
		}
		for _, deployment := range found.ServiceDeployments {
			switch deployment.Status {
			case types.ServiceDeploymentStatusPending, types.ServiceDeploymentStatusInProgress, types.ServiceDeploymentStatusStopRequested,
				types.ServiceDeploymentStatusRollbackRequested, types.ServiceDeploymentStatusRollbackInProgress:
				return fmt.Sprintf("a deployment of the service is %s", deployment.Status), nil
			}
		}
		return "", nil
	})
}
