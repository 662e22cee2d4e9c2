package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// outputs are the stack's outputs that a run reads; see the README's table of outputs.
type outputs struct {
	loadBalancer, appURL, container, dashboard, repository, cluster, service, logGroup, region, definition string
}

// readOutputs reads the outputs from the file or the stack.
func (r *run) readOutputs(ctx context.Context) error {
	content, err := r.outputsText(ctx)
	if err != nil {
		return err
	}
	var values map[string]any
	if err := json.Unmarshal(bytes.TrimPrefix(content, []byte("\ufeff")), &values); err != nil || values == nil {
		return fail(exitOutput, "the outputs are no JSON object; they must be what 'pulumi stack output --json' prints")
	}
	var missing []string
	for _, each := range []struct {
		name string
		into *string
	}{
		{"albDnsName", &r.outputs.loadBalancer}, {"appUrl", &r.outputs.appURL}, {"containerName", &r.outputs.container},
		{"dashboardUrl", &r.outputs.dashboard}, {"ecrRepositoryUrl", &r.outputs.repository},
		{"ecsClusterName", &r.outputs.cluster}, {"ecsServiceName", &r.outputs.service},
		{"logGroupName", &r.outputs.logGroup}, {"region", &r.outputs.region}, {"taskDefinitionArn", &r.outputs.definition},
	} {
		if *each.into, _ = values[each.name].(string); *each.into == "" {
			missing = append(missing, each.name)
		}
	}
	if len(missing) > 0 {
		return fail(exitOutput, "missing stack output: %s; run 'pulumi up', then 'pulumi stack output --json' again", strings.Join(missing, ", "))
	}
	return nil
}

func (r *run) outputsText(ctx context.Context) ([]byte, error) {
	if r.outputsFile != "" {
		content, err := os.ReadFile(r.outputsFile)
		if err != nil {
			var path *os.PathError
			if errors.As(err, &path) {
				err = path.Err
			}
			return nil, fail(exitOutput, "cannot read the outputs file '%s': %v", r.outputsFile, err)
		}
		return content, nil
	}
	words := []string{"stack", "output", "--json", "--cwd", r.program}
	if r.stack != "" {
		words = append(words, "--stack", r.stack)
	}
	content, said, err := runProgram(ctx, "pulumi", words...)
	if err != nil {
		return nil, fail(exitOutput, "cannot read the stack's outputs: %s", said)
	}
	return content, nil
}

// runProgram runs a program. said is the end of what it printed to standard error, or why it did not run.
func runProgram(ctx context.Context, name string, words ...string) (output []byte, said string, err error) {
	command := exec.CommandContext(ctx, name, words...)
	// What the program left running may hold its output open.
	command.WaitDelay = time.Second
	var stderr bytes.Buffer
	command.Stderr = &stderr
	if output, err = command.Output(); errors.Is(err, exec.ErrWaitDelay) {
		err = nil
	}
	lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
	said = strings.Join(lines[max(0, len(lines)-5):], "\n")
	if said == "" && err != nil {
		said = err.Error()
	}
	return output, said, err
}

// registrySuffixes are the ends of the registries' names, by partition (the endpoints that AWS lists for Amazon ECR).
var registrySuffixes = map[string]string{
	"aws": "amazonaws.com", "aws-us-gov": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-eusc": "amazonaws.eu",
}

// checkAccount compares the outputs with the account and the region in which AWS found the service. The registry that
// they name gets a password of this account.
func (r *run) checkAccount() error {
	service, err := arn.Parse(aws.ToString(r.service.ServiceArn))
	if err != nil {
		return fail(exitAPI, "AWS answered with a service of the ARN '%s'", aws.ToString(r.service.ServiceArn))
	}
	definition, err := arn.Parse(r.outputs.definition)
	if err != nil || definition.AccountID != service.AccountID || definition.Region != service.Region {
		return fail(exitOutput, "the output taskDefinitionArn is %s, but the service is in account %s, region %s: write the outputs again, or use that account's credentials",
			r.outputs.definition, service.AccountID, service.Region)
	}
	want := service.AccountID + ".dkr.ecr." + service.Region + "." + registrySuffixes[service.Partition]
	if host, name, found := strings.Cut(r.outputs.repository, "/"); !found || name == "" || host != want {
		return fail(exitOutput, "the output ecrRepositoryUrl is %s, which is not in %s, the registry of the service's account and region; nothing was sent to it",
			r.outputs.repository, want)
	}
	return nil
}
