package deploy

import (
	"strings"
	"testing"

	"mediaserver/tools/fakeaws"
)

func TestARollbackByECSFailsWithEventsReasonsAndExitCodes(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.Targets = `<member><Target><Id>172.31.4.5</Id><Port>3000</Port></Target><TargetHealth><State>unhealthy</State>` +
		`<Reason>Target.ResponseCodeMismatch</Reason><Description>Health checks failed with these codes: [502]</Description></TargetHealth></member>`
	s.stop(1, ourDeployment)
	s.stop(3, oldDeployment)
	s.service.Stopped = append(s.service.Stopped, object{
		"taskArn": "arn:aws:ecs:eu-west-2:123456789012:task/mediaserver-cluster/unpulled2", "startedBy": ourDeployment, "stopCode": "TaskFailedToStart",
		"stoppedReason": "CannotPullContainerError: manifest unknown", "containers": []object{{"name": "mediaserver"}},
	})
	s.service.Looks = []object{s.look(2, 2, ourStart, oldActive), s.look(2, 2, oldPutBack, ourFailed)}
	r := s.deploy("--tag", "v2").expect(10,
		"ECS gave deployment "+ourDeployment+" up: ECS deployment circuit breaker: tasks failed to start.; the service goes back to "+stackRevision+" ("+oldDeployment+")\n",
		"  2023-11-14T22:13:20Z  has started 2 tasks.\n  2023-11-14T22:14:20Z  deployment failed: tasks failed to start.\n",
		"  task task1: EssentialContainerExited: Essential container in task exited\n    container mediaserver: exit code 137: OutOfMemoryError: Container killed due to memory usage\n",
		"  task unpulled2: TaskFailedToStart: CannotPullContainerError: manifest unknown\n    container mediaserver: no exit code\n",
		"  172.31.4.5:3000 unhealthy: Target.ResponseCodeMismatch: Health checks failed with these codes: [502]\n",
		"Logs:      aws logs filter-log-events --log-group-name /ecs/mediaserver --region eu-west-2 --max-items 100\n",
		"Dashboard: https://eu-west-2.console.aws.amazon.com/").lacks("task3").lacks("raised alarms").lacks("goes on in ECS")
	if calls := s.Calls("ListServiceDeployments"); len(calls) > 0 || len(s.asked) > 0 {
		t.Errorf("asked for alarms that nobody set, or for the health of what failed: %v, %v\n%s", calls, s.asked, r.output)
	}
	s = newStage(t)
	s.Always("DescribeTargetHealth", fakeaws.Refuses("AccessDenied", "User is not authorized"))
	s.service.Looks = []object{s.look(2, 2, oldPutBack, ourFailed)}
	s.deploy().expect(10, "Targets of the load balancer:\n  unknown: AccessDenied: User is not authorized\n")
}

// alarmed is a stage in which ECS gives our deployment up because of these alarms.
func alarmed(t *testing.T, alarms ...string) *stage {
	s := newStage(t)
	s.service.Properties["deploymentConfiguration"] = object{"alarms": object{"alarmNames": alarms, "enable": true, "rollback": true}}
	s.Next("UpdateService", fakeaws.Response{Change: func(object) {
		ours := s.service.Record[1]
		ours.Alarms = alarms
		earlier, later := *s.service.Record[0], *ours
		earlier.Created, later.Created = ours.Created.Add(-50e9), ours.Created.Add(50e9)
		earlier.ID, later.ID, earlier.Alarms, later.Alarms = "a/e", "a/l", []string{"earlier"}, []string{"later"}
		s.service.Record = append(s.service.Record, &earlier, &later)
	}})
	s.service.Looks = []object{s.look(2, 2, ourStart, oldActive), s.look(2, 2, oldPutBack,
		ourFailed.with(func(d *deployment) { d.Reason = "ECS deployment failed: alarm detected." }))}
	return s
}

func TestARollbackBecauseOfAnAlarmNamesTheAlarm(t *testing.T) {
	t.Parallel()
	says := "up: ECS deployment failed: alarm detected.; the service goes back to " + stackRevision + " (" + oldDeployment + ")"
	alarmed(t, "mediaserver-server-errors").deploy().expect(10, says+"; raised alarms: mediaserver-server-errors\n")
	alarmed(t, "one", "two").deploy().expect(10, says+"; raised alarms: one, two\n")
	alarmed(t).deploy().expect(10, says+"\n")
	for _, action := range []string{"ListServiceDeployments", "DescribeServiceDeployments"} {
		s := alarmed(t, "one")
		s.Always(action, fakeaws.Refuses("AccessDeniedException", "User is not authorized"))
		s.deploy().expect(10, says+"; raised alarms: not known: AccessDeniedException: User is not authorized\n")
	}
	for _, record := range [][]object{nil, {{"serviceDeploymentArn": "another", "createdAt": 1700000061.5}}} {
		s := alarmed(t, "one")
		s.Always("ListServiceDeployments", fakeaws.Response{Output: object{"serviceDeployments": record}})
		s.deploy().expect(10, says+"\n")
	}
}

func TestTheEndOfADeploymentIsTold(t *testing.T) {
	t.Parallel()
	oneDied := ourComplete.with(func(d *deployment) { d.Running = 1 })
	const late = "deployment " + ourDeployment + " is not complete after 0 s\ndeploy-app: deployment " + ourDeployment + " goes on in ECS"
	for name, each := range map[string]struct {
		looks func(*stage) []object
		code  int
		says  string
	}{
		"ECS put the same task definition back": {func(s *stage) []object {
			return []object{s.look(2, 2, ourStart, oldActive), s.look(2, 2, oldComplete)}
		}, 10, "ECS put an earlier deployment back; the service goes back to " + stackRevision + " (" + oldDeployment + ")"},
		"a rollback got a new deployment": {func(s *stage) []object {
			return []object{s.look(2, 2, ourStart, oldActive), s.look(2, 2, oldPutBack.with(func(d *deployment) { d.ID = alien }))}
		}, 10, "goes back to " + stackRevision + " (" + alien + ")"},
		"a failed first deployment": {func(s *stage) []object {
			return []object{s.look(2, 0, ourFailed.with(func(d *deployment) { d.Status = "PRIMARY" }))}
		}, 10, "there was no completed deployment to go back to"},
		"somebody else's deployment": {func(s *stage) []object {
			return []object{s.look(2, 2, ourStart, oldActive), s.look(2, 2, alienStart, ourHalf.with(func(d *deployment) { d.Status = "ACTIVE" }))}
		}, 9, "was replaced by " + alien + ", which this run did not start"},
		"somebody else's during the health check": {func(s *stage) []object {
			return []object{s.look(2, 2, ourComplete), s.look(2, 2, alienStart, ourComplete)}
		}, 9, "was replaced by " + alien},
		"only half of it runs":               {func(s *stage) []object { return []object{s.look(2, 2, ourHalf, oldActive)} }, 12, late},
		"one of the deployment's tasks died": {func(s *stage) []object { return []object{s.look(2, 2, oneDied)} }, 12, late},
		"old tasks are still counted":        {func(s *stage) []object { return []object{s.look(2, 3, ourComplete)} }, 12, late},
		"the service asks for more":          {func(s *stage) []object { return []object{s.look(3, 2, ourComplete)} }, 12, late},
		"the deployment is still under way": {func(s *stage) []object {
			return []object{s.look(2, 2, ourComplete.with(func(d *deployment) { d.State = "IN_PROGRESS" }))}
		}, 12, late},
		"AWS does not say how far it has come": {func(s *stage) []object {
			return []object{s.look(2, 2, ourComplete.with(func(d *deployment) { d.State = "" }))}
		}, 12, late},
		"the service asks for nothing": {func(s *stage) []object {
			return []object{s.look(0, 0, ourComplete.with(func(d *deployment) { d.Desired, d.Running = 0, 0 }))}
		}, 12, late},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.service.Looks = each.looks(s)
			words := []string{}
			if each.code == 12 {
				words = append(words, "--timeout", "0")
			}
			s.deploy(words...).expect(each.code, each.says).lacks("Deployed ")
		})
	}
}

func TestADeploymentThatAlarmsWatchHasMoreTime(t *testing.T) {
	t.Parallel()
	const says = "Alarms watch the deployment, also for a while after its last task: it has 2700 s"
	for _, words := range [][]string{nil, {"--timeout", "1200"}} {
		s := newStage(t)
		s.deploy(words...).expect(0).lacks(says)
		s.service.Properties["deploymentConfiguration"] = object{"alarms": object{"enable": true}}
		if r := s.deploy(words...).expect(0); strings.Contains(r.output, says) != (words == nil) {
			t.Errorf("%q: %s", words, r.output)
		}
	}
}

func TestAnotherImageUnderTheSameTagFails(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.Next("DescribeImages", fakeaws.Response{Change: func(object) {}}, fakeaws.Response{Output: object{"imageDetails": []object{{"imageDigest": "sha256:strange"}}}})
	r := s.deploy()
	r.expect(9, "the tag latest names another image now (sha256:strange) than when this deployment began ("+s.Digest("mediaserver", "latest")+"): somebody else pushed it")
	s = newStage(t)
	s.Next("DescribeImages", fakeaws.Response{Change: func(object) {}}, fakeaws.Refuses("ImageNotFoundException", "no"))
	s.deploy().expect(9, "names another image now (none)")
}

func TestTasksThatKeepStoppingFail(t *testing.T) {
	t.Parallel()
	for stopped, code := range map[int]int{6: 12, 7: 11} {
		s := newStage(t)
		for number := range stopped {
			s.stop(number, ourDeployment)
		}
		s.stop(8, oldDeployment)
		s.service.Looks = []object{s.look(2, 2, ourStart, oldActive)}
		r := s.deploy("--timeout", "0").expect(code, "exit code 137", ourDeployment+" goes on in ECS")
		if code == 11 {
			r.expect(11, "tasks keep stopping: 7 of deployment "+ourDeployment+" so far")
		}
	}
}

func TestADeploymentThatWasReplacedBeforeAnybodySawItFails(t *testing.T) {
	t.Parallel()
	for name, each := range map[string]struct {
		created float64 // of the other deployment, in seconds after ours
		last    *deployment
		code    int
		says    string
		looks   int
	}{
		"begun after ours, at once":  {0.25, &alienStart, 9, "was replaced by " + alien, 1},
		"begun before ours, in time": {-10, &alienStart, 9, "was replaced by " + alien, 12},
		"the one before":             {0, &oldComplete, 10, "ECS put an earlier deployment back", 12},
		"ECS's own rollback":         {0, &oldPutBack, 10, "goes back to " + stackRevision, 12},
		"no deployment":              {0, nil, 9, "is gone, and AWS shows no other", 12},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.Next("UpdateService", fakeaws.Response{Change: func(object) {
				if each.last == nil {
					s.service.Looks = []object{s.look(2, 2)}
					return
				}
				ours := float64(s.service.Record[1].Created.UnixMilli()) / 1000
				s.service.Looks = []object{s.look(2, 2, each.last.with(func(d *deployment) { d.CreatedAt = ours + each.created }), oldActive)}
			}})
			s.deploy().expect(each.code, each.says)
			if looks := len(s.Calls("DescribeServices")) - 2; looks != each.looks {
				t.Errorf("looked %d times, want %d", looks, each.looks)
			}
		})
	}
}
