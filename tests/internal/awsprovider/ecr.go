package awsprovider

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

var ecrKinds = kinds{
	&kind[repository]{
		Token:  "aws:ecr/repository:Repository",
		Create: create[repository]((*ecr.Client).CreateRepository),
		Read:   read[repository]((*ecr.Client).DescribeRepositories, "RepositoryNames", "Repositories"),
		Update: updateRepository,
		Delete: func(ctx context.Context, client *api, id string, in *repository) error {
			_, err := client.ECR.DeleteRepository(ctx, &ecr.DeleteRepositoryInput{RepositoryName: &id, Force: deref(in.ForceDelete)})
			return err
		},
		Tags: tagging("arn", "ResourceArn", (*ecr.Client).TagResource, (*ecr.Client).UntagResource, (*ecr.Client).ListTagsForResource),
	},
	&kind[repositoryPolicy]{
		Token:  "aws:ecr/repositoryPolicy:RepositoryPolicy",
		Put:    put[repositoryPolicy]((*ecr.Client).SetRepositoryPolicy),
		Read:   read[repositoryPolicy]((*ecr.Client).GetRepositoryPolicy, "RepositoryName"),
		Delete: remove[repositoryPolicy]((*ecr.Client).DeleteRepositoryPolicy, "RepositoryName"),
	},
	&kind[repositoryLifecycle]{
		Token:  "aws:ecr/lifecyclePolicy:LifecyclePolicy",
		Create: create[repositoryLifecycle]((*ecr.Client).PutLifecyclePolicy),
		Read:   read[repositoryLifecycle]((*ecr.Client).GetLifecyclePolicy, "RepositoryName"),
		Delete: remove[repositoryLifecycle]((*ecr.Client).DeleteLifecyclePolicy, "RepositoryName"),
	},
}

type repository struct {
	RepositoryName             string            `json:"name" pulumi:"id"`
	ForceDelete                *bool             `json:"forceDelete" default:"false"`
	ImageTagMutability         *string           `json:"imageTagMutability" default:"MUTABLE"`
	ImageScanningConfiguration *scanning         `json:"imageScanningConfiguration"`
	Tags                       map[string]string `json:"tags"`
	RepositoryArn              string            `json:"arn" pulumi:"output"`
	RepositoryURI              string            `json:"repositoryUrl" pulumi:"output"`
}

type scanning struct {
	ScanOnPush bool `json:"scanOnPush"`
}

type repositoryPolicy struct {
	RepositoryName string `json:"repository" pulumi:"id"`
	PolicyText     string `json:"policy"`
}

// The official plugin replaces it whenever the policy changes.
type repositoryLifecycle struct {
	RepositoryName      string `json:"repository" pulumi:"id"`
	LifecyclePolicyText string `json:"policy" pulumi:"replace"`
}

func updateRepository(ctx context.Context, client *api, id string, old, in *repository) error {
	if deref(old.ImageTagMutability) != deref(in.ImageTagMutability) {
		request := &ecr.PutImageTagMutabilityInput{ImageTagMutability: types.ImageTagMutabilityMutable}
		copyFields(in, request)
		if _, err := client.ECR.PutImageTagMutability(ctx, request); err != nil {
			return err
		}
	}
	if deref(old.ImageScanningConfiguration) == deref(in.ImageScanningConfiguration) {
		return nil
	}
	_, err := client.ECR.PutImageScanningConfiguration(ctx, &ecr.PutImageScanningConfigurationInput{
		RepositoryName:             &id,
		ImageScanningConfiguration: &types.ImageScanningConfiguration{ScanOnPush: deref(in.ImageScanningConfiguration).ScanOnPush},
	})
	return err
}
