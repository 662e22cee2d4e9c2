package awsprovider

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ecr"

	"mediaserver/tests/internal/provider"
)

// repositoryLifecyclePolicy is replaced whenever the policy changes, as with
// the official plugin.
var ecrLifecyclePolicy = &kind[repositoryPolicyInputs, repositoryPolicyOutputs]{
	Token:   "aws:ecr/lifecyclePolicy:LifecyclePolicy",
	Name:    "repository",
	Replace: []string{"repository", "policy"},
	Check: func(in *repositoryPolicyInputs, problems *provider.Problems) {
		checkRepositoryLifecycle(problems, in.Policy)
	},
	Create: func(ctx context.Context, client *api, in *repositoryPolicyInputs) (string, error) {
		_, err := client.ECR.PutLifecyclePolicy(ctx, &ecr.PutLifecyclePolicyInput{
			RepositoryName: &in.Repository, LifecyclePolicyText: &in.Policy,
		})
		return in.Repository, err
	},
	Read: readRepositoryLifecyclePolicy,
	Delete: func(ctx context.Context, client *api, id string, _ *repositoryPolicyInputs, _ *repositoryPolicyOutputs) error {
		_, err := client.ECR.DeleteLifecyclePolicy(ctx, &ecr.DeleteLifecyclePolicyInput{RepositoryName: &id})
		return err
	},
}

func readRepositoryLifecyclePolicy(ctx context.Context, client *api, id string, in *repositoryPolicyInputs, out *repositoryPolicyOutputs) error {
	found, err := client.ECR.GetLifecyclePolicy(ctx, &ecr.GetLifecyclePolicyInput{RepositoryName: &id})
	if err != nil {
		return err
	}
	in.Repository = id
	observeJSON(&in.Policy, deref(found.LifecyclePolicyText))
	out.RegistryID = deref(found.RegistryId)
	return nil
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
