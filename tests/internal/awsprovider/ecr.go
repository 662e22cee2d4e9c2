package awsprovider

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"mediaserver/tests/internal/provider"
)

var ecrKinds = kinds{
	&kind[repository]{
		Token:    "aws:ecr/repository:Repository",
		Name:     "name",
		ID:       "name",
		Replace:  []string{"name"},
		Defaults: map[string]any{"forceDelete": false, "imageTagMutability": "MUTABLE"},
		Rules:    repositoryRules,
		Create:   create[repository]((*ecr.Client).CreateRepository),
		Read:     readRepository,
		Update:   updateRepository,
		Delete: func(ctx context.Context, client *api, id string, in *repository) error {
			_, err := client.ECR.DeleteRepository(ctx, &ecr.DeleteRepositoryInput{RepositoryName: &id, Force: deref(in.ForceDelete)})
			return err
		},
		TagBy:      "arn",
		SetTags:    tag((*ecr.Client).TagResource, "ResourceArn"),
		RemoveTags: untag((*ecr.Client).UntagResource, "ResourceArn"),
	},
	&kind[repositoryPolicy]{
		Token:   "aws:ecr/repositoryPolicy:RepositoryPolicy",
		ID:      "repository",
		Replace: []string{"repository"},
		Rules:   rules{rule("policy", policy("Principal"), "Amazon ECR user guide, \"Private repository policies\"")},
		Put:     put[repositoryPolicy]((*ecr.Client).SetRepositoryPolicy),
		Read:    get[repositoryPolicy]((*ecr.Client).GetRepositoryPolicy, "RepositoryName"),
		Delete:  remove[repositoryPolicy]((*ecr.Client).DeleteRepositoryPolicy, "RepositoryName"),
	},
	// The official plugin replaces it whenever the policy changes.
	&kind[repositoryLifecycle]{
		Token:   "aws:ecr/lifecyclePolicy:LifecyclePolicy",
		Name:    "repository",
		ID:      "repository",
		Replace: []string{"repository", "policy"},
		Check:   checkRepositoryLifecycle,
		Create:  create[repositoryLifecycle]((*ecr.Client).PutLifecyclePolicy),
		Read:    get[repositoryLifecycle]((*ecr.Client).GetLifecyclePolicy, "RepositoryName"),
		Delete:  remove[repositoryLifecycle]((*ecr.Client).DeleteLifecyclePolicy, "RepositoryName"),
	},
}

type repository struct {
	RepositoryName             string            `pulumi:"name"`
	ForceDelete                *bool             `pulumi:"forceDelete,optional"`
	ImageTagMutability         *string           `pulumi:"imageTagMutability,optional"`
	ImageScanningConfiguration *scanning         `pulumi:"imageScanningConfiguration,optional"`
	Tags                       map[string]string `pulumi:"tags,optional"`
	RepositoryArn              string            `pulumi:"arn,output"`
	RegistryID                 string            `pulumi:"registryId,output"`
	RepositoryURI              string            `pulumi:"repositoryUrl,output"`
}

type scanning struct {
	ScanOnPush bool `pulumi:"scanOnPush"`
}

const repositoryDocs = "Amazon ECR API reference, CreateRepository"

var repositoryRules = rules{
	rule("name", provider.Length(2, 256), repositoryDocs),
	rule("name", provider.Matching(`^[a-z0-9]+(?:[._-][a-z0-9]+)*(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*$`,
		"have only lower-case letters and digits, separated by a single . _ - or /"), repositoryDocs),
	rule("imageTagMutability", provider.OneOf("MUTABLE", "IMMUTABLE"), repositoryDocs),
}

func readRepository(ctx context.Context, client *api, id string, in *repository) error {
	observed, err := describe[types.Repository](ctx, client, (*ecr.Client).DescribeRepositories, "RepositoryNames", id)
	if err != nil {
		return err
	}
	copyFields(observed, in)
	in.Tags, err = tags(ctx, client, (*ecr.Client).ListTagsForResource, "ResourceArn", deref(observed.RepositoryArn))
	return err
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

type repositoryPolicy struct {
	RepositoryName string            `pulumi:"repository"`
	PolicyText     provider.Document `pulumi:"policy"`
	RegistryID     string            `pulumi:"registryId,output"`
}

type repositoryLifecycle struct {
	RepositoryName      string            `pulumi:"repository"`
	LifecyclePolicyText provider.Document `pulumi:"policy"`
	RegistryID          string            `pulumi:"registryId,output"`
}

const repositoryLifecycleDocs = `Amazon ECR user guide, "Lifecycle policy properties"`

var repositoryLifecycleRules = rules{
	rule("rules", provider.Length(1, 50), repositoryLifecycleDocs),
	rule("rules[].rulePriority", provider.Between(1, 999), repositoryLifecycleDocs),
	rule("rules[].selection.tagStatus", provider.OneOf("tagged", "untagged", "any"), repositoryLifecycleDocs),
	rule("rules[].selection.countType", provider.OneOf("imageCountMoreThan", "sinceImagePushed"), repositoryLifecycleDocs),
	rule("rules[].selection.countNumber", provider.AtLeast(1), repositoryLifecycleDocs),
	rule("rules[].action.type", provider.OneOf("expire"), repositoryLifecycleDocs),
}

func checkRepositoryLifecycle(in *repositoryLifecycle, problems *provider.Problems) {
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
	text := string(in.LifecyclePolicyText)
	applyToJSON(problems, "policy", text, &policy, repositoryLifecycleRules)
	priorities := map[int]bool{}
	for _, each := range policy.Rules {
		if named := len(each.Selection.TagPatternList)+len(each.Selection.TagPrefixList) > 0; (each.Selection.TagStatus == "tagged") != named {
			problems.Refuse("policy", text, "must have tagPatternList or tagPrefixList if, and only if, tagStatus is tagged ("+repositoryLifecycleDocs+")")
		}
		if priorities[each.RulePriority] {
			problems.Refuse("policy", text, "must give each rule a rulePriority of its own ("+repositoryLifecycleDocs+")")
		}
		priorities[each.RulePriority] = true
	}
}
