package fit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"mediaserver/tools/external"
	stackoutputs "mediaserver/tools/outputs"
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

// Source says which stack to try images for. Without Name and Outputs it is the sandbox's.
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
	if s.Outputs == "" && s.Name == "" {
		return s.sandbox(ctx)
	}
	stack := Stack{description: "The application gets the credentials of this environment, not the task role's: what it may do in AWS is not tried"}
	err := stackoutputs.Source{File: s.Outputs, Program: s.Root, Stack: s.Name}.Read(ctx, stack.outputs.wanted())
	if err != nil {
		return Stack{}, noPlan(err.Error(), "")
	}
	if stack.account, err = config.LoadDefaultConfig(ctx, config.WithRegion(stack.outputs.region)); err != nil {
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
	own := s.outputs.taskDefinition
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
	// The exports are written for a shell, so a shell reads them.
	const read = `exports=$("$0" env) && eval "$exports" && printf '%s\n' "$AWS_ENDPOINT_URL" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"`
	values, err := external.Output(ctx, "sh", "-c", read, script)
	if err != nil {
		return Stack{}, noPlan("cannot find the sandbox: "+err.Error(), remedy)
	}
	lines := strings.Split(strings.TrimSpace(string(values)), "\n")
	if len(lines) != 3 {
		return Stack{}, noPlan("the sandbox does not tell how to reach it", remedy)
	}
	text, err := external.Output(ctx, script, "pulumi", "stack", "output", "--json")
	if err != nil {
		return Stack{}, noPlan("cannot read the sandbox's outputs: "+err.Error(), remedy)
	}
	stack := Stack{description: "The application talks to the sandbox, where it may do everything"}
	if err := stackoutputs.Parse(text, stack.outputs.wanted()); err != nil {
		return Stack{}, noPlan("the sandbox is not deployed: "+err.Error(), remedy)
	}
	provider := credentials.NewStaticCredentialsProvider(lines[1], lines[2], "")
	stack.account = aws.Config{Region: stack.outputs.region, BaseEndpoint: &lines[0], Credentials: provider}
	stack.credentials = provider.Value
	return stack, nil
}

// outputs are the outputs of the stack that lead to what the tasks run.
type outputs struct{ region, cluster, service, container, taskDefinition, bucket string }

// wanted are the outputs by the names that the stack gives them.
func (o *outputs) wanted() map[string]*string {
	return map[string]*string{
		"region": &o.region, "ecsClusterName": &o.cluster, "ecsServiceName": &o.service,
		"containerName": &o.container, "taskDefinitionArn": &o.taskDefinition, "bucketName": &o.bucket,
	}
}

func noPlan(problem, remedy string) error {
	return &Verdict{Code: NoPlan, Problem: problem, Remedy: remedy}
}

// refused is the verdict if AWS refuses a call or does not answer.
func refused(err error) error {
	return &Verdict{Code: AWSRefused, Problem: err.Error(),
		Remedy: "The credentials need ecs:DescribeTaskDefinition, ecs:DescribeServices, elasticloadbalancing:DescribeTargetGroups, " +
			"and on the container's secrets ssm:GetParameter or secretsmanager:GetSecretValue, with kms:Decrypt where the key is your own."}
}
