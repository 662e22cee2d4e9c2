// Package terraformguide deploys the media server as the Terraform guide has it, without the program, and records what
// Terraform would keep of it in its state. guide.yaml has the resources; habits of real deployments vary them.
package terraformguide

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"
	"gopkg.in/yaml.v3"

	"mediaserver/tests/internal/sandbox"
	"mediaserver/tests/internal/sandboxtest"
)

// Habits are how a deployment differs from the guide to the letter.
type Habits struct {
	// Named makes a physical name from that in the guide, such as mediaserver-alb. Nil for the latter.
	Named func(name string) string
	// Bucket is the name of the bucket. Empty for mediaserver-storage-abc12345.
	Bucket string
	// RandomID tells that the suffix comes from a random_id, which the stack does not know.
	RandomID bool
	// Module is the path of the module that holds the resources, such as module.media. Empty for the root.
	Module string
	// Indexed gives addresses an index: a number for count, a text for for_each.
	Indexed map[string]any
	// Renamed gives addresses of the guide another name behind the type.
	Renamed map[string]string
	// Without are addresses that are not there at all.
	Without []string
	// DefaultTags are tags of the provider; nil for the tag ManagedBy. OwnTags are those of each resource; ${address} in
	// them is its address.
	DefaultTags, OwnTags map[string]string
	// RuleResources tells that the rules of the security groups are resources of their own.
	RuleResources bool
	// CapacityProviders tells that the service has a strategy of capacity providers, and no launch type.
	CapacityProviders bool
	// RolePath is the path of the roles. Empty for /.
	RolePath string
	// Domain is where the load balancer serves HTTPS, and port 80 redirects to that. Empty for plain HTTP.
	Domain string
	// Protected tells that the load balancer is protected against deletion.
	Protected bool
	// Own tells that the deployment has a VPC, a variable and a secret of its own.
	Own bool
}

// The values that the guide's example has, and a media file that is in the bucket.
const (
	// JWTSecret is the password that random_password has drawn, with characters that JSON and shells escape.
	JWTSecret = `q7<R&v}%w"K2!zP\x9:tN{4 m@L6#sY$`
	// Suffix is the string that random_string has drawn.
	Suffix = "abc12345"
	// Object is the key of the file, and Content what it holds.
	Object  = "films/holiday.mp4"
	Content = "not really a film"
)

//go:embed guide.yaml
var text []byte

// guide deploys.
type guide struct {
	testing.TB
	Habits
	Deployed
	provider pulumirpc.ResourceProviderClient
	// values are what stands for ${KEY}.
	values map[string]any
}

// must is the answer of a call.
func must[T any](answer T, err error) func(testing.TB) T {
	return func(tb testing.TB) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return answer
	}
}

// Deploy deploys all resources of the guide with the habits.
func Deploy(tb testing.TB, in *sandboxtest.Deployment, habits Habits) *Deployed {
	tb.Helper()
	connection := must(grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", in.Providers["aws"]), grpc.WithTransportCredentials(insecure.NewCredentials())))(tb)
	defer connection.Close()
	g := &guide{TB: tb, Habits: habits, provider: pulumirpc.NewResourceProviderClient(connection)}
	if g.Named == nil {
		g.Named = func(name string) string { return name }
	}
	if habits.DefaultTags == nil {
		habits.DefaultTags = map[string]string{"ManagedBy": "Terraform"}
	}
	must(g.provider.Configure(tb.Context(), &pulumirpc.ConfigureRequest{
		Args: g.marshal(map[string]any{"region": sandbox.Region, "defaultTags": map[string]any{"tags": habits.DefaultTags}}), AcceptResources: true,
	}))(tb)
	g.random()
	g.lookUp(in)
	var entries []entry
	if err := yaml.Unmarshal(text, &entries); err != nil {
		tb.Fatal(err)
	}
	has := map[string]bool{"": true, "rules": g.RuleResources, "https": g.Domain != "", "http": g.Domain == "", "own": g.Own}
	for _, each := range entries {
		if has[each.When] && !slices.Contains(g.Without, each.Address) {
			g.deploy(each)
		}
	}
	must(in.Clients().S3.PutObject(tb.Context(), &s3.PutObjectInput{Bucket: &g.Deployed.Bucket, Key: aws.String(Object), Body: strings.NewReader(Content)}))(tb)
	return &g.Deployed
}

// entry is a resource in guide.yaml.
type entry struct {
	Address, When, Type       string
	Inputs, State, Also, Sets map[string]any
}

// lookUp finds what the guide looks up, and makes what HTTPS takes beside it.
func (g *guide) lookUp(in *sandboxtest.Deployment) {
	clients := in.Clients()
	vpc, subnets, taskSubnets := g.network(clients.EC2)
	path := g.RolePath
	if path == "" {
		path = "/"
	}
	g.values = map[string]any{"vpc": vpc, "subnets": subnets, "taskSubnets": taskSubnets, "region": sandbox.Region, "account": sandbox.Account, "path": path,
		"bucket": g.Deployed.Bucket, "secret": JWTSecret, "protected": g.Protected, "domain": g.Domain}
	if g.Domain != "" {
		g.values["certificate"] = sandboxtest.ImportCertificate(g, clients, g.Domain)
		_, parent, _ := strings.Cut(g.Domain, ".")
		zone := must(clients.Route53.CreateHostedZone(g.Context(), &route53.CreateHostedZoneInput{Name: &parent, CallerReference: &parent}))(g)
		g.values["zone"] = strings.TrimPrefix(*zone.HostedZone.Id, "/hostedzone/")
	}
}

// network looks up the default VPC and its subnets, or makes one with subnets of their own for the tasks.
func (g *guide) network(client *ec2.Client) (vpc string, subnets, taskSubnets []any) {
	if g.Own {
		vpc = *must(client.CreateVpc(g.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")}))(g).Vpc.VpcId
		for i := range 3 {
			made := must(client.CreateSubnet(g.Context(), &ec2.CreateSubnetInput{
				VpcId: &vpc, CidrBlock: aws.String(fmt.Sprintf("10.0.%d.0/24", i)), AvailabilityZone: aws.String(sandbox.Region + []string{"a", "b"}[i%2]),
			}))(g)
			subnets = append(subnets, *made.Subnet.SubnetId)
		}
		return vpc, subnets[:2], subnets[2:]
	}
	vpcs := must(client.DescribeVpcs(g.Context(), &ec2.DescribeVpcsInput{Filters: []types.Filter{{Name: aws.String("is-default"), Values: []string{"true"}}}}))(g)
	vpc = *vpcs.Vpcs[0].VpcId
	found := must(client.DescribeSubnets(g.Context(), &ec2.DescribeSubnetsInput{Filters: []types.Filter{{Name: aws.String("vpc-id"), Values: []string{vpc}}}}))(g)
	for _, subnet := range found.Subnets {
		subnets = append(subnets, *subnet.SubnetId)
	}
	g.Instances = append(g.Instances,
		Instance{Mode: "data", Module: g.Module, Type: "aws_vpc", Name: "default", Attributes: map[string]any{"id": vpc, "default": true}},
		Instance{Mode: "data", Module: g.Module, Type: "aws_subnets", Name: "default", Attributes: map[string]any{"id": sandbox.Region, "ids": subnets}})
	return vpc, subnets, subnets
}

// untagged are the types without tags.
var untagged = regexp.MustCompile(`aws:(s3/bucket(C|L|P|S|Ve)|ecr/repositoryP|ecr/life|iam/roleP|ecs/clusterC|appautoscaling/policy|route53|cloudwatch/dash)`)

// deploy makes a resource, or records one that is only in Terraform's state.
func (g *guide) deploy(each entry) {
	maps.Copy(g.values, g.fill("", each.Sets).(map[string]any))
	if each.Type == "" {
		if each.State != nil {
			g.record(each.Address, g.fill("", each.State).(map[string]any))
		}
		return
	}
	inputs := g.fill("", each.Inputs).(map[string]any)
	if each.Type == "aws:ecs/service:Service" && g.CapacityProviders {
		delete(inputs, "launchType")
		inputs["capacityProviderStrategies"] = []any{map[string]any{"capacityProvider": "FARGATE", "weight": 1}}
	}
	if !untagged.MatchString(each.Type) {
		tags := map[string]any{}
		for key, value := range g.OwnTags {
			tags[key] = strings.ReplaceAll(value, "${address}", each.Address)
		}
		if len(tags) > 0 {
			inputs["tags"] = tags
		}
	}
	_, name, _ := strings.Cut(each.Address, ".")
	urn := "urn:pulumi:guide::guide::" + each.Type + "::" + name
	checked := must(g.provider.Check(g.Context(), &pulumirpc.CheckRequest{Urn: urn, News: g.marshal(inputs)}))(g)
	if len(checked.Failures) > 0 {
		g.Fatalf("%s: %v", each.Address, checked.Failures)
	}
	created := must(g.provider.Create(g.Context(), &pulumirpc.CreateRequest{Urn: urn, Properties: checked.Inputs}))(g)
	properties := must(plugin.UnmarshalProperties(created.Properties, plugin.MarshalOptions{}))(g).Mappable()
	properties["id"] = created.Id
	for key, value := range properties {
		g.values[each.Address+"."+key] = value
	}
	kind, _, _ := strings.Cut(each.Address, ".")
	attributes := InTerraform(kind, properties)
	maps.Copy(attributes, each.Also)
	if kind == "aws_s3_bucket" && slices.Contains(g.Without, "aws_s3_bucket_lifecycle_configuration.media_storage") {
		attributes["lifecycle_rule"] = []any{}
	}
	g.record(each.Address, attributes)
}

func (g *guide) marshal(properties map[string]any) *structpb.Struct {
	return must(plugin.MarshalProperties(resource.NewPropertyMapFromMap(properties), plugin.MarshalOptions{}))(g)
}

var (
	named   = regexp.MustCompile(`^<(.*)>$`)
	whole   = regexp.MustCompile(`^\$\{([^}]*)\}$`)
	partial = regexp.MustCompile(`\$\{([^}]*)\}`)
)

// fill replaces names and values, and writes as JSON what is one text in AWS.
func (g *guide) fill(key string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		filled := map[string]any{}
		for name, member := range value {
			filled[name] = g.fill(name, member)
		}
		return g.encoded(key, filled)
	case []any:
		filled := make([]any, len(value))
		for i, member := range value {
			filled[i] = g.fill("", member)
		}
		return g.encoded(key, filled)
	case string:
		if name := named.FindStringSubmatch(value); name != nil {
			return g.Named(name[1])
		}
		if name := whole.FindStringSubmatch(value); name != nil {
			return g.values[name[1]]
		}
		return partial.ReplaceAllStringFunc(value, func(found string) string { return fmt.Sprint(g.values[found[2:len(found)-1]]) })
	}
	return value
}

func (g *guide) encoded(key string, value any) any {
	if !slices.Contains([]string{"policy", "assumeRolePolicy", "containerDefinitions", "dashboardBody", "value"}, key) {
		return value
	}
	var written bytes.Buffer
	encoder := json.NewEncoder(&written)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		g.Fatal(err)
	}
	return strings.TrimSpace(written.String())
}

// random is step 1. Nothing of it is in AWS.
func (g *guide) random() {
	suffix := Suffix
	if g.RandomID {
		suffix = "9f3c2a"
	}
	g.Deployed.Bucket = g.Habits.Bucket
	if g.Deployed.Bucket == "" {
		g.Deployed.Bucket = g.Named("mediaserver-storage") + "-" + suffix
	}
	recipe := func(id, result string, special bool) map[string]any {
		return map[string]any{"id": id, "result": result, "length": len(result), "lower": true, "upper": special, "numeric": true, "number": true, "special": special,
			"override_special": nil, "keepers": nil, "min_lower": 0, "min_upper": 0, "min_numeric": 0, "min_special": 0}
	}
	if g.RandomID {
		g.record("random_id.bucket_suffix", map[string]any{"id": "nzwq", "hex": suffix, "byte_length": 3})
	} else {
		g.record("random_string.bucket_suffix", recipe(suffix, suffix, false))
	}
	if !slices.Contains(g.Without, "random_password.jwt_secret") {
		g.record("random_password.jwt_secret", recipe("none", JWTSecret, true))
	}
}
