package awsprovider

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ecr"

	"mediaserver/tests/internal/provider"
)

type repositoryPolicyInputs struct {
	Repository string `pulumi:"repository"`
	Policy     string `pulumi:"policy"`
}

type repositoryPolicyOutputs struct {
	RegistryID string `pulumi:"registryId"`
}

var ecrRepositoryPolicy = &kind[repositoryPolicyInputs, repositoryPolicyOutputs]{
	Token:   "aws:ecr/repositoryPolicy:RepositoryPolicy",
	Replace: []string{"repository"},
	Check: func(in *repositoryPolicyInputs, problems *provider.Problems) {
		checkPolicy(problems, "policy", in.Policy, "Principal")
	},
	Create: func(ctx context.Context, client *api, in *repositoryPolicyInputs) (string, error) {
		return in.Repository, putRepositoryPolicy(ctx, client, in)
	},
	Read: readRepositoryPolicy,
	Update: func(ctx context.Context, client *api, _ string, _, in *repositoryPolicyInputs, _ *repositoryPolicyOutputs) error {
		return putRepositoryPolicy(ctx, client, in)
	},
	Delete: func(ctx context.Context, client *api, id string, _ *repositoryPolicyInputs, _ *repositoryPolicyOutputs) error {
		_, err := client.ECR.DeleteRepositoryPolicy(ctx, &ecr.DeleteRepositoryPolicyInput{RepositoryName: &id})
		return err
	},
}

func readRepositoryPolicy(ctx context.Context, client *api, id string, in *repositoryPolicyInputs, out *repositoryPolicyOutputs) error {
	found, err := client.ECR.GetRepositoryPolicy(ctx, &ecr.GetRepositoryPolicyInput{RepositoryName: &id})
	if err != nil {
		return err
	}
	in.Repository = id
	observeJSON(&in.Policy, deref(found.PolicyText))
	out.RegistryID = deref(found.RegistryId)
	return nil
}

func putRepositoryPolicy(ctx context.Context, client *api, in *repositoryPolicyInputs) error {
	_, err := client.ECR.SetRepositoryPolicy(ctx, &ecr.SetRepositoryPolicyInput{
		RepositoryName: &in.Repository, PolicyText: &in.Policy,
	})
	return err
}
