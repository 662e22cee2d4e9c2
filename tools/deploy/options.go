package deploy

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"mediaserver/tools/arguments"
)

// usage is the help. Tests hold it together with the options and the exit codes.
const usage = `Usage: scripts/deploy-app --image IMAGE [--tag TAG] [options]
       scripts/deploy-app --skip-push   [--tag TAG] [options]
       scripts/deploy-app --rollback    [options]

Pushes an image to the stack's registry, starts a new deployment of the stack's
service, follows it, and asks the application for its health. It reads only the
stack's outputs and the service that they name. It needs docker only for an image
that docker has, and no other program with --outputs.

  --image IMAGE           image to push: one that docker has, by its name there, or
                          the path of an OCI layout or of an archive of 'docker save'
  --tag TAG               tag to push and to deploy (default: the tag that the
                          stack's task definition names, the setting imageTag)
  --skip-push             deploy TAG as it is in the registry already
  --rollback              go back to what the service ran before its current image, from
                          AWS's record of its deployments (90 days); see below
  --outputs FILE          read the outputs from FILE, which holds what
                          'pulumi stack output --json' prints
  --stack STACK           read the outputs of this stack (default: the selected one)
  --count N               tasks to ask for if the service asks for none (default:
                          the least that its autoscaling allows, and at least 1)
  --replace               start even if another deployment is under way
  --timeout SECONDS       time limit of the deployment (default: 1200,
                          or 2700 where alarms watch deployments)
  --health-timeout SECONDS  time limit of the health check after it (default: 180)
  --poll SECONDS          pause between two looks (default: 5)
  --dry-run               look, print every step as a command, change nothing
  --help                  print this

A tag other than the stack's gets a task definition of its own: the stack's, with
only the image changed. The stack's own tag deploys the stack's task definition.

--rollback deploys the last successful deployment of another image again, with the
image named by its digest, so it does not matter what the tag names now. It skips
images that the service has come back from, so a second --rollback goes further
back, never forward. During a deployment that replaces this very image, it has ECS
stop that deployment and go back; --count is not used then.

Exit codes:
   0  the service runs the deployment that was started, complete and healthy
   2  wrong usage
   3  a needed program is missing, docker does not answer, or the temporary folder
      cannot be written
   4  a stack output is missing, out of date, or names another account's registry
   5  the image is missing, or not built for the platform of the tasks
   6  login to the registry failed
   7  push failed
   8  another deployment is under way; nothing was started
   9  somebody else's deployment or image replaced this one
  10  ECS gave the deployment up (rolled back, if there was something to go back to)
  11  the deployment's tasks keep stopping
  12  not complete within the time limit
  13  deployed, but the application does not answer 200
  14  AWS refused a call, did not answer, or gave an answer that cannot be read
  15  there is nothing to go back to; nothing was started
 130  interrupted; a deployment that was started, or may have been, goes on in ECS
`

// Exit codes, as the usage tells them.
const (
	exitUsage       = 2
	exitTool        = 3
	exitOutput      = 4
	exitImage       = 5
	exitLogin       = 6
	exitPush        = 7
	exitBusy        = 8
	exitReplaced    = 9
	exitRollback    = 10
	exitStopping    = 11
	exitTimeout     = 12
	exitUnhealthy   = 13
	exitAPI         = 14
	exitNothing     = 15
	exitInterrupted = 130
)

// options are what the command line asks for.
type options struct {
	image, tag, outputsFile, stack      string
	count                               int // 0 if not given
	skipPush, rollback, replace, dryRun bool
	// timeout is 0 if timeoutGiven is false: then it depends on whether alarms watch the deployment.
	timeout             time.Duration
	timeoutGiven        bool
	healthTimeout, poll time.Duration
}

var (
	number   = regexp.MustCompile(`^(0|[1-9][0-9]{0,5})$`)
	imageTag = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
)

// parse reads the command line. Its error is wrong usage, or arguments.ErrHelp.
func parse(words []string) (options, error) {
	o := options{healthTimeout: 180 * time.Second, poll: 5 * time.Second}
	flags := arguments.Flags("deploy-app")
	for name, into := range map[string]*string{"image": &o.image, "tag": &o.tag, "outputs": &o.outputsFile, "stack": &o.stack} {
		flags.Func(name, "", func(text string) error {
			if *into = text; text == "" {
				return errors.New("it needs a value")
			}
			return nil
		})
	}
	for name, into := range map[string]*bool{"skip-push": &o.skipPush, "rollback": &o.rollback, "replace": &o.replace, "dry-run": &o.dryRun} {
		flags.BoolVar(into, name, false, "")
	}
	for name, set := range map[string]func(int){
		"count":          func(tasks int) { o.count = tasks },
		"timeout":        func(seconds int) { o.timeout = time.Duration(seconds) * time.Second },
		"health-timeout": func(seconds int) { o.healthTimeout = time.Duration(seconds) * time.Second },
		"poll":           func(seconds int) { o.poll = time.Duration(seconds) * time.Second },
	} {
		flags.Func(name, "", func(text string) error {
			value, err := strconv.Atoi(text)
			if !number.MatchString(text) || err != nil || name == "count" && value == 0 {
				return errors.New("it must be a whole number of at most 6 digits, and a count above 0")
			}
			set(value)
			return nil
		})
	}
	others, err := arguments.Parse(flags, words)
	if err != nil {
		return options{}, err
	}
	if len(others) > 0 {
		return options{}, fmt.Errorf("unknown argument '%s'; see --help", others[0])
	}
	o.timeoutGiven = flags.Changed("timeout")
	return o, o.check()
}

// check refuses options that do not go together.
func (o options) check() error {
	switch {
	case o.rollback && (o.skipPush || o.image != "" || o.tag != ""):
		return errors.New("--rollback finds the image itself: it excludes --image, --tag and --skip-push")
	case o.skipPush && o.image != "":
		return errors.New("--image and --skip-push exclude each other")
	case !o.rollback && !o.skipPush && o.image == "":
		return errors.New("name the image to push with --image, deploy what is in the registry with --skip-push, or go back with --rollback")
	case o.outputsFile != "" && o.stack != "":
		return errors.New("--outputs and --stack exclude each other")
	case o.tag != "" && !imageTag.MatchString(o.tag):
		return fmt.Errorf("--tag '%s' is not an image tag: letters, digits, '_', '.', '-', at most 128, not starting with '.' or '-'", o.tag)
	}
	return nil
}
