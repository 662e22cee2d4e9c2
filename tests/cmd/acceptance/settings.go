package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// settingChange is a setting that is changed, one of each kind: a change that replaces the task definition, one in an
// alarm, one in the log groups, one that moves the traffic.
type settingChange struct {
	key   string
	value int
	// planned are all changes that a preview may find.
	planned []string
	// deploys tells that ECS replaces the tasks.
	deploys bool
}

var settingChanges = []settingChange{
	{"memory", 1024, []string{"replace TaskDefinition mediaserver", "update Service mediaserver"}, true},
	{"scaleUpCpu", 80, []string{"update MetricAlarm high-cpu"}, false},
	{"logRetentionDays", 7, []string{"update LogGroup app-logs", "update LogGroup ecs-logs"}, false},
	{"appPort", 8080, []string{
		"replace TaskDefinition mediaserver", "update Parameter app-config",
		"update SecurityGroup ecs-tasks", "update Service mediaserver",
	}, true},
}

// settingSteps are the steps that change settings.
func settingSteps() []step {
	var all []step
	for _, change := range settingChanges {
		each := step{
			name: fmt.Sprintf("change %s to %d", change.key, change.value), about: 1, needs: []string{oneTaskStep},
			do: func(r *run, ctx context.Context) (string, error) { return r.change(ctx, change) },
		}
		if change.deploys {
			each.about = 4
		}
		all = append(all, each)
	}
	return append(all, step{
		name: "scaling limits: from 1 to 2 tasks", about: 2, needs: []string{oneTaskStep}, do: (*run).raiseLimits,
	})
}

// change makes one change and looks whether that and nothing else is what happens.
func (r *run) change(ctx context.Context, change settingChange) (string, error) {
	if err := r.set(ctx, map[string]any{change.key: change.value}); err != nil {
		return "", err
	}
	planned, err := r.stack.planned(ctx)
	if err != nil {
		return "", err
	}
	// Later steps need the change, whatever the plan is.
	if err := r.up(ctx); err != nil {
		return "", err
	}
	if !slices.Equal(planned, change.planned) {
		return "", fmt.Errorf("the plan is %q, want %q", planned, change.planned)
	}
	var keys []string
	for _, each := range change.planned {
		_, key, _ := strings.Cut(each, " ")
		keys = append(keys, key)
	}
	if err := r.check(ctx, keys...); err != nil {
		return "", err
	}
	if err := r.stack.unchanged(ctx); err != nil {
		return "", err
	}
	notes := strings.Join(planned, ", ")
	if change.deploys && r.target.Containers == nil {
		return notes + "; the tasks themselves are left out", nil
	}
	if change.deploys {
		if err := r.awaitSteady(ctx); err != nil {
			return "", err
		}
		return notes, r.checkApplication(ctx)
	}
	return notes, nil
}

// set changes settings of the stack. A nil value takes one back to its default.
func (r *run) set(ctx context.Context, settings map[string]any) error {
	given := map[string]string{}
	for key, value := range settings {
		if value == nil {
			delete(r.settings, key)
			if _, err := r.stack.must(ctx, "config", "rm", "mediaserver:"+key); err != nil {
				return err
			}
			continue
		}
		r.settings[key], given["mediaserver:"+key] = value, fmt.Sprint(value)
	}
	if len(given) == 0 {
		return nil
	}
	return r.stack.configure(ctx, given)
}

// keepOneTask ends the recipe for the first deployment (docs/operating.md): the defaults are back, and with them a
// lower limit that keeps the service from being scaled down to nothing.
func (r *run) keepOneTask(ctx context.Context) (string, error) {
	if err := r.set(ctx, map[string]any{"desiredCount": nil, "minCapacity": nil}); err != nil {
		return "", err
	}
	if err := r.up(ctx); err != nil {
		return "", err
	}
	// desiredCount counts only when the service is created.
	r.settings["desiredCount"] = 1
	if err := r.check(ctx, "Target ecs-target", "Service mediaserver"); err != nil {
		return "", err
	}
	return "", r.stack.unchanged(ctx)
}

// raiseLimits raises the lower scaling limit above the number of tasks, which AWS follows, and lowers the upper one.
func (r *run) raiseLimits(ctx context.Context) (string, error) {
	if err := r.set(ctx, map[string]any{"minCapacity": 2, "maxCapacity": 3}); err != nil {
		return "", err
	}
	if err := r.up(ctx); err != nil {
		return "", err
	}
	r.settings["desiredCount"] = 2
	// Autoscaling takes a moment to move the number of tasks.
	if err := r.await(ctx, func() error { return r.check(ctx, "Target ecs-target", "Service mediaserver") }); err != nil {
		return "", err
	}
	notes := "the service asks for 2 tasks; that they run is left out"
	if r.target.Containers != nil {
		notes = "2 tasks run"
		if err := r.awaitSteady(ctx); err != nil {
			return "", err
		}
	}
	return notes, r.stack.unchanged(ctx)
}
