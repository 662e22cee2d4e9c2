package fit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
)

// Options say what to try and how.
type Options struct {
	// Image is the image, as docker names it on this machine.
	Image string
	// Limit is how long the application may take to become healthy. 0 means as long as ECS allows.
	Limit time.Duration
	// Keep leaves the container running.
	Keep bool
	// Output gets what happens, line by line, and the container's log.
	Output io.Writer
}

// trial is one run of an image.
type trial struct {
	docker Docker
	plan   Plan
	Options
	// name is the container's name, address where its port is reached from here, such as 127.0.0.1:32768, and user the
	// image's user.
	name, address, user string
	started             time.Time
	// pause is the time between two looks, idleWatch how long an idle connection is watched.
	pause, idleWatch time.Duration
}

func (t *trial) say(format string, values ...any) { fmt.Fprintf(t.Output, format+"\n", values...) }

// Try runs an image as the plan of the stack says and returns nil if it fits, a Verdict if not, or another error.
// Nothing stays behind, unless the options say so and the container runs.
func (d Docker) Try(ctx context.Context, stack Stack, plan Plan, options Options) error {
	return (&trial{docker: d, plan: plan, Options: options, pause: time.Second, idleWatch: idleWatch}).run(ctx, stack)
}

func (t *trial) run(ctx context.Context, stack Stack) (err error) {
	t.name = "try-image-" + strings.ToLower(rand.Text()[:8])
	t.plan = t.plan.within(t.Limit)
	t.Output = &serialWriter{output: t.Output}
	if err := t.checkImage(ctx); err != nil {
		return err
	}
	access, err := t.docker.accessTo(ctx, stack)
	if err != nil {
		return err
	}
	kept := false
	defer func() {
		if !kept {
			// What was made is removed after an interrupt too, which has ended the context.
			err = errors.Join(err, t.docker.remove(context.WithoutCancel(ctx), t.name))
		}
	}()
	if err := t.start(ctx, access, stack.description); err != nil {
		return err
	}
	verdict := t.watch(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if verdict == nil {
		t.say("%s fits", t.Image)
	}
	if kept = t.Keep && t.runs(ctx); kept {
		t.say("It keeps running at http://%s, and its log is shown by: docker logs --follow %s", t.address, t.name)
		t.say("End it with: docker rm --force %s", t.name)
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
	const format = "{{.Os}}/{{.Architecture}} {{.Config.User}}"
	output, err := t.docker.run(ctx, nil, "image", "inspect", "--format", format, t.Image)
	if failed := new(failure); errors.As(err, &failed) {
		return &Verdict{Code: NoImage, Problem: "it is not on this machine: " + failed.message,
			Remedy: "Build it, or pull it: docker image ls shows what is there."}
	}
	if err != nil {
		return err
	}
	platform, user, _ := strings.Cut(output, " ")
	t.user = user
	if platform == t.plan.Platform {
		return nil
	}
	// An image for several platforms shows this machine's first; older engines know one platform of an image only.
	other, err := t.docker.run(ctx, nil, "image", "inspect", "--platform", t.plan.Platform, "--format", format, t.Image)
	if other, user, _ := strings.Cut(other, " "); err == nil && other == t.plan.Platform {
		t.user = user
		return nil
	}
	return &Verdict{Code: OtherFormat,
		Problem: fmt.Sprintf("it is built for %s, and the tasks run %s", platform, t.plan.Platform),
		Remedy:  fmt.Sprintf("Build it with docker build --platform %s%s.", t.plan.Platform, otherProcessor(platform))}
}

// start makes the container and starts it.
func (t *trial) start(ctx context.Context, access access, description string) error {
	processors := 0
	output, err := t.docker.run(ctx, nil, "info", "--format", "{{.NCPU}}")
	if err != nil {
		return err
	}
	if _, err := fmt.Sscan(output, &processors); err != nil {
		return fmt.Errorf("docker info: %q is no number of processors", output)
	}
	plan := t.plan
	t.say("%s says: %g vCPU, %d MiB, %s, port %d", plan.TaskDefinition, float64(plan.CPU)/unitsOfProcessor, plan.Memory, plan.Platform, plan.Port)
	if float64(processors) < float64(plan.CPU)/unitsOfProcessor {
		t.say("This machine has %d processors for it", processors)
	}
	if names := leftOut(reflect.ValueOf(plan.Container)); len(names) > 0 {
		t.say("The task definition also says this, which is not tried here: %s", strings.Join(names, ", "))
	}
	t.say("%s", description)
	arguments, environment := plan.createArguments(t.Image, t.name, access, processors)
	// An interrupt must not end these in between: what the engine has begun would stay behind.
	lasting := context.WithoutCancel(ctx)
	_, err = t.docker.run(lasting, environment, arguments...)
	if err == nil {
		t.started = time.Now()
		_, err = t.docker.run(lasting, nil, "start", t.name)
	}
	if failed := new(failure); errors.As(err, &failed) {
		return notStarted(failed.message)
	}
	return err
}

// watch waits until the container fits, has ended, or a judge has given it up.
func (t *trial) watch(ctx context.Context) error {
	following, stop := context.WithCancel(ctx)
	defer stop()
	log := t.docker.follow(following, t.name, *t.plan.Container.Name+" | ", t.Output)
	told := ""
	for {
		state, err := t.docker.state(ctx, t.name)
		if err != nil {
			return err
		}
		if !state.Running {
			return t.ended(state, log)
		}
		if t.address == "" {
			output, err := t.docker.run(ctx, nil, "port", t.name, fmt.Sprintf("%d/tcp", t.plan.Port))
			if err != nil && ctx.Err() == nil && !t.runs(ctx) {
				// A container that has ended since has no port any more.
				continue
			}
			if err != nil {
				return err
			}
			t.address, _, _ = strings.Cut(output, "\n")
		}
		seen := t.look(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if t.plan.fits(seen) {
			return t.settle(ctx, seen, log)
		}
		after, judge := time.Since(t.started), t.plan.pending(seen)
		if t.runs(ctx) {
			if after >= judge.Limit || seen.final() {
				return t.judge(seen, after, judge)
			}
			if line := t.plan.soFar(seen); line != told {
				t.say("So far (%s of %s): %s", round(after), round(judge.Limit), line)
				told = line
			}
		}
		select {
		case <-time.After(t.pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// settle tells what was found about a container that fits, watches what it does with an idle connection, and returns a
// verdict if it has ended meanwhile.
func (t *trial) settle(ctx context.Context, seen observation, log *containerLog) error {
	if command := t.plan.Own.Command; len(command) > 0 {
		t.say("Its own health check succeeds: %s", strings.Join(command, " "))
	}
	t.say("http://%s%s answers %d from outside (%s)", t.address, t.plan.LoadBalancer.Path, seen.outside.status, round(time.Since(t.started)))
	t.say("Watching an idle connection for %s", round(t.idleWatch))
	idle := t.closesIdle(ctx)
	state, err := t.docker.state(ctx, t.name)
	if err != nil {
		return err
	}
	if !state.Running {
		return t.ended(state, log)
	}
	if idle > 0 {
		t.say("%s", warnOfIdle(idle))
	}
	return nil
}

// ended is the verdict on a container that has ended.
func (t *trial) ended(state containerState, log *containerLog) error {
	return t.judgeEnd(state, log.drain(), time.Since(t.started))
}
