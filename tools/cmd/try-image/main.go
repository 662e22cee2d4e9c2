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

// request is what the command line asks for.
type request struct {
	image, stack, outputs string
	limit                 time.Duration
	keep                  bool
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
	err = try(ctx, asked, stdout)
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
			subject = asked.image + " does not fit: "
		}
		fmt.Fprintf(stderr, "try-image: %s%v\n", subject, err)
		return int(verdict.Code)
	default:
		fmt.Fprintf(stderr, "try-image: %v\n", err)
		return exitOther
	}
}

// parse reads the command line, with options before and after the image.
func parse(words []string) (request, error) {
	var asked request
	flags := arguments.Flags("try-image")
	needed := func(value *string) func(string) error {
		return func(text string) error {
			*value = text
			if text == "" {
				return errors.New("it needs a value")
			}
			return nil
		}
	}
	flags.Func("stack", "", needed(&asked.stack))
	flags.Func("outputs", "", needed(&asked.outputs))
	flags.Func("timeout", "", func(text string) error {
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds <= 0 {
			return errors.New("it must be a number of seconds above 0")
		}
		asked.limit = time.Duration(seconds) * time.Second
		return nil
	})
	flags.BoolVar(&asked.keep, "keep", false, "")
	images, err := arguments.Parse(flags, words)
	switch {
	case err != nil:
		return asked, err
	case len(images) == 0 || images[0] == "":
		return asked, errors.New("name the image to try, as docker names it: scripts/try-image app:built; see --help")
	case len(images) > 1:
		return asked, fmt.Errorf("name one image only, not %q and %q; see --help", images[0], images[1])
	case asked.stack != "" && asked.outputs != "":
		return asked, errors.New("--stack and --outputs exclude each other; see --help")
	}
	asked.image = images[0]
	return asked, nil
}

// try finds docker and the stack, and tries the image.
func try(ctx context.Context, asked request, output io.Writer) error {
	docker, err := fit.FindDocker(ctx)
	if err != nil {
		return err
	}
	root, err := repository()
	if err != nil {
		return err
	}
	stack, err := fit.Source{Root: root, Name: asked.stack, Outputs: asked.outputs}.Find(ctx)
	if err != nil {
		return err
	}
	plan, err := stack.Read(ctx)
	if err != nil {
		return err
	}
	return docker.Try(ctx, stack, plan, fit.Options{Image: asked.image, Limit: asked.limit, Keep: asked.keep, Output: output})
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
