package acceptance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mediaserver/tests/internal/readback"
)

// settingChange is a setting that is changed, one of each kind: a change that replaces the task definition, one in an
// alarm, one in the log groups, one that moves the traffic.
type settingChange struct {
	key, value string
	// apply makes the change in what the resources are compared with.
	apply func(*readback.Settings)
	// planned are all changes that a preview may find.
	planned []string
	// deploys tells that ECS replaces the tasks.
	deploys bool
}

var settingChanges = []settingChange{
	{
		key: "memory", value: "1024", apply: func(s *readback.Settings) { s.Memory = 1024 },
		planned: []string{"replace TaskDefinition mediaserver", "update Service mediaserver"}, deploys: true,
	},
	{
		key: "scaleUpCpu", value: "80", apply: func(s *readback.Settings) { s.ScaleUpCPU = 80 },
		planned: []string{"update MetricAlarm high-cpu"},
	},
	{
		key: "logRetentionDays", value: "7", apply: func(s *readback.Settings) { s.LogRetentionDays = 7 },
		planned: []string{"update LogGroup app-logs", "update LogGroup ecs-logs"},
	},
	{
		key: "appPort", value: "8080", apply: func(s *readback.Settings) { s.AppPort = 8080 },
		planned: []string{
			"replace TaskDefinition mediaserver", "update Parameter app-config",
			"update SecurityGroup ecs-tasks", "update Service mediaserver",
		}, deploys: true,
	},
}

// settingSteps are the steps that change settings.
func settingSteps() []step {
	var all []step
	for _, change := range settingChanges {
		each := step{
			name: fmt.Sprintf("change %s to %s", change.key, change.value), about: time.Minute, limit: 10 * time.Minute,
			needs: []string{oneTaskStep},
			do:    func(r *run, ctx context.Context) (string, error) { return r.change(ctx, change) },
		}
		if change.deploys {
			each.about, each.limit = 4*time.Minute, 30*time.Minute
		}
		all = append(all, each)
	}
	return append(all, step{
		name: "scaling limits: from 2 to 3 tasks", about: 2 * time.Minute, limit: 20 * time.Minute, needs: []string{oneTaskStep},
		do: (*run).raiseLimits,
	})
}

// change makes one change and looks whether that and nothing else is what happens.
func (r *run) change(ctx context.Context, change settingChange) (string, error) {
	if err := r.stack.configure(ctx, map[string]string{"mediaserver:" + change.key: change.value}); err != nil {
		return "", err
	}
	planned, err := r.stack.planned(ctx)
	if err != nil {
		return "", err
	}
	if !slices.Equal(planned, change.planned) {
		// The change is made all the same: later steps build on it.
		err = fmt.Errorf("the plan is %q, want %q", planned, change.planned)
	}
	if failure := r.stack.up(ctx); failure != nil {
		return "", failure
	}
	change.apply(&r.settings)
	if err != nil {
		return "", err
	}
	var keys []string
	for _, each := range change.planned {
		_, key, _ := strings.Cut(each, " ")
		keys = append(keys, key)
	}
	if _, err := r.readBackOnly(ctx, keys...); err != nil {
		return "", err
	}
	if err := r.stack.unchanged(ctx); err != nil {
		return "", err
	}
	notes := strings.Join(planned, ", ")
	if change.deploys && r.target.Containers != nil {
		if err := r.awaitDeployment(ctx); err != nil {
			return "", err
		}
		return notes, r.checkApplication(ctx)
	}
	if change.deploys {
		notes += "; the tasks themselves are left out"
	}
	return notes, nil
}

// keepOneTask ends the recipe for the first deployment (docs/operating.md): the defaults are back, and with them a
// lower limit that keeps the service from being scaled down to nothing.
func (r *run) keepOneTask(ctx context.Context) (string, error) {
	for _, key := range []string{"desiredCount", "minCapacity"} {
		if _, err := r.stack.must(ctx, "config", "rm", "mediaserver:"+key); err != nil {
			return "", err
		}
	}
	if err := r.stack.up(ctx); err != nil {
		return "", err
	}
	r.settings.MinCapacity, r.settings.DesiredCount = 1, 1
	if _, err := r.readBackOnly(ctx, "Target ecs-target", "Service mediaserver"); err != nil {
		return "", err
	}
	return "", r.stack.unchanged(ctx)
}

// raiseLimits raises the lower scaling limit above the number of tasks, which AWS follows, and lowers the upper one.
func (r *run) raiseLimits(ctx context.Context) (string, error) {
	if err := r.stack.configure(ctx, map[string]string{"mediaserver:minCapacity": "2", "mediaserver:maxCapacity": "3"}); err != nil {
		return "", err
	}
	if err := r.stack.up(ctx); err != nil {
		return "", err
	}
	r.settings.MinCapacity, r.settings.MaxCapacity, r.settings.DesiredCount = 2, 3, 2
	// Autoscaling takes a moment to move the number of tasks.
	if err := r.await(ctx, func() (string, error) {
		desired, running, err := r.tasks(ctx)
		if desired < 2 || r.target.Containers != nil && running < 2 {
			return fmt.Sprintf("the service asks for %d tasks and runs %d, want 2", desired, running), err
		}
		return "", err
	}); err != nil {
		return "", err
	}
	if _, err := r.readBackOnly(ctx, "Target ecs-target", "Service mediaserver"); err != nil {
		return "", err
	}
	notes := "2 tasks run"
	if r.target.Containers == nil {
		notes = "the service asks for 2 tasks; that they run is left out"
	}
	return notes, r.stack.unchanged(ctx)
}
