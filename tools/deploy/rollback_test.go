package deploy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mediaserver/tools/fakeaws"
)

// ran is an entry of AWS's record of the service.
type ran struct {
	name   string // of the image: X, A, B or C; empty if no task ever started
	status string // SUCCESSFUL if empty
	as     string // another name for the image than the tag of its name
}

var (
	x, a, b, c = ran{name: "X"}, ran{name: "A"}, ran{name: "B"}, ran{name: "C"}
	// never is a deployment that never started a task.
	never = ran{}
	// numbers are those of the task definitions that run the images. B's is the stack's.
	numbers = map[string]int{"X": 4, "A": 5, "C": 6, "B": 7, "": 3}
)

func (r ran) ended(status string) ran {
	r.status = status
	return r
}

// record gives the service this record, of an hour each. It runs the last entry's task definition.
func record(entries ...ran) func(*stage) {
	return func(s *stage) {
		for name, number := range numbers {
			s.define(number, ":latest", nil)
			if name != "" {
				s.put(strings.ToLower(name), imageFor(s.t, "linux/amd64"))
			}
		}
		// The newest of the family, and what the tag names now.
		s.define(20, ":latest", nil)
		s.put("latest", imageFor(s.t, "linux/amd64"))
		s.service.Record = nil
		for i, each := range entries {
			added := s.AddRecord(s.service, fmt.Sprint(family, numbers[each.name]))
			added.Created = at(1700000000.25 + 3600*float64(i))
			if each.status != "" {
				added.Status = each.status
			}
			image := object{"containerName": "mediaserver", "image": repository + ":" + strings.ToLower(each.name)}
			if each.as != "" {
				image["image"] = repository + each.as
			}
			if each.name != "" {
				image["imageDigest"] = s.Digest("mediaserver", strings.ToLower(each.name))
			}
			added.Images = []object{{"containerName": "sidecar", "image": "public.ecr.aws/sidecar:1", "imageDigest": "sha256:sidecar"}, image}
			s.service.Deployments[0].TaskDefinition = added.TaskDefinition
		}
	}
}

// recordBut is a record with something else changed.
func recordBut(change func(*stage), entries ...ran) func(*stage) {
	return func(s *stage) {
		record(entries...)(s)
		change(s)
	}
}

// runs lets the service run another task definition than the record's last.
func runs(number int) func(*stage) {
	return func(s *stage) { s.service.Deployments[0].TaskDefinition = fmt.Sprint(family, number) }
}

func TestARollbackDeploysTheTaskDefinitionBeforeWithItsImagesNamedByDigest(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	record(a, b)(s)
	s.run("--rollback").expect(0,
		"The current image is "+repository+":b ({b}) of "+stackRevision+"\n"+
			"Going back to "+repository+":a ({a}) of "+family+"5, deployed on 2023-11-14T22:13:20Z\n"+
			"Registered "+family+"21\nStarted deployment ", "2 of 2 tasks run "+family+"21", "/health answers 200",
		"Rolled back to "+repository+"@{a}\n", "to make them agree: pulumi config set mediaserver:imageTag a\n")
	images, registered := map[string]any{}, s.only("RegisterTaskDefinition")
	for _, each := range registered["containerDefinitions"].([]any) {
		images[fmt.Sprint(each.(object)["name"])] = each.(object)["image"]
	}
	if images["mediaserver"] != repository+"@"+s.Digest("mediaserver", "a") || images["sidecar"] != "public.ecr.aws/sidecar@sha256:sidecar" {
		t.Errorf("registered %q", images)
	}
	if tags := fmt.Sprint(registered["tags"]); !strings.Contains(tags, "key:StackTaskDefinition value:"+family+"20") {
		t.Errorf("registered the tags %s", tags)
	}
	if calls := s.Calls("GetAuthorizationToken"); len(calls) > 0 {
		t.Error("asked for a password")
	}
}

func TestARollbackGoesToTheLastOtherImageThatRan(t *testing.T) {
	t.Parallel()
	toA, toX := []string{"Rolled back to " + repository + "@{a}\n"}, []string{"Rolled back to " + repository + "@{x}\n"}
	says := func(phrase string) []string { return []string{phrase} }
	none := says("the service ran no other image before it\n")
	long := slices.Repeat([]ran{b}, 45)
	long[2] = a
	play(t, []scene{
		{"the one before", record(x, a, b), "--rollback", 0, toA},
		{"several deployments of the current image", record(x, a, b, b, b), "--rollback", 0, toA},
		{"the same image under another name", record(x, b, ran{name: "B", as: ":v7"}), "--rollback", 0, toX},
		{"one that failed in between", record(a, c.ended("ROLLBACK_SUCCESSFUL"), b), "--rollback", 0, toA},
		{"one that was replaced in between", record(a, c.ended("STOPPED"), b), "--rollback", 0, toA},
		{"one that never started a task", record(a, never, b), "--rollback", 0, toA},
		{"the current one never started a task", record(x, a, never), "--rollback", 0, append(toA, "(digest unknown)")},
		{"the current one was stopped", record(x, a, b.ended("STOPPED")), "--rollback", 0, toA},
		{"after ECS itself went back", recordBut(runs(5), x, a, b.ended("ROLLBACK_SUCCESSFUL")), "--rollback", 0, append(toX, "ECS itself went back to it, because the last deployment failed or was stopped; this goes further back")},
		{"a second time: further back, not forward", record(x, a, b, a), "--rollback", 0, append(toX, "Left out, because the service has come back from it: "+repository+":b ({b})\n")},
		{"a third time", record(x, a, b, c, b, a), "--rollback", 0, append(toX, repository+":b ({b}), "+repository+":c ({c})\n")},
		{"forward again by hand, and back once more", record(a, b, a, b), "--rollback", 0, toA},
		{"nothing: an empty record", record(), "--rollback", 15, says("AWS has no record of a deployment")},
		{"nothing: the first deployment", record(b), "--rollback", 15, none},
		{"nothing: always the same image", record(b, b), "--rollback", 15, none},
		{"nothing: only what it came back from", record(a, b, a), "--rollback", 15, says("it came back from " + repository + ":b ({b}), and --rollback never goes forward")},
		{"nothing: it came back long ago, on another page", recordBut(func(s *stage) { s.PageSize = 20 }, long...), "--rollback", 15, says("it came back from " + repository + ":a ({a})")},
		{"nothing for certain: the record lags", recordBut(runs(7), x, a), "--rollback", 15, says("try again in a minute")},
		{"nothing: an image of another registry", record(ran{name: "A", as: "-of-old:v1"}, b), "--rollback", 15, says("-of-old:v1 is not in the stack's registry")},
		{"nothing: the image is gone", recordBut(always("DescribeImages", fakeaws.Refuses("ImageNotFoundException", "no")), a, b), "--rollback", 15,
			says("cannot go back: " + repository + " no longer has the image {a}")},
	})
}

func TestARollbackWithoutDigestsSaysThatAWSHasNone(t *testing.T) {
	t.Parallel()
	off := func(s *stage) {
		s.define(3, "", object{"containerDefinitions": []object{{"name": "mediaserver", "versionConsistency": "disabled"}}})
	}
	says := []string{"AWS has no digest of what " + family + "3 ran, because its container 'mediaserver' has versionConsistency disabled; deploy an image by its tag, with --skip-push"}
	play(t, []scene{
		{"never any", recordBut(off, never, never), "--rollback", 15, says},
		{"the current has none", recordBut(off, x, a, never), "--rollback", 15, says},
		{"one in between", recordBut(off, x, never, b), "--rollback", 15, says},
	})
}

func TestARollbackUsesTheDefinitionAsItIsWhereItNamesDigests(t *testing.T) {
	t.Parallel()
	pinned := func(status string) func(*stage) {
		return recordBut(func(s *stage) {
			containers := []object{{"name": "mediaserver", "image": repository + "@" + s.Digest("mediaserver", "a")}, {"name": "sidecar", "image": "public.ecr.aws/sidecar@sha256:sidecar"}}
			s.define(5, "", object{"containerDefinitions": containers, "status": status, "deregisteredAt": 1700000000.5})
			s.define(20, ":latest", nil)
		}, a, b)
	}
	play(t, []scene{
		{"active", pinned("ACTIVE"), "--rollback", 0, []string{"2 of 2 tasks run " + family + "5\n", "!Registered"}},
		{"inactive", pinned("INACTIVE"), "--rollback", 0, []string{"2 of 2 tasks run " + family + "21\n"}},
	})
}

// busy gives the service this record, and a deployment of B under way.
func busy(entries ...ran) func(*stage) {
	return recordBut(func(s *stage) {
		under := s.service.Record[len(entries)]
		under.Source = nil
		s.service.Deployments[0].TaskDefinition = stackRevision
		if len(entries) > 0 {
			under.Source = s.service.Record[len(entries)-1]
			s.service.Deployments[0] = under.Source
		}
		s.service.Deployments = append([]*fakeaws.Deployment{under}, s.service.Deployments[0])
		// Its image does not start for as long as nobody stops it.
		s.Run = func(containers fakeaws.Containers) fakeaws.Task {
			return task(containers.Definition["taskDefinitionArn"] != stackRevision)
		}
	}, append(entries, b.ended("IN_PROGRESS"))...)
}

// busyBut is a deployment under way that can be stopped, with something else changed.
func busyBut(change func(*stage)) func(*stage) {
	return func(s *stage) {
		busy(x, a)(s)
		change(s)
	}
}

// task is one that is healthy or never will be.
type task bool

func (h task) Look() fakeaws.TaskState { return fakeaws.TaskState{Healthy: bool(h)} }
func (h task) Stop()                   {}

func TestARollbackDuringADeploymentHasECSStopIt(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	busy(x, a)(s)
	under := s.service.Deployments[0].ID
	s.run("--rollback --replace --count 3").expect(0, "--count 3 is not used: the service asks for tasks already\n",
		"Going back to "+repository+":a ({a}) of "+family+"5",
		"Stopped deployment "+under+" of "+stackRevision+", which was under way; ECS goes back",
		"is complete: 2 of 2 tasks run "+family+"5", "/health answers 200", "Rolled back to "+repository+"@{a}\n", "!replacing")
	if s.only("StopServiceDeployment")["stopType"] != "ROLLBACK" || len(s.Calls("UpdateService", "RegisterTaskDefinition")) > 0 {
		t.Errorf("called %v", s.Calls())
	}
}

func TestARollbackStopsNothingWhereECSWouldNotGoBackToTheImageBefore(t *testing.T) {
	t.Parallel()
	says := []string{"another deployment is under way: ", "--replace"}
	// ECS's own rollback is to run what it ran before.
	itself := recordBut(func(s *stage) { s.shows(goingBack) }, x, a, b.ended("ROLLBACK_IN_PROGRESS"))
	play(t, []scene{
		{"a new deployment of the current image", busy(a, b), "--rollback", 8, says},
		{"replaced", busy(a, b), "--rollback --replace", 0, []string{"replacing deployment ", "Rolled back to " + repository + "@{a}\n"}},
		{"the first deployment", busy(), "--rollback", 8, says},
		{"what ran before started no task", busy(a, never), "--rollback", 8, says},
		{"a stop gives no count", busyBut(property("desiredCount", 0)), "--rollback --count 3", 8, says},
		{"ECS itself goes back", itself, "--rollback", 8, says},
		{"ECS itself goes back, and is not replaced", itself, "--rollback --replace", 8, []string{"ECS itself is rolling back a failed deployment"}},
	})
}

func TestARollbackTellsTheTruthAtTheEnd(t *testing.T) {
	t.Parallel()
	denied := fakeaws.Refuses("AccessDeniedException", "no")
	says := func(phrase string) []string { return []string{phrase} }
	afterStop := func(change func(*stage)) func(*stage) {
		return busyBut(func(s *stage) {
			s.Next("StopServiceDeployment", fakeaws.Response{Change: func(object) { change(s) }})
		})
	}
	theirs := strings.ReplaceAll(complete, "ours", "alien")
	play(t, []scene{
		{"given up by ECS", recordBut(looks(goingBack), a, b), "--rollback", 10, says("gave deployment ")},
		{"replaced", recordBut(looks(started, replaced), a, b), "--rollback", 9, says("was replaced by " + alien)},
		{"not complete", recordBut(looks(started), a, b), "--rollback --timeout 0", 12, says("is not complete")},
		{"not healthy", recordBut(func(s *stage) { s.answers = []int{503} }, a, b), "--rollback --health-timeout 0", 13, says("does not answer 200")},
		{"no record", recordBut(always("ListServiceDeployments", denied), a, b), "--rollback", 14, says("aws ecs list-service-deployments: AccessDenied")},
		{"no images", recordBut(always("DescribeServiceRevisions", denied), a, b), "--rollback", 14, says("aws ecs describe-service-revisions: AccessDenied")},
		{"no model", recordBut(always("DescribeTaskDefinition", denied), a, b), "--rollback", 14, says("aws ecs describe-task-definition: AccessDenied")},
		{"stop refused", busyBut(always("StopServiceDeployment", denied)), "--rollback", 14, says("aws ecs stop-service-deployment: AccessDenied")},
		{"stop without effect", busyBut(always("StopServiceDeployment", fakeaws.Response{Body: "{}"})), "--rollback --timeout 0", 12, says("ECS has not gone back from deployment")},
		{"replaced after the stop", afterStop(func(s *stage) { s.shows(theirs) }), "--rollback", 9, says("was replaced by " + alien + " of " + stackRevision)},
		{"replaced by a deployment of the same task definition", afterStop(func(s *stage) {
			later := *s.service.Record[2]
			later.ID, later.Created = "a/later", later.Created.Add(time.Minute)
			s.service.Record = append(s.service.Record, &later)
		}), "--rollback", 9, says("which this run did not ask for")},
	})
}

func TestARollbackNamesATagOfTheImage(t *testing.T) {
	t.Parallel()
	tagged := func(tags ...string) func(*stage) {
		return recordBut(func(s *stage) {
			detail := object{"imageDigest": s.Digest("mediaserver", "a"), "imageTags": tags}
			s.Always("DescribeImages", fakeaws.Response{Output: object{"imageDetails": []object{detail}}})
		}, ran{name: "A", as: ":latest"}, b)
	}
	play(t, []scene{
		{"none", tagged(), "--rollback", 0, []string{"No tag names this image now, and the registry keeps few such images: give it one with docker pull"}},
		{"the one that it ran under", tagged("commit-1a2b3c", "latest"), "--rollback", 0, []string{"to make them agree: pulumi config set mediaserver:imageTag latest\n"}},
		{"another one", tagged("commit-1a2b3c"), "--rollback", 0, []string{"to make them agree: pulumi config set mediaserver:imageTag commit-1a2b3c\n"}},
	})
}
