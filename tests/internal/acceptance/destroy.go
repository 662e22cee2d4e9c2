package acceptance

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mediaserver/tools/shellword"
)

// commandsFile is the file in the run's folder that holds the commands which take everything away. It is there before
// anything is made, so that it helps even if the run is killed.
const commandsFile = "take-away.sh"

// takeAway destroys the stack and looks for what is left. It goes on until the run is abandoned.
func (r *run) takeAway(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-r.Abandon:
			cancel()
		case <-ctx.Done():
		}
	}()
	// Until the contrary is shown, everything may be there.
	r.remains = r.commands()
	for _, step := range lastSteps {
		r.perform(ctx, step)
	}
}

// destroy destroys the stack. A run that was stopped may have left a lock and operations of which the state does not
// know how they ended, and AWS refuses some deletions only for a while: so a second attempt begins with both.
func (r *run) destroy(ctx context.Context) (string, error) {
	arguments := []string{"destroy", "--yes", "--skip-preview"}
	_, first := r.stack.must(ctx, arguments...)
	if first == nil {
		return "", nil
	}
	for _, again := range [][]string{
		{"cancel", "--yes"},
		{"refresh", "--yes", "--skip-preview", "--clear-pending-creates"},
		arguments,
	} {
		if _, err := r.stack.must(ctx, again...); err != nil {
			return "", err
		}
	}
	return "at the second attempt; the first: " + first.Error(), nil
}

// clearLeftovers removes what a stack leaves behind on purpose, and then looks for anything else.
func (r *run) clearLeftovers(ctx context.Context) (string, error) {
	revisions, err := r.deleteRevisions(ctx)
	if err != nil {
		return "", err
	}
	insights, err := r.deleteInsights(ctx)
	if err != nil {
		return "", err
	}
	if at := len(r.results) - 1; at < 0 || r.results[at].Verdict != Passed {
		// The commands are there already, and they begin with what Pulumi knows.
		return "", fmt.Errorf("not looked for: %q has not passed", destroyStep)
	}
	left, err := r.awaitNothing(ctx)
	if err != nil {
		return "", err
	}
	if len(left) > 0 {
		var names []string
		var commands strings.Builder
		for _, thing := range left {
			names = append(names, thing.what)
			commands.WriteString(thing.command + "\n")
		}
		r.remains = r.target.Exports + commands.String()
		if err := r.saveCommands(r.remains); err != nil {
			return "", err
		}
		return "", fmt.Errorf("%d things are left:\n%s", len(left), strings.Join(names, "\n"))
	}
	r.remains = ""
	notes := fmt.Sprintf("removed what a stack leaves: %d revisions of the task definition", revisions)
	if insights {
		notes += ", the log group of Container Insights"
	}
	return notes, nil
}

// commands are what takes everything away by hand, in the order in which it works.
func (r *run) commands() string {
	pulumi := shellword.Quote(r.target.CLI)
	settings := " --config-file " + shellword.Quote(r.target.SettingsFile)
	lines := []string{
		"cd " + shellword.Quote(r.Root),
		strings.TrimSuffix(r.target.Exports, "\n"),
		pulumi + " cancel --yes",
		pulumi + " refresh --yes --skip-preview --clear-pending-creates" + settings,
		pulumi + " destroy --yes --skip-preview" + settings,
		"for status in ACTIVE INACTIVE; do",
		"  for revision in $(aws ecs list-task-definitions --family-prefix " + r.target.Name +
			" --status $status --query 'taskDefinitionArns[]' --output text); do",
		"    [ $status = INACTIVE ] || aws ecs deregister-task-definition --task-definition \"$revision\" --query taskDefinition.taskDefinitionArn --output text",
		"    aws ecs delete-task-definitions --task-definitions \"$revision\" --query 'taskDefinitions[].taskDefinitionArn' --output text",
		"  done",
		"done",
		"aws logs delete-log-group --log-group-name " + insightsGroup(r.target.Name) + " || true # there is none without tasks",
		"# Then this finds nothing but what AWS has not forgotten yet:",
		"aws resourcegroupstaggingapi get-resources --tag-filters Key=" + RunTag + ",Values=" + r.target.Name +
			" --query 'ResourceTagMappingList[].ResourceARN' --output text",
	}
	return strings.Join(lines, "\n") + "\n"
}

func (r *run) writeCommands() error { return r.saveCommands(r.commands()) }

func (r *run) saveCommands(commands string) error {
	path := filepath.Join(r.Folder, commandsFile)
	if err := os.WriteFile(path, []byte("# Takes away what the acceptance run "+r.target.Name+" made.\n"+commands), 0o600); err != nil {
		return fmt.Errorf("write the commands that take everything away: %w", err)
	}
	return nil
}
