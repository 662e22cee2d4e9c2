package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"gopkg.in/yaml.v3"

	"mediaserver/tests/internal/sandbox"
)

// Account is the AWS account of the environment's credentials.
type Account struct {
	// ID is its number, Region the region, and Partition its family of regions.
	ID, Region, Partition string
	// Caller is the ARN of whoever the credentials belong to.
	Caller string
	// Config is the configuration of AWS clients.
	Config aws.Config
}

// findAccount asks AWS to whom the credentials of the environment belong.
func findAccount(ctx context.Context) (Account, error) {
	configuration, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return Account{}, fmt.Errorf("read the AWS settings of the environment: %w", err)
	}
	if configuration.Region == "" {
		return Account{}, errors.New("the environment names no AWS region: set AWS_REGION, for instance to eu-west-2")
	}
	identity, err := sts.NewFromConfig(configuration).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Account{}, fmt.Errorf("ask AWS to whom the credentials of the environment belong: %w; log in first, for instance with aws sso login", err)
	}
	caller, err := arn.Parse(aws.ToString(identity.Arn))
	if err != nil {
		return Account{}, fmt.Errorf("read the identity that AWS answers: %w", err)
	}
	return Account{
		ID: aws.ToString(identity.Account), Region: configuration.Region, Partition: caller.Partition,
		Caller: caller.String(), Config: configuration,
	}, nil
}

// about is how long a run takes, estimated from the documents of AWS and the provider.
const about = 45 * time.Minute

// Plan says what a run does, in which account, how long it takes and what it costs, at list prices of autumn 2026 in London
// (eu-west-2): an hour of the stack with one or two tasks of the smallest size is about 10 US cents (docs/operating.md).
func (a Account) Plan(ctx context.Context, name string, options Options) string {
	var text strings.Builder
	fmt.Fprintf(&text, `The acceptance run deploys a stack of its own on AWS, tries everything, and destroys it.

  Account  %s, as %s
  Region   %s (it needs its default VPC)
  Name     %s: every name begins with it, and it is the tag %s
  Takes    about %.0f minutes; an estimate, and AWS has slow days
  Costs    less than 15 US cents; anything left behind costs 2 to 3 US dollars a day
  State    %s (removed when everything has passed)
  Report   %s

`, a.ID, a.Caller, a.Region, name, runTag, about.Minutes(), options.Folder, options.Report)
	for i, step := range allSteps() {
		fmt.Fprintf(&text, "  %2d. %s\n", i+1, step.name)
	}
	text.WriteString("\nUse an account for tests, with an administrator's rights. Ctrl-C ends the run early and destroys everything.\n")
	if found, err := a.Config.Credentials.Retrieve(ctx); err == nil && found.CanExpire && time.Until(found.Expires) < 2*about {
		fmt.Fprintf(&text, "\nThe credentials expire at %s. If nothing renews them, the run may not be able to destroy everything.\n",
			found.Expires.Local().Format("15:04"))
	}
	return text.String()
}

// Target is an account with a stack for the run, which holds nothing yet.
type Target struct {
	Account
	// Name is the name of the run: the stack's name and its setting name.
	Name string
	// CLI is the Pulumi CLI.
	CLI string
	// Environment points programs at the stack and the account.
	Environment sandbox.Environment
	// Public asks the load balancer as a user does.
	Public *http.Client
	// Patience is how long to wait between two looks at something that takes its time.
	Patience time.Duration
}

// Target makes the folder of the run and in it an empty stack, its settings, its state and its passphrase. The variables are
// further ones that lead to the account.
func (a Account) Target(ctx context.Context, name, cli string, options Options, variables map[string]string) (*Target, error) {
	in := func(file string) string { return filepath.Join(options.Folder, file) }
	target := &Target{Account: a, Name: name, CLI: cli, Public: http.DefaultClient, Patience: 5 * time.Second}
	target.Environment = sandbox.Environment{Misleading: misleading, Variables: map[string]string{
		"PULUMI_BACKEND_URL":            (&url.URL{Scheme: "file", Path: in("state"), RawQuery: "metadata=skip"}).String(),
		"PULUMI_CONFIG_PASSPHRASE_FILE": in("passphrase"),
		"PULUMI_STACK":                  name,
		"PULUMI_SKIP_UPDATE_CHECK":      "true",
		"AWS_REGION":                    a.Region,
		"AWS_DEFAULT_REGION":            a.Region,
	}}
	for variable, value := range variables {
		if _, isSet := target.Environment.Variables[variable]; !isSet {
			target.Environment.Variables[variable] = value
		}
	}
	if err := os.MkdirAll(in("state"), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the run: %w", err)
	}
	project, err := os.ReadFile(filepath.Join(options.Root, "Pulumi.yaml"))
	if err != nil {
		return nil, fmt.Errorf("read the project: %w", err)
	}
	configuration := map[string]any{"aws:region": a.Region, "aws:defaultTags": map[string]any{"tags": target.tags()}}
	for key, value := range firstSettings(name) {
		configuration["mediaserver:"+key] = value
	}
	settings, err := yaml.Marshal(map[string]any{"config": configuration})
	if err != nil {
		return nil, fmt.Errorf("encode the settings: %w", err)
	}
	for file, text := range map[string][]byte{
		// The CLI keeps the stack's settings beside the project, so the run has a project of its own, with the same program.
		"Pulumi.yaml": fmt.Appendf(project, "main: %q\n", options.Root),
		"passphrase":  []byte(rand.Text()), "Pulumi." + name + ".yaml": settings,
	} {
		if err := os.WriteFile(in(file), text, 0o600); err != nil {
			return nil, fmt.Errorf("write a file of the run: %w", err)
		}
	}
	initialize := exec.CommandContext(ctx, cli, "--non-interactive", "stack", "init", name)
	initialize.Dir, initialize.Env = options.Folder, target.Environment.Environ()
	if output, err := initialize.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("make the stack: %w\n%s", err, output)
	}
	return target, nil
}

// firstSettings are those of a first deployment (docs/operating.md): everything, and no task before there is an image.
func firstSettings(name string) map[string]any {
	return map[string]any{"name": name, "desiredCount": 0, "minCapacity": 0}
}

// tags are the tags of everything that can have tags.
func (t *Target) tags() map[string]string {
	return map[string]string{"Project": "mediaserver", "Environment": "acceptance", "ManagedBy": "Pulumi", runTag: t.Name}
}

// misleading tells whether a variable would lead the Pulumi CLI elsewhere. PULUMI_HOME stays: the plugins are there.
func misleading(name string) bool { return strings.HasPrefix(name, "PULUMI_") && name != "PULUMI_HOME" }
