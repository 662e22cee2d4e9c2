package deploy

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"mediaserver/tools/fakeaws"
)

func TestACompleteHealthyDeploymentOfTheStacksTagSucceeds(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.run("").expect(0,
		"Logging in to "+registry+"\nPushing "+repository+":latest\nStarted deployment "+ourDeployment+" of "+stackRevision+"\n"+
			ourDeployment+": IN_PROGRESS, 1 of 2 running, 1 pending, 0 failed (0 s)\n"+
			"Deployment "+ourDeployment+" is complete: 2 of 2 tasks run "+stackRevision+"\nhttp://"+loadBalancer+"/health answers 200\n"+
			"Deployed "+repository+":latest ({latest})\n", "!pulumi config set")
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

func TestAnotherTagIsDeployedAsTheStacksTaskDefinitionWithOnlyTheImageChanged(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	project := object{"key": "Project", "value": "mediaserver"}
	s.define(7, ":latest", object{"deleteRequestedAt": 1700000000.5, "lastScannedAt": 1700000000.5, "approvedBy": "AWS"},
		object{"key": "aws:cloudformation:stack-name", "value": "mine"}, project, object{"key": "StackTaskDefinition", "value": "another"})
	s.run("--tag v2").expect(0, "Registered "+newRevision, "2 of 2 tasks run "+newRevision,
		"The stack still names latest, and its next change of the task definition would go back to it; keep v2 with: pulumi config set mediaserver:imageTag v2\n")
	var want object
	if err := json.Unmarshal([]byte(jsonOf(t, newStage(t).define(7, ":v2", nil))), &want); err != nil {
		t.Fatal(err)
	}
	for _, own := range []string{"taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt", "registeredBy"} {
		delete(want, own)
	}
	want["tags"] = []any{project, object{"key": "StackTaskDefinition", "value": stackRevision}}
	if got := s.only("RegisterTaskDefinition"); !reflect.DeepEqual(got, want) {
		t.Errorf("registered %v\nwant %v", got, want)
	}
	if got := s.only("UpdateService")["taskDefinition"]; got != newRevision {
		t.Errorf("started %v", got)
	}
}

func TestWhatACopyOfTheTaskDefinitionWouldLoseIsRefusedByName(t *testing.T) {
	t.Parallel()
	for property, changes := range map[string]object{
		"gpuSharing":        {"gpuSharing": "ON"},
		"microarchitecture": {"runtimePlatform": object{"cpuArchitecture": "X86_64", "microarchitecture": "v4"}},
		"pausedAt":          {"containerDefinitions": []object{{"name": "mediaserver", "image": repository + ":latest", "pausedAt": 1}}},
	} {
		s := newStage(t)
		s.define(7, ":latest", changes)
		s.run("--tag v2").expect(14, `without losing something (json: unknown field "`+property+`")`).unchanged()
		s.run("").expect(0)
	}
}

func TestTheHealthPathIsTheTargetGroupsAndAskedAsItIs(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/health[1]{z}?deep=[x]", "/caf%C3%A9/%7Bb%7D"} {
		s := newStage(t)
		s.HealthPath = path
		s.run("").expect(0, "http://"+loadBalancer+path+" answers 200")
		if len(s.asked) != 1 || s.asked[0].RequestURI != path {
			t.Errorf("asked %v, want %s", s.asked, path)
		}
	}
}

func TestADomainIsAskedForAtTheStacksLoadBalancer(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.outputs["appUrl"] = "https://media.example.com"
	s.run("").expect(0, "https://media.example.com/health answers 200", "Deployed ", "!Warning")
	var asked []string
	for _, each := range s.asked {
		asked = append(asked, each.Host+" at "+each.Header.Get("Connected-To"))
	}
	if want := []string{"media.example.com at " + loadBalancer, "media.example.com at media.example.com"}; !reflect.DeepEqual(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
	s.answers = []int{200, 404}
	s.run("").expect(0, "Warning: the load balancer answers for media.example.com, but from here the name does not lead to it: it answers 404; its DNS record must be an alias of "+
		loadBalancer+", or a CNAME", "Deployed ")
	s.run("--dry-run").expect(0, "would run: curl --globoff --silent", "--connect-to media.example.com:443:"+loadBalancer+":443 https://media.example.com/health\n")
}

func TestTheHealthCheckWaitsForTheApplication(t *testing.T) {
	t.Parallel()
	answers := func(codes ...int) func(*stage) { return func(s *stage) { s.answers = codes } }
	play(t, []scene{
		{"healthy in time", answers(503, 301, 200), "", 0, []string{"/health: it answers 503", "answers 200"}},
		{"not in time", answers(503), "--health-timeout 0", 13, []string{"/health does not answer 200 after 0 s: it answers 503", "Last events", "!goes on in ECS"}},
		{"elsewhere", answers(301), "--health-timeout 0", 13, []string{"it answers 301"}},
	})
}

func TestPassingFaultsAreRiddenOut(t *testing.T) {
	t.Parallel()
	var scenes []scene
	for name, fault := range map[string]fakeaws.Response{
		"throttled":      fakeaws.Refuses("ThrottlingException", "Rate exceeded"),
		"a fault inside": {Code: "ServerException", Message: "Service temporarily unavailable", Status: 500},
		"a gateway":      {Status: 503, Body: "<html><head><title>503 Service Unavailable</title></head></html>"},
		"a lost answer":  {Lost: true},
	} {
		scenes = append(scenes, scene{name, func(s *stage) {
			for _, action := range []string{"DescribeServices", "UpdateService", "RegisterTaskDefinition", "DescribeTargetGroups", "GetAuthorizationToken"} {
				s.Next(action, fault, fault)
			}
		}, "--tag v2", 0, []string{"; trying again", "2 of 2 tasks run"}})
	}
	play(t, scenes)
}

func TestMissingOutputsAreNamed(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.outputs = object{"appUrl": ""}
	s.run("").expect(4, "missing stack output: albDnsName, appUrl, containerName, dashboardUrl, ecrRepositoryUrl, ecsClusterName, ecsServiceName, logGroupName, region, taskDefinitionArn;")
	if calls := s.Calls(); len(calls) > 0 {
		t.Errorf("called %v", calls)
	}
}

func TestARegistryThatIsNotTheStacksGetsNoPassword(t *testing.T) {
	t.Parallel()
	elsewhere := []string{", which is not in " + registry}
	other := strings.Replace(stackRevision, "123456789012", "210987654321", 1)
	const repositoryOutput = "ecrRepositoryUrl"
	play(t, []scene{
		{"somebody else's host", output(repositoryOutput, "evil.example/mediaserver"), "", 4, elsewhere},
		{"a host that looks like", output(repositoryOutput, registry+".evil.example/mediaserver"), "--rollback", 4, elsewhere},
		{"another account's", output(repositoryOutput, "210987654321.dkr.ecr.eu-west-2.amazonaws.com/mediaserver"), "", 4, elsewhere},
		{"another region's", output(repositoryOutput, "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mediaserver"), "", 4, elsewhere},
		{"no repository", output(repositoryOutput, registry), "", 4, elsewhere},
		{"another repository", output(repositoryOutput, registry+"/other"), "", 4, []string{"but task definition " + stackRevision + " runs '" + repository + ":latest'"}},
		{"another account's task definition", output("taskDefinitionArn", other), "", 4, []string{"taskDefinitionArn is " + other + ", but the service is in account 123456789012"}},
	})
}

func TestOutputsOlderThanTheStackAreRefused(t *testing.T) {
	t.Parallel()
	newest := func(from string) func(*stage) {
		return func(s *stage) { s.define(10, ":v2", nil, object{"key": "StackTaskDefinition", "value": from}) }
	}
	old := []string{"are older than the stack: they name " + stackRevision, "pulumi stack output --json"}
	play(t, []scene{
		{"deregistered", func(s *stage) { s.define(7, ":latest", object{"status": "INACTIVE"}) }, "", 4, []string{"is INACTIVE: the outputs are older than the stack"}},
		{"being deleted", func(s *stage) { s.define(7, ":latest", object{"status": "DELETE_IN_PROGRESS"}) }, "", 4, []string{"is DELETE_IN_PROGRESS: the outputs are older than the stack"}},
		{"a newer one with a tag that names none", newest("somebody's"), "", 4, old},
		{"a newer one of the stack", func(s *stage) { s.define(10, ":v2", nil) }, "", 4, old},
		{"a copy of a newer one of the stack", newest(family + "9"), "", 4, old},
		{"a copy of the stack's", newest(stackRevision), "--tag v2", 0, nil},
		{"a copy of an older one, by a run that is old", newest(family + "6"), "--tag v2", 0, nil},
	})
}

func TestAServiceThatCannotBeDeployedIsRefusedByName(t *testing.T) {
	t.Parallel()
	play(t, []scene{
		{"missing", func(s *stage) { s.service.Name = "another" }, "", 14, []string{"service mediaserver-service in cluster mediaserver-cluster is MISSING, not ACTIVE", "!Logging in"}},
		{"ending", property("status", "DRAINING"), "", 14, []string{"is DRAINING, not ACTIVE", "!Logging in"}},
		{"controller", property("deploymentController", object{"type": "CODE_DEPLOY"}), "", 14, []string{"deployed by the deployment controller CODE_DEPLOY", "!Logging in"}},
		{"strategy", property("deploymentConfiguration", object{"strategy": "BLUE_GREEN"}), "--rollback", 14, []string{"deployed by the strategy BLUE_GREEN", "!Stopped"}},
		{"without a health check path", func(s *stage) { s.HealthPath = "" }, "", 14, []string{"names no health check path", "!Logging in"}},
		{"unbalanced", property("loadBalancers", []object{}), "", 14, []string{"has no target group", "!Logging in"}},
		{"ECS's own controller", property("deploymentController", object{"type": "ECS"}), "", 0, nil},
		{"rolling", property("deploymentConfiguration", object{"strategy": "ROLLING"}), "", 0, nil},
	})
}

func TestATagIsNeededIfTheStacksImageHasNone(t *testing.T) {
	t.Parallel()
	digest := func(s *stage) { s.define(7, "@sha256:"+strings.Repeat("a", 64), nil) }
	play(t, []scene{{"without", digest, "", 2, []string{"name one with --tag"}}, {"with", digest, "--tag v2", 0, nil}})
}
