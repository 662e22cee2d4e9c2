// Package deploy puts an image of the application into a stack's registry, deploys it to the stack's service, or goes
// back to the image before, and reports what truly runs at the end. It is the library of the command deploy-app.
package deploy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"mediaserver/tools/arguments"
	stackoutputs "mediaserver/tools/outputs"
)

// Surroundings are what a run gets from the machine.
type Surroundings struct {
	Stdout, Stderr io.Writer
	// Terminal tells whether Stdout is one.
	Terminal bool
	// Program is the folder of the stack's program, where the Pulumi CLI reads the outputs.
	Program string
	// Transport carries every request. If nil, requests go to the network, through the proxies that the environment names.
	Transport http.RoundTripper
}

// outputs are the stack's outputs that a run reads; the README lists all of them.
type outputs struct {
	loadBalancer, appURL, container, dashboard, repository, cluster, service, logGroup, region, definition string
}

// run is one run of the command, and what it knows so far.
type run struct {
	options
	console
	scratch string // a folder that goes with the run
	clients clients

	outputs     outputs
	service     service // as last read
	targets     string  // the ARN of its target group
	healthURL   string
	stackImage  string
	platform    string // of the tasks, such as linux/amd64; not with --rollback
	wantedCount int32  // 0 to leave the service's as it is

	course     course                           // only with --rollback
	stops      bool                             // whether the rollback stops the deployment under way
	digest     string                           // of the image that is deployed
	tags       []string                         // that name it now, only with --rollback
	definition string                           // the ARN of the task definition that is deployed
	revision   *ecs.RegisterTaskDefinitionInput // to be registered as that; nil if there is such a task definition

	known      []string // the ids of the deployments that were there before
	replaced   []string // the ids of those under way that this run may replace
	deployment string   // the id of the one that was started
	created    time.Time
	unanswered bool   // whether an attempt to start went without a clear answer
	goesOn     string // what outlives a run that ends now, in words
}

// Run does what the command line asks for, and returns the exit code. It ends early if the context does.
func Run(ctx context.Context, words []string, around Surroundings) int {
	r := &run{console: console{Surroundings: around, started: time.Now()}}
	defer r.console.close()
	var err error
	r.options, err = parse(words)
	if errors.Is(err, arguments.ErrHelp) {
		_, _ = io.WriteString(r.Stdout, usage)
		return 0
	}
	if err != nil {
		r.warn("%v", err)
		return exitUsage
	}
	if r.scratch, err = os.MkdirTemp("", "deploy-app."); err != nil {
		r.warn("cannot make a temporary folder: %v", err)
		return exitTool
	}
	defer os.RemoveAll(r.scratch)
	return r.end(ctx, r.do(ctx))
}

// errDryRun ends a dry run before the first change.
var errDryRun = errors.New("nothing was changed")

// end prints how the run ended, and returns its exit code.
func (r *run) end(ctx context.Context, err error) int {
	if err == nil || errors.Is(err, errDryRun) {
		return 0
	}
	if ctx.Err() != nil {
		if r.goesOn == "" {
			r.goesOn = "no deployment was started"
		}
		r.warn("interrupted; %s", r.goesOn)
		return exitInterrupted
	}
	r.warn("%s", told(err))
	code := exitAPI
	if known, is := errors.AsType[*failure](err); is {
		code = known.code
	}
	// Once the fate of the deployment is known, nothing goes on that anybody needs to know of.
	if r.goesOn != "" && code != exitRollback && code != exitReplaced && code != exitUnhealthy {
		r.warn("%s", r.goesOn)
	}
	return code
}

func (r *run) do(ctx context.Context) error {
	if err := inOrder(ctx, r.readOutputs, r.connect, r.readService, r.checkAccount, r.readHealthPath); err != nil {
		return err
	}
	if r.rollback {
		return r.goBack(ctx)
	}
	if err := inOrder(ctx, r.readStackDefinition, r.checkNobodyDeploys, r.chooseCount, r.chooseImage,
		r.start, r.follow, r.checkHealth, r.checkStillOurs); err != nil {
		return err
	}
	r.say("Deployed %s:%s (%s)", r.outputs.repository, r.tag, r.digest)
	if _, named, _ := strings.Cut(r.stackImage, ":"); r.revision != nil {
		r.show("The stack still names "+named+", and its next change of the task definition would go back to it; keep "+r.tag+" with:", r.setTag(r.tag)...)
	}
	return nil
}

// inOrder takes steps until one fails.
func inOrder(ctx context.Context, steps ...func(context.Context) error) error {
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// readOutputs reads the outputs from the file or the stack.
func (r *run) readOutputs(ctx context.Context) error {
	err := stackoutputs.Source{File: r.outputsFile, Program: r.Program, Stack: r.stack}.Read(ctx, map[string]*string{
		"albDnsName": &r.outputs.loadBalancer, "appUrl": &r.outputs.appURL, "containerName": &r.outputs.container,
		"dashboardUrl": &r.outputs.dashboard, "ecrRepositoryUrl": &r.outputs.repository,
		"ecsClusterName": &r.outputs.cluster, "ecsServiceName": &r.outputs.service,
		"logGroupName": &r.outputs.logGroup, "region": &r.outputs.region, "taskDefinitionArn": &r.outputs.definition,
	})
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return fail(exitTool, "%v; pulumi is not needed with --outputs FILE", err)
	case err != nil:
		return fail(exitOutput, "%v", err)
	}
	return nil
}

// registrySuffixes are the domains of the registries, by partition (AWS General Reference, Amazon ECR endpoints).
var registrySuffixes = map[string]string{
	"aws": "amazonaws.com", "aws-us-gov": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-eusc": "amazonaws.eu",
}

// checkAccount compares the outputs with the account and the region of the service, because the registry that they name
// gets a password of this account.
func (r *run) checkAccount(context.Context) error {
	service, err := arn.Parse(aws.ToString(r.service.ServiceArn))
	if err != nil {
		return fail(exitAPI, "AWS answered with a service whose ARN is '%s'", aws.ToString(r.service.ServiceArn))
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

// pause waits between two looks.
func pause(ctx context.Context, duration time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(duration):
		return nil
	}
}

// setTag is the command that makes the stack name a tag.
func (r *run) setTag(tag string) []string {
	command := []string{"pulumi", "config", "set", "mediaserver:imageTag", tag}
	if r.stack != "" {
		command = append(command, "--stack", r.stack)
	}
	return command
}
