package main

import (
	"strings"
	"testing"
)

const (
	testParameter = "arn:aws:ssm:eu-west-2:123456789012:parameter/films/api-key"
	testSecret    = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:films/database-AbCdEf"
	testKey       = "arn:aws:kms:eu-west-2:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
)

// fromElsewhere are settings with a secret of each kind.
var fromElsewhere = map[string]string{
	"secrets":        `{"Z_KEY": "` + testParameter + `", "DATABASE_USER": "` + testSecret + `:user::", "DATABASE_PASSWORD": "` + testSecret + `:password:AWSCURRENT:"}`,
	"secretsKeyArns": listOfTexts(testKey),
}

func TestTheContainerReceivesTheVariablesOfTheSettings(t *testing.T) {
	stack := run(t, with(fromElsewhere, map[string]string{"environment": `{"a": "x", "LOG_LEVEL": "info", "Z": "", "RATIO": 1.50, "COUNT": 12345678901234567890, "PLAIN": true, "OFF": false}`}))
	want := containerWanted()
	want["environment"] = list{
		object{"name": "AWS_REGION", "value": testRegion},
		object{"name": "COUNT", "value": "12345678901234567890"},
		object{"name": "LOG_LEVEL", "value": "info"},
		object{"name": "NODE_ENV", "value": "production"},
		object{"name": "OFF", "value": "false"},
		object{"name": "PLAIN", "value": "true"},
		object{"name": "PORT", "value": "3000"},
		object{"name": "RATIO", "value": "1.50"},
		object{"name": "S3_BUCKET_NAME", "value": testBucket},
		object{"name": "Z", "value": ""},
		object{"name": "a", "value": "x"},
	}
	want["secrets"] = list{
		object{"name": "DATABASE_PASSWORD", "valueFrom": testSecret + ":password:AWSCURRENT:"},
		object{"name": "DATABASE_USER", "valueFrom": testSecret + ":user::"},
		object{"name": "JWT_SECRET", "valueFrom": jwtSecretParameterArn},
		object{"name": "Z_KEY", "valueFrom": testParameter},
	}
	wantEqual(t, "containers", stack.find(t, "TaskDefinition mediaserver").inputs["containerDefinitions"], jsonText{list{want}})
	for _, r := range stack.records {
		for _, value := range r.inputs {
			if text, isText := value.(string); isText && r.key() != "TaskDefinition mediaserver" && strings.Contains(text, "LOG_LEVEL") {
				t.Errorf("%s has the variables too: %s", r.key(), text)
			}
		}
	}
}

func TestTheExecutionRoleReadsExactlyTheSecretsOfTheSettings(t *testing.T) {
	policies := run(t, fromElsewhere).find(t, "Role ecs-task-execution-role").inputs["inlinePolicies"]
	wantEqual(t, "inline policies", policies, list{object{
		"name": "mediaserver-ecs-task-secrets",
		"policy": jsonText{object{"Version": "2012-10-17", "Statement": list{
			object{
				"Sid": "ReadContainerSecrets", "Effect": "Allow", "Action": list{"ssm:GetParameters"},
				"Resource": list{jwtSecretParameterArn, testParameter},
			},
			object{
				"Sid": "ReadSecretsManagerSecrets", "Effect": "Allow", "Action": list{"secretsmanager:GetSecretValue"},
				"Resource": list{testSecret},
			},
			object{"Sid": "DecryptContainerSecrets", "Effect": "Allow", "Action": list{"kms:Decrypt"}, "Resource": list{testKey}},
		}}},
	}})
}

func TestVariablesAndSecretsAreAccepted(t *testing.T) {
	for _, settings := range []map[string]string{
		{"environment": `{"_": "", "a9_B": "x"}`},
		{"environment": `{"PATH_PREFIX": "$HOME \"quoted\"\n"}`},
		{"secrets": `{"A": "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/a", "B": "arn:aws-us-gov:ssm:us-gov-west-1:123456789012:parameter/A/b_c.d-9"}`},
		{"secrets": `{"A": "arn:aws-eusc:secretsmanager:eusc-de-east-1:123456789012:secret:a/b_+=.@-Z9xY0a"}`},
		{"secrets": `{"A": "` + testSecret + `:::", "B": "` + testSecret + `:key::", "C": "` + testSecret + `::stage:", "D": "` + testSecret + `:::id"}`},
		{"secretsKeyArns": listOfTexts("arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-0", "arn:aws-eusc:kms:eusc-de-east-1:123456789012:key/A-9", "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/a")},
	} {
		if _, err := load(t, "mediaserver", namespaced("mediaserver", settings)); err != nil {
			t.Errorf("%v: %v", settings, err)
		}
	}
}

func TestAMalformedVariableOrSecretIsRefusedWithoutItsValue(t *testing.T) {
	const (
		shape = ` must be an object that maps names to texts, such as {"LOG_LEVEL": "info"}`
		name  = " must have a valid name: letters, digits and underscores, not beginning with a digit"
		taken = " must have another name: the stack sets this variable itself"
		role  = " must not be set: the application gets its credentials from its task role"
		arn   = " must be the ARN of a parameter in Parameter Store, arn:PARTITION:ssm:REGION:ACCOUNT:parameter/NAME, or of a secret in Secrets Manager with its six random characters, " +
			"arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME-RANDOM, optionally followed by :JSON-KEY:VERSION-STAGE: or :JSON-KEY::VERSION-ID for a part or a version of it"
	)
	type refusal struct{ setting, value, key, rule string }
	refusals := []refusal{
		{"environment", `{"A": 1} {}`, "environment", shape},
		{"environment", "null", "environment", shape},
		{"environment", `["hush"]`, "environment", shape},
		{"environment", `"hush"`, "environment", shape},
		{"secrets", "hush", "secrets", shape},
		{"environment", `{"B": "hush", "A": ["hush"]}`, "environment", " must be an object that maps names to texts, and the value of A is none"},
		{"secrets", `{"A": {"hush": "hush"}}`, "secrets", " must be an object that maps names to texts, and the value of A is none"},
		{"secrets", `{"A": null}`, "secrets", " must be an object that maps names to texts, and the value of A is none"},
		{"environment", `{"AWS_SESSION_TOKEN": "hush"}`, "environment.AWS_SESSION_TOKEN", role},
	}
	for _, setting := range []string{"environment", "secrets"} {
		for _, variable := range []string{"", "1A", "A-B", "A B", "A.B", "Ä", "A=B", "A\\n"} {
			refusals = append(refusals, refusal{setting, `{"` + variable + `": "` + testParameter + `"}`, setting + "." + strings.ReplaceAll(variable, `\n`, "\n"), name})
		}
		for _, variable := range []string{"AWS_REGION", "NODE_ENV", "PORT", "S3_BUCKET_NAME", "JWT_SECRET"} {
			refusals = append(refusals, refusal{setting, `{"` + variable + `": "` + testParameter + `"}`, setting + "." + variable, taken})
		}
		for _, variable := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ECS_ENGINE_AUTH_DATA"} {
			refusals = append(refusals, refusal{setting, `{"` + variable + `": "` + testParameter + `"}`, setting + "." + variable, role})
		}
	}
	for _, value := range []string{
		"hush", "films/api-key", " " + testParameter, testParameter + ":1", testParameter + " ", testSecret + ":user", testSecret + ":user:", testSecret + ":a:b:c", testSecret + "::::",
		"arn:other:ssm:eu-west-2:123456789012:parameter/a", "arn:aws:ssm::123456789012:parameter/a", "arn:aws:ssm:eu-west-2:12345678901:parameter/a",
		"arn:aws:ssm:eu-west-2:123456789012:parameter/", "arn:aws:ssm:eu-west-2:123456789012:document/a", "arn:aws:s3:::bucket",
		"arn:aws:ssm:eu-west-2:123456789012:parameter/*", "arn:other:secretsmanager:eu-west-2:123456789012:secret:a-AbCdEf",
		"arn:aws:secretsmanager:eu-west-2:12345678901:secret:a-AbCdEf", "arn:aws:secretsmanager:eu-west-2:123456789012:secret:-AbCdEf", "arn:aws:secretsmanager::123456789012:secret:a-AbCdEf",
		"arn:aws:secretsmanager:eu-west-2:123456789012:secret:*-AbCdEf",
		"arn:aws:secretsmanager:eu-west-2:123456789012:secret:database", "arn:aws:secretsmanager:eu-west-2:123456789012:secret:database:user::",
		"arn:aws:secretsmanager:eu-west-2:123456789012:secret:database-AbCdE", "arn:aws:secretsmanager:eu-west-2:123456789012:secret:database-AbCd_f",
	} {
		refusals = append(refusals, refusal{"secrets", `{"A": "` + value + `"}`, "secrets.A", arn})
	}
	for _, each := range refusals {
		wantOneProblem(t, map[string]string{each.setting: each.value}, each.key, "[not shown]"+each.rule)
	}
	const key = " must be the ARN of a KMS key: arn:PARTITION:kms:REGION:ACCOUNT:key/ID"
	for _, value := range []string{
		"alias/media", "arn:aws:kms:eu-west-2:123456789012:alias/media", " " + testKey, testKey + "*", "arn:other:kms:eu-west-2:123456789012:key/a",
		"arn:aws:kms::123456789012:key/a", "arn:aws:kms:eu-west-2:12345678901:key/a", "arn:aws:kms:eu-west-2:123456789012:key/", "arn:aws:ssm:eu-west-2:123456789012:key/a",
	} {
		wantOneProblem(t, map[string]string{"secretsKeyArns": listOfTexts(value)}, "secretsKeyArns[0]", key)
	}
	wantOneProblem(t, map[string]string{"secretsKeyArns": listOfTexts(testKey, testKey)}, "secretsKeyArns[1]", " must not repeat secretsKeyArns[0]; capitals do not make another one")
	wantOneProblem(t, map[string]string{"secretsKeyArns": "x"}, "secretsKeyArns", ` must be a list of texts, such as ["arn:aws:kms:eu-west-2:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"]`)
	wantOneProblem(t, map[string]string{"environment": `{"A": "x"}`, "secrets": `{"A": "` + testParameter + `"}`}, "secrets.A", "[not shown] must not also be in environment")
}

func TestAVariableThatIsASecretOfPulumiIsRefused(t *testing.T) {
	configuration := map[string]string{"mediaserver:environment": `{"A": "hush"}`, "mediaserver:secrets": `{"B": "` + testParameter + `"}`}
	_, err := load(t, "mediaserver", configuration, "mediaserver:environment", "mediaserver:secrets")
	const want = "invalid settings:\nmediaserver:environment: [secret] must not be a Pulumi secret, because the task definition shows it in plain text: " +
		"store the value in Parameter Store or Secrets Manager, and put its ARN into secrets\n"
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") || strings.Count(err.Error(), "mediaserver:") != 1 {
		t.Errorf("the error is %v, want %s", err, want)
	}
}

func TestSecretsOfAnotherRegionAreRefusedTogether(t *testing.T) {
	recorder := newRecorder()
	const rule = " must be in the stack's own region, eu-west-2 in the partition aws\n"
	wantRefusal(t, recorder, recorder.deploy(map[string]string{
		"secrets": `{"A": "arn:aws:ssm:eu-west-1:123456789012:parameter/a", "B": "arn:aws-cn:ssm:eu-west-2:123456789012:parameter/a",
			"C": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-AbCdEf:b::", "D": "arn:aws:secretsmanager:eu-west-2:210987654321:secret:a-AbCdEf"}`,
		"secretsKeyArns": listOfTexts("arn:aws:kms:eu-west-1:123456789012:key/a", "arn:aws-cn:kms:eu-west-2:123456789012:key/b", testKey),
	}),
		"mediaserver:secrets.A: [not shown]"+rule, "mediaserver:secrets.B: [not shown]"+rule, "mediaserver:secrets.C: [not shown]"+rule,
		`mediaserver:secretsKeyArns[0]: "arn:aws:kms:eu-west-1:123456789012:key/a"`+rule, `mediaserver:secretsKeyArns[1]: "arn:aws-cn:kms:eu-west-2:123456789012:key/b"`+rule)
}
