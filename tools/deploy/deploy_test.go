package deploy

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"mediaserver/tools/fakeaws"
)

func TestACompleteHealthyDeploymentOfTheStacksTagSucceeds(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.deploy().expect(0,
		"Logging in to "+registry, "Pushing "+repository+":latest",
		"Started deployment "+ourDeployment+" of "+stackRevision,
		ourDeployment+": IN_PROGRESS, 1 of 2 running, 1 pending, 0 failed (0 s)\n",
		"Deployment "+ourDeployment+" is complete: 2 of 2 tasks run "+stackRevision,
		"http://"+loadBalancer+"/health answers 200",
		"Deployed "+repository+":latest ("+s.Digest("mediaserver", "latest")+")").lacks("pulumi config set").lacks("\r")
	want := object{
		"cluster": "mediaserver-cluster", "service": "mediaserver-service", "taskDefinition": stackRevision, "forceNewDeployment": true,
	}
	if got := s.only("UpdateService"); !reflect.DeepEqual(got, want) {
		t.Errorf("started %v, want %v", got, want)
	}
	if len(s.Calls("RegisterTaskDefinition")) > 0 {
		t.Error("registered a task definition although the stack's names the tag")
	}
}

// plain is a value as JSON has it.
func plain(t *testing.T, value any) (result any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &result)
	}
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestAnotherTagIsDeployedAsTheStacksTaskDefinitionWithOnlyTheImageChanged(t *testing.T) {
	t.Parallel()
	for name, tags := range map[string][]object{
		"as it is":            {{"key": "Project", "value": "mediaserver"}},
		"without tags":        {},
		"with an older tag":   {{"key": "StackTaskDefinition", "value": "another"}},
		"with a tag of AWS's": {{"key": "aws:cloudformation:stack-name", "value": "mine"}, {"key": "Project", "value": "mediaserver"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			definition := changed(object{"deleteRequestedAt": 1700000000.5, "lastScannedAt": 1700000000.5, "approvedBy": "AWS"})
			definition["tags"] = tags
			s := newStage(t, definition)
			s.deploy("--tag", "v2").expect(0, "Registered "+newRevision, "2 of 2 tasks run "+newRevision,
				"The stack still names latest, and its next change of the task definition would go back to it; keep v2 with: pulumi config set mediaserver:imageTag v2\n")
			want := plain(t, taskDefinition(stackRevision, ":v2")["taskDefinition"]).(object)
			for _, own := range []string{"taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt", "registeredBy"} {
				delete(want, own)
			}
			wanted := []any{}
			if tags := plain(t, tags).([]any); len(tags) > 0 && tags[len(tags)-1].(object)["key"] == "Project" {
				wanted = append(wanted, object{"key": "Project", "value": "mediaserver"})
			}
			want["tags"] = append(wanted, object{"key": "StackTaskDefinition", "value": stackRevision})
			if got := s.only("RegisterTaskDefinition"); !reflect.DeepEqual(got, want) {
				t.Errorf("registered %v\nwant %v", got, want)
			}
			if got := s.only("UpdateService")["taskDefinition"]; got != newRevision {
				t.Errorf("started %v", got)
			}
		})
	}
}

func TestWhatACopyOfTheTaskDefinitionWouldLoseIsRefusedByName(t *testing.T) {
	t.Parallel()
	container := taskDefinition(stackRevision, ":latest")["taskDefinition"].(object)["containerDefinitions"].([]object)[1]
	container["oomPolicy"] = object{"kill": true}
	for property, changes := range map[string]object{
		"gpuSharing":                        {"gpuSharing": "ON"},
		"volumes[0].encryption":             {"volumes": []object{{"name": "scratch", "encryption": "NONE"}}},
		"runtimePlatform.microarchitecture": {"runtimePlatform": object{"cpuArchitecture": "X86_64", "microarchitecture": "v4"}},
		"containerDefinitions[0].oomPolicy": {"containerDefinitions": []object{container}},
		"containerDefinitions[0].pausedAt":  {"containerDefinitions": []object{{"name": "mediaserver", "image": repository + ":latest", "pausedAt": 1}}},
	} {
		t.Run(property, func(t *testing.T) {
			t.Parallel()
			newStage(t, changed(changes)).deploy("--tag", "v2").expect(14, "a copy would lose: "+property+";").unchanged()
			newStage(t, changed(changes)).deploy().expect(0)
		})
	}
}

func TestTheSDKsTypesOfATaskDefinitionAgree(t *testing.T) {
	d := definition{}
	input := reflect.TypeOf(d.copied("")).Elem()
	described := reflect.TypeOf(d.TaskDefinition)
	for i := range input.NumField() {
		field := input.Field(i)
		if other, found := described.FieldByName(field.Name); field.IsExported() && field.Name != "Tags" && (!found || other.Type != field.Type) {
			t.Errorf("%s is not read as it is registered: a copy would lose it", field.Name)
		}
	}
}

func TestTheHealthPathIsTheTargetGroupsAndAskedAsItIs(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/api/ready", "/health[1]{a}?deep=[x]", "/caf%C3%A9/%7Bb%7D"} {
		s := newStage(t)
		s.HealthPath = path
		s.deploy().expect(0, "http://"+loadBalancer+path+" answers 200")
		if len(s.asked) != 1 || s.asked[0].RequestURI != path {
			t.Errorf("asked %v, want %s", s.asked, path)
		}
	}
}

func TestWithSkipPushTheImageInTheRegistryIsDeployedWithoutALogin(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	digest := s.put("latest", imageFor(t, "linux/amd64"))
	s.run("--skip-push").expect(0, "Deployed "+repository+":latest ("+digest+")")
	if calls := s.Calls("GetAuthorizationToken", "registry PUT"); len(calls) > 0 {
		t.Errorf("called %v", calls)
	}
}

func TestAStaleReadIsNotTakenForARollback(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.service.Looks = []object{s.look(2, 2, oldComplete), s.look(2, 2, oldComplete), s.look(2, 2, ourStart, oldActive), s.look(2, 2, ourComplete)}
	s.deploy().expect(0, "2 of 2 tasks run")
}

func TestPassingFaultsAreRiddenOut(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]fakeaws.Response{
		"throttled":         fakeaws.Refuses("ThrottlingException", "Rate exceeded"),
		"too many requests": fakeaws.Refuses("RequestLimitExceeded", "Request limit exceeded."),
		"a fault inside":    {Code: "ServerException", Message: "Service temporarily unavailable", Status: 500},
		"a gateway":         {Status: 503, Body: "<html><head><title>503 Service Unavailable</title></head></html>"},
		"a lost answer":     {Lost: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			for _, action := range []string{"DescribeServices", "UpdateService", "DescribeTaskDefinition", "RegisterTaskDefinition",
				"DescribeTargetGroups", "GetAuthorizationToken", "DescribeImages", "ListTasks"} {
				s.Next(action, fault, fault)
			}
			s.deploy("--tag", "v2").expect(0, "; trying again", "2 of 2 tasks run").lacks("<html")
		})
	}
	t.Run("in the middle, for longer than one call is tried", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.Next("UpdateService", fakeaws.Response{Change: func(object) {
			s.service.Looks = []object{s.look(2, 2, ourHalf)}
			throttled := fakeaws.Refuses("ThrottlingException", "Rate exceeded")
			s.Next("DescribeServices", throttled, throttled, throttled, throttled, throttled, throttled)
		}})
		s.deploy("--timeout", "0").expect(12, "cannot read the service for now: ThrottlingException: Rate exceeded")
	})
}

func TestOutputsAreChecked(t *testing.T) {
	t.Parallel()
	for _, name := range strings.Fields("albDnsName appUrl containerName dashboardUrl ecrRepositoryUrl ecsClusterName ecsServiceName logGroupName region taskDefinitionArn") {
		s := newStage(t)
		delete(s.outputs, name)
		s.deploy().expect(4, "missing stack output: "+name+";").unchanged()
		if calls := s.Calls(); len(calls) > 0 {
			t.Errorf("called %v", calls)
		}
	}
	s := newStage(t)
	s.outputs = object{"appUrl": ""}
	s.deploy().expect(4, "missing stack output: albDnsName, appUrl, containerName, dashboardUrl, ecrRepositoryUrl, ecsClusterName, ecsServiceName, logGroupName, region, taskDefinitionArn;")
	s.run("--skip-push", "--outputs", "/nowhere/outputs.json").expect(4, "cannot read the outputs file '/nowhere/outputs.json': no such file")
}

func TestARegistryThatIsNotTheStacksGetsNoPassword(t *testing.T) {
	t.Parallel()
	for name, each := range map[string]struct{ output, value, says string }{
		"somebody else's host":   {"ecrRepositoryUrl", "evil.example/mediaserver", "evil.example/mediaserver, which is not in " + registry},
		"a host that looks like": {"ecrRepositoryUrl", registry + ".evil.example/mediaserver", "which is not in " + registry},
		"another account's":      {"ecrRepositoryUrl", "210987654321.dkr.ecr.eu-west-2.amazonaws.com/mediaserver", "which is not in " + registry},
		"another region's":       {"ecrRepositoryUrl", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mediaserver", "which is not in " + registry},
		"no repository":          {"ecrRepositoryUrl", registry, "which is not in " + registry},
		"another repository":     {"ecrRepositoryUrl", registry + "/other", "but task definition " + stackRevision + " runs " + repository + ":latest"},
		"another account's task definition": {"taskDefinitionArn", strings.Replace(stackRevision, "123456789012", "210987654321", 1),
			"the output taskDefinitionArn is arn:aws:ecs:eu-west-2:210987654321:task-definition/mediaserver:7, but the service is in account 123456789012"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.outputs[each.output] = each.value
			s.deploy().expect(4, each.says).unchanged()
			s.run("--rollback").expect(map[bool]int{true: 15, false: 4}[each.value == registry+"/other"]).unchanged()
		})
	}
}

func TestOutputsOlderThanTheStackAreRefused(t *testing.T) {
	t.Parallel()
	newStage(t, changed(object{"status": "INACTIVE"})).deploy().expect(4, "is INACTIVE: the outputs are older than the stack").unchanged()
	for name, each := range map[string]struct {
		from string // the tag of the family's newest revision, which is number 10
		code int
	}{
		"a copy of the stack's":                        {stackRevision, 0},
		"a newer one of the stack":                     {"", 4},
		"a copy of a newer one of the stack":           {family + "9", 4},
		"one whose tag is of no use":                   {"mine", 4},
		"a copy of an older one, by a run that is old": {family + "6", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newest := taskDefinition(family+"10", ":v2")
			if each.from != "" {
				newest["tags"] = append(newest["tags"].([]object), object{"key": "StackTaskDefinition", "value": each.from})
			}
			s := newStage(t, taskDefinition(stackRevision, ":latest"), newest)
			r := s.deploy("--tag", "v2")
			if each.code == 0 {
				r.expect(0, "2 of 2 tasks run")
				return
			}
			r.expect(4, "are older than the stack: they name "+stackRevision, "pulumi stack output --json").unchanged()
		})
	}
}

func TestAServiceThatCannotBeDeployedIsRefusedByName(t *testing.T) {
	t.Parallel()
	for phrase, properties := range map[string]object{
		"is DRAINING, not ACTIVE":                           {"status": "DRAINING"},
		"deployed by the deployment controller EXTERNAL;":   {"deploymentController": object{"type": "EXTERNAL"}},
		"deployed by the deployment controller CODE_DEPLOY": {"deploymentController": object{"type": "CODE_DEPLOY"}},
		"deployed by the strategy BLUE_GREEN":               {"deploymentConfiguration": object{"strategy": "BLUE_GREEN"}},
		"deployed by the strategy CANARY":                   {"deploymentConfiguration": object{"strategy": "CANARY"}, "deploymentController": object{"type": "ECS"}},
		"has no target group":                               {"loadBalancers": []object{}},
	} {
		for _, words := range [][]string{{"--skip-push"}, {"--rollback"}} {
			s := newStage(t)
			for name, value := range properties {
				s.service.Properties[name] = value
			}
			s.run(words...).expect(14, phrase).unchanged()
		}
	}
	s := newStage(t)
	s.service.Name = "another"
	s.deploy().expect(14, "service mediaserver-service in cluster mediaserver-cluster is MISSING, not ACTIVE").unchanged()
	s = newStage(t)
	s.service.Properties["deploymentConfiguration"] = object{"strategy": "ROLLING"}
	s.deploy().expect(0)
}

func TestATagIsNeededIfTheStacksImageHasNone(t *testing.T) {
	t.Parallel()
	digest := "@sha256:" + strings.Repeat("a", 64)
	newStage(t, taskDefinition(stackRevision, digest)).deploy().expect(2, "name one with --tag").unchanged()
	newStage(t, taskDefinition(stackRevision, digest)).deploy("--tag", "v2").expect(0)
}

func TestADomainIsAskedForAtTheStacksLoadBalancer(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.outputs["appUrl"] = "https://media.example.com"
	s.deploy().expect(0, "https://media.example.com/health answers 200", "Deployed ").lacks("Warning")
	var asked []string
	for _, each := range s.asked {
		asked = append(asked, each.Host+" at "+each.Header.Get("Connected-To"))
	}
	if want := []string{"media.example.com at " + loadBalancer, "media.example.com at media.example.com"}; !reflect.DeepEqual(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
	s.answers = []int{200, 404}
	s.deploy().expect(0, "Warning: the load balancer answers for media.example.com, but from here the name does not lead to it: it answers 404; its DNS record must be an alias of "+
		loadBalancer+", or a CNAME", "Deployed ")
	s.deploy("--dry-run").expect(0, "would run: curl --globoff --silent", "--connect-to media.example.com:443:"+loadBalancer+":443 https://media.example.com/health", "Nothing was changed.")
}

func TestTheHealthCheckWaitsForTheApplication(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.answers = []int{503, 301, 200}
	s.deploy().expect(0, "/health: it answers 503", "answers 200")
	for code, says := range map[int]string{503: "it answers 503", 301: "it answers 301"} {
		s := newStage(t)
		s.answers = []int{code}
		s.deploy("--health-timeout", "0").expect(13, "/health does not answer 200 after 0 s: "+says, "Last events").lacks("goes on in ECS")
		if len(s.asked) != 1 || s.asked[0].Method != http.MethodGet {
			t.Errorf("asked %v", s.asked)
		}
	}
}
