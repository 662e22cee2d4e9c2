// Package deploy puts an image of the application into a stack's registry, deploys it to the stack's service, or goes
// back to the image before, and reports what truly runs at the end. Each step has its own file. It is the
// library of the command deploy-app.
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

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"mediaserver/tools/arguments"
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

// run is one run of the command, and what it knows so far.
type run struct {
	options
	console
	transport http.RoundTripper
	program   string
	scratch   string // a folder that goes with the run
	clients   clients

	outputs   outputs
	service   types.Service // as last read
	targets   string        // the ARN of its target group
	healthURL string

	stackDefinition *definition // not with --rollback
	stackImage      string
	platform        string // of the tasks, such as linux/amd64
	wantedCount     int32  // 0 to leave the service's as it is
	replaceable     map[string]bool

	digest      string // of the image that is deployed
	tags        []string
	definition  string // the ARN of the task definition that is deployed
	ownRevision bool

	known      []string // the ids of the deployments that were there before
	deployment string   // the id of the one that was started
	created    time.Time
	unanswered bool   // whether an attempt to start went without a clear answer
	goesOn     string // what outlives a run that ends now, in words
}

// Run does what the command line asks for, and returns the exit code. It ends early if the context does.
func Run(ctx context.Context, words []string, around Surroundings) int {
	r := &run{
		console:   console{stdout: around.Stdout, stderr: around.Stderr, terminal: around.Terminal, started: time.Now()},
		transport: around.Transport, program: around.Program, replaceable: map[string]bool{},
	}
	defer r.console.close()
	var err error
	r.options, err = parse(words)
	if errors.Is(err, arguments.ErrHelp) {
		_, _ = io.WriteString(r.stdout, usage)
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

// end prints how the run ended, and returns its exit code.
func (r *run) end(ctx context.Context, err error) int {
	if err == nil || errors.Is(err, errDryRun) {
		return 0
	}
	if ctx.Err() != nil {
		if r.goesOn == "" {
			r.warn("interrupted; no deployment was started")
		} else {
			r.warn("interrupted; %s", r.goesOn)
		}
		return exitInterrupted
	}
	r.warn("%v", err)
	var known *failure
	if !errors.As(err, &known) {
		known = &failure{code: exitAPI}
	}
	// Once the fate of the deployment is known, nothing goes on that anybody needs to know of.
	if r.goesOn != "" && known.code != exitRollback && known.code != exitReplaced && known.code != exitUnhealthy {
		r.warn("%s", r.goesOn)
	}
	return known.code
}

// errDryRun ends a dry run before the first change.
var errDryRun = errors.New("nothing was changed")

func (r *run) do(ctx context.Context) error {
	if err := r.checkPrograms(); err != nil {
		return err
	}
	if err := inOrder(ctx, r.readOutputs, r.connect, r.mustReadService); err != nil {
		return err
	}
	if err := r.checkAccount(); err != nil {
		return err
	}
	if r.rollback {
		return r.goBack(ctx)
	}
	if err := inOrder(ctx, r.readStackDefinition, r.readHealthPath, r.checkNobodyDeploys, r.chooseCount, r.chooseImage,
		r.chooseDefinition, r.start, r.follow, r.checkHealth, r.checkStillOurs); err != nil {
		return err
	}
	r.say("Deployed %s:%s (%s)", r.outputs.repository, r.tag, r.digest)
	r.adviseTag()
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

// checkPrograms looks for the programs that this run needs.
func (r *run) checkPrograms() error {
	missing, hints := "", ""
	for _, each := range []struct {
		name, hint string
		needed     bool
	}{
		{"docker", "docker is needed only with --image, and not for an OCI layout or an archive", r.image != "" && !isFile(r.image)},
		{"pulumi", "pulumi is not needed with --outputs FILE", r.outputsFile == ""},
	} {
		if _, err := exec.LookPath(each.name); each.needed && err != nil {
			missing += " " + each.name
			hints += "\ndeploy-app: " + each.hint
		}
	}
	if missing == "" {
		return nil
	}
	return fail(exitTool, "cannot find on PATH:%s%s", missing, hints)
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

// adviseTag says how to keep a tag that the stack does not name.
func (r *run) adviseTag() {
	if !r.ownRevision {
		return
	}
	_, named, _ := strings.Cut(r.stackImage, ":")
	r.show("The stack still names "+named+", and its next change of the task definition would go back to it; keep "+r.tag+" with:", r.setTag(r.tag)...)
}

// setTag is the command that makes the stack name a tag.
func (r *run) setTag(tag string) []string {
	command := []string{"pulumi", "config", "set", "mediaserver:imageTag", tag}
	if r.stack != "" {
		command = append(command, "--stack", r.stack)
	}
	return command
}
