package deployapp

import (
	"slices"
	"testing"
)

// createdAt returns the deployment with the time of its creation as the AWS CLI prints it.
func createdAt(d deployment, at any) deployment {
	return d.with(func(d *deployment) { d.CreatedAt = at })
}

// looks counts how often a run read the service after it had started its deployment.
func (p performance) looks() int {
	p.calls = p.calls[slices.Index(p.calls, p.called("aws ecs update-service")[0])+1:]
	return len(p.called("aws ecs describe-services"))
}

func TestADeploymentThatWasReplacedBeforeAnybodySawItFailsAtOnce(t *testing.T) {
	for name, each := range map[string]struct{ ours, theirs any }{
		"AWS CLI 1":                   {1700000000.25, 1700000000.5},
		"AWS CLI 2":                   {"2023-11-14T22:13:20.250000+00:00", "2023-11-14T22:13:20.500000+00:00"},
		"when the clocks change":      {"2023-10-29T02:59:59.900000+02:00", "2023-10-29T02:00:01+01:00"},
		"in a zone behind UTC":        {"2023-11-14T17:13:20-05:00", "2023-11-14T17:13:21.500000-05:00"},
		"in a zone named by a letter": {"2023-11-14T22:13:20Z", "2023-11-14T22:13:20.5Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play := happy().
				but("aws_ecs_update-service", updated(service(2, 2, createdAt(ourStart, each.ours), oldActive))).
				following(service(2, 2, createdAt(alienStart, each.theirs), oldActive))
			result := deploy(t, play)
			result.expect(t, 9, "deployment "+ourDeployment+" was replaced by "+aliensDeploy)
			if looks := result.looks(); looks != 1 {
				t.Errorf("looked %d times, want once", looks)
			}
		})
	}
}

func TestAnOlderReadIsNotTakenForAReplacement(t *testing.T) {
	ours := createdAt(ourStart, 1700000010.0)
	// Another run started just before ours, and a read shows the service as it was in between.
	earlier := createdAt(alienStart, 1700000009.0)
	result := deploy(t, happy().
		but("aws_ecs_update-service", updated(service(2, 2, ours, oldActive))).
		following(
			service(2, 2, earlier, oldActive), service(2, 2, oldComplete), service(2, 2, earlier, oldActive),
			service(2, 2, ours, oldActive), service(2, 2, createdAt(ourComplete, 1700000010.0))))
	result.expect(t, 0, "2 of 2 tasks run")
}

func TestADeploymentThatNoReadEverShowsIsGone(t *testing.T) {
	for name, each := range map[string]struct {
		last   object
		code   int
		phrase string
	}{
		"another one, of an unknown time": {service(2, 2, alienStart, oldActive), 9, "was replaced by " + aliensDeploy},
		"another one, begun before ours": {
			service(2, 2, createdAt(alienStart, 1600000000.0), oldActive), 9, "was replaced by " + aliensDeploy,
		},
		"the one before":     {service(2, 2, oldComplete), 10, "ECS put an earlier deployment back"},
		"ECS's own rollback": {service(2, 2, oldPutBack), 10, "goes back to " + stackRevision},
		"no deployment":      {service(2, 2), 9, "is gone, and AWS shows no other"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play := happy().
				but("aws_ecs_update-service", updated(service(2, 2, createdAt(ourStart, 1700000000.0), oldActive))).
				following(each.last)
			result := deploy(t, play)
			result.expect(t, each.code, each.phrase)
			if looks := result.looks(); looks > 12 {
				t.Errorf("looked %d times", looks)
			}
		})
	}
}
