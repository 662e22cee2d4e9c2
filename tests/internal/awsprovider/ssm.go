package awsprovider

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"mediaserver/tests/internal/provider"
)

var ssmKinds = kinds{
	&kind[parameter]{
		Token:   "aws:ssm/parameter:Parameter",
		Name:    "name",
		ID:      "name",
		Replace: []string{"name"},
		Secret:  []string{"value"},
		Rules:   parameterRules,
		Create:  create[parameter]((*ssm.Client).PutParameter),
		Read:    readParameter,
		Update:  updateParameter,
		Delete:  remove[parameter]((*ssm.Client).DeleteParameter, "Name"),
		SetTags: func(ctx context.Context, client *api, id string, tags map[string]string) error {
			_, err := client.SSM.AddTagsToResource(ctx, &ssm.AddTagsToResourceInput{
				ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: &id, Tags: tagList[types.Tag](tags),
			})
			return err
		},
		RemoveTags: func(ctx context.Context, client *api, id string, keys []string) error {
			_, err := client.SSM.RemoveTagsFromResource(ctx, &ssm.RemoveTagsFromResourceInput{
				ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: &id, TagKeys: keys,
			})
			return err
		},
	},
}

type parameter struct {
	Name        string            `pulumi:"name"`
	Type        string            `pulumi:"type"`
	Value       string            `pulumi:"value"`
	Description *string           `pulumi:"description,optional"`
	Tags        map[string]string `pulumi:"tags,optional"`
	Arn         string            `pulumi:"arn,output"`
	DataType    string            `pulumi:"dataType,output"`
	Version     int32             `pulumi:"version,volatile"`
}

const parameterDocs = "Systems Manager API reference, PutParameter"

var parameterRules = rules{
	rule("name", provider.Length(1, 1011), parameterDocs),
	rule("name", provider.Matching(`^[a-zA-Z0-9_.-]+$|^(/[a-zA-Z0-9_.-]+){1,15}$`,
		"have only letters, digits, _ . and -, in at most 15 levels that each begin with a slash"), parameterDocs),
	rule("name", provider.Unlike(`(?i)^/?(aws|ssm)`, "not begin with aws or ssm"), parameterDocs),
	rule("description", provider.Length(0, 1024), parameterDocs),
	rule("type", provider.OneOf("String", "StringList", "SecureString"), parameterDocs),
	rule("value", provider.Satisfying("have 1 to 4096 bytes, as the standard tier holds", func(value string) bool {
		return len(value) >= 1 && len(value) <= 4096
	}), parameterDocs),
}

func readParameter(ctx context.Context, client *api, id string, in *parameter) error {
	found, err := client.SSM.GetParameter(ctx, &ssm.GetParameterInput{Name: &id, WithDecryption: aws.Bool(true)})
	if err != nil {
		return err
	}
	copyFields(found.Parameter, in)
	// The description is only in the parameter's metadata, and the official plugin reads it there
	// (terraform-provider-aws, internal/service/ssm/parameter.go, findParameterMetadataByName).
	metadata, err := client.SSM.DescribeParameters(ctx, &ssm.DescribeParametersInput{ParameterFilters: []types.ParameterStringFilter{{
		Key: aws.String("Name"), Option: aws.String("Equals"), Values: []string{id},
	}}})
	if err != nil {
		return err
	}
	for _, each := range metadata.Parameters {
		in.Description = each.Description
	}
	tags, err := client.SSM.ListTagsForResource(ctx, &ssm.ListTagsForResourceInput{
		ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: &id,
	})
	if err == nil {
		in.Tags = tagsOf(tags.TagList)
	}
	return err
}

func updateParameter(ctx context.Context, client *api, _ string, old, in *parameter) error {
	if old.Type == in.Type && old.Value == in.Value && deref(old.Description) == deref(in.Description) {
		return nil
	}
	request := expanded[ssm.PutParameterInput](in)
	// An update must not name tags, and keeps a description that it does not state.
	request.Tags, request.Description, request.Overwrite = nil, aws.String(deref(in.Description)), aws.Bool(true)
	_, err := client.SSM.PutParameter(ctx, request)
	return err
}
