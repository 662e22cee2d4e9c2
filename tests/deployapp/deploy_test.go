// Package deploy tests scripts/deploy-app from outside: with stand-ins for the programs
// that it calls, which answer what AWS answers in each situation, and end to end.
package deployapp

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestACompleteHealthyDeploymentOfTheStacksTagSucceeds(t *testing.T) {
	result := deploy(t, happy())
	result.expect(t, 0,
		"Started deployment "+ourDeployment+" of "+stackRevision,
		"2 of 2 tasks run "+stackRevision,
		"/health answers 200",
		"Deployed "+repository+":latest ("+imageDigest+")")

	changes := []string{
		"docker tag app:built " + repository + ":latest",
		"docker push " + repository + ":latest",
		"aws ecs update-service --cluster " + cluster + " --service " + serviceName +
			" --task-definition " + stackRevision + " --force-new-deployment --region " + region + " --output json",
	}
	var made []string
	for _, call := range result.calls {
		if slices.Contains(changes, call) {
			made = append(made, call)
		}
	}
	if !slices.Equal(made, changes) {
		t.Errorf("changes %q, want %q", made, changes)
	}
	if result.registered != "" {
		t.Error("registered a task definition although the stack's names the tag")
	}
	if strings.Contains(result.output, "pulumi config set") {
		t.Error("advises to set imageTag although the stack names the tag already")
	}
}

func TestAnotherTagIsDeployedAsTheStacksTaskDefinitionWithOnlyTheImageChanged(t *testing.T) {
	result := deploy(t, happy(), "--tag", "v2", "--stack", "dev")
	result.expect(t, 0, "pulumi config set mediaserver:imageTag v2 --stack dev")
	if got := result.called("aws ecs update-service"); len(got) != 1 || !strings.Contains(got[0], "--task-definition "+newRevision+" --force-new-deployment") {
		t.Errorf("started %q", got)
	}

	var registered, want object
	if err := json.Unmarshal([]byte(result.registered), &registered); err != nil {
		t.Fatalf("registered %q: %v", result.registered, err)
	}
	if err := json.Unmarshal([]byte(says(taskDefinition()["taskDefinition"]).stdout), &want); err != nil {
		t.Fatal(err)
	}
	for _, readOnly := range []string{"taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt", "registeredBy"} {
		delete(want, readOnly)
	}
	want["containerDefinitions"].([]any)[1].(object)["image"] = repository + ":v2"
	want["tags"] = []any{
		object{"key": "Project", "value": "mediaserver"},
		object{"key": "StackTaskDefinition", "value": stackRevision},
	}
	if !reflect.DeepEqual(registered, want) {
		t.Errorf("registered %v\nwant %v", registered, want)
	}
}

func TestARevisionIsTaggedWithTheStacksThatItWasMadeFrom(t *testing.T) {
	untagged, copied := taskDefinition(), taskDefinition()
	untagged["tags"] = []object{}
	copied["tags"] = []object{{"key": "StackTaskDefinition", "value": "another"}}
	for name, definition := range map[string]object{"without tags": untagged, "with an older such tag": copied} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := deploy(t, happy().but("aws_ecs_describe-task-definition", says(definition)), "--tag", "v2")
			result.expect(t, 0)
			var registered struct{ Tags []map[string]string }
			if err := json.Unmarshal([]byte(result.registered), &registered); err != nil {
				t.Fatal(err)
			}
			want := []map[string]string{{"key": "StackTaskDefinition", "value": stackRevision}}
			if !reflect.DeepEqual(registered.Tags, want) {
				t.Errorf("registered the tags %v, want %v", registered.Tags, want)
			}
		})
	}
}

func TestTheHealthPathIsTheTargetGroups(t *testing.T) {
	play := happy().but("aws_elbv2_describe-target-groups", says(object{"TargetGroups": []object{{"HealthCheckPath": "/api/ready"}}}))
	result := deploy(t, play)
	result.expect(t, 0, "http://mediaserver-alb-1.eu-west-2.elb.amazonaws.com/api/ready answers 200")
	if got := result.called("curl"); len(got) != 1 || !strings.HasSuffix(got[0], " http://mediaserver-alb-1.eu-west-2.elb.amazonaws.com/api/ready") {
		t.Errorf("asked %q", got)
	}
}

func TestOutputsComeFromAFileWithoutPulumi(t *testing.T) {
	file := t.TempDir() + "/outputs.json"
	write(t, file, says(outputs()).stdout)
	result := perform(t, happy(), options{without: []string{"pulumi"}}, "--image=app:built", "--outputs="+file, "--poll=0")
	result.expect(t, 0)
}

func TestTheOutputsOfTheNamedStackAreRead(t *testing.T) {
	result := deploy(t, happy(), "--stack", "organization/mediaserver/prod")
	result.expect(t, 0)
	if got := result.called("pulumi"); len(got) != 1 || !strings.HasSuffix(got[0], " --stack organization/mediaserver/prod") {
		t.Errorf("called %q", got)
	}
}

func TestWithSkipPushTheImageInTheRegistryIsDeployedWithoutDocker(t *testing.T) {
	result := perform(t, happy(), options{without: []string{"docker"}}, "--skip-push", "--poll", "0")
	result.expect(t, 0, "Deployed "+repository+":latest ("+imageDigest+")")
	if got := result.called("aws ecr get-login-password"); len(got) > 0 {
		t.Errorf("logged in: %q", got)
	}
}

func TestAStaleReadIsNotTakenForARollback(t *testing.T) {
	result := deploy(t, happy().following(
		service(2, 2, oldComplete),
		service(2, 2, oldComplete),
		service(2, 2, ourStart, oldActive),
		service(2, 2, ourComplete)))
	result.expect(t, 0, "2 of 2 tasks run")
}

func TestThrottlingIsRiddenOut(t *testing.T) {
	throttled := refuses("ThrottlingException", "Rate exceeded")
	play := happy()
	for _, kind := range []string{
		"aws_ecs_describe-services", "aws_ecs_update-service", "aws_ecs_describe-task-definition", "aws_ecs_register-task-definition",
		"aws_elbv2_describe-target-groups", "aws_ecr_get-login-password", "aws_ecr_describe-images", "aws_ecs_list-tasks",
	} {
		play[kind] = append([]answer{throttled, throttled}, play[kind]...)
	}
	// Throttled again in the middle of following, for longer than one call is tried.
	reads := play["aws_ecs_describe-services"]
	play["aws_ecs_describe-services"] = slices.Insert(reads, len(reads)-1, throttled, throttled, throttled, throttled, throttled)
	result := deploy(t, play, "--tag", "v2")
	result.expect(t, 0, "trying again", "cannot read the service for now")
	if got := result.called("aws ecs update-service"); len(got) != 3 {
		t.Errorf("asked %d times for a deployment, want 3", len(got))
	}
}

func TestOtherPassingFaultsAreRiddenOut(t *testing.T) {
	for _, fault := range []answer{
		refuses("ServerException", "Service temporarily unavailable"),
		refuses("RequestLimitExceeded", "Request limit exceeded."),
		refuses("InternalFailure", "An internal error occurred"),
		{stderr: "An error occurred (503) when calling the DescribeServices operation: Service Unavailable\n", exit: 254},
		{stderr: "Connection was closed before we received a valid response from endpoint URL\n", exit: 255},
		{stderr: "Read timeout on endpoint URL: \"https://ecs.eu-west-2.amazonaws.com/\"\n", exit: 255},
	} {
		t.Run(strings.TrimSpace(fault.stderr), func(t *testing.T) {
			play := happy()
			play["aws_ecs_describe-services"] = append([]answer{fault}, play["aws_ecs_describe-services"]...)
			deploy(t, play).expect(t, 0, "trying again")
		})
	}
}

func TestTheMachinesOwnJQIsGoodEnough(t *testing.T) {
	own := options{installedJQ: true}
	perform(t, happy(), own, "--image", "app:built", "--tag", "v2", "--poll", "0").
		expect(t, 0, "2 of 2 tasks run", "pulumi config set mediaserver:imageTag v2")
	perform(t, idle(), own, "--image", "app:built", "--poll", "0").
		expect(t, 0, "it will ask for 2")
	perform(t, happy().following(service(2, 2, ourStart), service(2, 2, oldPutBack, ourFailed)).stoppedTasks(stoppedTask(1, ourDeployment)), own, "--image", "app:built", "--poll", "0").
		expect(t, 10, "exit code 137", "2023-11-14T22:13:20Z", "goes back to "+stackRevision)
	perform(t, after(imageX, imageA, imageB, imageA), own, "--rollback", "--poll", "0").
		expect(t, 0, "Rolled back to "+repository+"@"+imageX.digest, "from 2023-11-14T22:13:21Z to 2023-11-14T23:13:20Z")
	perform(t, happy().but("pulumi", says("")), own, "--image", "app:built", "--poll", "0").
		expect(t, 4, "no JSON object")
}
