package deployapp

import (
	"fmt"
	"strings"
	"testing"
)

// stoppedTask is a task of ours that ended the way a crashing application does.
func stoppedTask(number int, startedBy string) object {
	return object{
		"taskArn":       fmt.Sprintf("arn:aws:ecs:eu-west-2:123456789012:task/mediaserver-cluster/task%d", number),
		"startedBy":     startedBy,
		"stoppedAt":     1700000000.25 + float64(number),
		"stopCode":      "EssentialContainerExited",
		"stoppedReason": "Essential container in task exited",
		"containers":    []object{{"name": "mediaserver", "exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"}},
	}
}

// unpulledTask is a task of ours whose image could not be fetched: it has no exit code.
func unpulledTask(number int) object {
	return object{
		"taskArn":       fmt.Sprintf("arn:aws:ecs:eu-west-2:123456789012:task/mediaserver-cluster/unpulled%d", number),
		"startedBy":     ourDeployment,
		"stoppedAt":     1700000000.25,
		"stopCode":      "TaskFailedToStart",
		"stoppedReason": "CannotPullContainerError: manifest unknown",
		"containers":    []object{{"name": "mediaserver"}},
	}
}

var (
	ourFailed  = deployment{ID: ourDeployment, Status: "ACTIVE", TaskDefinition: newRevision, Desired: 0, Failed: 3, RolloutState: "FAILED", Reason: "ECS deployment circuit breaker: tasks failed to start."}
	oldPutBack = deployment{ID: oldDeployment, Status: "PRIMARY", TaskDefinition: stackRevision, Desired: 2, Running: 2, RolloutState: "IN_PROGRESS", Reason: "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1111111111111111111."}
)

func TestARollbackFailsWithEventsReasonsAndExitCodes(t *testing.T) {
	play := happy().
		following(service(2, 2, ourStart, oldActive), service(2, 2, oldPutBack, ourFailed)).
		stoppedTasks(stoppedTask(1, ourDeployment), unpulledTask(2), stoppedTask(3, oldDeployment)).
		but("aws_elbv2_describe-target-health", says(object{"TargetHealthDescriptions": []object{{
			"Target":       object{"Id": "172.31.4.5", "Port": 3000},
			"TargetHealth": object{"State": "unhealthy", "Reason": "Target.ResponseCodeMismatch", "Description": "Health checks failed with these codes: [502]"},
		}}}))
	result := deploy(t, play, "--tag", "v2")
	result.expect(t, 10,
		"ECS gave deployment "+ourDeployment+" up: ECS deployment circuit breaker: tasks failed to start.",
		"the service goes back to "+stackRevision+" ("+oldDeployment+")",
		"2023-11-14T22:13:20Z  (service mediaserver-service) has started 2 tasks.",
		"deployment failed: tasks failed to start.",
		"task task1: EssentialContainerExited: Essential container in task exited",
		"container mediaserver: exit code 137: OutOfMemoryError: Container killed due to memory usage",
		"task unpulled2: TaskFailedToStart: CannotPullContainerError: manifest unknown",
		"container mediaserver: no exit code",
		"172.31.4.5:3000 unhealthy: Target.ResponseCodeMismatch: Health checks failed with these codes: [502]",
		"aws logs filter-log-events --log-group-name /ecs/mediaserver --region eu-west-2",
		"Dashboard: https://eu-west-2.console.aws.amazon.com/")
	if strings.Contains(result.output, "task3") {
		t.Error("shows a stopped task of another deployment")
	}
	if first, second := strings.Index(result.output, "has started 2 tasks"), strings.Index(result.output, "deployment failed: tasks"); first > second {
		t.Error("shows the events newest first")
	}
	if calls := result.called("curl"); len(calls) > 0 {
		t.Errorf("asked for the health of a deployment that failed: %q", calls)
	}
}

// watched is the service with alarms during which ECS gives a deployment up.
func watched(s object) object {
	s["deploymentConfiguration"] = object{"alarms": object{
		"alarmNames": []string{"mediaserver-server-errors", "mediaserver-unhealthy-targets"}, "enable": true, "rollback": true,
	}}
	return s
}

// The form of a deployment that an alarm has ended, and of the one that ECS puts back.
var (
	ourAlarmed    = ourFailed.with(func(d *deployment) { d.Reason = "ECS deployment failed: alarm detected." })
	backFromAlarm = oldPutBack.with(func(d *deployment) {
		d.Reason = "ECS deployment rolling back to deploymentId ecs-svc/1111111111111111111."
	})
)

// raised is a stage in which ECS gives our deployment up because of these alarms. AWS records it at the time, with
// others before and after it.
func raised(at any, names ...string) stage {
	record := func(id string, at any) object {
		return object{"serviceDeploymentArn": "arn:aws:ecs:eu-west-2:123456789012:service-deployment/mediaserver-cluster/mediaserver-service/" + id, "createdAt": at}
	}
	start := ourStart.with(func(d *deployment) { d.CreatedAt = 1700000000.5 })
	return happy().
		but("aws_ecs_update-service", updated(service(2, 2, start, oldActive))).
		following(watched(service(2, 2, start, oldActive)), watched(service(2, 2, backFromAlarm, ourAlarmed))).
		but("aws_ecs_list-service-deployments", says(object{"serviceDeployments": []object{
			record("later", 1700000061.5), record("ours", at), record("earlier", 1699999000.5),
		}})).
		but("aws_ecs_describe-service-deployments", says(object{"serviceDeployments": []object{{
			"alarms": object{"status": "TRIGGERED", "triggeredAlarmNames": names},
		}}}))
}

func TestARollbackBecauseOfAnAlarmNamesTheAlarm(t *testing.T) {
	for name, each := range map[string]struct {
		play stage
		want string
	}{
		"one alarm":             {raised(1700000001.25, "mediaserver-server-errors"), "; raised alarms: mediaserver-server-errors\n"},
		"two alarms":            {raised(1699999999.25, "mediaserver-server-errors", "mediaserver-unhealthy-targets"), "; raised alarms: mediaserver-server-errors, mediaserver-unhealthy-targets\n"},
		"the time of the CLI 2": {raised("2023-11-14T22:13:21.250000+00:00", "mediaserver-server-errors"), "; raised alarms: mediaserver-server-errors\n"},
		"AWS does not say": {
			raised(1700000001.25).but("aws_ecs_list-service-deployments", refuses("AccessDeniedException", "User is not authorized")),
			"; raised alarms: not known: An error occurred (AccessDeniedException)",
		},
		"AWS does not say of this one": {
			raised(1700000001.25).but("aws_ecs_describe-service-deployments", refuses("AccessDeniedException", "User is not authorized")),
			"; raised alarms: not known: An error occurred (AccessDeniedException)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := deploy(t, each.play)
			result.expect(t, 10,
				"ECS gave deployment "+ourDeployment+" up: ECS deployment failed: alarm detected.; the service goes back to "+stackRevision+" ("+oldDeployment+")"+each.want)
		})
	}
	t.Run("the record of this deployment is read", func(t *testing.T) {
		result := deploy(t, raised(1700000001.25, "mediaserver-server-errors"))
		want := "describe-service-deployments --service-deployment-arns arn:aws:ecs:eu-west-2:123456789012:service-deployment/mediaserver-cluster/mediaserver-service/ours "
		if calls := result.called("aws ecs describe-service-deployments"); len(calls) != 1 || !strings.Contains(calls[0], want) {
			t.Errorf("called %q, want %q", calls, want)
		}
	})
}

func TestARollbackWithoutAnAlarmNamesNone(t *testing.T) {
	recorded := raised(1700000001.25)
	for name, play := range map[string]stage{
		"the circuit breaker ended it":       recorded,
		"there is no record of it":           raised(1700000061.25, "mediaserver-server-errors").but("aws_ecs_list-service-deployments", says(object{"serviceDeployments": []object{}})),
		"the only record is of another time": raised(1699990000.25, "mediaserver-server-errors").but("aws_ecs_list-service-deployments", says(object{"serviceDeployments": []object{{"serviceDeploymentArn": "another", "createdAt": 1700000061.5}}})),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := deploy(t, play)
			result.expect(t, 10, "ECS gave deployment "+ourDeployment+" up")
			if strings.Contains(result.output, "raised alarms") {
				t.Errorf("names an alarm:\n%s", result.output)
			}
		})
	}
	t.Run("a service without alarms is not asked for them", func(t *testing.T) {
		play := happy().following(service(2, 2, ourStart, oldActive), service(2, 2, oldPutBack, ourFailed))
		result := deploy(t, play)
		result.expect(t, 10)
		if calls := result.called("aws ecs list-service-deployments"); len(calls) > 0 {
			t.Errorf("called %q", calls)
		}
	})
}

func TestARollbackToTheSameTaskDefinitionIsNotASuccess(t *testing.T) {
	putBack := oldComplete
	putBack.Reason = "ECS deployment completed."
	result := deploy(t, happy().following(service(2, 2, ourStart, oldActive), service(2, 2, putBack)))
	result.expect(t, 10, "ECS put an earlier deployment back", "goes back to "+stackRevision+" ("+oldDeployment+")")
}

func TestARollbackThatGotANewDeploymentIsARollback(t *testing.T) {
	again := oldPutBack.with(func(d *deployment) { d.ID = aliensDeploy })
	result := deploy(t, happy().following(service(2, 2, ourStart, oldActive), service(2, 2, again)))
	result.expect(t, 10, "goes back to "+stackRevision+" ("+aliensDeploy+")")
}

func TestAFailedFirstDeploymentHasNothingToGoBackTo(t *testing.T) {
	failed := ourFailed.with(func(d *deployment) { d.Status = "PRIMARY" })
	result := deploy(t, happy().following(service(2, 0, ourStart), service(2, 0, failed)))
	result.expect(t, 10, "there was no completed deployment to go back to")
}

func TestADeploymentThatSomebodyElseReplacedFails(t *testing.T) {
	alien := ourStart.with(func(d *deployment) { d.ID = aliensDeploy })
	lost := ourHalf.with(func(d *deployment) { d.Status = "ACTIVE" })
	result := deploy(t, happy().following(service(2, 2, ourStart, oldActive), service(2, 2, alien, lost)))
	result.expect(t, 9, "was replaced by "+aliensDeploy)
}

func TestADeploymentThatIsReplacedDuringTheHealthCheckFails(t *testing.T) {
	alien := ourStart.with(func(d *deployment) { d.ID = aliensDeploy })
	result := deploy(t, happy().following(service(2, 2, ourComplete), service(2, 2, alien, ourComplete)))
	result.expect(t, 9, "was replaced by "+aliensDeploy)
}

func TestAnotherImageUnderTheSameTagFails(t *testing.T) {
	result := deploy(t, happy().but("aws_ecr_describe-images", found(imageDigest), found(strangeDigest)))
	result.expect(t, 9, "the tag latest names another image now ("+strangeDigest+")", imageDigest)
}

func TestTasksThatKeepStoppingFail(t *testing.T) {
	var tasks []object
	for number := range 7 {
		tasks = append(tasks, stoppedTask(number, ourDeployment))
	}
	play := happy().following(service(2, 2, ourStart, oldActive))
	result := deploy(t, play.stoppedTasks(tasks...))
	result.expect(t, 11,
		"tasks keep stopping: 7 of deployment "+ourDeployment,
		"exit code 137", ourDeployment+" goes on in ECS")

	t.Run("below the limit the deployment circuit breaker decides", func(t *testing.T) {
		result := deploy(t, play.stoppedTasks(tasks[:6]...), "--timeout", "0")
		result.expect(t, 12)
	})
}

func TestADeploymentThatTakesTooLongFails(t *testing.T) {
	result := deploy(t, happy().following(service(2, 2, ourHalf, oldActive)), "--timeout", "1")
	result.expect(t, 12, "is not complete after 1 s", ourDeployment+" goes on in ECS", "Last events", "Stopped tasks of deployment "+ourDeployment+":\n  none")
}

func TestADeploymentThatAlarmsWatchHasMoreTime(t *testing.T) {
	complete := []answer{described(watched(service(2, 2, oldComplete))), described(watched(service(2, 2, oldComplete))), described(watched(service(2, 2, ourComplete)))}
	const says = "Alarms watch the deployment, also for a while after its last task: it has 2700 s"
	deploy(t, happy().but("aws_ecs_describe-services", complete...)).expect(t, 0, says)
	for name, result := range map[string]performance{
		"a time of one's own": deploy(t, happy().but("aws_ecs_describe-services", complete...), "--timeout", "1200"),
		"no alarms":           deploy(t, happy()),
	} {
		result.expect(t, 0)
		if strings.Contains(result.output, "Alarms watch") {
			t.Errorf("%s: the output is\n%s", name, result.output)
		}
	}
	never := []answer{complete[0], complete[1], described(watched(service(2, 2, ourHalf, oldActive)))}
	deploy(t, happy().but("aws_ecs_describe-services", never...), "--timeout", "1").expect(t, 12, "is not complete after 1 s")
}

func TestFewerTasksThanWantedAreNotASuccess(t *testing.T) {
	oneDied := ourComplete.with(func(d *deployment) { d.Running = 1 })
	nothing := ourComplete.with(func(d *deployment) { d.Desired, d.Running = 0, 0 })
	for name, last := range map[string]object{
		"one of the deployment's tasks died":   service(2, 2, oneDied),
		"old tasks are still counted":          service(2, 3, ourComplete),
		"the service asks for more":            service(3, 2, ourComplete),
		"the service asks for nothing":         service(0, 0, nothing),
		"the deployment is still under way":    service(2, 2, ourComplete.with(func(d *deployment) { d.RolloutState = "IN_PROGRESS" })),
		"AWS does not say how far it has come": service(2, 2, ourComplete.with(func(d *deployment) { d.RolloutState = "" })),
	} {
		t.Run(name, func(t *testing.T) {
			deploy(t, happy().following(last), "--timeout", "0").expect(t, 12)
		})
	}
}

func TestAnApplicationThatDoesNotAnswerFails(t *testing.T) {
	for name, problem := range map[string]answer{
		"it answers 503":         {stdout: "503"},
		"it answers 301":         {stdout: "301"},
		"Could not resolve host": {stdout: "000", stderr: "curl: (6) Could not resolve host\n", exit: 6},
	} {
		t.Run(name, func(t *testing.T) {
			result := deploy(t, happy().but("curl", problem), "--health-timeout", "0")
			result.expect(t, 13, "/health does not answer 200 after 0 s", name, "Last events")
		})
	}
}

func TestTheHealthCheckWaitsForTheApplication(t *testing.T) {
	result := deploy(t, happy().but("curl", answer{stdout: "503"}, answer{stdout: "000", stderr: "curl: (7) refused\n", exit: 7}, answer{stdout: "200"}))
	result.expect(t, 0, "answers 200")
	if got := result.called("curl"); len(got) != 3 {
		t.Errorf("asked %d times", len(got))
	}
}

func TestAMissingOutputIsNamed(t *testing.T) {
	for _, name := range strings.Fields("albDnsName appUrl containerName dashboardUrl ecrRepositoryUrl ecsClusterName ecsServiceName logGroupName region taskDefinitionArn") {
		t.Run(name, func(t *testing.T) {
			incomplete := outputs()
			delete(incomplete, name)
			result := deploy(t, happy().but("pulumi", says(incomplete)))
			result.expect(t, 4, "missing stack output: "+name+";")
			if len(result.calls) != 1 {
				t.Errorf("went on: %q", result.calls)
			}
		})
	}
	t.Run("all of them at once, empty ones too", func(t *testing.T) {
		deploy(t, happy().but("pulumi", says(object{"appUrl": ""}))).
			expect(t, 4, "missing stack output: albDnsName, appUrl, containerName, dashboardUrl, ecrRepositoryUrl, ecsClusterName, ecsServiceName, logGroupName, region, taskDefinitionArn;")
	})
}

func TestUnreadableOutputsFail(t *testing.T) {
	t.Run("pulumi refuses", func(t *testing.T) {
		deploy(t, happy().but("pulumi", answer{stderr: "error: no stack selected\n", exit: 255})).
			expect(t, 4, "cannot read the stack's outputs: error: no stack selected")
	})
	for name, content := range map[string]string{"empty": "", "cut short": `{"appUrl": "http`, "an array": `[]`} {
		t.Run(name, func(t *testing.T) {
			file := t.TempDir() + "/outputs.json"
			write(t, file, content)
			deploy(t, happy(), "--outputs", file).expect(t, 4, "the outputs are no JSON object")
		})
	}
	t.Run("no such file", func(t *testing.T) {
		deploy(t, happy(), "--outputs", "/nowhere/outputs.json").expect(t, 4, "cannot read the outputs file '/nowhere/outputs.json'")
	})
}

func TestOutputsOlderThanTheStackFail(t *testing.T) {
	replaced := taskDefinition()
	replaced["taskDefinition"].(object)["status"] = "INACTIVE"
	result := deploy(t, happy().but("aws_ecs_describe-task-definition", says(replaced)))
	result.expect(t, 4, "is INACTIVE: the outputs are older than the stack")
	result.expectUnchanged(t)
}

func TestAnOutputsFileOlderThanTheStackIsRefused(t *testing.T) {
	const newer = "arn:aws:ecs:eu-west-2:123456789012:task-definition/mediaserver:10"
	// The newest revision of the family, and the stack's revision that it was made from, if it was.
	newest := func(arn, from string) answer {
		tags := []object{{"key": "Project", "value": "mediaserver"}}
		if from != "" {
			tags = append(tags, object{"key": "StackTaskDefinition", "value": from})
		}
		return says(object{"taskDefinition": object{"taskDefinitionArn": arn, "family": "mediaserver"}, "tags": tags})
	}
	file := t.TempDir() + "/outputs.json"
	write(t, file, says(outputs()).stdout)
	for name, each := range map[string]struct {
		newest answer
		code   int
	}{
		"the stack's own":                              {newest(stackRevision, ""), 0},
		"a copy of it with another image":              {newest(newer, stackRevision), 0},
		"a newer one of the stack":                     {newest(newer, ""), 4},
		"a copy of a newer one of the stack":           {newest(newer, newRevision), 4},
		"one whose tag is of no use":                   {newest(newer, "mine"), 4},
		"a copy of an older one, by a run that is old": {newest(newer, "arn:aws:ecs:eu-west-2:123456789012:task-definition/mediaserver:6"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play := happy().but("aws_ecs_describe-task-definition", says(taskDefinition()), each.newest)
			result := deploy(t, play, "--outputs", file, "--tag", "v2")
			if each.code == 0 {
				result.expect(t, 0, "2 of 2 tasks run")
				return
			}
			result.expect(t, 4, "the outputs in "+file+" are older than the stack", "pulumi stack output --json")
			result.expectUnchanged(t)
		})
	}
	t.Run("the stack itself is never old", func(t *testing.T) {
		t.Parallel()
		deploy(t, happy().but("aws_ecs_describe-task-definition", says(taskDefinition()), newest(newer, ""))).expect(t, 0)
	})
}

func TestEachMissingProgramIsNamed(t *testing.T) {
	for _, name := range []string{"aws", "jq", "curl", "docker", "pulumi"} {
		t.Run(name, func(t *testing.T) {
			result := perform(t, happy(), options{without: []string{name}}, "--image", "app:built")
			result.expect(t, 3, "does not find on PATH: "+name+"\n")
			if len(result.calls) > 0 {
				t.Errorf("went on: %q", result.calls)
			}
		})
	}
	t.Run("all at once", func(t *testing.T) {
		result := perform(t, happy(), options{without: []string{"aws", "jq", "curl", "docker", "pulumi"}}, "--image", "app:built")
		result.expect(t, 3, "does not find on PATH: aws jq curl docker pulumi", "docker is needed only with --image", "pulumi is not needed with --outputs FILE")
	})
}

func TestAFailedLoginSaysWhichProgramFailedAndWhatItSaid(t *testing.T) {
	const password, login = "aws_ecr_get-login-password", "docker_login"
	denied := refuses("AccessDeniedException", "not authorized to perform: ecr:GetAuthorizationToken")
	unauthorized := answer{stderr: "Error response from daemon: 401 Unauthorized\n", exit: 1}
	noPassword := answer{stderr: "Error: password is empty\n", exit: 1}
	aside := answer{stderr: "urllib3: a word aside\n", stdout: registrySecret}
	const awsSaid = "aws ecr get-login-password: An error occurred (AccessDeniedException) when calling the operation: " +
		"not authorized to perform: ecr:GetAuthorizationToken"
	for name, each := range map[string]struct {
		play stage
		says string
	}{
		"AWS refuses":             {happy().but(password, denied), awsSaid},
		"docker refuses":          {happy().but(login, unauthorized), "docker login: Error response from daemon: 401 Unauthorized"},
		"both":                    {happy().but(password, denied).but(login, noPassword), awsSaid + "; docker login: Error: password is empty"},
		"aws says a word aside":   {happy().but(password, aside).but(login, unauthorized), "docker login: Error response from daemon: 401 Unauthorized"},
		"docker says nothing":     {happy().but(login, answer{exit: 125}), "docker login: it ended with exit code 125"},
		"docker refuses in lines": {happy().but(login, answer{stderr: "one\ntwo\n", exit: 1}), "docker login: one\ntwo"},
	} {
		t.Run(name, func(t *testing.T) {
			result := deploy(t, each.play)
			result.expect(t, 6, "cannot log in to "+registryHost+": "+each.says+"\n")
			result.expectNotStarted(t)
			if pushes := result.called("docker push"); len(pushes) > 0 {
				t.Errorf("pushed: %q", pushes)
			}
		})
	}
}

func TestAFailedPushIsReported(t *testing.T) {
	for name, play := range map[string]stage{
		"docker cannot tag":              happy().but("docker_tag", answer{stderr: "no such image\n", exit: 1}),
		"docker cannot push":             happy().but("docker_push", answer{stderr: "denied\n", exit: 1}),
		"the registry has no such image": happy().but("aws_ecr_describe-images", notFound()),
	} {
		t.Run(name, func(t *testing.T) {
			result := deploy(t, play)
			result.expect(t, 7, repository+":latest")
			result.expectNotStarted(t)
		})
	}
}

func TestALastingErrorOfAWSIsReported(t *testing.T) {
	denied := refuses("AccessDeniedException", "User is not authorized")
	for _, kind := range []string{
		"aws_ecs_describe-services", "aws_ecs_update-service", "aws_ecs_describe-task-definition",
		"aws_ecs_register-task-definition", "aws_elbv2_describe-target-groups", "aws_ecr_describe-images", "aws_ecr_batch-get-image",
	} {
		t.Run(kind, func(t *testing.T) {
			result := deploy(t, happy().but(kind, denied), "--tag", "v2")
			result.expect(t, 14, "User is not authorized")
		})
	}
	t.Run("throttled without end", func(t *testing.T) {
		result := deploy(t, happy().but("aws_ecs_describe-task-definition", refuses("ThrottlingException", "Rate exceeded")))
		result.expect(t, 14, "Rate exceeded")
	})
	t.Run("in the middle of the deployment", func(t *testing.T) {
		play := happy()
		play["aws_ecs_describe-services"] = append(play["aws_ecs_describe-services"][:3], refuses("ExpiredTokenException", "The security token included in the request is expired"))
		deploy(t, play).expect(t, 14, "is expired", "deployment "+ourDeployment+" goes on in ECS")
	})
}

func TestOfAPageOfHTMLOnlyTheTitleIsPrinted(t *testing.T) {
	const page = "<HTML>\n<head><title>502 Bad\nGateway</title></head>\n<body>\n<center><h1>502 Bad Gateway</h1></center>\n" +
		"<hr><center>nginx</center>\n</body>\n</html>\n"
	lasting := refuses("502", "<!DOCTYPE html>\n"+page)
	for name, each := range map[string]struct {
		play stage
		code int
		says string
	}{
		"an answer of AWS": {happy().but("aws_ecs_describe-services", lasting), 14,
			"An error occurred (502) when calling the operation: (a page of HTML: 502 Bad Gateway)\n"},
		"a login": {happy().but("docker_login", answer{stderr: "Error response from daemon: login attempt failed: " + page, exit: 1}), 6,
			"login attempt failed: (a page of HTML: 502 Bad Gateway)\n"},
		"words behind the page": {happy().but("docker_login", answer{stderr: "denied: " + page + "<!-- padding -->\n<!-- padding -->\nsee the proxy's log\n", exit: 1}), 6,
			"denied: (a page of HTML: 502 Bad Gateway)\nsee the proxy's log\n"},
		"a page that is cut": {happy().but("docker_login", answer{stderr: "denied: <html lang=en><title>Blocked</title>\n<p>by", exit: 1}), 6,
			"denied: (a page of HTML: Blocked)\n"},
		"a title with a language": {happy().but("aws_ecs_describe-services", refuses("403", "<html><head><Title lang=\"de\" dir='ltr'>\n  Kein Zugang\n</title>")), 14,
			"(a page of HTML: Kein Zugang)\n"},
		"another element's name": {happy().but("aws_ecs_describe-services", refuses("403", "<html><titles>of films</titles></html>")), 14, "operation: (a page of HTML)\n"},
		"an endless title": {happy().but("aws_ecs_describe-services", refuses("403", "<html><title>"+strings.Repeat("0123456789", 50)+"</title></html>")), 14,
			"(a page of HTML: " + strings.Repeat("0123456789", 10) + "...)\n"},
		"two pages": {happy().but("docker_login", answer{stderr: "first: " + page + "second: " + page, exit: 1}), 6,
			"first: (a page of HTML: 502 Bad Gateway)\nsecond: (a page of HTML: 502 Bad Gateway)\n"},
		"letters of another alphabet": {happy().but("docker_login", answer{stderr: "denied: <html><title>\xe9t\xe9</title></html>\n", exit: 1}), 6,
			"denied: (a page of HTML: \xe9t\xe9)\n"},
		"a page without a title": {happy().but("aws_ecs_describe-services", refuses("403", "<html><body>\nblocked\n</body></html>")), 14,
			"An error occurred (403) when calling the operation: (a page of HTML)\n"},
	} {
		t.Run(name, func(t *testing.T) {
			result := deploy(t, each.play)
			result.expect(t, each.code, each.says)
			if strings.Contains(result.output, "<") {
				t.Errorf("the page is printed:\n%s", result.output)
			}
		})
	}
}

func TestAServiceThatCannotBeDeployedIsRefused(t *testing.T) {
	gone := says(object{"services": []object{}, "failures": []object{{"arn": "arn:aws:ecs:eu-west-2:123456789012:service/mediaserver-service", "reason": "MISSING"}}})
	draining := service(0, 0)
	draining["status"] = "DRAINING"
	blueGreen := service(2, 2, oldComplete)
	blueGreen["deploymentController"] = object{"type": "CODE_DEPLOY"}
	unbalanced := service(2, 2, oldComplete)
	unbalanced["loadBalancers"] = []object{}
	for phrase, state := range map[string]answer{
		"is MISSING, not ACTIVE":  gone,
		"is DRAINING, not ACTIVE": described(draining),
		"deployed by CODE_DEPLOY": described(blueGreen),
		"has no target group":     described(unbalanced),
	} {
		t.Run(phrase, func(t *testing.T) {
			result := deploy(t, happy().but("aws_ecs_describe-services", state))
			result.expect(t, 14, phrase)
			result.expectUnchanged(t)
		})
	}
}

func TestAnAnswerWithoutANewDeploymentFails(t *testing.T) {
	deploy(t, happy().but("aws_ecs_update-service", updated(service(2, 2, oldComplete)))).
		expect(t, 14, "AWS answered without a new deployment")
}
