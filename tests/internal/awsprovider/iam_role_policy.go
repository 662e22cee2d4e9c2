package awsprovider

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"mediaserver/tests/internal/provider"
)

type rolePolicyInputs struct {
	Name   string `pulumi:"name"`
	Role   string `pulumi:"role"`
	Policy string `pulumi:"policy"`
}

var iamRolePolicy = &kind[rolePolicyInputs, none]{
	Token:   "aws:iam/rolePolicy:RolePolicy",
	Name:    "name",
	Replace: []string{"name", "role"},
	Check: func(in *rolePolicyInputs, problems *provider.Problems) {
		policyName.check(problems, "name", in.Name)
		checkPolicy(problems, "policy", in.Policy, "Resource")
	},
	Create: func(ctx context.Context, client *api, in *rolePolicyInputs) (string, error) {
		return in.Role + ":" + in.Name, putRolePolicy(ctx, client, in)
	},
	Read: readRolePolicy,
	Update: func(ctx context.Context, client *api, _ string, _, in *rolePolicyInputs, _ *none) error {
		return putRolePolicy(ctx, client, in)
	},
	Delete: func(ctx context.Context, client *api, id string, _ *rolePolicyInputs, _ *none) error {
		role, name, _ := strings.Cut(id, ":")
		_, err := client.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &role, PolicyName: &name})
		return err
	},
}

func readRolePolicy(ctx context.Context, client *api, id string, in *rolePolicyInputs, _ *none) error {
	role, name, _ := strings.Cut(id, ":")
	if err := observePolicy(ctx, client, role, name, &in.Policy); err != nil {
		return err
	}
	in.Role, in.Name = role, name
	return nil
}

func putRolePolicy(ctx context.Context, client *api, in *rolePolicyInputs) error {
	_, err := client.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: &in.Role, PolicyName: &in.Name, PolicyDocument: &in.Policy,
	})
	return err
}

func observePolicy(ctx context.Context, client *api, role, name string, document *string) error {
	found, err := client.IAM.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name})
	if err != nil {
		return err
	}
	observed, err := url.QueryUnescape(deref(found.PolicyDocument))
	if err != nil {
		return fmt.Errorf("decode the policy %s of role %s: %w", name, role, err)
	}
	observeJSON(document, observed)
	return nil
}
