package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
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
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"gopkg.in/yaml.v3"

	"mediaserver/tests/internal/appimage"
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

// FindAccount asks AWS to whom the credentials of the environment belong.
func FindAccount(ctx context.Context) (Account, error) {
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

// What a run costs, in US cents: list prices of autumn 2026 in London (eu-west-2). An hour of the stack with one or two
// tasks of the smallest size is about 10 cents (docs/operating.md: 60 to 70 dollars a month); the images, the calls and
// the tasks that fail are far below one.
const centsPerHour = 10

// Plan says what a run does, in which account, how long it takes and what it costs.
func (a Account) Plan(name, folder, report string) string {
	// Twice the time covers what AWS takes on a slow day.
	cents := max(1, int(2*About().Hours()*centsPerHour+0.5))
	var text strings.Builder
	text.WriteString("The acceptance run deploys a stack of its own on AWS, tries everything, and destroys it.\n\n")
	fmt.Fprintf(&text, "  Account  %s, as %s\n", a.ID, a.Caller)
	fmt.Fprintf(&text, "  Region   %s (it needs its default VPC)\n", a.Region)
	fmt.Fprintf(&text, "  Name     %s: every name begins with it, and it is the tag %s\n", name, RunTag)
	fmt.Fprintf(&text, "  Takes    about %d minutes; an estimate, and AWS has slow days\n", int(About().Round(5*time.Minute).Minutes()))
	fmt.Fprintf(&text, "  Costs    less than %d US cents; anything left behind costs about %d US dollars a day\n", cents, (24*centsPerHour+99)/100)
	fmt.Fprintf(&text, "  State    %s (removed when everything has passed)\n", folder)
	fmt.Fprintf(&text, "  Report   %s\n\n", report)
	text.WriteString(Steps())
	text.WriteString("\nUse an account for tests, with an administrator's rights. Ctrl-C ends the run early and destroys everything.\n")
	return text.String()
}

// Target makes an empty stack for a run in the account, with its state and its settings in the folder.
func (a Account) Target(ctx context.Context, root, folder, name, cli string) (*Target, error) {
	environment := sandbox.Environment{Misleading: misleading, Variables: map[string]string{
		"PULUMI_BACKEND_URL":            (&url.URL{Scheme: "file", Path: filepath.Join(folder, "state"), RawQuery: "metadata=skip"}).String(),
		"PULUMI_CONFIG_PASSPHRASE_FILE": filepath.Join(folder, "passphrase"),
		"PULUMI_STACK":                  name,
		"PULUMI_SKIP_UPDATE_CHECK":      "true",
		"AWS_REGION":                    a.Region,
		"AWS_DEFAULT_REGION":            a.Region,
	}}
	target := &Target{
		Name: name, Account: a.ID, Region: a.Region, Partition: a.Partition, Config: a.Config,
		CLI: cli, SettingsFile: filepath.Join(folder, "Pulumi."+name+".yaml"),
		Environment: environment.Environ(), Exports: environment.Exports(),
		Containers: &Containers{Push: a.push, Public: http.DefaultClient},
		Patience:   5 * time.Second,
	}
	return target, a.initialize(ctx, root, folder, target)
}

// initialize makes the folders, the passphrase and the stack. The CLI writes what it needs to decrypt the stack's
// secrets into a settings file beside Pulumi.yaml, so it runs where a copy of that is, and the work tree stays as it
// is.
func (a Account) initialize(ctx context.Context, root, folder string, target *Target) error {
	project, err := os.ReadFile(filepath.Join(root, "Pulumi.yaml"))
	if err != nil {
		return fmt.Errorf("read the project: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(folder, "state"), 0o700); err != nil {
		return fmt.Errorf("make the folder of the state: %w", err)
	}
	settings, err := yaml.Marshal(map[string]any{"config": map[string]string{"aws:region": a.Region}})
	if err != nil {
		return fmt.Errorf("encode the settings: %w", err)
	}
	for file, text := range map[string][]byte{
		filepath.Join(folder, "Pulumi.yaml"): project,
		filepath.Join(folder, "passphrase"):  []byte(rand.Text()),
		target.SettingsFile:                  settings,
	} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return fmt.Errorf("write %s: %w", file, err)
		}
	}
	initialize := exec.CommandContext(ctx, target.CLI, "--non-interactive", "stack", "init", target.Name)
	initialize.Dir, initialize.Env = folder, target.Environment
	if output, err := initialize.CombinedOutput(); err != nil {
		return fmt.Errorf("make the stack: %w\n%s", err, output)
	}
	return nil
}

// push pushes an image to the account's registry.
func (a Account) push(ctx context.Context, image v1.Image, reference string) error {
	found, err := ecr.NewFromConfig(a.Config).GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return fmt.Errorf("log in to the registry: %w", err)
	}
	if len(found.AuthorizationData) != 1 {
		return errors.New("log in to the registry: AWS answered without a token")
	}
	decoded, err := base64.StdEncoding.DecodeString(aws.ToString(found.AuthorizationData[0].AuthorizationToken))
	if err != nil {
		return errors.New("log in to the registry: AWS's token cannot be decoded")
	}
	user, password, _ := strings.Cut(string(decoded), ":")
	return appimage.Push(ctx, image, reference, user, password)
}

// misleading tells whether a variable would lead the Pulumi CLI elsewhere. PULUMI_HOME stays: the plugins are there.
func misleading(name string) bool { return strings.HasPrefix(name, "PULUMI_") && name != "PULUMI_HOME" }
