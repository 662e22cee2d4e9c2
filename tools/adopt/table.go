package adopt

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Resource is a resource of the stack and what the table says about its attributes. resources.yaml explains the fields.
type Resource struct {
	// Address is its address in the Terraform guide.
	Address string `yaml:"address"`
	// Type and Name are its Pulumi type and its logical name.
	Type string `yaml:"type"`
	Name string `yaml:"name"`
	// Optional tells that a deployment is whole without it.
	Optional bool `yaml:"optional"`
	// Import makes the id for `pulumi import`. Empty for what is not imported.
	Import string `yaml:"import"`
	// Named is the attribute with the physical name, and how the program makes that. Empty for none.
	Named map[string]string `yaml:"named"`
	// Of are attributes by which it is found.
	Of map[string]string `yaml:"of"`
	// Parts are the types of Terraform that are a part of it, with the attributes that name it.
	Parts map[string]string `yaml:"parts"`
	// Takes are the settings that take attributes over.
	Takes map[string]string `yaml:"takes"`
	// States and Changes are attributes after the first update.
	States  map[string]any `yaml:"states"`
	Changes map[string]any `yaml:"changes"`
	// WithoutHTTPS adds to States for plain HTTP, and WithHTTPS to Changes for HTTPS.
	WithoutHTTPS map[string]any `yaml:"states_without_https"`
	WithHTTPS    map[string]any `yaml:"changes_with_https"`
	// Fixed are the attributes whose difference cannot be accepted.
	Fixed []string `yaml:"fixed"`
	// Keeps are attributes that are not compared.
	Keeps []string `yaml:"keeps"`
	// Closed are blocks of which nothing may be lost.
	Closed []string `yaml:"closed"`
	// Why explains refused differences.
	Why map[string]string `yaml:"why"`
}

//go:embed resources.yaml
var table []byte

// stack are the resources of the stack, in the order of the guide.
var stack = readTable()

// Addresses of the guide that the code treats specially.
const (
	bucketAddress   = "aws_s3_bucket.media_storage"
	bucketLifecycle = "aws_s3_bucket_lifecycle_configuration.media_storage"
	loadBalancer    = "aws_lb.mediaserver"
	targetGroup     = "aws_lb_target_group.mediaserver"
	plainListener   = "aws_lb_listener.mediaserver"
	secureListener  = "aws_lb_listener.mediaserver_https"
	aliasRecord     = "aws_route53_record.mediaserver"
	ecsService      = "aws_ecs_service.mediaserver"
	taskDefinition  = "aws_ecs_task_definition.mediaserver"
	executionRole   = "aws_iam_role.ecs_task_execution_role"
	jwtParameter    = "aws_ssm_parameter.jwt_secret"
)

func readTable() []Resource {
	decoder := yaml.NewDecoder(bytes.NewReader(table))
	decoder.KnownFields(true)
	var resources []Resource
	if err := decoder.Decode(&resources); err != nil {
		panic(fmt.Sprintf("read resources.yaml: %v", err))
	}
	return resources
}

// Stack are the resources that can be adopted, in the order of the guide.
func Stack() []Resource { return slices.Clone(stack) }

// resourceAt returns the resource of the stack with an address of the guide, and whether there is one.
func resourceAt(address string) (Resource, bool) {
	at := slices.IndexFunc(stack, func(each Resource) bool { return each.Address == address })
	if at < 0 {
		return Resource{}, false
	}
	return stack[at], true
}

// Key names the resource in a stack: the last part of its type, and its name.
func (r Resource) Key() string { return r.Type[strings.LastIndex(r.Type, ":")+1:] + " " + r.Name }

// terraformType is the type in its address.
func (r Resource) terraformType() string {
	kind, _, _ := strings.Cut(r.Address, ".")
	return kind
}

// fill replaces each {KEY} in a text by its values, and returns a text for each of them. Nil if a value is unknown.
func fill(text string, values func(key string) []string) []string {
	before, rest, opens := strings.Cut(text, "{")
	if !opens {
		return []string{text}
	}
	key, after, _ := strings.Cut(rest, "}")
	endings, found := fill(after, values), values(key)
	if endings == nil || found == nil {
		return nil
	}
	filled := []string{}
	for _, value := range found {
		for _, ending := range endings {
			filled = append(filled, before+value+ending)
		}
	}
	return filled
}
