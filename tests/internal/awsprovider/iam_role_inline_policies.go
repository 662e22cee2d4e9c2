package awsprovider

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

func putInlinePolicies(ctx context.Context, client *api, id string, in *roleInputs) error {
	for _, policy := range in.InlinePolicies {
		if _, err := client.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
			RoleName: &id, PolicyName: &policy.Name, PolicyDocument: &policy.Policy,
		}); err != nil {
			return err
		}
	}
	return nil
}

// observeInlinePolicies takes over the inline policies if the program states
// any: it then means them to be the only ones. An import takes them over too.
func observeInlinePolicies(ctx context.Context, client *api, in *roleInputs, importing bool) error {
	if len(in.InlinePolicies) == 0 && !importing {
		return nil
	}
	found, err := client.IAM.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &in.Name})
	if err != nil {
		return err
	}
	var observed []inlinePolicy
	for _, policy := range in.InlinePolicies {
		if slices.Contains(found.PolicyNames, policy.Name) {
			observed = append(observed, policy)
		}
	}
	for _, name := range found.PolicyNames {
		if !slices.ContainsFunc(observed, func(p inlinePolicy) bool { return p.Name == name }) {
			observed = append(observed, inlinePolicy{Name: name})
		}
	}
	for i := range observed {
		if err := observePolicy(ctx, client, in.Name, observed[i].Name, &observed[i].Policy); err != nil {
			return err
		}
	}
	in.InlinePolicies = observed
	return nil
}
