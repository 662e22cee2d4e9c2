package fit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Stack is a stack to try images for, with the way to its account.
type Stack struct {
	outputs outputs
	account aws.Config
	// credentials are what the application gets.
	credentials aws.Credentials
	// description tells the user whose credentials the application gets.
	description string
}

// Source says which stack to try images for. The zero value of both names is the sandbox's.
type Source struct {
	// Root is the folder of the repository.
	Root string
	// Name is the name of a stack, which pulumi knows.
	Name string
	// Outputs is a file with what 'pulumi stack output --json' prints.
	Outputs string
}

// Find finds the stack, or returns a Verdict.
func (s Source) Find(ctx context.Context) (Stack, error) {
	var text []byte
	var err error
	switch {
	case s.Outputs != "":
		if text, err = os.ReadFile(s.Outputs); err != nil {
			return Stack{}, noPlan("cannot read the outputs: "+err.Error(), "")
		}
	case s.Name != "":
		if text, err = outputOf(ctx, "pulumi", "stack", "output", "--json", "--cwd", s.Root, "--stack", s.Name); err != nil {
			return Stack{}, noPlan("cannot read the stack's outputs: "+err.Error(), "")
		}
	default:
		return s.sandbox(ctx)
	}
	stack := Stack{description: "The application gets the credentials of this environment, not the task role's: what it may do in AWS is not tried"}
	if stack.outputs, err = parseOutputs(text); err != nil {
		return Stack{}, noPlan(err.Error(), "")
	}
	if stack.account, err = config.LoadDefaultConfig(ctx, config.WithRegion(stack.outputs.Region)); err != nil {
		return Stack{}, refused(err)
	}
	if stack.credentials, err = stack.account.Credentials.Retrieve(ctx); err != nil {
		return Stack{}, refused(fmt.Errorf("this environment has no credentials for AWS: %w", err))
	}
	if s.Outputs == "" {
		return stack, nil
	}
	return stack, stack.checkNewest(ctx, s.Outputs)
}

// stackRevisionTag is the tag with which scripts/deploy-app marks the revisions that it registers; its value is the
// revision of the stack that was the newest one then.
const stackRevisionTag = "StackTaskDefinition"

// checkNewest refuses a file with outputs from before the last change of the stack.
func (s Stack) checkNewest(ctx context.Context, file string) error {
	own := s.outputs.TaskDefinitionARN
	family, _, _ := strings.Cut(own[strings.LastIndex(own, "/")+1:], ":")
	answer, err := ecs.NewFromConfig(s.account).DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: &family, Include: []ecstypes.TaskDefinitionField{ecstypes.TaskDefinitionFieldTags},
	})
	if err != nil {
		return refused(fmt.Errorf("read task definition %s: %w", family, err))
	}
	newest := aws.ToString(answer.TaskDefinition.TaskDefinitionArn)
	for _, tag := range answer.Tags {
		if aws.ToString(tag.Key) == stackRevisionTag {
			newest = aws.ToString(tag.Value)
		}
	}
	if newest == own {
		return nil
	}
	return noPlan(fmt.Sprintf("the outputs in %s are older than the stack: they name %s, and there is %s", file, own, newest),
		"Write them again with 'pulumi stack output --json'.")
}

// sandbox is the stack of the sandbox, as scripts/sandbox tells of it.
func (s Source) sandbox(ctx context.Context) (Stack, error) {
	const remedy = "Deploy it with 'make sandbox', or name a stack of yours with --stack."
	if _, err := os.Stat(filepath.Join(s.Root, ".sandbox")); err != nil {
		return Stack{}, noPlan("there is no sandbox to try the image in", remedy)
	}
	script := filepath.Join(s.Root, "scripts", "sandbox")
	// A shell reads what is written for one.
	const read = `exports=$("$0" env) && eval "$exports" && printf '%s\n' "$AWS_ENDPOINT_URL" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"`
	values, err := outputOf(ctx, "sh", "-c", read, script)
	if err != nil {
		return Stack{}, noPlan("cannot find the sandbox: "+err.Error(), remedy)
	}
	lines := strings.Split(strings.TrimSpace(string(values)), "\n")
	if len(lines) != 3 {
		return Stack{}, noPlan("the sandbox does not tell how to reach it", remedy)
	}
	text, err := outputOf(ctx, script, "pulumi", "stack", "output", "--json")
	if err != nil {
		return Stack{}, noPlan("cannot read the sandbox's outputs: "+err.Error(), remedy)
	}
	outputs, err := parseOutputs(text)
	if err != nil {
		return Stack{}, noPlan("the sandbox is not deployed: "+err.Error(), remedy)
	}
	provider := credentials.NewStaticCredentialsProvider(lines[1], lines[2], "")
	return Stack{
		outputs:     outputs,
		account:     aws.Config{Region: outputs.Region, BaseEndpoint: &lines[0], Credentials: provider},
		credentials: provider.Value,
		description: "The application talks to the sandbox, where it may do everything",
	}, nil
}

// outputs are the outputs of the stack that lead to what the tasks run.
type outputs struct {
	Region            string `json:"region"`
	ClusterName       string `json:"ecsClusterName"`
	ServiceName       string `json:"ecsServiceName"`
	ContainerName     string `json:"containerName"`
	TaskDefinitionARN string `json:"taskDefinitionArn"`
	BucketName        string `json:"bucketName"`
}

// parseOutputs reads what `pulumi stack output --json` prints.
func parseOutputs(text []byte) (outputs, error) {
	var read outputs
	if err := json.Unmarshal(text, &read); err != nil {
		return read, errors.New("the outputs cannot be read; they must be what 'pulumi stack output --json' prints")
	}
	var missing []string
	for _, each := range []struct{ name, value string }{
		{"bucketName", read.BucketName},
		{"containerName", read.ContainerName},
		{"ecsClusterName", read.ClusterName},
		{"ecsServiceName", read.ServiceName},
		{"region", read.Region},
		{"taskDefinitionArn", read.TaskDefinitionARN},
	} {
		if each.value == "" {
			missing = append(missing, each.name)
		}
	}
	if len(missing) > 0 {
		return read, fmt.Errorf("missing stack output: %s; run 'pulumi up', then try again", strings.Join(missing, ", "))
	}
	return read, nil
}

// outputOf is the standard output of a program; the error is what the program has said about why it failed.
func outputOf(ctx context.Context, program string, arguments ...string) ([]byte, error) {
	var messages bytes.Buffer
	command := exec.CommandContext(ctx, program, arguments...)
	command.Stderr = &messages
	output, err := command.Output()
	if said := strings.TrimSpace(messages.String()); err != nil && said != "" {
		return nil, errors.New(said)
	}
	return output, err
}

func noPlan(problem, remedy string) error {
	return &Verdict{Code: NoPlan, Problem: problem, Remedy: remedy}
}

// refused is the verdict on an answer of AWS that was none.
func refused(err error) error {
	return &Verdict{Code: AWSRefused, Problem: err.Error(),
		Remedy: "The credentials need ecs:DescribeTaskDefinition, ecs:DescribeServices, elasticloadbalancing:DescribeTargetGroups, " +
			"and ssm:GetParameter (with kms:Decrypt where the key is your own) on the container's secrets."}
}
