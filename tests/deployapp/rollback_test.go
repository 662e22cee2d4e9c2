package deployapp

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// past is a deployment in AWS's record of the service.
type past struct {
	image      string // as the task definition names it, after the repository
	digest     string // what the name stood for, empty if no task ever started
	definition string
	status     string // SUCCESSFUL if empty
}

// Images that the service ran, from the oldest to the newest.
var (
	imageX = past{image: ":v0", digest: digestOf("0"), definition: revision(4)}
	imageA = past{image: ":latest", digest: digestOf("a"), definition: revision(5)}
	imageB = past{image: ":latest", digest: digestOf("b"), definition: stackRevision}
	imageC = past{image: ":v3", digest: digestOf("c"), definition: revision(6)}
)

func digestOf(digit string) string { return "sha256:" + strings.Repeat(digit, 64) }

func revision(number int) string {
	return "arn:aws:ecs:eu-west-2:123456789012:task-definition/mediaserver:" + strconv.Itoa(number)
}

// with returns the deployment with some of its fields changed.
func (p past) with(change func(*past)) past {
	change(&p)
	return p
}

func (p past) ended(status string) past { return p.with(func(p *past) { p.status = status }) }

// recorded is a deployment as list-service-deployments answers it, and its service revision. The
// number is that of the hour in which it took place.
func (p past) recorded(number int) (deployment, revision object) {
	arn := fmt.Sprintf("arn:aws:ecs:eu-west-2:123456789012:service-revision/mediaserver-cluster/mediaserver-service/%019d", number)
	status := p.status
	if status == "" {
		status = "SUCCESSFUL"
	}
	deployment = object{
		"serviceDeploymentArn":     fmt.Sprintf("arn:aws:ecs:eu-west-2:123456789012:service-deployment/mediaserver-cluster/mediaserver-service/d%d", number),
		"targetServiceRevisionArn": arn,
		"status":                   status,
		"createdAt":                1700000000.25 + 3600*float64(number),
		"startedAt":                1700000001.5 + 3600*float64(number),
	}
	container := object{"containerName": "mediaserver", "image": repository + p.image}
	if p.digest != "" {
		container["imageDigest"] = p.digest
	}
	revision = object{
		"serviceRevisionArn": arn, "taskDefinition": p.definition,
		"containerImages": []object{
			{"containerName": "sidecar", "image": "public.ecr.aws/sidecar:1", "imageDigest": digestOf("5")},
			container,
		},
	}
	return deployment, revision
}

// after is a stack whose service has this record, runs the last task definition in it, and goes
// back successfully.
func after(record ...past) stage {
	var deployments, revisions []object
	for i, each := range record {
		deployment, revision := each.recorded(i)
		// AWS does not promise an order.
		deployments = slices.Insert(deployments, i/2, deployment)
		revisions = append(revisions, revision)
	}
	running := stackRevision
	if len(record) > 0 {
		running = record[len(record)-1].definition
	}
	before := oldComplete.with(func(d *deployment) { d.TaskDefinition = running })
	ours := ourComplete.with(func(d *deployment) { d.TaskDefinition = newRevision })
	return happy().
		but("aws_ecs_describe-services", described(service(2, 2, before)), described(service(2, 2, before)), described(service(2, 2, ours))).
		but("aws_ecs_list-service-deployments", says(object{"serviceDeployments": deployments})).
		but("aws_ecs_describe-service-revisions", says(object{"serviceRevisions": revisions, "failures": []object{}}))
}

// running returns the stage whose service runs this task definition, whatever the record says.
func (s stage) running(definition string) stage {
	play := s.but("aws_ecs_describe-services", slices.Clone(s["aws_ecs_describe-services"])...)
	before := described(service(2, 2, oldComplete.with(func(d *deployment) { d.TaskDefinition = definition })))
	play["aws_ecs_describe-services"][0], play["aws_ecs_describe-services"][1] = before, before
	return play
}

// goBack runs the script with --rollback, where there is no docker.
func goBack(t *testing.T, play stage, arguments ...string) performance {
	t.Helper()
	return perform(t, play, options{without: []string{"docker"}}, append([]string{"--rollback", "--poll", "0"}, arguments...)...)
}

// images are the images of the task definition that the script registered, by container.
func (p performance) images(t *testing.T) map[string]string {
	t.Helper()
	var registered struct {
		ContainerDefinitions []struct{ Name, Image string }
	}
	if err := json.Unmarshal([]byte(p.registered), &registered); err != nil {
		t.Fatalf("registered %q: %v", p.registered, err)
	}
	images := map[string]string{}
	for _, container := range registered.ContainerDefinitions {
		images[container.Name] = container.Image
	}
	return images
}

func TestARollbackDeploysTheTaskDefinitionBeforeWithItsImagesNamedByDigest(t *testing.T) {
	result := goBack(t, after(imageA, imageB))
	// The tag latest names another image now, so the earlier task definition alone would run that one.
	result.expect(t, 0,
		"The current image is "+repository+":latest ("+imageB.digest+") of "+imageB.definition,
		"Going back to "+repository+":latest ("+imageA.digest+") of "+imageA.definition+", which ran from 2023-11-14T22:13:21Z to 2023-11-14T23:13:20Z",
		"Started deployment "+ourDeployment+" of "+newRevision,
		"2 of 2 tasks run "+newRevision,
		"/health answers 200",
		"Rolled back to "+repository+"@"+imageA.digest)
	if got := result.called("aws ecs describe-task-definition"); !strings.Contains(got[0], " --task-definition "+imageA.definition+" ") {
		t.Errorf("took the task definition from %q", got)
	}
	images := result.images(t)
	if images["mediaserver"] != repository+"@"+imageA.digest || images["sidecar"] != "public.ecr.aws/sidecar@"+digestOf("5") {
		t.Errorf("registered the images %q", images)
	}
	if got := result.called("aws ecs update-service"); len(got) != 1 || !strings.Contains(got[0], "--task-definition "+newRevision+" --force-new-deployment") {
		t.Errorf("started %q", got)
	}
}

func TestARollbackGoesToTheLastOtherImageThatRan(t *testing.T) {
	const nothing = ""
	underWay := func(p past) past { return p.ended("IN_PROGRESS") }
	neverStarted := imageC.with(func(p *past) { p.digest = "" })
	for name, each := range map[string]struct {
		play   stage
		digest string
		phrase string
	}{
		"the one before": {after(imageX, imageA, imageB), imageA.digest, "Going back to"},
		"several deployments of the current image":  {after(imageX, imageA, imageB, imageB, imageB), imageA.digest, "Going back to"},
		"several deployments of the one before":     {after(imageX, imageA, imageA, imageB), imageA.digest, "from 2023-11-14T23:13:21Z to 2023-11-15T01:13:20Z"},
		"the same image under another name":         {after(imageX, imageB, imageB.with(func(p *past) { p.image = ":v7" })), imageX.digest, "Going back to " + repository + ":v0"},
		"a deployment that failed in between":       {after(imageA, imageC.ended("ROLLBACK_SUCCESSFUL"), imageB), imageA.digest, "Going back to"},
		"a deployment that was replaced in between": {after(imageA, imageC.ended("STOPPED"), imageB), imageA.digest, "Going back to"},
		"a deployment that never started a task":    {after(imageA, neverStarted, imageB), imageA.digest, "Going back to"},
		"the current one never started a task":      {after(imageX, imageA, neverStarted), imageA.digest, "(digest unknown)"},
		"the current one was stopped":               {after(imageX, imageA, imageB.ended("STOPPED")), imageA.digest, "Going back to"},
		"the current one is under way, by AWS":      {after(imageX, imageA, underWay(imageB)), imageA.digest, "Going back to"},
		"after ECS itself went back":                {after(imageX, imageA, imageB.ended("ROLLBACK_SUCCESSFUL")).running(imageA.definition), imageX.digest, "ECS itself went back to it, because the last deployment failed; this goes further back"},
		"after ECS itself failed to go back":        {after(imageX, imageA, imageB.ended("ROLLBACK_FAILED")).running(imageA.definition), imageX.digest, "this goes further back"},
		"a second time: further back, not forward":  {after(imageX, imageA, imageB, imageA), imageX.digest, "Left out, because the service has come back from it: " + repository + ":latest (" + imageB.digest + ")"},
		"a third time": {after(imageX, imageA, imageB, imageC, imageB, imageA), imageX.digest, imageB.digest + "), " + repository + ":v3 (" + imageC.digest + ")"},
		"forward again by hand, and back once more":  {after(imageA, imageB, imageA, imageB), imageA.digest, "Going back to"},
		"back, forward to another, and back again":   {after(imageX, imageA, imageB, imageA, imageC), imageA.digest, "from 2023-11-15T01:13:21Z to 2023-11-15T02:13:20Z"},
		"nothing: an empty record":                   {after(), nothing, "AWS has no record of a deployment"},
		"nothing: the first deployment":              {after(imageB), nothing, "the service ran no other image before it"},
		"nothing: always the same image":             {after(imageB, imageB), nothing, "the service ran no other image before it"},
		"nothing: no task was ever started before":   {after(neverStarted, imageB), nothing, "the service ran no other image before it"},
		"nothing: only what it came back from":       {after(imageA, imageB, imageA), nothing, "it came back from " + repository + ":latest (" + imageB.digest + "), and --rollback never goes forward"},
		"nothing for certain: the record lags":       {after(imageX, imageA).running(imageB.definition), nothing, "try again in a minute"},
		"nothing: an image of another registry":      {after(imageA.with(func(p *past) { p.image = "-of-old:v1" }), imageB), nothing, repository + "-of-old:v1 is not in the stack's registry"},
		"nothing: the image is gone":                 {after(imageA, imageB).but("aws_ecr_describe-images", notFound()), nothing, "has the image " + imageA.digest + " no more"},
		"nothing: the task definition was deleted":   {after(imageA, imageB).but("aws_ecs_describe-task-definition", refuses("ClientException", "Unable to describe task definition.")), nothing, "was deleted; to run its image with the stack's present one, deploy it by a tag (it has: latest) with --skip-push"},
		"nothing: another image went before, failed": {after(imageA.ended("ROLLBACK_FAILED"), imageB), nothing, "the service ran no other image before it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := goBack(t, each.play)
			if each.digest == nothing {
				result.expect(t, 15, each.phrase)
				result.expectUnchanged(t)
				return
			}
			result.expect(t, 0, each.phrase, "Rolled back to "+repository+"@"+each.digest)
			if got := result.images(t)["mediaserver"]; got != repository+"@"+each.digest {
				t.Errorf("registered the image %s", got)
			}
		})
	}
}

func TestARollbackIsNotStartedBesideAnotherDeployment(t *testing.T) {
	underWay := after(imageX, imageA, imageB.ended("IN_PROGRESS"))
	busy := described(service(2, 2, alienStart, oldActive))
	underWay["aws_ecs_describe-services"][0], underWay["aws_ecs_describe-services"][1] = busy, busy

	result := goBack(t, underWay)
	result.expect(t, 8, "another deployment is under way: "+aliensDeploy, "--replace")
	result.expectUnchanged(t)

	result = goBack(t, underWay, "--replace")
	result.expect(t, 0, "replacing deployment "+aliensDeploy, "Rolled back to "+repository+"@"+imageA.digest)

	t.Run("nor beside ECS's own rollback", func(t *testing.T) {
		play := after(imageX, imageA, imageB.ended("ROLLBACK_IN_PROGRESS"))
		back := described(service(2, 2, oldPutBack))
		play["aws_ecs_describe-services"][0], play["aws_ecs_describe-services"][1] = back, back
		for _, arguments := range [][]string{nil, {"--replace"}} {
			result := goBack(t, play, arguments...)
			result.expect(t, 8)
			result.expectUnchanged(t)
		}
	})
}

func TestARollbackMakesDoWithADeregisteredTaskDefinition(t *testing.T) {
	// Nothing about it would be changed, but ECS takes no deregistered one.
	deregistered := pinnedDefinition()
	deregistered["taskDefinition"].(object)["status"] = "INACTIVE"
	deregistered["taskDefinition"].(object)["deregisteredAt"] = 1700000000.5
	result := goBack(t, after(imageA, imageB).but("aws_ecs_describe-task-definition", says(deregistered), says(taskDefinition())))
	result.expect(t, 0, "Registered "+newRevision)
	if strings.Contains(result.registered, "deregisteredAt") {
		t.Errorf("registered %s", result.registered)
	}
}

// pinnedDefinition is the task definition with the images that ran named by their digests.
func pinnedDefinition() object {
	pinned := taskDefinition()
	containers := pinned["taskDefinition"].(object)["containerDefinitions"].([]object)
	containers[0]["image"] = "public.ecr.aws/sidecar@" + digestOf("5")
	containers[1]["image"] = repository + "@" + imageA.digest
	return pinned
}

func TestARollbackToATaskDefinitionThatNamesItsImagesByDigestRegistersNone(t *testing.T) {
	result := goBack(t, after(imageA.with(func(p *past) { p.image = "@" + imageA.digest }), imageB).
		but("aws_ecs_describe-task-definition", says(pinnedDefinition())))
	result.expect(t, 0, "Going back to "+repository+"@"+imageA.digest+" of "+imageA.definition, "Started deployment "+ourDeployment+" of "+imageA.definition)
	if result.registered != "" {
		t.Errorf("registered %s", result.registered)
	}
}

func TestARollbackTagsItsRevisionWithTheNewestOfTheStack(t *testing.T) {
	newest := object{
		"taskDefinition": object{"taskDefinitionArn": revision(12), "family": "mediaserver"},
		"tags":           []object{{"key": "StackTaskDefinition", "value": revision(11)}},
	}
	for name, each := range map[string]struct {
		newest answer
		want   string
	}{
		"as the family says":                  {says(newest), revision(11)},
		"as the outputs say, if it says none": {refuses("ClientException", "Unable to describe task definition."), stackRevision},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := goBack(t, after(imageA, imageB).but("aws_ecs_describe-task-definition", says(taskDefinition()), each.newest))
			result.expect(t, 0)
			if !strings.Contains(strings.Join(strings.Fields(result.registered), ""), `{"key":"StackTaskDefinition","value":"`+each.want+`"}`) {
				t.Errorf("registered %s", result.registered)
			}
		})
	}
}

func TestARollbackReadsTheWholeRecord(t *testing.T) {
	var pages [][]object
	var revisions []object
	for i := range 45 {
		run := imageB
		if i == 2 {
			run = imageA
		}
		deployment, revision := run.recorded(i)
		// The AWS CLI 2 prints times as texts.
		deployment["createdAt"] = fmt.Sprintf("2023-11-15T%02d:%02d:00.500000+01:00", i/20, i%20)
		if i%20 == 0 {
			pages = append(pages, nil)
		}
		pages[len(pages)-1] = append(pages[len(pages)-1], deployment)
		revisions = append(revisions, revision)
	}
	play := after(imageB).
		but("aws_ecs_list-service-deployments",
			says(object{"serviceDeployments": pages[2], "nextToken": "second"}),
			says(object{"serviceDeployments": pages[0], "nextToken": "third"}),
			says(object{"serviceDeployments": pages[1]})).
		but("aws_ecs_describe-service-revisions",
			says(object{"serviceRevisions": revisions[:20]}), says(object{"serviceRevisions": revisions[20:40]}), says(object{"serviceRevisions": revisions[40:]}))
	result := goBack(t, play)
	// The first two deployments ran the current image too, and the service came back to it.
	result.expect(t, 15, "it came back from "+repository+":latest ("+imageA.digest+")")
	if got := result.called("aws ecs list-service-deployments"); len(got) != 3 || !strings.Contains(got[1], "--next-token second") || !strings.Contains(got[2], "--next-token third") {
		t.Errorf("listed %q", got)
	}
	got := result.called("aws ecs describe-service-revisions")
	if len(got) != 3 || strings.Count(got[0], "service-revision/") != 20 || strings.Count(got[2], "service-revision/") != 5 {
		t.Errorf("described %q", got)
	}
}

func TestADryRunOfARollbackSaysToWhatAndChangesNothing(t *testing.T) {
	result := goBack(t, after(imageA, imageB), "--dry-run")
	result.expect(t, 0,
		"Going back to "+repository+":latest ("+imageA.digest+") of "+imageA.definition,
		"look:      aws ecs list-service-deployments --cluster "+cluster+" --service "+serviceName,
		"would run: aws ecs register-task-definition",
		"(task-definition.json: "+imageA.definition+" with each image named by the digest that ran)",
		"would run: aws ecs update-service --cluster "+cluster+" --service "+serviceName+" --task-definition mediaserver:NEW --force-new-deployment",
		"Nothing was changed.")
	result.expectUnchanged(t)

	goBack(t, after(imageB), "--dry-run").expect(t, 15, "nothing to go back to")
}

func TestARollbackTellsTheTruthAtTheEnd(t *testing.T) {
	play := after(imageA, imageB)
	started := ourStart.with(func(d *deployment) { d.TaskDefinition = newRevision })
	ending := func(last ...object) stage {
		changed := play.but("aws_ecs_describe-services", slices.Clone(play["aws_ecs_describe-services"][:2])...)
		for _, each := range last {
			changed["aws_ecs_describe-services"] = append(changed["aws_ecs_describe-services"], described(each))
		}
		return changed
	}
	for name, each := range map[string]struct {
		play      stage
		arguments []string
		code      int
	}{
		"given up by ECS":      {ending(service(2, 2, started, oldActive), service(2, 2, oldPutBack, ourFailed)), nil, 10},
		"replaced":             {ending(service(2, 2, started, oldActive), service(2, 2, alienStart, oldActive)), nil, 9},
		"not complete in time": {ending(service(2, 2, started, oldActive)), []string{"--timeout", "0"}, 12},
		"not healthy":          {play.but("curl", answer{stdout: "503"}), []string{"--health-timeout", "0"}, 13},
		"record not readable":  {play.but("aws_ecs_list-service-deployments", refuses("AccessDeniedException", "not authorized to perform: ecs:ListServiceDeployments")), nil, 14},
		"images not readable":  {play.but("aws_ecs_describe-service-revisions", refuses("AccessDeniedException", "not authorized to perform: ecs:DescribeServiceRevisions")), nil, 14},
		"model not readable":   {play.but("aws_ecs_describe-task-definition", refuses("AccessDeniedException", "not authorized")), nil, 14},
		"start without answer": {play.but("aws_ecs_update-service", answer{signal: "KILL"}), nil, 14},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := goBack(t, each.play, each.arguments...)
			result.expect(t, each.code)
			if strings.Contains(result.output, "Rolled back to") {
				t.Errorf("says that it went back:\n%s", result.output)
			}
		})
	}
}

func TestARollbackSaysHowToKeepTheImage(t *testing.T) {
	tagged := says(object{"imageDetails": []object{{"imageDigest": imageA.digest, "imageTags": []string{"commit-1a2b3c", "latest"}}}})
	goBack(t, after(imageA, imageB).but("aws_ecr_describe-images", tagged), "--stack", "dev").
		expect(t, 0, "to make them agree: pulumi config set mediaserver:imageTag latest --stack dev")

	untagged := says(object{"imageDetails": []object{{"imageDigest": imageA.digest}}})
	goBack(t, after(imageA, imageB).but("aws_ecr_describe-images", untagged)).
		expect(t, 0, "No tag names this image now", "docker pull "+repository+"@"+imageA.digest, "docker push "+repository+":TAG")
}

func TestADeploymentThatWaitsForAnImageNamedByItsDigestIsReplaced(t *testing.T) {
	pinned := taskDefinition()
	pinned["taskDefinition"].(object)["containerDefinitions"].([]object)[1]["image"] = repository + "@" + imageA.digest
	play := emptyRegistry().but("aws_ecs_describe-task-definition", says(taskDefinition()), says(pinned))
	result := deploy(t, play)
	result.expect(t, 0, "waits for an image that is not in the registry yet")
	if got := result.called("aws ecr describe-images"); !strings.Contains(got[0], "--image-ids imageDigest="+imageA.digest) {
		t.Errorf("looked for %q", got)
	}
}
