package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// load reads settings the way the program does.
func load(t *testing.T, project string, configuration map[string]string, secretKeys ...string) (settings, error) {
	t.Helper()
	text, err := json.Marshal(configuration)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(pulumi.EnvConfig, string(text))
	var loaded settings
	options := append(newRecorder().options(project, configuration), func(info *pulumi.RunInfo) {
		info.ConfigSecretKeys = secretKeys
	})
	err = pulumi.RunErr(func(ctx *pulumi.Context) error {
		var err error
		loaded, err = loadSettings(ctx)
		return err
	}, options...)
	return loaded, err
}

func TestEverySettingHasADefault(t *testing.T) {
	got, err := load(t, "mediaserver", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := settings{
		name: "mediaserver", appPort: 3000, healthCheckPath: "/health", containerHealthCheck: "curl", startSeconds: 60, nodeEnv: "production", imageTag: "latest",
		environment: map[string]string{}, secrets: map[string]string{}, secretsKeyArns: []string{},
		loadBalancerSubnetIDs: []string{}, taskSubnetIDs: []string{}, assignPublicIP: true, allowedCIDRBlocks: []string{"0.0.0.0/0"},
		domainName: "", hostedZoneID: "", certificateArn: "",
		cpu: 256, memory: 512, desiredCount: 2, minCapacity: 1, maxCapacity: 10, scaleUpCPU: 70, scaleDownCPU: 20,
		corsAllowedOrigins: []string{"*"}, archiveStorageClass: "GLACIER", logRetentionDays: 30,
		cpuArchitecture: "X86_64", containerInsights: "enabled", oldVersionDays: 0,
		forceDestroy: true, executeCommand: true, protectData: false, permissionsBoundaryArn: "",
		alarmEmails: []string{}, alarmTopicArn: "", alarmErrorPercent: 5, alarmResponseSeconds: 5,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the defaults are %+v, want %+v", got, want)
	}
}

func TestASettingWithoutItsDefaultAsksForAnotherPulumi(t *testing.T) {
	recorder := newRecorder()
	configuration := namespaced("mediaserver", defaults())
	delete(configuration, "mediaserver:appPort")
	delete(configuration, "mediaserver:alarmEmails")
	configuration["mediaserver:cpu"] = "1"
	err := pulumi.RunErr(deploy, pulumi.WithMocks("mediaserver", "dev", recorder), func(info *pulumi.RunInfo) { info.Config = configuration })
	wantRefusal(t, recorder, err, "invalid settings:\nno value arrived for appPort, alarmEmails, not even the default in Pulumi.yaml: "+
		"run the program through Pulumi 3.200 or later, which passes it on\nmediaserver:cpu: 1 must be")
	if strings.Contains(err.Error(), ":appPort: ") {
		t.Errorf("a value that did not arrive is checked:\n%v", err)
	}
}

// everySetting gives each setting a value that is not its default.
func everySetting() map[string]string {
	return map[string]string{
		"name": "films", "appPort": "8080", "healthCheckPath": "/ready", "containerHealthCheck": "wget", "startSeconds": "120", "nodeEnv": "staging", "imageTag": "v1",
		"environment": `{"LOG_LEVEL":"debug"}`, "secrets": `{"API_KEY":"` + testSecret + `:key::"}`, "secretsKeyArns": listOfTexts(testKey),
		"vpcId": testVPC, "loadBalancerSubnetIds": `["` + testSubnets[1] + `","` + testSubnets[0] + `"]`,
		"taskSubnetIds": `["` + testSubnets[2] + `"]`, "assignPublicIp": "false", "internal": "true",
		"allowedCidrBlocks": `["10.0.0.0/8","192.0.2.7/32"]`,
		"domainName":        testDomain, "hostedZoneId": testZone, "certificateArn": testCertificate,
		"cpu": "1024", "memory": "2048", "desiredCount": "3", "minCapacity": "2", "maxCapacity": "5",
		"cpuArchitecture": "ARM64", "containerInsights": "enhanced", "oldVersionDays": "60",
		"scaleUpCpu": "80", "scaleDownCpu": "30", "accessLogsBucket": testLogsBucket, "corsAllowedOrigins": `["https://example.com"]`, "archiveStorageClass": "GLACIER_IR",
		"logRetentionDays": "90", "forceDestroy": "false", "executeCommand": "false", "protectData": "true",
		"permissionsBoundaryArn": testBoundary, "adopted": "true",
		"alarmEmails": `["oncall@example.com","ops@example.com"]`, "alarmTopicArn": testTopic,
		"alarmErrorPercent": "10", "alarmResponseSeconds": "3",
	}
}

var everySettingLoaded = settings{
	name: "films", appPort: 8080, healthCheckPath: "/ready", containerHealthCheck: "wget", startSeconds: 120, nodeEnv: "staging", imageTag: "v1",
	environment: map[string]string{"LOG_LEVEL": "debug"}, secrets: map[string]string{"API_KEY": testSecret + ":key::"}, secretsKeyArns: []string{testKey},
	vpcID: testVPC, loadBalancerSubnetIDs: []string{testSubnets[1], testSubnets[0]}, taskSubnetIDs: []string{testSubnets[2]},
	assignPublicIP: false, internal: true, allowedCIDRBlocks: []string{"10.0.0.0/8", "192.0.2.7/32"},
	domainName: testDomain, hostedZoneID: testZone, certificateArn: testCertificate,
	cpu: 1024, memory: 2048, desiredCount: 3, minCapacity: 2, maxCapacity: 5, scaleUpCPU: 80, scaleDownCPU: 30,
	accessLogsBucket: testLogsBucket, corsAllowedOrigins: []string{"https://example.com"}, archiveStorageClass: "GLACIER_IR", logRetentionDays: 90,
	cpuArchitecture: "ARM64", containerInsights: "enhanced", oldVersionDays: 60,
	forceDestroy: false, executeCommand: false, protectData: true,
	permissionsBoundaryArn: testBoundary, adopted: true,
	alarmEmails: []string{"oncall@example.com", "ops@example.com"}, alarmTopicArn: testTopic,
	alarmErrorPercent: 10, alarmResponseSeconds: 3,
}

func TestEverySettingCanBeSet(t *testing.T) {
	got, err := load(t, "mediaserver", namespaced("mediaserver", everySetting()))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, everySettingLoaded) {
		t.Errorf("the settings are %+v, want %+v", got, everySettingLoaded)
	}
}

func TestAProjectOfAnotherNameMayUseItsOwnNamespace(t *testing.T) {
	got, err := load(t, "cinema", namespaced("cinema", everySetting()))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, everySettingLoaded) {
		t.Errorf("the settings are %+v, want %+v", got, everySettingLoaded)
	}
	both := map[string]string{"cinema:appPort": "1111", "mediaserver:appPort": "2222"}
	if got, err = load(t, "cinema", both); err != nil || got.appPort != 2222 {
		t.Errorf("with %v the port is %d (%v), want that of the namespace mediaserver", both, got.appPort, err)
	}
}

func TestValidSettingsAreAccepted(t *testing.T) {
	for _, settings := range []map[string]string{
		{"name": "m1"},
		{"name": "1a"},
		{"name": strings.Repeat("a", 28)},
		{"name": "a-b-c"},
		{"name": "sgmedia"},
		{"name": "internals"},
		{"appPort": "1"},
		{"appPort": "65535"},
		{"healthCheckPath": "/"},
		{"healthCheckPath": "/a?b=c&d={e}"},
		{"healthCheckPath": `/!"$%&'()*+,-./09:;<=>?@AZ[\]^_` + "`az{|}~"},
		{"healthCheckPath": "/" + strings.Repeat("a", 1023)},
		{"accessLogsBucket": ""},
		{"accessLogsBucket": "a.b"},
		{"accessLogsBucket": strings.Repeat("9", 63)},
		{"archiveStorageClass": "GLACIER"},
		{"archiveStorageClass": "NONE"},
		{"containerHealthCheck": "curl"},
		{"containerHealthCheck": "none"},
		{"startSeconds": "0"},
		{"startSeconds": "3600"},
		{"imageTag": strings.Repeat("a", 128)},
		{"imageTag": "_1.2-3"},
		{"desiredCount": "0", "minCapacity": "0"},
		{"desiredCount": "1", "minCapacity": "0", "maxCapacity": "1"},
		{"desiredCount": "10"},
		{"scaleUpCpu": "99", "scaleDownCpu": "98"},
		{"scaleUpCpu": "2", "scaleDownCpu": "1"},
		{"corsAllowedOrigins": `["*","http://a","https://b.example.com:8443","http://127.0.0.1:80","http://[::1]:3000","http://a:1"]`},
		{"corsAllowedOrigins": `["https://*.example.com","https://a:65535"]`},
		{"permissionsBoundaryArn": ""},
		{"permissionsBoundaryArn": "arn:aws-cn:iam::123456789012:policy/a"},
		{"permissionsBoundaryArn": "arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess"},
		{"permissionsBoundaryArn": "arn:aws-eusc:iam::aws:policy/ReadOnlyAccess"},
		{"permissionsBoundaryArn": "arn:aws:iam::123456789012:policy/teams/media/" + strings.Repeat("b", 128)},
		{"permissionsBoundaryArn": "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"},
		{"permissionsBoundaryArn": "arn:aws:iam::123456789012:policy/_+=,.@-"},
		{"cpuArchitecture": "X86_64"},
		{"cpuArchitecture": "ARM64"},
		{"containerInsights": "enabled"},
		{"containerInsights": "enhanced"},
		{"containerInsights": "disabled"},
		{"oldVersionDays": "0"},
		{"oldVersionDays": "1"},
		{"oldVersionDays": "36500"},
		{"alarmEmails": `[]`},
		{"alarmEmails": `["a@b.io"]`},
		{"alarmEmails": `["o'hara+x=1&b~c-d_e.f@mail.eu-west.example.co.uk","OPS@EXAMPLE.COM","ops@example.org","9@1.example.com"]`},
		{"alarmEmails": `["` + strings.Repeat("a", 242) + `@example.com"]`},
		{"alarmEmails": `["a@xn--bcher-kva.example","b@example.xn--p1ai"]`},
		{"alarmEmails": addresses(10)},
		{"alarmTopicArn": ""},
		{"alarmTopicArn": "arn:aws:sns:eu-west-2:123456789012:ops"},
		{"alarmTopicArn": "arn:aws-cn:sns:cn-north-1:123456789012:" + strings.Repeat("a", 256)},
		{"alarmTopicArn": "arn:aws-us-gov:sns:us-gov-west-1:123456789012:A_b-9"},
		{"alarmTopicArn": "arn:aws-eusc:sns:eusc-de-east-1:123456789012:ops"},
		{"alarmErrorPercent": "1"},
		{"alarmErrorPercent": "99"},
		{"alarmResponseSeconds": "1"},
		{"alarmResponseSeconds": "59"},
		{"logRetentionDays": "1"},
		{"logRetentionDays": "3653"},
		{"cpu": "256", "memory": "2048"},
		{"cpu": "512", "memory": "1024"},
		{"cpu": "512", "memory": "4096"},
		{"cpu": "1024", "memory": "8192"},
		{"cpu": "2048", "memory": "16384"},
		{"cpu": "4096", "memory": "8192"},
		{"cpu": "4096", "memory": "30720"},
		{"cpu": "8192", "memory": "16384"},
		{"cpu": "8192", "memory": "20480"},
		{"cpu": "8192", "memory": "61440"},
		{"cpu": "16384", "memory": "32768"},
		{"cpu": "16384", "memory": "122880"},
	} {
		if _, err := load(t, "mediaserver", namespaced("mediaserver", settings)); err != nil {
			t.Errorf("%v: %v", settings, err)
		}
	}
}

func TestEachInvalidSettingIsRefusedWithItsKeyValueAndRule(t *testing.T) {
	for _, refusal := range []struct {
		settings map[string]string
		message  string
	}{
		{map[string]string{"name": ""}, `mediaserver:name: "" must`},
		{map[string]string{"name": "a"}, `mediaserver:name: "a" must`},
		{map[string]string{"name": strings.Repeat("a", 29)}, `a" must`},
		{map[string]string{"name": "Media"}, `mediaserver:name: "Media" must`},
		{map[string]string{"name": "-media"}, `mediaserver:name: "-media" must`},
		{map[string]string{"name": "media-"}, `mediaserver:name: "media-" must`},
		{map[string]string{"name": "me--dia"}, `mediaserver:name: "me--dia" must`},
		{map[string]string{"name": "me_dia"}, `mediaserver:name: "me_dia" must`},
		{map[string]string{"name": "awsmedia"}, `mediaserver:name: "awsmedia" must`},
		{map[string]string{"name": "sg-media"}, `must not begin with "sg-"`},
		{map[string]string{"name": "sthree-a"}, `must not begin with "sthree-"`},
		{map[string]string{"name": "amzn-s3-demo-a"}, `must not begin with "amzn-s3-demo-"`},
		{map[string]string{"appPort": "3x"}, `mediaserver:appPort: "3x" must`},
		{map[string]string{"appPort": "3.5"}, `mediaserver:appPort: "3.5" must`},
		{map[string]string{"appPort": "+80"}, `mediaserver:appPort: "+80" must`},
		{map[string]string{"appPort": "0080"}, `mediaserver:appPort: "0080" must`},
		{map[string]string{"appPort": " 80"}, `mediaserver:appPort: " 80" must`},
		{map[string]string{"appPort": "99999999999999999999"}, `must be a whole number`},
		{map[string]string{"appPort": "-1"}, `mediaserver:appPort: -1 must`},
		{map[string]string{"appPort": "65536"}, `mediaserver:appPort: 65536 must`},
		{map[string]string{"healthCheckPath": "health"}, `mediaserver:healthCheckPath: "health" must`},
		{map[string]string{"healthCheckPath": "/he alth"}, `must begin with / and consist of printable ASCII characters other than space and #, at most 1024`},
		{map[string]string{"healthCheckPath": "/health\n"}, `must begin with / and consist of printable ASCII characters other than space and #, at most 1024`},
		{map[string]string{"healthCheckPath": "/gesund#heit"}, `"/gesund#heit" must`},
		{map[string]string{"healthCheckPath": "/größe"}, `"/größe" must`},
		{map[string]string{"healthCheckPath": "/a\x7f"}, `must begin with /`},
		{map[string]string{"healthCheckPath": "/\x00"}, `must begin with / and consist of printable ASCII characters other than space and #, at most 1024`},
		{map[string]string{"healthCheckPath": "/" + strings.Repeat("a", 1024)}, `must begin with / and consist of printable ASCII characters other than space and #, at most 1024`},
		{map[string]string{"accessLogsBucket": "ab"}, `mediaserver:accessLogsBucket: "ab" must`},
		{map[string]string{"accessLogsBucket": "-ab"}, `mediaserver:accessLogsBucket: "-ab" must`},
		{map[string]string{"accessLogsBucket": "ab."}, `mediaserver:accessLogsBucket: "ab." must`},
		{map[string]string{"accessLogsBucket": "Logs"}, `mediaserver:accessLogsBucket: "Logs" must`},
		{map[string]string{"accessLogsBucket": "logs/alb"}, `mediaserver:accessLogsBucket: "logs/alb" must`},
		{map[string]string{"accessLogsBucket": strings.Repeat("a", 64)}, `a" must be the name of a bucket`},
		{map[string]string{"archiveStorageClass": ""}, `mediaserver:archiveStorageClass: "" must`},
		{map[string]string{"containerHealthCheck": "Curl"}, `mediaserver:containerHealthCheck: "Curl" must`},
		{map[string]string{"startSeconds": "3601"}, `mediaserver:startSeconds: 3601 must`},
		{map[string]string{"nodeEnv": ""}, `mediaserver:nodeEnv: "" must`},
		{map[string]string{"nodeEnv": "  "}, `mediaserver:nodeEnv: "  " must`},
		{map[string]string{"imageTag": ".v1"}, `mediaserver:imageTag: ".v1" must`},
		{map[string]string{"imageTag": "-v1"}, `must be an image tag`},
		{map[string]string{"imageTag": "v1:2"}, `must be an image tag`},
		{map[string]string{"imageTag": strings.Repeat("a", 129)}, `must be an image tag`},
		{map[string]string{"cpu": "300"}, `mediaserver:cpu: 300 must`},
		{map[string]string{"memory": "0"}, `mediaserver:memory: 0 must`},
		{map[string]string{"cpu": "300", "memory": "-1"}, `mediaserver:memory: -1 must be a number of MiB above 0`},
		{map[string]string{"memory": "4096"}, `mediaserver:memory: 4096 must`},
		{map[string]string{"memory": "256"}, `mediaserver:memory: 256 must`},
		{map[string]string{"memory": "600"}, `mediaserver:memory: 600 must`},
		{map[string]string{"memory": "1536"}, `mediaserver:memory: 1536 must`},
		{map[string]string{"cpu": "512", "memory": "1536"}, `with cpu 512: 1024, 2048, 3072 or 4096`},
		{map[string]string{"cpu": "1024", "memory": "9216"}, `with cpu 1024: 2048, 3072, 4096, 5120, 6144, 7168 or 8192`},
		{map[string]string{"cpu": "2048", "memory": "3072"}, `with cpu 2048: 4096, 5120, 6144, 7168, 8192, 9216, 10240, 11264, 12288, 13312, 14336, 15360 or 16384`},
		{map[string]string{"cpu": "4096", "memory": "31744"}, `with cpu 4096: 8192, 9216, 10240, 11264`},
		{map[string]string{"cpu": "8192", "memory": "17408"}, `with cpu 8192: 16384, 20480, 24576, 28672, 32768, 36864, 40960, 45056, 49152, 53248, 57344 or 61440`},
		{map[string]string{"cpu": "16384", "memory": "36864"}, `with cpu 16384: 32768, 40960, 49152, 57344, 65536, 73728, 81920, 90112, 98304, 106496, 114688 or 122880`},
		{map[string]string{"minCapacity": "3"}, `mediaserver:desiredCount: 2 must be from minCapacity (3) to maxCapacity (10)`},
		{map[string]string{"desiredCount": "0"}, `mediaserver:desiredCount: 0 must`},
		{map[string]string{"minCapacity": "11"}, `mediaserver:minCapacity: 11 must not be above maxCapacity (10)`},
		{map[string]string{"scaleUpCpu": "0"}, `mediaserver:scaleUpCpu: 0 must`},
		{map[string]string{"scaleDownCpu": "99"}, `mediaserver:scaleDownCpu: 99 must be a percentage`},
		{map[string]string{"scaleUpCpu": "15"}, `mediaserver:scaleDownCpu: 20 must be below scaleUpCpu (15)`},
		{map[string]string{"corsAllowedOrigins": "null"}, `mediaserver:corsAllowedOrigins: "null" must`},
		{map[string]string{"corsAllowedOrigins": "*"}, `must be a list of texts`},
		{map[string]string{"corsAllowedOrigins": `"*"`}, `must be a list of texts`},
		{map[string]string{"corsAllowedOrigins": "[1]"}, `must be a list of texts`},
		{map[string]string{"corsAllowedOrigins": "[null]"}, `must be a list of texts`},
		{map[string]string{"corsAllowedOrigins": `["*",""]`}, `mediaserver:corsAllowedOrigins[1]: "" must`},
		{map[string]string{"corsAllowedOrigins": `["example.com"]`}, `mediaserver:corsAllowedOrigins[0]: "example.com" must be * or scheme://host[:port] with the scheme http or https, and nothing behind it`},
		{map[string]string{"corsAllowedOrigins": `["ftp://example.com"]`}, `"ftp://example.com" must`},
		{map[string]string{"corsAllowedOrigins": `["https://"]`}, `"https://" must`},
		{map[string]string{"corsAllowedOrigins": `["https://a/"]`}, `"https://a/" must`},
		{map[string]string{"corsAllowedOrigins": `["https://a/path"]`}, `"https://a/path" must`},
		{map[string]string{"corsAllowedOrigins": `["https://a?b"]`}, `"https://a?b" must`},
		{map[string]string{"corsAllowedOrigins": `["https://a#b"]`}, `"https://a#b" must`},
		{map[string]string{"corsAllowedOrigins": `["https://u@a"]`}, `"https://u@a" must`},
		{map[string]string{"corsAllowedOrigins": `["https://a:"]`}, `"https://a:" must`},
		{map[string]string{"corsAllowedOrigins": `["https://a:0"]`}, `"https://a:0" must`},
		{map[string]string{"corsAllowedOrigins": `["https://a:65536"]`}, `"https://a:65536" must`},
		{map[string]string{"corsAllowedOrigins": `["https://a b"]`}, `"https://a b" must`},
		{map[string]string{"corsAllowedOrigins": `["https://a.*.b"]`}, `"https://a.*.b" must`},
		{map[string]string{"logRetentionDays": "0"}, `mediaserver:logRetentionDays: 0 must`},
		{map[string]string{"logRetentionDays": "31"}, `mediaserver:logRetentionDays: 31 must`},
		{map[string]string{"cpuArchitecture": "linux/amd64"}, `mediaserver:cpuArchitecture: "linux/amd64" must`},
		{map[string]string{"cpuArchitecture": ""}, `mediaserver:cpuArchitecture: "" must`},
		{map[string]string{"containerInsights": "true"}, `mediaserver:containerInsights: "true" must`},
		{map[string]string{"containerInsights": "Enhanced"}, `mediaserver:containerInsights: "Enhanced" must`},
		{map[string]string{"oldVersionDays": "36501"}, `mediaserver:oldVersionDays: 36501 must`},
		{map[string]string{"oldVersionDays": "never"}, `mediaserver:oldVersionDays: "never" must`},
		{map[string]string{"forceDestroy": "True"}, `mediaserver:forceDestroy: "True" must`},
		{map[string]string{"executeCommand": "1"}, `mediaserver:executeCommand: "1" must`},
		{map[string]string{"protectData": ""}, `mediaserver:protectData: "" must`},
		{map[string]string{"permissionsBoundaryArn": "mediaserver-boundary"}, `mediaserver:permissionsBoundaryArn: "mediaserver-boundary" must`},
		{map[string]string{"permissionsBoundaryArn": "arn:other:iam::123456789012:policy/a"}, `:policy/a" must`},
		{map[string]string{"permissionsBoundaryArn": "arn:aws:s3::123456789012:policy/a"}, `must be the ARN of an IAM policy`},
		{map[string]string{"permissionsBoundaryArn": "arn:aws:iam:eu-west-2:123456789012:policy/a"}, `must be the ARN of an IAM policy`},
		{map[string]string{"permissionsBoundaryArn": "arn:aws:iam::12345678901:policy/a"}, `must be the ARN of an IAM policy`},
		{map[string]string{"permissionsBoundaryArn": "arn:aws:iam:::policy/a"}, `must be the ARN of an IAM policy`},
		{map[string]string{"permissionsBoundaryArn": "arn:aws:iam::123456789012:role/a"}, `must be the ARN of an IAM policy`},
		{map[string]string{"permissionsBoundaryArn": "arn:aws:iam::123456789012:policy/"}, `must be the ARN of an IAM policy`},
		{map[string]string{"permissionsBoundaryArn": "arn:aws:iam::123456789012:policy/a*"}, `must be the ARN of an IAM policy`},
		{map[string]string{"permissionsBoundaryArn": "arn:aws:iam::123456789012:policy/a/"}, `must be the ARN of an IAM policy`},
		{map[string]string{"permissionsBoundaryArn": " arn:aws:iam::123456789012:policy/a"}, `must be the ARN of an IAM policy`},
		{map[string]string{"permissionsBoundaryArn": "arn:aws:iam::123456789012:policy/" + strings.Repeat("b", 129)}, `must be the ARN of an IAM policy`},
		{map[string]string{"alarmEmails": `oncall@example.com`}, `mediaserver:alarmEmails: "oncall@example.com" must be a list of texts`},
		{map[string]string{"alarmEmails": `[""]`}, `mediaserver:alarmEmails[0]: "" must be an e-mail address`},
		{map[string]string{"alarmEmails": `[" "]`}, `mediaserver:alarmEmails[0]: " " must be an e-mail address`},
		{map[string]string{"alarmEmails": `["oncall"]`}, `mediaserver:alarmEmails[0]: "oncall" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["@example.com"]`}, `mediaserver:alarmEmails[0]: "@example.com" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["oncall@"]`}, `mediaserver:alarmEmails[0]: "oncall@" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["oncall@example"]`}, `mediaserver:alarmEmails[0]: "oncall@example" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["a@b@example.com"]`}, `mediaserver:alarmEmails[0]: "a@b@example.com" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["a b@example.com"]`}, `mediaserver:alarmEmails[0]: "a b@example.com" must be an e-mail address`},
		{map[string]string{"alarmEmails": `[" a@example.com"]`}, `mediaserver:alarmEmails[0]: " a@example.com" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["a@example.com "]`}, `mediaserver:alarmEmails[0]: "a@example.com " must be an e-mail address`},
		{map[string]string{"alarmEmails": `[".a@example.com"]`}, `mediaserver:alarmEmails[0]: ".a@example.com" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["a.@example.com"]`}, `mediaserver:alarmEmails[0]: "a.@example.com" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["a..b@example.com"]`}, `mediaserver:alarmEmails[0]: "a..b@example.com" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["a@-example.com"]`}, `mediaserver:alarmEmails[0]: "a@-example.com" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["a@example-.com"]`}, `mediaserver:alarmEmails[0]: "a@example-.com" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["a@.example.com"]`}, `mediaserver:alarmEmails[0]: "a@.example.com" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["a@example..com"]`}, `mediaserver:alarmEmails[0]: "a@example..com" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["a@example.com."]`}, `mediaserver:alarmEmails[0]: "a@example.com." must be an e-mail address`},
		{map[string]string{"alarmEmails": `["a@example.1"]`}, `mediaserver:alarmEmails[0]: "a@example.1" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["a@example.c"]`}, `mediaserver:alarmEmails[0]: "a@example.c" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["a@example.c-"]`}, `mediaserver:alarmEmails[0]: "a@example.c-" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["größe@example.com"]`}, `mediaserver:alarmEmails[0]: "größe@example.com" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["a@größe.com"]`}, `mediaserver:alarmEmails[0]: "a@größe.com" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["<a@example.com>"]`}, `mediaserver:alarmEmails[0]: "<a@example.com>" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["A <a@example.com>"]`}, `mediaserver:alarmEmails[0]: "A <a@example.com>" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["a@[127.0.0.1]"]`}, `mediaserver:alarmEmails[0]: "a@[127.0.0.1]" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["a@127.0.0.1"]`}, `mediaserver:alarmEmails[0]: "a@127.0.0.1" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["a/b@example.com"]`}, `mediaserver:alarmEmails[0]: "a/b@example.com" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["a*@example.com"]`}, `mediaserver:alarmEmails[0]: "a*@example.com" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["a@ex_ample.com"]`}, `mediaserver:alarmEmails[0]: "a@ex_ample.com" must be an e-mail address`},
		{map[string]string{"alarmEmails": `["a@example.com\nb@example.com"]`}, `must be an e-mail address`},
		{map[string]string{"alarmEmails": `["` + strings.Repeat("a", 243) + `@example.com"]`}, `must be an e-mail address`},
		{map[string]string{"alarmEmails": `["a@example.com","b@example.com","A@Example.com"]`}, `mediaserver:alarmEmails[2]: "A@Example.com" must not repeat alarmEmails[0]`},
		{map[string]string{"alarmEmails": addresses(11)}, `must be at most 10 addresses`},
		{map[string]string{"alarmTopicArn": "ops"}, `mediaserver:alarmTopicArn: "ops" must`},
		{map[string]string{"alarmTopicArn": "arn:aws:sqs:eu-west-2:123456789012:ops"}, `must be the ARN of an Amazon SNS topic`},
		{map[string]string{"alarmTopicArn": "arn:other:sns:eu-west-2:123456789012:ops"}, `must be the ARN of an Amazon SNS topic`},
		{map[string]string{"alarmTopicArn": "arn:aws:sns::123456789012:ops"}, `must be the ARN of an Amazon SNS topic`},
		{map[string]string{"alarmTopicArn": "arn:aws:sns:eu-west-2:12345678901:ops"}, `must be the ARN of an Amazon SNS topic`},
		{map[string]string{"alarmTopicArn": "arn:aws:sns:eu-west-2:123456789012:"}, `must be the ARN of an Amazon SNS topic`},
		{map[string]string{"alarmTopicArn": "arn:aws:sns:eu-west-2:123456789012:ops.fifo"}, `must be the ARN of an Amazon SNS topic`},
		{map[string]string{"alarmTopicArn": "arn:aws:sns:eu-west-2:123456789012:ops:8a21d249-4329-4871-acc6-7be709c6ea7f"}, `must be the ARN of an Amazon SNS topic`},
		{map[string]string{"alarmTopicArn": "arn:aws:sns:eu-west-2:123456789012:" + strings.Repeat("a", 257)}, `must be the ARN of an Amazon SNS topic`},
		{map[string]string{"alarmTopicArn": " arn:aws:sns:eu-west-2:123456789012:ops"}, `must be the ARN of an Amazon SNS topic`},
		{map[string]string{"alarmErrorPercent": "100"}, `mediaserver:alarmErrorPercent: 100 must`},
		{map[string]string{"alarmErrorPercent": "2.5"}, `must be a whole number`},
		{map[string]string{"alarmResponseSeconds": "0"}, `mediaserver:alarmResponseSeconds: 0 must`},
		{map[string]string{"desiredCout": "3"}, `mediaserver:desiredCout: "3" is not a setting`},
	} {
		_, err := load(t, "mediaserver", namespaced("mediaserver", refusal.settings))
		if err == nil {
			t.Errorf("%v was accepted", refusal.settings)
			continue
		}
		if !strings.Contains(err.Error(), refusal.message) {
			t.Errorf("%v: the error lacks %q:\n%v", refusal.settings, refusal.message, err)
		}
		if problems := strings.Count(err.Error(), "mediaserver:"); problems != len(refusal.settings) && problems != 1 {
			t.Errorf("%v is reported %d times:\n%v", refusal.settings, problems, err)
		}
	}
}

func TestEachRuleIsWordedForTheUser(t *testing.T) {
	for _, worded := range []struct{ key, value, problem string }{
		{"name", "A", `"A" must be 2 to 28 lower-case letters, digits and single inner hyphens, so that every name made from it is valid on AWS`},
		{"name", "aws", `"aws" must not begin with "aws": Parameter Store keeps names that begin with aws`},
		{"name", "ssm", `"ssm" must not begin with "ssm": Parameter Store keeps names that begin with ssm`},
		{"name", "sg", `"sg" must not begin with "sg-": the name of a security group must not begin with sg-`},
		{"name", "internal", `"internal" must not begin with "internal-": the name of a load balancer must not begin with internal-`},
		{"name", "sthree", `"sthree" must not begin with "sthree-": the name of a bucket must not begin with sthree-`},
		{"name", "amzn-s3-demo", `"amzn-s3-demo" must not begin with "amzn-s3-demo-": the name of a bucket must not begin with amzn-s3-demo-`},
		{"appPort", "", `"" must not be empty; remove the key to use the default`},
		{"appPort", "x", `"x" must be a whole number`},
		{"appPort", "0", `0 must be a TCP port, from 1 to 65535`},
		{"healthCheckPath", "x", `"x" must begin with / and consist of printable ASCII characters other than space and #, at most 1024: the load balancer asks for the path as it is, and curl leaves out what is behind a #`},
		{"containerHealthCheck", "", `"" must not be empty; remove the key to use the default`},
		{"accessLogsBucket", "A", `"A" must be the name of a bucket: 3 to 63 lower-case letters, digits, hyphens and periods, beginning and ending with a letter or a digit`},
		{"archiveStorageClass", "DEEP_ARCHIVE", `"DEEP_ARCHIVE" must be GLACIER, GLACIER_IR or NONE`},
		{"containerHealthCheck", "nc", `"nc" must be curl, wget or none`},
		{"startSeconds", "-1", `-1 must be from 0 to 3600 seconds`},
		{"nodeEnv", " ", `" " must not be blank`},
		{"imageTag", "!", `"!" must be an image tag: 1 to 128 letters, digits, underscores, periods and hyphens, not beginning with a period or a hyphen`},
		{"cpu", "1", `1 must be a number of CPU units that AWS Fargate offers: 256, 512, 1024, 2048, 4096, 8192 or 16384`},
		{"memory", "1", `1 must be a number of MiB that AWS Fargate offers with cpu 256: 512, 1024 or 2048`},
		{"desiredCount", "-1", `-1 must be 0 or more tasks`},
		{"desiredCount", "11", `11 must be from minCapacity (1) to maxCapacity (10), because AWS moves the number of tasks into this range as soon as autoscaling is set up; to begin without a task, set minCapacity to 0 too`},
		{"minCapacity", "-1", `-1 must be 0 or more tasks`},
		{"maxCapacity", "0", `0 must be 1 or more tasks`},
		{"scaleUpCpu", "100", `100 must be a percentage, from 1 to 99: the utilisation never exceeds 100, so no task would be added`},
		{"scaleDownCpu", "0", `0 must be a percentage, from 1 to 98, below scaleUpCpu`},
		{"scaleDownCpu", "70", `70 must be below scaleUpCpu (70), or the service would scale up and down at once`},
		{"corsAllowedOrigins", "x", `"x" must be a list of texts, such as ["https://media.example.com"]`},
		{"corsAllowedOrigins", "[]", `[] must name at least one origin; ["*"] allows every origin`},
		{"alarmEmails", "x", `"x" must be a list of texts, such as ["oncall@example.com"]`},
		{"alarmEmails", addresses(11), `[a0@example.com a1@example.com a2@example.com a3@example.com a4@example.com a5@example.com a6@example.com a7@example.com a8@example.com a9@example.com a10@example.com] must be at most 10 addresses: put more behind a mailing list, or behind a topic of your own (alarmTopicArn)`},
		{"alarmTopicArn", "x", `"x" must be the ARN of an Amazon SNS topic: arn:PARTITION:sns:REGION:ACCOUNT:NAME, and not of a FIFO topic, to which only senders that name a message group can publish`},
		{"alarmErrorPercent", "0", `0 must be a percentage, from 1 to 99`},
		{"alarmResponseSeconds", "60", `60 must be from 1 to 59 seconds: after 60 the load balancer gives up`},
		{"logRetentionDays", "2", `2 must be a number of days that CloudWatch Logs accepts: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653`},
		{"cpuArchitecture", "arm64", `"arm64" must be a processor that AWS Fargate offers: X86_64 or ARM64`},
		{"containerInsights", "on", `"on" must be enabled, enhanced or disabled`},
		{"oldVersionDays", "-1", `-1 must be a number of days from 1 to 36500, or 0 to keep old versions for ever`},
		{"forceDestroy", "yes", `"yes" must be true or false`},
		{"apport", "1", `"1" is not a setting of this program; did you mean appPort?`},
		{"desiredCout", "1", `"1" is not a setting of this program; did you mean desiredCount?`},
		{"enviroment.DATABASE_PASSWORD", "hush", `[not shown] is not a setting of this program; did you mean environment?`},
		{"secret", "hush", `[not shown] is not a setting of this program; did you mean secrets?`},
		{"alarmEmail", `{"DATABASE_PASSWORD": "hush"}`, `[not shown] is not a setting of this program; did you mean alarmEmails?`},
		{"scaleCpuUp", "1", `"1" is not a setting of this program; did you mean scaleUpCpu?`},
		{"permissionsBoundaryArn", "x", `"x" must be the ARN of an IAM policy: arn:PARTITION:iam::ACCOUNT:policy/NAME, with aws as the account for a policy of AWS's own`},
	} {
		_, err := load(t, "mediaserver", map[string]string{"mediaserver:" + worded.key: worded.value})
		want := "invalid settings:\nmediaserver:" + worded.key + ": " + worded.problem
		if err == nil || !strings.Contains(err.Error(), want+"\n") {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}

// addresses is a list of so many different addresses.
func addresses(count int) string {
	var all []string
	for i := range count {
		all = append(all, fmt.Sprintf("%q", fmt.Sprintf("a%d@example.com", i)))
	}
	return "[" + strings.Join(all, ",") + "]"
}

func TestAllProblemsAreReportedAtOnceBeforeAnythingIsRegistered(t *testing.T) {
	recorder := newRecorder()
	wantRefusal(t, recorder, recorder.deploy(map[string]string{
		"name": "Media!", "appPort": "web", "cpu": "300", "desiredCount": "99", "corsAllowedOrigins": `["nowhere","*","https://"]`,
		"domainName": "*.example.com", "alarmEmails": `["ops","oncall@example.com","ONCALL@example.com"]`, "alarmTopicArn": "ops",
	}),
		"invalid settings:",
		`mediaserver:name: "Media!" must be`,
		`mediaserver:appPort: "web" must be a whole number`,
		`mediaserver:cpu: 300 must be`,
		`mediaserver:desiredCount: 99 must be`,
		`mediaserver:corsAllowedOrigins[0]: "nowhere" must be`,
		`mediaserver:corsAllowedOrigins[2]: "https://" must be`,
		`mediaserver:domainName: "*.example.com" must be`,
		`mediaserver:alarmEmails[0]: "ops" must be an e-mail address, NAME@DOMAIN, of at most 254 letters, digits and _+'&=~-. characters`,
		`mediaserver:alarmEmails[2]: "ONCALL@example.com" must not repeat alarmEmails[1]; capitals do not make another one`,
		`mediaserver:alarmTopicArn: "ops" must be`,
	)
	if len(recorder.lookups) > 0 {
		t.Errorf("the account was asked %d questions before the error", len(recorder.lookups))
	}
}

func TestASecretIsNotShownInAnError(t *testing.T) {
	_, err := load(t, "mediaserver", map[string]string{
		"mediaserver:imageTag": "hush hush", "mediaserver:jwtSecret": "hush hush", "mediaserver:corsAllowedOrigins": `["hush hush"]`,
	}, "mediaserver:imageTag", "mediaserver:jwtSecret", "mediaserver:corsAllowedOrigins")
	if err == nil || strings.Contains(err.Error(), "hush") || strings.Count(err.Error(), ": [secret] ") != 3 {
		t.Errorf("the error is %v, want three problems without their values", err)
	}
}

func TestKeysOfOtherNamespacesAreNotOurs(t *testing.T) {
	if _, err := load(t, "mediaserver", map[string]string{"aws:region": testRegion, "other:appPort": "x"}); err != nil {
		t.Error(err)
	}
}

// nameLimits are the longest names that AWS accepts, in characters, from the
// documentation of each service.
var nameLimits = map[string]int{
	"SecurityGroup": 255, "BucketV2": 63, "Repository": 256, "Role": 64, "RolePolicy": 128, "Parameter": 1011,
	"LoadBalancer": 32, "TargetGroup": 32, "Cluster": 255, "TaskDefinition": 255, "Service": 255, "Policy": 256,
	"MetricAlarm": 255, "LogGroup": 512, "Dashboard": 255, "Topic": 256,
}

func TestEveryNameIsMadeFromTheNameSettingAndFitsItsLimit(t *testing.T) {
	longest := strings.Repeat("n", 28)
	named := 0
	for _, r := range run(t, map[string]string{"name": longest, "alarmEmails": `["oncall@example.com"]`}).records {
		kind := r.key()[:strings.Index(r.key(), " ")]
		for _, property := range []string{"name", "bucket", "family", "dashboardName", "repository", "clusterName", "role"} {
			text, isText := r.inputs[property].(string)
			if !isText {
				continue
			}
			named++
			if !strings.Contains(text, longest) {
				t.Errorf("%s: the name %q is not made from the setting", r.key(), text)
			}
			if limit, limited := nameLimits[kind]; limited && len(text) > limit {
				t.Errorf("%s: the name %q has %d characters, AWS accepts %d", r.key(), text, len(text), limit)
			}
		}
		if strings.Contains(fmt.Sprint(r.inputs), "mediaserver") {
			t.Errorf("%s still says mediaserver: %v", r.key(), r.inputs)
		}
	}
	if named < 25 {
		t.Errorf("only %d names were checked", named)
	}
}
