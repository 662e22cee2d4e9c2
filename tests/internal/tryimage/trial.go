package tryimage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

const (
	// pause is the time between two looks.
	pause = time.Second
	// lastLines is how many lines of the log a verdict repeats.
	lastLines = 10
	// drainTime is how long the rest of the log of an ended container may take.
	drainTime = 5 * time.Second
)

// Options say what to try and how.
type Options struct {
	// Image is the image, as docker names it on this machine.
	Image string
	Plan  Plan
	// Access is how the application reaches AWS.
	Access Access
	// Limit is how long the application may take to become healthy. 0 means as long as the task definition allows.
	Limit time.Duration
	// Keep leaves the container running.
	Keep bool
	// Output gets what happens, line by line, and the container's log.
	Output io.Writer
}

// Limit is how long the task definition lets an application start.
func (p Plan) Limit() time.Duration {
	if p.Own.Limit > 0 {
		return p.Own.Limit
	}
	return defaultRetries * defaultInterval
}

// trial is one run of an image.
type trial struct {
	docker Docker
	plan   Plan
	image  string
	// name is the container's name, and address where its port is reached from here.
	name, address string
	started       time.Time
	output        io.Writer
}

func (t *trial) say(format string, values ...any) { fmt.Fprintf(t.output, format+"\n", values...) }

// Find finds docker and its engine.
func Find(ctx context.Context) (Docker, error) {
	path, err := exec.LookPath("docker")
	if err != nil {
		return Docker{}, &Verdict{Code: NoEngine, Problem: "docker is not on PATH",
			Remedy: "Install it (https://docs.docker.com/engine/install/, or docker.io on Debian); without it no image can be tried."}
	}
	docker := Docker{path: path}
	platform, err := docker.platform(ctx)
	var failed *failure
	if errors.As(err, &failed) {
		return docker, &Verdict{Code: NoEngine, Problem: "docker does not answer: " + failed.message,
			Remedy: "Start its engine (Docker Desktop, or systemctl start docker), and see that this user may use it."}
	}
	if err != nil {
		return docker, err
	}
	if !strings.HasPrefix(platform, "linux/") {
		return docker, &Verdict{Code: NoEngine, Problem: "docker runs containers of " + platform + ", and the tasks run Linux",
			Remedy: "Switch Docker Desktop to Linux containers."}
	}
	return docker, nil
}

// Try runs the image and returns nil if it fits, a Verdict if not, or another error. Nothing stays behind, unless the
// options say so and the container runs.
func Try(ctx context.Context, docker Docker, options Options) (err error) {
	t := &trial{
		docker: docker, plan: options.Plan, image: options.Image, output: options.Output,
		name: "try-image-" + strings.ToLower(rand.Text()[:8]),
	}
	if err := t.checkImage(ctx); err != nil {
		return err
	}
	relay, err := t.docker.openWay(ctx, options.Access)
	if err != nil {
		return err
	}
	kept := false
	defer func() {
		// What was made is taken away also after an interrupt, which has ended the context.
		lasting := context.WithoutCancel(ctx)
		if !kept {
			err = errors.Join(err, t.docker.remove(lasting, t.name))
			relay.end()
		}
	}()
	if err := t.start(ctx, options.Access, relay); err != nil {
		return err
	}
	verdict := t.watch(ctx, options.Limit)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if verdict == nil {
		t.say("%s fits", t.image)
	}
	if options.Keep && t.runs(ctx) {
		if kept = relay.keep(t.name); kept {
			t.say("It keeps running at %s, and its log is shown by: docker logs --follow %s", t.address, t.name)
			t.say("End it with: docker rm --force %s", t.name)
		}
	}
	return verdict
}

// runs tells whether the container still runs.
func (t *trial) runs(ctx context.Context) bool {
	state, err := t.docker.state(ctx, t.name)
	return err == nil && state.Running
}

// checkImage finds the image on this machine and compares its platform with the tasks'.
func (t *trial) checkImage(ctx context.Context) error {
	const format = "{{.Os}}/{{.Architecture}}"
	platform, err := t.docker.run(ctx, nil, "image", "inspect", "--format", format, t.image)
	var failed *failure
	if errors.As(err, &failed) {
		return &Verdict{Code: NoImage, Problem: "it is not on this machine: " + failed.message,
			Remedy: "Build it, or pull it: docker image ls shows what is there."}
	}
	if err != nil {
		return err
	}
	if platform == t.plan.Platform {
		return nil
	}
	// An image for several platforms shows this machine's first; older engines know one platform of an image only.
	other, err := t.docker.run(ctx, nil, "image", "inspect", "--platform", t.plan.Platform, "--format", format, t.image)
	if err == nil && other == t.plan.Platform {
		return nil
	}
	return &Verdict{Code: OtherFormat,
		Problem: fmt.Sprintf("it is built for %s, and the tasks run %s", platform, t.plan.Platform),
		Remedy:  fmt.Sprintf("Build it with docker build --platform %s%s.", t.plan.Platform, otherProcessor(platform))}
}

// otherProcessor is how to let the tasks run a platform, if they can.
func otherProcessor(platform string) string {
	architecture, offered := map[string]string{"linux/amd64": "X86_64", "linux/arm64": "ARM64"}[platform]
	if !offered {
		return ""
	}
	return ", or let the tasks run on its processor: pulumi config set mediaserver:cpuArchitecture " + architecture
}

// start makes the container and starts it.
func (t *trial) start(ctx context.Context, access Access, relay *relay) error {
	processors, err := t.docker.processors(ctx)
	if err != nil {
		return err
	}
	t.describe(access, processors)
	arguments, environment := t.plan.createArguments(t.image, surroundings{
		name: t.name, access: access.variables(relay), hosts: relay.hosts, processors: processors,
	})
	// An interrupt must not end these in between: what the engine has begun would stay behind.
	lasting := context.WithoutCancel(ctx)
	_, err = t.docker.run(lasting, environment, arguments...)
	if err == nil {
		t.started = time.Now()
		_, err = t.docker.run(lasting, nil, "start", t.name)
	}
	var failed *failure
	if errors.As(err, &failed) {
		return notStarted(failed.message)
	}
	return err
}

// describe tells what the stack makes of the image.
func (t *trial) describe(access Access, processors int) {
	plan := t.plan
	t.say("%s says: %g vCPU, %d MiB, %s, port %d", plan.TaskDefinition, float64(plan.CPU)/unitsOfProcessor, plan.Memory, plan.Platform, plan.Port)
	if float64(processors) < float64(plan.CPU)/unitsOfProcessor {
		t.say("This machine has %d processors for it", processors)
	}
	if names := leftOut(plan.Container); names != "" {
		t.say("Left out, because they mean nothing on this machine: %s", names)
	}
	t.say("%s", access.Description)
}

// watch waits until the container fits, has ended, or has had its time.
func (t *trial) watch(ctx context.Context, limit time.Duration) error {
	following, stop := context.WithCancel(ctx)
	defer stop()
	prefix := *t.plan.Container.Name + " | "
	drain, err := t.docker.follow(following, t.name, prefix, t.output)
	if err != nil {
		return err
	}
	if limit == 0 {
		limit = t.plan.Limit()
	}
	told := ""
	for {
		state, err := t.docker.state(ctx, t.name)
		if err != nil {
			return err
		}
		if !state.Running {
			return t.ended(ctx, state, drain)
		}
		if t.address == "" {
			address, err := t.docker.address(ctx, t.name, t.plan.Port)
			if err != nil && ctx.Err() == nil && !t.runs(ctx) {
				// A container that has ended since has no port any more.
				continue
			}
			if err != nil {
				return err
			}
			t.address = "http://" + address
		}
		seen := t.look(ctx)
		after := time.Since(t.started)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case t.plan.fits(seen):
			t.say("Its own health check succeeds: %s", strings.Join(t.plan.Own.Command, " "))
			t.say("%s%s answers %d from outside (%s)", t.address, t.plan.LoadBalancer.Path, seen.outside.status, round(after))
			return nil
		}
		if still := t.runs(ctx); still && (after >= limit || seen.own.missing != "") {
			return t.plan.judge(seen, after)
		} else if line := t.plan.soFar(seen); still && line != told {
			t.say("So far (%s of %s): %s", round(after), round(limit), line)
			told = line
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// ended is the verdict on a container that has ended.
func (t *trial) ended(ctx context.Context, state containerState, drain func(time.Duration)) error {
	after := time.Since(t.started)
	drain(drainTime)
	lines, err := t.docker.lastLines(ctx, t.name, lastLines)
	if err != nil {
		return err
	}
	return judgeEnd(state, lines, t.plan.Memory, after)
}
