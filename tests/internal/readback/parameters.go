package readback

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

var parameterResources = []resource{
	{key: "Parameter jwt-secret", read: readJWTParameter},
	{key: "Parameter s3-bucket-name", read: readBucketNameParameter},
	{key: "Parameter app-config", read: readAppConfigParameter},
}

func readJWTParameter(r *reader) {
	parameter := r.parameter("/{name}/jwt-secret")
	r.equal("type", parameter.Type, "SecureString")
	r.equal("length of the value", len(aws.ToString(parameter.Value)), 32)
	r.parameterTags("/{name}/jwt-secret")
}

func readBucketNameParameter(r *reader) {
	parameter := r.parameter("/{name}/s3-bucket-name")
	r.equal("type", parameter.Type, "String")
	r.equal("value", parameter.Value, r.bucket())
	r.parameterTags("/{name}/s3-bucket-name")
}

func readAppConfigParameter(r *reader) {
	parameter := r.parameter("/{name}/app-config")
	r.equal("type", parameter.Type, "String")
	r.equal("value", document[map[string]any](r, aws.ToString(parameter.Value)), map[string]any{
		"NODE_ENV": r.Settings.NodeEnv, "AWS_REGION": r.Region, "S3_BUCKET": r.bucket(), "APP_PORT": r.Settings.AppPort,
	})
	r.parameterTags("/{name}/app-config")
}

func (r *reader) parameter(name string) types.Parameter {
	found, err := r.SSM.GetParameter(r.ctx, &ssm.GetParameterInput{Name: aws.String(r.named(name)), WithDecryption: aws.Bool(true)})
	r.answered(err)
	return present(r, "the parameter", found.Parameter)
}

func (r *reader) parameterTags(name string) {
	found, err := r.SSM.ListTagsForResource(r.ctx, &ssm.ListTagsForResourceInput{
		ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: aws.String(r.named(name)),
	})
	r.answered(err)
	r.tags(texts(found.TagList, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value }))
}
