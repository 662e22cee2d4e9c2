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

// definitions are the numbers of the task definitions that run the images.
var definitions = map[string]int{"X": 4, "A": 5, "C": 6, "B": 7, "": 3}

// after is a stage whose service has this record, of an hour each, and runs the last entry's task definition.
func after(t *testing.T, record ...ran) (s *stage, digests map[string]string) {
	t.Helper()
	s = newStage(t)
	digests = map[string]string{}
	for name, number := range definitions {
		s.define(number, ":latest", nil)
		if name != "" {
			digests[name] = s.put(strings.ToLower(name), imageFor(t, "linux/amd64"))
		}
	}
	// The newest of the family, and what the tag names now.
	s.define(20, ":latest", nil)
	s.put("latest", imageFor(t, "linux/amd64"))
	s.service.Record = nil
	for i, each := range record {
		added := s.AddRecord(s.service, fmt.Sprint(family, definitions[each.name]))
		added.Created = at(1700000000.25 + 3600*float64(i))
		if each.status != "" {
			added.Status = each.status
		}
		image := object{"containerName": "mediaserver", "image": repository + ":" + strings.ToLower(each.name)}
		if each.as != "" {
			image["image"] = each.as
		}
		if each.name != "" {
			image["imageDigest"] = digests[each.name]
		}
		added.Images = []object{{"containerName": "sidecar", "image": "public.ecr.aws/sidecar:1", "imageDigest": "sha256:sidecar"}, image}
		s.service.Deployments[0].TaskDefinition = added.TaskDefinition
	}
	return s, digests
}

func TestARollbackDeploysTheTaskDefinitionBeforeWithItsImagesNamedByDigest(t *testing.T) {
	t.Parallel()
	s, digests := after(t, ran{name: "A"}, ran{name: "B"})
	s.run("--rollback").expect(0,
		"The current image is "+repository+":b ("+digests["B"]+") of "+stackRevision+"\n"+
			"Going back to "+repository+":a ("+digests["A"]+") of "+family+"5, deployed on 2023-11-14T22:13:20Z\n"+
			"Registered "+family+"21\nStarted deployment ", "2 of 2 tasks run "+family+"21", "/health answers 200",
		"Rolled back to "+repository+"@"+digests["A"]+"\n", "to make them agree: pulumi config set mediaserver:imageTag a\n")
	registered := s.only("RegisterTaskDefinition")
	if images := images(registered); images["mediaserver"] != repository+"@"+digests["A"] || images["sidecar"] != "public.ecr.aws/sidecar@sha256:sidecar" {
		t.Errorf("registered %q", images)
	}
	if tags := fmt.Sprint(registered["tags"]); !strings.Contains(tags, "key:StackTaskDefinition value:"+family+"20") {
		t.Errorf("registered the tags %s", tags)
	}
	if calls := s.Calls("GetAuthorizationToken"); len(calls) > 0 {
		t.Error("asked for a password")
	}
}

// images are those of a task definition, by container.
func images(definition object) map[string]string {
	images := map[string]string{}
	for _, each := range definition["containerDefinitions"].([]any) {
		images[fmt.Sprint(each.(object)["name"])] = fmt.Sprint(each.(object)["image"])
	}
	return images
}

func TestARollbackGoesToTheLastOtherImageThatRan(t *testing.T) {
	t.Parallel()
	x, a, b, c, never := ran{name: "X"}, ran{name: "A"}, ran{name: "B"}, ran{name: "C"}, ran{}
	ended := func(r ran, status string) ran {
		r.status = status
		return r
	}
	for name, each := range map[string]struct {
		record  []ran
		running string // the image whose task definition runs, if not the last
		target  string // empty for nothing
		says    string
	}{
		"the one before": {[]ran{x, a, b}, "", "A", "Going back to"},
		"several deployments of the current image":  {[]ran{x, a, b, b, b}, "", "A", "Going back to"},
		"the same image under another name":         {[]ran{x, b, {name: "B", as: repository + ":v7"}}, "", "X", "Going back to"},
		"a deployment that failed in between":       {[]ran{a, ended(c, "ROLLBACK_SUCCESSFUL"), b}, "", "A", "Going back to"},
		"a deployment that was replaced in between": {[]ran{a, ended(c, "STOPPED"), b}, "", "A", "Going back to"},
		"a deployment that never started a task":    {[]ran{a, never, b}, "", "A", "Going back to"},
		"the current one never started a task":      {[]ran{x, a, never}, "", "A", "(digest unknown)"},
		"the current one was stopped":               {[]ran{x, a, ended(b, "STOPPED")}, "", "A", "Going back to"},
		"after ECS itself went back":                {[]ran{x, a, ended(b, "ROLLBACK_SUCCESSFUL")}, "A", "X", "ECS itself went back to it, because the last deployment failed or was stopped; this goes further back"},
		"a second time: further back, not forward":  {[]ran{x, a, b, a}, "", "X", "Left out, because the service has come back from it: " + repository + ":b (B)"},
		"a third time": {[]ran{x, a, b, c, b, a}, "", "X", repository + ":b (B), " + repository + ":c (C)"},
		"forward again by hand, and back once more": {[]ran{a, b, a, b}, "", "A", "Going back to"},
		"nothing: an empty record":                  {nil, "", "", "AWS has no record of a deployment"},
		"nothing: the first deployment":             {[]ran{b}, "", "", "the service ran no other image before it\n"},
		"nothing: always the same image":            {[]ran{b, b}, "", "", "the service ran no other image before it\n"},
		"nothing: only what it came back from":      {[]ran{a, b, a}, "", "", "it came back from " + repository + ":b (B), and --rollback never goes forward"},
		"nothing for certain: the record lags":      {[]ran{x, a}, "B", "", "try again in a minute"},
		"nothing: an image of another registry":     {[]ran{{name: "A", as: repository + "-of-old:v1"}, b}, "", "", repository + "-of-old:v1 is not in the stack's registry"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, digests := after(t, each.record...)
			if each.running != "" {
				s.service.Deployments[0].TaskDefinition = fmt.Sprint(family, definitions[each.running])
			}
			says := each.says
			for name, digest := range digests {
				says = strings.ReplaceAll(says, "("+name+")", "("+digest+")")
			}
			r := s.run("--rollback")
			if each.target == "" {
				r.expect(15, says)
				return
			}
			r.expect(0, says, "Rolled back to "+repository+"@"+digests[each.target])
			if got := images(s.only("RegisterTaskDefinition"))["mediaserver"]; got != repository+"@"+digests[each.target] {
				t.Errorf("registered the image %s", got)
			}
		})
	}
}

func TestARollbackWhoseImageIsGoneSaysSo(t *testing.T) {
	t.Parallel()
	s, digests := after(t, ran{name: "A"}, ran{name: "B"})
	s.Always("DescribeImages", fakeaws.Refuses("ImageNotFoundException", "no"))
	s.run("--rollback").expect(15, "cannot go back: "+repository+" no longer has the image "+digests["A"])
}

func TestARollbackWithoutDigestsSaysThatAWSHasNone(t *testing.T) {
	t.Parallel()
	for name, record := range map[string][]ran{
		"never any":            {{}, {}},
		"the current has none": {{name: "X"}, {name: "A"}, {}},
		"one in between":       {{name: "X"}, {}, {name: "B"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := after(t, record...)
			s.define(3, "", object{"containerDefinitions": []object{{"name": "mediaserver", "versionConsistency": "disabled"}}})
			s.run("--rollback").expect(15, "AWS has no digest of what "+family+"3 ran, because its container 'mediaserver' has versionConsistency disabled; deploy an image by its tag, with --skip-push")
		})
	}
}

func TestARollbackUsesTheDefinitionAsItIsWhereItNamesDigests(t *testing.T) {
	t.Parallel()
	for status, registers := range map[string]bool{"ACTIVE": false, "INACTIVE": true} {
		s, digests := after(t, ran{name: "A"}, ran{name: "B"})
		containers := []object{{"name": "mediaserver", "image": repository + "@" + digests["A"]}, {"name": "sidecar", "image": "public.ecr.aws/sidecar@sha256:sidecar"}}
		s.define(5, "", object{"containerDefinitions": containers, "status": status, "deregisteredAt": 1700000000.5})
		s.define(20, ":latest", nil)
		s.run("--rollback").expect(0, "Rolled back to ")
		if got := len(s.Calls("RegisterTaskDefinition")) > 0; got != registers {
			t.Errorf("%s: registered %t, want %t", status, got, registers)
		}
	}
}

func TestARollbackReadsTheWholeRecord(t *testing.T) {
	t.Parallel()
	record := slices.Repeat([]ran{{name: "B"}}, 45)
	record[2] = ran{name: "A"}
	s, digests := after(t, record...)
	s.PageSize = 20
	// The first two deployments ran the current image too, and the service came back to it.
	s.run("--rollback").expect(15, "it came back from "+repository+":a ("+digests["A"]+")")
}

// busy is a stage with a deployment of B under way, after these.
func busy(t *testing.T, record ...ran) (*stage, map[string]string) {
	t.Helper()
	s, digests := after(t, append(record, ran{name: "B", status: "IN_PROGRESS"})...)
	under := s.service.Record[len(record)]
	under.Source = nil
	s.service.Deployments[0].TaskDefinition = stackRevision
	if len(record) > 0 {
		under.Source = s.service.Record[len(record)-1]
		s.service.Deployments[0] = under.Source
	}
	s.service.Deployments = append([]*fakeaws.Deployment{under}, s.service.Deployments[0])
	// Its image does not start for as long as nobody stops it.
	s.Run = func(containers fakeaws.Containers) fakeaws.Task {
		return task(containers.Definition["taskDefinitionArn"] != stackRevision)
	}
	return s, digests
}

// task is one that is healthy or never will be.
type task bool

func (h task) Look() fakeaws.TaskState { return fakeaws.TaskState{Healthy: bool(h)} }
func (h task) Stop()                   {}

func TestARollbackDuringADeploymentHasECSStopIt(t *testing.T) {
	t.Parallel()
	for _, words := range []string{"--rollback --count 3", "--rollback --replace"} {
		s, digests := busy(t, ran{name: "X"}, ran{name: "A"})
		under := s.service.Deployments[0].ID
		r := s.run(words)
		r.expect(0, "Going back to "+repository+":a ("+digests["A"]+") of "+family+"5",
			"Stopped deployment "+under+" of "+stackRevision+", which was under way; ECS goes back",
			"is complete: 2 of 2 tasks run "+family+"5", "/health answers 200", "Rolled back to "+repository+"@"+digests["A"])
		if s.only("StopServiceDeployment")["stopType"] != "ROLLBACK" || len(s.Calls("UpdateService", "RegisterTaskDefinition")) > 0 {
			t.Errorf("called %v", s.Calls())
		}
		if strings.Contains(words, "--count") {
			r.expect(0, "--count 3 is not used: the service asks for tasks already")
		}
	}
}

func TestARollbackStopsNothingWhereECSWouldNotGoBackToTheImageBefore(t *testing.T) {
	t.Parallel()
	for name, record := range map[string][]ran{
		"a new deployment of the current image":              {{name: "A"}, {name: "B"}},
		"the first deployment":                               nil,
		"the last that succeeded started no task, so no tag": {{name: "A"}, {}},
	} {
		s, _ := busy(t, record...)
		if r := s.run("--rollback").expect(8, "another deployment is under way: ", "--replace"); t.Failed() {
			t.Fatal(name, r.code)
		}
	}
	s, _ := busy(t, ran{name: "X"}, ran{name: "A"})
	s.service.Properties["desiredCount"] = 0
	s.run("--rollback --count 3").expect(8, "another deployment is under way: ")
	s, digests := busy(t, ran{name: "A"}, ran{name: "B"})
	s.run("--rollback --replace").expect(0, "replacing deployment ", "Rolled back to "+repository+"@"+digests["A"])
	// Beside ECS's own rollback, which is to run what it ran before.
	s, _ = after(t, ran{name: "X"}, ran{name: "A"}, ran{name: "B", status: "ROLLBACK_IN_PROGRESS"})
	s.Always("DescribeServices", fakeaws.Response{Output: object{"services": []object{s.look(goingBack)}}})
	s.run("--rollback").expect(8, "another deployment is under way: ")
	s.run("--rollback --replace").expect(8, "ECS itself is rolling back a failed deployment")
}

func TestARollbackTellsTheTruthAtTheEnd(t *testing.T) {
	t.Parallel()
	denied := fakeaws.Refuses("AccessDeniedException", "no")
	never := func(s *stage) { s.Run = func(fakeaws.Containers) fakeaws.Task { return task(false) } }
	afterStop := func(change func(*stage)) func(*stage) {
		return func(s *stage) {
			s.Next("StopServiceDeployment", fakeaws.Response{Change: func(object) { change(s) }})
		}
	}
	theirs := strings.ReplaceAll(complete, "ours", "alien")
	for name, each := range map[string]struct {
		stage   func(*testing.T, ...ran) (*stage, map[string]string)
		prepare func(*stage)
		words   string
		code    int
		says    string
	}{
		"given up by ECS":      {after, looks(goingBack), "", 10, "gave deployment "},
		"replaced":             {after, looks(started, replaced), "", 9, "was replaced by " + alien},
		"not complete":         {after, never, "--timeout 0", 12, "is not complete"},
		"not healthy":          {after, func(s *stage) { s.answers = []int{503} }, "--health-timeout 0", 13, "does not answer 200"},
		"no record":            {after, always("ListServiceDeployments", denied), "", 14, "aws ecs list-service-deployments: AccessDenied"},
		"no images":            {after, always("DescribeServiceRevisions", denied), "", 14, "aws ecs describe-service-revisions: AccessDenied"},
		"no model":             {after, always("DescribeTaskDefinition", denied), "", 14, "aws ecs describe-task-definition: AccessDenied"},
		"stop: refused":        {busy, always("StopServiceDeployment", denied), "", 14, "aws ecs stop-service-deployment: AccessDenied"},
		"stop: without effect": {busy, always("StopServiceDeployment", fakeaws.Response{Body: "{}"}), "--timeout 0", 12, "ECS has not gone back from deployment"},
		"stop: replaced":       {busy, afterStop(func(s *stage) { s.shows(theirs) }), "", 9, "was replaced by " + alien + " of " + stackRevision},
		"stop: replaced by a deployment of the same task definition": {busy, afterStop(func(s *stage) {
			later := *s.service.Record[2]
			later.ID, later.Created = "a/later", later.Created.Add(time.Minute)
			s.service.Record = append(s.service.Record, &later)
		}), "", 9, "which this run did not ask for"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			record := []ran{{name: "X"}, {name: "A"}, {name: "B"}}
			if strings.HasPrefix(name, "stop: ") {
				record = record[:2]
			}
			s, _ := each.stage(t, record...)
			each.prepare(s)
			s.run("--rollback "+each.words).expect(each.code, each.says)
		})
	}
}

func TestARollbackNamesATagOfTheImage(t *testing.T) {
	t.Parallel()
	for tags, says := range map[string]string{
		"":                     "No tag names this image now, and the registry keeps few such images: give it one with docker pull",
		"commit-1a2b3c latest": "to make them agree: pulumi config set mediaserver:imageTag latest\n",
		"commit-1a2b3c":        "to make them agree: pulumi config set mediaserver:imageTag commit-1a2b3c\n",
	} {
		s, digests := after(t, ran{name: "A", as: repository + ":latest"}, ran{name: "B"})
		s.Always("DescribeImages", fakeaws.Response{Output: object{"imageDetails": []object{{"imageDigest": digests["A"], "imageTags": strings.Fields(tags)}}}})
		s.run("--rollback").expect(0, says)
	}
}
