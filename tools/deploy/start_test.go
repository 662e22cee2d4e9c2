package deploy

import (
	"context"
	"fmt"
	"strings"
	"testing"

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
	busy := []string{"another deployment is under way: " + alien + " (" + stackRevision + "); wait for it, or replace it with --replace"}
	const underWay = "2/2 | alien PRIMARY IN_PROGRESS 0/2 | old ACTIVE COMPLETED 2/0"
	sees := func(looks ...string) func(*stage) {
		return func(s *stage) {
			s.put("latest", imageFor(t, "linux/amd64"))
			for _, each := range looks {
				s.Next("DescribeServices", fakeaws.Response{Output: object{"services": []object{s.look(each)}}})
			}
		}
	}
	play(t, []scene{
		{"under way", sees(underWay), "", 8, busy},
		{"only just started", sees("2/2 | alien PRIMARY IN_PROGRESS 0/0"), "", 8, busy},
		{"not PRIMARY", sees("2/2 | alien ACTIVE IN_PROGRESS 0/2"), "", 8, busy},
		{"begun during the push", sees("2/2 | old PRIMARY COMPLETED 2/2", underWay), "", 8, append(busy, "Pushing ")},
		{"replaced", sees(underWay, underWay), "--replace", 0, []string{"replacing deployment " + alien, "!at the same moment"}},
		{"failed", sees("2/2 | alien PRIMARY FAILED 0/2"), "", 0, nil},
		{"an old one that is done", sees("2/2 | alien ACTIVE IN_PROGRESS 2/0 | old PRIMARY COMPLETED 2/2"), "", 0, nil},
	})
	s := newStage(t)
	sees(underWay)(s)
	s.run("").expect(8).unchanged()
}

func TestTheFirstDeploymentReplacesTheOneThatWaitsForItsImage(t *testing.T) {
	t.Parallel()
	waiting := before("0/2 | old PRIMARY IN_PROGRESS 0/2")
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
	for name, each := range map[string]struct {
		least int // -1 without autoscaling
		words string
		want  int
	}{
		"as many as autoscaling wants at least": {2, "", 2},
		"one without autoscaling":               {-1, "", 1},
		"one if autoscaling is content with 0":  {0, "", 1},
		"as many as are asked for":              {2, "--count 3", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.service.Desired, s.service.Deployments[0].Running = 0, 0
			if each.least >= 0 {
				s.MinCapacity["service/mediaserver-cluster/mediaserver-service"] = each.least
			}
			s.run(each.words).expect(0, fmt.Sprintf("The service asks for no task; it will ask for %d.", each.want), fmt.Sprintf("%[1]d of %[1]d tasks run", each.want))
			if got := s.only("UpdateService")["desiredCount"]; got != float64(each.want) {
				t.Errorf("asked for %v", got)
			}
		})
	}
	s := newStage(t)
	s.run("--count 5").expect(0, "--count 5 is not used: the service asks for tasks already")
	if got, found := s.only("UpdateService")["desiredCount"]; found {
		t.Errorf("asked for %v", got)
	}
}
