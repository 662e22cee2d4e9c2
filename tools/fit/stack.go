package fit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"mediaserver/tools/external"
	"mediaserver/tools/outputs"
)

// stack is a stack to try an image for, with the way to its account.
type stack struct {
	region, cluster, service, container, taskDefinition string
	// outputsFile is the file that these are from. Empty if they are from pulumi, and thus current.
	outputsFile string
	account     aws.Config
	// description tells the user whose credentials the application gets.
	description string
	// bridge is the network interface through which containers reach this machine.
	bridge string
}

// outputs are the stack's outputs that lead to what the tasks run.
func (s *stack) outputs() map[string]*string {
	return map[string]*string{
		"region": &s.region, "ecsClusterName": &s.cluster, "ecsServiceName": &s.service,
		"containerName": &s.container, "taskDefinitionArn": &s.taskDefinition,
	}
}

// dockerBridge is the bridge of docker, at which the sandbox's emulator also listens.
const dockerBridge = "docker0"

// findStack finds the stack, or returns a Verdict.
func (r Request) findStack(ctx context.Context) (stack, error) {
	if r.Outputs == "" && r.Stack == "" {
		return r.sandbox(ctx)
	}
	found := stack{outputsFile: r.Outputs, bridge: dockerBridge, description: "The application gets the credentials of this " +
		"environment, not the task role's: what it may do in AWS is not tried"}
	if err := (outputs.Source{File: r.Outputs, Program: r.Root, Stack: r.Stack}).Read(ctx, found.outputs()); err != nil {
		return stack{}, &Verdict{Code: NoPlan, Problem: err.Error()}
	}
	var err error
	if found.account, err = config.LoadDefaultConfig(ctx, config.WithRegion(found.region)); err != nil {
		return stack{}, refused(err)
	}
	return found, nil
}

// sandbox is the stack of the sandbox, as scripts/sandbox tells of it.
func (r Request) sandbox(ctx context.Context) (stack, error) {
	noSandbox := func(err error) (stack, error) {
		return stack{}, &Verdict{Code: NoPlan, Problem: "there is no sandbox to try the image in: " + err.Error(),
			Remedy: "Deploy it with 'make sandbox', or name a stack of yours with --stack."}
	}
	if _, err := os.Stat(filepath.Join(r.Root, ".sandbox")); err != nil {
		return noSandbox(err)
	}
	// The exports are written for a shell, so a shell reads them.
	const read = `exports=$("$0" env) && eval "$exports" &&
printf '%s\n' "$AWS_ENDPOINT_URL" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" && "$0" pulumi stack output --json`
	said, err := external.Output(ctx, "sh", "-c", read, filepath.Join(r.Root, "scripts", "sandbox"))
	if err != nil {
		return noSandbox(err)
	}
	lines := strings.SplitN(string(said), "\n", 4)
	found := stack{bridge: dockerBridge, description: "The application talks to the sandbox, where it may do everything"}
	if err := outputs.Parse([]byte(lines[3]), found.outputs()); err != nil {
		return noSandbox(err)
	}
	found.account = aws.Config{Region: found.region, BaseEndpoint: &lines[0],
		Credentials: credentials.NewStaticCredentialsProvider(lines[1], lines[2], "")}
	return found, nil
}

// readVariables finds the variables of AWS's clients with which a container reaches the stack's account. To a container,
// the loopback interface is its own; an emulator there is reached through the bridge.
func (s stack) readVariables(ctx context.Context, read *plan) error {
	given, err := s.account.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("this environment has no credentials for AWS: %w", err)
	}
	read.variables = map[string]string{"AWS_ACCESS_KEY_ID": given.AccessKeyID, "AWS_SECRET_ACCESS_KEY": given.SecretAccessKey}
	if given.SessionToken != "" {
		read.variables["AWS_SESSION_TOKEN"] = given.SessionToken
	}
	endpoint, err := url.Parse(aws.ToString(s.account.BaseEndpoint))
	if err != nil || endpoint.Host == "" {
		return err
	}
	if host := endpoint.Hostname(); host == "localhost" || strings.HasPrefix(host, "127.") {
		endpoint.Host = net.JoinHostPort(addressOf(s.bridge), endpoint.Port())
		connection, err := net.DialTimeout("tcp", endpoint.Host, time.Second)
		if err != nil {
			return &Verdict{Code: NoPlan, Problem: fmt.Sprintf("no container can reach %s: %v", *s.account.BaseEndpoint, err),
				Remedy: "The sandbox listens for containers if docker runs when the sandbox starts: run make sandbox again."}
		}
		_ = connection.Close()
	}
	read.variables["AWS_ENDPOINT_URL"] = endpoint.String()
	return nil
}

// addressOf is the IPv4 address of a network interface of this machine, or the interface's name if it has none.
func addressOf(name string) string {
	if device, err := net.InterfaceByName(name); err == nil {
		// An interface that has gone meanwhile has no address.
		addresses, _ := device.Addrs()
		for _, each := range addresses {
			if prefix, err := netip.ParsePrefix(each.String()); err == nil && prefix.Addr().Is4() {
				return prefix.Addr().String()
			}
		}
	}
	return name
}

// outdated is the verdict on outputs that name what is not there.
func outdated(format string, values ...any) error {
	return &Verdict{Code: NoPlan, Problem: fmt.Sprintf("the outputs are older than the stack: "+format, values...),
		Remedy: "Run 'pulumi up', and write the outputs again with 'pulumi stack output --json'."}
}

// refused is the verdict if AWS refuses a call or does not answer. A Verdict stays as it is.
func refused(err error) error {
	if verdict := new(Verdict); errors.As(err, &verdict) {
		return err
	}
	return &Verdict{Code: AWSRefused, Problem: err.Error(),
		Remedy: "The credentials need ecs:DescribeTaskDefinition, ecs:DescribeServices, " +
			"elasticloadbalancing:DescribeTargetGroups, and on the container's secrets ssm:GetParameter or " +
			"secretsmanager:GetSecretValue, with kms:Decrypt where the key is your own."}
}
