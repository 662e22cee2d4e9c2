package adopt

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

func TestTheStackFileHasTheSettingsAndKeepsWhatElseIsThere(t *testing.T) {
	d := guide(t)
	d.set(taskDefinition, map[string]any{"container_definitions.environment+": map[string]any{"name": "WORKERS", "value": "08"}})
	for _, address := range []string{"aws_lb.mediaserver", jwtParameter} {
		d.set(address, map[string]any{"tags_all": map[string]any{"Team": "films", "Stage": "007"}})
	}
	text, err := d.adopt(t).StackFile([]byte("encryptionsalt: v1:abc=\nconfig:\n  mediaserver:idle: 1\nsecretsprovider: p\n"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Salt     string `yaml:"encryptionsalt"`
		Provider string `yaml:"secretsprovider"`
		Config   map[string]any
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if file.Salt != "v1:abc=" || file.Provider != "p" || file.Config["mediaserver:idle"] != nil || !strings.Contains(string(text), "# aws_lb_target_group.mediaserver\n  mediaserver:healthCheckPath: /health\n") {
		t.Errorf("the file is\n%s", text)
	}
	for key, want := range map[string]any{
		"aws:region": "eu-west-1", "aws:defaultTags": map[string]any{"tags": map[string]any{"Team": "films", "Stage": "007"}},
		"mediaserver:environment": map[string]any{"WORKERS": "08"}, "mediaserver:cpu": 256, "mediaserver:internal": false,
		"mediaserver:loadBalancerSubnetIds": []any{"subnet-1", "subnet-2"},
	} {
		if got := file.Config[key]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, want %v:\n%s", key, got, want, text)
		}
	}
	if _, err := d.adopt(t).StackFile([]byte("- a")); err == nil {
		t.Error("a file that is not a mapping is replaced")
	}
}

// exported is what Pulumi exports of a stack with everything imported, with secrets revealed.
func exported(t *testing.T, adopted *Adoption) object {
	t.Helper()
	resources := []any{object{"type": "pulumi:pulumi:Stack", "urn": "urn:pulumi:prod::mediaserver::pulumi:pulumi:Stack::mediaserver-prod"}}
	for _, match := range adopted.Matches {
		if match.Ours.Import != "" {
			resources = append(resources, object{"type": match.Ours.Type, "urn": "urn:pulumi:prod::mediaserver::" + match.Ours.Type + "::" + match.Ours.Name, "outputs": object{
				"value": asSecret("hush"), "taskDefinition": "arn:aws:ecs:eu-west-1:111122223333:task-definition/films:4"}})
		}
	}
	return object{"version": 3, "deployment": object{"resources": resources, "manifest": object{"magic": 12345678901234567}}}
}

func encodedJSON(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTheImportFileHasWhatTheStackLacksAndNoSecret(t *testing.T) {
	adopted := guide(t).adopt(t)
	whole, count, err := adopted.ImportFile(nil)
	if err != nil || count != 33 || strings.Count(string(whole), `"id"`) != 33 || strings.Contains(string(whole), "hush") || strings.Contains(string(whole), "random:") ||
		!strings.Contains(string(whole), `"id": "ecs/service/films-cluster/films-service/ecs:service:DesiredCount"`) {
		t.Errorf("it has %d (%v)\n%s", count, err, whole)
	}
	stack := exported(t, adopted)
	content := stack["deployment"].(object)
	content["resources"] = content["resources"].([]any)[:10]
	if _, count, err := adopted.ImportFile(encodedJSON(t, stack)); err != nil || count != 24 {
		t.Errorf("the rest has %d, want 24 (%v)", count, err)
	}
}

func TestRandomValuesAreAddedOnceAndOnlyToAStackThatFits(t *testing.T) {
	adopted := guide(t).adopt(t)
	stack := exported(t, adopted)
	complete, err := adopted.AddRandomValues(encodedJSON(t, stack), "v42")
	if err != nil {
		t.Fatal(err)
	}
	read, err := readDeployment(complete)
	if err != nil {
		t.Fatal(err)
	}
	suffix, secret := read.find("random:index/randomString:RandomString", "bucket-suffix"), read.find(passwordToken, "jwt-secret")
	provider := read.find("pulumi:providers:random", "")
	if suffix["id"] != "0a1b2c" || output(suffix, "result") != "0a1b2c" || secret["id"] != "none" || output(secret, "result") != "hush" ||
		!reflect.DeepEqual(secret["outputs"].(object)["result"], asSecret("hush")) || provider == nil || secret["provider"] != provider["urn"].(string)+"::"+provider["id"].(string) ||
		!strings.Contains(string(complete), "12345678901234567") {
		t.Errorf("the stack becomes\n%s", complete)
	}
	if again, err := adopted.AddRandomValues(complete, "v42"); again != nil || err != nil {
		t.Errorf("a second time it answers %s (%v)", again, err)
	}
	for want, test := range map[string]struct{ old, replaced, imageTag string }{
		"the stack does not have LoadBalancer mediaserver yet; run the `pulumi import` first": {"::aws:lb/loadBalancer:LoadBalancer::mediaserver", "::other", "v42"},
		"the service runs the revision films:57, and the settings are those of films:4":       {"films:4", "films:57", "v42"},
		`the service runs the image with the tag v42, and imageTag in the stack is "latest"`:  {"", "", ""},
		"the JWT secret in Parameter Store is not the one in the state of Terraform":          {`\"hush\"`, `\"other\"`, "v42"},
		"the stack has drawn a bucket-suffix of its own, and the deployment has another":      {`"result":"0a1b2c"`, `"result":"zzzzzz"`, "v42"},
	} {
		_, err := adopted.AddRandomValues([]byte(strings.ReplaceAll(string(complete), test.old, test.replaced)), test.imageTag)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
