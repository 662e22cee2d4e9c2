package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The account that the mocks play.
const (
	testAccount   = "123456789012"
	testRegion    = "eu-west-2"
	testSuffix    = "abc12345"
	testBucket    = "mediaserver-storage-abc12345"
	testJWTSecret = "0123456789abcdefghijklmnopqrstuv"
	testBoundary  = "arn:aws:iam::123456789012:policy/mediaserver-boundary"

	testLogsBucket  = "central-access-logs"
	testVPC         = "vpc-0123456789abcdef0"
	testDomain      = "media.example.com"
	testZone        = "Z0123456789ABCDEFGHIJ"
	testCertificate = "arn:aws:acm:eu-west-2:123456789012:certificate/12345678-1234-1234-1234-123456789012"
	testTopic       = "arn:aws:sns:eu-west-2:123456789012:operations"
)

// testSubnets are subnets of testVPC, each in another zone.
var testSubnets = []string{"subnet-0123456789abcdef0", "subnet-0123456789abcdef1", "subnet-0123456789abcdef2"}

// record is one resource as the program registered it.
type record struct {
	// token is the type of the resource.
	token string
	// name is the logical name.
	name string
	// inputs are the inputs as plain values; see plain.
	inputs map[string]any
	// dependencies are what the registration waits for, as keys, sorted.
	dependencies []string
	// ignored are the properties whose changes are ignored.
	ignored []string
	// protected tells whether Pulumi refuses to delete the resource.
	protected bool
	// provider is the provider that the program chose. Empty for the default one.
	provider string
	// createTimeout is how long its creation may take. Empty for the default.
	createTimeout string
}

// key names a resource in tests: the last part of its type and its name.
func (r record) key() string { return resourceKey(r.token, r.name) }

func resourceKey(token, name string) string {
	return token[strings.LastIndex(token, ":")+1:] + " " + name
}

// secret is the plain form of a secret value.
type secret struct{ value any }

// recorder stands in for the engine: it answers lookups and registrations as
// AWS would, and keeps what was registered.
type recorder struct {
	// subnets and zones are what the lookups find, and fargateSubnets what the one
	// finds that asks for zones with AWS Fargate only.
	subnets, fargateSubnets, zones []string
	// statedSubnets are the subnets that a lookup by id finds: the VPC and the zone of
	// each.
	statedSubnets map[string][2]string
	// region and partition are those of the account.
	region, partition string
	// vpcError and identityError are the answers to the lookups of the default VPC
	// and of the account. Nil: there is one.
	vpcError, identityError error
	// zoneName and zonePrivate are what the lookup of a hosted zone finds, and
	// zoneError how it fails. Nil: there is one.
	zoneName    string
	zonePrivate bool
	zoneError   error

	// configuration is that of the last run, each key with its namespace.
	configuration map[string]string
	// inspected are the kinds of resources that a check of a control has asked for.
	inspected map[string]bool

	lock    sync.Mutex
	records []record
	lookups map[string]map[string]any
	// beforeLookup is called before a lookup is answered. Nil for nothing.
	beforeLookup func(token string)
}

func newRecorder() *recorder {
	return &recorder{
		subnets:   []string{"subnet-c", "subnet-a", "subnet-b"},
		zones:     []string{"eu-west-2a", "eu-west-2b", "eu-west-2c"},
		region:    testRegion,
		partition: "aws",
		zoneName:  "example.com",
		lookups:   map[string]map[string]any{},
		inspected: map[string]bool{},
		statedSubnets: map[string][2]string{
			testSubnets[0]: {testVPC, "euw2-az1"},
			testSubnets[1]: {testVPC, "euw2-az2"},
			testSubnets[2]: {testVPC, "euw2-az3"},
		},
	}
}

// Call answers the lookups.
func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	lookup := args.Token
	ofFargate := lookup == "aws:ec2/getSubnets:getSubnets" && len(args.Args["filters"].ArrayValue()) > 2
	if ofFargate {
		lookup += " in zones with AWS Fargate"
	}
	r.lock.Lock()
	r.lookups[lookup] = plainMap(args.Args)
	r.lock.Unlock()
	if r.beforeLookup != nil {
		r.beforeLookup(args.Token)
	}
	switch args.Token {
	case "aws:index/getCallerIdentity:getCallerIdentity":
		return resource.NewPropertyMapFromMap(map[string]any{"accountId": testAccount}), r.identityError
	case "aws:index/getRegion:getRegion":
		return resource.NewPropertyMapFromMap(map[string]any{"name": r.region}), nil
	case "aws:index/getPartition:getPartition":
		return resource.NewPropertyMapFromMap(map[string]any{"partition": r.partition}), nil
	case "aws:ec2/getVpc:getVpc":
		return resource.NewPropertyMapFromMap(map[string]any{"id": "vpc-1"}), r.vpcError
	case "aws:ec2/getSubnets:getSubnets":
		if ofFargate {
			return resource.NewPropertyMapFromMap(map[string]any{"ids": anySlice(r.fargateSubnets)}), nil
		}
		return resource.NewPropertyMapFromMap(map[string]any{"ids": anySlice(r.subnets)}), nil
	case "aws:ec2/getSubnet:getSubnet":
		subnet, found := r.statedSubnets[args.Args["id"].StringValue()]
		if !found {
			return nil, errors.New("no matching EC2 Subnet found")
		}
		return resource.NewPropertyMapFromMap(map[string]any{"vpcId": subnet[0], "availabilityZoneId": subnet[1]}), nil
	case "aws:index/getAvailabilityZones:getAvailabilityZones":
		return resource.NewPropertyMapFromMap(map[string]any{"names": anySlice(r.zones)}), nil
	case "aws:route53/getZone:getZone":
		return resource.NewPropertyMapFromMap(map[string]any{
			"name": r.zoneName, "privateZone": r.zonePrivate, "nameServers": []any{"ns-1.example.net", "ns-2.example.net"},
		}), r.zoneError
	default:
		return nil, fmt.Errorf("no mock for the function %s", args.Token)
	}
}

// NewResource records a resource and gives it what AWS would compute.
func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	inputs := plainMap(args.Inputs)
	recorded := record{
		token:     args.TypeToken,
		name:      args.Name,
		inputs:    inputs,
		ignored:   args.RegisterRPC.GetIgnoreChanges(),
		protected: args.RegisterRPC.GetProtect(),
		provider:  args.Provider,

		createTimeout: args.RegisterRPC.GetCustomTimeouts().GetCreate(),
	}
	for _, dependency := range args.RegisterRPC.GetDependencies() {
		parsed := urn.URN(dependency)
		recorded.dependencies = append(recorded.dependencies, resourceKey(string(parsed.Type()), parsed.Name()))
	}
	slices.Sort(recorded.dependencies)
	r.lock.Lock()
	r.records = append(r.records, recorded)
	r.lock.Unlock()

	id, computed, err := computedByAWS(recorded)
	if err != nil {
		return "", nil, err
	}
	outputs := args.Inputs.Copy()
	maps.Copy(outputs, resource.NewPropertyMapFromMap(computed))
	return id, outputs, nil
}

// computedByAWS are the id and the outputs that AWS adds to a resource.
func computedByAWS(r record) (string, map[string]any, error) {
	arn := func(service, rest string) string {
		return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, testRegion, testAccount, rest)
	}
	text := func(property string) string { return r.inputs[property].(string) }
	switch r.key() {
	case "RandomString bucket-suffix":
		return testSuffix, map[string]any{"result": testSuffix}, nil
	case "RandomPassword jwt-secret":
		return "none", map[string]any{"result": testJWTSecret}, nil
	case "SecurityGroup alb", "SecurityGroup ecs-tasks":
		return "sg-" + r.name, nil, nil
	case "LoadBalancer mediaserver":
		return arn("elasticloadbalancing", "loadbalancer/app/alb/1"), map[string]any{
			"arn":       arn("elasticloadbalancing", "loadbalancer/app/alb/1"),
			"arnSuffix": "app/alb/1",
			"dnsName":   "alb-1.eu-west-2.elb.amazonaws.com",
			"zoneId":    "ZHURV8PSTC4K8",
		}, nil
	case "TargetGroup mediaserver":
		return arn("elasticloadbalancing", "targetgroup/tg/2"), map[string]any{
			"arn":       arn("elasticloadbalancing", "targetgroup/tg/2"),
			"arnSuffix": "targetgroup/tg/2",
		}, nil
	case "Certificate mediaserver":
		proof := map[string]any{
			"domainName":         text("domainName"),
			"resourceRecordName": "_1." + text("domainName") + ".", "resourceRecordType": "CNAME", "resourceRecordValue": "_2.acm-validations.aws.",
		}
		return testCertificate, map[string]any{"arn": testCertificate, "domainValidationOptions": []any{proof}}, nil
	case "Record certificate-validation", "Record mediaserver":
		return r.name, map[string]any{"fqdn": strings.TrimSuffix(text("name"), ".")}, nil
	case "BucketV2 media-storage":
		bucket := text("bucket")
		return bucket, map[string]any{"arn": "arn:aws:s3:::" + bucket}, nil
	case "Repository mediaserver":
		name := text("name")
		return name, map[string]any{
			"repositoryUrl": fmt.Sprintf("%s.dkr.ecr.%s.amazonaws.com/%s", testAccount, testRegion, name),
		}, nil
	case "Role ecs-task-execution-role", "Role ecs-task-role":
		name := text("name")
		return name, map[string]any{"arn": fmt.Sprintf("arn:aws:iam::%s:role/%s", testAccount, name)}, nil
	case "Parameter jwt-secret", "Parameter s3-bucket-name", "Parameter app-config":
		name := text("name")
		return name, map[string]any{"arn": arn("ssm", "parameter"+name)}, nil
	case "Cluster main":
		return text("name"), map[string]any{"arn": arn("ecs", "cluster/1")}, nil
	case "TaskDefinition mediaserver":
		family := text("family")
		return family, map[string]any{"arn": arn("ecs", "task-definition/"+family+":1")}, nil
	case "Policy scale-up", "Policy scale-down":
		return r.name, map[string]any{"arn": arn("autoscaling", "scalingPolicy:"+r.name)}, nil
	case "Topic alarms":
		topic := arn("sns", text("name"))
		return topic, map[string]any{"arn": topic}, nil
	case "MetricAlarm server-errors", "MetricAlarm slow-responses", "MetricAlarm no-healthy-target",
		"MetricAlarm unhealthy-targets", "MetricAlarm at-max-capacity", "MetricAlarm high-memory":
		name := text("name")
		return name, map[string]any{"arn": arn("cloudwatch", "alarm:"+name)}, nil
	case "LogGroup ecs-logs", "LogGroup app-logs":
		name := text("name")
		return name, map[string]any{"arn": arn("logs", "log-group:"+name)}, nil
	default:
		return "id-" + r.name, nil, nil
	}
}

// run deploys the stack with the settings given on top of the defaults, and
// returns what was registered.
func run(t *testing.T, settings map[string]string) *recorder {
	t.Helper()
	recorder := newRecorder()
	if err := recorder.deploy(settings); err != nil {
		t.Fatalf("deploy with %v: %v", settings, err)
	}
	return recorder
}

// deploy runs the whole program against the recorder.
func (r *recorder) deploy(settings map[string]string) error {
	return pulumi.RunErr(deploy, r.options("mediaserver", namespaced("mediaserver", settings))...)
}

// options are the options of a run in a project with a configuration, to which
// the defaults of Pulumi.yaml are added as the command line does.
func (r *recorder) options(project string, configuration map[string]string) []pulumi.RunOption {
	passed := namespaced(project, defaults())
	maps.Copy(passed, configuration)
	r.configuration = passed
	return []pulumi.RunOption{
		pulumi.WithMocks(project, "dev", r),
		func(info *pulumi.RunInfo) { info.Config = passed },
	}
}

// defaults are the default values of Pulumi.yaml as configuration texts.
var defaults = sync.OnceValue(func() map[string]string {
	values := map[string]string{}
	for key, declared := range project().Config {
		values[key] = settingText(declared.Default)
	}
	return values
})

// project is Pulumi.yaml.
var project = sync.OnceValue(func() *workspace.Project {
	read, err := workspace.LoadProject("Pulumi.yaml")
	if err != nil {
		panic(err)
	}
	return read
})

// settingText is a value of Pulumi.yaml as configuration text.
func settingText(value any) string {
	if text, isText := value.(string); isText {
		return text
	}
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// namespaced puts settings into a configuration namespace. Those of another one,
// such as aws:defaultTags, stay there.
func namespaced(namespace string, settings map[string]string) map[string]string {
	configuration := map[string]string{}
	for key, value := range settings {
		if !strings.Contains(key, ":") {
			key = namespace + ":" + key
		}
		configuration[key] = value
	}
	return configuration
}

// find returns the resource with a key such as "Role ecs-task-role".
func (r *recorder) find(t *testing.T, key string) record {
	t.Helper()
	for _, candidate := range r.records {
		if candidate.key() == key {
			return candidate
		}
	}
	t.Fatalf("%s was not registered", key)
	return record{}
}

// object is a JSON object or a map of properties.
type object = map[string]any

// list is a JSON array or a list of properties.
type list = []any

// jsonText is the expectation of a text that holds JSON.
type jsonText struct{ content any }

// wantInputs asserts that a resource has exactly the expected inputs.
func (r *recorder) wantInputs(t *testing.T, key string, want object) {
	t.Helper()
	got := r.find(t, key).inputs
	for _, property := range slices.Sorted(maps.Keys(want)) {
		if _, found := got[property]; !found {
			t.Errorf("%s: %s is missing, want %v", key, property, want[property])
		}
	}
	for _, property := range slices.Sorted(maps.Keys(got)) {
		expected, found := want[property]
		if !found {
			t.Errorf("%s: unexpected input %s = %v", key, property, got[property])
			continue
		}
		wantEqual(t, key+"."+property, got[property], expected)
	}
}

// wantEqual asserts that a plain value is the expected one. Texts that hold
// JSON are compared by what they mean.
func wantEqual(t *testing.T, path string, got, want any) {
	t.Helper()
	switch want := want.(type) {
	case jsonText:
		wantEqual(t, path, parseJSON(t, path, got), want.content)
	case object:
		got, isObject := got.(object)
		if !isObject {
			t.Errorf("%s = %v, want an object", path, got)
			return
		}
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if _, found := got[key]; !found {
				t.Errorf("%s.%s is missing, want %v", path, key, want[key])
			}
		}
		for _, key := range slices.Sorted(maps.Keys(got)) {
			if expected, found := want[key]; found {
				wantEqual(t, path+"."+key, got[key], expected)
			} else {
				t.Errorf("%s: unexpected %s = %v", path, key, got[key])
			}
		}
	case list:
		got, isList := got.(list)
		if !isList || len(got) != len(want) {
			t.Errorf("%s = %v, want %v", path, got, want)
			return
		}
		for i := range want {
			wantEqual(t, fmt.Sprintf("%s[%d]", path, i), got[i], want[i])
		}
	case int:
		wantEqual(t, path, got, float64(want))
	default:
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s = %#v, want %#v", path, got, want)
		}
	}
}

// parseJSON reads a text that holds JSON.
func parseJSON(t *testing.T, path string, text any) any {
	t.Helper()
	raw, isText := text.(string)
	if !isText {
		t.Fatalf("%s = %#v, want a text", path, text)
	}
	var content any
	if err := json.Unmarshal([]byte(raw), &content); err != nil {
		t.Fatalf("%s is not JSON: %v", path, err)
	}
	return content
}

// plainMap turns properties into plain values.
func plainMap(properties resource.PropertyMap) map[string]any {
	values := map[string]any{}
	for key, value := range properties {
		values[string(key)] = plain(value)
	}
	return values
}

// plain turns a property into a plain value; secrets keep their mark.
func plain(value resource.PropertyValue) any {
	switch {
	case value.IsSecret():
		return secret{plain(value.SecretValue().Element)}
	case value.IsArray():
		elements := make([]any, len(value.ArrayValue()))
		for i, element := range value.ArrayValue() {
			elements[i] = plain(element)
		}
		return elements
	case value.IsObject():
		return plainMap(value.ObjectValue())
	default:
		return value.V
	}
}

func anySlice(texts []string) []any {
	elements := make([]any, len(texts))
	for i, text := range texts {
		elements[i] = text
	}
	return elements
}
