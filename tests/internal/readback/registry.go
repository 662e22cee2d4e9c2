package readback

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"mediaserver/tests/internal/iampolicy"
)

var registryResources = []resource{
	{key: "Repository mediaserver", read: readRepository},
	{key: "RepositoryPolicy mediaserver", read: readRepositoryPolicy},
	{key: "LifecyclePolicy mediaserver", read: readRepositoryLifecycle},
}

// repositoryURL is the address of the repository, without a tag.
func (r *reader) repositoryURL() string {
	return fmt.Sprintf("%s.dkr.ecr.%s.%s/%s", r.Account, r.Region, r.domain(), r.Settings.Name)
}

func readRepository(r *reader) {
	found, err := r.ECR.DescribeRepositories(r.ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{r.Settings.Name}})
	r.answered(err)
	repository := one(r, "repositories", found.Repositories)
	r.equal("scans on push", present(r, "the scanning", repository.ImageScanningConfiguration).ScanOnPush, true)
	r.equal("tag mutability", repository.ImageTagMutability, "MUTABLE")
	tags, err := r.ECR.ListTagsForResource(r.ctx, &ecr.ListTagsForResourceInput{ResourceArn: repository.RepositoryArn})
	r.answered(err)
	r.tags(texts(tags.Tags, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value }))
}

func readRepositoryPolicy(r *reader) {
	found, err := r.ECR.GetRepositoryPolicy(r.ctx, &ecr.GetRepositoryPolicyInput{RepositoryName: &r.Settings.Name})
	r.answered(err)
	r.policy("policy", aws.ToString(found.PolicyText), iampolicy.Statement{
		Effect:    iampolicy.Allow,
		Principal: iampolicy.Principals{"AWS": {r.roleARN(executionRole)}},
		Action:    iampolicy.Texts{"ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"},
	})
}

func readRepositoryLifecycle(r *reader) {
	found, err := r.ECR.GetLifecyclePolicy(r.ctx, &ecr.GetLifecyclePolicyInput{RepositoryName: &r.Settings.Name})
	r.answered(err)
	policy := document[struct {
		Rules []struct {
			RulePriority int
			Selection    struct {
				TagStatus, CountType string
				TagPatternList       []string
				CountNumber          int
			}
			Action struct{ Type string }
		}
	}](r, aws.ToString(found.LifecyclePolicyText))
	r.count("rules", len(policy.Rules), 2)
	for i, want := range []struct {
		status   string
		patterns []string
		kept     int
	}{{"tagged", []string{"*"}, 10}, {"untagged", nil, 5}} {
		rule := policy.Rules[i]
		r.equal("priority", rule.RulePriority, i+1)
		r.equal("tag status", rule.Selection.TagStatus, want.status)
		r.equal("tag patterns of "+want.status, rule.Selection.TagPatternList, want.patterns)
		r.equal("count type of "+want.status, rule.Selection.CountType, "imageCountMoreThan")
		r.equal("images kept of "+want.status, rule.Selection.CountNumber, want.kept)
		r.equal("action on "+want.status, rule.Action.Type, "expire")
	}
}
