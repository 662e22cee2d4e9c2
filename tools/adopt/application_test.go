package adopt

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

const (
	inStore   = "arn:aws:ssm:eu-west-1:111122223333:parameter/films/api-key"
	inManager = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:films/db-AbC123"
	ownKey    = "arn:aws:kms:eu-west-1:111122223333:key/0123"
)

// with is the application's container with further members of a list in it.
func with(list, members string) string {
	return strings.Replace(container(""), `"`+list+`":[`, `"`+list+`":[`+members+",", 1)
}

func TestVariablesOfTheApplicationsOwnAreKept(t *testing.T) {
	adopted := adopt(t, least(t, repository, targets, service, definition(t, "", with("environment",
		`{"name":"REDIS_URL","value":"redis://cache:6379"},{"name":"WORKERS","value":"08"},{"name":"EMPTY"},{"name":"PORT","value":"3000"}`))))
	want := map[string]string{"REDIS_URL": "redis://cache:6379", "WORKERS": "08", "EMPTY": ""}
	if got := settingOf(adopted, "environment"); !reflect.DeepEqual(got, want) {
		t.Errorf("environment is %v, want %v", got, want)
	}
	report := reportOf(t, adopted)
	if !strings.Contains(report, "in plain, as the task definition does: EMPTY, REDIS_URL, WORKERS. Before you commit it") || strings.Contains(report, "cache:6379") ||
		strings.Contains(report, "REDIS_URL:") {
		t.Errorf("it tells\n%s", report)
	}
	text, err := adopted.StackFile("mediaserver", nil)
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Config map[string]any }
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if got := file.Config["mediaserver:environment"]; !reflect.DeepEqual(got, map[string]any{"REDIS_URL": "redis://cache:6379", "WORKERS": "08", "EMPTY": ""}) {
		t.Errorf("the stack file has %v:\n%s", got, text)
	}
}

func TestSecretsOfTheApplicationsOwnAreKept(t *testing.T) {
	for source, want := range map[string]string{
		inStore:                      inStore,
		"/films/api-key":             inStore,
		"api-key":                    "arn:aws:ssm:eu-west-1:111122223333:parameter/api-key",
		inManager:                    inManager,
		inManager + ":token::":       inManager + ":token::",
		inManager[:len(inManager)-7]: "",
		strings.Replace(inStore, "eu-west-1", "us-east-1", 1):  "",
		strings.Replace(inStore, "arn:aws:", "arn:aws-cn:", 1): "",
		"arn:aws:s3:::bucket": "",
	} {
		option := Options{Project: project(t)}
		if want == "" {
			option.Accepted = []string{taskDefinition + ":container.secrets.API_KEY"}
		}
		adopted, err := Read(least(t, repository, targets, service, definition(t, "", with("secrets", `{"name":"API_KEY","valueFrom":"`+source+`"}`))), option)
		if err != nil {
			t.Fatal(err)
		}
		secrets, _ := settingOf(adopted, "secrets").(map[string]string)
		if secrets["API_KEY"] != want || len(secrets) > 1 {
			t.Errorf("%s: secrets is %v, want %q", source, secrets, want)
		}
	}
}

// What the program refuses would be found out only after the import.
func TestVariablesAndSecretsAreThoseThatTheProgramTakes(t *testing.T) {
	text, err := os.ReadFile("../../config_application.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{variablePattern.String(), parameterPattern.String(), secretPattern.String(), keyArnPattern.String(),
		fmt.Sprintf("credentialVariables = %#v", credentialVariables)} {
		if !strings.Contains(string(text), want) {
			t.Errorf("config_application.go does not have %s", want)
		}
	}
}

func TestKeysOfTheSecretsAreKept(t *testing.T) {
	role := [2]string{executionRole, `{"name":"films-ecs-task-execution-role"}`}
	may := func(action, resource string) [2]string {
		return [2]string{"aws_iam_role_policy.read", fmt.Sprintf(`{"name":"read","role":"films-ecs-task-execution-role","policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"%s\",\"Resource\":\"%s\"}]}"}`, action, resource)}
	}
	parameter := func(key string) [2]string {
		return [2]string{"aws_ssm_parameter.api_key", `{"arn":"` + inStore + `","key_id":"` + key + `"}`}
	}
	const unclear = "the state does not say which keys encrypt what the container reads (it says "
	for name, test := range map[string]struct {
		instances [][2]string
		want      any
		told      string
	}{
		"that the policy names":     {[][2]string{role, may("kms:Decrypt", ownKey)}, []string{ownKey}, ""},
		"in the role itself":        {[][2]string{changed(t, role, `"inline_policy":[{"policy":"{\"Statement\":{\"Effect\":\"Allow\",\"Action\":[\"kms:*\"],\"Resource\":[\"`+ownKey+`\"]}}"}]`)}, []string{ownKey}, ""},
		"of another role":           {[][2]string{{executionRole, `{"name":"another"}`}, may("kms:Decrypt", ownKey)}, nil, ""},
		"that nobody decrypts with": {[][2]string{role, may("kms:Encrypt", ownKey)}, nil, ""},
		"that is denied":            {[][2]string{changed(t, role, `"inline_policy":[{"policy":"{\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"kms:Decrypt\",\"Resource\":\"`+ownKey+`\"}}"}]`)}, nil, ""},
		"of which all may be used":  {[][2]string{role, may("kms:Decrypt", "*")}, nil, unclear + "*). If one is your own, add its ARN to secretsKeyArns"},
		"that the parameter names":  {[][2]string{role, may("kms:Decrypt", "*"), parameter(ownKey)}, []string{ownKey}, unclear + "*)"},
		"of which none is in use": {[][2]string{role, may("kms:Decrypt", "*"), parameter("alias/aws/ssm"), {"aws_secretsmanager_secret.db", `{"arn":"` + inManager + `","kms_key_id":""}`},
			{"aws_ssm_parameter.jwt", `{"arn":"arn:aws:ssm:eu-west-1:111122223333:parameter/films/jwt-secret","key_id":"alias/aws/ssm"}`}}, nil, ""},
		"of which one is unknown": {[][2]string{role, may("kms:Decrypt", "*"), {"aws_ssm_parameter.api_key", `{"arn":"` + inStore + `"}`}, {"aws_secretsmanager_secret.db", `{"arn":"` + inManager + `","kms_key_id":""}`},
			{"aws_ssm_parameter.jwt", `{"arn":"arn:aws:ssm:eu-west-1:111122223333:parameter/films/jwt-secret","key_id":"alias/aws/ssm"}`}}, nil, unclear + "*)"},
		"that the parameter names by id": {[][2]string{role, parameter("0123")}, []string{ownKey}, ""},
		"that is AWS's own":              {[][2]string{role, parameter("alias/aws/ssm")}, nil, ""},
		"by an alias":                    {[][2]string{role, parameter("alias/films")}, nil, unclear + "alias/films)"},
		"of another region":              {[][2]string{role, parameter(strings.Replace(ownKey, "eu-west-1", "us-east-1", 1))}, nil, unclear},
		"of a secret":                    {[][2]string{role, {"aws_secretsmanager_secret.db", `{"arn":"` + inManager + `","kms_key_id":"` + ownKey + `"}`}}, []string{ownKey}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			adopted := adopt(t, least(t, append(test.instances, repository, targets, service,
				definition(t, "", with("secrets", `{"name":"API_KEY","valueFrom":"`+inStore+`"},{"name":"DB","valueFrom":"`+inManager+`:password::"}`)))...))
			got, remarks := settingOf(adopted, "secretsKeyArns"), strings.Join(adopted.Remarks, "\n")
			if !reflect.DeepEqual(got, test.want) || !strings.Contains(remarks, test.told) || test.told == "" && strings.Contains(remarks, "secretsKeyArns") {
				t.Errorf("secretsKeyArns is %v, want %v, and it remarks %q", got, test.want, remarks)
			}
		})
	}
}

func TestATaskHasAsLongToStartAsBefore(t *testing.T) {
	check := func(period string) [2]string {
		return definition(t, "", container(`,"healthCheck":{"command":["CMD-SHELL","curl http://localhost:3000/health"]`+period+`}`))
	}
	for _, test := range []struct {
		grace, period string
		want          int
		told          string
	}{
		{"0", "", 0, ""},
		{"0", `,"startPeriod":60`, 60, "health_check_grace_period_seconds: 0 → 60"},
		{"20", `,"startPeriod":20`, 20, ""},
		{"300", `,"startPeriod":60`, 300, "container.healthCheck.startPeriod: 60 → 300"},
		{"900", `,"startPeriod":300`, 900, ""},
		{"900", "", 900, "container.healthCheck.startPeriod: not set → 300"},
	} {
		adopted := adopt(t, least(t, repository, targets, changed(t, service, `"health_check_grace_period_seconds":`+test.grace), check(test.period)))
		report := reportOf(t, adopted)
		isTold := strings.Contains(report, "health_check_grace_period_seconds") || strings.Contains(report, "startPeriod")
		if got := settingOf(adopted, "startSeconds"); got != test.want || isTold != (test.told != "") || !strings.Contains(report, test.told) {
			t.Errorf("%+v: startSeconds is %v, and it tells\n%s", test, got, report)
		}
	}
}

func TestTheContainersHealthCheckIsKeptWhereTheProgramHasIt(t *testing.T) {
	for command, test := range map[string]struct{ want, told string }{
		`["CMD-SHELL","curl -f http://localhost:3000/health || exit 1"]`:     {"curl", ""},
		`["CMD","curl","http://127.0.0.1:3000/health"]`:                      {"curl", ""},
		`["CMD-SHELL","wget -qO- 'http://localhost:3000/health' || exit 1"]`: {"wget", ""},
		`["CMD-SHELL","curl -f http://localhost/ok"]`:                        {"curl", "http://localhost:80/ok → http://localhost:3000/health"},
		`["CMD-SHELL","curl --unix-socket /run/app.sock"]`:                   {"curl", "another address → http://localhost:3000/health"},
		`["CMD","node","check.js"]`:                                          {"none", "is removed, and the load balancer alone decides; if the image has curl or wget, set containerHealthCheck to it"},
		`["NONE"]`:                                                           {"none", ""},
		"":                                                                   {"none", ""},
	} {
		more := ""
		if command != "" {
			more = `,"healthCheck":{"command":` + command + `,"interval":60}`
		}
		if test.want != "none" {
			more = strings.Replace(more, "60", "30", 1)
		}
		adopted := adopt(t, least(t, repository, targets, service, definition(t, "", container(more))))
		_, told, _ := strings.Cut(reportOf(t, adopted), "container.healthCheck.command: ")
		told, _, _ = strings.Cut(told, "\n")
		if got := settingOf(adopted, "containerHealthCheck"); got != test.want || told != test.told {
			t.Errorf("%s: containerHealthCheck is %v, and it tells %q", command, got, told)
		}
		if test.want == "none" && strings.Count(reportOf(t, adopted), "healthCheck") > 1 {
			t.Errorf("%s: it tells more than that the check is removed:\n%s", command, reportOf(t, adopted))
		}
	}
}
