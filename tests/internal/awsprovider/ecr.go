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

var repositoryName = text{
	2, 256, regexp.MustCompile(`^[a-z0-9]+(?:[._-]{1,2}[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]{1,2}[a-z0-9]+)*)*$`),
	"only lower-case letters and digits, separated by . _ - or /",
}

// Rules: Amazon ECR API reference, CreateRepository.
var repository = &kind[repositoryInputs, repositoryOutputs]{
	Token:   "aws:ecr/repository:Repository",
	Name:    "name",
	Replace: []string{"name"},
	Check: func(in *repositoryInputs, problems *provider.Problems) {
		repositoryName.check(problems, "name", in.Name)
		if in.TagMutability != nil {
			checkOneOf(problems, "imageTagMutability", *in.TagMutability, []string{"MUTABLE", "IMMUTABLE"})
		}
	},
	ID: func(in *repositoryInputs) string { return in.Name },
	Create: func(ctx context.Context, client *api, in *repositoryInputs) (string, error) {
		_, err := client.ecr.CreateRepository(ctx, &ecr.CreateRepositoryInput{
			RepositoryName:             &in.Name,
			ImageTagMutability:         types.ImageTagMutability(deref(in.TagMutability)),
			ImageScanningConfiguration: in.scanning(),
			Tags:                       tagList(in.Tags, ecrTag),
		})
		return in.Name, err
	},
	Read: func(ctx context.Context, client *api, id string, in *repositoryInputs, out *repositoryOutputs) error {
		found, err := client.ecr.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{id}})
		if err != nil {
			return err
		}
		if len(found.Repositories) == 0 {
			return provider.ErrNotFound
		}
		observed := found.Repositories[0]
		tags, err := client.ecr.ListTagsForResource(ctx, &ecr.ListTagsForResourceInput{ResourceArn: observed.RepositoryArn})
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
	},
	Update: func(ctx context.Context, client *api, id string, old, in *repositoryInputs, _ *repositoryOutputs) error {
		if deref(old.TagMutability) != deref(in.TagMutability) {
			mutability := types.ImageTagMutability(deref(in.TagMutability))
			if in.TagMutability == nil {
				mutability = types.ImageTagMutabilityMutable
			}
			if _, err := client.ecr.PutImageTagMutability(ctx, &ecr.PutImageTagMutabilityInput{
				RepositoryName: &id, ImageTagMutability: mutability,
			}); err != nil {
				return err
			}
		}
		if deref(old.Scanning) == deref(in.Scanning) {
			return nil
		}
		_, err := client.ecr.PutImageScanningConfiguration(ctx, &ecr.PutImageScanningConfigurationInput{
			RepositoryName: &id, ImageScanningConfiguration: in.scanning(),
		})
		return err
	},
	Delete: func(ctx context.Context, client *api, id string, in *repositoryInputs, _ *repositoryOutputs) error {
		_, err := client.ecr.DeleteRepository(ctx, &ecr.DeleteRepositoryInput{RepositoryName: &id, Force: deref(in.ForceDelete)})
		return err
	},
	Tag: func(ctx context.Context, client *api, _ string, out *repositoryOutputs, set map[string]string, remove []string) error {
		if len(set) > 0 {
			if _, err := client.ecr.TagResource(ctx, &ecr.TagResourceInput{
				ResourceArn: &out.Arn, Tags: tagList(set, ecrTag),
			}); err != nil {
				return err
			}
		}
		if len(remove) == 0 {
			return nil
		}
		_, err := client.ecr.UntagResource(ctx, &ecr.UntagResourceInput{ResourceArn: &out.Arn, TagKeys: remove})
		return err
	},
}

func ecrTag(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} }

func (in *repositoryInputs) scanning() *types.ImageScanningConfiguration {
	return &types.ImageScanningConfiguration{ScanOnPush: in.Scanning != nil && in.Scanning.ScanOnPush}
}

type repositoryPolicyInputs struct {
	Repository string `pulumi:"repository"`
	Policy     string `pulumi:"policy"`
}

type repositoryPolicyOutputs struct {
	RegistryID string `pulumi:"registryId"`
}

var repositoryPolicy = &kind[repositoryPolicyInputs, repositoryPolicyOutputs]{
	Token:   "aws:ecr/repositoryPolicy:RepositoryPolicy",
	Replace: []string{"repository"},
	Check: func(in *repositoryPolicyInputs, problems *provider.Problems) {
		checkPolicy(problems, "policy", in.Policy, "Principal")
	},
	ID: func(in *repositoryPolicyInputs) string { return in.Repository },
	Create: func(ctx context.Context, client *api, in *repositoryPolicyInputs) (string, error) {
		return in.Repository, putRepositoryPolicy(ctx, client, in)
	},
	Read: func(ctx context.Context, client *api, id string, in *repositoryPolicyInputs, out *repositoryPolicyOutputs) error {
		found, err := client.ecr.GetRepositoryPolicy(ctx, &ecr.GetRepositoryPolicyInput{RepositoryName: &id})
		if err != nil {
			return err
		}
		in.Repository = id
		observeJSON(&in.Policy, deref(found.PolicyText))
		out.RegistryID = deref(found.RegistryId)
		return nil
	},
	Update: func(ctx context.Context, client *api, _ string, _, in *repositoryPolicyInputs, _ *repositoryPolicyOutputs) error {
		return putRepositoryPolicy(ctx, client, in)
	},
	Delete: func(ctx context.Context, client *api, id string, _ *repositoryPolicyInputs, _ *repositoryPolicyOutputs) error {
		_, err := client.ecr.DeleteRepositoryPolicy(ctx, &ecr.DeleteRepositoryPolicyInput{RepositoryName: &id})
		return err
	},
}

func putRepositoryPolicy(ctx context.Context, client *api, in *repositoryPolicyInputs) error {
	_, err := client.ecr.SetRepositoryPolicy(ctx, &ecr.SetRepositoryPolicyInput{
		RepositoryName: &in.Repository, PolicyText: &in.Policy,
	})
	return err
}

// repositoryLifecyclePolicy is replaced whenever the policy changes, as with
// the official plugin.
var repositoryLifecyclePolicy = &kind[repositoryPolicyInputs, repositoryPolicyOutputs]{
	Token:   "aws:ecr/lifecyclePolicy:LifecyclePolicy",
	Name:    "repository",
	Replace: []string{"repository", "policy"},
	Check: func(in *repositoryPolicyInputs, problems *provider.Problems) {
		checkRepositoryLifecycle(problems, in.Policy)
	},
	ID: func(in *repositoryPolicyInputs) string { return in.Repository },
	Create: func(ctx context.Context, client *api, in *repositoryPolicyInputs) (string, error) {
		_, err := client.ecr.PutLifecyclePolicy(ctx, &ecr.PutLifecyclePolicyInput{
			RepositoryName: &in.Repository, LifecyclePolicyText: &in.Policy,
		})
		return in.Repository, err
	},
	Read: func(ctx context.Context, client *api, id string, in *repositoryPolicyInputs, out *repositoryPolicyOutputs) error {
		found, err := client.ecr.GetLifecyclePolicy(ctx, &ecr.GetLifecyclePolicyInput{RepositoryName: &id})
		if err != nil {
			return err
		}
		in.Repository = id
		observeJSON(&in.Policy, deref(found.LifecyclePolicyText))
		out.RegistryID = deref(found.RegistryId)
		return nil
	},
	Delete: func(ctx context.Context, client *api, id string, _ *repositoryPolicyInputs, _ *repositoryPolicyOutputs) error {
		_, err := client.ecr.DeleteLifecyclePolicy(ctx, &ecr.DeleteLifecyclePolicyInput{RepositoryName: &id})
		return err
	},
}

// checkRepositoryLifecycle follows the Amazon ECR user guide, "Lifecycle policy
// properties".
func checkRepositoryLifecycle(problems *provider.Problems, document string) {
	var policy struct {
		Rules []struct {
			RulePriority int    `json:"rulePriority"`
			Description  string `json:"description"`
			Selection    struct {
				TagStatus      string   `json:"tagStatus"`
				TagPatternList []string `json:"tagPatternList"`
				TagPrefixList  []string `json:"tagPrefixList"`
				CountType      string   `json:"countType"`
				CountUnit      string   `json:"countUnit"`
				CountNumber    int      `json:"countNumber"`
			} `json:"selection"`
			Action struct {
				Type string `json:"type"`
			} `json:"action"`
		} `json:"rules"`
	}
	if err := decodeJSON(document, &policy); err != nil {
		problems.Refuse("policy", document, "must be a lifecycle policy as JSON: "+err.Error())
		return
	}
	if len(policy.Rules) == 0 {
		problems.Refuse("policy", document, "must have at least one rule")
	}
	priorities := map[int]bool{}
	for _, r := range policy.Rules {
		named := len(r.Selection.TagPatternList)+len(r.Selection.TagPrefixList) > 0
		switch {
		case r.RulePriority < 1 || priorities[r.RulePriority]:
			problems.Refuse("policy", document, "must give each rule a rulePriority of its own, from 1")
		case r.Selection.TagStatus != "tagged" && r.Selection.TagStatus != "untagged" && r.Selection.TagStatus != "any":
			problems.Refuse("policy", document, "must have a tagStatus of tagged, untagged or any")
		case (r.Selection.TagStatus == "tagged") != named:
			problems.Refuse("policy", document, "must have tagPatternList or tagPrefixList if, and only if, tagStatus is tagged")
		case r.Selection.CountType != "imageCountMoreThan" && r.Selection.CountType != "sinceImagePushed":
			problems.Refuse("policy", document, "must have a countType of imageCountMoreThan or sinceImagePushed")
		case r.Selection.CountNumber < 1:
			problems.Refuse("policy", document, "must have a countNumber of at least 1")
		case r.Action.Type != "expire":
			problems.Refuse("policy", document, "must have the action type expire")
		}
		priorities[r.RulePriority] = true
	}
}
