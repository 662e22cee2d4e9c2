package adopt

import (
	"fmt"
	"strings"
	"testing"

	"mediaserver/tools/adopt/tfstate"
)

func TestSettingsOfTheBucketAreFoundByTheBucket(t *testing.T) {
	const versioning = "aws_s3_bucket_versioning."
	adopted := adopt(t, least(t,
		[2]string{versioning + "media_storage", `{"bucket":"another","versioning_configuration":[{"status":"Enabled"}]}`},
		[2]string{versioning + "this", `{"bucket":"films-storage-0a1b2c","versioning_configuration":[{"status":"Enabled"}]}`}))
	if theirs, _ := adopted.find(versioning + "media_storage"); theirs.Address != versioning+"this" {
		t.Errorf("the versioning is %q, want that of the bucket", theirs.Address)
	}
	if len(adopted.Unknown) != 1 || adopted.Unknown[0].Address != versioning+"media_storage" {
		t.Errorf("unknown are %v, want that of another bucket", adopted.Unknown)
	}
}

func TestTheAttachmentIsThatOfAWSsOwnPolicy(t *testing.T) {
	attached := func(name, policy string) [2]string {
		return [2]string{"aws_iam_role_policy_attachment." + name, `{"role":"films-ecs-task-execution-role","policy_arn":"arn:aws:iam::` + policy + `"}`}
	}
	adopted := adopt(t, least(t, [2]string{executionRole, `{"name":"films-ecs-task-execution-role"}`},
		attached("ssm", "111122223333:policy/read"), attached("ecs", "aws:policy/service-role/AmazonECSTaskExecutionRolePolicy")))
	if theirs, _ := adopted.find("aws_iam_role_policy_attachment.ecs_task_execution_role_policy"); !strings.HasSuffix(theirs.Address, ".ecs") {
		t.Errorf("the attachment is %q", theirs.Address)
	}
}

func TestARefusalPrintsTheOptionsThatHelp(t *testing.T) {
	inModule := func(module, bucket string) string {
		return fmt.Sprintf(`{"module":%q,"mode":"managed","type":"aws_s3_bucket","name":"media_storage","instances":[{"attributes":{"bucket":%q,"region":"eu-west-1","arn":"arn:aws:s3:::b"}}]},
			{"module":%[1]q,"mode":"managed","type":"aws_ssm_parameter","name":"jwt_secret","instances":[{"attributes":{"name":"/films/jwt-secret","value":"hush","arn":"arn:aws:ssm:eu-west-1:1:p"}}]}`, module, bucket)
	}
	blueAndGreen := stateOf(t, inModule("module.blue", "films-storage-1"), inModule(`module.green["it's"]`, "films-storage-2"))
	renamed := stateOf(t, strings.NewReplacer("media_storage", "this", "jwt_secret", "token").Replace(inModule("module.m", "films-storage-1")))
	others := least(t)
	others.Managed[0].Name, others.Managed[0].Address = "uploads", "aws_s3_bucket.uploads"
	for want, deployed := range map[string]tfstate.State{
		`choose one with --module module.blue or --module 'module.green["it'\''s"]'`:                                  blueAndGreen,
		"say which is which:\n  --map module.m.aws_s3_bucket.this=media-storage\n":                                    renamed,
		"the stack would get a new, empty bucket; say which one it is with --map aws_s3_bucket.uploads=media-storage": others,
	} {
		_, err := Read(deployed, Options{Project: project(t)})
		if err == nil || strings.Count(err.Error(), want) != 1 {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	for module, want := range map[string]string{"module.blue": "films-storage-1", `module.green["it's"]`: "films-storage-2", "module.green": "films-storage-2"} {
		adopted, err := Read(blueAndGreen, Options{Project: project(t), Module: module})
		if err != nil {
			t.Fatalf("%s: %v", module, err)
		}
		if bucket, _ := adopted.find(bucketAddress); bucket.Text("bucket") != want || len(adopted.Unknown) != 2 {
			t.Errorf("%s: the bucket is %s, and unknown are %v", module, bucket.Text("bucket"), adopted.Unknown)
		}
	}
	_, err := Read(blueAndGreen, Options{Project: project(t), Module: "module.gree"})
	if err == nil || !strings.Contains(err.Error(), "--module module.gree: the state has no address in it") {
		t.Errorf("%v", err)
	}
}

func TestOptionsThatFitNothingAreRefused(t *testing.T) {
	for want, options := range map[string]Options{
		"of the type aws_s3_bucket the stack has media-storage; - leaves it to Terraform":                  {Mappings: []Mapping{{bucketAddress, "media"}}},
		"--map aws_s3_bucket.media_storage=media-storage: the address is mapped twice":                     {Mappings: []Mapping{{bucketAddress, "media-storage"}, {bucketAddress, "media-storage"}}},
		"--map aws_sns_topic.alarms=mediaserver: the stack has no aws_sns_topic; - leaves it to Terraform": {Mappings: []Mapping{{"aws_sns_topic.alarms", "mediaserver"}}},
		`--name "Media" must be 2 to 28 lower-case letters`:                                                {Name: "Media"},
	} {
		options.Project = project(t)
		_, err := Read(least(t, [2]string{"aws_sns_topic.alarms", "{}"}), options)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
