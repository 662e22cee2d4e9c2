package deploy

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"mediaserver/tools/fakeaws"
)

func TestAStartWithoutAClearAnswerMayHaveHappened(t *testing.T) {
	t.Parallel()
	lost, denied := fakeaws.Response{Lost: true}, fakeaws.Refuses("AccessDeniedException", "no")
	may := []string{"a deployment of " + stackRevision + " may have started; to find out:\n  aws ecs describe-services --cluster mediaserver-cluster --services mediaserver-service --region eu-west-2",
		"it is none of these, which were there before: " + oldDeployment, "!goes on in ECS"}
	var scenes []scene
	for name, answers := range map[string][]fakeaws.Response{
		"lost without end":            {lost, lost, lost, lost, lost},
		"lost, and not allowed then":  {lost, denied},
		"an answer that is cut short": {{Body: `{"service": {"deployments": [{"id": "ecs-`}},
		"a fault inside":              {{Code: "ServerException", Status: 500}, denied},
		"a gateway fails":             {{Status: 502, Body: "<html></html>"}, denied},
		"no new deployment":           {{Output: object{"service": object{"deployments": []object{{"id": oldDeployment, "status": "PRIMARY"}}}}}},
		"an answer without sense":     {{Output: object{"message": "hello"}}},
	} {
		scenes = append(scenes, scene{name, func(s *stage) { s.Next("UpdateService", answers...) }, "", 14, may})
	}
	for _, code := range []string{"ThrottlingException", "AccessDeniedException"} {
		scenes = append(scenes, scene{code, always("UpdateService", fakeaws.Refuses(code, "The reason.")), "", 14,
			[]string{"aws ecs update-service: " + code + ": The reason.", "!may have started"}})
	}
	play(t, append(scenes, scene{"lost once", func(s *stage) { s.Next("UpdateService", lost) }, "", 0,
		[]string{`aws ecs update-service: Post "https://ecs.eu-west-2.amazonaws.com/": unexpected EOF; trying again`,
			"deployment " + ourDeployment + " was started at the same moment; this one replaces it"}}))
}

func TestAnInterruptedRunSaysWhatGoesOn(t *testing.T) {
	t.Parallel()
	for action, says := range map[string]string{
		"DescribeTargetGroups": "interrupted; no deployment was started\n",
		"UpdateService":        "interrupted; a deployment of " + stackRevision + " may have started",
		"ListTasks":            "interrupted; deployment " + ourDeployment + " goes on in ECS\n",
	} {
		s := newStage(t)
		ctx, interrupt := context.WithCancel(t.Context())
		reached := make(chan struct{})
		s.Next(action, fakeaws.Response{Hangs: true, Reached: reached})
		go func() {
			<-reached
			interrupt()
		}()
		s.runIn(ctx, "", Surroundings{Transport: s}).expect(130, says)
	}
}

func TestADeploymentUnderWayIsNotReplacedUnasked(t *testing.T) {
	t.Parallel()
	before := func(looks ...string) func(*stage) {
		return func(s *stage) {
			// It does not wait for its image.
			s.put("latest", imageFor(t, "linux/amd64"))
			before(looks...)(s)
		}
	}
	busy := []string{"another deployment is under way: " + alien + " (" + stackRevision + "); wait for it, or replace it with --replace"}
	const underWay = "2/2 | alien PRIMARY IN_PROGRESS 0/2 | old ACTIVE COMPLETED 2/0"
	play(t, []scene{
		{"under way", before(underWay), "", 8, busy},
		{"only just started", before("2/2 | alien PRIMARY IN_PROGRESS 0/0"), "", 8, busy},
		{"not PRIMARY", before("2/2 | alien ACTIVE IN_PROGRESS 0/2"), "", 8, busy},
		{"begun during the push", before("2/2 | old PRIMARY COMPLETED 2/2", underWay), "", 8, append(busy, "Pushing ")},
		{"gone back to during the push", before("2/2 | old PRIMARY COMPLETED 2/2", "2/2 | old PRIMARY IN_PROGRESS 1/2"), "", 8,
			[]string{"another deployment is under way: ", "Pushing "}},
		{"replaced", before(underWay, underWay), "--replace", 0, []string{"replacing deployment " + alien, "!at the same moment"}},
		{"failed", before("2/2 | alien PRIMARY FAILED 0/2"), "", 0, nil},
		{"an old one that is done", before("2/2 | alien ACTIVE IN_PROGRESS 2/0 | old PRIMARY COMPLETED 2/2"), "", 0, nil},
	})
	s := newStage(t)
	before(underWay)(s)
	s.run("").expect(8).unchanged()
}

func TestTheFirstDeploymentReplacesTheOneThatWaitsForItsImage(t *testing.T) {
	t.Parallel()
	const first = "0/2 | old PRIMARY IN_PROGRESS 0/2"
	waiting := before(first, first)
	says := []string{"Deployment " + oldDeployment + " waits for an image that is not in the registry yet", "2 of 2 tasks run", "!at the same moment"}
	play(t, []scene{
		{"for a tag", waiting, "", 0, says},
		{"for a digest", func(s *stage) {
			s.define(7, "@sha256:"+strings.Repeat("a", 64), nil)
			waiting(s)
		}, "--tag v2", 0, says},
		{"for nothing", func(s *stage) {
			s.put("latest", imageFor(t, "linux/amd64"))
			waiting(s)
		}, "", 8, []string{"another deployment is under way: " + oldDeployment}},
	})
}

func TestAServiceThatAsksForNothingStartsTasks(t *testing.T) {
	t.Parallel()
	idle := func(least int) func(*stage) {
		return func(s *stage) {
			s.service.Desired, s.service.Deployments[0].Running = 0, 0
			if least >= 0 {
				s.MinCapacity["service/mediaserver-cluster/mediaserver-service"] = least
			}
		}
	}
	play(t, []scene{
		{"as many as autoscaling wants at least", idle(2), "", 0, []string{"it will ask for 2.", "2 of 2 tasks run"}},
		{"one without autoscaling", idle(-1), "", 0, []string{"it will ask for 1.", "1 of 1 tasks run"}},
		{"one if autoscaling is content with 0", idle(0), "", 0, []string{"it will ask for 1.", "1 of 1 tasks run"}},
		{"as many as are asked for", idle(2), "--count 3", 0, []string{"it will ask for 3.", "3 of 3 tasks run"}},
		{"as many as it asks for already", nil, "--count 5", 0, []string{"--count 5 is not used: the service asks for tasks already", "2 of 2 tasks run"}},
	})
}

// What a run may see of the service after its start.
const (
	started   = "2/2 | ours PRIMARY IN_PROGRESS 0/2 | old ACTIVE COMPLETED 2/0"
	complete  = "2/2 | ours PRIMARY COMPLETED 2/2"
	putBack   = "2/2 | old PRIMARY COMPLETED 2/2"
	goingBack = "2/2 | old PRIMARY IN_PROGRESS 2/2 ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1. | ours ACTIVE FAILED 0/0 "
	replaced  = "2/2 | alien PRIMARY IN_PROGRESS 0/2 | ours ACTIVE IN_PROGRESS 1/2"
	stopped   = "ECS deployment circuit breaker: tasks failed to start."
)

func TestTheEndOfADeploymentIsTold(t *testing.T) {
	t.Parallel()
	back := []string{"ECS gave deployment " + ourDeployment + " up: ", "; the service goes back to " + stackRevision + " (" + oldDeployment + ")\n", "!goes on in ECS"}
	lost := []string{"deployment " + ourDeployment + " was replaced by " + alien + ", which this run did not start", "!goes on in ECS"}
	late := []string{"deployment " + ourDeployment + " is not complete after 0 s\ndeploy-app: deployment " + ourDeployment + " goes on in ECS"}
	play(t, []scene{
		{"a look that is older than the start", looks(putBack, putBack, started, complete), "", 0, []string{"Deployed "}},
		{"ECS goes back", looks(started, goingBack+stopped), "", 10, append(back, "up: "+stopped)},
		{"ECS put the same task definition back", looks(started, putBack), "", 10, append(back, "up: ECS put an earlier deployment back")},
		{"ECS goes back with a new deployment", looks(started, strings.Replace(goingBack, "old", "alien", 1)), "", 10, []string{"(" + alien + ")\n"}},
		{"ECS has nothing to go back to", looks("0/2 | ours PRIMARY FAILED 0/2 " + stopped), "", 10, []string{stopped + "; there was no completed deployment to go back to\n"}},
		{"somebody else's deployment", looks(started, replaced), "", 9, lost},
		{"somebody else's during the health check", looks(complete, replaced), "", 9, lost},
		{"somebody else's before the first look", looks("2/2 | alien PRIMARY IN_PROGRESS 0/2"), "", 9, lost},
		{"no deployment any more", looks("2/2"), "", 9, []string{"was replaced by another"}},
		{"never seen", looks(putBack), "", 10, back},
		{"only half of it runs", looks("2/2 | ours PRIMARY IN_PROGRESS 1/2 | old ACTIVE COMPLETED 1/0"), "--timeout 0", 12, late},
		{"one of the deployment's tasks died", looks("2/2 | ours PRIMARY COMPLETED 1/2"), "--timeout 0", 12, late},
		{"old tasks are still counted", looks("3/2 | ours PRIMARY COMPLETED 2/2"), "--timeout 0", 12, late},
		{"the deployment is still under way", looks("2/2 | ours PRIMARY IN_PROGRESS 2/2"), "--timeout 0", 12, late},
		{"the service asks for nothing", looks("0/0 | ours PRIMARY COMPLETED 0/0"), "--timeout 0", 12, late},
		{"faults outlast one call", onStart(func(s *stage) {
			throttled := fakeaws.Refuses("ThrottlingException", "Rate exceeded")
			s.Next("DescribeServices", throttled, throttled, throttled, throttled, throttled, throttled)
			s.shows(complete)
		}), "", 0, []string{"cannot look for now: aws ecs describe-services: ThrottlingException: Rate exceeded\n", "Deployed "}},
	})
}

func TestALookWithoutTheDeploymentIsBelievedAtTheTwelfthTime(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	looks(putBack)(s)
	s.run("").expect(10)
	if got := len(s.Calls("DescribeServices")) - 2; got != 12 {
		t.Errorf("looked %d times", got)
	}
}

func TestAFailureIsReportedWithEventsReasonsAndTargets(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.Targets = `<member><Target><Id>172.31.4.5</Id><Port>3000</Port></Target><TargetHealth><State>unhealthy</State>` +
		`<Reason>Target.ResponseCodeMismatch</Reason><Description>Health checks failed with these codes: [502]</Description></TargetHealth></member>`
	s.stop(2, ourDeployment)
	s.stop(1, ourDeployment)
	s.stop(3, oldDeployment)
	s.service.Stopped[0]["containers"] = []object{{"name": "mediaserver"}}
	looks(started, goingBack)(s)
	s.run("").expect(10,
		"Last events of service mediaserver-service:\n  2023-11-14T22:13:20Z  has started 2 tasks.\n  2023-11-14T22:14:20Z  deployment failed: tasks failed to start.\n"+
			"Stopped tasks of deployment "+ourDeployment+":\n  task task1: EssentialContainerExited: Essential container in task exited\n"+
			"    container mediaserver: exit code 137: OutOfMemoryError: Container killed due to memory usage\n  task task2: EssentialContainerExited: Essential container in task exited\n"+
			"    container mediaserver: no exit code\n"+
			"Targets of the load balancer:\n  172.31.4.5:3000 unhealthy: Target.ResponseCodeMismatch: Health checks failed with these codes: [502]\n"+
			"Logs:      aws logs filter-log-events --log-group-name /ecs/mediaserver --region eu-west-2 --max-items 100\nDashboard: https://eu-west-2.console.aws.amazon.com/",
		"!raised alarms")
	if calls := s.Calls("ListServiceDeployments"); len(calls) > 0 || len(s.asked) > 0 {
		t.Errorf("asked for alarms that nobody set, or for the health of what failed: %v, %v", calls, s.asked)
	}
	s = newStage(t)
	s.Always("DescribeTargetHealth", fakeaws.Refuses("AccessDenied", "User is not authorized"))
	looks(goingBack)(s)
	s.run("").expect(10, "Targets of the load balancer:\n  unknown: aws elbv2 describe-target-health: AccessDenied: User is not authorized\nLogs:")
}

// alarmed makes ECS give our deployment up because of alarms. Beside it, earlier and later deployments raised others.
func alarmed(alarms ...string) func(*stage) {
	return func(s *stage) {
		s.service.Properties["deploymentConfiguration"] = object{"alarms": object{"enable": true}}
		onStart(func(s *stage) {
			ours := s.service.Record[1]
			ours.Alarms = alarms
			for apart, other := range map[time.Duration]string{-50 * time.Second: "earlier", 50 * time.Second: "later"} {
				beside := *ours
				beside.ID, beside.Created, beside.Alarms = "a/"+other, ours.Created.Add(apart), []string{other}
				s.service.Record = append(s.service.Record, &beside)
			}
			s.shows(goingBack)
		})(s)
	}
}

func TestAlarmsAreToldByName(t *testing.T) {
	t.Parallel()
	const more = "Alarms watch the deployment, also for a while after its last task: it has 2700 s"
	play(t, []scene{
		{"one", alarmed("server-errors"), "", 10, []string{"(" + oldDeployment + "); raised alarms: server-errors\n", more}},
		{"two", alarmed("one", "two"), "--timeout 1200", 10, []string{"; raised alarms: one, two\n", "!" + more}},
		{"none", alarmed(), "", 10, []string{"!raised alarms"}},
		{"not allowed to know", func(s *stage) {
			alarmed("one")(s)
			s.Always("ListServiceDeployments", fakeaws.Refuses("AccessDeniedException", "no"))
		}, "", 10, []string{"; raised alarms: not known: aws ecs list-service-deployments: AccessDeniedException: no\n"}},
		{"no record of this deployment", func(s *stage) {
			alarmed("one")(s)
			s.Always("ListServiceDeployments", fakeaws.Response{Output: object{"serviceDeployments": []object{{"serviceDeploymentArn": "a", "createdAt": 1700000061.5}}}})
		}, "", 10, []string{"!raised alarms"}},
	})
}

func TestTasksThatKeepStoppingFail(t *testing.T) {
	t.Parallel()
	stopping := func(count int) func(*stage) {
		return func(s *stage) {
			for number := range count {
				s.stop(number, ourDeployment)
			}
			s.stop(count, oldDeployment)
			looks(started)(s)
		}
	}
	play(t, []scene{
		{"seven", stopping(7), "--timeout 0", 11, []string{"tasks keep stopping: 7 of deployment " + ourDeployment + " so far", "exit code 137", ourDeployment + " goes on in ECS"}},
		{"six", stopping(6), "--timeout 0", 12, nil},
	})
}

func TestAnotherImageUnderTheSameTagFails(t *testing.T) {
	t.Parallel()
	strange := fakeaws.Response{Output: object{"imageDetails": []object{{"imageDigest": "sha256:strange"}}}}
	own, none := fakeaws.Response{Change: func(object) {}}, fakeaws.Refuses("ImageNotFoundException", "no")
	finds := func(answers ...fakeaws.Response) func(*stage) {
		return func(s *stage) { s.Next("DescribeImages", answers...) }
	}
	const says = "the tag latest names another image now (%s) than the one to deploy ({latest}): somebody else pushed it"
	play(t, []scene{
		{"right after the push", finds(strange), "", 9, []string{fmt.Sprintf(says, "sha256:strange"), "!Started"}},
		{"at the end", finds(own, strange), "", 9, []string{fmt.Sprintf(says, "sha256:strange"), "/health answers 200"}},
		{"none at the end", finds(own, none), "", 9, []string{fmt.Sprintf(says, "none"), "/health answers 200"}},
	})
}
