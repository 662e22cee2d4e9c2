package awsprovider

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"mediaserver/tests/internal/provider"
)

type attachmentInputs struct {
	Role      string `pulumi:"role"`
	PolicyArn string `pulumi:"policyArn"`
}

var iamRolePolicyAttachment = &kind[attachmentInputs, none]{
	Token:   "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
	Replace: []string{"role", "policyArn"},
	Check: func(in *attachmentInputs, problems *provider.Problems) {
		if !policyArn.MatchString(in.PolicyArn) {
			problems.Refuse("policyArn", in.PolicyArn, "must be the ARN of a managed policy")
		}
	},
	Create: func(ctx context.Context, client *api, in *attachmentInputs) (string, error) {
		_, err := client.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &in.Role, PolicyArn: &in.PolicyArn})
		return in.Role + "/" + in.PolicyArn, err
	},
	Read: readRolePolicyAttachment,
	Delete: func(ctx context.Context, client *api, id string, _ *attachmentInputs, _ *none) error {
		role, arn, _ := strings.Cut(id, "/")
		_, err := client.IAM.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &role, PolicyArn: &arn})
		return err
	},
}

func readRolePolicyAttachment(ctx context.Context, client *api, id string, in *attachmentInputs, _ *none) error {
	role, arn, _ := strings.Cut(id, "/")
	pages := iam.NewListAttachedRolePoliciesPaginator(client.IAM, &iam.ListAttachedRolePoliciesInput{RoleName: &role})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, policy := range page.AttachedPolicies {
			if deref(policy.PolicyArn) == arn {
				in.Role, in.PolicyArn = role, arn
				return nil
			}
		}
	}
	return provider.ErrNotFound
}
