// Command try-image runs an image on this machine's docker as a stack would, and tells whether the two fit.
// scripts/try-image builds and runs it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"mediaserver/tools/arguments"
	"mediaserver/tools/fit"
)

const usage = `Usage: scripts/try-image IMAGE [options]

Runs an image with the docker of this machine as the stack's task definition says: variables, secrets, processor and
memory, init process, port, user. Shows its log, waits for the container's own health check, asks the load balancer's
health path from outside, and says whether image and stack fit, or what does not. Nothing stays behind.

The application talks to the sandbox (make sandbox), or, with --stack or --outputs, to AWS with the credentials of this
environment. These are not the task role's, so what the application may do there is not tried.

  --stack STACK      try it for this stack, with the outputs that pulumi reads
  --outputs FILE     try it for the stack with these outputs: FILE holds what 'pulumi stack output --json' prints
  --timeout SECONDS  how long the application may take to become healthy (default: as long as ECS waits)
  --keep             leave the container running, as a local server, and print its address
  --help             print this

Exit codes:
   0  it fits
   1  something else went wrong
   2  wrong usage
   3  docker is missing or does not answer
   4  no sandbox, an output is missing or out of date
   5  the image is not on this machine
   6  the image is for another platform
   7  docker cannot start it: its entry point or its user
   8  it exited
   9  it was killed because it took too much memory
  10  the program of the container's own health check (curl or wget) is not in the image
  11  it listens on another port
  12  it listens on 127.0.0.1 only
  13  the health path answers another status, or TLS
  14  AWS refused or did not answer
  15  it is not healthy in time
  16  the container's own health check fails, although the health path answers
 130  interrupted; nothing was left behind
`

// Exit codes beside those of verdicts.
const (
	exitOther = 1
	exitUsage = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole command, and returns its exit code.
func run(ctx context.Context, words []string, stdout, stderr io.Writer) int {
	asked, err := parse(words)
	if errors.Is(err, arguments.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "try-image: %v\n", err)
		return exitUsage
	}
	asked.Output = stdout
	if itself, err := os.Executable(); err == nil {
		// It is built into bin/, in the folder of the repository.
		asked.Root = filepath.Dir(filepath.Dir(itself))
	}
	err = asked.Try(ctx)
	var verdict *fit.Verdict
	switch {
	case err == nil:
		return int(fit.Fits)
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "try-image: interrupted; nothing was left behind")
		return int(fit.Interrupted)
	case errors.As(err, &verdict):
		subject := ""
		if verdict.Code.OfImage() {
			subject = asked.Image + " does not fit: "
		}
		fmt.Fprintf(stderr, "try-image: %s%v\n", subject, err)
		return int(verdict.Code)
	default:
		fmt.Fprintf(stderr, "try-image: %v\n", err)
		return exitOther
	}
}

// parse reads the command line, with options before and after the image.
func parse(words []string) (asked fit.Request, err error) {
	flags := arguments.Flags("try-image")
	flags.StringVar(&asked.Stack, "stack", "", "")
	flags.StringVar(&asked.Outputs, "outputs", "", "")
	flags.Func("timeout", "", func(text string) error {
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds <= 0 {
			return errors.New("it must be a number of seconds above 0")
		}
		asked.Limit = time.Duration(seconds) * time.Second
		return nil
	})
	flags.BoolVar(&asked.Keep, "keep", false, "")
	images, err := arguments.Parse(flags, words)
	switch {
	case err != nil:
		return asked, err
	case flags.Changed("stack") && asked.Stack == "" || flags.Changed("outputs") && asked.Outputs == "":
		return asked, errors.New("--stack and --outputs need a value; see --help")
	case asked.Stack != "" && asked.Outputs != "":
		return asked, errors.New("--stack and --outputs exclude each other; see --help")
	case len(images) != 1 || images[0] == "":
		return asked, fmt.Errorf("name one image to try, as docker names it (scripts/try-image app:built), not %q; see --help", images)
	}
	asked.Image = images[0]
	return asked, nil
}
