package adopt

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"mediaserver/tools/adopt/tfstate"
)

// project is the program's, as far as it matters here.
func project(t *testing.T) Project {
	t.Helper()
	read, err := ReadProject("../..")
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// state is a state with the instances, each the address and its attributes as JSON.
func state(t *testing.T, instances ...[2]string) tfstate.State {
	t.Helper()
	var resources []string
	for _, each := range instances {
		kind, name, _ := strings.Cut(each[0], ".")
		resources = append(resources, fmt.Sprintf(`{"mode":"managed","type":%q,"name":%q,"instances":[{"attributes":%s}]}`, kind, name, each[1]))
	}
	return stateOf(t, resources...)
}

// stateOf is a state with the resources, each as JSON.
func stateOf(t *testing.T, resources ...string) tfstate.State {
	t.Helper()
	read, err := tfstate.Read(strings.NewReader(`{"version":4,"lineage":"x","resources":[` + strings.Join(resources, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// least is the least that can be adopted, with further instances.
func least(t *testing.T, further ...[2]string) tfstate.State {
	t.Helper()
	return state(t, append([][2]string{
		{"aws_s3_bucket.media_storage", `{"bucket":"films-storage-0a1b2c","region":"eu-west-1","arn":"arn:aws:s3:::films-storage-0a1b2c"}`},
		{"aws_ssm_parameter.jwt_secret", `{"name":"/films/jwt-secret","value":"hush","arn":"arn:aws:ssm:eu-west-1:111122223333:parameter/films/jwt-secret"}`},
	}, further...)...)
}

func adopt(t *testing.T, state tfstate.State) *Adoption {
	t.Helper()
	adopted, err := Read(state, Options{Project: project(t)})
	if err != nil {
		t.Fatal(err)
	}
	return adopted
}

func TestEachSettingIsReadFromTheDeployment(t *testing.T) {
	adopted := adopt(t, least(t,
		[2]string{"aws_ecs_service.mediaserver", `{"name":"films-service","cluster":"c/films","desired_count":3,"enable_execute_command":false,"load_balancer":[{"target_group_arn":"arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/x","container_port":8080}]}`},
		[2]string{"aws_lb_target_group.mediaserver", `{"name":"films-tg","arn":"arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/x","health_check":[{"path":"/ready"}]}`},
		[2]string{"aws_ecr_repository.mediaserver", `{"name":"films","repository_url":"1.dkr/films"}`},
		[2]string{"aws_ecs_task_definition.mediaserver", `{"cpu":"1024","memory":"2048","runtime_platform":[{"cpu_architecture":"ARM64"}],
			"container_definitions":"[{\"image\":\"1.dkr/films:v7\",\"environment\":[{\"name\":\"NODE_ENV\",\"value\":\"staging\"}]}]"}`},
		[2]string{"aws_appautoscaling_target.ecs_target", `{"min_capacity":2,"max_capacity":5,"resource_id":"r","service_namespace":"ecs","scalable_dimension":"d"}`},
		[2]string{"aws_cloudwatch_metric_alarm.high_cpu", `{"alarm_name":"films-high-cpu","threshold":80}`},
		[2]string{"aws_cloudwatch_metric_alarm.low_cpu", `{"alarm_name":"films-low-cpu","threshold":30.0}`},
		[2]string{"aws_s3_bucket_cors_configuration.media_storage", `{"bucket":"films-storage-0a1b2c","cors_rule":[{"allowed_origins":["https://b.example","https://a.example"]}]}`},
		[2]string{"aws_s3_bucket_lifecycle_configuration.media_storage", `{"bucket":"films-storage-0a1b2c","rule":[{"id":"a","status":"Enabled","transition":[{"days":30,"storage_class":"STANDARD_IA"},{"days":90,"storage_class":"GLACIER"}]},{"status":"Enabled","noncurrent_version_expiration":[{"noncurrent_days":60}]}]}`},
		[2]string{"aws_cloudwatch_log_group.ecs_logs", `{"name":"/ecs/films","retention_in_days":14}`},
		[2]string{"aws_cloudwatch_log_group.app_logs", `{"name":"/aws/ecs/films/app","retention_in_days":90}`},
		[2]string{"aws_ecs_cluster.main", `{"name":"films-cluster","setting":[{"name":"containerInsights","value":"disabled"}]}`},
		[2]string{"aws_iam_role.ecs_task_execution_role", `{"name":"films-ecs-task-execution-role","permissions_boundary":"arn:aws:iam::111122223333:policy/b"}`},
		[2]string{"aws_iam_role.ecs_task_role", `{"name":"films-ecs-task-role","permissions_boundary":"arn:aws:iam::111122223333:policy/b"}`},
	))
	got := map[string]any{}
	for _, setting := range adopted.Settings {
		got[setting.Key] = setting.Value
	}
	want := map[string]any{
		"startSeconds": 0, "containerHealthCheck": "none", "archiveStorageClass": "GLACIER",
		"name": "films", "adopted": true, "appPort": 8080, "healthCheckPath": "/ready", "nodeEnv": "staging", "imageTag": "v7",
		"cpu": 1024, "memory": 2048, "cpuArchitecture": "ARM64", "desiredCount": 3, "minCapacity": 2, "maxCapacity": 5,
		"scaleUpCpu": 80, "scaleDownCpu": 30, "corsAllowedOrigins": []string{"https://a.example", "https://b.example"},
		"oldVersionDays": 60, "logRetentionDays": 90, "containerInsights": "disabled", "executeCommand": false,
		"forceDestroy": false, "protectData": true, "permissionsBoundaryArn": "arn:aws:iam::111122223333:policy/b",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the settings are\n%v\nwant\n%v", got, want)
	}
	if len(adopted.KeptNames) != 0 || adopted.Region != "eu-west-1" || adopted.Account != "111122223333" {
		t.Errorf("kept %v, remarks %v, %s, %s", adopted.KeptNames, adopted.Remarks, adopted.Region, adopted.Account)
	}
	if adopted.random.suffix.result != "0a1b2c" || adopted.random.secret.result != "hush" {
		t.Errorf("the random values are %q and another", adopted.random.suffix.result)
	}
}

func TestWhatNoSettingCanSayIsTold(t *testing.T) {
	for _, test := range []struct {
		instance [2]string
		told     string
		setting  string
		value    any
	}{
		{[2]string{"aws_cloudwatch_metric_alarm.high_cpu", `{"alarm_name":"films-high-cpu","threshold":72.5}`},
			"threshold: 72.5 → 70, because scaleUpCpu must be a whole number", "scaleUpCpu", nil},
		{[2]string{"aws_cloudwatch_log_group.ecs_logs", `{"name":"/ecs/films","retention_in_days":0}`}, "it keeps events for ever", "logRetentionDays", 3653},
		{[2]string{"aws_iam_role.ecs_task_role", `{"name":"films-ecs-task-role","permissions_boundary":"arn:aws:iam::1:policy/b"}`},
			"different permissions boundaries", "permissionsBoundaryArn", nil},
	} {
		adopted := adopt(t, least(t, test.instance))
		if report := reportOf(t, adopted); !strings.Contains(report, test.told) {
			t.Errorf("%v: it does not tell %q:\n%s", test.instance, test.told, report)
		}
		if value := settingOf(adopted, test.setting); !reflect.DeepEqual(value, test.value) {
			t.Errorf("%v: %s is %v, want %v", test.instance, test.setting, value, test.value)
		}
	}
}

// settingOf is the value of a setting. Nil where the default stands.
func settingOf(adopted *Adoption, key string) any {
	for _, setting := range adopted.Settings {
		if setting.Key == key {
			return setting.Value
		}
	}
	return nil
}

func reportOf(t *testing.T, adopted *Adoption) string {
	t.Helper()
	var report strings.Builder
	if err := adopted.WriteText(&report); err != nil {
		t.Fatal(err)
	}
	return report.String()
}

func TestTheDesiredCountIsMovedBetweenTheBounds(t *testing.T) {
	adopted := adopt(t, least(t,
		[2]string{"aws_ecs_service.mediaserver", `{"name":"s","cluster":"c","desired_count":1}`},
		[2]string{"aws_appautoscaling_target.ecs_target", `{"min_capacity":2,"max_capacity":4,"resource_id":"r","service_namespace":"ecs","scalable_dimension":"d"}`}))
	if count := adopted.number("desiredCount"); count != 2 {
		t.Errorf("the desired count is %d, want 2", count)
	}
}

func TestTagsThatAllHaveBecomeDefaultTags(t *testing.T) {
	adopted := adopt(t, state(t,
		[2]string{"aws_s3_bucket.media_storage", `{"bucket":"films-storage-x","region":"eu-west-1","arn":"arn:aws:s3:::b","tags_all":{"A":"1","B":"2","Name":"b"}}`},
		[2]string{"aws_ssm_parameter.jwt_secret", `{"name":"/films/jwt-secret","value":"hush","arn":"arn:aws:ssm:eu-west-1:1:p","tags_all":{"A":"1","B":"3"}}`},
		[2]string{"aws_s3_bucket_versioning.media_storage", `{"bucket":"films-storage-x"}`}))
	if !reflect.DeepEqual(adopted.Tags, map[string]string{"A": "1"}) {
		t.Errorf("the tags are %v", adopted.Tags)
	}
	if remarks := strings.Join(adopted.Remarks, "\n"); !strings.Contains(remarks, "removes: B, Name") {
		t.Errorf("the remarks are %s", remarks)
	}
	text, err := adopted.StackFile("mediaserver", nil)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil || !reflect.DeepEqual(file.Config["aws:defaultTags"], map[string]any{"tags": map[string]any{"A": "1"}}) {
		t.Errorf("the stack file is\n%s(%v)", text, err)
	}
}

func TestTheImportFileHoldsNoSecret(t *testing.T) {
	adopted := adopt(t, least(t))
	var file bytes.Buffer
	if err := adopted.WriteImportFile(&file, adopted.Imports(nil)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(file.String(), "hush") || strings.Contains(file.String(), "random:") || strings.Count(file.String(), `"id"`) != 2 {
		t.Errorf("the import file is\n%s", file.String())
	}
}
