package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/encoding"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

const (
	testAccount   = "123456789012"
	testJWTSecret = "0123456789abcdefghijklmnopqrstuv"
)

// object is a JSON object, a map of properties, or one of settings as YAML has them.
type object = map[string]any

// list is a JSON array or a list of properties.
type list = []any

// account is the AWS account that the recorder plays.
type account struct {
	Region, Partition string
	// Subnets are the default ones, and FargateSubnets those of them in zones with AWS Fargate.
	Subnets, FargateSubnets []string
	// StatedSubnets are what a lookup by id finds: the VPC and the zone of each.
	StatedSubnets map[string][2]string
	ZoneName      string
	ZoneIsPrivate bool
	// Failures are the errors of lookups, by the function's name, such as getVpc.
	Failures map[string]string
}

// record is one resource as the program registered it.
type record struct {
	token, name string
	// inputs are plain values; see plain.
	inputs object
	// options are the resource options that are set: dependsOn, ignoreChanges, protect, createTimeout, provider.
	options object
}

// key names a resource in tests: the last part of its type and its name.
func (r record) key() string { return resourceKey(r.token, r.name) }

func resourceKey(token, name string) string { return resourceKind(token) + " " + name }

// resourceKind is the last part of a type.
func resourceKind(token string) string { return token[strings.LastIndex(token, ":")+1:] }

// recorder stands in for the engine: it answers lookups and registrations as
// AWS would, and keeps what was registered.
type recorder struct {
	account
	// configuration is that of the last run, each key with its namespace.
	configuration map[string]string
	// beforeLookup is called before a lookup is answered. Nil for nothing.
	beforeLookup func(token string)

	lock    sync.Mutex
	records []record
	// lookups are the arguments of each, by the function's name and what sets it apart from others.
	lookups object
	outputs object
}

func newRecorder() *recorder {
	const vpc = "vpc-0123456789abcdef0"
	return &recorder{
		account: account{
			Region: "eu-west-2", Partition: "aws",
			Subnets: []string{"subnet-c", "subnet-a", "subnet-b"}, FargateSubnets: []string{"subnet-c", "subnet-a"},
			StatedSubnets: map[string][2]string{
				"subnet-0123456789abcdef0": {vpc, "euw2-az1"}, "subnet-0123456789abcdef1": {vpc, "euw2-az2"}, "subnet-0123456789abcdef2": {vpc, "euw2-az3"},
			},
			ZoneName: "example.com.",
		},
		lookups: object{},
		outputs: object{},
	}
}

// Call answers the lookups.
func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	function := resourceKind(args.Token)
	looked := function
	subnets := r.Subnets
	if function == "getSubnets" && len(args.Args["filters"].ArrayValue()) > 2 {
		looked, subnets = "getSubnets with AWS Fargate", r.FargateSubnets
	}
	var stated [2]string
	if function == "getSubnet" {
		id := args.Args["id"].StringValue()
		looked += " " + id
		var found bool
		if stated, found = r.StatedSubnets[id]; !found {
			return nil, errors.New("no matching EC2 Subnet found")
		}
	}
	r.lock.Lock()
	r.lookups[looked] = plainMap(args.Args)
	r.lock.Unlock()
	if r.beforeLookup != nil {
		r.beforeLookup(function)
	}
	if failure, fails := r.Failures[function]; fails {
		return nil, errors.New(failure)
	}
	answer, known := map[string]object{
		"getCallerIdentity": {"accountId": testAccount},
		"getRegion":         {"name": r.Region},
		"getPartition":      {"partition": r.Partition},
		"getVpc":            {"id": "vpc-1"},
		"getSubnets":        {"ids": subnets},
		"getSubnet":         {"vpcId": stated[0], "availabilityZoneId": stated[1]},
		"getZone":           {"name": r.ZoneName, "privateZone": r.ZoneIsPrivate, "nameServers": []string{"ns-1.example.net", "ns-2.example.net"}},
	}[function]
	if !known {
		return nil, fmt.Errorf("no mock for the function %s", args.Token)
	}
	return resource.NewPropertyMapFromMap(answer), nil
}

// NewResource records a resource and gives it what AWS would compute: values that say what they are of which resource.
func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	recorded := record{args.TypeToken, args.Name, plainMap(args.Inputs), options(args)}
	r.lock.Lock()
	r.records = append(r.records, recorded)
	r.lock.Unlock()

	name := args.Name
	for _, property := range []string{"name", "bucket", "family", "dashboardName"} {
		if text, isText := recorded.inputs[property].(string); isText {
			name = text
		}
	}
	called := resourceKind(args.TypeToken) + "/" + name
	computed := object{"result": "abc12345"}
	for _, property := range []string{"arn", "arnSuffix", "dnsName", "zoneId", "fqdn", "repositoryUrl"} {
		computed[property] = property + ":" + called
	}
	switch resourceKind(args.TypeToken) {
	case "RandomPassword":
		computed["result"] = testJWTSecret
	case "Certificate":
		computed["domainValidationOptions"] = list{object{
			"resourceRecordName": "_1.media.example.com.", "resourceRecordType": "CNAME", "resourceRecordValue": "_2.acm-validations.aws.",
		}}
	}
	outputs := resource.NewPropertyMapFromMap(computed)
	maps.Copy(outputs, args.Inputs)
	return called, outputs, nil
}

// options are the resource options of a registration.
func options(args pulumi.MockResourceArgs) object {
	set := object{}
	var dependencies []string
	for _, dependency := range args.RegisterRPC.GetDependencies() {
		parsed := urn.URN(dependency)
		dependencies = append(dependencies, resourceKey(string(parsed.Type()), parsed.Name()))
	}
	slices.Sort(dependencies)
	if len(dependencies) > 0 {
		set["dependsOn"] = dependencies
	}
	if ignored := args.RegisterRPC.GetIgnoreChanges(); len(ignored) > 0 {
		set["ignoreChanges"] = slices.Sorted(slices.Values(ignored))
	}
	if args.RegisterRPC.GetProtect() {
		set["protect"] = true
	}
	if timeout := args.RegisterRPC.GetCustomTimeouts().GetCreate(); timeout != "" {
		set["createTimeout"] = timeout
	}
	if args.Provider != "" {
		set["provider"] = args.Provider
	}
	return set
}

// run deploys the stack with the settings given on top of the defaults, and
// returns what was registered.
func run(t *testing.T, settings object) *recorder {
	t.Helper()
	recorder := newRecorder()
	if err := recorder.deploy(settings); err != nil {
		t.Fatalf("deploy with %v: %v", settings, err)
	}
	return recorder
}

// deploy runs the whole program against the recorder and keeps its outputs.
func (r *recorder) deploy(settings object) error {
	return pulumi.RunErr(func(ctx *pulumi.Context) error {
		if err := deploy(ctx); err != nil {
			return err
		}
		for name, input := range ctx.GetCurrentExportMap() {
			output, err := internals.UnsafeAwaitOutput(ctx.Context(), pulumi.ToOutput(input))
			if err != nil {
				return err
			}
			r.outputs[name] = output.Value
			if output.Secret {
				r.outputs[name] = object{"secret": output.Value}
			}
		}
		return nil
	}, r.options("mediaserver", namespaced("mediaserver", settings))...)
}

// options are the options of a run in a project with a configuration, to which
// the defaults of Pulumi.yaml are added as the command line does.
func (r *recorder) options(project string, configuration map[string]string) []pulumi.RunOption {
	r.configuration = namespaced(project, defaults())
	maps.Copy(r.configuration, configuration)
	return []pulumi.RunOption{
		pulumi.WithMocks(project, "dev", r),
		func(info *pulumi.RunInfo) { info.Config = r.configuration },
	}
}

// defaults are the default values of Pulumi.yaml.
func defaults() object {
	values := object{}
	for key, declared := range project().Config {
		values[key] = declared.Default
	}
	return values
}

// project is Pulumi.yaml.
var project = sync.OnceValue(func() *workspace.Project {
	read, err := workspace.LoadProject("Pulumi.yaml")
	if err != nil {
		panic(err)
	}
	return read
})

// namespaced puts settings as configuration texts into a configuration namespace. Those of another one,
// such as aws:defaultTags, stay there.
func namespaced(namespace string, settings object) map[string]string {
	configuration := map[string]string{}
	for key, value := range settings {
		if !strings.Contains(key, ":") {
			key = namespace + ":" + key
		}
		configuration[key] = settingText(value)
	}
	return configuration
}

// settingText is a value as configuration text.
func settingText(value any) string {
	if text, isText := value.(string); isText {
		return text
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
	return strings.TrimSpace(text.String())
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

// plainMap turns properties into plain values.
func plainMap(properties resource.PropertyMap) object {
	values := object{}
	for key, value := range properties {
		values[string(key)] = plain(value)
	}
	return values
}

// plain turns a property into a plain value. A secret is an object with the value as its only property, and a text that
// holds a JSON object or array is that.
func plain(value resource.PropertyValue) any {
	switch {
	case value.IsSecret():
		return object{"secret": plain(value.SecretValue().Element)}
	case value.IsArray():
		elements := list{}
		for _, element := range value.ArrayValue() {
			elements = append(elements, plain(element))
		}
		return elements
	case value.IsObject():
		return plainMap(value.ObjectValue())
	case value.IsString() && strings.ContainsAny(value.StringValue()[:min(1, len(value.StringValue()))], "{["):
		var content any
		if err := json.Unmarshal([]byte(value.StringValue()), &content); err != nil {
			panic(err)
		}
		return content
	default:
		return value.V
	}
}

// read is the text of a file of the repository.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// readYAML reads a file of expectations, by the JSON names of the fields.
func readYAML[T any](t *testing.T, path string) T {
	t.Helper()
	var content any
	if err := encoding.YAML.Unmarshal([]byte(read(t, path)), &content); err != nil {
		t.Fatal(err)
	}
	return converted[T](t, content)
}

// converted is a value as another type, by way of JSON.
func converted[T any](t *testing.T, value any) T {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var content T
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&content); err != nil {
		t.Fatal(err)
	}
	return content
}
