package awsprovider

import (
	"context"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"mediaserver/tests/internal/provider"
)

type parameterInputs struct {
	Name        string            `pulumi:"name"`
	Type        string            `pulumi:"type"`
	Value       string            `pulumi:"value"`
	Description *string           `pulumi:"description,optional"`
	Tags        map[string]string `pulumi:"tags,optional"`
}

type parameterOutputs struct {
	Arn      string `pulumi:"arn"`
	DataType string `pulumi:"dataType"`
	Version  int32  `pulumi:"version,volatile"`
}

var (
	parameterName = textRule{
		1, 1011, regexp.MustCompile(`^[a-zA-Z0-9_.-]+$|^(/[a-zA-Z0-9_.-]+){1,15}$`),
		"only letters, digits, _ . and -, in at most 15 levels that each begin with a slash",
	}
	parameterDescription = textRule{0, 1024, nil, ""}
)

// parameterSize is the largest value of a parameter of the standard tier, in
// bytes.
const parameterSize = 4096

// Rules: Systems Manager API reference, PutParameter.
var ssmParameter = &kind[parameterInputs, parameterOutputs]{
	Token:   "aws:ssm/parameter:Parameter",
	Name:    "name",
	Replace: []string{"name"},
	Secret:  []string{"value"},
	Check:   checkParameter,
	Create:  createParameter,
	Read:    readParameter,
	Update:  updateParameter,
	Delete: func(ctx context.Context, client *api, id string, _ *parameterInputs, _ *parameterOutputs) error {
		_, err := client.SSM.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: &id})
		return err
	},
	SetTags:    setParameterTags,
	RemoveTags: removeParameterTags,
}

func checkParameter(in *parameterInputs, problems *provider.Problems) {
	parameterName.check(problems, "name", in.Name)
	parameterDescription.check(problems, "description", deref(in.Description))
	for _, reserved := range []string{"aws", "ssm"} {
		if strings.HasPrefix(strings.ToLower(strings.TrimPrefix(in.Name, "/")), reserved) {
			problems.Refuse("name", in.Name, "must not begin with "+reserved)
		}
	}
	checkOneOf(problems, "type", in.Type, []string{"String", "StringList", "SecureString"})
	if len(in.Value) < 1 || len(in.Value) > parameterSize {
		problems.Refuse("value", in.Value, "must have 1 to 4096 bytes")
	}
}

func createParameter(ctx context.Context, client *api, in *parameterInputs) (string, error) {
	_, err := client.SSM.PutParameter(ctx, &ssm.PutParameterInput{
		Name:        &in.Name,
		Type:        types.ParameterType(in.Type),
		Value:       &in.Value,
		Description: in.Description,
		Tags:        tagList(in.Tags, ssmTag),
	})
	return in.Name, err
}

func readParameter(ctx context.Context, client *api, id string, in *parameterInputs, out *parameterOutputs) error {
	found, err := client.SSM.GetParameter(ctx, &ssm.GetParameterInput{Name: &id, WithDecryption: aws.Bool(true)})
	if err != nil {
		return err
	}
	tags, err := client.SSM.ListTagsForResource(ctx, &ssm.ListTagsForResourceInput{
		ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: &id,
	})
	if err != nil {
		return err
	}
	observed := found.Parameter
	in.Name, in.Type = id, string(observed.Type)
	observeRequired(&in.Value, observed.Value)
	in.Tags = tagMap(tags.TagList, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value })
	// The description is only in the parameter's metadata, and the official plugin reads it there
	// (terraform-provider-aws, internal/service/ssm/parameter.go, findParameterMetadataByName).
	metadata, err := client.SSM.DescribeParameters(ctx, &ssm.DescribeParametersInput{ParameterFilters: []types.ParameterStringFilter{{
		Key: aws.String("Name"), Option: aws.String("Equals"), Values: []string{id},
	}}})
	if err != nil {
		return err
	}
	for _, each := range metadata.Parameters {
		provider.Observe(&in.Description, each.Description)
	}
	out.Arn, out.DataType, out.Version = deref(observed.ARN), deref(observed.DataType), int32(observed.Version)
	return nil
}

func updateParameter(ctx context.Context, client *api, id string, old, in *parameterInputs, _ *parameterOutputs) error {
	if old.Type == in.Type && old.Value == in.Value && deref(old.Description) == deref(in.Description) {
		return nil
	}
	description := deref(in.Description)
	_, err := client.SSM.PutParameter(ctx, &ssm.PutParameterInput{
		Name:        &id,
		Type:        types.ParameterType(in.Type),
		Value:       &in.Value,
		Description: &description,
		Overwrite:   aws.Bool(true),
	})
	return err
}

func setParameterTags(ctx context.Context, client *api, id string, _ *parameterOutputs, tags map[string]string) error {
	_, err := client.SSM.AddTagsToResource(ctx, &ssm.AddTagsToResourceInput{
		ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: &id, Tags: tagList(tags, ssmTag),
	})
	return err
}

func removeParameterTags(ctx context.Context, client *api, id string, _ *parameterOutputs, keys []string) error {
	_, err := client.SSM.RemoveTagsFromResource(ctx, &ssm.RemoveTagsFromResourceInput{
		ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: &id, TagKeys: keys,
	})
	return err
}

func ssmTag(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} }
