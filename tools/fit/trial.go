// Package fit runs an image on this machine's docker as a stack's task definition says, and tells whether the two fit:
// it asks the container's own health check and the load balancer's, and finds out why one of them fails.
package fit

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

const (
	// idleWatch is how long an idle connection is watched. It notices servers that close after five seconds: most versions
	// of Node.js (some add a second), uvicorn, Apache.
	idleWatch = 7 * time.Second
	// lastLines is how many lines of the log a verdict repeats.
	lastLines = 10
)

// Request says what to try and how.
type Request struct {
	// Image is the image, as docker names it on this machine.
	Image string
	// Root is the folder of the repository.
	Root string
	// Stack is the name of a stack, which pulumi knows. Without Stack and Outputs the image is tried for the sandbox's.
	Stack string
	// Outputs is a file with what 'pulumi stack output --json' prints.
	Outputs string
	// Limit is how long the application may take to become healthy. 0 means as long as ECS allows.
	Limit time.Duration
	// Keep leaves the container running.
	Keep bool
	// Output gets what happens and the container's log, line by line.
	Output io.Writer
}

// Try tries the image, and returns nil if it fits, a Verdict if not, or another error. Nothing stays behind, unless the
// request says so and the container runs.
func (r Request) Try(ctx context.Context) error {
	if err := docker(command).check(ctx); err != nil {
		return err
	}
	stack, err := r.findStack(ctx)
	if err != nil {
		return err
	}
	plan, err := stack.readPlan(ctx)
	if err != nil {
		return err
	}
	t := &trial{Request: r, docker: command, plan: plan, processes: "/proc", pause: time.Second, idleWatch: idleWatch}
	return t.run(ctx)
}

// trial is one run of an image.
type trial struct {
	Request
	docker docker
	plan   plan
	// processes is where the kernel tells about processes, pause the time between two looks, and idleWatch how long an
	// idle connection is watched.
	processes        string
	pause, idleWatch time.Duration

	name    string
	started time.Time
	// container is what docker has said about the container when it was last asked.
	container container
	// logged is closed when the log has ended. Then lines are its last ones.
	logged chan struct{}
	lines  []string
	saying sync.Mutex
}

func (t *trial) say(format string, values ...any) {
	t.saying.Lock()
	defer t.saying.Unlock()
	fmt.Fprintf(t.Output, format+"\n", values...)
}

func (t *trial) run(ctx context.Context) (err error) {
	t.name = "try-image-" + strings.ToLower(rand.Text()[:8])
	t.say("%s says: %g vCPU, %d MiB, %s, port %d", t.plan.taskDefinition, float64(t.plan.cpu)/unitsOfProcessor,
		t.plan.memory, t.plan.platform, t.plan.port)
	t.say("%s", t.plan.description)
	arguments, environment := t.plan.createArguments(t.Image, t.name)
	// An interrupt must not end this in between: what the engine has begun would stay behind.
	if _, err := t.docker.run(context.WithoutCancel(ctx), environment, arguments...); err != nil {
		return t.plan.refusal(err)
	}
	kept := false
	defer func() {
		if !kept {
			// It is removed after an interrupt too, which has ended the context.
			_, removal := t.docker.run(context.WithoutCancel(ctx), nil, "rm", "--force", "--volumes", t.name)
			err = errors.Join(err, removal)
		}
	}()
	t.started = time.Now()
	if _, err := t.docker.run(ctx, nil, "start", t.name); err != nil {
		return t.plan.refusal(err)
	}
	end := t.follow(ctx)
	defer end()
	err = t.watch(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err == nil {
		t.say("%s fits", t.Image)
	}
	if kept = t.Keep && t.container.State.Running; kept {
		t.say("It keeps running at http://%s, and its log is shown by: docker logs --follow %s",
			t.container.address(t.plan.port), t.name)
		t.say("End it with: docker rm --force %s", t.name)
	}
	return err
}

// follow shows the log of the container and keeps its last lines, until the container ends or the returned function is
// called.
func (t *trial) follow(ctx context.Context) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	t.logged = make(chan struct{})
	printed, into := io.Pipe()
	go func() {
		// However this ends, the log has been shown as far as it went.
		_, _ = t.docker(ctx, nil, []string{"logs", "--follow", t.name}, into, into)
		_ = into.Close()
	}()
	go func() {
		defer close(t.logged)
		for lines := bufio.NewReader(printed); ; {
			line, err := lines.ReadString('\n')
			if line = strings.TrimSuffix(line, "\n"); line != "" || err == nil {
				t.say("%s | %s", *t.plan.container.Name, line)
				t.lines = append(t.lines, line)
				t.lines = t.lines[max(0, len(t.lines)-lastLines):]
			}
			if err != nil {
				return
			}
		}
	}()
	return func() {
		cancel()
		<-t.logged
	}
}

// inspect asks docker about the container and, if it has ended, waits for the rest of its log.
func (t *trial) inspect(ctx context.Context) error {
	output, err := t.docker.run(ctx, nil, "inspect", "--type", "container", "--format", "{{json .}}", t.name)
	if err != nil {
		return err
	}
	t.container = container{}
	if err := json.Unmarshal([]byte(output), &t.container); err != nil {
		return fmt.Errorf("read what docker inspect says: %w", err)
	}
	if !t.container.State.Running {
		<-t.logged
	}
	return nil
}

// watch looks at the container until it fits, or until there is no use in waiting any longer.
func (t *trial) watch(ctx context.Context) error {
	for told := ""; ; {
		seen, err := t.look(ctx)
		if err != nil {
			return err
		}
		finding := t.find(seen)
		if finding == nil {
			return t.settle(ctx, seen)
		}
		after, judge := time.Since(t.started), t.judge(seen)
		switch {
		case finding.final:
			return finding
		case after >= judge.limit:
			if finding.ofTime() {
				finding.Remedy = judge.reason + "\n" + finding.Remedy
			}
			return finding
		case finding.Problem != told:
			told = finding.Problem
			t.say("So far (%s of %s): %s", seconds(after), seconds(judge.limit), told)
		}
		select {
		case <-time.After(t.pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// settle tells what was found about a container that fits, watches what it does with an idle connection, and returns a
// Verdict if it has ended meanwhile.
func (t *trial) settle(ctx context.Context, seen observation) error {
	if command := t.plan.command; len(command) > 0 {
		t.say("Its own health check succeeds: %s", strings.Join(command, " "))
	}
	t.say("http://%s%s answers %d from outside (%s)", t.container.address(t.plan.port), t.plan.path, seen.status,
		seconds(time.Since(t.started)))
	t.say("Watching an idle connection for %s", seconds(t.idleWatch))
	closes := t.closesIdle(ctx)
	if err := t.inspect(ctx); err != nil {
		return err
	}
	if finding := t.find(seen); finding != nil {
		return finding
	}
	if closes {
		t.say("%s", idleWarning)
	}
	return nil
}

// seconds writes a time, to the second.
func seconds(duration time.Duration) string { return fmt.Sprintf("%.0f s", duration.Seconds()) }
