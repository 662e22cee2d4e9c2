package awsprovider

import (
	"context"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"mediaserver/tests/internal/provider"
)

type repositoryInputs struct {
	Name          string              `pulumi:"name"`
	ForceDelete   *bool               `pulumi:"forceDelete,optional"`
	TagMutability *string             `pulumi:"imageTagMutability,optional"`
	Scanning      *repositoryScanning `pulumi:"imageScanningConfiguration,optional"`
	Tags          map[string]string   `pulumi:"tags,optional"`
}

type repositoryScanning struct {
	ScanOnPush bool `pulumi:"scanOnPush"`
}

type repositoryOutputs struct {
	Arn           string `pulumi:"arn"`
	RegistryID    string `pulumi:"registryId"`
	RepositoryURL string `pulumi:"repositoryUrl"`
}

var repositoryName = textRule{
	2, 256, regexp.MustCompile(`^[a-z0-9]+(?:[._-][a-z0-9]+)*(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*$`),
	"only lower-case letters and digits, separated by a single . _ - or /",
}

// Rules: Amazon ECR API reference, CreateRepository.
var ecrRepository = &kind[repositoryInputs, repositoryOutputs]{
	Token:    "aws:ecr/repository:Repository",
	Name:     "name",
	Replace:  []string{"name"},
	Defaults: map[string]any{"forceDelete": false, "imageTagMutability": "MUTABLE"},
	Check: func(in *repositoryInputs, problems *provider.Problems) {
		repositoryName.check(problems, "name", in.Name)
		if in.TagMutability != nil {
			checkOneOf(problems, "imageTagMutability", *in.TagMutability, []string{"MUTABLE", "IMMUTABLE"})
		}
	},
	Create: createRepository,
	Read:   readRepository,
	Update: updateRepository,
	Delete: func(ctx context.Context, client *api, id string, in *repositoryInputs, _ *repositoryOutputs) error {
		_, err := client.ECR.DeleteRepository(ctx, &ecr.DeleteRepositoryInput{RepositoryName: &id, Force: deref(in.ForceDelete)})
		return err
	},
	SetTags:    setRepositoryTags,
	RemoveTags: removeRepositoryTags,
}

func createRepository(ctx context.Context, client *api, in *repositoryInputs) (string, error) {
	_, err := client.ECR.CreateRepository(ctx, &ecr.CreateRepositoryInput{
		RepositoryName:             &in.Name,
		ImageTagMutability:         types.ImageTagMutability(deref(in.TagMutability)),
		ImageScanningConfiguration: in.scanning(),
		Tags:                       tagList(in.Tags, ecrTag),
	})
	return in.Name, err
}

func readRepository(ctx context.Context, client *api, id string, in *repositoryInputs, out *repositoryOutputs) error {
	found, err := client.ECR.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{id}})
	if err != nil {
		return err
	}
	if len(found.Repositories) == 0 {
		return provider.ErrNotFound
	}
	observed := found.Repositories[0]
	tags, err := client.ECR.ListTagsForResource(ctx, &ecr.ListTagsForResourceInput{ResourceArn: observed.RepositoryArn})
	if err != nil {
		return err
	}
	in.Name = id
	in.Tags = tagMap(tags.Tags, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value })
	mutability := string(observed.ImageTagMutability)
	provider.Observe(&in.TagMutability, &mutability)
	if scanning := observed.ImageScanningConfiguration; scanning != nil {
		provider.Observe(&in.Scanning, &repositoryScanning{ScanOnPush: scanning.ScanOnPush})
	}
	out.Arn, out.RegistryID = deref(observed.RepositoryArn), deref(observed.RegistryId)
	out.RepositoryURL = deref(observed.RepositoryUri)
	return nil
}

func updateRepository(ctx context.Context, client *api, id string, old, in *repositoryInputs, _ *repositoryOutputs) error {
	if deref(old.TagMutability) != deref(in.TagMutability) {
		mutability := types.ImageTagMutability(deref(in.TagMutability))
		if in.TagMutability == nil {
			mutability = types.ImageTagMutabilityMutable
		}
		if _, err := client.ECR.PutImageTagMutability(ctx, &ecr.PutImageTagMutabilityInput{
			RepositoryName: &id, ImageTagMutability: mutability,
		}); err != nil {
			return err
		}
	}
	if deref(old.Scanning) == deref(in.Scanning) {
		return nil
	}
	_, err := client.ECR.PutImageScanningConfiguration(ctx, &ecr.PutImageScanningConfigurationInput{
		RepositoryName: &id, ImageScanningConfiguration: in.scanning(),
	})
	return err
}

func setRepositoryTags(ctx context.Context, client *api, _ string, out *repositoryOutputs, tags map[string]string) error {
	_, err := client.ECR.TagResource(ctx, &ecr.TagResourceInput{
		ResourceArn: &out.Arn, Tags: tagList(tags, ecrTag),
	})
	return err
}

func removeRepositoryTags(ctx context.Context, client *api, _ string, out *repositoryOutputs, keys []string) error {
	_, err := client.ECR.UntagResource(ctx, &ecr.UntagResourceInput{ResourceArn: &out.Arn, TagKeys: keys})
	return err
}

func ecrTag(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} }

func (in *repositoryInputs) scanning() *types.ImageScanningConfiguration {
	return &types.ImageScanningConfiguration{ScanOnPush: in.Scanning != nil && in.Scanning.ScanOnPush}
}
