package awsprovider

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

var ssmKinds = kinds{
	&kind[parameter]{
		Token:  "aws:ssm/parameter:Parameter",
		Create: create[parameter]((*ssm.Client).PutParameter),
		Read:   readParameter,
		Update: updateParameter,
		Delete: remove[parameter]((*ssm.Client).DeleteParameter, "Name"),
		Tags:   tagging("", "ResourceId", (*ssm.Client).AddTagsToResource, (*ssm.Client).RemoveTagsFromResource, (*ssm.Client).ListTagsForResource),
	},
}

type parameter struct {
	Name        string            `json:"name" pulumi:"id"`
	Type        string            `json:"type"`
	Value       string            `json:"value" pulumi:"secret"`
	Description *string           `json:"description"`
	Tags        map[string]string `json:"tags"`
	Arn         string            `json:"arn" pulumi:"output"`
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
	return nil
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
