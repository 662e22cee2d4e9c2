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
	for _, name := range []string{"X", "A", "B", "C"} {
		digests[name] = s.put(strings.ToLower(name), imageFor(t, "linux/amd64"))
		if name != "B" {
			s.AddTaskDefinition(taskDefinition(fmt.Sprint(family, definitions[name]), ":latest"))
		}
	}
	s.AddTaskDefinition(taskDefinition(family+"3", ":latest"))
	// The newest of the family, and what the tag names now.
	s.AddTaskDefinition(taskDefinition(family+"20", ":latest"))
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
	}
	if len(record) > 0 {
		s.service.Deployments[0].TaskDefinition = s.service.Record[len(record)-1].TaskDefinition
	}
	return s, digests
}

// images are those of the task definition that was registered, by container.
func (s *stage) images() map[string]string {
	s.t.Helper()
	images := map[string]string{}
	for _, each := range s.only("RegisterTaskDefinition")["containerDefinitions"].([]any) {
		images[fmt.Sprint(each.(object)["name"])] = fmt.Sprint(each.(object)["image"])
	}
	return images
}

func TestARollbackDeploysTheTaskDefinitionBeforeWithItsImagesNamedByDigest(t *testing.T) {
	t.Parallel()
	s, digests := after(t, ran{name: "A"}, ran{name: "B"})
	s.run("--rollback").expect(0,
		"The current image is "+repository+":b ("+digests["B"]+") of "+stackRevision+"\n",
		"Going back to "+repository+":a ("+digests["A"]+") of "+family+"5, which ran from 2023-11-14T22:13:21Z to 2023-11-14T23:13:20Z\n",
		"Registered "+family+"21", "Started deployment ", " of "+family+"21", "2 of 2 tasks run "+family+"21", "/health answers 200",
		"Rolled back to "+repository+"@"+digests["A"]+"\n",
		"to make them agree: pulumi config set mediaserver:imageTag a\n")
	if images := s.images(); images["mediaserver"] != repository+"@"+digests["A"] || images["sidecar"] != "public.ecr.aws/sidecar@sha256:sidecar" {
		t.Errorf("registered %q", images)
	}
	if tags := fmt.Sprint(s.only("RegisterTaskDefinition")["tags"]); !strings.Contains(tags, "key:StackTaskDefinition value:"+family+"20") {
		t.Errorf("registered the tags %s", tags)
	}
	if calls := s.Calls("GetAuthorizationToken"); len(calls) > 0 {
		t.Error("asked for a password")
	}
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
		"several deployments of the one before":     {[]ran{x, a, a, b}, "", "A", "from 2023-11-14T23:13:21Z to 2023-11-15T01:13:20Z"},
		"the same image under another name":         {[]ran{x, b, {name: "B", as: repository + ":v7"}}, "", "X", "Going back to"},
		"a deployment that failed in between":       {[]ran{a, ended(c, "ROLLBACK_SUCCESSFUL"), b}, "", "A", "Going back to"},
		"a deployment that was replaced in between": {[]ran{a, ended(c, "STOPPED"), b}, "", "A", "Going back to"},
		"a deployment that never started a task":    {[]ran{a, never, b}, "", "A", "Going back to"},
		"the current one never started a task":      {[]ran{x, a, never}, "", "A", "(digest unknown)"},
		"the current one was stopped":               {[]ran{x, a, ended(b, "STOPPED")}, "", "A", "Going back to"},
		"the current one is under way, by AWS":      {[]ran{x, a, ended(b, "IN_PROGRESS")}, "", "A", "Going back to"},
		"after ECS itself went back":                {[]ran{x, a, ended(b, "ROLLBACK_SUCCESSFUL")}, "A", "X", "ECS itself went back to it, because the last deployment failed or was stopped; this goes further back"},
		"after ECS itself failed to go back":        {[]ran{x, a, ended(b, "ROLLBACK_FAILED")}, "A", "X", "this goes further back"},
		"a second time: further back, not forward":  {[]ran{x, a, b, a}, "", "X", "Left out, because the service has come back from it: " + repository + ":b (B)"},
		"a third time": {[]ran{x, a, b, c, b, a}, "", "X", repository + ":b (B), " + repository + ":c (C)"},
		"forward again by hand, and back once more":  {[]ran{a, b, a, b}, "", "A", "Going back to"},
		"back, forward to another, and back again":   {[]ran{x, a, b, a, c}, "", "A", "from 2023-11-15T01:13:21Z to 2023-11-15T02:13:20Z"},
		"nothing: an empty record":                   {nil, "", "", "AWS has no record of a deployment"},
		"nothing: the first deployment":              {[]ran{b}, "", "", "the service ran no other image before it\n"},
		"nothing: always the same image":             {[]ran{b, b}, "", "", "the service ran no other image before it\n"},
		"nothing: no task was ever started before":   {[]ran{never, b}, "", "", "the service ran no other image before it\n"},
		"nothing: another image went before, failed": {[]ran{ended(a, "ROLLBACK_FAILED"), b}, "", "", "the service ran no other image before it\n"},
		"nothing: only what it came back from":       {[]ran{a, b, a}, "", "", "it came back from " + repository + ":b (B), and --rollback never goes forward"},
		"nothing for certain: the record lags":       {[]ran{x, a}, "B", "", "try again in a minute"},
		"nothing: an image of another registry":      {[]ran{{name: "A", as: repository + "-of-old:v1"}, b}, "", "", repository + "-of-old:v1 is not in the stack's registry"},
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
				r.expect(15, says).unchanged()
				return
			}
			r.expect(0, says, "Rolled back to "+repository+"@"+digests[each.target])
			if got := s.images()["mediaserver"]; got != repository+"@"+digests[each.target] {
				t.Errorf("registered the image %s", got)
			}
		})
	}
}

func TestARollbackWhoseTargetIsGoneSaysSo(t *testing.T) {
	t.Parallel()
	s, digests := after(t, ran{name: "A"}, ran{name: "B"})
	s.Always("DescribeImages", fakeaws.Refuses("ImageNotFoundException", "no"))
	s.run("--rollback").expect(15, "cannot go back: "+repository+" no longer has the image "+digests["A"]).unchanged()
	s, _ = after(t, ran{name: "A"}, ran{name: "B"})
	s.Always("DescribeTaskDefinition", fakeaws.Refuses("ClientException", "Unable to describe task definition."))
	s.run("--rollback").expect(15, "was deleted; to run its image with the stack's present one, deploy it by a tag (it has: a) with --skip-push").unchanged()
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
			off := taskDefinition(family+"3", ":latest")
			off["taskDefinition"].(object)["containerDefinitions"].([]object)[1]["versionConsistency"] = "disabled"
			s.AddTaskDefinition(off)
			s.run("--rollback").expect(15, "AWS has no digest of what "+family+"3 ran, because its container 'mediaserver' has versionConsistency disabled; deploy an image by its tag, with --skip-push").unchanged()
		})
	}
}

func TestARollbackUsesTheDefinitionAsItIsWhereItNamesDigests(t *testing.T) {
	t.Parallel()
	for status, registers := range map[string]bool{"ACTIVE": false, "INACTIVE": true} {
		s, digests := after(t, ran{name: "A"}, ran{name: "B"})
		pinned := taskDefinition(family+"5", "@"+digests["A"])
		pinned["taskDefinition"].(object)["containerDefinitions"].([]object)[0]["image"] = "public.ecr.aws/sidecar@sha256:sidecar"
		pinned["taskDefinition"].(object)["status"], pinned["taskDefinition"].(object)["deregisteredAt"] = status, 1700000000.5
		s.AddTaskDefinition(pinned)
		s.Next("DescribeTaskDefinition", fakeaws.Response{Output: pinned}, fakeaws.Refuses("ClientException", "Unable to describe task definition."))
		s.run("--rollback").expect(0, "cannot read the newest task definition of mediaserver, so it goes on without it", "Rolled back to ")
		if got := len(s.Calls("RegisterTaskDefinition")) > 0; got != registers {
			t.Errorf("%s: registered %t, want %t", status, got, registers)
		} else if registers && s.only("RegisterTaskDefinition")["deregisteredAt"] != nil {
			t.Error("registered deregisteredAt")
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
	if lists, revisions := s.Calls("ListServiceDeployments"), s.Calls("DescribeServiceRevisions"); len(lists) != 3 || len(revisions) != 3 {
		t.Errorf("listed %v, described %v", lists, revisions)
	}
	s, digests = after(t, append([]ran{{name: "A"}}, slices.Repeat([]ran{{name: "B"}}, 110)...)...)
	s.run("--rollback").expect(15, "nothing to go back to").lacks(digests["A"])
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
	under.Images[1]["imageDigest"] = digests["B"]
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
	for _, words := range [][]string{nil, {"--replace"}} {
		s, digests := busy(t, ran{name: "X"}, ran{name: "A"})
		under := s.service.Deployments[0].ID
		s.run(append(words, "--rollback", "--dry-run")...).expect(0, "would run: aws ecs stop-service-deployment --service-deployment-arn arn:aws:ecs:eu-west-2:123456789012:service-deployment/mediaserver-cluster/mediaserver-service/",
			"--stop-type ROLLBACK --region eu-west-2", "Nothing was changed.").unchanged()
		s.run(append(words, "--rollback")...).expect(0, "Going back to "+repository+":a ("+digests["A"]+") of "+family+"5",
			"Stopped deployment "+under+" of "+stackRevision+", which was under way; ECS goes back",
			"ECS went back: 2 of 2 tasks run "+family+"5", "/health answers 200", "Rolled back to "+repository+"@"+digests["A"])
		if s.only("StopServiceDeployment")["stopType"] != "ROLLBACK" || len(s.Calls("UpdateService", "RegisterTaskDefinition")) > 0 {
			t.Errorf("called %v", s.Calls())
		}
	}
}

func TestACountThatAStopCannotGiveIsNotDroppedSilently(t *testing.T) {
	t.Parallel()
	s, _ := busy(t, ran{name: "X"}, ran{name: "A"})
	s.run("--rollback", "--count", "3").expect(0, "--count 3 is not used: the service asks for tasks already", "Stopped deployment ")
	s, _ = busy(t, ran{name: "X"}, ran{name: "A"})
	s.service.Properties["desiredCount"] = 0
	s.run("--rollback", "--count", "3", "--timeout", "0").expect(8, "another deployment is under way: ").unchanged()
}

func TestARollbackStopsNothingWhereECSWouldNotGoBackToTheImageBefore(t *testing.T) {
	t.Parallel()
	// A new deployment of the image that runs: ECS would go back to that image. And a service's first deployment.
	for _, record := range [][]ran{{{name: "A"}, {name: "B"}}, nil} {
		s, _ := busy(t, record...)
		s.run("--rollback").expect(8, "another deployment is under way: ", "--replace").unchanged()
	}
	s, digests := busy(t, ran{name: "A"}, ran{name: "B"})
	s.run("--rollback", "--replace").expect(0, "replacing deployment ", "Rolled back to "+repository+"@"+digests["A"])
	// Beside ECS's own rollback, which is to run what it ran before.
	s, _ = after(t, ran{name: "X"}, ran{name: "A"}, ran{name: "B", status: "ROLLBACK_IN_PROGRESS"})
	back := s.look(2, 2, oldPutBack.with(func(d *deployment) { d.TaskDefinition = family + "5" }))
	s.Always("DescribeServices", fakeaws.Response{Output: object{"services": []object{back}}})
	s.run("--rollback").expect(8).unchanged()
	s.run("--rollback", "--replace").expect(8, "ECS itself is rolling back a failed deployment").unchanged()
}

func TestAStopThatDoesNotEndWellIsToldAsSuch(t *testing.T) {
	t.Parallel()
	status := func(status string) fakeaws.Response {
		return fakeaws.Response{Change: func(answer object) {
			answer["serviceDeployments"].([]any)[0].(object)["status"] = status
			answer["serviceDeployments"].([]any)[0].(object)["statusReason"] = "The reason."
		}}
	}
	for name, each := range map[string]struct {
		prepare func(*stage)
		code    int
		says    string
	}{
		"refused": {func(s *stage) {
			s.Always("StopServiceDeployment", fakeaws.Refuses("AccessDeniedException", "not authorized to perform: ecs:StopServiceDeployment"))
		}, 14, "cannot stop deployment"},
		"failed":   {func(s *stage) { s.Always("DescribeServiceDeployments", status("ROLLBACK_FAILED")) }, 10, "its record says ROLLBACK_FAILED, The reason."},
		"too late": {func(s *stage) { s.Always("DescribeServiceDeployments", status("SUCCESSFUL")) }, 10, "ECS did not go back from deployment"},
		"endless":  {func(s *stage) { s.Always("DescribeServiceDeployments", status("ROLLBACK_IN_PROGRESS")) }, 12, "ECS has not gone back from deployment"},
		"replaced": {func(s *stage) {
			s.Next("StopServiceDeployment", fakeaws.Response{Change: func(object) { s.service.Looks = []object{s.look(2, 2, alienStart)} }})
		}, 9, "was replaced by " + alien},
		"replaced by a deployment of the same task definition": {func(s *stage) {
			s.Next("StopServiceDeployment", fakeaws.Response{Change: func(object) {
				theirs := *s.service.Record[2]
				theirs.ID, theirs.Created = "a/theirs", theirs.Created.Add(time.Minute)
				s.service.Record = append(s.service.Record, &theirs)
				s.service.Looks = []object{s.look(2, 2, ourComplete.with(func(d *deployment) { d.ID, d.TaskDefinition = alien, family+"5" }))}
			}})
		}, 9, "was replaced by " + alien},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := busy(t, ran{name: "X"}, ran{name: "A"})
			each.prepare(s)
			words := []string{"--rollback"}
			if each.code == 12 {
				words = append(words, "--timeout", "0")
			}
			s.run(words...).expect(each.code, each.says).lacks("Rolled back to")
		})
	}
}

func TestARollbackTellsTheTruthAtTheEnd(t *testing.T) {
	t.Parallel()
	denied := fakeaws.Refuses("AccessDeniedException", "User is not authorized")
	for name, each := range map[string]struct {
		prepare func(*stage)
		code    int
	}{
		"given up by ECS": {func(s *stage) { s.service.Looks = []object{s.look(2, 2, oldPutBack, ourFailed)} }, 10},
		"replaced":        {func(s *stage) { s.service.Looks = []object{s.look(2, 2, alienStart.with(later), oldActive)} }, 9},
		"not complete":    {func(s *stage) { s.Run = func(fakeaws.Containers) fakeaws.Task { return task(false) } }, 12},
		"not healthy":     {func(s *stage) { s.answers = []int{503} }, 13},
		"no record":       {func(s *stage) { s.Always("ListServiceDeployments", denied) }, 14},
		"no images":       {func(s *stage) { s.Always("DescribeServiceRevisions", denied) }, 14},
		"no model":        {func(s *stage) { s.Always("DescribeTaskDefinition", denied) }, 14},
		"no answer":       {func(s *stage) { s.Always("UpdateService", fakeaws.Response{Lost: true}) }, 14},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := after(t, ran{name: "A"}, ran{name: "B"})
			each.prepare(s)
			words := []string{"--rollback", "--health-timeout", "0"}
			if each.code == 12 {
				words = append(words, "--timeout", "0")
			}
			s.run(words...).expect(each.code).lacks("Rolled back to")
		})
	}
}

// later makes a deployment one that begins after everything that a test starts.
func later(d *deployment) { d.CreatedAt = float64(time.Now().Add(time.Hour).Unix()) }

func TestARollbackToAnImageWithoutATagSaysHowToKeepIt(t *testing.T) {
	t.Parallel()
	s, digests := after(t, ran{name: "A", as: repository + ":gone"}, ran{name: "B"})
	s.Always("DescribeImages", fakeaws.Response{Output: object{"imageDetails": []object{{"imageDigest": digests["A"]}}}})
	s.run("--rollback").expect(0, "No tag names this image now", "docker pull "+repository+"@"+digests["A"], "docker push "+repository+":TAG")
	s, _ = after(t, ran{name: "A", as: repository + ":latest"}, ran{name: "B"})
	s.Always("DescribeImages", fakeaws.Response{Output: object{"imageDetails": []object{{"imageDigest": digests["A"], "imageTags": []string{"commit-1a2b3c", "latest"}}}}})
	s.run("--rollback").expect(0, "to make them agree: pulumi config set mediaserver:imageTag latest\n")
}

func TestARecordThatDoesNotTellWhatRanFirstIsNotGuessedAt(t *testing.T) {
	t.Parallel()
	s, _ := after(t, ran{name: "A"}, ran{name: "B"})
	s.service.Record[0].Created = s.service.Record[1].Created
	s.service.Deployments[0].TaskDefinition = family + "5"
	s.run("--rollback").expect(15, "not certain what to go back to: ", "began at the same moment").unchanged()
}
