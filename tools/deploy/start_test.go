package deploy

import (
	"context"
	"strings"
	"testing"

	"mediaserver/tools/fakeaws"
)

func TestAStartWithoutAClearAnswerMayHaveHappened(t *testing.T) {
	t.Parallel()
	lost := fakeaws.Response{Lost: true}
	for name, answers := range map[string][]fakeaws.Response{
		"lost without end":                         {lost, lost, lost, lost, lost},
		"lost, and not allowed then":               {lost, fakeaws.Refuses("AccessDeniedException", "User is not authorized")},
		"lost, and throttled then":                 {lost, fakeaws.Refuses("ThrottlingException", "Rate exceeded"), fakeaws.Refuses("AccessDeniedException", "no")},
		"an empty answer":                          {{Body: " "}},
		"an answer that is cut short":              {{Body: `{"service": {"deployments": [{"id": "ecs-`}},
		"a fault inside":                           {{Code: "ServerException", Status: 500}, fakeaws.Refuses("AccessDeniedException", "no")},
		"a gateway fails":                          {{Status: 502, Body: "<html></html>"}, fakeaws.Refuses("AccessDeniedException", "no")},
		"no new deployment":                        {{Output: object{"service": object{"deployments": []deployment{oldComplete}}}}},
		"an answer of another kind, without sense": {{Output: object{"message": "hello"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.Next("UpdateService", answers...)
			s.deploy().expect(14, "a deployment of "+stackRevision+" may have started; to find out:",
				"\n  aws ecs describe-services --cluster mediaserver-cluster --services mediaserver-service --region eu-west-2",
				"it is none of these, which were there before: "+oldDeployment).lacks("goes on in ECS")
		})
	}
}

func TestAStartThatAWSRefusedHasNotHappened(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"ThrottlingException", "AccessDeniedException", "InvalidParameterException"} {
		s := newStage(t)
		s.Always("UpdateService", fakeaws.Refuses(code, "The reason."))
		s.deploy().expect(14, "cannot start a deployment of service mediaserver-service: "+code+": The reason.").lacks("may have started")
	}
}

func TestAStartWhoseAnswerWasLostIsTriedAgainAndAccountedFor(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.Next("UpdateService", fakeaws.Response{Lost: true})
	s.deploy().expect(0, "aws ecs update-service: ecs.eu-west-2.amazonaws.com: unexpected EOF; trying again",
		"deployment "+ourDeployment+" was started at the same moment, or by this run's attempt whose answer was lost; this one replaces it")
}

// interruptedAt runs the tool, and interrupts it once it has made a call that is never answered.
func (s *stage) interruptedAt(action string, words ...string) result {
	s.t.Helper()
	ctx, interrupt := context.WithCancel(s.t.Context())
	defer interrupt()
	reached := make(chan struct{})
	s.Next(action, fakeaws.Response{Hangs: true, Reached: reached})
	go func() {
		<-reached
		interrupt()
	}()
	return s.runIn(ctx, s, append([]string{"--image", s.image}, words...)...)
}

func TestAnInterruptedRunSaysWhatGoesOn(t *testing.T) {
	t.Parallel()
	newStage(t).interruptedAt("DescribeTargetGroups").expect(130, "interrupted; no deployment was started\n").unchanged()
	newStage(t).interruptedAt("UpdateService").expect(130, "interrupted; a deployment of "+stackRevision+" may have started", "before: "+oldDeployment)
	newStage(t).interruptedAt("ListTasks").expect(130, "interrupted; deployment "+ourDeployment+" goes on in ECS\n")
}

func TestAnotherDeploymentUnderWayIsNoticedBeforeAnythingIsPushed(t *testing.T) {
	t.Parallel()
	for name, each := range map[string]deployment{
		"under way":                     alienStart,
		"only just started":             alienStart.with(func(d *deployment) { d.Desired = 0 }),
		"ECS's own rollback":            oldPutBack.with(func(d *deployment) { d.ID = alien }),
		"one that is not PRIMARY's yet": alienStart.with(func(d *deployment) { d.Status = "ACTIVE" }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.put("latest", imageFor(t, "linux/amd64"))
			s.Always("DescribeServices", fakeaws.Response{Output: object{"services": []object{s.look(2, 2, each, oldActive)}}})
			s.deploy().expect(8, "another deployment is under way: "+alien+" ("+stackRevision+"); wait for it, or replace it with --replace").unchanged()
			s.Next("DescribeServices", fakeaws.Response{Output: object{"services": []object{s.look(2, 2, oldComplete)}}})
			s.deploy().expect(8, "another deployment is under way: "+alien).notStarted()
		})
	}
}

func TestADeploymentUnderWayIsReplacedOnDemand(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.before(s.look(2, 2, alienStart, oldActive))
	s.deploy("--replace").expect(0, "replacing deployment "+alien).lacks("at the same moment")
}

func TestWhatIsNotUnderWayHoldsNothingUp(t *testing.T) {
	t.Parallel()
	for name, each := range map[string]deployment{
		"a deployment that failed":                       alienStart.with(func(d *deployment) { d.State = "FAILED" }),
		"an earlier deployment that asks for no task":    alienStart.with(func(d *deployment) { d.Status, d.Desired = "ACTIVE", 0 }),
		"an old deployment whose tasks are not gone yet": oldActive,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.before(s.look(2, 2, oldComplete, each))
			s.deploy().expect(0)
		})
	}
}

func TestADeploymentStartedAtTheSameMomentIsReportedByBothRuns(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.Next("UpdateService", fakeaws.Response{Change: func(answer object) {
		service := answer["service"].(object)
		service["deployments"] = append(service["deployments"].([]any), plain(t, alienStart.with(func(d *deployment) { d.Status = "ACTIVE" })))
	}})
	s.deploy().expect(0, "deployment "+alien+" was started at the same moment; this one replaces it")
	s = newStage(t)
	s.service.Looks = []object{s.look(2, 2, alienStart, ourStart.with(func(d *deployment) { d.Status = "ACTIVE" }), oldActive)}
	s.deploy().expect(9, "deployment "+ourDeployment+" was replaced by "+alien)
}

func TestTheFirstDeploymentReplacesTheOneThatWaitsForItsImage(t *testing.T) {
	t.Parallel()
	waiting := deployment{ID: oldDeployment, Status: "PRIMARY", TaskDefinition: stackRevision, Desired: 2, Failed: 2, State: "IN_PROGRESS"}
	for _, image := range []string{":latest", "@sha256:" + strings.Repeat("a", 64)} {
		s := newStage(t, taskDefinition(stackRevision, image))
		s.before(s.look(2, 0, waiting))
		s.deploy("--tag", "v2").expect(0, "Deployment "+oldDeployment+" waits for an image that is not in the registry yet", "2 of 2 tasks run").lacks("at the same moment")
	}
	s := newStage(t)
	s.put("latest", imageFor(t, "linux/amd64"))
	s.before(s.look(2, 0, waiting))
	s.deploy().expect(8, "another deployment is under way: "+oldDeployment).unchanged()
	s = newStage(t)
	s.before(s.look(2, 0, waiting.with(func(d *deployment) { d.State, d.Desired, d.Failed = "FAILED", 0, 3 })))
	s.deploy().expect(0, "2 of 2 tasks run")
}

func TestTheFirstDeploymentOfAServiceThatAsksForNothingStartsTasks(t *testing.T) {
	t.Parallel()
	for name, each := range map[string]struct {
		least int // -1 without autoscaling
		words []string
		want  int
	}{
		"as many as autoscaling wants at least": {2, nil, 2},
		"one without autoscaling":               {-1, nil, 1},
		"one if autoscaling is content with 0":  {0, nil, 1},
		"as many as are asked for":              {2, []string{"--count", "3"}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.service.Desired, s.service.Deployments[0].Running = 0, 0
			if each.least >= 0 {
				s.MinCapacity["service/mediaserver-cluster/mediaserver-service"] = each.least
			}
			s.deploy(each.words...).expect(0, "The service asks for no task; it will ask for ", "of "+string(rune('0'+each.want))+" tasks run")
			if got := s.only("UpdateService")["desiredCount"]; got != float64(each.want) {
				t.Errorf("asked for %v", got)
			}
		})
	}
	s := newStage(t)
	s.deploy("--count", "5").expect(0, "--count 5 is not used: the service asks for tasks already")
	if got, found := s.only("UpdateService")["desiredCount"]; found {
		t.Errorf("asked for %v", got)
	}
}
