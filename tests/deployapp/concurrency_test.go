package deployapp

import (
	"slices"
	"strings"
	"testing"
)

// alienStart is a deployment that somebody else started.
var alienStart = ourStart.with(func(d *deployment) { d.ID = aliensDeploy })

func TestAnotherDeploymentUnderWayIsNoticedBeforeAnythingIsPushed(t *testing.T) {
	play := happy().but("aws_ecs_describe-services", described(service(2, 2, alienStart, oldActive)))
	result := deploy(t, play)
	result.expect(t, 8, "another deployment is under way: "+aliensDeploy, "--replace")
	result.expectUnchanged(t)
}

func TestAnotherDeploymentThatBeganDuringThePushIsNoticed(t *testing.T) {
	play := happy().but("aws_ecs_describe-services", described(service(2, 2, oldComplete)), described(service(2, 2, alienStart, oldActive)))
	result := deploy(t, play)
	result.expect(t, 8, "another deployment is under way: "+aliensDeploy)
	result.expectNotStarted(t)
}

func TestARollbackUnderWayIsNoticed(t *testing.T) {
	play := happy().but("aws_ecs_describe-services", described(service(2, 2, oldPutBack)))
	result := deploy(t, play)
	result.expect(t, 8, "another deployment is under way: "+oldDeployment)
	result.expectUnchanged(t)
}

func TestADeploymentUnderWayIsReplacedOnDemand(t *testing.T) {
	play := happy()
	play["aws_ecs_describe-services"][0] = described(service(2, 2, alienStart, oldActive))
	play["aws_ecs_describe-services"][1] = described(service(2, 2, alienStart, oldActive))
	result := deploy(t, play, "--replace")
	result.expect(t, 0, "replacing deployment "+aliensDeploy)
	if strings.Contains(result.output, "at the same moment") {
		t.Error("took the deployment that it replaced for one that began at the same moment")
	}
}

func TestWhatIsNotUnderWayHoldsNothingUp(t *testing.T) {
	for name, each := range map[string]deployment{
		"a deployment that failed":                 alienStart.with(func(d *deployment) { d.RolloutState = "FAILED" }),
		"a deployment that asks for no task":       alienStart.with(func(d *deployment) { d.Desired = 0 }),
		"an old deployment whose tasks still stop": oldActive,
	} {
		t.Run(name, func(t *testing.T) {
			play := happy()
			play["aws_ecs_describe-services"][0] = described(service(2, 2, oldComplete, each))
			deploy(t, play).expect(t, 0)
		})
	}
}

func TestADeploymentStartedAtTheSameMomentIsReportedByBothRuns(t *testing.T) {
	alien := alienStart.with(func(d *deployment) { d.Status = "ACTIVE" })
	later := deploy(t, happy().but("aws_ecs_update-service", updated(service(2, 2, ourStart, alien, oldActive))))
	later.expect(t, 0, "deployment "+aliensDeploy+" was started at the same moment; this one replaces it")

	lost := ourStart.with(func(d *deployment) { d.Status = "ACTIVE" })
	earlier := deploy(t, happy().following(service(2, 2, alienStart, lost, oldActive)))
	earlier.expect(t, 9, "deployment "+ourDeployment+" was replaced by "+aliensDeploy)
}

// firstDefinition is the task definition of a new stack; its image is not in the registry.
func emptyRegistry() stage {
	waiting := deployment{ID: oldDeployment, Status: "PRIMARY", TaskDefinition: stackRevision, Desired: 2, Failed: 2, RolloutState: "IN_PROGRESS"}
	play := happy().but("aws_ecr_describe-images", notFound(), found(imageDigest))
	play["aws_ecs_describe-services"] = slices.Clone(play["aws_ecs_describe-services"])
	play["aws_ecs_describe-services"][0] = described(service(2, 0, waiting))
	play["aws_ecs_describe-services"][1] = described(service(2, 0, waiting))
	return play
}

func TestTheFirstDeploymentReplacesTheOneThatWaitsForItsImage(t *testing.T) {
	result := deploy(t, emptyRegistry())
	result.expect(t, 0, "Deployment "+oldDeployment+" waits for an image that is not in the registry yet", "2 of 2 tasks run")
	if strings.Contains(result.output, "at the same moment") {
		t.Error("took the waiting deployment for one that began at the same moment")
	}
}

func TestTheFirstDeploymentDoesNotReplaceOneWhoseImageHasArrived(t *testing.T) {
	result := deploy(t, emptyRegistry().but("aws_ecr_describe-images", found(imageDigest)))
	result.expect(t, 8, "another deployment is under way: "+oldDeployment)
	result.expectUnchanged(t)
}

func TestTheFirstDeploymentAfterTheStacksOwnFailedSucceeds(t *testing.T) {
	failed := deployment{ID: oldDeployment, Status: "PRIMARY", TaskDefinition: stackRevision, Failed: 3, RolloutState: "FAILED"}
	play := emptyRegistry().but("aws_ecr_describe-images", found(imageDigest))
	play["aws_ecs_describe-services"][0] = described(service(2, 0, failed))
	play["aws_ecs_describe-services"][1] = described(service(2, 0, failed))
	deploy(t, play).expect(t, 0, "2 of 2 tasks run")
}

// idle is a new stack that asks for no task.
func idle() stage {
	waiting := deployment{ID: oldDeployment, Status: "PRIMARY", TaskDefinition: stackRevision, RolloutState: "COMPLETED"}
	play := happy().
		but("aws_application-autoscaling_describe-scalable-targets", says(object{"ScalableTargets": []object{{"MinCapacity": 2, "MaxCapacity": 10}}})).
		but("aws_ecs_describe-services",
			described(service(0, 0, waiting)), described(service(0, 0, waiting)),
			described(service(2, 0, ourStart, waiting)), described(service(2, 2, ourComplete)))
	return play
}

func TestTheFirstDeploymentOfAServiceThatAsksForNothingStartsTasks(t *testing.T) {
	none := says(object{"ScalableTargets": []object{}})
	zero := says(object{"ScalableTargets": []object{{"MinCapacity": 0}}})
	for name, each := range map[string]struct {
		play      stage
		arguments []string
		want      string
	}{
		"as many as autoscaling wants at least": {idle(), nil, "2"},
		"one without autoscaling":               {idle().but("aws_application-autoscaling_describe-scalable-targets", none), nil, "1"},
		"one if autoscaling is content with 0":  {idle().but("aws_application-autoscaling_describe-scalable-targets", zero), nil, "1"},
		"as many as are asked for":              {idle(), []string{"--count", "3"}, "3"},
	} {
		t.Run(name, func(t *testing.T) {
			result := deploy(t, each.play, each.arguments...)
			result.expect(t, 0, "it will ask for "+each.want, "2 of 2 tasks run")
			if got := result.called("aws ecs update-service"); len(got) != 1 || !strings.Contains(got[0], " --desired-count "+each.want+" ") {
				t.Errorf("started %q", got)
			}
		})
	}
}

func TestTheCountOfAServiceThatRunsIsLeftAlone(t *testing.T) {
	result := deploy(t, happy(), "--count", "5")
	result.expect(t, 0, "--count 5 is not used")
	if got := result.called("aws ecs update-service"); len(got) != 1 || strings.Contains(got[0], "--desired-count") {
		t.Errorf("started %q", got)
	}
}
