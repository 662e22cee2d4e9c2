package deployapp

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// changing are the calls that change something.
var changing = []string{
	"docker login", "docker tag", "docker push",
	"aws ecs register-task-definition", "aws ecs update-service",
}

// course is a run of the script whose calls of jq fail, one after the other.
type course struct {
	name      string
	play      stage
	arguments []string
	code      int // how it ends when none fails
}

// TestNoFailureOfJQIsTakenForAnAnswer lets each call of jq in a whole run fail, one in each run. What one course has
// in common with those before it fails once.
func TestNoFailureOfJQIsTakenForAnAnswer(t *testing.T) {
	t.Parallel()
	// Another deployment is under way, so each look has something to decide.
	busy := happy().following(service(2, 2, ourStart, oldActive), service(2, 2, ourComplete))
	busy["aws_ecs_describe-services"][0] = described(service(2, 2, alienStart, oldActive))
	busy["aws_ecs_describe-services"][1] = described(service(2, 2, alienStart, oldActive))
	failing := happy().
		following(service(2, 2, ourStart, oldActive), service(2, 2, oldPutBack, ourFailed)).
		stoppedTasks(stoppedTask(1, ourDeployment))
	goingBack := after(imageX, imageA, imageB, imageA)
	file := t.TempDir() + "/outputs.json"
	write(t, file, says(outputs()).stdout)
	seen := map[string]bool{}
	for _, run := range []course{
		{"a deployment of another tag that replaces one under way", busy, []string{"--tag", "v2", "--replace"}, 0},
		{"a deployment that waits for the one under way", busy, nil, 8},
		{"the first deployment into an empty registry", emptyRegistry(), nil, 0},
		{"the first deployment of a service that asks for nothing", idle(), nil, 0},
		{"what is in the registry", happy(), []string{"--skip-push"}, 0},
		{"a dry run", busy, []string{"--tag", "v2", "--replace", "--dry-run"}, 0},
		{"a rollback", goingBack, []string{"--rollback"}, 0},
		{"a dry run of a rollback", goingBack, []string{"--rollback", "--dry-run"}, 0},
		{"a rollback to nothing", after(imageB), []string{"--rollback"}, 15},
		{"a deployment with the outputs from a file", happy(), []string{"--outputs", file, "--tag", "v2"}, 0},
		{"a deployment that ECS gives up", failing, []string{"--tag", "v2"}, 10},
	} {
		run.arguments = append([]string{"--poll", "0"}, run.arguments...)
		if !slices.Contains(run.arguments, "--skip-push") && !slices.Contains(run.arguments, "--rollback") {
			run.arguments = append(run.arguments, "--image", "app:built")
		}
		whole := perform(t, run.play, options{failingJQ: everyJQ}, run.arguments...)
		whole.expect(t, run.code)
		places := jqPlaces(whole)
		if len(places) < 4 {
			t.Errorf("%s: jq was called %d times only", run.name, len(places))
		}
		var fail []int
		for i, place := range places {
			if !seen[place] {
				fail = append(fail, i+1)
			}
			seen[place] = true
		}
		t.Run(run.name, func(t *testing.T) {
			t.Parallel()
			for _, call := range fail {
				run.checkFailing(t, call)
			}
		})
	}
	if len(seen) < 40 {
		t.Errorf("jq is called at %d places only", len(seen))
	}
}

// jqPlaces are the calls of jq in a run: with which arguments, after which kind of call of another program, and how many
// such calls follow. That number tells apart what looks the same, while a deployment is followed and at its end.
func jqPlaces(run performance) []string {
	var places []string
	before := ""
	for _, call := range run.calls {
		if call == "jq" {
			places = append(places, before+"\n"+run.jqArguments[len(places)])
			continue
		}
		words := strings.Fields(call)
		before = strings.Join(words[:min(3, len(words))], " ")
	}
	follow := map[string]int{}
	for i, place := range slices.Backward(places) {
		places[i] = fmt.Sprintf("%s\n%d", place, follow[place])
		follow[place]++
	}
	return places
}

// checkFailing runs the course and lets one call of jq fail.
func (c course) checkFailing(t *testing.T, call int) {
	t.Helper()
	result := perform(t, c.play, options{failingJQ: call}, c.arguments...)
	failed := slices.Index(result.calls, "jq fails")
	if failed < 0 {
		t.Fatalf("call %d of jq did not happen", call)
	}
	// Without the outputs nothing begins, and a verdict stands even if its reasons cannot be told.
	outputsFailed := result.code == 4 && failed == len(result.calls)-1 && call == 1
	verdictStood := c.code != 0 && result.code == c.code && strings.Contains(result.output, "unknown")
	if !outputsFailed && !verdictStood {
		result.expect(t, 14, "deploy-app: cannot read what AWS answered: jq: error")
	}
	for _, after := range result.calls[failed:] {
		if slices.ContainsFunc(changing, func(words string) bool { return strings.HasPrefix(after, words) }) {
			t.Errorf("%q after call %d of jq failed; output:\n%s", after, call, result.output)
		}
	}
}
