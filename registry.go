package main

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// How many images the registry keeps (step 13).
const (
	taggedImagesKept   = 10
	untaggedImagesKept = 5
)

type lifecycleRule struct {
	RulePriority int                `json:"rulePriority"`
	Description  string             `json:"description"`
	Selection    lifecycleSelection `json:"selection"`
	Action       map[string]string  `json:"action"`
}

// lifecycleSelection picks images beyond a number of newer ones.
type lifecycleSelection struct {
	TagStatus string `json:"tagStatus"`
	// TagPatternList names the tags. AWS requires it with tagged and refuses it
	// with untagged.
	TagPatternList []string `json:"tagPatternList,omitempty"`
	CountType      string   `json:"countType"`
	CountNumber    int      `json:"countNumber"`
}

// createRegistry is phase 5: the image repository, who may pull
// from it and how many images it keeps.
func createRegistry(ctx *pulumi.Context, settings settings, roles rolesOutputs) (*ecr.Repository, error) {
	repository, err := ecr.NewRepository(ctx, "mediaserver", &ecr.RepositoryArgs{
		Name:               pulumi.String(settings.physicalName("{name}")),
		ImageTagMutability: pulumi.String("MUTABLE"),
		ImageScanningConfiguration: &ecr.RepositoryImageScanningConfigurationArgs{
			ScanOnPush: pulumi.Bool(true),
		},
		ForceDelete: pulumi.Bool(settings.forceDestroy),
	}, pulumi.Protect(settings.protectData), settings.keep("name"))
	if err != nil {
		return nil, fmt.Errorf("create repository mediaserver: %w", err)
	}
	if _, err := ecr.NewRepositoryPolicy(ctx, "mediaserver", &ecr.RepositoryPolicyArgs{
		Repository: repository.Name,
		// Grants pull to nobody else. Getting an authorization token belongs to no
		// repository, so it cannot be granted here.
		Policy: policyJSON(policyStatement{
			Sid:       "PullByExecutionRole",
			Principal: map[string]any{"AWS": roles.execution.Arn},
			Action: []string{
				"ecr:BatchCheckLayerAvailability",
				"ecr:GetDownloadUrlForLayer",
				"ecr:BatchGetImage",
			},
		}),
	}); err != nil {
		return nil, fmt.Errorf("create policy of repository mediaserver: %w", err)
	}
	if _, err := ecr.NewLifecyclePolicy(ctx, "mediaserver", &ecr.LifecyclePolicyArgs{
		Repository: repository.Name,
		Policy: pulumi.JSONMarshal(map[string][]lifecycleRule{"rules": {
			// In ascending order of priority, or every run replaces the policy.
			keepImages(1, taggedImagesKept, "tagged", "*"),
			keepImages(2, untaggedImagesKept, "untagged"),
		}}),
	},
		// A lifecycle policy can only be replaced, and different rules would delete
		// different images.
		settings.keep("policy")); err != nil {
		return nil, fmt.Errorf("create lifecycle policy of repository mediaserver: %w", err)
	}
	return repository, nil
}

// keepImages is a rule that keeps the newest images of a tag status and
// expires the others.
func keepImages(priority, count int, tagStatus string, tagPatterns ...string) lifecycleRule {
	return lifecycleRule{
		RulePriority: priority,
		Description:  fmt.Sprintf("Keep the last %d %s images", count, tagStatus),
		Selection: lifecycleSelection{
			TagStatus:      tagStatus,
			TagPatternList: tagPatterns,
			CountType:      "imageCountMoreThan",
			CountNumber:    count,
		},
		Action: map[string]string{"type": "expire"},
	}
}
