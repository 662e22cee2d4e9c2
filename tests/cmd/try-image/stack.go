package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"mediaserver/tests/internal/tryimage"
)

// stack is a stack with the account that it is in.
type stack struct {
	outputs tryimage.Outputs
	account aws.Config
	access  tryimage.Access
}

// find finds the stack that is asked for, the sandbox's by default.
func find(ctx context.Context, asked request) (stack, error) {
	root, err := repository()
	if err != nil {
		return stack{}, err
	}
	if asked.stack == "" && asked.outputs == "" {
		return inSandbox(ctx, root)
	}
	var text []byte
	if asked.outputs != "" {
		if text, err = os.ReadFile(asked.outputs); err != nil {
			return stack{}, noPlan("cannot read the outputs: "+err.Error(), "")
		}
	} else if text, err = outputOf(ctx, "pulumi", "stack", "output", "--json", "--cwd", root, "--stack", asked.stack); err != nil {
		return stack{}, noPlan("cannot read the stack's outputs: "+err.Error(), "")
	}
	found := stack{}
	if found.outputs, err = tryimage.ParseOutputs(text); err != nil {
		return stack{}, noPlan(err.Error(), "")
	}
	if found.account, err = config.LoadDefaultConfig(ctx, config.WithRegion(found.outputs.Region)); err != nil {
		return stack{}, refused(err)
	}
	own, err := found.account.Credentials.Retrieve(ctx)
	if err != nil {
		return stack{}, refused(fmt.Errorf("this environment has no credentials for AWS: %w", err))
	}
	found.access = tryimage.Access{
		Description: "The application gets the credentials of this environment, not the task role's: what it may do in AWS is not tried",
		Credentials: own,
		Endpoint:    aws.ToString(found.account.BaseEndpoint),
		Bucket:      found.outputs.BucketName,
	}
	if asked.outputs == "" {
		return found, nil
	}
	return found, checkNewest(ctx, found, asked.outputs)
}

// checkNewest refuses a file with outputs from before the last change of the stack.
func checkNewest(ctx context.Context, found stack, file string) error {
	newest, err := tryimage.NewestRevision(ctx, found.account, found.outputs)
	if err != nil {
		return refused(err)
	}
	if newest != found.outputs.TaskDefinitionARN {
		return noPlan(fmt.Sprintf("the outputs in %s are older than the stack: they name %s, and there is %s",
			file, found.outputs.TaskDefinitionARN, newest), "Write them again with 'pulumi stack output --json'.")
	}
	return nil
}

// inSandbox is the stack of the sandbox, as scripts/sandbox tells of it.
func inSandbox(ctx context.Context, root string) (stack, error) {
	const remedy = "Deploy it with 'make sandbox', or name a stack of yours with --stack."
	if _, err := os.Stat(filepath.Join(root, ".sandbox")); err != nil {
		return stack{}, noPlan("there is no sandbox to try the image in", remedy)
	}
	script := filepath.Join(root, "scripts", "sandbox")
	// A shell reads what is written for one.
	const read = `exports=$("$0" env) && eval "$exports" && printf '%s\n' "$AWS_ENDPOINT_URL" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"`
	values, err := outputOf(ctx, "sh", "-c", read, script)
	if err != nil {
		return stack{}, noPlan("cannot find the sandbox: "+err.Error(), remedy)
	}
	lines := strings.Split(strings.TrimSpace(string(values)), "\n")
	if len(lines) != 3 {
		return stack{}, noPlan("the sandbox does not tell how to reach it", remedy)
	}
	text, err := outputOf(ctx, script, "pulumi", "stack", "output", "--json")
	if err != nil {
		return stack{}, noPlan("cannot read the sandbox's outputs: "+err.Error(), remedy)
	}
	outputs, err := tryimage.ParseOutputs(text)
	if err != nil {
		return stack{}, noPlan("the sandbox is not deployed: "+err.Error(), remedy)
	}
	provider := credentials.NewStaticCredentialsProvider(lines[1], lines[2], "")
	return stack{
		outputs: outputs,
		account: aws.Config{Region: outputs.Region, BaseEndpoint: &lines[0], Credentials: provider},
		access: tryimage.Access{
			Description: "The application talks to the sandbox, where it may do everything",
			Credentials: provider.Value,
			Endpoint:    lines[0],
			Bucket:      outputs.BucketName,
		},
	}, nil
}

// repository is the folder that this command was built in, as bin/try-image.
func repository() (string, error) {
	executable, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	if executable, err = filepath.EvalSymlinks(executable); err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	return filepath.Dir(filepath.Dir(executable)), nil
}

// outputOf is the standard output of a program; the error tells what the program has said of why it failed.
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
	return &tryimage.Verdict{Code: tryimage.NoPlan, Problem: problem, Remedy: remedy}
}
