package deployapp

import (
	"slices"
	"strings"
	"testing"
)

// changing are the calls that change something.
var changing = []string{
	"docker login", "docker tag", "docker push",
	"aws ecs register-task-definition", "aws ecs update-service",
}

// TestNoFailureOfJQIsTakenForAnAnswer lets each call of jq in a whole run fail, one in each run.
func TestNoFailureOfJQIsTakenForAnAnswer(t *testing.T) {
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
	for name, run := range map[string]struct {
		play      stage
		arguments []string
		code      int
	}{
		"a deployment of another tag that replaces one under way": {busy, []string{"--tag", "v2", "--replace"}, 0},
		"a deployment that waits for the one under way":           {busy, nil, 8},
		"the first deployment into an empty registry":             {emptyRegistry(), nil, 0},
		"the first deployment of a service that asks for nothing": {idle(), nil, 0},
		"what is in the registry":                                 {happy(), []string{"--skip-push"}, 0},
		"a dry run":                                               {busy, []string{"--tag", "v2", "--replace", "--dry-run"}, 0},
		"a rollback":                                              {goingBack, []string{"--rollback"}, 0},
		"a dry run of a rollback":                                 {goingBack, []string{"--rollback", "--dry-run"}, 0},
		"a rollback to nothing":                                   {after(imageB), []string{"--rollback"}, 15},
		"a deployment with the outputs from a file":               {happy(), []string{"--outputs", file, "--tag", "v2"}, 0},
		"a deployment that ECS gives up":                          {failing, []string{"--tag", "v2"}, 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			arguments := append([]string{"--poll", "0"}, run.arguments...)
			if !slices.Contains(arguments, "--skip-push") && !slices.Contains(arguments, "--rollback") {
				arguments = append(arguments, "--image", "app:built")
			}
			for call := 1; ; call++ {
				result := perform(t, run.play, options{failingJQ: call}, arguments...)
				failed := slices.Index(result.calls, "jq fails")
				if failed < 0 {
					result.expect(t, run.code)
					if call < 5 {
						t.Errorf("jq was called %d times only", call-1)
					}
					return
				}
				// Without the outputs nothing begins, and a verdict stands even if its reasons cannot be told.
				outputsFailed := result.code == 4 && failed == len(result.calls)-1 && call == 1
				verdictStood := run.code != 0 && result.code == run.code && strings.Contains(result.output, "unknown")
				if !outputsFailed && !verdictStood {
					result.expect(t, 14, "deploy-app: cannot read what AWS answered: jq: error")
				}
				for _, after := range result.calls[failed:] {
					if slices.ContainsFunc(changing, func(words string) bool { return strings.HasPrefix(after, words) }) {
						t.Errorf("%q after call %d of jq failed; output:\n%s", after, call, result.output)
					}
				}
			}
		})
	}
}
