// Package terraformguide deploys the media server as the Terraform guide has it, through the AWS APIs and without the
// program, and records what Terraform would keep of it in its state. The attributes are those of version 5 of the AWS
// provider, as far as anybody reads them. Habits of real deployments vary it.
package terraformguide

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/awsclients"
)

// Habits are how a deployment differs from the guide to the letter.
type Habits struct {
	// Named makes a physical name from what the guide calls a thing, such as alb, and its name in the guide, such as
	// mediaserver-alb. Nil for the latter.
	Named func(what, name string) string
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
	// DefaultTags are tags of the provider, OwnTags those of each resource. NameTags adds a tag Name.
	DefaultTags, OwnTags map[string]string
	NameTags             bool
	// RuleResources tells that the rules of the security groups are resources of their own.
	RuleResources bool
	// SecretsPolicy tells that the execution role reads the JWT secret by a policy resource of its own.
	SecretsPolicy bool
	// CapacityProviders tells that the service has a strategy of capacity providers, and no launch type.
	CapacityProviders bool
	// RolePath is the path of the roles. Empty for /.
	RolePath string
	// Templates tells that policies are rendered from template files, with the spacing of those.
	Templates bool
	// Domain is where the load balancer serves HTTPS, and port 80 redirects to that. Empty for plain HTTP.
	Domain string
	// LoadBalancer are attributes of the load balancer by their keys in the API.
	LoadBalancer map[string]string
}

// The values that the guide's example has.
const (
	// JWTSecret is the password that random_password has drawn, with characters that JSON and shells escape.
	JWTSecret = `q7<R&v}%w"K2!zP\x9:tN{4 m@L6#sY$`
	// Suffix is the string that random_string has drawn.
	Suffix = "abc12345"
	// retention are the days that both log groups keep an event.
	retention = 30
)

// Deployed is a deployment that Terraform has made.
type Deployed struct {
	// Bucket is the name of the bucket.
	Bucket string
	// Instances are what the state holds, in the order of creation.
	Instances []Instance
}

// Instance is one instance in the state.
type Instance struct {
	Mode, Module, Type, Name string
	Index                    any
	SchemaVersion            int
	Attributes               map[string]any
	Sensitive                []string
	Status                   string
}

// guide deploys.
type guide struct {
	testing.TB
	*awsclients.Clients
	Habits
	Deployed
	vpc     string
	subnets []string
}

// Deploy deploys all resources of the guide with the habits.
func Deploy(tb testing.TB, clients *awsclients.Clients, habits Habits) *Deployed {
	tb.Helper()
	g := &guide{TB: tb, Clients: clients, Habits: habits}
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case failure:
			tb.Fatal(cause)
		default:
			panic(cause)
		}
	}()
	g.random()
	g.network()
	g.storage()
	roles := g.roles()
	g.registry(roles)
	g.parameters()
	g.logGroups()
	balancer := g.loadBalancer()
	g.containers(roles, balancer)
	g.scaling()
	g.dashboard()
	return &g.Deployed
}

// named makes a physical name.
func (g *guide) named(what, name string) string {
	if g.Named == nil {
		return name
	}
	return g.Named(what, name)
}

// has tells whether an address of the guide is deployed.
func (g *guide) has(address string) bool { return !slices.Contains(g.Without, address) }

// failure is the error of a call, on its way to the end of the test.
type failure struct{ error }

// must is the answer of a call.
func must[T any](answer T, err error) T {
	if err != nil {
		panic(failure{err})
	}
	return answer
}

// record adds a resource to the state.
func (g *guide) record(address string, attributes map[string]any, sensitive ...string) {
	kind, name, _ := strings.Cut(address, ".")
	if renamed, isRenamed := g.Renamed[address]; isRenamed {
		name = renamed
	}
	schemaVersion := map[string]int{
		"random_string": 2, "random_password": 3, "aws_security_group": 1, "aws_ecs_task_definition": 1,
		"aws_cloudwatch_metric_alarm": 1,
	}[kind]
	g.Instances = append(g.Instances, Instance{
		Mode: "managed", Module: g.Module, Type: kind, Name: name, Index: g.Indexed[address],
		SchemaVersion: schemaVersion, Attributes: attributes, Sensitive: sensitive,
	})
}

// tags are the tags of a resource, its own and all, and adds both to the attributes.
func (g *guide) tags(name string, attributes map[string]any) map[string]string {
	own := maps.Clone(g.OwnTags)
	if own == nil {
		own = map[string]string{}
	}
	if g.NameTags {
		own["Name"] = name
	}
	all := maps.Clone(g.DefaultTags)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, own)
	attributes["tags"], attributes["tags_all"] = own, all
	return all
}

// tagList is a set of tags as an API takes it, sorted by key.
func tagList[T any](tags map[string]string, tag func(key, value *string) T) []T {
	var list []T
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		value := tags[key]
		list = append(list, tag(&key, &value))
	}
	return list
}

// random is step 1. Nothing of it is in AWS.
func (g *guide) random() {
	g.Deployed.Bucket = g.Habits.Bucket
	recipe := func(length int, result string, special bool) map[string]any {
		return map[string]any{
			"id": result, "result": result, "length": length, "lower": true, "upper": special, "numeric": true, "number": true,
			"special": special, "override_special": nil, "keepers": nil,
			"min_lower": 0, "min_upper": 0, "min_numeric": 0, "min_special": 0,
		}
	}
	if g.RandomID {
		if g.Deployed.Bucket == "" {
			g.Deployed.Bucket = g.named("storage", "mediaserver-storage") + "-9f3c2a"
		}
		g.record("random_id.bucket_suffix", map[string]any{"id": "nzwq", "hex": "9f3c2a", "byte_length": 3})
	} else {
		if g.Deployed.Bucket == "" {
			g.Deployed.Bucket = g.named("storage", "mediaserver-storage") + "-" + Suffix
		}
		g.record("random_string.bucket_suffix", recipe(len(Suffix), Suffix, false))
	}
	if g.has("random_password.jwt_secret") {
		password := recipe(len(JWTSecret), JWTSecret, true)
		password["id"], password["bcrypt_hash"] = "none", "$2a$10$notread"
		g.record("random_password.jwt_secret", password, "result", "bcrypt_hash")
	}
}
